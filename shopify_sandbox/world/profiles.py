"""The kinds of shop there are: currency, zone and taxes.

Here: declarations. Not here: what a shop sells (``catalog.py``) and who buys it (``shoppers.py``).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """One kind of shop.

    Attributes:
        currency: ISO 4217 code of the shop's currency.
        time_zone: IANA name.
        taxes_included: Whether prices include tax.
    """

    currency: str
    time_zone: str
    taxes_included: bool


PROFILES = {"usd": Profile("USD", "America/New_York", taxes_included=False)}

"""Currencies: how many digits a currency has after the point, amounts that know their currency, and exchange.

Here: exact arithmetic on minor units. Not here: which shop or order has which currency (``profiles.py``), and how
amounts are printed (``resources/values.py``, ``webhooks/values.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from zlib import crc32

#: ISO 4217: currencies whose minor unit is not a hundredth.
#: Source: ISO 4217 list one (SIX), "minor units".
_DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND"), 0),
    **dict.fromkeys(("VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def digits(currency: str) -> int:
    """Digits after the point of an ISO 4217 currency: JPY 0, USD 2, KWD 3."""
    return _DIGITS.get(currency, 2)


def major(minor: int, currency: str) -> Decimal:
    """The amount in major units, with all digits of its currency ("15.00", "932", "1.250")."""
    return Decimal(minor).scaleb(-digits(currency))


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency, minor units."""

    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Bag:
    """One amount twice: as the shop books it and as the customer saw it."""

    shop: Money
    presentment: Money


@dataclass(frozen=True, slots=True)
class Exchange:
    """What amounts of a presentment currency are worth in the shop's.

    Attributes:
        rate: Major units of ``shop`` for one major unit of ``presentment``.
    """

    shop: str
    presentment: str
    rate: Decimal

    def to_shop(self, minor: int) -> int:
        """Minor units of the shop's currency for those of the presentment currency, half up."""
        return _converted(minor, digits(self.presentment), digits(self.shop), self.rate)

    def to_presentment(self, minor: int) -> int:
        """Minor units of the presentment currency for those of the shop's, half up."""
        return _converted(minor, digits(self.shop), digits(self.presentment), 1 / self.rate)

    def on(self, day: date) -> Exchange:
        """The exchange of the same pair on another day."""
        return exchange_of_day(self.shop, self.presentment, day)

    def bag(self, minor: int) -> Bag:
        return Bag(Money(self.to_shop(minor), self.shop), Money(minor, self.presentment))


@lru_cache(maxsize=65_536)
def exchange(shop: str, presentment: str, rate: str) -> Exchange:
    """One exchange object per pair and rate, however many records have it."""
    return Exchange(shop, presentment, Decimal(rate))


@lru_cache(maxsize=65_536)
def _converted(minor: int, digits_from: int, digits_to: int, rate: Decimal) -> int:
    scaled = (Decimal(minor) * rate).scaleb(digits_to - digits_from)
    return int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP))


#: US dollars for one unit, about; what a day makes of it is in ``exchange_of_day``.
_DOLLARS = {
    "USD": "1",
    "EUR": "1.08",
    "GBP": "1.27",
    "JPY": "0.0067",
    "KWD": "3.25",
    "CAD": "0.73",
    "CHF": "1.13",
    "AUD": "0.66",
}
#: How far a day's rate may be from the usual, in ten-thousandths.
_SWING = 250


def exchange_of_day(shop: str, presentment: str, day: date) -> Exchange:
    """The exchange of that day (UTC): the usual rate, moved by what follows from the day alone.

    Raises:
        KeyError: One of the currencies is not traded in these worlds.
    """
    moved = crc32(f"{presentment}/{shop}/{day.isoformat()}".encode()) % (2 * _SWING + 1) - _SWING
    usual = Decimal(_DOLLARS[presentment]) / Decimal(_DOLLARS[shop])
    rate = usual * (10_000 + moved) / 10_000
    return exchange(shop, presentment, format(rate.quantize(Decimal(1).scaleb(rate.adjusted() - 5)).normalize(), "f"))

"""Decimals and currencies: how many digits a currency has, and how an amount is written.

Here: pure functions on ``Decimal``. Never a float, and no exchange rate.
"""

from __future__ import annotations

from decimal import Decimal

from iso4217 import Currency

from shopify_pipeline.errors import DataError


def digits(currency: str) -> int:
    """Decimal digits of a currency by ISO 4217 (USD 2, JPY 0, KWD 3).

    ISO, not CLDR: CLDR gives RSD, ALL, LBP, IQD and MMK none.

    Raises:
        DataError: The code is not a currency of ISO 4217.
    """
    try:
        exponent = Currency(currency).exponent
    except ValueError as exc:
        raise DataError(f"{currency!r} is not an ISO 4217 currency code") from exc
    return exponent or 0


def minor_unit(currency: str) -> Decimal:
    """The smallest amount of a currency in major units (USD 0.01, JPY 1, KWD 0.001).

    Raises:
        DataError: As ``digits``.
    """
    return Decimal(1).scaleb(-digits(currency))


def plain(amount: Decimal) -> str:
    """The amount as canonical text: no exponent, no trailing zeros, no negative zero ("15", "9.99")."""
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text

"""The auditor's own arithmetic of currencies: digits of ISO 4217, and what an amount is worth in another one.

Here: exact conversions. Not here: who has which currency.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

#: Currencies whose minor unit is not a hundredth. Source: ISO 4217 list one (SIX), "minor units".
_DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND"), 0),
    **dict.fromkeys(("VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def digits(currency: str) -> int:
    """Digits after the point: JPY 0, USD 2, KWD 3."""
    return _DIGITS.get(currency, 2)


def major(minor: int, currency: str) -> Decimal:
    """Minor units as an amount in major units."""
    return Decimal(minor).scaleb(-digits(currency))


def worth(minor: int, currency: str, rate: str | None, target: str) -> int:
    """Minor units of one currency in those of another, half up; without a rate they are the same.

    Args:
        rate: Major units of the target for one major unit of the currency.
    """
    if rate is None:
        return minor
    exact = major(minor, currency) * Decimal(rate)
    return int(exact.scaleb(digits(target)).quantize(Decimal(1), rounding=ROUND_HALF_UP))

"""Amounts of an order, with exactly the digits of its currency.

Here: pure functions on Decimal and ``OrderFacts``. Not here: which amount is meant.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from shopify_pipeline.backoffice.owed import OrderFacts
from shopify_pipeline.errors import DataError
from shopify_pipeline.money import digits, plain


def exact(amount: Decimal, facts: OrderFacts) -> Decimal:
    """The amount with the digits of the order's currency.

    Raises:
        DataError: It has more of them.
    """
    quantized = amount.quantize(_step(facts))
    if quantized != amount:
        raise DataError(f"order {facts.order.name}: {plain(amount)} has more decimals than {facts.order.currency}")
    return quantized


def share(amount: Decimal, part: int, whole: int, facts: OrderFacts) -> Decimal:
    """``amount × part / whole``, rounded half up to the digits of the order's currency."""
    return (amount * part / whole).quantize(_step(facts), ROUND_HALF_UP)


def without_zeros(amount: Decimal) -> Decimal:
    """The amount without trailing zeros or exponent."""
    return Decimal(plain(amount))


def _step(facts: OrderFacts) -> Decimal:
    return Decimal(1).scaleb(-digits(facts.order.currency))

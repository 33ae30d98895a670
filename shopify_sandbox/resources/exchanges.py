"""Which order's exchange the amounts of a record are of, by GraphQL type.

Here: types whose amounts are of an order's presentment currency, as far as they can be reached other than through
their order. What hangs below one of them takes its exchange. Not here: how amounts are printed (``values.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any

from shopify_sandbox.world.currency import Bag, Exchange, Money
from shopify_sandbox.world.records import Adjustment, Transaction

ExchangeOf = Callable[[Any], Exchange | None]


def in_both(exchange: Exchange | None, presentment: int, shop: int) -> int | Bag:
    """An amount that is known in both currencies, minor units each."""
    if exchange is None:
        return presentment
    return Bag(Money(shop, exchange.shop), Money(presentment, exchange.presentment))


def together(transactions: Iterable[Transaction]) -> int | Bag:
    """What transactions of one order move together, each worth what its own day made of it."""
    moved = list(transactions)
    shop = sum(one.exchange.to_shop(one.amount) if one.exchange else one.amount for one in moved)
    return in_both(next((one.exchange for one in moved), None), sum(one.amount for one in moved), shop)


def _of_adjustment(adjustment: Adjustment) -> Exchange | None:
    return adjustment.refund.exchange if adjustment.refund else None


_of_order: ExchangeOf = attrgetter("order.exchange")
_of_line: ExchangeOf = attrgetter("line.order.exchange")

#: None stands for an amount of the shop's own currency.
EXCHANGES: Mapping[str, ExchangeOf] = {
    "Order": attrgetter("exchange"),
    # A movement of money is worth what its own day made of it.
    "OrderTransaction": attrgetter("exchange"),
    "Refund": attrgetter("exchange"),
    "OrderAdjustment": _of_adjustment,
    **dict.fromkeys(
        (
            "LineItem",
            "ShippingLine",
            "Fulfillment",
            "FulfillmentOrder",
            "OrderAgreement",
            "OrderEditAgreement",
            "RefundAgreement",
            "ReturnAgreement",
            "Return",
            "Duty",
            "AdditionalFee",
            "SaleAdditionalFee",
        ),
        _of_order,
    ),
    "FulfillmentLineItem": _of_line,
    **dict.fromkeys(("ReturnLineItem", "ExchangeLineItem", "ReverseFulfillmentOrder"), attrgetter("of.order.exchange")),
}

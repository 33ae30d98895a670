"""Cells that many tables of orders share.

Money is Decimal in major units; ids and counts are int, flags bool; times, rates and weights text.
"""

from __future__ import annotations

from decimal import Decimal

from shopify_sandbox.truth.cells import Row
from shopify_sandbox.truth.currencies import major
from shopify_sandbox.truth.order_book import OrderBook
from shopify_sandbox.truth.order_facts import Address

WHERE = ("city", "province_code")
WHOSE = ("first_name", "last_name", "company", "address1", "address2", "zip", "phone")


def currencies(order: OrderBook) -> Row:
    return {"currency": order.shop_currency, "presentment_currency": order.currency}


def bags(order: OrderBook, /, **amounts: int | None) -> Row:
    """Each amount in shop currency, by the order's rate, and in presentment currency.

    Args:
        amounts: Minor units of the presentment currency; None where there is none.
    """
    return bags_of_day(order, order.placed.rate, **amounts)


def bags_of_day(order: OrderBook, rate: str | None, /, **amounts: int | None) -> Row:
    """The same by the rate of the day the amounts are of."""
    row: Row = {}
    for name, amount in amounts.items():
        row |= in_both(order, name, amount, None if amount is None else order.in_shop(amount, rate))
    return row


def in_both(order: OrderBook, name: str, presentment: int | None, shop: int | None) -> Row:
    """An amount that is known in both currencies."""
    return {
        f"{name}_shop": None if shop is None else major(shop, order.shop_currency),
        f"{name}_presentment": None if presentment is None else major(presentment, order.currency),
    }


def address(facts: Address, prefix: str, *, is_redacted: bool) -> Row:
    """Of a customer who is forgotten, only where in the country it was stays."""
    whose = {f"{prefix}{name}": None if is_redacted else getattr(facts, name) for name in WHOSE}
    where = {f"{prefix}{name}": getattr(facts, name) for name in WHERE}
    return {**whose, **where, f"{prefix}country_code": facts.country}


def millionths(parts: int) -> str:
    """A rate of so many millionths as a plain decimal ("0.0725")."""
    return format(Decimal(parts).scaleb(-6).normalize(), "f")


def share(amount: int, part: int, whole: int) -> int:
    """So many parts of an amount, half up."""
    return (2 * amount * part + whole) // (2 * whole)

"""What a journal's records say of units and masters: lines to be shipped, what left and came back, parties, products.

Here: pure functions from records to the rows of a snapshot. Not here: money (``journal_books.py``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from shopify_pipeline.backoffice.journal_books import REVERSALS, Movement
from shopify_pipeline.backoffice.protocol import (
    Order,
    OrderLineRow,
    Party,
    PartyRow,
    Product,
    ProductRow,
    ShipmentRow,
    contact_of,
)

#: What a movement is told as, and the sign of its units there; a reversal belongs to the shipment it takes back.
KINDS = {"shipments": ("shipment", -1), REVERSALS: ("shipment", -1), "restocks": ("restock", 1)}


def order_lines(orders: Iterable[Order], products: Iterable[Product]) -> list[OrderLineRow]:
    """Units of each line of stocked goods, as the order was last written."""
    stocked = {product.external_id for product in products if product.stocked}
    return [
        OrderLineRow(
            order_id=order.external_id,
            external_id=line.external_id,
            product=line.product,
            quantity=Decimal(line.quantity),
        )
        for order in orders
        for line in order.lines
        if line.product in stocked
    ]


def shipments(moved: Iterable[Movement]) -> list[ShipmentRow]:
    """Units that left or came back, less what was taken back of them, on the day of the first movement."""
    units: dict[tuple[str, str, str, str, str, str], int] = defaultdict(int)
    days: dict[tuple[str, str, str, str, str, str], date] = {}
    for movement in moved:
        if movement.resource not in KINDS:
            continue
        kind, sign = KINDS[movement.resource]
        key = (
            kind,
            movement.external_id,
            movement.order_id,
            movement.order_line,
            movement.product,
            movement.location,
        )
        units[key] += sign * movement.quantity
        days.setdefault(key, movement.on)
    return [
        ShipmentRow(
            kind=key[0],
            external_id=key[1],
            order_id=key[2],
            order_line=key[3],
            product=key[4],
            location=key[5],
            quantity=Decimal(quantity),
            on=days[key],
        )
        for key, quantity in units.items()
    ]


def parties(written: Iterable[Party]) -> list[PartyRow]:
    """Every party; nobody else is in a journal."""
    return [
        PartyRow(external_id=party.external_id, record=f"parties/{party.external_id}", contact=contact_of(party.email))
        for party in written
    ]


def products(written: Iterable[Product]) -> list[ProductRow]:
    """Every product and its code."""
    return [
        ProductRow(external_id=product.external_id, record=f"products/{product.external_id}", code=product.code)
        for product in written
    ]

"""Units: what is to be shipped, what left and what came back on a shelf.

Here: stocked lines, shipments and restocks of the books. Not here: what units are worth (``releases.py``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from shopify_pipeline.backoffice.mapping.books import Books
from shopify_pipeline.backoffice.owed import LineRow, MovedRow, OrderFacts
from shopify_pipeline.backoffice.protocol import MovedUnits, OrderLine, Restock, Shipment
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.errors import DataError


def product_of(line: LineRow, facts: OrderFacts) -> str | None:
    """External id of the line's product; None for a line that is of no variant. Raises DataError."""
    if line.variant_id is None:
        return None
    if not line.is_variant_known:
        raise DataError(
            f"order {facts.order.name}: variant {line.variant_id} is not in the warehouse; load products first"
        )
    return str(line.variant_id)


def order_lines(facts: OrderFacts, shipped: Sequence[Shipment]) -> tuple[OrderLine, ...]:
    """Every stocked line, also one nothing is owed of: a returned or taken-off unit still points at it."""
    left: defaultdict[str, int] = defaultdict(int)
    for shipment in shipped:
        for units in shipment.units if shipment.cancelled_on is None else ():
            left[units.order_line] += units.quantity
    return tuple(
        OrderLine(
            external_id=str(line.order_line_id),
            product=product_id,
            quantity=line.unfulfilled_quantity + left[str(line.order_line_id)],
            title=line.title,
        )
        for line in facts.lines
        if line.is_stocked and (product_id := product_of(line, facts)) is not None
    )


def shipments(facts: OrderFacts, value_map: ValueMap, books: Books) -> tuple[Shipment, ...]:
    """One per fulfilment, with the units it had also when it was cancelled. Raises Unmapped."""
    return tuple(
        Shipment(
            external_id=str(first.source_id),
            location=value_map.location(first.location),
            on=books.day(first.moved_at),
            units=units,
            cancelled_on=None if first.cancelled_at is None else books.day(first.cancelled_at),
        )
        for first, units in _moves(facts, (row for row in facts.shipped if books.hold(row.moved_at)))
    )


def restocks(facts: OrderFacts, value_map: ValueMap, books: Books) -> tuple[Restock, ...]:
    """What came back on a shelf.

    One per disposition of a return; one per refund and location where a refund alone says so; one per fulfilment that
    left before the books began and was cancelled since: its way out is in the opening count.

    Raises:
        Unmapped: A location is not in the value map.
    """
    returned = tuple(
        Restock(
            external_id=f"disposition/{first.source_id}"
            if first.is_disposition
            else f"{first.source_id}/{first.location_id}",
            location=value_map.location(first.location),
            on=books.day(first.moved_at),
            units=units,
        )
        for first, units in _moves(facts, (row for row in facts.restocked if books.hold(row.moved_at)))
    )
    undone = tuple(
        Restock(
            external_id=f"cancelled/{first.source_id}",
            location=value_map.location(first.location),
            on=books.day(cancelled_at),
            units=units,
        )
        for first, units in _moves(facts, (row for row in facts.shipped if not books.hold(row.moved_at)))
        if (cancelled_at := first.cancelled_at) is not None and books.hold(cancelled_at)
    )
    return returned + undone


def _moves(facts: OrderFacts, rows: Iterable[MovedRow]) -> list[tuple[MovedRow, tuple[MovedUnits, ...]]]:
    """Stocked units by source and location: the first row of each group, and units by line."""
    stocked = {line.order_line_id for line in facts.lines if line.is_stocked}
    groups: defaultdict[tuple[bool, int, int], list[MovedRow]] = defaultdict(list)
    for row in rows:
        if row.order_line_id in stocked:
            groups[row.is_disposition, row.source_id, row.location_id].append(row)
    return [(group[0], _units(group)) for group in groups.values()]


def _units(rows: Iterable[MovedRow]) -> tuple[MovedUnits, ...]:
    quantities: defaultdict[int, int] = defaultdict(int)
    for row in rows:
        quantities[row.order_line_id] += row.quantity
    return tuple(MovedUnits(order_line=str(line_id), quantity=quantity) for line_id, quantity in quantities.items())

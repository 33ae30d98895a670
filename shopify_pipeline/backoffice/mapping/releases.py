"""Revenue that waits until units leave: each fulfilment releases its share of what was deferred with the sale.

Here: recognition by fulfilment, line by line, in the order things happened. Not here: the documents that defer.
The share of a line is cumulative: released so far = net so far × units shipped / units ordered, so that the last unit
empties what was deferred to the last minor unit, whatever was edited, returned or cancelled in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import msgspec

from shopify_pipeline.backoffice.mapping.amounts import share
from shopify_pipeline.backoffice.mapping.books import Books
from shopify_pipeline.backoffice.mapping.sales import goods_line, lines_by_id, net, taxes_by_sale
from shopify_pipeline.backoffice.owed import AgreementRow, MovedRow, OrderFacts, SaleRow
from shopify_pipeline.backoffice.protocol import EntryLine, JournalEntry
from shopify_pipeline.backoffice.value_map import ValueMap

RELEASE = "RELEASE"


class _Change(msgspec.Struct):
    """What one event changes on one line; ``shipped`` is negative when units come back."""

    net: Decimal = Decimal(0)
    ordered: int = 0
    shipped: int = 0


class _Line(msgspec.Struct):
    """A line as it stands after some events."""

    net: Decimal = Decimal(0)
    ordered: int = 0
    shipped: int = 0
    released: Decimal = Decimal(0)

    def take(self, change: _Change) -> None:
        self.net += change.net
        self.ordered += change.ordered
        self.shipped = max(0, self.shipped + change.shipped)

    @property
    def has_left(self) -> bool:
        """Whether nothing of it is still to be shipped."""
        return self.shipped >= self.ordered

    def due(self, facts: OrderFacts) -> Decimal:
        """What has to be released in all."""
        return self.net if self.has_left else share(self.net, self.shipped, self.ordered, facts)


class _Event(msgspec.Struct, frozen=True):
    """Something that happened to lines; ``rank`` puts what happened in one instant in order: sold, left, cancelled."""

    at: datetime
    rank: int
    number: int
    key: str
    changes: dict[int, _Change]

    @property
    def is_agreement(self) -> bool:
        return self.rank == 0


def releases(facts: OrderFacts, value_map: ValueMap, books: Books) -> tuple[JournalEntry, ...]:
    """Entries deferred → revenue, oldest first: ``release/<fulfilment>`` and what corrects it.

    Units that come back take their revenue back (``release/agreement/<id>``), and so does a fulfilment that was
    cancelled (``release/<fulfilment>/cancelled``). Any other agreement is settled by the next release of its line, or
    at once when nothing of it is left to ship. What was deferred before the books began is in their opening balance.

    Raises:
        Unmapped: There is no account for what is deferred, or for a line's revenue.
    """
    lines: defaultdict[int, _Line] = defaultdict(_Line)
    events = [*_agreed(facts), *_left(facts)]
    entries = []
    for event in sorted(events, key=lambda one: (one.at, one.rank, one.number)):
        freed: dict[int, Decimal] = {}
        for line_id, change in event.changes.items():
            line = lines[line_id]
            line.take(change)
            if event.is_agreement and not change.shipped and not line.has_left:
                continue
            due = line.due(facts)
            if due != line.released:
                freed[line_id] = due - line.released
                line.released = due
        if freed and books.hold(event.at):
            entries.append(_entry(event, freed, facts, value_map, books))
    return tuple(entries)


def _entry(
    event: _Event, freed: dict[int, Decimal], facts: OrderFacts, value_map: ValueMap, books: Books
) -> JournalEntry:
    lines = lines_by_id(facts)
    accounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line_id, amount in freed.items():
        accounts[value_map.account("deferred")] += amount
        accounts[value_map.line("PRODUCT", lines[line_id].product_type)] -= amount
    return JournalEntry(
        external_id=f"release/{event.key}",
        kind=RELEASE,
        on=books.day(event.at),
        currency=facts.order.currency,
        description=f"{facts.order.name}: revenue of {event.key}",
        lines=tuple(EntryLine(account=account, amount=amount) for account, amount in accounts.items() if amount),
        order=str(facts.order.order_id),
    )


def _agreed(facts: OrderFacts) -> Iterator[_Event]:
    """What agreements did to lines."""
    lines, taxes = lines_by_id(facts), taxes_by_sale(facts)
    sales: defaultdict[int, list[SaleRow]] = defaultdict(list)
    for sale in facts.sales:
        if goods_line(sale, lines):
            sales[sale.agreement_id].append(sale)
    for agreement in facts.agreements:
        changes: defaultdict[int, _Change] = defaultdict(_Change)
        for sale in sales[agreement.agreement_id]:
            line_id = sale.order_line_id
            if line_id is None:
                continue
            change = changes[line_id]
            change.net += net(sale, taxes[sale.sale_id], facts)
            # An UPDATE changes what units cost, never how many they are.
            if sale.action_type != "UPDATE":
                change.ordered += sale.quantity or 0
            if sale.action_type == "RETURN":
                change.shipped -= _came_back(sale, line_id, agreement, facts)
        if changes:
            number = agreement.agreement_id
            yield _Event(agreement.happened_at, 0, number, f"agreement/{number}", dict(changes))


def _came_back(sale: SaleRow, line_id: int, agreement: AgreementRow, facts: OrderFacts) -> int:
    """Units of a RETURN sale that had left: those of a return, and those a refund does not call cancelled."""
    units = max(0, -(sale.quantity or 0))
    if agreement.return_id is not None:
        return units
    had_left = sum(
        row.quantity for row in facts.refunded if agreement.refund_id == row.refund_id and row.order_line_id == line_id
    )
    return min(units, had_left)


def _left(facts: OrderFacts) -> Iterator[_Event]:
    """Fulfilments, and the end of those that were cancelled."""
    lines = lines_by_id(facts)
    parcels: defaultdict[int, list[MovedRow]] = defaultdict(list)
    for row in facts.shipped:
        if row.order_line_id in lines:
            parcels[row.source_id].append(row)
    for number, rows in parcels.items():
        changes: defaultdict[int, _Change] = defaultdict(_Change)
        for row in rows:
            changes[row.order_line_id].shipped += row.quantity
        yield _Event(rows[0].moved_at, 1, number, str(number), dict(changes))
        if (cancelled_at := rows[0].cancelled_at) is not None:
            undone = {line_id: _Change(shipped=-change.shipped) for line_id, change in changes.items()}
            yield _Event(max(cancelled_at, rows[0].moved_at), 2, number, f"{number}/cancelled", undone)

"""Everything is sent twice, in any order its dependencies allow and in any batches: the books end the same.

Here: seeded schedules on the journal (many) and on Tryton (few). Not here: processes that die
(``e2e/test_crashes.py``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from random import Random

import msgspec
import pytest

from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.backoffice.protocol import BackOffice, JournalEntry, Order, Outcome
from shopify_pipeline.backoffice.tryton import TrytonBackOffice
from shopify_pipeline_tests.backoffice.builders import (
    CODES,
    a_document,
    a_payment,
    a_restock,
    a_shipment,
    an_entry,
    an_order,
    an_order_line,
    charge,
    goods,
    grown,
    stock_up,
)

LATER = date(2026, 3, 19)
JOURNAL_SEEDS = range(40)
TRYTON_SEEDS = (3, 11)


def returned_in_part() -> list[Order]:
    """Placed, paid, shipped, and one unit returned."""
    placed = an_order("order/1")
    paid = grown(placed, payments=(a_payment("transaction/1", "21.70"),))
    shipped = grown(paid, shipments=(a_shipment("fulfillment/1", line_1=2),))
    back = a_document("agreement/12", goods("-10.00", -1, state="-0.40", city="-0.45"), action="RETURN", on=LATER)
    returned = grown(
        shipped,
        documents=(*shipped.documents, back),
        payments=(*shipped.payments, a_payment("transaction/2", "-10.85", on=LATER)),
        restocks=(a_restock("refund/1", line_1=1),),
    )
    return [placed, paid, shipped, returned]


def edited_and_split() -> list[Order]:
    """Placed and paid, a line added and paid, then sent from two places."""
    placed = an_order("order/2", payments=(a_payment("transaction/3", "21.70"),))
    added = a_document("agreement/22", goods("9.50", 1, line=2), charge("5.00", CODES.shipping), on=date(2026, 3, 6))
    edited = grown(
        placed,
        lines=(an_order_line(1, 2), an_order_line(2, 1)),
        documents=(*placed.documents, added),
        payments=(*placed.payments, a_payment("transaction/4", "14.50", on=date(2026, 3, 6))),
    )
    first = grown(edited, shipments=(a_shipment("fulfillment/2", line_1=1),))
    second = a_shipment("fulfillment/3", location=CODES.east, on=date(2026, 3, 9), line_1=1, line_2=1)
    return [placed, edited, first, grown(first, shipments=(*first.shipments, second))]


def cancelled() -> list[Order]:
    """Placed and paid, then cancelled and paid back before anything left."""
    placed = an_order("order/3", payments=(a_payment("transaction/5", "21.70"),))
    back = a_document("agreement/32", goods("-20.00", -2, state="-0.80", city="-0.90"), action="RETURN", on=LATER)
    gone = grown(
        placed,
        lines=(),
        documents=(*placed.documents, back),
        payments=(*placed.payments, a_payment("transaction/6", "-21.70", on=LATER)),
    )
    return [placed, gone]


def fees() -> list[JournalEntry]:
    """One that belongs to an order and one that does not."""
    return [
        an_entry("balance/1", (CODES.fees, "0.93"), (CODES.clearing, "-0.93"), order="order/1"),
        an_entry("payout/1", (CODES.bank, "30.00"), (CODES.clearing, "-30.00"), kind="PAYOUT", on=LATER),
    ]


def schedule(rng: Random) -> list[Sequence[Order] | Sequence[JournalEntry]]:
    """Batches in which no order comes before its own past and no fee before its order; a past may be skipped."""
    queues: list[list[Order]] = []
    for life in (returned_in_part(), edited_and_split(), cancelled()):
        queues.append([*(state for state in life[:-1] if rng.random() < 0.7), life[-1]])
    batches: list[Sequence[Order] | Sequence[JournalEntry]] = []
    waiting = fees()
    while any(queues) or waiting:
        ready = [queue for queue in queues if queue]
        batch = [queue.pop(0) for queue in rng.sample(ready, rng.randint(0, len(ready)))]
        if batch:
            batches.append(batch)
        placed = {order.external_id for sent in batches for order in sent if isinstance(order, Order)}
        entries = [entry for entry in waiting if (entry.order is None or entry.order in placed) and rng.random() < 0.5]
        waiting = [entry for entry in waiting if entry not in entries]
        if entries:
            batches.append(entries)
    return batches


def play(office: BackOffice, shop: str, batches: Sequence[Sequence[Order] | Sequence[JournalEntry]]) -> None:
    """Send every batch twice; the second time there is nothing left to do."""
    for batch in batches:
        orders = [record for record in batch if isinstance(record, Order)]
        entries = [record for record in batch if isinstance(record, JournalEntry)]
        for outcomes in ({Outcome.CREATED, Outcome.UPDATED}, {Outcome.UNCHANGED}):
            results = office.push_orders(shop, orders) if orders else office.push_entries(shop, entries)
            assert {result.outcome for result in results} <= outcomes, results


def books(office: BackOffice, shop: str) -> dict[str, list[tuple[object, ...]]]:
    """All that is booked, without the numbers the back office itself gives."""
    read: dict[str, Callable[[str], Sequence[msgspec.Struct]]] = {
        "documents": office.documents,
        "ledger": office.ledger,
        "taxes": office.taxes,
        "payments": office.payments,
        "stock": office.stock,
        "totals": office.totals,
    }
    own = {"record", "number"}
    held = {
        name: sorted(
            (tuple(value for field, value in msgspec.structs.asdict(row).items() if field not in own))
            for row in rows(shop)
        )
        for name, rows in read.items()
    }
    return {**held, "counts": sorted(office.counts(shop).items())}


def assert_balanced(office: BackOffice, shop: str) -> None:
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in office.ledger(shop):
        sums[row.resource, row.external_id] += row.amount
    assert len(sums) == 6 + 6 + 2
    assert set(sums.values()) == {Decimal(0)}


def straight(office: BackOffice, shop: str) -> dict[str, list[tuple[object, ...]]]:
    """What the books hold when everything comes once, in its last state."""
    stock_up(office, shop)
    last = [life[-1] for life in (returned_in_part(), edited_and_split(), cancelled())]
    assert {result.outcome for result in office.push_orders(shop, last)} == {Outcome.CREATED}
    office.push_entries(shop, fees())
    assert_balanced(office, shop)
    return books(office, shop)


def test_the_journal_ends_the_same_whatever_comes_in_which_batch_and_twice(journal: JournalBackOffice) -> None:
    expected = straight(journal, "straight")
    for seed in JOURNAL_SEEDS:
        print(f"seed {seed}")
        shop = f"seed-{seed}"
        stock_up(journal, shop)
        play(journal, shop, schedule(Random(seed)))
        assert_balanced(journal, shop)
        assert books(journal, shop) == expected


@pytest.mark.parametrize("seed", TRYTON_SEEDS)
def test_tryton_ends_the_same_whatever_comes_in_which_batch_and_twice(
    tryton: TrytonBackOffice, shop: str, seed: int
) -> None:
    print(f"seed {seed}")
    another = f"straight-{seed}-{shop}"
    expected = straight(tryton, another)
    stock_up(tryton, shop)
    play(tryton, shop, schedule(Random(seed)))
    assert_balanced(tryton, shop)
    assert books(tryton, shop) == expected


def test_one_poisonous_order_among_ten_is_rejected_and_the_others_are_booked(
    tryton: TrytonBackOffice, shop: str
) -> None:
    """No database takes half a surrogate pair, so Tryton fails on it without knowing whose fault that is."""
    stock_up(tryton, shop)
    orders = [an_order(f"order/{number}") for number in range(10)]
    orders[4] = msgspec.structs.replace(orders[4], name="#4 \ud83d")

    results = tryton.push_orders(shop, orders)

    assert {result.external_id: result.outcome for result in results} == {
        order.external_id: Outcome.REJECTED if order is orders[4] else Outcome.CREATED for order in orders
    }
    (reason,) = [result.reason for result in results if result.outcome is Outcome.REJECTED]
    assert reason == "the back office failed on it: see its log"
    assert len(tryton.documents(shop)) == 9
    assert {result.outcome for result in tryton.push_orders(shop, [*orders[:4], *orders[5:]])} == {Outcome.UNCHANGED}

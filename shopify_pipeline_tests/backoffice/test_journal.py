"""The journal's own promises: what a crash may leave, two writers, a damaged line."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from shopify_pipeline.backoffice.journal import Chart, JournalBackOffice
from shopify_pipeline.backoffice.protocol import Order, Outcome
from shopify_pipeline.errors import PermanentError
from shopify_pipeline_tests.backoffice.builders import (
    STATE_TAX,
    a_document,
    a_party,
    a_payment,
    a_product,
    a_shipment,
    an_entry,
    an_order,
    charge,
    grown,
)

SHOP = "journal.myshopify.com"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


@pytest.fixture
def opened(path: Path) -> Callable[[], JournalBackOffice]:
    """Open the same journal once more, as another process would."""
    chart = Chart(
        currency="USD",
        receivable="1200",
        accounts=frozenset({"1100", "4000"}),
        taxes={STATE_TAX: "2200"},
        locations=frozenset({"MAIN"}),
    )
    return lambda: JournalBackOffice(path, chart)


def a_small_order() -> Order:
    return an_order(
        lines=(), documents=(a_document("agreement/1", charge("5.00", "4000")),), payments=(a_payment("t/1", "5.00"),)
    )


def test_a_journal_cut_off_anywhere_is_completed_by_the_same_push(
    opened: Callable[[], JournalBackOffice], path: Path
) -> None:
    office = opened()
    office.push_parties(SHOP, [a_party()])
    start = path.stat().st_size
    office.push_orders(SHOP, [a_small_order()])
    whole = path.read_bytes()

    for length in range(start, len(whole)):
        path.write_bytes(whole[:length])
        office = opened()
        (result,) = office.push_orders(SHOP, [a_small_order()])

        assert result.outcome is Outcome.CREATED
        assert path.read_bytes() == whole


def test_a_record_written_by_another_process_is_known(opened: Callable[[], JournalBackOffice]) -> None:
    first, second = opened(), opened()
    first.push_parties(SHOP, [a_party()])

    assert second.push_parties(SHOP, [a_party()])[0].outcome is Outcome.UNCHANGED
    assert second.push_orders(SHOP, [a_small_order()])[0].outcome is Outcome.CREATED
    assert [row.external_id for row in first.documents(SHOP)] == ["agreement/1"]


def test_a_repeated_push_does_not_grow_the_file(opened: Callable[[], JournalBackOffice], path: Path) -> None:
    office = opened()
    office.push_parties(SHOP, [a_party()])
    office.push_orders(SHOP, [a_small_order()])
    size = path.stat().st_size

    office.push_orders(SHOP, [a_small_order()])

    assert path.stat().st_size == size


def test_a_damaged_line_is_named_and_nothing_is_appended(opened: Callable[[], JournalBackOffice], path: Path) -> None:
    opened().push_parties(SHOP, [a_party()])
    damaged = b"not a journal line\n" + path.read_bytes()
    path.write_bytes(damaged)

    with pytest.raises(PermanentError, match="is damaged at byte 0"):
        opened().push_parties(SHOP, [a_party("customer/2")])

    assert path.read_bytes() == damaged


def test_a_record_somebody_changed_in_the_file_is_said_to_be_edited(
    opened: Callable[[], JournalBackOffice], path: Path
) -> None:
    office = opened()
    office.push_parties(SHOP, [a_party()])
    office.push_orders(SHOP, [a_small_order()])
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line.replace("5.00", "6.00") if '"payments"' in line else line for line in lines))

    edited = opened().edited(SHOP)

    assert [(row.resource, row.external_id, row.what) for row in edited] == [("payments", "t/1", "changed")]
    assert opened().edited(SHOP, {"documents": ["agreement/1"]}) == []


def test_a_cancelled_shipment_is_reversed_and_not_taken_out(
    opened: Callable[[], JournalBackOffice], path: Path
) -> None:
    office = opened()
    office.push_parties(SHOP, [a_party()])
    office.push_products(SHOP, [a_product(1, SHOP)])
    order = an_order(documents=(), shipments=(a_shipment("fulfillment/1", line_1=2),))
    office.push_orders(SHOP, [order])
    before = path.read_bytes()
    office.push_orders(SHOP, [grown(order, shipments=(a_shipment("fulfillment/1", line_1=2, is_cancelled=True),))])

    assert path.read_bytes().startswith(before)
    assert [(move.resource, move.quantity) for move in opened().movements(SHOP)] == [
        ("shipments", -2),
        ("reversals", 2),
    ]


def test_what_is_refused_is_said_in_one_line(opened: Callable[[], JournalBackOffice]) -> None:
    office = opened()
    office.push_parties(SHOP, [a_party()])
    office.push_orders(SHOP, [a_small_order()])
    fee = an_entry("fee/1", ("1100", "-1.00"), ("4000", "1.00"))
    office.push_entries(SHOP, [fee])
    entries = {
        "entry fee/1 is booked with 1100 -1.00, 4000 1.00 on 2026-03-04 and cannot become "
        "1100 -1.10, 4000 1.10 on 2026-03-04": an_entry("fee/1", ("1100", "-1.10"), ("4000", "1.10")),
        "the lines of entry fee/2 sum to 0.10, not to zero": an_entry("fee/2", ("1100", "-1.00"), ("4000", "1.10")),
        "entry fee/2 has no lines": an_entry("fee/2"),
        "unmapped account 6000": an_entry("fee/2", ("1100", "-1.00"), ("6000", "1.00")),
        "unknown order order/404: push it first": an_entry("fee/2", order="order/404"),
        "entry fee/2 is on account 1200, which needs a party, but it names no order": an_entry(
            "fee/2", ("1200", "-1.00"), ("4000", "1.00")
        ),
    }
    orders = {
        "document agreement/1 is posted with 5.00 and cannot become 6.00": {
            "documents": (a_document("agreement/1", charge("6.00", "4000")),)
        },
        "payment t/1 is booked with 5.00 and cannot become 4.00": {"payments": (a_payment("t/1", "4.00"),)},
        "payment t/1 is booked with 5.00 and cannot become 5.00 rounded by 0.02 on 4000": {
            "payments": (a_payment("t/1", "5.00", rounding=Decimal("0.02"), rounding_account="4000"),)
        },
        "order is in EUR but the journal is in USD": {"currency": "EUR"},
    }

    refused = [
        *office.push_entries(SHOP, list(entries.values())),
        *office.push_orders(SHOP, [grown(a_small_order(), **changes) for changes in orders.values()]),
    ]

    assert [result.reason for result in refused] == [*entries, *orders]

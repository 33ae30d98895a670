"""The journal's own promises: what a crash may leave, two writers, a damaged line."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator, ValuesView
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from shopify_pipeline.backoffice.journal import Chart, JournalBackOffice
from shopify_pipeline.backoffice.journal_checks import Checks, Refused
from shopify_pipeline.backoffice.journal_file import Entry, Key
from shopify_pipeline.backoffice.protocol import Order, Outcome, Product
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
CHART = Chart(
    currency="USD",
    receivable="1200",
    accounts=frozenset({"1100", "4000"}),
    taxes={STATE_TAX: "2200"},
    locations=frozenset({"MAIN"}),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


@pytest.fixture
def opened(path: Path) -> Callable[[], JournalBackOffice]:
    """Open the same journal once more, as another process would."""
    return lambda: JournalBackOffice(path, CHART)


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


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """No file can grow beyond so many bytes, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_a_full_disk_did_not_take_is_not_known_and_written_by_the_next_push(
    opened: Callable[[], JournalBackOffice], path: Path
) -> None:
    office = opened()
    office.push_parties(SHOP, [a_party()])
    start = path.stat().st_size
    opened().push_orders(SHOP, [a_small_order()])
    whole = path.read_bytes()
    path.write_bytes(whole[:start])

    with files_end_at(start + 10), pytest.raises(OSError, match="too large"):
        office.push_orders(SHOP, [a_small_order()])
    assert office.known(SHOP, "orders", [a_small_order().external_id]) == {}
    (result,) = office.push_orders(SHOP, [a_small_order()])

    assert result.outcome is Outcome.CREATED
    assert path.read_bytes() == whole


class Walked(dict[Key, Entry]):
    """Entries that count how often somebody goes through all of them."""

    times = 0

    def values(self) -> ValuesView[Entry]:  # type: ignore[override]
        self.times += 1
        return super().values()


def coded(number: int, code: str) -> Product:
    return msgspec.structs.replace(a_product(number, SHOP), code=code)


def test_codes_of_many_products_are_looked_up_and_the_journal_is_gone_through_once() -> None:
    entries = Walked()
    checks = Checks(SHOP, entries, CHART)
    for number in range(50):
        checks.product(coded(number, f"MUG-{number}"))
    with pytest.raises(Refused, match="product code MUG-7 is taken"):
        checks.product(coded(99, "MUG-7"))
    assert entries.times == 1


def test_a_code_that_was_given_up_may_be_taken_in_the_same_push(opened: Callable[[], JournalBackOffice]) -> None:
    office = opened()
    office.push_products(SHOP, [coded(1, "MUG")])

    results = office.push_products(SHOP, [coded(1, "CUP"), coded(2, "MUG")])

    assert [result.outcome for result in results] == [Outcome.UPDATED, Outcome.CREATED]


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
    cancelled = a_shipment("fulfillment/1", line_1=2, cancelled_on=date(2026, 3, 9))
    office.push_orders(SHOP, [grown(order, shipments=(cancelled,))])

    assert path.read_bytes().startswith(before)
    assert [(move.resource, move.on, move.quantity) for move in opened().movements(SHOP)] == [
        ("shipments", date(2026, 3, 6), -2),
        ("reversals", date(2026, 3, 9), 2),
    ]


def test_a_party_somebody_changed_in_the_file_stays_as_it_is(
    opened: Callable[[], JournalBackOffice], path: Path
) -> None:
    opened().push_parties(SHOP, [a_party(), a_party("customer/2")])
    path.write_text(path.read_text().replace("Ada Customer", "Ada Lovelace", 1))
    changed = path.read_bytes()

    (result,) = opened().push_parties(SHOP, [a_party(phone="+12125550100")])

    assert (result.outcome, path.read_bytes()) == (Outcome.UNCHANGED, changed)
    assert [(row.resource, row.external_id) for row in opened().edited(SHOP)] == [("parties", "customer/1")]


def test_a_document_that_becomes_due_later_keeps_the_accounts_it_is_booked_on(
    opened: Callable[[], JournalBackOffice],
) -> None:
    office = opened()
    office.push_parties(SHOP, [a_party()])
    order = a_small_order()
    office.push_orders(SHOP, [order])
    later = a_document("agreement/1", charge("5.00", "1100"), due_on=date(2026, 4, 3))

    office.push_orders(SHOP, [grown(order, documents=(later,))])

    lines = {(line.account, line.due_on) for line in opened().postings(SHOP) if line.resource == "documents"}
    assert lines == {("1200", date(2026, 4, 3)), ("4000", date(2026, 4, 3))}


def test_what_is_refused_is_said_in_one_line(opened: Callable[[], JournalBackOffice]) -> None:
    office = opened()
    office.push_parties(SHOP, [a_party()])
    office.push_orders(SHOP, [a_small_order()])
    fee = an_entry("fee/1", ("1100", "-1.00"), ("4000", "1.00"))
    office.push_entries(SHOP, [fee])
    entries = {
        "entry fee/1 is booked with 1.00 on 2026-03-04 and cannot become 1.10 on 2026-03-04": an_entry(
            "fee/1", ("1100", "-1.10"), ("4000", "1.10")
        ),
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
        "payment t/1 is booked with 5.00 and cannot become 5.00 rounded by 0.02": {
            "payments": (a_payment("t/1", "5.00", rounding=Decimal("0.02"), rounding_account="4000"),)
        },
        "order is in EUR but the journal is in USD": {"currency": "EUR"},
    }

    refused = [
        *office.push_entries(SHOP, list(entries.values())),
        *office.push_orders(SHOP, [grown(a_small_order(), **changes) for changes in orders.values()]),
    ]

    assert [result.reason for result in refused] == [*entries, *orders]

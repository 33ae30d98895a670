"""The journal's own promises: what a crash may leave, two writers, a damaged line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from shopify_pipeline.backoffice.journal import Chart, JournalBackOffice
from shopify_pipeline.backoffice.protocol import Order, Outcome
from shopify_pipeline.errors import PermanentError
from shopify_pipeline_tests.backoffice.builders import STATE_TAX, a_document, a_party, a_payment, an_order, charge

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
        tax_payable="2200",
        accounts=frozenset({"1100", "4000"}),
        taxes=frozenset({STATE_TAX}),
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

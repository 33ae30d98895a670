"""The golden book: whole lives of orders, written down fact by fact and account by account, and what the books make of
them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.backoffice.protocol import BackOffice
from shopify_pipeline.backoffice.tryton import TrytonBackOffice
from shopify_pipeline.backoffice.value_map import read_value_map
from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.config_sections import BackofficeSettings
from shopify_pipeline.steps.push import push
from shopify_pipeline.warehouse.connect import Connection, connect
from shopify_pipeline_tests.golden.book import Case, cases
from shopify_pipeline_tests.golden.journal import chart, due_days, moved
from shopify_pipeline_tests.golden.readings import (
    RECEIVABLE,
    balances,
    differences,
    expected,
    held,
    ledger_balances,
    signed,
)
from shopify_pipeline_tests.golden.tryton import BooksOfTryton
from shopify_pipeline_tests.golden.warehouse import LONG_AGO, Facts, told

CASES = cases()
VALUE_MAP = read_value_map(Path(__file__).with_name("value_map.toml"))


@pytest.fixture(scope="module")
def conn(golden_warehouse: str) -> Iterator[Connection]:
    """One warehouse for all pages; each has a shop of its own in it."""
    with connect(golden_warehouse) as connection:
        yield connection


def bring(conn: Connection, office: BackOffice, case: Case, facts: Facts) -> None:
    """Load what the shop says and push it."""
    facts.write(conn)
    push(
        conn,
        office,
        shop=facts.name,
        value_map=VALUE_MAP,
        go_live_on=case.shop.go_live,
        time_zone=case.shop.zone,
        clock=SimulatedClock(LONG_AGO),
        rng=Random(7),
        limits=BackofficeSettings(),
        batch_size=10,
        recognition=case.shop.recognition,
        progress=lambda line: None,
    )


def refused(conn: Connection, shop: str) -> dict[str, str]:
    """What the push log says was not booked."""
    with conn.transaction():
        rows = conn.execute(
            "select resource, external_id, reason from backoffice.pushes where shop = %s and outcome = 'rejected'",
            [shop],
        ).fetchall()
    return {f"break {resource} {external_id}": reason for resource, external_id, reason in rows}


def forget(conn: Connection, shop: str) -> None:
    """Forget that anything was pushed, so that everything is sent again."""
    with conn.transaction():
        conn.execute("delete from backoffice.pushes where shop = %s", [shop])


def compare(conn: Connection, journal: JournalBackOffice, case: Case, shop: str, *, is_daily: bool = False) -> str:
    """Differences between the page and the journal."""
    return differences(
        expected(case, is_daily=is_daily, is_booked_late=False),
        held(journal, shop, journal.currency, moved(journal, shop), due_days(journal, shop), refused(conn, shop)),
    )


@pytest.mark.parametrize("name", CASES)
def test_the_journal_holds_what_the_page_says_also_when_everything_is_pushed_again(
    name: str, conn: Connection, tmp_path: Path
) -> None:
    case, shop = CASES[name], f"{name}.at-once"
    journal = JournalBackOffice(tmp_path / "journal.jsonl", chart(VALUE_MAP, case.shop.currency))
    facts = told(shop, case.shop, case.given)
    bring(conn, journal, case, facts)
    assert not (table := compare(conn, journal, case, shop)), table
    forget(conn, shop)
    bring(conn, journal, case, facts)
    assert not (table := compare(conn, journal, case, shop)), table


@pytest.mark.parametrize("name", CASES)
def test_facts_that_come_day_by_day_end_in_the_same_books(name: str, conn: Connection, tmp_path: Path) -> None:
    case, shop = CASES[name], f"{name}.day-by-day"
    journal = JournalBackOffice(tmp_path / "journal.jsonl", chart(VALUE_MAP, case.shop.currency))
    facts = Facts(shop, case.shop)
    between = {interim.steps: interim for interim in case.between}
    for number, step in enumerate(case.given, start=1):
        facts.tell(step)
        bring(conn, journal, case, facts)
        if interim := between.get(number):
            wanted = balances(interim.balances, interim.open, case.shop.currency)
            table = differences(wanted, ledger_balances(journal.ledger(shop), case.shop.currency))
            assert not table, f"after step {number}:\n{table}"
    assert not (table := compare(conn, journal, case, shop, is_daily=True)), table


@pytest.mark.parametrize("name", CASES)
def test_tryton_holds_what_the_page_says(
    name: str, conn: Connection, tryton: TrytonBackOffice, tryton_books: BooksOfTryton
) -> None:
    case, shop = CASES[name], f"{name}.tryton"
    tryton_books.open_shop(shop, case.shop.currency)
    for month in case.shop.closed:
        tryton_books.close(case.shop.currency, month)
    bring(conn, tryton, case, told(shop, case.shop, case.given))
    companies, moves = tryton_books.companies_of(shop), tryton_books.moved(shop)
    table = differences(
        expected(case, is_daily=False, is_booked_late=True),
        held(tryton, shop, companies, moves, tryton_books.due_days(shop), refused(conn, shop)),
    )
    assert not table, table


@pytest.mark.parametrize("name", CASES)
def test_a_page_is_right_in_itself(name: str) -> None:
    """Debits equal credits, and the balances are those of the bookings: a slip of the pen is found here."""
    case = CASES[name]
    assert case.name == name
    assert case.books.company == case.shop.currency
    accounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    orders = {order.id: Decimal(0) for step in case.given for order in step.orders}
    for booking in case.books.bookings:
        sides = [signed(text) for text in booking.ledger]
        assert sum(amount for _, amount in sides) == 0, booking.id
        for account, amount in sides:
            accounts[account] += amount
            if account == RECEIVABLE and booking.order:
                orders[booking.order] += amount
    assert accounts == case.books.balances
    assert {order: amount for order, amount in orders.items() if order in case.books.open} == case.books.open

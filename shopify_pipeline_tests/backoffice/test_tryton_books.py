"""What an accountant finds in Tryton: literal debits and credits, tax lines, numbers, states; read from its tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shopify_pipeline.backoffice.protocol import Outcome
from shopify_pipeline.backoffice.tryton import TrytonBackOffice
from shopify_pipeline.local.tryton import DATABASE, TrytonServer
from shopify_pipeline_tests.backoffice.builders import (
    CITY_TAX,
    STATE_TAX,
    a_document,
    a_payment,
    a_shipment,
    an_order,
    an_order_line,
    charge,
    goods,
    grown,
    open_shop,
)

D = Decimal
Rows = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def rows(tryton_server: TrytonServer) -> Iterator[Rows]:
    """Rows of a query on the server's own database, through none of our code; money as text."""
    connection = sqlite3.connect(f"file:{tryton_server.home / DATABASE}.sqlite?mode=ro", uri=True)
    try:
        yield lambda query, *arguments: connection.execute(query, arguments).fetchall()
    finally:
        connection.close()


@pytest.fixture
def moves(rows: Rows) -> Callable[[str], list[tuple[Any, ...]]]:
    """Every ledger line of a shop: (day, period, journal type, account, debit, credit, party, reconciled)."""

    def read(shop: str) -> list[tuple[Any, ...]]:
        return rows(
            """
            select m.date, p.name, j.type, a.code, cast(l.debit as text), cast(l.credit as text), y.name,
                   l.reconciliation is not null
            from shopify_external e
            left join account_invoice i on e.record = 'account.invoice,' || i.id
            join account_move m on m.id = i.move or e.record = 'account.move,' || m.id
            join account_move_line l on l.move = m.id
            join account_account a on a.id = l.account
            join account_period p on p.id = m.period
            join account_journal j on j.id = m.journal
            left join party_party y on y.id = l.party
            where e.shop = ? and m.state = 'posted'
            order by e.id, a.code, l.debit, l.credit
            """,
            shop,
        )

    return read


@pytest.fixture
def invoices(rows: Rows) -> Callable[[str], list[tuple[str, str]]]:
    """(external id, state) of a shop's invoices, in the order they were booked."""

    def read(shop: str) -> list[tuple[str, str]]:
        return rows(
            "select e.external_id, i.state from shopify_external e"
            " join account_invoice i on e.record = 'account.invoice,' || i.id where e.shop = ? order by e.id",
            shop,
        )

    return read


def sale_state(tryton: TrytonBackOffice, shop: str) -> str:
    (row,) = tryton.orders(shop)
    return row.state


def numbers(tryton: TrytonBackOffice, shop: str) -> dict[str, str]:
    return {row.external_id: row.number or "" for row in tryton.documents(shop)}


def test_golden_book_of_an_order_with_tax_shipping_payment_and_refund(
    tryton: TrytonBackOffice, shop: str, moves: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    open_shop(tryton, shop)
    sold = a_document("agreement/1", goods("20.00", 2, state="0.80", city="0.90"), charge("5.00", "4100"))
    back = a_document(
        "agreement/2", goods("-10.00", -1, state="-0.40", city="-0.45"), action="RETURN", on=date(2026, 4, 2)
    )
    order = an_order(
        documents=(sold, back),
        payments=(
            a_payment("transaction/1", "26.70", on=date(2026, 3, 5)),
            a_payment("transaction/2", "-10.85", account="1110", on=date(2026, 4, 3)),
        ),
    )

    tryton.push_orders(shop, [order])

    ada = "Ada Customer"
    assert moves(shop) == [
        ("2026-03-04", "2026-03", "revenue", "1200", "26.70", "0", ada, 1),
        ("2026-03-04", "2026-03", "revenue", "2200", "0", "0.80", None, 0),
        ("2026-03-04", "2026-03", "revenue", "2200", "0", "0.90", None, 0),
        ("2026-03-04", "2026-03", "revenue", "4000", "0", "20.00", None, 0),
        ("2026-03-04", "2026-03", "revenue", "4100", "0", "5.00", None, 0),
        ("2026-04-02", "2026-04", "revenue", "1200", "0", "10.85", ada, 1),
        ("2026-04-02", "2026-04", "revenue", "2200", "0.40", "0", None, 0),
        ("2026-04-02", "2026-04", "revenue", "2200", "0.45", "0", None, 0),
        ("2026-04-02", "2026-04", "revenue", "4000", "10.00", "0", None, 0),
        ("2026-03-05", "2026-03", "cash", "1100", "26.70", "0", None, 0),
        ("2026-03-05", "2026-03", "cash", "1200", "0", "26.70", ada, 1),
        ("2026-04-03", "2026-04", "cash", "1110", "0", "10.85", None, 0),
        ("2026-04-03", "2026-04", "cash", "1200", "10.85", "0", ada, 1),
    ]


def test_tax_codes_get_base_and_tax_of_every_rate_zero_rates_included(
    tryton: TrytonBackOffice, shop: str, rows: Rows
) -> None:
    open_shop(tryton, shop)
    document = a_document("agreement/1", goods("20.00", 2, state="0.80", city="0.00"))

    tryton.push_orders(shop, [an_order(documents=(document,))])

    found = rows(
        """
        select t.name, x.type, cast(x.amount as text)
        from shopify_external e
        join account_invoice i on e.record = 'account.invoice,' || i.id
        join account_move_line l on l.move = i.move
        join account_tax_line x on x.move_line = l.id
        join account_tax t on t.id = x.tax
        where e.shop = ?
        order by t.name desc, x.type
        """,
        shop,
    )
    assert found == [
        (STATE_TAX, "base", "20.00"),
        (STATE_TAX, "tax", "0.80"),
        (CITY_TAX, "base", "20.00"),
    ]


def test_invoice_lines_keep_units_and_exact_amounts(tryton: TrytonBackOffice, shop: str, rows: Rows) -> None:
    open_shop(tryton, shop)
    order = an_order(lines=(an_order_line(1, 365),), documents=(a_document("agreement/1", goods("72.51", 365)),))

    tryton.push_orders(shop, [order])

    assert rows(
        "select l.quantity, cast(l.unit_price as text), s.web_id from shopify_external e"
        " join account_invoice i on e.record = 'account.invoice,' || i.id"
        " join account_invoice_line l on l.invoice = i.id"
        " join sale_line o on l.origin = 'sale.line,' || o.id join sale_sale s on s.id = o.sale where e.shop = ?",
        shop,
    ) == [(365.0, "0.198658", "order/1")]
    assert [row.total for row in tryton.documents(shop)] == [D("72.51")]


def test_paid_orders_are_settled_and_done_once_everything_has_left(
    tryton: TrytonBackOffice, shop: str, invoices: Callable[[str], list[tuple[str, str]]]
) -> None:
    open_shop(tryton, shop)
    order = an_order(
        payments=(a_payment("transaction/1", "21.70"),), shipments=(a_shipment("fulfillment/1", line_1=1),)
    )
    tryton.push_orders(shop, [order])
    assert (invoices(shop), sale_state(tryton, shop)) == ([("order/1/agreement/1", "paid")], "processing")

    tryton.push_orders(shop, [grown(order, shipments=(*order.shipments, a_shipment("fulfillment/2", line_1=1)))])

    assert sale_state(tryton, shop) == "done"


def test_what_is_still_to_be_sent_waits_in_a_shipment_of_the_right_size(
    tryton: TrytonBackOffice, shop: str, rows: Rows
) -> None:
    open_shop(tryton, shop)
    order = an_order(
        lines=(an_order_line(1, 5), an_order_line(2, 2)), shipments=(a_shipment("fulfillment/1", line_1=2),)
    )
    tryton.push_orders(shop, [order])
    reduced = grown(order, lines=(an_order_line(1, 4),))

    tryton.push_orders(shop, [reduced])

    assert rows(
        "select p.suffix_code, m.quantity, m.state from stock_move m join product_product p on p.id = m.product"
        " join sale_line l on m.origin = 'sale.line,' || l.id join sale_sale s on s.id = l.sale"
        " join web_shop w on w.id = s.web_shop where w.name = ? order by m.state",
        shop,
    ) == [(f"{shop}-1", 2.0, "done"), (f"{shop}-1", 2.0, "draft")]


def test_a_payment_that_is_short_leaves_its_invoice_due(
    tryton: TrytonBackOffice, shop: str, rows: Rows, invoices: Callable[[str], list[tuple[str, str]]]
) -> None:
    open_shop(tryton, shop)
    order = an_order(payments=(a_payment("transaction/1", "15.00"),))
    tryton.push_orders(shop, [order])
    assert invoices(shop) == [("order/1/agreement/1", "posted")]
    linked = rows(
        "select cast(l.credit as text) from shopify_external e"
        " join account_invoice i on e.record = 'account.invoice,' || i.id"
        ' join "account_invoice-account_move_line" b on b.invoice = i.id'
        " join account_move_line l on l.id = b.line where e.shop = ?",
        shop,
    )
    assert linked == [("15.00",)]

    tryton.push_orders(shop, [grown(order, payments=(*order.payments, a_payment("transaction/2", "6.70")))])

    assert invoices(shop) == [("order/1/agreement/1", "paid")]


def test_a_payment_that_is_large_pays_its_invoice_and_leaves_a_credit_that_can_be_paid_back(
    tryton: TrytonBackOffice,
    shop: str,
    invoices: Callable[[str], list[tuple[str, str]]],
    moves: Callable[[str], list[tuple[Any, ...]]],
) -> None:
    open_shop(tryton, shop)
    order = an_order(payments=(a_payment("transaction/1", "30.00"),))
    tryton.push_orders(shop, [order])
    assert invoices(shop) == [("order/1/agreement/1", "paid")]
    assert [row[4:6] for row in moves(shop) if row[3] == "1200" and not row[7]] == [("0", "8.30")]

    tryton.push_orders(shop, [grown(order, payments=(*order.payments, a_payment("transaction/2", "-8.30")))])

    assert [row for row in moves(shop) if row[3] == "1200" and not row[7]] == []


def test_one_payment_settles_two_documents(
    tryton: TrytonBackOffice, shop: str, invoices: Callable[[str], list[tuple[str, str]]]
) -> None:
    open_shop(tryton, shop)
    order = an_order(
        lines=(an_order_line(1, 2), an_order_line(2, 1)),
        documents=(a_document("agreement/1", goods("20.00", 2)), a_document("agreement/2", goods("9.50", 1, line=2))),
        payments=(a_payment("transaction/1", "25.00"),),
    )

    tryton.push_orders(shop, [order])

    assert invoices(shop) == [("agreement/1", "paid"), ("agreement/2", "posted")]


def test_a_document_of_zero_is_paid_at_once(
    tryton: TrytonBackOffice, shop: str, invoices: Callable[[str], list[tuple[str, str]]]
) -> None:
    open_shop(tryton, shop)
    exchange = a_document("agreement/1", goods("10.00", 1), goods("-10.00", -1, line=2))

    tryton.push_orders(shop, [an_order(lines=(an_order_line(1, 1),), documents=(exchange,))])

    assert invoices(shop) == [("agreement/1", "paid")]


def test_a_late_document_gets_the_next_number_and_keeps_its_day(tryton: TrytonBackOffice, shop: str) -> None:
    open_shop(tryton, shop)
    tryton.push_orders(shop, [an_order("order/1", documents=(a_document("younger", goods("5.00", 1)),))])
    late = a_document("older", goods("5.00", 1), on=date(2026, 2, 27))

    tryton.push_orders(shop, [an_order("order/2", documents=(late,))])

    number = numbers(tryton, shop)
    assert int(number["older"].removeprefix("INV-2026-")) == int(number["younger"].removeprefix("INV-2026-")) + 1
    (row,) = [row for row in tryton.documents(shop) if row.external_id == "older"]
    assert (row.on, row.booked_on) == (date(2026, 2, 27), date(2026, 2, 27))


def test_a_rejected_batch_leaves_no_gap_in_the_numbers(tryton: TrytonBackOffice, shop: str) -> None:
    open_shop(tryton, shop)
    batch = [
        an_order("order/1", documents=(a_document("one", goods("5.00", 1)),)),
        an_order("order/2", documents=(a_document("two", charge("1.00", "4711")),)),
        an_order("order/3", documents=(a_document("three", goods("5.00", 1)), a_document("four", goods("-5.00", -1)))),
    ]

    results = tryton.push_orders(shop, batch)

    assert [result.outcome for result in results] == [Outcome.CREATED, Outcome.REJECTED, Outcome.CREATED]
    number = numbers(tryton, shop)
    assert int(number["three"].removeprefix("INV-2026-")) == int(number["one"].removeprefix("INV-2026-")) + 1
    assert number["four"].startswith("CN-2026-")


def test_a_document_of_a_closed_period_is_booked_on_the_first_open_day(
    tryton: TrytonBackOffice, shop: str, as_admin: Callable[..., Any], moves: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    open_shop(tryton, shop)
    periods = as_admin(
        "model.account.period.search", [("name", "in", ["2025-01", "2025-02"]), ("state", "=", "open")], 0, None, None
    )
    as_admin("model.account.period.close", periods)
    event = date(2025, 1, 20)
    order = an_order(
        documents=(a_document("agreement/1", goods("20.00", 2), on=event),),
        payments=(a_payment("transaction/1", "20.00", on=event),),
    )

    tryton.push_orders(shop, [order])

    (row,) = tryton.documents(shop)
    assert (row.on, row.booked_on) == (event, date(2025, 3, 1))
    assert [payment.on for payment in tryton.payments(shop)] == [event]
    assert {line[:2] for line in moves(shop)} == {("2025-03-01", "2025-03")}


def test_a_document_after_the_last_fiscal_year_is_rejected_with_what_to_do(tryton: TrytonBackOffice, shop: str) -> None:
    open_shop(tryton, shop)
    late = a_document("agreement/1", goods("20.00", 2), on=date(2031, 1, 2))

    (result,) = tryton.push_orders(shop, [an_order(documents=(late,))])

    assert result.reason == "no open period on or after 2031-01-02: open one or create the next fiscal year"


def test_nothing_is_left_for_a_queue_after_the_commit(tryton: TrytonBackOffice, shop: str, rows: Rows) -> None:
    open_shop(tryton, shop)

    tryton.push_orders(
        shop, [an_order(payments=(a_payment("transaction/1", "21.70"),), shipments=(a_shipment("f/1", line_1=2),))]
    )

    assert rows("select count(*) from ir_queue where finished_at is null") == [(0,)]

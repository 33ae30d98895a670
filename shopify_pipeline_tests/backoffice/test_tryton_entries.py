"""Money beyond plain payments in Tryton's tables: entries, cash rounding, due days, a tax the channel remits."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from shopify_pipeline.backoffice.protocol import Outcome
from shopify_pipeline.backoffice.tryton import TrytonBackOffice
from shopify_pipeline.local.tryton import DATABASE, TrytonServer
from shopify_pipeline_tests.backoffice.builders import (
    a_document,
    a_payment,
    an_entry,
    an_order,
    charge,
    goods,
    grown,
    open_shop,
)

D = Decimal
Moves = Callable[[str], dict[str, list[tuple[Any, ...]]]]


@pytest.fixture
def moves(tryton_server: TrytonServer) -> Iterator[Moves]:
    """The posted lines of a shop by external id, read through none of our code: (journal, event's day, day in the
    ledger, account, debit, credit, party, day it is due, reconciled)."""
    connection = sqlite3.connect(f"file:{tryton_server.home / DATABASE}.sqlite?mode=ro", uri=True)

    def read(shop: str) -> dict[str, list[tuple[Any, ...]]]:
        found: dict[str, list[tuple[Any, ...]]] = {}
        for external_id, *line in connection.execute(
            """
            select e.external_id, j.code, coalesce(m.shopify_on, i.invoice_date), m.date, a.code,
                   cast(l.debit as text), cast(l.credit as text), y.name, l.maturity_date, l.reconciliation is not null
            from shopify_external e
            left join account_invoice i on e.record = 'account.invoice,' || i.id
            join account_move m on m.id = i.move or e.record = 'account.move,' || m.id
            join account_move_line l on l.move = m.id
            join account_account a on a.id = l.account
            join account_journal j on j.id = m.journal
            left join party_party y on y.id = l.party
            where e.shop = ? and m.state = 'posted' order by e.id, a.code
            """,
            (shop,),
        ):
            found.setdefault(external_id, []).append(tuple(line))
        return found

    try:
        yield read
    finally:
        connection.close()


def origins(server: TrytonServer, shop: str) -> dict[str, str | None]:
    """The order each entry's move comes from, by external id."""
    with sqlite3.connect(f"file:{server.home / DATABASE}.sqlite?mode=ro", uri=True) as connection:
        return dict(
            connection.execute(
                "select e.external_id, s.web_id from shopify_external e"
                " join account_move m on e.record = 'account.move,' || m.id"
                " left join sale_sale s on m.origin = 'sale.sale,' || s.id"
                " where e.shop = ? and e.resource = 'entries'",
                (shop,),
            )
        )


def test_entries_are_posted_once_in_the_general_journal_with_and_without_an_order(
    tryton: TrytonBackOffice, shop: str, moves: Moves, tryton_server: TrytonServer
) -> None:
    open_shop(tryton, shop)
    release = an_entry("release/1", ("2400", "6.67"), ("4000", "-6.67"), on=date(2026, 3, 6))
    order = an_order(documents=(a_document("agreement/1", charge("20.00", "2400")),), entries=(release,))
    tryton.push_orders(shop, [order])
    fee = an_entry("balance/1", ("6000", "0.59"), ("1100", "-0.59"), order="order/1", on=date(2026, 3, 5))
    payout = an_entry("payout/1", ("1010", "100.00"), ("1100", "-100.00"), on=date(2026, 4, 1))

    first = tryton.push_entries(shop, [fee, payout])
    again = tryton.push_entries(shop, [payout, msgspec.structs.replace(fee, description="Another word"), payout])
    tryton.push_orders(shop, [grown(order)])

    assert [result.outcome for result in first] == [Outcome.CREATED] * 2
    assert [result.outcome for result in again] == [Outcome.UNCHANGED] * 3
    booked = moves(shop)
    del booked["agreement/1"]
    assert booked == {
        "release/1": [
            ("MISC", "2026-03-06", "2026-03-06", "2400", "6.67", "0", None, None, 0),
            ("MISC", "2026-03-06", "2026-03-06", "4000", "0", "6.67", None, None, 0),
        ],
        "balance/1": [
            ("MISC", "2026-03-05", "2026-03-05", "1100", "0", "0.59", None, None, 0),
            ("MISC", "2026-03-05", "2026-03-05", "6000", "0.59", "0", None, None, 0),
        ],
        "payout/1": [
            ("MISC", "2026-04-01", "2026-04-01", "1010", "100.00", "0", None, None, 0),
            ("MISC", "2026-04-01", "2026-04-01", "1100", "0", "100.00", None, None, 0),
        ],
    }
    assert origins(tryton_server, shop) == {"release/1": "order/1", "balance/1": "order/1", "payout/1": None}


def test_an_entry_that_is_not_exact_not_mapped_or_not_the_same_refuses_itself_alone(
    tryton: TrytonBackOffice, shop: str, moves: Moves
) -> None:
    entry = an_entry("fee/1", ("6000", "0.59"), ("1100", "-0.59"))
    tryton.push_entries(shop, [entry])
    batch = [
        an_entry("fee/1", ("6000", "0.60"), ("1100", "-0.60")),
        an_entry("fee/2", ("6000", "0.595"), ("1100", "-0.595")),
        an_entry("fee/3", ("6000", "0.60"), ("1100", "-0.59")),
        an_entry("fee/4", ("6001", "0.60"), ("1100", "-0.60")),
        an_entry("fee/5", ("6000", "0.60"), ("1100", "-0.60"), currency="GBP"),
        an_entry("fee/6", ("6000", "0.60"), ("1100", "-0.60"), order="order/404"),
        an_entry("fee/7", ("1200", "0.60"), ("1100", "-0.60")),
        an_entry("fee/8", ("6000", "0.60"), ("1100", "-0.60"), on=date(2031, 1, 2)),
        an_entry("fee/9", ("6000", "0.60"), ("1100", "-0.60")),
    ]

    results = tryton.push_entries(shop, batch)

    assert [result.reason for result in results] == [
        "entry fee/1 is booked with 0.59 on 2026-03-04 and cannot become 0.60 on 2026-03-04",
        "0.595 cannot be written in USD, which has 2 digits",
        "the lines of entry fee/3 sum to 0.01, not to zero",
        "unmapped account 6001",
        "entry fee/5 is in GBP but the company's books are in USD",
        "unknown order order/404: push it first",
        "entry fee/7 is on account 1200, which needs a party, but it names no order",
        "no open period on or after 2031-01-02: open one or create the next fiscal year",
        None,
    ]
    assert list(moves(shop)) == ["fee/1", "fee/9"]


def test_what_an_entry_says_is_owed_is_settled_with_the_order(
    tryton: TrytonBackOffice, shop: str, moves: Moves
) -> None:
    open_shop(tryton, shop)
    opening = an_entry("opening/1", ("1200", "15.00"), ("3900", "-15.00"))
    order = an_order(documents=(), entries=(opening,))
    sold = an_order("order/2", documents=(a_document("agreement/2", goods("20.00", 2)),))
    tryton.push_orders(shop, [order, sold])
    assert moves(shop)["opening/1"][0][3:] == ("1200", "15.00", "0", "Ada Customer", "2026-03-04", 0)

    tryton.push_orders(shop, [grown(order, payments=(a_payment("transaction/1", "15.00"),))])
    tryton.push_entries(shop, [an_entry("dispute/1", ("1150", "20.00"), ("1200", "-20.00"), order="order/2")])

    settled = {name: line[8] for name, lines in moves(shop).items() for line in lines if line[3] == "1200"}
    assert settled == dict.fromkeys(("opening/1", "transaction/1", "agreement/2", "dispute/1"), 1)


def test_cash_is_booked_as_the_drawer_has_it_and_the_customer_is_even(
    tryton: TrytonBackOffice, shop: str, moves: Moves
) -> None:
    open_shop(tryton, shop)
    sold = a_document("agreement/1", charge("10.03", "4000"))
    back = a_document("agreement/2", charge("-1.01", "4900"), action="RETURN")
    paid = a_payment("transaction/1", "10.03", account="1140", rounding=D("0.02"), rounding_account="4910")
    given = a_payment("transaction/2", "-1.01", account="1140", rounding=D("0.01"), rounding_account="4910")
    order = an_order(lines=(), documents=(sold, back), payments=(paid, given))
    tryton.push_orders(shop, [order])

    changed = grown(order, payments=(msgspec.structs.replace(paid, rounding=D("-0.03")), given))
    (result,) = tryton.push_orders(shop, [changed])

    ada, day = "Ada Customer", "2026-03-04"
    booked = moves(shop)
    assert booked["transaction/1"] == [
        ("CASH", day, day, "1140", "10.05", "0", None, None, 0),
        ("CASH", day, day, "1200", "0", "10.03", ada, day, 1),
        ("CASH", day, day, "4910", "0", "0.02", None, None, 0),
    ]
    assert booked["transaction/2"] == [
        ("CASH", day, day, "1140", "0", "1.00", None, None, 0),
        ("CASH", day, day, "1200", "1.01", "0", ada, day, 1),
        ("CASH", day, day, "4910", "0", "0.01", None, None, 0),
    ]
    assert result.reason == (
        "payment transaction/1 is booked with 10.03 rounded by 0.02 and cannot become 10.03 rounded by -0.03"
    )


def test_an_invoice_on_net_terms_ages_from_its_due_day_which_may_move_until_it_is_paid(
    tryton: TrytonBackOffice, shop: str, moves: Moves, as_admin: Callable[..., Any]
) -> None:
    open_shop(tryton, shop)
    at_once = a_document("agreement/1", goods("20.00", 2))
    net_30 = a_document("agreement/2", charge("5.00", "4100"), due_on=date(2026, 4, 3))
    order = an_order(documents=(at_once, net_30))

    def due() -> list[str]:
        return [line[7] for lines in moves(shop).values() for line in lines if line[3] == "1200"]

    tryton.push_orders(shop, [order])
    assert due() == ["2026-03-04", "2026-04-03"]

    later = msgspec.structs.replace(net_30, due_on=date(2026, 5, 3))
    tryton.push_orders(shop, [grown(order, documents=(at_once, later))])
    assert due() == ["2026-03-04", "2026-05-03"]

    lines = as_admin(
        "model.account.move.line.search",
        [("maturity_date", "=", {"__class__": "date", **_day(2026, 5, 3)})],
        0,
        None,
        None,
    )
    as_admin("model.account.move.line.write", lines, {"maturity_date": {"__class__": "date", **_day(2026, 6, 1)}})
    paid = a_payment("transaction/1", "20.00")
    tryton.push_orders(shop, [grown(grown(order), documents=(at_once, later), payments=(paid,))])
    assert due() == ["2026-03-04", "2026-06-01", "2026-03-04"], "a day a person set stays"


def _day(year: int, month: int, day: int) -> dict[str, int]:
    return {"year": year, "month": month, "day": day}


def test_a_tax_the_channel_remits_never_touches_our_tax_account(
    tryton: TrytonBackOffice, shop: str, moves: Moves
) -> None:
    open_shop(tryton, shop)
    sold = a_document("agreement/1", goods("20.00", 2, state="0.80", remitted="1.20"))
    back = a_document("agreement/2", goods("-10.00", -1, state="-0.40", remitted="-0.60"), action="RETURN")

    tryton.push_orders(shop, [an_order(documents=(sold, back))])

    taxes = [
        (document, *line[3:6])
        for document, lines in moves(shop).items()
        for line in lines
        if line[3] in ("2200", "2210")
    ]
    assert taxes == [
        ("agreement/1", "2200", "0", "0.80"),
        ("agreement/1", "2210", "0", "1.20"),
        ("agreement/2", "2200", "0.40", "0"),
        ("agreement/2", "2210", "0.60", "0"),
    ]


def test_what_happened_in_a_closed_period_is_booked_on_the_first_open_day_and_keeps_its_own(
    tryton: TrytonBackOffice, shop: str, moves: Moves, as_admin: Callable[..., Any]
) -> None:
    open_shop(tryton, shop)
    periods = as_admin(
        "model.account.period.search", [("name", "in", ["2025-01", "2025-02"]), ("state", "=", "open")], 0, None, None
    )
    as_admin("model.account.period.close", periods)
    event = date(2025, 2, 10)
    release = an_entry("release/1", ("2400", "20.00"), ("4000", "-20.00"), on=event)
    sold = a_document("agreement/1", charge("20.00", "2400"), on=event, due_on=date(2025, 2, 20))
    paid = a_payment("transaction/1", "20.00", on=event)

    tryton.push_orders(shop, [an_order(documents=(sold,), payments=(paid,), entries=(release,))])
    tryton.push_entries(shop, [an_entry("balance/1", ("6000", "0.59"), ("1100", "-0.59"), on=event)])

    days = {name: {line[1:3] for line in lines} for name, lines in moves(shop).items()}
    both_days = {("2025-02-10", "2025-03-01")}
    names = "agreement/1", "release/1", "transaction/1", "balance/1"
    assert days == dict.fromkeys(names, both_days)
    assert [line[7] for line in moves(shop)["agreement/1"] if line[3] == "1200"] == ["2025-02-20"]

"""Whole sandbox worlds, read from a warehouse as the push reads them: every order is owed, and to the minor unit.

What is expected comes from the sandbox's own auditor: balances, units and dispositions of each order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from shopify_pipeline.backoffice import mapping, owed
from shopify_pipeline.backoffice.mapping import Recognition
from shopify_pipeline.backoffice.owed import OrderFacts
from shopify_pipeline.backoffice.protocol import Order
from shopify_pipeline_tests.backoffice.worlds import SHOP, books_of, value_map_of, world_in_warehouse
from shopify_sandbox.world.variants import VALUES

ORDERS = 250
DEFERRED = "2400"
VARIANTS = [(switch, value) for switch, values in VALUES.items() for value in list(values)[1:]]
#: Switches that change no row the back office reads.
UNSEEN = ("current_total",)
Balances = dict[str, dict[str, Decimal]]


def owed_of(found: list[OrderFacts], profile: str = "usd", recognition: Recognition = "order") -> dict[str, Order]:
    """What every order owes, by name; none may be refused."""
    mapped = {
        facts.order.name: mapping.order(facts, value_map_of(profile), books_of(profile), recognition) for facts in found
    }
    return {name: one for name, one in mapped.items() if one is not None}


def balances(orders: dict[str, Order]) -> Balances:
    """Credit by account and tax of every order, payments on their gateway's side."""
    books: Balances = {}
    for name, order in orders.items():
        found: defaultdict[str, Decimal] = defaultdict(Decimal)
        for account, amount in _credits(order):
            found[account] += amount
        books[name] = {account: amount for account, amount in found.items() if amount}
    return books


def _credits(order: Order) -> Iterator[tuple[str, Decimal]]:
    for document in order.documents:
        for line in document.lines:
            yield line.account, line.net
            yield from ((tax.tax, tax.amount) for tax in line.taxes)
    for payment in order.payments:
        yield payment.account, -payment.amount - payment.rounding
        if payment.rounding_account:
            yield payment.rounding_account, payment.rounding


@pytest.fixture(scope="module", params=["usd", "gbp", "jpy", "kwd"])
def world(
    request: pytest.FixtureRequest, postgres, warehouse_template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, psycopg.Connection, list[OrderFacts]]]:
    """A full world of each kind of shop in a warehouse of its own."""
    name = f"mapping_{request.param}"
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as server:
        server.execute(f"create database {name} template {warehouse_template}")
        try:
            with psycopg.connect(postgres.dsn(name)) as conn:
                folder = tmp_path_factory.mktemp("worlds") / request.param
                yield request.param, conn, world_in_warehouse(conn, folder, orders=ORDERS, profile=request.param)
        finally:
            server.execute(f"drop database {name} with (force)")


def test_what_documents_and_payments_leave_open_is_what_the_shop_says_is_outstanding(world) -> None:
    profile, conn, found = world
    outstanding = dict(
        conn.execute(
            """
            select o.name, o.total_outstanding_shop + o.total_capturable_shop
            from shopify.orders as o
            where o.currency = o.presentment_currency and not o.is_test
                and not exists (
                    select from shopify.refund_adjustments as a
                    where a.order_id = o.order_id and a.reason = 'PENDING_REFUND_DISCREPANCY'
                )
            """
        ).fetchall()
    )
    orders = owed_of(found, profile)
    left = {
        name: sum((one.total for one in order.documents), Decimal(0)) - sum(one.amount for one in order.payments)
        for name, order in orders.items()
        if name in outstanding
    }
    assert len(left) > ORDERS / 2
    assert left == {name: outstanding[name] for name in left}


def test_every_payment_that_moved_money_is_posted_with_its_rounding(world) -> None:
    profile, conn, found = world
    told = dict(
        conn.execute(
            """
            select o.name, (o.net_payment_shop, o.cash_rounding_paid_shop - o.cash_rounding_refunded_shop)::text
            from shopify.orders as o
            where not o.is_test and o.currency = o.presentment_currency
            """
        ).fetchall()
    )
    for name, order in owed_of(found, profile).items():
        if name in told:
            net, rounding = map(Decimal, told[name].strip("()").split(","))
            assert sum(one.amount for one in order.payments) == net, name
            assert sum(one.rounding for one in order.payments) == rounding, name


def test_a_unit_is_restocked_once_and_never_more_often_than_it_left(world) -> None:
    profile, conn, found = world
    returned = dict(
        conn.execute(
            """
            select l.order_line_id::text, sum(d.quantity)::bigint
            from shopify.reverse_dispositions as d
            inner join shopify.reverse_fulfillment_lines as l using (shop, reverse_fulfillment_line_id)
            where d.disposition_type = 'RESTOCKED'
            group by l.order_line_id
            """
        ).fetchall()
    )
    back: defaultdict[str, int] = defaultdict(int)
    by_disposition: defaultdict[str, int] = defaultdict(int)
    out: defaultdict[str, int] = defaultdict(int)
    stocked: set[str] = set()
    for order in owed_of(found, profile).values():
        stocked |= {line.external_id for line in order.lines}
        for restock in order.restocks:
            for units in restock.units:
                back[units.order_line] += units.quantity
                if restock.external_id.startswith("disposition/"):
                    by_disposition[units.order_line] += units.quantity
        for shipment in order.shipments:
            for units in shipment.units if shipment.cancelled_on is None else ():
                out[units.order_line] += units.quantity
    assert any(returned.values())
    assert by_disposition == {line: units for line, units in returned.items() if line in stocked}
    assert all(units <= out[line] for line, units in back.items())


def test_recognised_by_fulfilment_exactly_what_has_not_left_waits(world) -> None:
    profile, _, found = world
    at_once = balances(owed_of(found, profile))
    later = owed_of(found, profile, "fulfillment")
    left_to_ship = {facts.order.name: any(line.unfulfilled_quantity for line in facts.lines) for facts in found}
    assert {True, False} == set(left_to_ship.values())
    for name, balance in balances(later).items():
        for entry in later[name].entries:
            for line in entry.lines:
                balance[line.account] = balance.get(line.account, Decimal(0)) - line.amount
        if not left_to_ship[name]:
            assert {account: amount for account, amount in balance.items() if amount} == at_once[name], name


def test_an_order_on_net_terms_is_due_so_many_days_after_it_was_placed(world) -> None:
    profile, conn, found = world
    terms = dict(
        conn.execute(
            "select name, payment_due_in_days from shopify.orders where payment_terms_type = 'NET' and not is_test"
        ).fetchall()
    )
    orders = owed_of(found, profile)
    due = {name: order.documents[0].due_on for name, order in orders.items() if order.documents[0].due_on}
    assert due
    assert due == {name: orders[name].on + timedelta(days=days) for name, days in terms.items()}
    assert {facts.order.name for facts in found if facts.order.due_in_days} == set(due)


def test_what_a_company_bought_is_owed_by_the_company_under_its_name(world) -> None:
    profile, conn, found = world
    names = dict(
        conn.execute("select name, company_name from shopify.orders where company_id is not null and not is_test")
    )
    orders = owed_of(found, profile)
    wanted = sorted({order.party for order in orders.values()})
    companies = owed.companies(conn, SHOP, mapping.company_ids(wanted))
    parties = {party.external_id: party for party in mapping.parties(wanted, (), companies)}
    assert names
    for name, company in names.items():
        party = parties[orders[name].party]
        assert party.name == company
        # Redaction takes the street away, never the city.
        assert party.city


@pytest.fixture(scope="module")
def usual(
    postgres, warehouse_template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, list[OrderFacts]]]:
    """A warehouse for worlds of every form, and the usual one as it is owed."""
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as server:
        server.execute(f"create database mapping_variants template {warehouse_template}")
        try:
            dsn = postgres.dsn("mapping_variants")
            with psycopg.connect(dsn) as conn:
                found = world_in_warehouse(conn, tmp_path_factory.mktemp("worlds") / "usual", orders=ORDERS)
            yield dsn, found
        finally:
            server.execute("drop database mapping_variants with (force)")


@pytest.mark.parametrize(("switch", "value"), VARIANTS)
def test_whatever_form_the_ledger_has_the_books_are_the_same(
    switch: str, value: str, usual: tuple[str, list[OrderFacts]], tmp_path: Path
) -> None:
    dsn, expected = usual
    with psycopg.connect(dsn) as conn:
        found = world_in_warehouse(
            conn, tmp_path / "world", orders=ORDERS, variants={switch: value}, shop=f"{switch}.{SHOP}"
        )
    assert balances(owed_of(found)) == balances(owed_of(expected))
    if switch not in UNSEEN:
        assert agreed(found) != agreed(expected), "this world says nothing of the variant"


def agreed(found: list[OrderFacts]) -> list[tuple[object, ...]]:
    """The form of every order's ledger."""
    return [
        (
            facts.order.name,
            row.agreement_type,
            *((sale.total, sale.quantity) for sale in facts.sales if sale.agreement_id == row.agreement_id),
        )
        for facts in found
        for row in facts.agreements
    ]

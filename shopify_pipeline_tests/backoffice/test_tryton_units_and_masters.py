"""Lines, units, parties and companies as Tryton holds them now: what a person changed is read as it was changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shopify_pipeline.backoffice.contract.reading import moved, to_ship
from shopify_pipeline.backoffice.protocol import Order, PartyRow, contact_of
from shopify_pipeline.backoffice.tryton import TrytonBackOffice
from shopify_pipeline.local.tryton import COMPANY, DATABASE, TrytonServer
from shopify_pipeline_tests.backoffice.builders import (
    a_document,
    a_party,
    a_payment,
    a_restock,
    a_shipment,
    an_order,
    an_order_line,
    goods,
    grown,
    open_shop,
    stock_up,
)
from shopify_pipeline_tests.backoffice.companies import company_of, set_up_shop

D = Decimal
Call = Callable[..., Any]
Damage = Callable[[str], None]
LEFT, BACK = date(2026, 3, 6), date(2026, 3, 20)


@pytest.fixture
def damage(tryton_server: TrytonServer) -> Iterator[Damage]:
    """Change the server's tables behind its back: what nobody can do in its client."""

    def change(statement: str) -> None:
        with connection:
            assert connection.execute(statement).rowcount > 0

    connection = sqlite3.connect(tryton_server.home / f"{DATABASE}.sqlite", timeout=30)
    try:
        yield change
    finally:
        connection.close()


def a_sent_order(shop: str) -> Order:
    """Three units of one line and one of another, all but one sent from the east, and one back in the main place."""
    return an_order(
        lines=(an_order_line(1, 3), an_order_line(2, 1)),
        documents=(a_document("1/ORDER", goods("30.00", 3), goods("10.00", 1, line=2)),),
        shipments=(a_shipment(f"fulfillment/{shop}", location="EAST", line_1=2, line_2=1),),
        restocks=(a_restock(f"refund/{shop}", line_1=1),),
    )


def units_that_moved(shop: str, resource: str) -> str:
    """The moves between a warehouse and a customer of one shipment or restock."""
    return (
        f"shipment = (select record from shopify_external where shop = '{shop}' and resource = '{resource}') "
        "and origin like 'sale.line,%'"
    )


@pytest.fixture
def sent(tryton: TrytonBackOffice, shop: str) -> list[tuple[Any, ...]]:
    """A pushed order, and what is read of its units."""
    stock_up(tryton, shop, "EAST", "MAIN")
    tryton.push_orders(shop, [a_sent_order(shop)])
    found = moved(tryton, shop)
    assert found == [
        ("restock", f"refund/{shop}", "order/1", "line/1", "MAIN", D(1), BACK),
        ("shipment", f"fulfillment/{shop}", "order/1", "line/1", "EAST", D(2), LEFT),
        ("shipment", f"fulfillment/{shop}", "order/1", "line/2", "EAST", D(1), LEFT),
    ]
    return found


def test_units_of_a_shipment_that_were_changed_are_read_as_they_are(
    tryton: TrytonBackOffice, shop: str, sent: list[tuple[Any, ...]], damage: Damage
) -> None:
    damage(
        "update stock_move set quantity = 5, internal_quantity = 5 "
        f"where {units_that_moved(shop, 'shipments')} and quantity = 2"
    )

    assert moved(tryton, shop) == [
        sent[0],
        ("shipment", f"fulfillment/{shop}", "order/1", "line/1", "EAST", D(5), LEFT),
        sent[2],
    ]


def test_a_restock_that_is_gone_is_not_read(
    tryton: TrytonBackOffice, shop: str, sent: list[tuple[Any, ...]], damage: Damage
) -> None:
    damage(f"delete from stock_move where {units_that_moved(shop, 'restocks')}")

    assert moved(tryton, shop) == sent[1:]


def test_units_that_left_another_warehouse_on_another_day_are_read_there(
    tryton: TrytonBackOffice, shop: str, sent: list[tuple[Any, ...]], damage: Damage
) -> None:
    damage(
        "update stock_move set effective_date = '2026-03-09', from_location = "
        "(select output_location from stock_location where type = 'warehouse' and code = 'WEST') "
        f"where {units_that_moved(shop, 'shipments')}"
    )

    assert [(place, on) for _, _, _, _, place, _, on in moved(tryton, shop)] == [
        ("MAIN", BACK),
        ("WEST", date(2026, 3, 9)),
        ("WEST", date(2026, 3, 9)),
    ]


def test_a_shipment_a_person_made_is_read_by_its_own_name_and_as_a_change(
    tryton: TrytonBackOffice, shop: str, sent: list[tuple[Any, ...]], as_admin: Call
) -> None:
    since = tryton.health(shop).now
    assert (tryton.order_lines(shop, since), tryton.shipments(shop, since)) == ([], [])
    planned = [("state", "in", ["waiting", "draft"]), ("moves.origin.sale.web_shop.name", "=", shop, "sale.line")]
    (shipment,) = as_admin("model.stock.shipment.out.search", planned, 0, None, None)
    for step in ("wait", "assign_force", "pack", "do"):
        as_admin(f"model.stock.shipment.out.{step}", [shipment])

    by_hand = [row for row in tryton.shipments(shop, since) if row.external_id == f"stock.shipment.out,{shipment}"]

    assert [(row.kind, row.order_id, row.order_line, row.product, row.quantity) for row in by_hand] == [
        ("shipment", "order/1", "line/1", "variant/1", D(1))
    ]
    assert len(moved(tryton, shop)) == len(sent) + 1


def test_a_shipment_that_is_cancelled_later_is_read_again_with_nothing_out(tryton: TrytonBackOffice, shop: str) -> None:
    stock_up(tryton, shop)
    order = an_order(shipments=(a_shipment("fulfillment/1", line_1=2),))
    tryton.push_orders(shop, [order])
    since = tryton.health(shop).now

    cancelled = a_shipment("fulfillment/1", line_1=2, cancelled_on=date(2026, 3, 9))
    tryton.push_orders(shop, [grown(order, shipments=(cancelled,))])

    assert [(row.external_id, row.quantity) for row in tryton.shipments(shop, since)] == [("fulfillment/1", D(0))]


def test_a_line_is_read_with_the_units_and_the_product_a_person_gave_it(
    tryton: TrytonBackOffice, shop: str, damage: Damage
) -> None:
    open_shop(tryton, shop)
    tryton.push_orders(shop, [an_order(lines=(an_order_line(1, 2), an_order_line(2, 1), an_order_line(9, 1)))])
    assert to_ship(tryton, shop) == {
        ("order/1", "line/1", "variant/1"): D(2),
        ("order/1", "line/2", "variant/2"): D(1),
    }
    ours = f"(select s.id from sale_sale s join web_shop w on w.id = s.web_shop where w.name = '{shop}')"

    damage(f"update sale_line set quantity = 7 where shopify_id = 'line/1' and sale in {ours}")
    damage(
        "update sale_line set shopify_id = null, product = "
        f"(select id from product_product where suffix_code = '{shop}-1') where shopify_id = 'line/2'"
        f" and sale in {ours}"
    )

    assert to_ship(tryton, shop) == {("order/1", "line/1", "variant/1"): D(7), ("order/1", "", "variant/1"): D(1)}


def test_a_second_party_of_one_person_is_read_without_an_id_until_it_is_archived(
    tryton: TrytonBackOffice, shop: str, as_admin: Call
) -> None:
    address = f"ada@{shop}"
    tryton.push_parties(shop, [a_party(email=address), a_party("guest", email=None)])
    tryton.push_parties(f"other-{shop}", [a_party(email=address)])
    (ours, guest) = tryton.parties(shop)
    assert ours == PartyRow(external_id="customer/1", record=ours.record, contact=contact_of(address))
    assert (guest.external_id, guest.contact) == ("guest", "")

    mechanisms = [("create", [{"type": "email", "value": address.title()}, {"type": "phone", "value": "+12125550100"}])]
    (made,) = as_admin("model.party.party.create", [{"name": "Ada by hand", "contact_mechanisms": mechanisms}])

    double = PartyRow(external_id="", record=f"party.party,{made}", contact=contact_of(address))
    assert tryton.parties(shop) == [ours, guest, double]
    as_admin("model.party.party.write", [made], {"active": False})
    assert tryton.parties(shop) == [ours, guest]


def test_a_document_and_a_payment_are_found_in_the_company_somebody_moved_them_to(
    tryton: TrytonBackOffice, shop: str, as_admin: Call, damage: Damage
) -> None:
    open_shop(tryton, shop)
    tryton.push_orders(shop, [an_order(payments=(a_payment("11", "21.70"),))])
    yen = company_of(as_admin, "JPY")
    (theirs,) = as_admin("model.company.company.read", [yen], ["party.rec_name"])
    (document,), (payment,) = tryton.documents(shop), tryton.payments(shop)
    assert (document.company, payment.company, tryton.health(shop).company) == (COMPANY,) * 3

    damage(
        f"update account_move set company = {yen} where id = (select move from account_invoice where id = "
        f"{document.record.partition(',')[2]})"
    )
    damage(
        f"update account_move set company = {yen} where 'account.move,' || id = "
        f"(select record from shopify_external where shop = '{shop}' and resource = 'payments')"
    )
    damage(f"update sale_sale set company = {yen} where web_shop = (select id from web_shop where name = '{shop}')")

    assert [row.company for row in tryton.documents(shop)] == [theirs["party."]["rec_name"]]
    assert [row.company for row in tryton.payments(shop)] == [theirs["party."]["rec_name"]]
    assert [row.order_id for row in tryton.orders(shop)] == ["order/1"]


def test_health_names_the_company_of_the_shop(tryton: TrytonBackOffice, shop: str, as_admin: Call) -> None:
    set_up_shop(as_admin, shop, "KWD")

    health = tryton.health(shop)

    assert (health.currency, health.company != COMPANY) == ("KWD", True)

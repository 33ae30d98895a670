"""Units that left and came back, and revenue that waits for them: each rule names the fulfilment, line or restock.

Orders are pushed into a journal; then one side is changed, and only what was changed is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop, Item, Placed
from shopify_pipeline_tests.reconcile.company import NOW, VALUE_MAP
from shopify_pipeline_tests.reconcile.warehouse_rows import BEFORE

HOUR = timedelta(hours=1)
LATE = timedelta(hours=5)
MINE = ("F1", "F2", "F3", "F4", "R4")


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    with connect(warehouse_dsn) as conn:
        yield AShop.opened(conn, tmp_path)


@pytest.fixture
def mug(shop: AShop) -> Item:
    return shop.item()


@pytest.fixture
def order(shop: AShop, mug: Item) -> Placed:
    """Three mugs and a plate."""
    return shop.order((mug, 3, "30.00"), (shop.item("PLATE"), 1, "10.00"))


@pytest.fixture
def parcel(shop: AShop, order: Placed) -> int:
    """All of it left Brooklyn on the 12th."""
    return shop.ship(order, NOON + HOUR, [3, 1])


@pytest.fixture
def refund(shop: AShop, order: Placed, parcel: int) -> int:
    """One mug came back to Brooklyn on the 12th."""
    refund_id, _ = shop.refund(order, NOON + 2 * HOUR, units=1, net="10.00", money="10.50")
    return refund_id


@pytest.fixture
def agreeing(shop: AShop, refund: int) -> AShop:
    agree(shop)
    return shop


def agree(shop: AShop) -> None:
    shop.push()
    shop.snapshot()
    shop.count()


def found(shop: AShop, *rules: str) -> list[tuple[str, str, str, str, Decimal | None]]:
    """(rule, class, entity, key, difference) of what these rules find."""
    shop.reconcile()
    rows = shop.sql(
        "select rule, class, entity, key, difference from recon.breaks "
        "where status = 'open' and rule = any(%(rules)s) order by rule, entity, key",
        rules=list(rules or MINE),
    )
    return [(rule, kind, entity, key, difference) for rule, kind, entity, key, difference in rows]


def test_what_left_and_came_back_agrees(agreeing: AShop) -> None:
    assert found(agreeing) == []
    checked = agreeing.reconcile().checked
    assert [checked[name] for name in ("F1", "F2", "F3", "R4")] == [1, 2, 1, 1]


def test_a_fulfilment_that_left_no_stock_is_missing(agreeing: AShop, order: Placed, parcel: int) -> None:
    agreeing.sql("delete from backoffice.shipments where kind = 'shipment'")

    assert found(agreeing) == [("F1", "missing_backoffice", f"orders/{order.order_id}", str(parcel), Decimal(-4))]


def test_a_fulfilment_of_an_order_that_is_missing_is_no_break_of_its_own(agreeing: AShop) -> None:
    agreeing.sql("delete from backoffice.shipments")
    agreeing.sql("delete from backoffice.orders")

    assert found(agreeing) == []


def test_units_that_left_without_a_fulfilment_are_found(agreeing: AShop, order: Placed, parcel: int) -> None:
    agreeing.sql("update backoffice.shipments set external_id = 'OUT/7' where kind = 'shipment'")

    name = f"orders/{order.order_id}"
    assert found(agreeing) == [
        ("F1", "missing_backoffice", name, str(parcel), Decimal(-4)),
        ("F1", "missing_shopify", name, "OUT/7", Decimal(4)),
    ]


def test_a_fulfilment_that_was_cancelled_in_time_nets_to_nothing(shop: AShop, order: Placed, parcel: int) -> None:
    shop.push()
    cancel(shop, order, parcel)
    agree(shop)

    assert found(shop) == []


def test_units_of_a_cancelled_fulfilment_that_are_still_out_are_found(shop: AShop, order: Placed, parcel: int) -> None:
    agree(shop)
    cancel(shop, order, parcel)
    shop.count()

    assert found(shop) == [("F1", "missing_shopify", f"orders/{order.order_id}", str(parcel), Decimal(4))]


def test_one_unit_too_much_is_found_on_its_line(agreeing: AShop, order: Placed, parcel: int) -> None:
    line = order.line_ids[1]
    agreeing.sql(
        "update backoffice.shipments set quantity = 2 where kind = 'shipment' and order_line_id = %(id)s", id=line
    )

    assert found(agreeing) == [("F2", "quantity_mismatch", f"orders/{order.order_id}", f"{parcel}/{line}", Decimal(1))]


def test_a_line_that_was_left_out_of_a_shipment_is_found(agreeing: AShop, order: Placed, parcel: int) -> None:
    line = order.line_ids[1]
    agreeing.sql("delete from backoffice.shipments where kind = 'shipment' and order_line_id = %(id)s", id=line)

    assert found(agreeing) == [("F2", "quantity_mismatch", f"orders/{order.order_id}", f"{parcel}/{line}", Decimal(-1))]


@pytest.mark.parametrize(("column", "value"), [("location", "WEST"), ("moved_on", date(2026, 11, 13))])
def test_a_shipment_from_the_wrong_place_or_on_the_wrong_day_is_found(
    agreeing: AShop, order: Placed, parcel: int, column: str, value: object
) -> None:
    agreeing.sql(f"update backoffice.shipments set {column} = %(value)s where kind = 'shipment'", value=value)

    assert found(agreeing) == [("F3", "status_mismatch", f"orders/{order.order_id}", str(parcel), None)]


def test_a_fulfilment_of_this_minute_is_in_transit(shop: AShop, order: Placed) -> None:
    shop.push()
    shop.ship(order, NOW - HOUR, [3, 1])
    shop.snapshot()
    shop.count()

    assert [one[:2] for one in found(shop)] == [("F1", "in_transit")]


def test_a_restock_that_was_dropped_is_missing(agreeing: AShop, order: Placed, refund: int) -> None:
    agreeing.sql("delete from backoffice.shipments where kind = 'restock'")

    key = f"{refund}/71/{order.line_ids[0]}"
    assert found(agreeing) == [("R4", "missing_backoffice", f"orders/{order.order_id}", key, Decimal(-1))]


def test_a_restock_nobody_brought_back_is_found(agreeing: AShop, order: Placed, refund: int) -> None:
    agreeing.sql("delete from recon.census_restocks")

    key = f"{refund}/71/{order.line_ids[0]}"
    assert found(agreeing) == [("R4", "missing_shopify", f"orders/{order.order_id}", key, Decimal(1))]


@pytest.mark.parametrize(
    ("change", "kind", "difference"),
    [
        ("quantity = 3", "quantity_mismatch", Decimal(2)),
        ("location = 'WEST'", "status_mismatch", None),
        ("moved_on = '2026-11-14'", "status_mismatch", None),
    ],
)
def test_a_restock_of_other_units_or_elsewhere_is_found(
    agreeing: AShop, order: Placed, refund: int, change: str, kind: str, difference: Decimal | None
) -> None:
    agreeing.sql(f"update backoffice.shipments set {change} where kind = 'restock'")

    key = f"{refund}/71/{order.line_ids[0]}"
    assert found(agreeing) == [("R4", kind, f"orders/{order.order_id}", key, difference)]


def test_a_parcel_that_left_before_go_live_and_was_cancelled_since_came_back(shop: AShop, mug: Item) -> None:
    order = shop.order((mug, 2, "20.00"), at=BEFORE)
    parcel = shop.ship(order, BEFORE + HOUR, [2])
    cancel(shop, order, parcel)
    agree(shop)

    assert shop.sql("select external_id, quantity from backoffice.shipments") == [(f"cancelled/{parcel}", Decimal(2))]
    assert found(shop) == []


def test_an_item_nobody_tracks_neither_leaves_nor_comes_back(shop: AShop) -> None:
    order = shop.order((shop.item("CARD", is_tracked=False), 1, "10.00"), (None, 1, "5.00"))
    shop.ship(order, NOON + HOUR, [1, 1])
    agree(shop)

    assert found(shop) == []


def test_revenue_that_still_waits_when_all_has_left_is_found(shop: AShop, order: Placed, parcel: int) -> None:
    deferring = msgspec.structs.replace(VALUE_MAP, accounts={**VALUE_MAP.accounts, "deferred": "2400"})
    shop.snapshot()
    shop.sql(
        "insert into backoffice.ledger (shop, resource, external_id, order_id, account, amount, booked_on, party) "
        "values (%(shop)s, 'documents', 'sold', %(id)s, '2400', -40, '2026-11-12', ''), "
        "(%(shop)s, 'entries', 'release/1', %(id)s, '2400', 39.99, '2026-11-12', '')",
        id=order.order_id,
    )
    shop.count()

    shop.reconcile(value_map=deferring, recognition="fulfillment")
    waiting = "select class, entity, difference from recon.breaks where rule = 'F4' and status = 'open'"
    assert shop.sql(waiting) == [("amount_mismatch", f"orders/{order.order_id}", Decimal("0.01"))]

    shop.reconcile(value_map=deferring, recognition="order")
    assert shop.sql(waiting) == []


def test_nothing_is_missed_while_units_have_still_to_leave(shop: AShop, order: Placed) -> None:
    deferring = msgspec.structs.replace(VALUE_MAP, accounts={**VALUE_MAP.accounts, "deferred": "2400"})
    shop.snapshot()
    shop.sql(
        "insert into backoffice.ledger (shop, resource, external_id, order_id, account, amount, booked_on, party) "
        "values (%(shop)s, 'documents', 'sold', %(id)s, '2400', -40, '2026-11-12', '')",
        id=order.order_id,
    )
    shop.count()

    shop.reconcile(value_map=deferring, recognition="fulfillment")

    assert shop.sql("select count(*) from recon.breaks where rule = 'F4'") == [(0,)]


def cancel(shop: AShop, order: Placed, parcel: int) -> None:
    """The shop takes a fulfilment back: its units have still to leave."""
    shop.sql(
        "update shopify.fulfillments set status = 'CANCELLED', updated_at = %(at)s where fulfillment_id = %(id)s",
        id=parcel,
        at=NOON + LATE,
    )
    shop.sql(
        "update shopify.order_lines as l set unfulfilled_quantity = l.unfulfilled_quantity + f.quantity "
        "from shopify.fulfillment_lines as f where f.fulfillment_id = %(id)s and f.order_line_id = l.order_line_id",
        id=parcel,
    )
    shop.touch(order.order_id, NOON + LATE)

"""Rows of roots that are gone stay, marked; two sweeps have to miss a root before that, and nothing newer is marked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.warehouse.connect import Connection, connect
from shopify_pipeline.warehouse.loads import Load, Loads
from shopify_pipeline.warehouse.tombstones import Found, find_missing, mark_gone, settle_missing
from shopify_pipeline_tests.reconcile.warehouse_rows import SHOP, insert

READ_AT = datetime(2026, 11, 2, 15, tzinfo=UTC)
SWEPT_AT = READ_AT + timedelta(hours=6)


@dataclass
class Warehouse:
    conn: Connection
    sweeps: int = 0

    def load(self, stream: str, at: datetime) -> Load:
        loads = Loads(self.conn)
        opened = loads.open(shop=SHOP, stream=stream, mode="full", window_from=None, window_to=at, started_at=at)
        loads.mark_landed(opened.load_id, at)
        landed = loads.unfinished(SHOP, stream)
        assert landed is not None
        loads.abandon(landed.load_id)
        return landed

    def sweep(self, stream: str, node: str, *present: str, at: datetime = SWEPT_AT) -> tuple[Found, int]:
        self.sweeps += 1
        return self.settle(self.load(f"{stream}_ids", at), stream, node, *present, at=at)

    def settle(self, load: Load, stream: str, node: str, *present: str, at: datetime = SWEPT_AT) -> tuple[Found, int]:
        with self.conn.transaction():
            found = find_missing(self.conn, load, STREAMS[stream], node, present, begun_at=at)
            return found, settle_missing(self.conn, load, STREAMS[stream], node)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.conn.execute(query).fetchall()  # type: ignore[arg-type]


@pytest.fixture
def warehouse(warehouse_dsn: str) -> Iterator[Warehouse]:
    with connect(warehouse_dsn) as conn:
        yield Warehouse(conn)


def read(warehouse: Warehouse, table: str, at: datetime = READ_AT, **values: Any) -> None:
    observed = (
        {"_observed_at": at, "updated_at": READ_AT} if table in ("orders", "inventory_levels", "products") else {}
    )
    insert(warehouse.conn, table, **observed, **values)


def test_a_root_that_is_gone_is_marked_with_all_its_rows_and_owed_to_the_back_office(warehouse: Warehouse) -> None:
    read(warehouse, "orders", order_id=1)
    read(warehouse, "orders", order_id=2)
    read(warehouse, "order_tags", order_id=1, position=0)
    read(warehouse, "order_tags", order_id=2, position=0)
    load = warehouse.load("orders", SWEPT_AT)

    with warehouse.conn.transaction():
        marked = mark_gone(warehouse.conn, load, STREAMS["orders"], "Order", ["1", "77"])

    assert marked == 1
    assert warehouse.rows("select order_id, _deleted, _load_id = 1 from shopify.orders order by 1") == [
        (1, True, load.load_id == 1),
        (2, False, True),
    ]
    assert warehouse.rows("select order_id, _deleted from shopify.order_tags order by 1") == [(1, True), (2, False)]
    assert warehouse.rows("select resource, external_id from ops.dirty") == [("orders", "1")]


def test_what_was_read_after_it_was_seen_to_be_gone_is_not_marked(warehouse: Warehouse) -> None:
    read(warehouse, "orders", order_id=1, at=SWEPT_AT + timedelta(seconds=1))
    load = warehouse.load("orders", SWEPT_AT)

    with warehouse.conn.transaction():
        assert mark_gone(warehouse.conn, load, STREAMS["orders"], "Order", ["1"]) == 0

    assert warehouse.rows("select _deleted from shopify.orders") == [(False,)]


def test_only_the_second_sweep_in_a_row_that_misses_a_root_marks_it(warehouse: Warehouse) -> None:
    for number in (1, 2, 3):
        read(warehouse, "orders", order_id=number)

    assert warehouse.sweep("orders", "Order", "1", "3") == (Found(present=2, held=3, missing=1), 0)
    assert warehouse.sweep("orders", "Order", "1", "3") == (Found(present=2, held=3, missing=1), 1)

    assert warehouse.rows("select order_id from shopify.orders where _deleted") == [(2,)]
    assert warehouse.rows("select * from ops.missing") == []
    assert warehouse.sweep("orders", "Order", "1", "3") == (Found(present=2, held=2, missing=0), 0)


def test_one_sweep_that_is_settled_twice_is_no_second_sweep(warehouse: Warehouse) -> None:
    read(warehouse, "orders", order_id=1)
    load = warehouse.load("orders_ids", SWEPT_AT)

    gone = [warehouse.settle(load, "orders", "Order")[1] for _ in range(2)]

    assert gone == [0, 0]
    assert warehouse.rows("select order_id from shopify.orders where _deleted") == []
    assert warehouse.sweep("orders", "Order")[1] == 1


def test_a_root_that_is_found_again_is_forgotten_as_missing(warehouse: Warehouse) -> None:
    read(warehouse, "orders", order_id=1)

    warehouse.sweep("orders", "Order")
    warehouse.sweep("orders", "Order", "1")
    _, gone = warehouse.sweep("orders", "Order")

    assert gone == 0
    assert warehouse.rows("select root_id from ops.missing") == [("1",)]


def test_a_root_read_since_the_sweep_began_is_not_judged_by_it(warehouse: Warehouse) -> None:
    read(warehouse, "orders", order_id=1, at=SWEPT_AT)

    assert warehouse.sweep("orders", "Order") == (Found(present=0, held=0, missing=0), 0)


def test_a_level_is_known_by_its_number_and_its_item(warehouse: Warehouse) -> None:
    for item in (10, 11):
        read(warehouse, "inventory_levels", inventory_level_id=5, inventory_item_id=item, location_id=1, available=3)

    for _ in range(2):
        warehouse.sweep("inventory", "InventoryLevel", "5?inventory_item_id=11")

    assert warehouse.rows("select inventory_item_id, _deleted from shopify.inventory_levels order by 1") == [
        (10, True),
        (11, False),
    ]
    assert warehouse.rows("select inventory_item_id, available, _deleted from shopify.inventory_levels_history") == [
        (10, 3, True)
    ]
    assert warehouse.rows("select external_id from ops.dirty") == [("5?inventory_item_id=10",)]


def test_tracked_values_of_children_get_a_last_marked_line_in_their_history(warehouse: Warehouse) -> None:
    read(warehouse, "products", product_id=7)
    read(warehouse, "variants", product_id=7, variant_id=70, price=4)
    load = warehouse.load("products", SWEPT_AT)

    with warehouse.conn.transaction():
        mark_gone(warehouse.conn, load, STREAMS["products"], "Product", ["7"])

    assert warehouse.rows("select variant_id, price::int, _deleted from shopify.variants_history") == [(70, 4, True)]

"""What the shop deletes becomes a tombstone: by a hint that a read confirms, or by two sweeps when no hint came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline.steps.from_landing import replay_all
from shopify_pipeline.steps.sweep import TooManyMissingError
from shopify_pipeline.warehouse.loads import Loads
from shopify_pipeline_tests.shopify.sandboxed import SHOP
from shopify_pipeline_tests.webhooks.hinted import HintedShop, hinted_shop

STREAMS = ("products", "inventory", "customers", "orders", "fulfillment_orders")


@dataclass
class Shop:
    """A shop that deletes, and a pipeline that follows it."""

    hinted: HintedShop

    @property
    def store(self) -> Any:
        return self.hinted.store.sandbox.store

    def sync(self) -> None:
        self.hinted.wait_for(lambda: not self.hinted.store.sandbox.webhooks.deliveries.waiting())
        for stream in STREAMS:
            self.hinted.pipeline().sync(stream)

    def sweep(self, stream: str, **options: Any) -> int:
        return sum(each.gone for each in self.hinted.pipeline().sweep(stream, **options) or ())

    def let(self, name: str) -> None:
        self.store.advance(happen={name: 1})
        self.store.advance(hours=1)

    def gone(self, table: str) -> set[int]:
        key = self.hinted.rows(f"select {table[:-1]}_id from shopify.{table} where _deleted")
        return {row[0] for row in key}


@pytest.fixture
def shop(tmp_path: Path, warehouse_dsn: str) -> Iterator[Shop]:
    with hinted_shop(tmp_path, warehouse_dsn, orders=40, mix="full") as hinted:
        shop = Shop(hinted)
        shop.sync()
        yield shop


def deleted(shop: Shop, registry: str, happening: str) -> int:
    """Let one record be deleted, and give its id."""
    before = set(getattr(shop.store.state, registry))
    shop.let(happening)
    (number,) = before - set(getattr(shop.store.state, registry))
    return number


def test_a_deletion_that_a_hint_tells_of_is_asked_for_and_marked(shop: Shop) -> None:
    shop.hinted.pipeline().subscribe()
    order = deleted(shop, "orders", "delete_order")

    shop.sync()

    assert shop.gone("orders") == {order}
    kept = f"select count(*) from shopify.order_lines where order_id = {order} and not _deleted"
    assert shop.hinted.rows(kept) == [(0,)]
    assert shop.hinted.rows(
        f"select count(*) from ops.dirty where resource = 'orders' and external_id = '{order}'"
    ) == [(1,)]


def test_a_deletion_is_merged_at_once_though_a_window_was_interrupted_before(shop: Shop) -> None:
    pipeline = shop.hinted.pipeline()
    pipeline.subscribe()
    order = deleted(shop, "orders", "delete_order")
    shop.hinted.wait_for(lambda: not shop.hinted.store.sandbox.webhooks.deliveries.waiting())
    with pipeline.connect() as conn:
        loads = Loads(conn)
        at = loads.cursor(SHOP, "orders")
        assert at is not None
        opened = {"shop": SHOP, "stream": "orders", "window_from": at, "window_to": at, "started_at": at}
        window = loads.open(mode="window", **opened)
        loads.open(mode="roots", **opened)

    landed = pipeline.extract("orders")

    assert landed is not None
    assert landed.load_id == window.load_id
    assert shop.gone("orders") == {order}
    later = f"select mode, state from ops.loads where load_id >= {window.load_id} order by load_id"
    assert shop.hinted.rows(later) == [
        ("window", "landed"),
        ("roots", "abandoned"),
        ("roots", "merged"),
    ]


def test_a_false_hint_marks_nothing(shop: Shop) -> None:
    shop.hinted.pipeline().subscribe()
    order = next(iter(shop.store.state.orders))
    shop.hinted.store.sandbox.trigger("orders/delete", f"gid://shopify/Order/{order}")

    shop.sync()

    assert shop.gone("orders") == set()
    assert shop.hinted.rows("select count(*) from ops.loads where mode = 'roots' and state = 'merged'") != [(0,)]


def test_a_deletion_nobody_told_of_is_found_by_the_second_sweep(shop: Shop) -> None:
    order = deleted(shop, "orders", "delete_order")

    shop.sync()
    assert shop.gone("orders") == set()
    assert (shop.sweep("orders"), shop.gone("orders")) == (0, set())
    assert (shop.sweep("orders"), shop.gone("orders")) == (1, {order})


def test_more_missing_than_a_shop_deletes_marks_nothing_and_says_what_to_look_at(shop: Shop) -> None:
    with shop.hinted.pipeline().connect() as conn:
        # Customers nobody has in the shop: as if the app had lost the right to see them.
        conn.execute(
            "insert into shopify.customers select copy.* from shopify.customers as c, "
            "jsonb_populate_record(c, jsonb_build_object('customer_id', c.customer_id + 1)) as copy"
        )
        conn.commit()

    shop.store.advance(hours=1)

    for _ in range(2):
        with pytest.raises(TooManyMissingError, match="doctor"):
            shop.sweep("customers")

    assert shop.gone("customers") == set()
    assert shop.hinted.rows("select count(*) from ops.missing") == [(0,)]
    assert shop.sweep("customers", share_max=1.0) == 0
    assert shop.sweep("customers", share_max=1.0) > 5


def test_orders_whose_line_names_a_deleted_product_are_read_again(shop: Shop) -> None:
    shop.hinted.pipeline().subscribe()
    product = deleted(shop, "products", "delete_product")
    named = f"select count(*) from shopify.order_lines where product_id = {product} and not _deleted"

    shop.sync()
    shop.sync()

    assert shop.gone("products") == {product}
    assert shop.hinted.rows(named) == [(0,)]
    assert shop.hinted.rows("select count(*) from ops.reread") == [(0,)]


def test_what_was_stocked_of_a_deleted_variant_goes_with_it(shop: Shop) -> None:
    items = set(shop.store.state.items)
    shop.let("delete_variant")
    (item,) = items - set(shop.store.state.items)

    # No hint tells of it: the product is read again, then its item is asked for, then what names the item.
    for _ in range(2):
        shop.sync()

    rows = shop.hinted.rows
    assert rows("select inventory_item_id from shopify.inventory_items where _deleted") == [(item,)]
    assert rows(f"select bool_and(_deleted) from shopify.inventory_levels where inventory_item_id = {item}") == [
        (True,)
    ]
    named = f"select count(*) from shopify.fulfillment_order_lines where inventory_item_id = {item} and not _deleted"
    assert rows(named) == [(0,)]


def test_what_is_gone_is_also_gone_after_everything_was_rebuilt_from_landing(shop: Shop) -> None:
    shop.hinted.pipeline().subscribe()
    deleted(shop, "orders", "delete_order")
    shop.sync()
    shop.hinted.store.sandbox.webhooks.stop()
    deleted(shop, "orders", "delete_order")
    for _ in range(2):
        shop.sweep("orders")
    held = "select order_id, _deleted, _load_id, _loaded_at from shopify.orders order by 1"
    before = shop.hinted.rows(held)
    assert sum(row[1] for row in before) == 2

    replay_all(shop.hinted.pipeline())

    assert shop.hinted.rows(held) == before

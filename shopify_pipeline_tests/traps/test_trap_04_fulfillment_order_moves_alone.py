"""Trap 4: a fulfillment order changes and its order's stamp does not: who reads them with their orders misses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.pages import Body, PageReader
from shopify_pipeline.shopify.streams import RootReading
from shopify_pipeline.shopify.windows import Window
from shopify_pipeline.steps.changes import watermarks
from shopify_pipeline_tests.traps.followed import FollowedShop, followed_shop
from shopify_sandbox.world.routing import fulfillment_orders

MOVES_ALONE = ("hold_fulfillment_order", "schedule_fulfillment_order", "move_fulfillment_order")


@pytest.fixture
def shop(tmp_path: Path, warehouse_dsn: str) -> Iterator[FollowedShop]:
    with followed_shop(tmp_path, warehouse_dsn, orders=60) as running:
        yield running


def held(shop: FollowedShop) -> set[tuple[Any, ...]]:
    """Every fulfillment order, closed ones too, as the store has it."""
    return {
        (one.id, one.order.id, one.status, one.location.id, one.updated_at)
        for order in shop.orders
        for one in fulfillment_orders(order)
    }


def loaded(shop: FollowedShop) -> set[tuple[Any, ...]]:
    columns = "fulfillment_order_id, order_id, status, location_id, updated_at"
    return set(shop.rows(f"select {columns} from shopify.fulfillment_orders"))


@pytest.mark.parametrize("threshold", [1, 10_000], ids=["bulk", "pages"])
def test_closed_fulfillment_orders_are_read_with_the_open_ones(threshold: int, shop: FollowedShop) -> None:
    shop.read(bulk_threshold=threshold)
    shop.sync("fulfillment_orders")
    assert loaded(shop) == held(shop)
    assert {status for _, _, status, _, _ in loaded(shop)} >= {"OPEN", "CLOSED"}


def test_what_moves_without_its_order_is_noticed_and_read(shop: FollowedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.sync("orders")
    shop.sync("fulfillment_orders")
    stamps = {order.id: order.updated_at for order in shop.orders}

    def check(happening: str) -> None:
        before, since = held(shop), shop.store.now
        shop.store.advance(happen={happening: 1})
        assert held(shop) != before
        assert {order.id: order.updated_at for order in shop.orders} == stamps
        assert watermarks(shop.pipeline.api, dict.fromkeys(STREAMS, since))["fulfillment_orders"] > since
        assert shop.sync("orders").new_versions == 0
        assert shop.sync("fulfillment_orders").new_versions > 0
        assert loaded(shop) == held(shop)

    for happening in MOVES_ALONE:
        check(happening)
    window = PageReader.window

    def with_their_orders(
        self: PageReader, reading: RootReading, within: Window, *, counted: int | None
    ) -> Iterator[Body]:
        """Read those whose orders changed in the window, as the children of an order."""
        for body in window(self, reading, within, counted=counted):
            answer = json.loads(body.raw)
            connection = answer["data"].get("fulfillmentOrders")
            if connection is not None:
                since = within.since
                assert since is not None
                changed = [node for node in connection["nodes"] if stamps[int(node["orderId"].split("/")[-1])] >= since]
                connection["nodes"] = changed
            yield replace(body, raw=json.dumps(answer).encode())

    monkeypatch.setattr(PageReader, "window", with_their_orders)
    with pytest.raises(AssertionError):
        check("release_fulfillment_order")

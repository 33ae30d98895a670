"""Records that change while a window is read, and an index that learns of changes late: nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline.shopify.answers import Answer
from shopify_pipeline.shopify.queries import Operation
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.steps.verify import compare
from shopify_pipeline_tests.shopify.sandboxed import SHOP, SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import pipeline_of, shop_settings
from shopify_sandbox.store import Store
from shopify_sandbox.truth import truth
from shopify_sandbox.world.evolution import FITS

PAGE_SIZE = 10
OF_ORDERS = ("orders", "order_lines", "order_agreements", "order_sales", "order_transactions", "fulfillment_lines")
LAG_SECONDS = 300
#: How far apart the increments are: less than the index is late.
STEP_HOURS = 0.05


@dataclass
class Moving:
    """A shop that goes on living and a pipeline that follows it."""

    shop: SandboxShop
    pipeline: Pipeline

    @property
    def store(self) -> Store:
        return self.shop.sandbox.store

    def set_extract(self, **settings: int) -> None:
        extract = self.pipeline.settings.extract.model_copy(update=settings)
        self.pipeline.settings = self.pipeline.settings.model_copy(update={"extract": extract})

    def sync(self) -> None:
        self.pipeline.extract("orders")
        self.pipeline.load("orders")

    def loaded(self) -> dict[int, str]:
        """When each order in the warehouse was last changed."""
        with self.pipeline.connect() as conn:
            rows = conn.execute("select order_id, updated_at from shopify.orders").fetchall()
        return {number: at.isoformat() for number, at in rows}

    def held(self) -> dict[int, str]:
        """When each order in the store was last changed."""
        return {number: order.updated_at.isoformat() for number, order in self.store.state.orders.items()}

    def different(self) -> list[str]:
        """Tables of the orders that are not what the store's own auditor says."""
        tables = truth(self.shop.sandbox.state)["tables"]
        with self.pipeline.connect() as conn:
            compared = compare(conn, SHOP, {name: tables[name] for name in OF_ORDERS})
        return [each.table for each in compared if each.differs]


@pytest.fixture
def moving(tmp_path: Path, warehouse_dsn: str) -> Iterator[Moving]:
    with sandbox_shop(tmp_path / "shop", orders=30) as shop:
        moving = Moving(shop, pipeline_of(tmp_path, warehouse_dsn, shop_settings(shop)))
        moving.set_extract(page_size=PAGE_SIZE)
        yield moving


def after_first_page(moving: Moving, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen in the shop once its first page of orders has been read."""
    execute, left = moving.pipeline.api.execute, [happens]

    def watched(document: Operation, variables: Mapping[str, object] | None = None) -> Answer:
        answer = execute(document, variables)
        if document.name == "OrdersPage" and left:
            left.pop()()
        return answer

    monkeypatch.setattr(moving.pipeline.api, "execute", watched)


def some_order(moving: Moving, page: slice, action: str) -> Any:
    """An order on a part of the list as the window sorts it, which an action fits."""
    by_change = sorted(moving.store.state.orders.values(), key=lambda order: (order.updated_at, order.id))
    return next(order for order in by_change[page] if FITS[action](order))


def test_an_order_that_changes_between_two_pages_is_read_by_the_next_window(
    moving: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = some_order(moving, slice(PAGE_SIZE), "refund")
    unread = some_order(moving, slice(PAGE_SIZE, None), "fulfill")

    def change() -> None:
        moving.store.advance(refund=1, order=read.name)
        moving.store.advance(fulfill=1, order=unread.name)
        moving.store.advance(new_orders=1)

    after_first_page(moving, monkeypatch, change)
    moving.sync()
    # It moved behind the end of the window before its page came: this window cannot have it.
    assert unread.id not in moving.loaded()
    assert len(moving.loaded()) == 29
    moving.sync()
    assert moving.loaded() == moving.held()
    assert len(moving.held()) == 31
    assert moving.different() == []


def test_a_cursor_that_is_the_time_reading_ended_would_lose_that_order(
    moving: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    unread = some_order(moving, slice(PAGE_SIZE, None), "fulfill")
    after_first_page(moving, monkeypatch, lambda: moving.store.advance(fulfill=1, order=unread.name))
    moving.sync()
    moving.store.advance(hours=1)
    moving.pipeline.rewind("orders", moving.store.now)
    moving.sync()
    assert set(moving.held()) - set(moving.loaded()) == {unread.id}


def increments(moving: Moving) -> None:
    """Follow a busy shop whose index is late, until it has been quiet for long enough to have told everything."""
    moving.shop.sandbox.settings.change({"index_lag_seconds": LAG_SECONDS})
    for _ in range(5):
        moving.store.advance(new_orders=2, fulfill=1, refund=1, hours=STEP_HOURS)
        moving.sync()
    for _ in range(3):
        moving.store.advance(hours=STEP_HOURS)
        moving.sync()


def test_an_index_five_minutes_late_loses_nothing_behind_an_overlap_of_ten(moving: Moving) -> None:
    assert moving.pipeline.extract_config.overlap_seconds == 600
    increments(moving)
    assert moving.loaded() == moving.held()
    assert moving.different() == []


def test_an_index_five_minutes_late_loses_orders_without_an_overlap(moving: Moving) -> None:
    moving.set_extract(overlap_seconds=0)
    increments(moving)
    assert set(moving.held()) - set(moving.loaded())
    assert "orders" in moving.different()

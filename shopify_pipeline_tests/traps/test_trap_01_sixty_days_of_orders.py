"""Trap 1: without ``read_all_orders`` Shopify shows 60 days of orders, and the sync "succeeds" with a part of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from shopify_pipeline.errors import AccessDeniedError
from shopify_pipeline.shopify import access
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.shopify.sandboxed import SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import pipeline_of, shop_settings

OLD, NEW = 6, 2
SIXTY_ONE_DAYS_HOURS = 61 * 24


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SandboxShop]:
    """A store with orders on both sides of the window, whose app lacks ``read_all_orders``."""
    with sandbox_shop(tmp_path / "store", orders=OLD) as running:
        sandbox = running.sandbox
        sandbox.clock.advance(hours=SIXTY_ONE_DAYS_HOURS)
        sandbox.clock.advance(new_orders=NEW)
        sandbox.tokens.set_scopes([scope for scope in access.least_privilege() if scope != access.ALL_ORDERS])
        yield running


def test_the_error_names_the_scope_and_what_to_do(store: SandboxShop, tmp_path: Path, warehouse_dsn: str) -> None:
    with pytest.raises(AccessDeniedError, match="lacks the scopes read_all_orders: grant them and install it again"):
        pipeline_of(tmp_path, warehouse_dsn, shop_settings(store)).introduce()


def test_a_part_of_the_orders_is_never_taken_for_all_of_them(
    store: SandboxShop, tmp_path: Path, warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check() -> None:
        pipeline = pipeline_of(tmp_path, warehouse_dsn, shop_settings(store))
        with suppress(AccessDeniedError):
            pipeline.extract("orders")
            pipeline.load("orders")
        with connect(warehouse_dsn) as conn:
            ((loaded,),) = conn.execute("select count(*) from shopify.orders").fetchall()
        assert loaded in (0, OLD + NEW)

    check()
    monkeypatch.setattr(access, "missing", lambda granted: [])
    with pytest.raises(AssertionError):
        check()


def test_with_the_scope_all_orders_arrive(store: SandboxShop, tmp_path: Path, warehouse_dsn: str) -> None:
    store.sandbox.tokens.set_scopes(access.least_privilege())
    pipeline = pipeline_of(tmp_path, warehouse_dsn, shop_settings(store))
    pipeline.extract("orders")
    pipeline.load("orders")
    with connect(warehouse_dsn) as conn:
        assert conn.execute("select count(*) from shopify.orders").fetchone() == (OLD + NEW,)

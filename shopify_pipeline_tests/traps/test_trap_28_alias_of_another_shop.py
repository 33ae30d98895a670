"""Trap 28: a shop's old address answers for another shop, whose data is then taken for this one's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from shopify_pipeline.errors import UnsafeAnswerError
from shopify_pipeline.shopify.client import AdminApi, ShopInfo
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.shopify.sandboxed import SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import TIME_ZONE, pipeline_of, shop_settings

OTHER = "somebody-else.myshopify.com"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SandboxShop]:
    """A store behind whose address another shop answers."""
    with sandbox_shop(tmp_path / "store", orders=5) as running:
        running.sandbox.settings.change({"answers_as": OTHER})
        yield running


def believing(api: AdminApi) -> ShopInfo:
    """What a client knows that does not ask who answers."""
    return ShopInfo("Some shop", api.shop, TIME_ZONE, "USD", "Basic", api.clock.now(), ())


def test_the_error_names_who_answered_and_what_to_set(store: SandboxShop, tmp_path: Path, warehouse_dsn: str) -> None:
    with pytest.raises(UnsafeAnswerError, match=f"{OTHER} answered: set the shop's permanent domain"):
        pipeline_of(tmp_path, warehouse_dsn, shop_settings(store)).introduce()


def test_nothing_of_another_shop_is_read_landed_or_loaded(
    store: SandboxShop, tmp_path: Path, warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check() -> None:
        pipeline = pipeline_of(tmp_path, warehouse_dsn, shop_settings(store))
        with suppress(UnsafeAnswerError):
            pipeline.extract("customers")
            pipeline.load("customers")
        with connect(warehouse_dsn) as conn:
            assert conn.execute("select count(*) from shopify.customers").fetchone() == (0,)
            assert conn.execute("select count(*) from ops.loads").fetchone() == (0,)
        asked = [entry["operation"] for entry in store.sandbox.requests.read() if entry["kind"] == "graphql"]
        assert set(asked) == {"ShopCheck"}
        assert not (tmp_path / "landing").exists() or not list((tmp_path / "landing").iterdir())

    check()
    monkeypatch.setattr(AdminApi, "check_shop", believing)
    with pytest.raises(AssertionError):
        check()


def test_another_shop_is_not_subscribed_for_our_webhooks(
    store: SandboxShop, tmp_path: Path, warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(pipeline: Pipeline) -> None:
        with suppress(UnsafeAnswerError):
            pipeline.subscribe()
        assert store.sandbox.webhooks.subscriptions() == []

    settings = shop_settings(store, webhook_uri="https://hooks.example.com/webhooks")
    check(pipeline_of(tmp_path, warehouse_dsn, settings))
    monkeypatch.setattr(AdminApi, "check_shop", believing)
    with pytest.raises(AssertionError):
        check(pipeline_of(tmp_path, warehouse_dsn, settings))

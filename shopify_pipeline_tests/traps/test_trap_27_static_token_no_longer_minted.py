"""Trap 27: a connector that only knows static tokens cannot be set up any more, for Shopify makes none since 2026."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shopify_pipeline.errors import AccessDeniedError, PermanentError
from shopify_pipeline.shopify.tokens import StaticToken, TokenProvider
from shopify_pipeline.steps.doctor import examine
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline_tests.shopify.sandboxed import CREDENTIALS, SHOP, SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import pipeline_of, rotating, shop_settings

NO_DATABASE = "postgresql://nobody:nothing@127.0.0.1:1/none"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxShop]:
    with sandbox_shop(tmp_path_factory.mktemp("store"), orders=5) as running:
        yield running


def test_client_id_and_secret_are_all_a_shop_needs(
    store: SandboxShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warehouse_dsn: str
) -> None:
    def check() -> None:
        pipeline = pipeline_of(tmp_path, warehouse_dsn, shop_settings(store))
        try:
            shop = pipeline.ask_shop().myshopify_domain
        except PermanentError as exc:
            raise AssertionError("the shop cannot be read with what Shopify gives out today") from exc
        assert shop == SHOP

    check()

    def only_static(pipeline: Pipeline, session: object) -> TokenProvider:
        return StaticToken(CREDENTIALS.client_secret)

    monkeypatch.setattr(Pipeline, "_tokens", only_static)
    with pytest.raises(AssertionError):
        check()


def test_a_public_app_whose_static_token_is_refused_goes_on_with_a_rotating_one(
    store: SandboxShop, tmp_path: Path, warehouse_dsn: str
) -> None:
    static = shop_settings(store, access_token=store.sandbox.tokens.create_static())
    assert pipeline_of(tmp_path, warehouse_dsn, static).ask_shop().myshopify_domain == SHOP
    store.sandbox.settings.change({"public_app": True})
    try:
        with pytest.raises(AccessDeniedError, match="a public app needs a token that expires"):
            pipeline_of(tmp_path, warehouse_dsn, static).ask_shop()
        assert pipeline_of(tmp_path, warehouse_dsn, rotating(tmp_path, store)).ask_shop().myshopify_domain == SHOP
    finally:
        store.sandbox.settings.change({"public_app": False})


def test_doctor_warns_of_a_static_token_before_it_is_missed(store: SandboxShop, tmp_path: Path) -> None:
    def token_finding(settings: dict[str, object]) -> tuple[str, str]:
        findings = examine(pipeline_of(tmp_path, NO_DATABASE, settings))
        return next((each.state, each.message) for each in findings if each.what == "token")

    state, message = token_finding(shop_settings(store, access_token=store.sandbox.tokens.create_static()))
    assert state == "warn"
    assert "set client_id and client_secret_file instead" in message
    assert token_finding(shop_settings(store))[0] == "ok"

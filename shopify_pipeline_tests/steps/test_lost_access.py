"""A shop that took our access away fails for good, at once, and alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shopify_pipeline.config import Settings
from shopify_pipeline.errors import ShopAccessLostError
from shopify_pipeline.ops.status import status
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline.warehouse.loads import Loads
from shopify_pipeline_tests.shopify.sandboxed import SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import shop_settings

LOST, OTHER = "lost.myshopify.com", "other.myshopify.com"


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[dict[str, SandboxShop]]:
    """Two shops of one merchant."""
    with ExitStack() as stack:
        yield {
            domain: stack.enter_context(sandbox_shop(tmp_path / domain, orders=8, domain=domain))
            for domain in (LOST, OTHER)
        }


@pytest.fixture
def settings(tmp_path: Path, warehouse_dsn: str, stores: dict[str, SandboxShop]) -> Settings:
    shops = {domain.split(".")[0]: shop_settings(store, domain=domain) for domain, store in stores.items()}
    return Settings(home=tmp_path, warehouse={"dsn": warehouse_dsn}, shops=shops)


def pipeline(settings: Settings, domain: str) -> Pipeline:
    return Pipeline(settings, domain, progress=lambda line: None)


def asked(store: SandboxShop, kind: str) -> int:
    return sum(entry["kind"] == kind for entry in store.sandbox.requests.read())


def test_an_uninstalled_app_fails_its_shop_at_once_and_leaves_the_other_shop_alone(
    settings: Settings, stores: dict[str, SandboxShop], warehouse_dsn: str
) -> None:
    for domain in (LOST, OTHER):
        pipeline(settings, domain).extract("customers")
        pipeline(settings, domain).load("customers")
    with connect(warehouse_dsn) as conn:
        read_up_to = Loads(conn).cursor(LOST, "customers")
    running = pipeline(settings, LOST)
    running.ask_shop()
    stores[LOST].sandbox.tokens.uninstall()
    requests, grants = asked(stores[LOST], "graphql"), asked(stores[LOST], "oauth")

    with pytest.raises(ShopAccessLostError, match="not installed on this shop: install it"):
        running.extract("customers")

    assert asked(stores[LOST], "graphql") - requests == 1
    assert asked(stores[LOST], "oauth") - grants == 1
    with connect(warehouse_dsn) as conn:
        assert Loads(conn).cursor(LOST, "customers") == read_up_to
        assert "not installed on this shop" in str(status(conn, LOST, datetime.now(UTC)))

    stores[OTHER].sandbox.store.advance(customer_update=2)
    other = pipeline(settings, OTHER)
    assert other.extract("customers").roots > 0
    assert other.load("customers") is not None


def test_a_token_refused_in_the_middle_of_a_stream_is_lost_access_too_and_status_says_so(
    settings: Settings, stores: dict[str, SandboxShop], warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = pipeline(settings, LOST)
    scopes_of = stores[LOST].sandbox.tokens.scopes_of
    requests: list[str | None] = []

    def two_times(token: str | None) -> frozenset[str] | None:
        requests.append(token)
        return scopes_of(token) if len(requests) <= 2 else None

    monkeypatch.setattr(stores[LOST].sandbox.tokens, "scopes_of", two_times)
    with pytest.raises(ShopAccessLostError, match=f"{LOST} refused a fresh access token too"):
        running.extract("customers")

    assert len(requests) == 4
    assert requests[2] != requests[3]
    with connect(warehouse_dsn) as conn:
        report = str(status(conn, LOST, datetime.now(UTC)))
    assert "refused a fresh access token too" in report

"""Every stream of a rich shop on its way into the warehouse: what was received is there, nothing is withheld."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify import pages
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.shopify.streams import READINGS
from shopify_pipeline.shopify.windows import Window
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline_tests.shopify.sandboxed import SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import pipeline_of, shop_settings
from shopify_sandbox.search import paging
from shopify_sandbox.world.tender import of_state

MakePipeline = Callable[..., Pipeline]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxShop]:
    with sandbox_shop(tmp_path_factory.mktemp("shop"), orders=150, mix="full") as running:
        running.sandbox.tokens.set_scopes(least_privilege())
        yield running


@pytest.fixture
def pipeline(shop: SandboxShop, tmp_path: Path, warehouse_dsn: str) -> MakePipeline:
    return lambda **settings: pipeline_of(tmp_path, warehouse_dsn, shop_settings(shop, **settings))


def rows(pipeline: Pipeline, query: str) -> list[Any]:
    with pipeline.connect() as conn:
        return conn.execute(query).fetchall()  # type: ignore[arg-type]


@pytest.mark.parametrize("stream", STREAMS)
def test_whatever_is_received_is_loaded_and_read_again_it_is_no_new_version(
    stream: str, pipeline: MakePipeline
) -> None:
    running = pipeline()
    assert running.extract(stream) is not None
    loaded = running.load(stream)
    assert loaded is not None
    assert rows(running, "select root_type, rule, path, message from ops.quarantine") == []
    assert loaded.received == loaded.loaded + loaded.superseded > 0
    running.extract(stream)
    again = running.load(stream)
    assert again is not None
    assert again.new_versions == 0


def of_state_metafields(shop: SandboxShop, owners: str, name: str) -> dict[int, str]:
    """Value of one metafield by its owner, as the store holds it."""
    return {
        owner.id: field.value
        for owner in getattr(shop.sandbox.store.state, owners).values()
        for field in owner.metafields
        if f"{field.namespace}.{field.key}" == name
    }


@pytest.mark.parametrize("threshold", [1, 1000], ids=["bulk", "pages"])
@pytest.mark.parametrize(
    ("stream", "owner", "name"), [("products", "product", "custom.care"), ("customers", "customer", "custom.vip")]
)
def test_the_metafields_a_shop_names_are_read_with_their_owner_and_no_others_are(
    stream: str, owner: str, name: str, threshold: int, shop: SandboxShop, pipeline: MakePipeline
) -> None:
    expected = of_state_metafields(shop, stream, name)
    assert expected
    running = pipeline(metafields={stream: [name]})
    extract = running.settings.extract.model_copy(update={"bulk_threshold": threshold})
    running.settings = running.settings.model_copy(update={"extract": extract})
    running.sync(stream)
    found = rows(running, f"select {owner}_id, value, namespace || '.' || key from shopify.{owner}_metafields")
    assert {owner_id: value for owner_id, value, _ in found} == expected
    assert {each for _, _, each in found} == {name}


def test_a_shop_that_names_no_metafields_asks_for_none(shop: SandboxShop, pipeline: MakePipeline) -> None:
    running = pipeline()
    running.sync("products")
    assert rows(running, "select count(*) from shopify.product_metafields") == [(0,)]


@pytest.mark.parametrize("metafields", [{"products": ["no_namespace"]}, {"payouts": ["custom.a"]}])
def test_a_metafield_without_namespace_or_owner_is_refused_before_anything_runs(
    metafields: dict[str, list[str]], pipeline: MakePipeline
) -> None:
    with pytest.raises(ValidationError, match="metafields"):
        pipeline(metafields=metafields)


def test_a_window_shopify_does_not_count_is_halved_until_pages_reach_its_end(
    shop: SandboxShop, pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "DEEPEST_RECORD", 40)
    monkeypatch.setattr(pages, "PAGED_ROOTS_MAX", 40)
    held = {each.id for each in of_state(shop.sandbox.store.state)}
    assert len(held) > 80
    running = pipeline()
    extract = running.settings.extract.model_copy(update={"page_size": 10})
    running.settings = running.settings.model_copy(update={"extract": extract})
    running.sync("tender_transactions")
    assert {
        number for (number,) in rows(running, "select tender_transaction_id from shopify.tender_transactions")
    } == held


def test_payouts_are_read_again_until_they_are_settled_and_those_planned_ahead_are_not_left_out() -> None:
    since, until = datetime(2026, 10, 15, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)
    by_root = {
        reading.root.split(".")[-1]: reading.window(Window(since, until)) for reading in READINGS["payouts"].roots
    }
    assert by_root["payouts"].query == "issued_at:>='2026-09-15T00:00:00Z' AND issued_at:<='2026-12-20T00:00:00Z'"
    assert by_root["balanceTransactions"].query is not None
    assert by_root["balanceTransactions"].query.startswith("processed_at:>='2026-09-15T00:00:00Z'")
    assert by_root["disputes"].query is None

"""What Shopify cannot filter by change is read whole, and therefore not with every change of the shop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from shopify_pipeline.defs.ingest import BECAUSE_TAG, landing_asset
from shopify_pipeline.local.stack import toml
from shopify_pipeline.resources import PipelineResource
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.access import least_privilege, optional
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline_tests.shopify.sandboxed import SHOP, SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import pipeline_of, shop_settings

HOURS = 6


@dataclass
class Whole:
    """A shop with gift cards and store credit."""

    store: SandboxShop
    pipeline: Pipeline
    config: Path

    def materialize(self, stream: str, tags: dict[str, str]) -> dg.MaterializeResult[None]:
        """Run the landing asset of a stream; its metadata."""
        with dg.instance_for_test() as instance:
            instance.add_dynamic_partitions("shops", [SHOP])
            result = dg.materialize(
                [landing_asset(STREAMS[stream])],
                partition_key=SHOP,
                tags=tags,
                instance=instance,
                resources={"pipeline": PipelineResource(config_path=str(self.config))},
            )
            (found,) = result.asset_materializations_for_node(f"landing__{stream}")
        return dg.MaterializeResult(metadata={name: value.value for name, value in found.metadata.items()})


@pytest.fixture
def whole(tmp_path: Path, warehouse_dsn: str) -> Iterator[Whole]:
    with sandbox_shop(tmp_path / "shop", orders=40, mix="full") as store:
        store.sandbox.tokens.set_scopes([*least_privilege(), *optional()])
        settings = {k: v if isinstance(v, str) else str(v) for k, v in shop_settings(store).items()}
        config = tmp_path / "shop.toml"
        config.write_text(
            toml({"home": str(tmp_path), "warehouse": {"dsn": warehouse_dsn}, "shops": {"one": settings}})
        )
        yield Whole(store, pipeline_of(tmp_path, warehouse_dsn, shop_settings(store)), config)


def test_a_stream_that_has_a_filter_never_rests(whole: Whole) -> None:
    whole.pipeline.sync("orders")
    assert whole.pipeline.rests_until("orders") is None


def test_a_stream_that_was_never_read_does_not_rest(whole: Whole) -> None:
    assert whole.pipeline.rests_until("gift_cards") is None


def test_it_rests_for_hours_after_it_was_read_by_the_shops_clock(whole: Whole) -> None:
    whole.pipeline.sync("gift_cards")
    until = whole.pipeline.rests_until("gift_cards")
    assert until is not None
    whole.store.sandbox.store.advance(hours=HOURS - 1)
    assert whole.pipeline.rests_until("gift_cards") == until
    whole.store.sandbox.store.advance(hours=1.5)
    assert whole.pipeline.rests_until("gift_cards") is None


def test_a_run_the_sensor_started_leaves_it_alone_and_a_run_by_hand_reads_it(whole: Whole) -> None:
    whole.pipeline.sync("gift_cards")
    left_alone = whole.materialize("gift_cards", {BECAUSE_TAG: "orders changed"}).metadata
    assert left_alone is not None
    assert "read whole again after" in str(left_alone["skipped"])
    by_hand = whole.materialize("gift_cards", {}).metadata
    assert by_hand is not None
    assert "skipped" not in by_hand
    assert by_hand["mode"] == "window"


def test_how_long_is_a_setting(whole: Whole) -> None:
    whole.pipeline.sync("gift_cards")
    triggers = whole.pipeline.settings.triggers.model_copy(update={"whole_interval_seconds": 0})
    whole.pipeline.settings = whole.pipeline.settings.model_copy(update={"triggers": triggers})
    assert whole.pipeline.rests_until("gift_cards") is None

"""Seeing a load: what it read, what came of it, what it cost, how long it took and how far behind it is."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import Result
from typer.testing import CliRunner

from shopify_pipeline import cli
from shopify_pipeline.local.stack import toml
from shopify_pipeline.steps.metering import figures
from shopify_pipeline_tests.builders import SHOP, an_order, bag, page
from shopify_pipeline_tests.shopify.sandboxed import SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.landed import LandedShop, landed_shop
from shopify_pipeline_tests.steps.shops import pipeline_of, shop_settings


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxShop]:
    with sandbox_shop(tmp_path_factory.mktemp("store"), orders=5) as running:
        yield running


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """The log of stages is for services: the command itself silences it before it starts."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture
def shop(tmp_path: Path, warehouse_dsn: str) -> LandedShop:
    return landed_shop(tmp_path, warehouse_dsn)


def run(shop: LandedShop, *arguments: str) -> Result:
    settings = shop.pipeline.settings
    path = settings.home / "config.toml"
    values: dict[str, Any] = {
        "home": str(settings.home),
        "warehouse": {"dsn": settings.warehouse.dsn.get_secret_value()},
        "landing": {"keep_days": 30},
        "shops": {"one": {"domain": SHOP, "access_token": "none"}},
    }
    path.write_text(toml(values))
    return CliRunner().invoke(cli.app, [*arguments, "--config", str(path)])


def test_a_load_from_the_shop_keeps_what_it_cost(store: SandboxShop, tmp_path: Path, warehouse_dsn: str) -> None:
    pipeline = pipeline_of(tmp_path, warehouse_dsn, shop_settings(store))
    done = pipeline.extract("customers")
    assert done is not None
    landed = figures(pipeline, done.load_id)
    points = pipeline.api.usage.cost_points

    pipeline.load("customers")
    merged = figures(pipeline, done.load_id)

    assert landed["bytes"] == done.bytes > 0
    # The shop was asked who it is before the load began.
    assert 0 < landed["api_points"] < points
    assert 0 < landed["api_requests"] < pipeline.api.usage.requests
    assert {"seconds_count", "seconds_read", "seconds_land"} <= set(landed)
    assert "received" not in landed
    assert landed.items() - {("age_seconds", landed["age_seconds"])} <= merged.items()
    assert {"seconds_parse", "seconds_validate", "seconds_merge"} <= set(merged)
    assert merged["received"] == done.roots == merged["loaded"]
    assert merged["rows"] > merged["received"]
    assert all(isinstance(value, int | float) for value in merged.values())


def test_the_lag_is_from_the_newest_change_to_the_end_of_the_window(shop: LandedShop) -> None:
    loaded = shop("orders", page("orders", an_order(1, updated="11:58:00"), an_order(2, updated="12:00:20")))

    known = figures(shop.pipeline, loaded.load_id)

    # The window ends at 12:01, a day before the clock of this test.
    assert known["lag_seconds"] == 40
    assert known["age_seconds"] == timedelta(days=1).total_seconds() - 60


def test_a_load_of_nothing_has_no_lag(shop: LandedShop) -> None:
    loaded = shop("orders", page("orders"))

    assert "lag_seconds" not in figures(shop.pipeline, loaded.load_id)


def test_loads_are_listed_newest_first_with_everything_known(shop: LandedShop) -> None:
    shop("orders", page("orders", an_order(1)))
    shop("orders", page("orders", an_order(1), an_order(2, totalPriceSet=bag("x"))))
    shop.land("orders", page("orders", an_order(3)))

    rows = json.loads(run(shop, "loads", "--json").stdout)

    assert [(row["load_id"], row["state"], row["received"], row["quarantined"]) for row in rows] == [
        (3, "landed", None, None),
        (2, "merged", 2, 1),
        (1, "merged", 1, 0),
    ]
    assert [stage for stage in rows[1]["seconds"] if stage != "copy"] == ["parse", "validate", "merge"]
    shown = run(shop, "loads", "--limit", "2").stdout
    assert "landed" in shown
    assert "parse" in shown
    assert [row["load_id"] for row in json.loads(run(shop, "loads", "--limit", "1", "--json").stdout)] == [3]


def test_a_replay_is_one_load_or_all_and_says_what_came_of_it(shop: LandedShop) -> None:
    shop("orders", page("orders", an_order(1)))
    shop("orders", page("orders", an_order(2)))

    one, every = run(shop, "replay", "--load", "1", "--json"), run(shop, "replay", "--all", "--json")

    assert json.loads(one.stdout) == {
        "received": 1,
        "loaded": 1,
        "superseded": 0,
        "quarantined": 0,
        "new_versions": 0,
    }
    assert json.loads(every.stdout) == {"loads": 2, "roots": 2, "differing": 0, "quarantined": 0}
    for wrong in (("replay",), ("replay", "--all", "--load", "1")):
        assert "say what to replay" in str(run(shop, *wrong).exception)


def test_a_replay_that_still_withholds_roots_says_so_by_its_exit_code(shop: LandedShop) -> None:
    shop("orders", page("orders", an_order(1, totalPriceSet=bag("x"))))

    assert run(shop, "replay", "--all").exit_code == 3
    assert run(shop, "quarantine", "replay", "--from-landing").exit_code == 3


def test_the_landing_zone_is_listed_and_pruned(shop: LandedShop) -> None:
    shop("orders", page("orders", an_order(1)))
    shop.land("orders", page("orders", an_order(2)))
    shop.run("update ops.loads set state = 'abandoned' where load_id = 2")

    rows = json.loads(run(shop, "landing", "list", "--json").stdout)
    dry = json.loads(run(shop, "landing", "prune", "--dry-run", "--json").stdout)
    gone = json.loads(run(shop, "landing", "prune", "--json").stdout)

    assert [(row["load"], row["mode"], row["roots"], row["verdict"]) for row in rows][1] == (
        2,
        "window",
        1,
        "abandoned",
    )
    assert [row["load"] for row in dry] == [row["load"] for row in gone] == [2]
    assert [row["load"] for row in json.loads(run(shop, "landing", "list", "--json").stdout)] == [1]
    assert "1 loads" in run(shop, "landing", "list").stdout

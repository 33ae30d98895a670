"""The auditor's truth of orders and fulfillment orders: a warehouse loaded from a full shop holds it, row by row."""

from __future__ import annotations

from pathlib import Path

import pytest

from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.steps.verify import compare, differences, held_rows
from shopify_pipeline_tests.sandbox.world_cases import NOW
from shopify_pipeline_tests.sandbox.world_cases import SHOP as SOME_SHOP
from shopify_pipeline_tests.shopify.sandboxed import SHOP, SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import pipeline_of, shop_settings
from shopify_sandbox.store import Store
from shopify_sandbox.truth import KEYS, rows_of, truth
from shopify_sandbox.world.arguments import Arguments
from shopify_sandbox.world.metafields import FIELDS
from shopify_sandbox.world.variants import VALUES

READ = ("orders", "fulfillment_orders")
TABLES = {table.name: table for stream in READ for table in STREAMS[stream].tables}
ORDERS = 120
METAFIELDS = [f"{field[0]}.{field[1]}" for field in FIELDS["Order"]]
UNUSUAL = {switch: unusual for switch, (_, unusual, *_) in VALUES.items()}


def loaded(home: Path, dsn: str, shop: SandboxShop) -> Pipeline:
    """A pipeline that has read the shop's orders and how they ship."""
    shop.sandbox.tokens.set_scopes(least_privilege())
    time_zone = shop.sandbox.store.shop.timezone
    settings = shop_settings(shop, time_zone=time_zone, metafields={"orders": METAFIELDS})
    pipeline = pipeline_of(home, dsn, settings)
    for stream in READ:
        pipeline.extract(stream)
        pipeline.load(stream)
    return pipeline


def wrong(pipeline: Pipeline, state: Path) -> list[str]:
    """Every way in which the warehouse is not what the auditor says."""
    told = rows_of(state, TABLES)
    summaries = truth(state)["tables"]
    with pipeline.connect() as conn:
        found = [
            str(difference)
            for name, rows in told.items()
            for difference in differences(
                TABLES[name], rows, held_rows(conn, SHOP, TABLES[name], summaries[name]["columns"])
            )
        ]
        compared = compare(conn, SHOP, {name: summaries[name] for name in TABLES})
    return found + [f"{each.table}: {', '.join(each.differs)}" for each in compared if each.differs]


@pytest.mark.parametrize("profile", ["usd", "gbp", "jpy", "kwd"])
def test_a_warehouse_loaded_from_a_full_shop_holds_the_truth_of_its_orders(
    profile: str, tmp_path: Path, warehouse_dsn: str
) -> None:
    with sandbox_shop(tmp_path / "shop", orders=ORDERS, mix="full", profile=profile, seed=5, days=60) as shop:
        assert wrong(loaded(tmp_path, warehouse_dsn, shop), shop.sandbox.state) == []


def test_it_does_so_in_the_forms_of_the_ledger_nobody_has_observed(tmp_path: Path, warehouse_dsn: str) -> None:
    with sandbox_shop(tmp_path / "shop", orders=ORDERS, mix="full", seed=5, days=60, variants=UNUSUAL) as shop:
        assert wrong(loaded(tmp_path, warehouse_dsn, shop), shop.sandbox.state) == []


def test_truth_tells_every_column_of_every_table_of_orders(tmp_path: Path) -> None:
    Store.create(tmp_path, Arguments(seed=2, orders=ORDERS, days=60, now=NOW, shop=SOME_SHOP, mix="full"))
    told = truth(tmp_path)["tables"]

    assert {name: KEYS[name] for name in TABLES} == {name: table.key for name, table in TABLES.items()}
    for name, table in TABLES.items():
        if told[name]["count"]:
            assert set(told[name]["columns"]) == {column.name for column in table.columns}, name

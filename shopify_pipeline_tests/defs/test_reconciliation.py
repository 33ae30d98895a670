"""The comparison in Dagster: a check per rule and shop, numbers to plot, and the report beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from shopify_pipeline.defs.ingest import SHOPS
from shopify_pipeline.defs.reconciliation import BREAKS, RECONCILIATION, check, plotted
from shopify_pipeline.reconcile.rules import rules
from shopify_pipeline.report.figures import Figures, Judged, read_figures
from shopify_pipeline.resources import PipelineResource
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import AShop
from shopify_pipeline_tests.reconcile.company import GO_LIVE_ON, NOW, ZONE
from shopify_pipeline_tests.reconcile.warehouse_rows import SHOP

OTHER = "b-shop.myshopify.com"

VALUE_MAP = """
[lines]
PRODUCT = "4000"
SHIPPING = "4100"
ADJUSTMENT = "4900"
FEE = "4400"
GIFT_CARD = "2300"

[gateways]
shopify_payments = "1100"
paypal = "1110"

[taxes]
"State Tax 5%" = "State Tax 5%"

[locations]
Brooklyn = "EAST"
Oakland = "WEST"

[accounts]
receivable = "1200"
tax = "2200"
rounding = "4910"
"""


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    """One paid order, in the books and counted."""
    with connect(warehouse_dsn) as conn:
        shop = AShop.opened(conn, tmp_path)
        shop.order((shop.item(), 1, "10.00"))
        shop.push()
        shop.snapshot()
        shop.count()
        yield shop


@pytest.fixture
def settings_file(warehouse_dsn: str, tmp_path: Path) -> Path:
    (tmp_path / "value_map.toml").write_text(VALUE_MAP)
    path = tmp_path / "config.toml"
    path.write_text(
        f"""
home = "{tmp_path}"

[warehouse]
dsn = "{warehouse_dsn}"

[shops.main]
domain = "{SHOP}"
access_token = "secret"
time_zone = "{ZONE}"
go_live_on = {GO_LIVE_ON}
value_map = "{tmp_path / "value_map.toml"}"
push = "off"

[shops.other]
domain = "{OTHER}"
access_token = "secret"
go_live_on = {GO_LIVE_ON}
value_map = "{tmp_path / "value_map.toml"}"
push = "off"
"""
    )
    return path


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(SHOPS.name or "", [SHOP, OTHER])
        yield instance


def night(instance: dg.DagsterInstance, settings_file: Path, shop: str = SHOP) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        RECONCILIATION,
        instance=instance,
        partition_key=shop,
        resources={"pipeline": PipelineResource(config_path=str(settings_file))},
    )


def verdicts(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    return {each.check_name: each for each in result.get_asset_check_evaluations()}


def numbers(result: dg.ExecuteInProcessResult, key: dg.AssetKey) -> dict[str, Any]:
    (event,) = (each for each in result.get_asset_materialization_events() if each.asset_key == key)
    return {name: value.value for name, value in event.materialization.metadata.items()}


def test_every_rule_is_a_check_with_its_title_and_each_shop_has_its_own_verdict() -> None:
    (breaks, _) = RECONCILIATION
    specs = {spec.name: spec for spec in breaks.check_specs}

    assert list(specs) == list(rules())
    assert all(specs[name].description.startswith(rule.title) for name, rule in rules().items())
    assert all(spec.partitions_def == SHOPS and spec.asset_key == BREAKS for spec in specs.values())


def test_a_quiet_night_passes_every_check_and_says_what_was_compared(
    shop: AShop, settings_file: Path, instance: dg.DagsterInstance
) -> None:
    found = verdicts(night(instance, settings_file))

    assert set(found) == set(rules())
    assert [name for name, each in found.items() if not each.passed] == []
    assert found["O5"].metadata["checked"].value == 1
    assert found["O5"].description == "1 compared, no difference is open"
    assert found["F4"].description == "nothing was compared"


def test_a_rule_with_an_open_break_fails_with_its_severity_and_what_is_at_risk(
    shop: AShop, settings_file: Path, instance: dg.DagsterInstance
) -> None:
    shop.sql("update backoffice.documents set total = total + 0.01")
    result = night(instance, settings_file)
    found, plots = verdicts(result), numbers(result, BREAKS)

    assert result.success
    assert (found["O5"].passed, found["O5"].severity) == (False, dg.AssetCheckSeverity.ERROR)
    told = {name: value.value for name, value in found["O5"].metadata.items()}
    ages = [each.metadata["oldest (days)"].value for each in found.values() if not each.passed]
    assert told.pop("oldest (days)") in ages
    assert plots["oldest break (days)"] == max(ages)
    assert told == {
        "checked": 1,
        "open": 1,
        "in transit": 0,
        "accepted": 0,
        "at risk (USD)": "0.01",
    }
    failed = {name for name, each in found.items() if not each.passed}
    assert (plots["open breaks"], plots["rules passed"]) == (len(failed), len(rules()) - len(failed))
    assert plots["at risk (USD)"] == pytest.approx(0.01 * len(failed))


def test_one_shops_verdict_does_not_hide_anothers(
    shop: AShop, settings_file: Path, instance: dg.DagsterInstance
) -> None:
    shop.sql("update backoffice.documents set total = total + 0.01")
    for table in ("recon.censuses", "backoffice.snapshots"):
        shop.sql(
            f"insert into {table} select (jsonb_populate_record(t, jsonb_build_object('shop', %(other)s::text))).* "
            f"from {table} as t",
            other=OTHER,
        )
    night(instance, settings_file)
    night(instance, settings_file, OTHER)

    states = {
        each.partition_key: str(each.latest_execution_status)
        for each in instance.event_log_storage.get_asset_check_partition_info([dg.AssetCheckKey(BREAKS, "O5")])
    }
    assert (states[SHOP].rpartition(".")[2], states[OTHER].rpartition(".")[2]) == ("FAILED", "SUCCEEDED")


def test_the_report_of_the_night_is_linked_and_named_by_the_shops_day(
    shop: AShop, settings_file: Path, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    told = numbers(night(instance, settings_file), dg.AssetKey(["recon", "report"]))

    path = tmp_path / "reports" / SHOP / "2026-11-20.html"
    assert (told["path"], told["report"], told["day"]) == (str(path), path.as_uri(), "2026-11-20")
    assert told["verdict"] in path.read_text()


def judged(**said: Any) -> Judged:
    plain: dict[str, Any] = {
        "rule": "P4",
        "title": "",
        "severity": "warning",
        "checked": 0,
        "open": 0,
        "in_transit": 0,
        "accepted": 0,
        "oldest_days": None,
        "amount_at_risk": {},
    }
    return Judged(**plain | said)


def test_what_is_in_transit_or_accepted_fails_no_check() -> None:
    result = check(rules()["P4"], judged(checked=3, in_transit=2, accepted=1))

    assert result.passed
    assert result.severity is dg.AssetCheckSeverity.WARN


def test_a_night_is_plotted_under_the_same_names_whatever_it_found(shop: AShop) -> None:
    shop.sql(
        "insert into ops.shops (shop, time_zone, currency, plan, registered_at) "
        "values (%(shop)s, 'UTC', 'USD', 'x', %(now)s)",
        now=NOW,
    )
    shop.reconcile()
    quiet: Figures = read_figures(shop.conn, SHOP)
    shop.conn.rollback()
    shop.sql("update backoffice.documents set total = total + 0.01")
    shop.reconcile()
    broken = read_figures(shop.conn, SHOP)

    assert plotted(quiet).keys() == plotted(broken).keys()
    assert plotted(quiet)["at risk (USD)"] == 0
    assert {"open breaks (error)", "open breaks (warning)", "clearing score", "rules score"} <= plotted(quiet).keys()

"""What Dagster is told: assets with owners and descriptions, jobs, triggers on the shop's clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.definitions.schedule_definition import ScheduleExecutionData

from shopify_pipeline.config import load_settings
from shopify_pipeline.definitions import build_defs
from shopify_pipeline.defs.ingest import SHOP_TAG
from shopify_pipeline.defs.schedules import schedules
from shopify_pipeline.resources import PipelineResource
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline.warehouse.left_alone import LeftAlone, leave_alone
from shopify_pipeline.warehouse.paused import pause, resume

SHOP = "a-shop.myshopify.com"
OTHER = "b-shop.myshopify.com"


# A shop and a warehouse behind closed ports: whoever opens a connection to them cannot get an answer.
CLOSED = f"""
[warehouse]
dsn = "postgresql://nobody:secret@127.0.0.1:1/nothing?connect_timeout=1"

[shops.main]
domain = "{SHOP}"
endpoint = "https://127.0.0.1:1"
client_id = "id"
client_secret = "secret"
time_zone = "Pacific/Auckland"
webhook_uri = "https://hooks.example/webhooks"
"""


@pytest.fixture(scope="module")
def settings_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("settings") / "config.toml"
    path.write_text(CLOSED)
    return path


@pytest.fixture(scope="module")
def repository(settings_file: Path) -> dg.RepositoryDefinition:
    return build_defs(load_settings(settings_file)).get_repository_def()


def test_every_asset_of_ours_has_an_owner_a_group_and_a_description(repository: dg.RepositoryDefinition) -> None:
    nodes = [node for node in repository.asset_graph.asset_nodes if node.is_materializable]

    assert len(nodes) > 60
    assert [node.key.to_user_string() for node in nodes if not node.owners or not node.description] == []
    assert {node.group_name for node in nodes} == {
        "landing",
        "warehouse",
        "backoffice",
        "reconciliation",
        "staging",
        "marts",
        "maintenance",
    }


def test_every_table_shows_its_columns_and_where_it_is(repository: dg.RepositoryDefinition) -> None:
    for stream in STREAMS.values():
        for table in stream.tables:
            metadata = repository.asset_graph.get(dg.AssetKey(["warehouse", table.name])).metadata
            schema = metadata["dagster/column_schema"]
            assert isinstance(schema, dg.TableSchema)
            assert {column.name for column in table.columns} <= {column.name for column in schema.columns}
            assert metadata["dagster/table_name"] == f"shopify.{table.name}"


def test_conservation_and_budget_block_what_comes_after(repository: dg.RepositoryDefinition) -> None:
    for stream in STREAMS.values():
        root = dg.AssetKey(["warehouse", stream.tables[0].name])
        for name in ("conservation_of_roots", "quarantine_budget"):
            assert repository.asset_graph.get_check_spec(dg.AssetCheckKey(root, name)).blocking


def test_marts_hang_on_the_warehouse_and_the_break_ledger(repository: dg.RepositoryDefinition) -> None:
    above = repository.asset_graph.get_ancestor_asset_keys(dg.AssetKey(["marts", "reconciled_orders"]))

    assert {dg.AssetKey(["warehouse", "orders"]), dg.AssetKey(["recon", "breaks"])} <= above
    assert dg.AssetKey(["landing", "orders"]) in above


def test_every_table_of_the_snapshot_that_a_mart_reads_is_an_asset_somebody_writes(
    repository: dg.RepositoryDefinition,
) -> None:
    read = repository.asset_graph.get_ancestor_asset_keys(dg.AssetKey(["marts", "reconciled_customers"]))
    external = {key.to_user_string() for key in read if repository.asset_graph.get(key).is_external}

    # Neither is a reading: a reconciliation stores the reviewed map it judges by, any load what a shop says of itself.
    assert external <= {"backoffice/value_map", "ops/shops"}


def test_the_nightly_reconciliation_runs_at_night_where_the_shop_is(
    repository: dg.RepositoryDefinition, settings_file: Path, tmp_path: Path
) -> None:
    schedule = repository.get_schedule_def("nightly_reconciliation_main")
    data = _ticked(schedule, repository, settings_file, tmp_path)

    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 3 * * *", "Pacific/Auckland")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert [(request.partition_key, request.tags[SHOP_TAG]) for request in data.run_requests or ()] == [(SHOP, SHOP)]


def test_subscriptions_are_looked_after_every_day_where_the_shop_is_and_in_every_sync(
    repository: dg.RepositoryDefinition, settings_file: Path, tmp_path: Path
) -> None:
    schedule = repository.get_schedule_def("subscriptions_main")
    data = _ticked(schedule, repository, settings_file, tmp_path)

    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 6 * * *", "Pacific/Auckland")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert [(request.partition_key, request.tags[SHOP_TAG]) for request in data.run_requests or ()] == [(SHOP, SHOP)]
    for job in ("subscriptions", "sync"):
        assert dg.AssetKey(["ops", "subscriptions"]) in repository.get_job(job).asset_layer.executable_asset_keys


def test_a_sensor_asks_for_nothing_while_a_run_of_that_shop_is_in_flight(
    repository: dg.RepositoryDefinition, settings_file: Path
) -> None:
    sensor = repository.get_sensor_def("shop_changes")
    with dg.DagsterInstance.ephemeral() as instance:
        instance.create_run_for_job(
            repository.get_job("reconciliation"), tags={SHOP_TAG: SHOP}, status=dg.DagsterRunStatus.STARTED
        )
        data = sensor.evaluate_tick(_context(instance, repository, settings_file))

    assert not data.run_requests
    assert data.skip_message == f"{SHOP}: a run is in flight"


def test_a_shop_that_does_not_answer_is_a_reason_to_skip_not_a_failure(
    repository: dg.RepositoryDefinition, settings_file: Path
) -> None:
    sensor = repository.get_sensor_def("shop_changes")
    with dg.DagsterInstance.ephemeral() as instance:
        data = sensor.evaluate_tick(_context(instance, repository, settings_file))

    assert not data.run_requests
    assert "PostgreSQL does not answer" in (data.skip_message or "")


def test_after_a_failed_sync_the_shop_is_left_alone_for_a_while(
    repository: dg.RepositoryDefinition, settings_file: Path
) -> None:
    sensor = repository.get_sensor_def("shop_changes")
    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(repository.get_job("sync"), tags={SHOP_TAG: SHOP})
        instance.report_run_failed(run)
        data = sensor.evaluate_tick(_context(instance, repository, settings_file))

    assert not data.run_requests
    assert "the last sync failed; trying again in" in (data.skip_message or "")


def test_a_shop_that_took_our_access_away_is_started_no_run_for_however_long_ago_that_was(
    repository: dg.RepositoryDefinition, settings_file: Path, warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPIFY_PIPELINE_WAREHOUSE__DSN", warehouse_dsn)
    lost = LeftAlone("access lost", datetime(2026, 1, 1, tzinfo=UTC), None, "install the app again")
    with connect(warehouse_dsn) as conn:
        leave_alone(conn, SHOP, lost)
    sensor = repository.get_sensor_def("shop_changes")
    with dg.DagsterInstance.ephemeral() as instance:
        data = sensor.evaluate_tick(_context(instance, repository, settings_file))

    assert not data.run_requests
    assert "is left alone since 2026-01-01 00:00:00 UTC: install the app again; then run" in (data.skip_message or "")


OF_A_SHOP = ("nightly_reconciliation_main", "subscriptions_main", "retention_main")


@pytest.mark.parametrize("name", OF_A_SHOP)
def test_schedules_start_nothing_for_a_shop_that_is_paused_until_it_goes_on(
    name: str,
    repository: dg.RepositoryDefinition,
    settings_file: Path,
    tmp_path: Path,
    warehouse_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHOPIFY_PIPELINE_WAREHOUSE__DSN", warehouse_dsn)
    schedule = repository.get_schedule_def(name)
    with connect(warehouse_dsn) as conn:
        pause(conn, SHOP, "stocktaking", datetime(2026, 11, 1, tzinfo=UTC))

    paused = _ticked(schedule, repository, settings_file, tmp_path)
    with connect(warehouse_dsn) as conn:
        resume(conn, SHOP)
    resumed = _ticked(schedule, repository, settings_file, tmp_path)

    assert not paused.run_requests
    assert paused.skip_message == "paused since 2026-11-01 00:00 UTC: stocktaking"
    assert [request.partition_key for request in resumed.run_requests or ()] == [SHOP]


def test_schedules_start_nothing_for_a_shop_that_is_left_alone(
    repository: dg.RepositoryDefinition,
    settings_file: Path,
    tmp_path: Path,
    warehouse_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHOPIFY_PIPELINE_WAREHOUSE__DSN", warehouse_dsn)
    with connect(warehouse_dsn) as conn:
        leave_alone(conn, SHOP, LeftAlone("access lost", datetime(2026, 1, 1, tzinfo=UTC), None, "install it again"))

    for name in OF_A_SHOP:
        data = _ticked(repository.get_schedule_def(name), repository, settings_file, tmp_path)
        assert not data.run_requests
        assert "install it again" in (data.skip_message or "")


def test_a_sensor_asks_for_nothing_for_a_shop_that_is_paused(
    repository: dg.RepositoryDefinition, settings_file: Path, warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPIFY_PIPELINE_WAREHOUSE__DSN", warehouse_dsn)
    sensor = repository.get_sensor_def("shop_changes")
    with _instance() as instance:
        # Never loaded: that alone would be a reason to sync.
        before = sensor.evaluate_tick(_context(instance, repository, settings_file))
        with connect(warehouse_dsn) as conn:
            pause(conn, SHOP, "stocktaking", datetime(2026, 11, 1, tzinfo=UTC))
        data = sensor.evaluate_tick(_context(instance, repository, settings_file))

    assert [request.partition_key for request in before.run_requests or ()] == [SHOP]
    assert not data.run_requests
    assert data.skip_message == f"{SHOP}: paused since 2026-11-01 00:00 UTC: stocktaking"


def test_a_shop_added_to_the_settings_is_looked_at_by_the_next_tick_and_has_schedules_after_a_reload(
    repository: dg.RepositoryDefinition, tmp_path: Path, warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPIFY_PIPELINE_WAREHOUSE__DSN", warehouse_dsn)
    added = tmp_path / "config.toml"
    second = CLOSED[CLOSED.index("[shops.main]") :].replace("[shops.main]", "[shops.second]").replace(SHOP, OTHER)
    added.write_text(CLOSED + second)
    sensor = repository.get_sensor_def("shop_changes")

    with _instance() as instance:
        data = sensor.evaluate_tick(_context(instance, repository, added))
        wanted = [request.partition_key for request in data.run_requests or ()]
        partitions = [list(each.partition_keys) for each in data.dynamic_partitions_requests or ()]
    reloaded = schedules(load_settings(added))

    assert (wanted, partitions) == ([SHOP, OTHER], [[SHOP, OTHER]])
    assert {schedule.name for schedule in reloaded} >= {
        "nightly_reconciliation_second",
        "retention_second",
    }


@contextmanager
def _instance() -> Iterator[dg.DagsterInstance]:
    """An instance that also resolves what a sensor asks to be run, as the daemon's does."""
    with (
        dg.DagsterInstance.ephemeral() as instance,
        partition_loading_context(dynamic_partitions_store=instance),
    ):
        instance.add_dynamic_partitions("shops", [SHOP, OTHER])
        yield instance


def _ticked(
    schedule: dg.ScheduleDefinition, repository: dg.RepositoryDefinition, settings_file: Path, tmp_path: Path
) -> ScheduleExecutionData:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        context = dg.build_schedule_context(
            instance,
            scheduled_execution_time=datetime(2026, 11, 20, 14, 0, tzinfo=UTC),
            repository_def=repository,
            resources={"pipeline": PipelineResource(config_path=str(settings_file))},
        )
        return schedule.evaluate_tick(context)


def _context(
    instance: dg.DagsterInstance, repository: dg.RepositoryDefinition, settings_file: Path
) -> dg.SensorEvaluationContext:
    return dg.build_sensor_context(
        instance=instance,
        repository_def=repository,
        resources={"pipeline": PipelineResource(config_path=str(settings_file))},
    )

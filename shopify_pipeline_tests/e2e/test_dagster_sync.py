"""The ``sync`` job through Dagster itself, and definitions that load without opening anything."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from shopify_pipeline.config import CONFIG_VARIABLE, load_settings
from shopify_pipeline.definitions import build_defs, job_runner
from shopify_pipeline.local.dagster import HOME_VARIABLE
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline_tests.e2e.installation import SHOP, Installation

CHECKS = ("conservation_of_roots", "quarantine_budget", "known_values")
TABLES = {table.name for stream in STREAMS.values() for table in stream.tables}


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """A Dagster instance of its own, on files."""
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    with dg.DagsterInstance.get() as instance:
        yield instance


def test_the_sync_job_materialises_every_table_with_passed_checks_and_counts(
    installation: Installation, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONFIG_VARIABLE, str(installation.settings_path))

    assert job_runner(installation.settings)("sync", SHOP)

    (run,) = instance.get_runs()
    assert run.status is dg.DagsterRunStatus.SUCCESS
    events = [record.event_log_entry.dagster_event for record in instance.get_records_for_run(run.run_id).records]
    materialised = {
        event.asset_key.path[-1] if event.asset_key.path[0] == "warehouse" else event.asset_key.to_user_string(): event
        for event in events
        if event is not None and event.is_step_materialization and event.asset_key is not None
    }
    landed = {f"landing/{stream}" for stream in STREAMS}
    assert materialised.keys() == TABLES | landed | {"ops/hints", "ops/subscriptions", "backoffice/pushed"}
    assert {event.partition for event in materialised.values()} == {SHOP}

    counts = {name: value.value for name, value in materialised["orders"].materialization.metadata.items()}
    assert counts["new_versions"] == counts["rows_read"] > 0
    assert counts["received"] == counts["loaded"] + counts["superseded"] + counts["quarantined"]
    pushed = {name: value.value for name, value in materialised["backoffice/pushed"].materialization.metadata.items()}
    assert pushed["orders.created"] == installation.books()["orders"] > 0

    judged = [
        event.asset_check_evaluation_data
        for event in events
        if event is not None and event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    roots = {stream.tables[0].name for stream in STREAMS.values()}
    assert {(one.asset_key.path[-1], one.check_name) for one in judged} == {(r, c) for r in roots for c in CHECKS}
    assert all(one.passed for one in judged)
    assert {one.check_name for one in judged if one.blocking} == {"conservation_of_roots", "quarantine_budget"}


def test_loading_the_definitions_opens_no_connection(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    with socket.socket() as anybody:
        anybody.bind(("127.0.0.1", 0))
        anybody.listen()
        anybody.setblocking(False)
        port = anybody.getsockname()[1]
        settings = tmp_path / "config.toml"
        settings.write_text(
            f"""
            [warehouse]
            dsn = "postgresql://postgres:secret@127.0.0.1:{port}/warehouse"
            [tryton]
            url = "http://127.0.0.1:{port}"
            [shops.one]
            domain = "{SHOP}"
            endpoint = "https://127.0.0.1:{port}"
            access_token = "none"
            """
        )
        repository = build_defs(load_settings(settings)).get_repository_def()
        assert {"sync", "reconciliation", "marts"} <= {job.name for job in repository.get_all_jobs()}
        with pytest.raises(BlockingIOError):
            anybody.accept()

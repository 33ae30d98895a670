"""Dagster's three processes over PostgreSQL, with definitions of the test's own."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
import yaml

from shopify_pipeline.local import dagster as module
from shopify_pipeline.local.dagster import dagster_programs, write_instance
from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.local.processes import answers, free_port

DEFINITIONS = """
import dagster as dg

@dg.op
def breathe() -> int:
    return 1

@dg.job(executor_def=dg.in_process_executor)
def short():
    breathe()

defs = dg.Definitions(jobs=[short])
"""
LAUNCH = """
mutation {
  launchRun(executionParams: {
    selector: {repositoryLocationName: "shopify_pipeline", repositoryName: "__repository__", jobName: "short"}
    runConfigData: {}
    executionMetadata: {tags: [{key: "shopify/shop", value: "a.myshopify.com"}]}
  }) { __typename ... on LaunchRunSuccess { run { status } } ... on PythonError { message } }
}
"""
LIMITS = "{ instance { runQueuingSupported runQueueConfig { maxConcurrentRuns tagConcurrencyLimitsYaml } } }"


def test_the_three_processes_take_a_run_into_a_queue_of_one_run_per_shop(
    postgres: LocalPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "short_definitions.py").write_text(DEFINITIONS)
    monkeypatch.setattr(module, "DEFINITIONS", "short_definitions")
    ui_port = free_port()
    url = f"http://127.0.0.1:{ui_port}"
    programs = dagster_programs(
        write_instance(tmp_path / "home", storage_dsn=postgres.dsn("dagster")),
        ui_port=ui_port,
        environment=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    with ExitStack() as running:
        for program in programs.values():
            running.callback(program.stop)
            program.start(lambda line: None)
        launched = requests.post(f"{url}/graphql", json={"query": LAUNCH}, timeout=60).json()["data"]["launchRun"]
        limits = requests.post(f"{url}/graphql", json={"query": LIMITS}, timeout=60).json()["data"]["instance"]

    assert launched == {"__typename": "LaunchRunSuccess", "run": {"status": "QUEUED"}}
    assert limits["runQueuingSupported"]
    assert limits["runQueueConfig"]["tagConcurrencyLimitsYaml"] == (
        "- key: shopify/shop\n  limit: 1\n  value:\n    applyLimitPerUniqueValue: true\n"
    )
    assert [program.pid for program in programs.values()] == [None, None, None]
    assert not answers(f"{url}/server_info")
    assert (tmp_path / "home" / "dagster.yaml").stat().st_mode & 0o777 == 0o600


def test_a_deployment_has_the_instance_the_local_stack_has(tmp_path: Path) -> None:
    home = write_instance(tmp_path / "dagster", storage_dsn="postgresql://somewhere/dagster")
    local = yaml.safe_load((home / "dagster.yaml").read_text())
    deployed = yaml.safe_load((Path(__file__).parents[2] / "deploy" / "dagster.yaml").read_text())

    assert deployed.pop("storage") == {"postgres": {"postgres_url": {"env": "DAGSTER_POSTGRES_URL"}}}
    assert local.pop("storage") == {"postgres": {"postgres_url": "postgresql://somewhere/dagster"}}
    assert deployed == local

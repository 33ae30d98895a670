"""Dagster on this machine: its instance settings and three processes (code server, web server, daemon).

Here: files and processes. Not here: any definition, and no import of Dagster: it is known by its commands.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import requests

from shopify_pipeline.local.processes import PROBE_SECONDS, Program, answers, free_port, listens, write_secret

DEFINITIONS = "shopify_pipeline.definitions"
HOME_VARIABLE = "DAGSTER_HOME"
LOCATION = "shopify_pipeline"
HOST = "127.0.0.1"

# One run of a shop at a time; only crashed workers are run again, for every other failure has a policy of its own.
INSTANCE = """\
storage:
  postgres:
    postgres_url: {storage}
concurrency:
  runs:
    max_concurrent_runs: 4
    tag_concurrency_limits:
      - key: shopify/shop
        value:
          applyLimitPerUniqueValue: true
        limit: 1
run_monitoring:
  enabled: true
run_retries:
  enabled: true
  max_retries: 2
  retry_on_asset_or_op_failure: false
retention:
  sensor:
    purge_after_days:
      skipped: 1
      started: 30
      success: 30
      failure: 30
telemetry:
  enabled: false
nux:
  enabled: false
"""
# Web server and daemon share one code server: each would otherwise load the definitions into a process of its own.
WORKSPACE = """\
load_from:
  - grpc_server:
      host: {host}
      port: {port}
      location_name: {location}
"""
# Run workers start with this interpreter, whatever `dagster` is on the PATH.
CODE_SERVER_OPTIONS = ("--use-python-environment-entry-point", "--location-name", LOCATION)
DAEMONS_QUERY = "{ instance { daemonHealth { allDaemonStatuses { required healthy } } } }"


def write_instance(home: Path, *, storage_dsn: str) -> Path:
    """Write the settings of a Dagster instance.

    Args:
        home: The instance's folder.
        storage_dsn: PostgreSQL database for Dagster's own storage.

    Returns:
        The folder, as ``DAGSTER_HOME`` wants it.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A JSON string is a YAML string.
    write_secret(home / "dagster.yaml", INSTANCE.format(storage=json.dumps(storage_dsn)))
    return home


def dagster_programs(home: Path, *, ui_port: int, environment: Mapping[str, str]) -> dict[str, Program]:
    """Name Dagster's processes in the order they start.

    Args:
        home: The instance's folder; its settings are written.
        ui_port: TCP port of the web interface on 127.0.0.1.
        environment: What the processes are given, beside ``DAGSTER_HOME``.

    Returns:
        ``code server``, ``webserver`` and ``daemon``, not started.
    """
    code_port = free_port()
    workspace = home / "workspace.yaml"
    workspace.write_text(WORKSPACE.format(host=HOST, port=code_port, location=LOCATION))
    given = dict(environment) | {HOME_VARIABLE: str(home)}
    url = f"http://{HOST}:{ui_port}"

    def program(name: str, arguments: Sequence[str], *, said_as: str, ready: Callable[[], bool]) -> tuple[str, Program]:
        command = [sys.executable, "-m", *arguments]
        return name, Program(
            said_as, command, log=home / f"{name.replace(' ', '_')}.log", environment=given, ready=ready
        )

    return dict(
        [
            program(
                "code server",
                ["dagster", "api", "grpc", "-m", DEFINITIONS, "-h", HOST, "-p", str(code_port), *CODE_SERVER_OPTIONS],
                said_as="Dagster's code server",
                ready=lambda: listens(code_port),
            ),
            program(
                "webserver",
                ["dagster_webserver", "-h", HOST, "-p", str(ui_port), "-w", str(workspace)],
                said_as=f"Dagster's web interface at {url}",
                ready=lambda: answers(f"{url}/server_info"),
            ),
            program(
                "daemon",
                ["dagster._daemon", "run", "-w", str(workspace)],
                said_as="Dagster's daemon",
                ready=lambda: _daemons_are_well(url),
            ),
        ]
    )


def _daemons_are_well(url: str) -> bool:
    """Whether every daemon Dagster requires has reported, as the web interface sees it."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(f"{url}/graphql", json={"query": DAEMONS_QUERY}, timeout=PROBE_SECONDS)
            statuses = answer.json()["data"]["instance"]["daemonHealth"]["allDaemonStatuses"]
    except (requests.RequestException, KeyError, TypeError):
        return False
    return all(status["healthy"] for status in statuses if status["required"])

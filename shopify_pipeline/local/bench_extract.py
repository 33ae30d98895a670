"""How fast and in how much memory orders come from a store into the warehouse: ``shopify-pipeline bench extract``.

Here: a sandbox store, a PostgreSQL and a process of its own for the measured work. Not here: what is measured
(``bench_run.py``). The store's CPU time is not counted, PostgreSQL's is.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg import sql

from shopify_pipeline.errors import PermanentError
from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.local.processes import write_secret
from shopify_pipeline.local.sandbox import LocalSandbox
from shopify_pipeline.local.stack import toml
from shopify_pipeline.local.together import together
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.warehouse.migrate import migrate

DATABASE = "bench"


def bench_extract(
    home: Path, *, orders: int, seed: int, mix: Literal["plain", "full"], progress: Callable[[str], None]
) -> dict[str, Any]:
    """Read a whole store's orders into an empty warehouse, once.

    Args:
        home: Keeps the world and PostgreSQL between runs; another number of orders, seed or mix is another world.
        mix: What happens in the store: ``plain``, the everyday; ``full``, everything that can.

    Returns:
        What ``bench_run`` printed, with the command's arguments.

    Raises:
        PermanentError: The measured process failed; its last line is quoted.
    """
    home = home.absolute()
    with together(home, progress) as running:
        running.stop_leftovers()
        postgres = LocalPostgres(home / "postgres")
        running.start("PostgreSQL", postgres, lambda: postgres.start(progress))
        dsn = empty_database(postgres)
        sandbox = LocalSandbox(
            home / f"store-{orders}-{seed}-{mix}",
            orders=orders,
            seed=seed,
            scopes=least_privilege(),
            plan="enterprise",
            mix=mix,
        )
        running.start("sandbox", sandbox, lambda: sandbox.start(progress))
        settings = home / "bench.toml"
        shop = {
            "domain": sandbox.shop,
            "endpoint": sandbox.url,
            "ca_file": sandbox.ca_file,
            "client_id": sandbox.client_id,
            "client_secret_file": sandbox.secret_file(),
            "time_zone": sandbox.profile.time_zone,
        }
        write_secret(settings, toml({"home": home / "run", "warehouse": {"dsn": dsn}, "shops": {"bench": shop}}))
        measured = _run(settings, postgres.pid, progress)
    return {"orders": orders, "seed": seed, "mix": mix, **measured}


def empty_database(postgres: LocalPostgres) -> str:
    """A warehouse with a schema and no row."""
    name = sql.Identifier(DATABASE)
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("drop database if exists {}").format(name))
        conn.execute(sql.SQL("create database {}").format(name))
    dsn = postgres.dsn(DATABASE)
    migrate(dsn)
    return dsn


def _run(settings: Path, postgres_pid: int | None, progress: Callable[[str], None]) -> dict[str, Any]:
    command = [sys.executable, "-m", "shopify_pipeline.local.bench_run", str(settings), str(postgres_pid)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        said = ""
        for line in process.stderr or ():
            said = line.strip() or said
            progress(said)
        answer = process.stdout.read() if process.stdout else ""
    if process.returncode != 0:
        raise PermanentError(f"the measured run failed: {said}")
    measured: dict[str, Any] = json.loads(answer)
    return measured

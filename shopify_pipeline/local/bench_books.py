"""A sandbox store, an empty warehouse and empty books: what the benchmarks of the back office work on.

Here: starting them, the settings that name them, reading the store, CPU seconds by process. Not here: what is measured
(``bench_push.py``, ``bench_burst.py``).
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import psutil

from shopify_pipeline.config import load_settings
from shopify_pipeline.local.bench_extract import empty_database
from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.local.processes import write_secret
from shopify_pipeline.local.profiles import Mix
from shopify_pipeline.local.sandbox import LocalSandbox
from shopify_pipeline.local.stack import toml
from shopify_pipeline.local.together import Running
from shopify_pipeline.local.tryton import DATABASE, USER, TrytonServer
from shopify_pipeline.local.tryton_postgres import PostgresTrytonServer
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.steps.pipeline import Pipeline

#: Where Tryton keeps its books.
BookStore = Literal["sqlite", "postgresql"]

#: The books begin before the first order of every world of the default length.
BOOKS_DAYS = 100


@dataclass(frozen=True)
class Bench:
    """What runs.

    Attributes:
        settings_path: The settings ``pipeline`` was made of.
        servers: Process ids: ``tryton``, ``database`` (the warehouse) and, when Tryton's books are in PostgreSQL,
            ``books`` (that server).
    """

    pipeline: Pipeline
    sandbox: LocalSandbox
    tryton: TrytonServer
    settings_path: Path
    servers: Mapping[str, int | None]


def start_bench(
    running: Running,
    home: Path,
    world: Path,
    *,
    orders: int,
    seed: int,
    mix: Mix,
    books: BookStore = "sqlite",
    webhook_uri: str | None = None,
) -> Bench:
    """Start a store, a warehouse without a row and books without a record.

    Args:
        world: Folder of the store; what is there is used as it is.
        orders: Orders of a new world.
        webhook_uri: Where the store shall deliver hints; None: nowhere.
    """
    progress = running.progress
    running.stop_leftovers()
    postgres = LocalPostgres(home / "postgres")
    running.start("PostgreSQL", postgres, lambda: postgres.start(progress))
    sandbox = LocalSandbox(world, orders=orders, seed=seed, scopes=least_privilege(), plan="enterprise", mix=mix)
    running.start("sandbox", sandbox, lambda: sandbox.start(progress))
    shutil.rmtree(home / "tryton", ignore_errors=True)
    servers = {"database": postgres.pid}
    if books == "postgresql":
        # A server of its own, so that what the books cost is not mixed with what the warehouse costs.
        ledger = LocalPostgres(home / "books")
        running.start("PostgreSQL of the books", ledger, lambda: ledger.start(progress))
        servers["books"] = ledger.pid
        tryton: TrytonServer = PostgresTrytonServer(home / "tryton", ledger, home / "templates")
    else:
        tryton = TrytonServer(home / "tryton")
    running.start("Tryton", tryton, lambda: tryton.start(progress))
    settings_path = home / "bench.toml"
    write_secret(settings_path, toml(_settings(home, empty_database(postgres), sandbox, tryton, webhook_uri)))
    pipeline = Pipeline(load_settings(settings_path), sandbox.shop, progress=progress)
    return Bench(pipeline, sandbox, tryton, settings_path, {"tryton": tryton.pid, **servers})


def read_store(pipeline: Pipeline) -> None:
    """Bring every stream of the store into the empty warehouse."""
    for stream in STREAMS:
        pipeline.extract(stream)
        pipeline.load(stream)


def cpu_seconds(servers: Mapping[str, int | None]) -> dict[str, float]:
    """What each server and this process (``client``) used so far."""
    return {"client": time.process_time(), **{name: _of_server(pid) for name, pid in servers.items()}}


def _settings(
    home: Path, dsn: str, sandbox: LocalSandbox, tryton: TrytonServer, webhook_uri: str | None
) -> dict[str, Any]:
    today = sandbox.now().astimezone(ZoneInfo(sandbox.profile.time_zone)).date()
    shop: dict[str, Any] = {
        "domain": sandbox.shop,
        "endpoint": sandbox.url,
        "ca_file": sandbox.ca_file,
        "client_id": sandbox.client_id,
        "client_secret_file": sandbox.secret_file(),
        "time_zone": sandbox.profile.time_zone,
        "go_live_on": today - timedelta(days=BOOKS_DAYS),
        "value_map": sandbox.profile.value_map,
    }
    if webhook_uri is not None:
        shop["webhook_uri"] = webhook_uri
    return {
        "home": home / "run",
        "warehouse": {"dsn": dsn},
        "tryton": {"url": tryton.url, "database": DATABASE, "user": USER, "password_file": tryton.home / "password"},
        "shops": {"bench": shop},
    }


def _of_server(pid: int | None) -> float:
    """Of a server, its children and those of its children that have ended."""
    server = psutil.Process(pid)
    ended = server.cpu_times()
    return ended.children_user + ended.children_system + sum(_own_seconds([server, *server.children()]))


def _own_seconds(processes: Iterable[psutil.Process]) -> Iterable[float]:
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        yield times.user + times.system

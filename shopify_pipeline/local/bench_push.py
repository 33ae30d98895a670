"""What bringing a store's orders into Tryton costs: ``shopify-pipeline bench push``.

Here: a sandbox store, a PostgreSQL with the store's rows, an empty Tryton on SQLite, one push, and the CPU seconds of
each apart. Not here: how fast rows come into the warehouse (``bench_extract.py``).
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import psutil

from shopify_pipeline.config import load_settings
from shopify_pipeline.local.bench_extract import empty_database
from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.local.processes import write_secret
from shopify_pipeline.local.sandbox import TIME_ZONE, LocalSandbox
from shopify_pipeline.local.stack import VALUE_MAP, toml
from shopify_pipeline.local.together import Running, together
from shopify_pipeline.local.tryton import DATABASE, USER, TrytonServer
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.steps.pipeline import Pipeline

#: The books begin before the first order of every world of the default length.
BOOKS_DAYS = 100


def bench_push(
    home: Path, *, orders: int, seed: int, mix: Literal["plain", "full"], progress: Callable[[str], None]
) -> dict[str, Any]:
    """Push everything a store ever did into empty books, once.

    Args:
        home: Keeps the world and PostgreSQL between runs; another number of orders, seed or mix is another world.
        mix: What happens in the store: ``plain``, the everyday; ``full``, everything that can.

    Returns:
        What was pushed, and ``cpu_seconds_per_order``: ``client`` (this process), ``tryton`` (with its SQLite),
        ``database`` (the warehouse) and their sum ``in_all``, per order that is in the books afterwards.
    """
    home = home.absolute()
    with together(home, progress) as running:
        running.stop_leftovers()
        postgres = LocalPostgres(home / "postgres")
        running.start("PostgreSQL", postgres, lambda: postgres.start(progress))
        sandbox = LocalSandbox(
            home / f"store-{orders}-{seed}-{mix}",
            orders=orders,
            seed=seed,
            scopes=least_privilege(),
            plan="enterprise",
            mix=mix,
        )
        running.start("sandbox", sandbox, lambda: sandbox.start(progress))
        tryton = _empty_books(home / "tryton", running)
        pipeline = _loaded(home, postgres, sandbox, tryton, progress)
        measured = _push(pipeline, postgres, tryton)
    return {"orders": orders, "seed": seed, "mix": mix, "database": "sqlite", **measured}


def _empty_books(home: Path, running: Running) -> TrytonServer:
    shutil.rmtree(home, ignore_errors=True)
    tryton = TrytonServer(home)
    running.start("Tryton", tryton, lambda: tryton.start(running.progress))
    return tryton


def _loaded(
    home: Path, postgres: LocalPostgres, sandbox: LocalSandbox, tryton: TrytonServer, progress: Callable[[str], None]
) -> Pipeline:
    """The pipeline of the store once all its streams are in an empty warehouse."""
    settings = home / "bench.toml"
    today = sandbox.now().astimezone(ZoneInfo(TIME_ZONE)).date()
    shop = {
        "domain": sandbox.shop,
        "endpoint": sandbox.url,
        "ca_file": sandbox.ca_file,
        "client_id": sandbox.client_id,
        "client_secret_file": sandbox.secret_file(),
        "time_zone": TIME_ZONE,
        "go_live_on": today - timedelta(days=BOOKS_DAYS),
        "value_map": VALUE_MAP,
    }
    books = {"url": tryton.url, "database": DATABASE, "user": USER, "password_file": tryton.home / "password"}
    warehouse = {"dsn": empty_database(postgres)}
    write_secret(
        settings, toml({"home": home / "run", "warehouse": warehouse, "tryton": books, "shops": {"bench": shop}})
    )
    pipeline = Pipeline(load_settings(settings), sandbox.shop, progress=progress)
    for stream in STREAMS:
        pipeline.extract(stream)
        pipeline.load(stream)
    return pipeline


def _push(pipeline: Pipeline, postgres: LocalPostgres, tryton: TrytonServer) -> dict[str, Any]:
    servers = {"tryton": tryton.pid, "database": postgres.pid}
    before = {name: _cpu_seconds(pid) for name, pid in servers.items()} | {"client": time.process_time()}
    calls = len(_calls(tryton.log))
    began = time.perf_counter()
    pushed = pipeline.push()
    wall_seconds = time.perf_counter() - began
    after = {name: _cpu_seconds(pid) for name, pid in servers.items()} | {"client": time.process_time()}
    spent = {name: after[name] - before[name] for name in ("client", "tryton", "database")}
    spent["in_all"] = sum(spent.values())
    booked = pipeline.backoffice.counts(pipeline.shop.domain)
    return {
        "cpu_seconds_per_order": {
            name: round(seconds / max(booked["orders"], 1), 3) for name, seconds in spent.items()
        },
        "cpu_seconds": {name: round(seconds, 1) for name, seconds in spent.items()},
        "wall_seconds": round(wall_seconds, 1),
        "batches": sum(call == "push_orders" for call in _calls(tryton.log)[calls:]),
        "batch_size": pipeline.settings.tryton.batch_size,
        "not_taken": pushed.rejected if pushed is not None else 0,
        "booked": booked,
        "documents": booked["documents"],
    }


def _cpu_seconds(pid: int | None) -> float:
    """What a server, its children and those of its children that have ended used so far."""
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


def _calls(log: Path) -> list[str]:
    """RPC methods Tryton was asked for, in order."""
    return re.findall(r"\[POST\] \S*?(\w+)>", log.read_text())

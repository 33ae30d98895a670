"""How long the rules take, and how that grows with the orders: ``shopify-pipeline bench reconcile``.

Here: readings of shop and books that agree but for one document in a thousand, all rules on them, seconds and memory.
Not here: taking a census or a snapshot, which other systems' speed decides.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from shopify_pipeline.backoffice.value_map import read_value_map
from shopify_pipeline.clock import SystemClock
from shopify_pipeline.local.bench_extract import empty_database
from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.local.together import together
from shopify_pipeline.statements import statements
from shopify_pipeline.steps.reconcile import reconcile
from shopify_pipeline.warehouse.connect import Connection, connect

SQL = statements(Path(__file__).with_name("bench_reconcile.sql"))
SHOP = "bench.myshopify.com"
ZONE = "America/New_York"
AS_OF = datetime(2026, 11, 1, 5, tzinfo=UTC)
#: What the smaller run has of the orders.
FRACTION = 10
#: One document in so many is wrong.
WRONG = 1000
#: Statements that read figures; all others write readings, in their order.
MEASURES = ("seconds", "written")


class PeakMemory:
    """Resident memory of a server's processes, without what they share, at its highest."""

    def __init__(self, pid: int) -> None:
        self._server = psutil.Process(pid)
        self._done = threading.Event()
        self.bytes = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look ten times a second."""
        watcher = threading.Thread(target=self._watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            self._done.set()
            watcher.join()

    def _watch(self) -> None:
        while not self._done.wait(0.1):
            self.bytes = max(self.bytes, sum(map(_own_memory, self._server.children())))


def _own_memory(process: psutil.Process) -> int:
    try:
        memory = process.memory_info()
    except psutil.NoSuchProcess:
        return 0
    return int(memory.rss - memory.shared)


def bench_reconcile(home: Path, *, orders: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """Run every rule on a tenth of the orders, then on all of them.

    Args:
        home: Keeps PostgreSQL between runs.
        orders: Orders on both sides; the smaller run has a tenth of them.

    Returns:
        ``runs``, one per size: ``seconds`` (wall), ``cpu_seconds`` (``client``, ``database``), ``peak_memory_mb`` (of
        the database's processes), ``temporary_mb`` (written to disk for sorting and hashing), ``by_rule`` (seconds),
        ``breaks`` by rule; and ``growth``: seconds per order of all of them over those of the tenth.
    """
    home = home.absolute()
    with together(home, progress) as running:
        running.stop_leftovers()
        postgres = LocalPostgres(home / "postgres")
        running.start("PostgreSQL", postgres, lambda: postgres.start(progress))
        runs = [_run(postgres, size, progress) for size in (max(orders // FRACTION, 1), orders)]
    per_order = [run["seconds"] / run["orders"] for run in runs]
    return {
        "orders": orders,
        "seconds": runs[-1]["seconds"],
        "minutes_per_million": round(per_order[-1] * 1_000_000 / 60, 2),
        "growth": round(per_order[-1] / per_order[0], 2),
        "runs": runs,
    }


def _run(postgres: LocalPostgres, orders: int, progress: Callable[[str], None]) -> dict[str, Any]:
    server = postgres.pid
    if server is None:
        raise AssertionError("PostgreSQL was started and does not run")
    with connect(empty_database(postgres)) as conn:
        progress(f"writing the readings of {orders:,} orders")
        _fill(conn, orders)
        progress(f"running all rules on {orders:,} orders")
        memory, before = PeakMemory(server), _used(conn, server)
        with memory.watched():
            began = time.perf_counter()
            found = reconcile(
                conn,
                shop=SHOP,
                value_map=read_value_map(Path(__file__).with_name("value_map.toml")),
                go_live_on=date(2025, 1, 1),
                time_zone=ZONE,
                lag_seconds=int(timedelta(hours=1).total_seconds()),
                clock=SystemClock(),
            )
            seconds = time.perf_counter() - began
        used = {name: amount - before[name] for name, amount in _used(conn, server).items()}
        by_rule = conn.execute(SQL["seconds"], {"run_id": found.run_id}).fetchall()
    return {
        "orders": orders,
        "wrong_documents": orders // WRONG,
        "breaks": found.by_rule,
        "seconds": round(seconds, 2),
        "cpu_seconds": {"client": round(used["client"], 2), "database": round(used["database"], 2)},
        "peak_memory_mb": round(memory.bytes / 2**20),
        "temporary_mb": round(used["temporary"] / 2**20),
        "by_rule": {rule: float(each) for rule, each in by_rule},
    }


def _fill(conn: Connection, orders: int) -> None:
    """Write both readings."""
    parameters = {"shop": SHOP, "orders": orders, "as_of": AS_OF, "zone": ZONE}
    with conn.transaction():
        for name, statement in SQL.items():
            if name not in MEASURES:
                conn.execute(statement, parameters)
    conn.autocommit = True
    conn.execute("vacuum analyze")
    conn.autocommit = False


def _used(conn: Connection, server: int) -> dict[str, float]:
    """CPU seconds of this process and of the server's that live, and bytes of temporary files so far."""
    ((written,),) = conn.execute(SQL["written"]).fetchall()
    conn.rollback()
    processes = [psutil.Process(server), *psutil.Process(server).children()]
    return {"client": time.process_time(), "database": sum(map(_cpu, processes)), "temporary": float(written)}


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)

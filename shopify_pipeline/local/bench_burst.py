"""How long the orders of a busy hour take into the warehouse and the back office: ``shopify-pipeline bench burst``.

Here: a store with webhooks that is ordered from, one process that reads and pushes until nothing is left, and the lag
of every order. Not here: what it works on (``bench_books.py``), what a push costs (``bench_push.py``).
"""

from __future__ import annotations

import math
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from shopify_pipeline.config import CONFIG_VARIABLE
from shopify_pipeline.errors import PermanentError
from shopify_pipeline.local.bench_books import Bench, read_store, start_bench
from shopify_pipeline.local.processes import Program, answers
from shopify_pipeline.local.sandbox import LocalSandbox
from shopify_pipeline.local.together import together
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.statements import statements
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse import inbox
from shopify_pipeline.warehouse.connect import Connection

SQL = statements(Path(__file__).with_name("bench_burst.sql"))

#: Orders the store has before the burst: enough of customers, products and stock for new ones.
ORDERS_BEFORE = 20
#: The hour is placed minute by minute.
MINUTES = 60
#: What is not booked so many rounds after the last order was placed never will be.
LAST_ROUNDS = 5
POLL_SECONDS = 0.1
#: How a lag is told: in which share of the orders it is not longer.
SHARES = {"median": 0.5, "p95": 0.95, "max": 1.0}


class Placing(threading.Thread):
    """Places orders as fast as the store takes them, an hour of its clock long; what fails is raised by ``finish``.

    Attributes:
        placed_at: When each order was about to be placed, our clock, UTC.
        simulated_seconds: How far the store's clock moved.
    """

    def __init__(self, sandbox: LocalSandbox, orders: int, now: Callable[[], datetime]) -> None:
        super().__init__(name="placing", daemon=True)
        self._sandbox = sandbox
        self._orders = orders
        self._now = now
        self._failure: PermanentError | None = None
        self.placed_at: dict[int, datetime] = {}
        self.simulated_seconds = 0.0

    def run(self) -> None:
        try:
            began = self._sandbox.now()
            for minute in range(MINUTES):
                due = self._orders * (minute + 1) // MINUTES - self._orders * minute // MINUTES
                at = self._now()
                self.placed_at |= dict.fromkeys(self._sandbox.place(due, hours=0), at)
                # Each order took seconds of the store's clock; the rest of the minute passes at once.
                passed = (self._sandbox.now() - began).total_seconds()
                self._sandbox.place(0, hours=max(60.0 * (minute + 1) - passed, 0.0) / 3600)
            self.simulated_seconds = (self._sandbox.now() - began).total_seconds()
        except PermanentError as exc:
            self._failure = exc

    def finish(self) -> None:
        """Wait for the last order.

        Raises:
            PermanentError: The store stopped answering.
        """
        self.join()
        if self._failure is not None:
            raise self._failure


@dataclass
class Followed:
    """How far the orders of the burst have come: when each was in the warehouse and when in the back office, UTC."""

    loaded_at: dict[int, datetime] = field(default_factory=dict)
    booked_at: dict[int, datetime] = field(default_factory=dict)
    sync_seconds: float = 0.0
    push_seconds: float = 0.0
    rounds: int = 0

    def look(self, conn: Connection, shop: str, placed: Sequence[int]) -> None:
        """Note what has come since the last look; a later load or push of the same order is not its lag."""
        for name, found in (("loaded", self.loaded_at), ("booked", self.booked_at)):
            missing = [order_id for order_id in placed if order_id not in found]
            found |= dict(conn.execute(SQL[name], {"shop": shop, "order_ids": missing}).fetchall())


def bench_burst(home: Path, *, orders: int, seed: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """Place orders within one hour of a store's clock, and read and push until all of them are booked.

    The hour passes as fast as the store can place its orders, so ``lag_seconds`` (of our clock) are those of a much
    steeper burst, most of them waiting for orders before; store, receiver, databases and Tryton share the machine.

    Args:
        home: Keeps PostgreSQL between runs; the store is made anew.

    Returns:
        Hints received; lag of the orders from being placed to the warehouse and to the back office; how long it took
        after the last order until nothing was left (``drain_seconds``); and ``keeps_up_with``: from how many orders an
        hour on the queue grows, for a writer that does nothing but push, and for one process that reads and pushes in
        turn, as this one did.

    Raises:
        PermanentError: A part does not come up, or the store stopped answering.
    """
    home = home.absolute()
    world = home / f"burst-{orders}-{seed}"
    shutil.rmtree(world, ignore_errors=True)
    with together(home, progress) as running:
        port = running.port("receiver")
        uri = f"http://127.0.0.1:{port}/webhooks"
        bench = start_bench(running, home, world, orders=ORDERS_BEFORE, seed=seed, mix="plain", webhook_uri=uri)
        receiver = Program(
            f"the webhook receiver at {uri}",
            [sys.executable, "-m", "shopify_pipeline.webhooks", "--port", str(port)],
            log=home / "receiver.log",
            environment={**os.environ, CONFIG_VARIABLE: str(bench.settings_path)},
            ready=lambda: answers(f"http://127.0.0.1:{port}/healthz"),
        )
        running.start("webhook receiver", receiver, lambda: receiver.start(progress))
        pipeline = bench.pipeline
        pipeline.subscribe()
        read_store(pipeline)
        pipeline.push()
        pipeline.handle_hints()
        return {"orders": orders, "seed": seed, **_burst(bench, orders)}


def _burst(bench: Bench, orders: int) -> dict[str, Any]:
    pipeline, followed = bench.pipeline, Followed()
    shop, now = pipeline.shop.domain, pipeline.clock.now
    began = now()
    placing = Placing(bench.sandbox, orders, now)
    placing.start()
    last_rounds = LAST_ROUNDS
    with pipeline.connect() as conn:
        conn.autocommit = True
        while last_rounds:
            over = not placing.is_alive()
            if not over and inbox.waiting(conn, shop) is None:
                time.sleep(POLL_SECONDS)
                continue
            _round(pipeline, followed)
            followed.look(conn, shop, list(placing.placed_at))
            if over:
                last_rounds = last_rounds - 1 if len(followed.booked_at) < len(placing.placed_at) else 0
        placing.finish()
        (hints,) = conn.execute(SQL["hints"], {"shop": shop, "began": began}).fetchone() or (0,)
    return {"hints": hints, **_figures(placing, followed)}


def _round(pipeline: Pipeline, followed: Followed) -> None:
    """What one run of the sync job does."""
    began = time.perf_counter()
    for stream in STREAMS:
        if pipeline.rests_until(stream) is None:
            pipeline.sync(stream)
    read = time.perf_counter()
    pipeline.push()
    followed.push_seconds += time.perf_counter() - read
    followed.sync_seconds += read - began
    followed.rounds += 1
    pipeline.handle_hints()


def _figures(placing: Placing, followed: Followed) -> dict[str, Any]:
    first, last = min(placing.placed_at.values()), max(placing.placed_at.values())
    placed_seconds = (last - first).total_seconds()
    busy_seconds = followed.sync_seconds + followed.push_seconds
    booked = len(followed.booked_at)
    return {
        "placed": len(placing.placed_at),
        "not_booked": len(placing.placed_at) - booked,
        "placed_within": {
            "simulated_seconds": round(placing.simulated_seconds),
            "seconds": round(placed_seconds, 1),
        },
        "lag_seconds": {
            "to_warehouse": _spread(placing.placed_at, followed.loaded_at),
            "to_back_office": _spread(placing.placed_at, followed.booked_at),
        },
        "drain_seconds": round((max(followed.booked_at.values(), default=last) - last).total_seconds(), 1),
        "rounds": followed.rounds,
        "sync_seconds": round(followed.sync_seconds, 1),
        "push_seconds": round(followed.push_seconds, 1),
        "orders_per_second": {
            "pushing": round(booked / followed.push_seconds, 2),
            "reading_and_pushing": round(booked / busy_seconds, 2),
        },
        "keeps_up_with_orders_per_hour": {
            "pushing": round(3600 * booked / followed.push_seconds),
            "reading_and_pushing": round(3600 * booked / busy_seconds),
        },
    }


def _spread(placed_at: Mapping[int, datetime], arrived_at: Mapping[int, datetime]) -> dict[str, float]:
    """Median, 95th percentile and maximum of the lags of what has arrived, in seconds; empty when nothing has."""
    lags = sorted((arrived - placed_at[order_id]).total_seconds() for order_id, arrived in arrived_at.items())
    if not lags:
        return {}
    return {name: round(lags[math.ceil(share * len(lags)) - 1], 1) for name, share in SHARES.items()}

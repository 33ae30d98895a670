"""The measured part of the benchmark, in a process of its own: ``python -m shopify_pipeline.local.bench_run``.

Here: one extract and one load of the orders of the configured shop, CPU seconds by stage and the memory's high-water
mark. Not here: the store and the database it works on (``bench_extract.py``).
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import structlog

from shopify_pipeline.config import load_settings
from shopify_pipeline.landing import Manifest
from shopify_pipeline.steps.load import Loaded
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.steps.stopwatch import Stopwatch
from shopify_pipeline.warehouse.loads import Loads

STREAM = "orders"


class CpuWatch(Stopwatch):
    """CPU seconds of this process by stage, and apart from them PostgreSQL's.

    Args:
        postgres_pid: Of its first process, whose children do the work.
    """

    def __init__(self, postgres_pid: int) -> None:
        super().__init__(time.process_time)
        self._postgres = psutil.Process(postgres_pid)
        self.postgres_seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = self._of_postgres()
        with super().stage(name):
            yield
        spent = self._of_postgres() - started
        self.postgres_seconds[name] = self.postgres_seconds.get(name, 0.0) + spent

    def _of_postgres(self) -> float:
        """Every process of the server that lives; none of those that work for us ends while we measure."""
        total = 0.0
        for process in (self._postgres, *self._postgres.children()):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
        return total


def main(arguments: Sequence[str]) -> None:
    """Do it and print the figures, the only line on stdout."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    settings = load_settings(Path(arguments[0]))
    (shop,) = settings.shops.values()
    pipeline = Pipeline(settings, shop.domain, progress=lambda line: print(line, file=sys.stderr, flush=True))
    watch = CpuWatch(int(arguments[1]))
    began = time.perf_counter()
    with watch.stage("download"):
        pipeline.extract(STREAM)
    with pipeline.connect() as conn:
        load = Loads(conn).unfinished(shop.domain, STREAM)
        if load is None:
            raise SystemExit("nothing was landed")
        manifest = pipeline.landing.manifest(load.landing_prefix)
        loaded = pipeline.merge(conn, load, stopwatch=watch)
    print(json.dumps(figures(manifest, loaded, watch, time.perf_counter() - began)))


def figures(manifest: Manifest, loaded: Loaded, watch: CpuWatch, wall_seconds: float) -> dict[str, Any]:
    """What came of it. Speeds are of whole orders per CPU second of this process and PostgreSQL's together."""
    stages = watch.seconds.keys() | watch.postgres_seconds.keys()
    totals = {name: watch.seconds[name] + watch.postgres_seconds[name] for name in stages}
    after_download = sum(seconds for name, seconds in totals.items() if name != "download")
    return {
        "orders_per_cpu_second": round(loaded.received / after_download),
        "orders_per_cpu_second_with_download": round(loaded.received / sum(totals.values())),
        "bytes_per_order": round(manifest.bytes / loaded.received),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "rows": sum(loaded.rows.values()),
        "received": loaded.received,
        "loaded": loaded.loaded,
        "quarantined": loaded.quarantined,
        "cpu_seconds": _rounded(watch.seconds),
        "postgres_cpu_seconds": _rounded(watch.postgres_seconds),
        "cpu_seconds_in_all": round(sum(totals.values()), 2),
        "wall_seconds": round(wall_seconds, 1),
    }


def _rounded(seconds: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in seconds.items()}


if __name__ == "__main__":
    main(sys.argv[1:])

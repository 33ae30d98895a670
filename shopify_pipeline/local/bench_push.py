"""What bringing a store's orders into Tryton costs: ``shopify-pipeline bench push``.

Here: one push of everything, and its CPU seconds by process and by resource. Not here: what it works on
(``bench_books.py``), how long a burst takes (``bench_burst.py``), how rows come in (``bench_extract.py``).
"""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from shopify_pipeline.backoffice.protocol import BackOffice, Result
from shopify_pipeline.local.bench_books import Bench, BookStore, cpu_seconds, read_store, start_bench
from shopify_pipeline.local.profiles import Mix
from shopify_pipeline.local.together import together

#: After the last record was answered: what is remembered of it, and what is still looked for.
AFTERWARDS = "afterwards"


class ByResource:
    """A back office that notes what was used from one push's answer to the next one's.

    Reading and mapping records is counted with the resource they are pushed as; finding what is due, with the first.

    Args:
        used: CPU seconds so far, by process.
    """

    def __init__(self, backoffice: BackOffice, used: Callable[[], dict[str, float]]) -> None:
        self._backoffice = backoffice
        self._used = used
        self._last = used()
        self.seconds: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self.records: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._backoffice, name)
        if not name.startswith("push_"):
            return method

        def push(shop: str, records: Sequence[Any]) -> list[Result]:
            results: list[Result] = method(shop, records)
            resource = name.removeprefix("push_")
            self.records[resource] += len(records)
            self.note(resource)
            return results

        return push

    def note(self, resource: str) -> None:
        """Count what was used since the last note for a resource."""
        used = self._used()
        for process, seconds in used.items():
            spent = self.seconds[resource]
            spent[process] = spent.get(process, 0.0) + seconds - self._last[process]
        self._last = used


def bench_push(
    home: Path, *, orders: int, seed: int, mix: Mix, database: BookStore, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Push everything a store ever did into empty books, once.

    Args:
        home: Keeps the world and PostgreSQL between runs; another number of orders, seed or mix is another world.
        mix: What happens in the store: ``plain``, the everyday; ``full``, everything that can.
        database: Where Tryton keeps its books.

    Returns:
        What was pushed, and ``cpu_seconds_per_order``: ``client`` (this process), ``tryton`` (with its SQLite),
        ``database`` (the warehouse), ``books`` (Tryton's PostgreSQL, if it has one) and their sum ``in_all``, per order
        that is in the books afterwards; ``by_resource`` has the same sums apart, and per record.
    """
    home = home.absolute()
    with together(home, progress) as running:
        world = home / f"store-{orders}-{seed}-{mix}"
        bench = start_bench(running, home, world, orders=orders, seed=seed, mix=mix, books=database)
        read_store(bench.pipeline)
        measured = _push(bench)
    return {"orders": orders, "seed": seed, "mix": mix, "database": database, **measured}


def _push(bench: Bench) -> dict[str, Any]:
    pipeline, calls = bench.pipeline, len(_calls(bench.tryton.log))
    watched = ByResource(pipeline.backoffice, lambda: cpu_seconds(bench.servers))
    pipeline.backoffice = cast(BackOffice, watched)
    began = time.perf_counter()
    pushed = pipeline.push()
    wall_seconds = time.perf_counter() - began
    watched.note(AFTERWARDS)
    booked = pipeline.backoffice.counts(pipeline.shop.domain)
    spent = _with_sum(
        {name: sum(used[name] for used in watched.seconds.values()) for name in ("client", *bench.servers)}
    )
    return {
        "cpu_seconds_per_order": {
            name: round(seconds / max(booked["orders"], 1), 3) for name, seconds in spent.items()
        },
        "cpu_seconds": _rounded(spent),
        "by_resource": {
            resource: _figures(used, watched.records[resource]) for resource, used in watched.seconds.items()
        },
        "wall_seconds": round(wall_seconds, 1),
        "batches": sum(call == "push_orders" for call in _calls(bench.tryton.log)[calls:]),
        "batch_size": pipeline.settings.tryton.batch_size,
        "not_taken": pushed.rejected if pushed is not None else 0,
        "booked": booked,
        "documents": booked["documents"],
    }


def _figures(used: Mapping[str, float], records: int) -> dict[str, Any]:
    figures: dict[str, Any] = {"records": records, "cpu_seconds": _rounded(_with_sum(used))}
    if records:
        figures["cpu_seconds_per_record"] = round(sum(used.values()) / records, 3)
    return figures


def _with_sum(seconds: Mapping[str, float]) -> dict[str, float]:
    return {**seconds, "in_all": sum(seconds.values())}


def _rounded(seconds: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 1) for name, value in seconds.items()}


def _calls(log: Path) -> list[str]:
    """RPC methods Tryton was asked for, in order."""
    return re.findall(r"\[POST\] \S*?(\w+)>", log.read_text())

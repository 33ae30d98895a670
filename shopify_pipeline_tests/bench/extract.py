"""How fast the client reads all orders into landing, by pages and by bulk: a sandbox store in a process of its own.

Here: starting the store and measuring. Run ``python -m shopify_pipeline_tests.bench.extract``; prints one JSON line.
Wall time holds the waits for Shopify's bucket, which the plan refills; CPU time does not.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from shopify_pipeline.clock import SystemClock
from shopify_pipeline.landing import Landing
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.session import HttpSession
from shopify_pipeline.shopify.tokens import StaticToken
from shopify_pipeline.steps.extract import ExtractConfig, extract
from shopify_pipeline_tests.bench.processes import cpu_seconds
from shopify_pipeline_tests.steps.extracting import KeptLoads

STOP_SECONDS_MAX = 30


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=2_000, help="orders of the world")
    parser.add_argument("--seed", type=int, default=7, help="seed of the world")
    parser.add_argument("--plan", default="enterprise", help="Shopify plan, which decides how fast the bucket refills")
    given = parser.parse_args(arguments)
    command = shlex.join(["python", "-m", "shopify_pipeline_tests.bench.extract", *arguments])
    print(json.dumps({"command": command, **measured(orders=given.orders, seed=given.seed, plan=given.plan)}))


def measured(*, orders: int, seed: int, plan: str) -> dict[str, Any]:
    """Read a new world both ways; seconds, bytes before compression, points of query cost."""
    with tempfile.TemporaryDirectory(prefix="shopify-pipeline-bench-") as folder:
        home = Path(folder)
        with served(home / "store", orders=orders, seed=seed, plan=plan) as store:
            # From one root on a bulk operation is always taken, from one more than there are never.
            thresholds = {"pages": orders + 1, "bulk": 1}
            ways = {way: _read(store, home / way, threshold) for way, threshold in thresholds.items()}
    return {"orders": orders, "seed": seed, "plan": plan, **ways}


def _read(store: Mapping[str, Any], home: Path, bulk_threshold: int) -> dict[str, Any]:
    """Extract the orders one way, by a client that knows nothing yet."""
    clock = SystemClock()
    session = HttpSession(allowed_hosts={"127.0.0.1"}, clock=clock, ca_file=Path(store["ca_file"]))
    api = AdminApi(
        shop=store["shop"],
        session=session,
        tokens=StaticToken(store["token"]),
        clock=clock,
        rng=Random(1),
        endpoint=store["url"],
    )
    wall, cpu, store_cpu = time.perf_counter(), time.process_time(), cpu_seconds(store["pid"])
    landed = extract(
        api,
        Landing.at(home),
        KeptLoads(),
        shop=store["shop"],
        stream="orders",
        clock=clock,
        config=ExtractConfig(bulk_threshold=bulk_threshold),
        progress=lambda line: None,
    )
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {
        "roots": landed.roots,
        "parts": landed.parts,
        "bytes": landed.bytes,
        "requests": api.usage.requests,
        "cost_points": round(api.usage.cost_points),
        "cpu_seconds": round(cpu, 2),
        "store_cpu_seconds": round(cpu_seconds(store["pid"]) - store_cpu, 2),
        "wall_seconds": round(wall, 2),
        "orders_per_cpu_second": round(landed.roots / cpu),
    }


@contextmanager
def served(home: Path, *, orders: int, seed: int, plan: str) -> Iterator[dict[str, Any]]:
    """Serve a new world; gives what the server says of itself."""
    program = Path(sys.executable).with_name("shopify-sandbox")
    world = ["--home", str(home), "--orders", str(orders), "--seed", str(seed), "--plan", plan]
    process = subprocess.Popen([str(program), "serve", *world], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        line = process.stdout.readline() if process.stdout else b""
        if not line:
            raise SystemExit(f"shopify-sandbox serve ended with exit code {process.wait()}")
        yield json.loads(line)
    finally:
        process.terminate()
        process.wait(STOP_SECONDS_MAX)


if __name__ == "__main__":
    main(sys.argv[1:])

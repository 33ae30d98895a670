"""What an increment costs when little and when much was loaded before: rows, blocks and points for the same changes.

Here: two shops of different size, loaded whole, then changed alike and followed once; PostgreSQL counts what it touched
(``pg_stat_statements``). Run ``python -m shopify_pipeline_tests.bench.increment``; prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg

from shopify_pipeline.config import Settings
from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse.migrate import migrate
from shopify_pipeline_tests.bench.extract import served

#: What is counted: every statement the load runs, but not the bookkeeping of its transaction.
TOUCHED = """
    select coalesce(sum(rows), 0)::bigint, coalesce(sum(shared_blks_hit + shared_blks_read), 0)::bigint,
        coalesce(sum(local_blks_hit + local_blks_read), 0)::bigint
    from pg_stat_statements
    where dbid = (select oid from pg_database where datname = current_database())
"""


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, nargs=2, default=(2_000, 100_000), help="orders of the two worlds")
    parser.add_argument("--changes", type=int, default=200, help="orders placed between the two looks")
    parser.add_argument("--seed", type=int, default=7, help="seed of the worlds")
    given = parser.parse_args(arguments)
    command = shlex.join(["python", "-m", "shopify_pipeline_tests.bench.increment", *arguments])
    print(json.dumps({"command": command, **measured(given.orders, changes=given.changes, seed=given.seed)}))


def measured(sizes: Sequence[int], *, changes: int, seed: int) -> dict[str, Any]:
    """Follow the same number of new orders in worlds of these sizes; per changed order, and large over small."""
    found = {str(size): _followed(size, changes=changes, seed=seed) for size in sizes}
    small, large = (found[str(size)] for size in sizes)
    per_row = {
        name: round((large[name] / large["rows_loaded"]) / (small[name] / small["rows_loaded"]), 3)
        for name in ("rows", "blocks", "points")
    }
    return {"changes": changes, "sizes": found, "large_over_small_per_loaded_row": per_row}


def _followed(orders: int, *, changes: int, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="shopify-pipeline-bench-") as folder:
        home = Path(folder)
        postgres = _counting_postgres(home / "postgres")
        try:
            with served(home / "store", orders=orders, seed=seed, plan="enterprise") as store:
                return _one_increment(home, postgres.dsn("warehouse"), store, changes)
        finally:
            postgres.remove()


def _one_increment(home: Path, dsn: str, store: Mapping[str, Any], changes: int) -> dict[str, Any]:
    migrate(dsn)
    shop = {
        "domain": store["shop"],
        "endpoint": store["url"],
        "ca_file": store["ca_file"],
        "access_token": store["token"],
        "time_zone": "America/New_York",
    }
    settings = Settings(home=home, warehouse={"dsn": dsn}, shops={"one": shop})
    pipeline = Pipeline(settings, store["shop"], progress=lambda line: None)
    _sync(pipeline)
    # An hour later nothing of the history lies in the overlap any more.
    _advance(home, hours=1)
    _sync(pipeline)
    _advance(home, new_orders=changes)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("vacuum analyze")
        conn.execute("select pg_stat_statements_reset()")
        points = pipeline.api.usage.cost_points
        loaded = _sync(pipeline)
        rows, blocks, temporary = conn.execute(TOUCHED).fetchone() or (0, 0, 0)
    return {
        "orders_changed": loaded.new_versions,
        "rows_loaded": sum(loaded.rows.values()),
        "rows": rows,
        "blocks": blocks,
        "temporary_blocks": temporary,
        "points": round(pipeline.api.usage.cost_points - points),
    }


def _sync(pipeline: Pipeline) -> Any:
    pipeline.extract("orders")
    return pipeline.load("orders")


def _advance(home: Path, **actions: float) -> None:
    program = Path(sys.executable).with_name("shopify-sandbox")
    options = [text for name, value in actions.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    subprocess.run([program, "advance", "--home", home / "store", *options], check=True, stdout=subprocess.DEVNULL)


def _counting_postgres(home: Path) -> LocalPostgres:
    """A server that counts what each statement touches; the library has to be there when it starts."""
    postgres = LocalPostgres(home, fsync=False)
    postgres.start(lambda line: None)
    with psycopg.connect(postgres.dsn("warehouse"), autocommit=True) as conn:
        conn.execute("alter system set shared_preload_libraries = 'pg_stat_statements'")
    postgres.stop()
    postgres.start(lambda line: None)
    with psycopg.connect(postgres.dsn("warehouse"), autocommit=True) as conn:
        conn.execute("create extension pg_stat_statements")
    return postgres


if __name__ == "__main__":
    main(sys.argv[1:])

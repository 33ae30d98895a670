"""Commands that measure this product on this machine: ``shopify-pipeline bench``.

Here: arguments and printing. What is measured, and on what, is ``local/bench_*.py``; it needs the extra ``local``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from shopify_pipeline.cli_shared import AsJson, print_counts, say

bench_app = typer.Typer(help="How fast this is, measured on this machine.", no_args_is_help=True)

Home = Annotated[Path, typer.Option("--home", help="Keeps stores and PostgreSQL between runs.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of a new store.")]
Mix = Annotated[
    Literal["plain", "full"],
    typer.Option("--mix", help="What happens in the store: the everyday, or everything that can."),
]
AllOrders = Annotated[int, typer.Option("--orders", min=1, help="Orders of the store.")]

HOME = Path(".state/bench")


@bench_app.command("extract")
def extract(
    orders: AllOrders = 20_000, seed: Seed = 7, home: Home = HOME, mix: Mix = "plain", as_json: AsJson = False
) -> None:
    """How fast, and in how much memory, all orders of a store come into an empty warehouse."""
    from shopify_pipeline.local.bench_extract import bench_extract

    _show(bench_extract(home, orders=orders, seed=seed, mix=mix, progress=_progress(as_json)), as_json)


@bench_app.command("push")
def push(
    orders: AllOrders = 500,
    seed: Seed = 7,
    home: Home = HOME,
    mix: Mix = "full",
    database: Annotated[
        Literal["sqlite", "postgresql"], typer.Option("--database", help="Where Tryton keeps its books.")
    ] = "sqlite",
    as_json: AsJson = False,
) -> None:
    """What it costs to bring all orders of a store into an empty Tryton."""
    from shopify_pipeline.local.bench_push import bench_push

    progress = _progress(as_json)
    _show(bench_push(home, orders=orders, seed=seed, mix=mix, database=database, progress=progress), as_json)


@bench_app.command("burst")
def burst(
    orders: Annotated[int, typer.Option("--orders", min=1, help="Orders placed within one hour of the store.")] = 2000,
    seed: Seed = 7,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """How long orders of a busy hour take into the warehouse and into Tryton, and which volume is too much."""
    from shopify_pipeline.local.bench_burst import bench_burst

    _show(bench_burst(home, orders=orders, seed=seed, progress=_progress(as_json)), as_json)


@bench_app.command("reconcile")
def reconcile(
    orders: Annotated[int, typer.Option("--orders", min=100, help="Orders on both sides.")] = 100_000,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """How long all rules take over generated readings of shop and back office, and how that grows."""
    from shopify_pipeline.local.bench_reconcile import bench_reconcile

    _show(bench_reconcile(home, orders=orders, progress=_progress(as_json)), as_json)


def _progress(as_json: bool) -> Callable[[str], None]:
    return (lambda line: None) if as_json else say


def _show(figures: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(figures))
    else:
        print_counts(figures, False)

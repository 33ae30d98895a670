"""Commands about what is landed and loaded: the landing zone, replays, and the list of loads.

Here: arguments and exit codes of those commands. Reading the shop again is in ``cli_ledgers.py``.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from shopify_pipeline.cli_shared import NOT_IN_ORDER, AsJson, Config, Shop, opened, out, print_counts, print_table
from shopify_pipeline.errors import ConfigError
from shopify_pipeline.ops import status as reports
from shopify_pipeline.steps.from_landing import replay_all, replay_load
from shopify_pipeline.steps.retention import Kept, prune, survey

landing_app = typer.Typer(help="The landing zone: what Shopify sent, as it sent it.", no_args_is_help=True)


@landing_app.command("list")
def landing_list(config: Config = None, shop: Shop = None, as_json: AsJson = False) -> None:
    """List what is landed, oldest first, and what of it may go."""
    pipeline = opened(config, shop)
    _show(f"landing zone {pipeline.landing.place}", survey(pipeline), as_json)


@landing_app.command("prune")
def landing_prune(
    config: Config = None,
    shop: Shop = None,
    needed_too: Annotated[
        bool,
        typer.Option("--needed-too", help="Also what is older than keep_days and needed to rebuild the tables."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove what nothing needs any more: abandoned attempts, and loads older than keep_days that a later full load
    replaced."""
    pipeline = opened(config, shop)
    if needed_too and pipeline.settings.landing.keep_days is None:
        raise ConfigError("--needed-too needs [landing] keep_days: nothing is too old without it")
    gone = prune(pipeline, needed_too=needed_too, dry_run=dry_run)
    _show("would go" if dry_run else "removed", gone, as_json)


def replay(
    load: Annotated[int | None, typer.Option("--load", help="Number of one merged load.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Rebuild every table of the shop.")] = False,
    config: Config = None,
    shop: Shop = None,
    as_json: AsJson = False,
) -> None:
    """Merge landed loads again, without asking the shop. Exits 3 when roots are withheld."""
    if (load is None) is not every:
        raise ConfigError("say what to replay: --load with the number of one load, or --all")
    pipeline = opened(config, shop)
    if load is None:
        rebuilt = replay_all(pipeline)
        counts = {
            "loads": rebuilt.loads,
            "roots": rebuilt.roots,
            "differing": rebuilt.differing,
            "quarantined": rebuilt.quarantined,
        }
    else:
        counts = replay_load(pipeline, load).counts()
    print_counts(counts, as_json)
    if counts["quarantined"]:
        raise typer.Exit(NOT_IN_ORDER)


def loads(
    config: Config = None,
    shop: Shop = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 30,
    as_json: AsJson = False,
) -> None:
    """List loads, newest first: what came of each, what it cost and how long it took."""
    pipeline = opened(config, shop)
    with pipeline.connect() as conn:
        rows = reports.loads(conn, pipeline.shop.domain, pipeline.clock.now(), limit)
    if as_json:
        print(json.dumps(rows, indent=2, default=str))
        return
    print_table("loads", [_line(row) for row in rows])


def _line(row: dict[str, Any]) -> dict[str, Any]:
    """A load in the width of a terminal."""
    roots = ("received", "new_versions", "superseded", "quarantined")
    shown = {name: row[name] for name in ("load_id", "stream", "mode", "state", *roots)}
    seconds = sum(row["seconds"].values())
    return {
        **{name.replace("_", " "): value for name, value in shown.items()},
        "MB": None if row["bytes"] is None else f"{row['bytes'] / 1e6:.1f}",
        "points": None if row["api_points"] is None else f"{row['api_points']:.0f}",
        "seconds": f"{seconds:.1f} " + " ".join(f"{name} {value:.1f}" for name, value in row["seconds"].items()),
        "lag": row["lag"],
        "landed": row["landed_at"],
    }


def _show(title: str, kept: list[Kept], as_json: bool) -> None:
    rows = [_row(each) for each in kept]
    if as_json:
        print(json.dumps(rows, indent=2, default=str))
        return
    print_table(title, rows)
    out.print(f"{len(kept)} loads, {sum(each.stored.bytes for each in kept) / 1e6:.1f} MB", markup=False)


def _row(each: Kept) -> dict[str, Any]:
    whole = each.manifest
    return {
        "prefix": each.stored.prefix,
        "load": whole and whole.load_id,
        "mode": whole and whole.mode,
        "window_to": whole and whole.window_to,
        "landed_at": whole.landed_at if whole else each.stored.modified_at,
        "roots": whole and whole.roots,
        "bytes": each.stored.bytes,
        "verdict": each.verdict,
    }

"""The ``shopify-pipeline`` command: every verb for people and scripts.

Here: arguments, one line per error, exit codes. What a command does is one call of a step or of ``local/``.
Exit codes: 0 done and in order, 1 an expected error (one line says what to do), 2 wrong usage, 3 done but not in order.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import structlog
import typer
from psycopg.errors import UndefinedTable

from shopify_pipeline.cli_bench import bench_app
from shopify_pipeline.cli_breaks import breaks_app
from shopify_pipeline.cli_checks import sweep, verify
from shopify_pipeline.cli_counts import counts_app
from shopify_pipeline.cli_cutover import cutover_app
from shopify_pipeline.cli_journal import journal_app
from shopify_pipeline.cli_landing import landing_app, loads, replay
from shopify_pipeline.cli_ledgers import api_app, cursor_app, quarantine_app
from shopify_pipeline.cli_report import report
from shopify_pipeline.cli_shared import (
    NOT_IN_ORDER,
    AsJson,
    Config,
    Shop,
    err,
    known_streams,
    opened,
    out,
    print_counts,
    print_table,
    say,
)
from shopify_pipeline.cli_shops import shops_app
from shopify_pipeline.config import load_settings
from shopify_pipeline.errors import ConfigError, PipelineError
from shopify_pipeline.ops import status as reports
from shopify_pipeline.shopify.versions import days_left, retires_on
from shopify_pipeline.steps.doctor import examine
from shopify_pipeline.steps.shops import sync_all
from shopify_pipeline.warehouse.left_alone import Reason
from shopify_pipeline.warehouse.migrate import migrate
from shopify_pipeline.warehouse.paused import paused

if TYPE_CHECKING:
    from shopify_pipeline.local.stack import Stack

app = typer.Typer(
    help="Shopify into PostgreSQL and Tryton: extracted, validated, loaded, pushed and reconciled.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(breaks_app, name="breaks")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(cursor_app, name="cursor")
app.add_typer(api_app, name="api")
app.add_typer(bench_app, name="bench")
app.add_typer(shops_app, name="shops")
app.add_typer(landing_app, name="landing")
app.add_typer(journal_app, name="journal")
app.add_typer(cutover_app, name="cutover")
app.add_typer(counts_app, name="counts")
app.command()(verify)
app.command()(sweep)
app.command()(report)
app.command("replay")(replay)
app.command("loads")(loads)

Home = Annotated[Path, typer.Option("--home", help="Folder where the local stack keeps everything.")]
Orders = Annotated[int, typer.Option("--orders", min=1, help="Orders of a new sandbox world.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of a new sandbox world.")]
World = Annotated[
    Literal["usd", "gbp", "jpy", "kwd"],
    typer.Option("--profile", help="Kind of a new sandbox world's shop; a world that exists stays what it is."),
]
Mix = Annotated[
    Literal["plain", "full"],
    typer.Option("--mix", help="What happens in a new sandbox world: the everyday, or everything that can."),
]


def main() -> NoReturn:
    """Entry point: an expected error is one line on stderr, never a traceback."""
    structlog.configure(
        # The log of a failed stage is for services; a terminal is told once, below.
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        app()
    except PipelineError as exc:
        err.print(f"error: {exc}", style="red", markup=False)
        sys.exit(1)
    except UndefinedTable:
        err.print("error: the warehouse has no schema, or an older one: run shopify-pipeline migrate", style="red")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)


@app.command()
def up(
    home: Home = Path(".state"),
    orders: Orders = 2000,
    seed: Seed = 7,
    profile: World = "usd",
    mix: Mix = "plain",
    ui_port: Annotated[int | None, typer.Option(help="Port of the Dagster UI [default: 3000, or a free one].")] = None,
    live: Annotated[float, typer.Option(help="Seconds between events in the living store; 0: it stands still.")] = 30,
    webhooks: Annotated[bool, typer.Option(help="Whether the store sends hints.")] = True,
    watermark: Annotated[bool, typer.Option(help="Whether the store is asked for its newest stamp.")] = True,
) -> None:
    """Start the whole stack, run the main job, then keep the Dagster UI open while the store lives."""
    # The local stack is an extra of its own; no other command needs it.
    from shopify_pipeline.local.stack import StackOptions, stack

    options = StackOptions(
        home=home,
        orders=orders,
        seed=seed,
        profile=profile,
        mix=mix,
        ui=True,
        ui_port=ui_port,
        webhooks=webhooks,
        watermark=watermark,
    )
    with stack(options, say) as running:
        outcome = _main_job(running, say)
        _show(outcome)
        out.print(f"\nDagster: {running.ui_url}   (Ctrl-C stops everything)", markup=False)
        while True:
            # The store stands still until the main job was compared with it.
            time.sleep(live or 3600)
            if live:
                running.sandbox.tick()


@app.command()
def once(
    home: Home = Path(".state"),
    orders: Orders = 2000,
    seed: Seed = 7,
    profile: World = "usd",
    mix: Mix = "plain",
    as_json: AsJson = False,
) -> None:
    """Run the main job once on a local stack, from extraction to marts, and compare the result with the store."""
    from shopify_pipeline.local.stack import StackOptions, stack

    options = StackOptions(home=home, orders=orders, seed=seed, profile=profile, mix=mix, ui=False)
    with stack(options, say) as running:
        outcome = _main_job(running, say)
    if as_json:
        print(json.dumps(outcome.as_json(), indent=2))
    else:
        _show(outcome)
    if not outcome.ok:
        raise typer.Exit(NOT_IN_ORDER)


def _main_job(running: Stack, say: Callable[[str], None]) -> Any:
    # Dagster takes seconds to import, and no other command needs it.
    from shopify_pipeline.definitions import job_runner
    from shopify_pipeline.local.main_job import run_main_job

    settings = load_settings(running.settings_path)
    return run_main_job(
        settings,
        running.sandbox.shop,
        run_job=job_runner(settings),
        truth=running.truth,
        progress=say,
    )


@app.command("migrate")
def migrate_(config: Config = None) -> None:
    """Bring the warehouse to this version's schema."""
    revision = migrate(load_settings(config).warehouse.dsn.get_secret_value())
    out.print(f"schema {revision}")


@app.command()
def sync(
    config: Config = None,
    shop: Shop = None,
    stream: Annotated[list[str] | None, typer.Option()] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Even a shop that blocked us within the hour; look at the traffic first.")
    ] = False,
    accept_quarantine: Annotated[
        bool,
        typer.Option("--accept-quarantine", help="Load although too many roots are withheld; look at them first."),
    ] = False,
    all_shops: Annotated[
        bool, typer.Option("--all-shops", help="Every shop that is not paused; one that fails leaves the others alone.")
    ] = False,
) -> None:
    """Read what changed in the shop and load it. With --all-shops exits 3 when one failed."""
    if all_shops:
        _sync_all(config, shop, stream)
        return
    despite: set[Reason] = {"access lost", "blocked"} if anyway else {"access lost"}
    pipeline = opened(config, shop, despite)
    pipeline.accepts_quarantine = accept_quarantine
    for name in known_streams(stream):
        pipeline.sync(name)


def _sync_all(config: Path | None, shop: str | None, stream: list[str] | None) -> None:
    if shop is not None:
        raise ConfigError("--shop and --all-shops exclude each other")
    rows = sync_all(load_settings(config), known_streams(stream), say)
    print_table("shops", rows)
    if any(row["outcome"] == "failed" for row in rows):
        raise typer.Exit(NOT_IN_ORDER)


@app.command()
def push(config: Config = None, shop: Shop = None, as_json: AsJson = False) -> None:
    """Bring what is owed into the back office."""
    pushed = opened(config, shop).push()
    counts = {} if pushed is None else pushed.totals()
    print_counts(counts, as_json)
    if pushed is not None and (pushed.rejected or pushed.paused_until):
        raise typer.Exit(NOT_IN_ORDER)


@app.command()
def transform(config: Config = None) -> None:
    """Build and test the marts."""
    # Dagster takes seconds to import, and dbt runs as its job.
    from shopify_pipeline.definitions import job_runner

    if not job_runner(load_settings(config))("marts", None):
        raise ConfigError("dbt failed: see the run's log in the Dagster UI")


@app.command()
def reconcile(config: Config = None, shop: Shop = None, as_json: AsJson = False) -> None:
    """Count the shop, read the back office, and compare them rule by rule."""
    pipeline = opened(config, shop)
    pipeline.census()
    pipeline.snapshot()
    found = pipeline.reconcile()
    print_counts(dict(found.by_class), as_json)
    if found.open_breaks:
        raise typer.Exit(NOT_IN_ORDER)


@app.command()
def status(config: Config = None, shop: Shop = None, as_json: AsJson = False) -> None:
    """Tell how fresh, how complete and how agreed everything is."""
    pipeline = opened(config, shop)
    with pipeline.connect() as conn:
        now = datetime.now(UTC)
        version = pipeline.shop.api_version
        api = {"version": version, "retires_on": retires_on(version), "days_left": days_left(version, now)}
        kept_off = pipeline.left_alone()
        left_alone = [asdict(kept_off)] if kept_off else []
        stopped = paused(conn, pipeline.shop.domain)
        report = reports.status(conn, pipeline.shop.domain, now)
        report |= {"left_alone": left_alone, "paused": [asdict(stopped)] if stopped else [], "api": [api]}
    if as_json:
        print(json.dumps(report, indent=2, default=str))
        return
    for name, rows in report.items():
        print_table(name.replace("_", " "), rows)


@app.command()
def doctor(config: Config = None, shop: Shop = None, as_json: AsJson = False) -> None:
    """Check settings, warehouse, shop, scopes and back office, one after the other. Exits 3 when one fails."""
    findings = examine(opened(config, shop, {"access lost"}))
    if as_json:
        print(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        for finding in findings:
            state = "FAIL" if finding.state == "fail" else finding.state
            out.print(f"{state:<4}  {finding.what}: {finding.message}", markup=False)
    if any(finding.state == "fail" for finding in findings):
        raise typer.Exit(NOT_IN_ORDER)


def _show(outcome: Any) -> None:
    print_table(
        "warehouse",
        [
            {"table": name, **counts, "differs": ", ".join(outcome.differing.get(name, ()))}
            for name, counts in outcome.tables.items()
        ],
    )
    print_counts({f"back office {name}": number for name, number in outcome.backoffice.items()}, False)
    print_table("refused", outcome.refused)
    print_counts({f"breaks {name}": number for name, number in outcome.breaks.items()} or {"breaks": 0}, False)
    print_counts(
        {"quarantined": outcome.quarantined, "new versions": outcome.new_versions, "pushed": outcome.pushed}, False
    )
    print_counts({f"{stage} (s)": seconds for stage, seconds in outcome.seconds.items()}, False)
    out.print("\nin order: shop, warehouse and back office agree" if outcome.ok else "\nNOT in order", markup=False)


if __name__ == "__main__":
    main()

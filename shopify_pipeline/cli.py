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
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import structlog
import typer
from psycopg.errors import UndefinedTable
from rich.console import Console
from rich.table import Table

from shopify_pipeline.clock import SystemClock
from shopify_pipeline.config import Settings, load_settings
from shopify_pipeline.errors import ConfigError, PipelineError
from shopify_pipeline.ops import status as reports
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify import radar
from shopify_pipeline.shopify.versions import days_left, retires_on
from shopify_pipeline.steps.doctor import examine
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.steps.repair import accept, repair
from shopify_pipeline.steps.replay import replay
from shopify_pipeline.warehouse.loads import Loads
from shopify_pipeline.warehouse.migrate import migrate

if TYPE_CHECKING:
    from shopify_pipeline.local.stack import Stack

NOT_IN_ORDER = 3

app = typer.Typer(
    help="Shopify into PostgreSQL and Tryton: extracted, validated, loaded, pushed and reconciled.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
breaks_app = typer.Typer(help="The break ledger: what differs between shop and back office.", no_args_is_help=True)
quarantine_app = typer.Typer(help="Roots that were withheld, and why.", no_args_is_help=True)
api_app = typer.Typer(help="The Admin API version we speak, and what the next one changes.", no_args_is_help=True)
cursor_app = typer.Typer(help="How far each stream is loaded.", no_args_is_help=True)
app.add_typer(breaks_app, name="breaks")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(cursor_app, name="cursor")
app.add_typer(api_app, name="api")

err = Console(stderr=True, highlight=False, soft_wrap=True)
# A pipe tells no width: lines are then as long as they have to be.
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)

Config = Annotated[Path | None, typer.Option("--config", help="Settings file [default: $SHOPIFY_PIPELINE_CONFIG].")]
Shop = Annotated[
    str | None, typer.Option("--shop", help="The shop's myshopify.com domain; needed when there are several.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout; progress goes to stderr.")]
Home = Annotated[Path, typer.Option("--home", help="Folder where the local stack keeps everything.")]
Orders = Annotated[int, typer.Option("--orders", min=1, help="Orders of a new sandbox world.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of a new sandbox world.")]


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
        ui=True,
        ui_port=ui_port,
        webhooks=webhooks,
        watermark=watermark,
    )
    with stack(options, _say) as running:
        outcome = _main_job(running, _say)
        _show(outcome)
        out.print(f"\nDagster: {running.ui_url}   (Ctrl-C stops everything)", markup=False)
        while True:
            # The store stands still until the main job was compared with it.
            time.sleep(live or 3600)
            if live:
                running.sandbox.tick()


@app.command()
def once(home: Home = Path(".state"), orders: Orders = 2000, seed: Seed = 7, as_json: AsJson = False) -> None:
    """Run the main job once on a local stack, from extraction to marts, and compare the result with the store."""
    from shopify_pipeline.local.stack import StackOptions, stack

    options = StackOptions(home=home, orders=orders, seed=seed, ui=False)
    with stack(options, _say) as running:
        outcome = _main_job(running, _say)
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
def sync(config: Config = None, shop: Shop = None, stream: Annotated[list[str] | None, typer.Option()] = None) -> None:
    """Read what changed in the shop and load it."""
    pipeline = _pipeline(config, shop)
    unknown = sorted(set(stream or ()) - set(STREAMS))
    if unknown:
        raise ConfigError(f"no stream {', '.join(unknown)}; there are {', '.join(STREAMS)}")
    for name in stream or STREAMS:
        pipeline.extract(name)
        pipeline.load(name)


@app.command()
def push(config: Config = None, shop: Shop = None, as_json: AsJson = False) -> None:
    """Bring what is owed into the back office."""
    pushed = _pipeline(config, shop).push()
    counts = {} if pushed is None else pushed.totals()
    _print_counts(counts, as_json)
    if pushed is not None and pushed.rejected:
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
    pipeline = _pipeline(config, shop)
    pipeline.census()
    pipeline.snapshot()
    found = pipeline.reconcile()
    _print_counts(dict(found.by_class), as_json)
    if set(found.by_class) - {"in_transit"}:
        raise typer.Exit(NOT_IN_ORDER)


@app.command()
def status(config: Config = None, shop: Shop = None, as_json: AsJson = False) -> None:
    """Tell how fresh, how complete and how agreed everything is."""
    pipeline = _pipeline(config, shop)
    with pipeline.connect() as conn:
        now = datetime.now(UTC)
        version = pipeline.shop.api_version
        api = {"version": version, "retires_on": retires_on(version), "days_left": days_left(version, now)}
        report = reports.status(conn, pipeline.shop.domain, now) | {"api": [api]}
    if as_json:
        print(json.dumps(report, indent=2, default=str))
        return
    for name, rows in report.items():
        _print_table(name.replace("_", " "), rows)


@app.command()
def doctor(config: Config = None, shop: Shop = None, as_json: AsJson = False) -> None:
    """Check settings, warehouse, shop, scopes and back office, one after the other. Exits 3 when one fails."""
    findings = examine(_pipeline(config, shop))
    if as_json:
        print(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        for finding in findings:
            state = "FAIL" if finding.state == "fail" else finding.state
            out.print(f"{state:<4}  {finding.what}: {finding.message}", markup=False)
    if any(finding.state == "fail" for finding in findings):
        raise typer.Exit(NOT_IN_ORDER)


@breaks_app.command("list")
def breaks_list(
    config: Config = None,
    shop: Shop = None,
    every: Annotated[bool, typer.Option("--all", help="Closed and accepted ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List breaks, oldest first. Exits 3 when one is open that is not in transit."""
    pipeline = _pipeline(config, shop)
    with pipeline.connect() as conn:
        rows = reports.breaks(conn, pipeline.shop.domain, datetime.now(UTC), every=every)
    if as_json:
        print(json.dumps(rows, indent=2, default=str))
    else:
        shown = ("rule", "class", "status", "amount", "age", "message")
        _print_table("breaks", [{"break": row["break_id"][:10]} | {name: row[name] for name in shown} for row in rows])
    if any(row["status"] == "open" and row["class"] != "in_transit" for row in rows):
        raise typer.Exit(NOT_IN_ORDER)


@breaks_app.command("repair")
def breaks_repair(break_ids: list[str], config: Config = None, shop: Shop = None) -> None:
    """Owe the orders of these breaks to the back office again; the next push brings them."""
    pipeline = _pipeline(config, shop)
    with pipeline.connect() as conn:
        rows = reports.breaks(conn, pipeline.shop.domain, datetime.now(UTC), every=False)
        whole = [_whole_id(rows, beginning) for beginning in break_ids]
        conn.rollback()
        orders = repair(conn, shop=pipeline.shop.domain, break_ids=whole, clock=SystemClock())
    out.print(f"{len(orders)} orders are owed again; run: shopify-pipeline push")


@breaks_app.command("accept")
def breaks_accept(
    break_id: str,
    because: Annotated[str, typer.Option(help="Why this difference is right.")],
    by: Annotated[str, typer.Option(help="Who says so.")],
    config: Config = None,
    shop: Shop = None,
) -> None:
    """Accept a break: it stays in the ledger with its reason and is no longer open."""
    pipeline = _pipeline(config, shop)
    with pipeline.connect() as conn:
        rows = reports.breaks(conn, pipeline.shop.domain, datetime.now(UTC), every=False)
        conn.rollback()
        accept(conn, shop=pipeline.shop.domain, break_id=_whole_id(rows, break_id), by=by, because=because)


@quarantine_app.command("list")
def quarantine_list(config: Config = None, shop: Shop = None, as_json: AsJson = False) -> None:
    """List withheld roots with rule, value path and raw JSON."""
    pipeline = _pipeline(config, shop)
    with pipeline.connect() as conn:
        rows = reports.quarantine(conn, pipeline.shop.domain)
    if as_json:
        print(json.dumps(rows, indent=2, default=str))
    else:
        _print_table("quarantine", [{k: v for k, v in row.items() if k != "raw"} for row in rows])


@quarantine_app.command("replay")
def quarantine_replay(config: Config = None, shop: Shop = None, as_json: AsJson = False) -> None:
    """Read the withheld roots again and load those whose cause is gone. Exits 3 when some remain."""
    pipeline = _pipeline(config, shop)
    counts = replay(pipeline)
    _print_counts(counts, as_json)
    if counts["remaining"]:
        raise typer.Exit(NOT_IN_ORDER)


@cursor_app.command("show")
def cursor_show(config: Config = None, shop: Shop = None, as_json: AsJson = False) -> None:
    """Show up to which instant (the shop's clock) each stream is loaded."""
    pipeline = _pipeline(config, shop)
    with pipeline.connect() as conn:
        cursors = {stream: Loads(conn).cursor(pipeline.shop.domain, stream) for stream in STREAMS}
    _print_counts({stream: at.isoformat() if at else None for stream, at in cursors.items()}, as_json)


@cursor_app.command("rewind")
def cursor_rewind(
    stream: str,
    to: Annotated[datetime, typer.Option(formats=["%Y-%m-%dT%H:%M:%SZ"], help="UTC, such as 2026-11-01T00:00:00Z.")],
    config: Config = None,
    shop: Shop = None,
) -> None:
    """Move a cursor back: the next window begins there, and nothing is lost or doubled."""
    if stream not in STREAMS:
        raise ConfigError(f"no stream {stream}; there are {', '.join(STREAMS)}")
    if not _pipeline(config, shop).rewind(stream, to.replace(tzinfo=UTC)):
        raise ConfigError(f"{stream} was never loaded: there is no cursor to move")


@api_app.command("radar")
def api_radar(
    schema: Annotated[
        Path, typer.Argument(help="Published schema of a newer version: introspection JSON or its gzip.")
    ],
    as_json: AsJson = False,
) -> None:
    """Say what a newer Admin API version changes of what we send and read. Exits 3 when something breaks."""
    asked = radar.contract()
    findings = radar.compare(asked, radar.read_schema(schema))
    if as_json:
        print(json.dumps({"pinned": asked["version"], "findings": [each.as_json() for each in findings]}, indent=2))
    else:
        rows = [each.as_json() | {"operations": ", ".join(each.operations)} for each in findings]
        _print_table(f"what {schema.name} changes for us, who speak {asked['version']}", rows)
    if any(each.kind == "breaking" for each in findings):
        raise typer.Exit(NOT_IN_ORDER)


def _pipeline(config: Path | None, shop: str | None) -> Pipeline:
    settings = load_settings(config)
    return Pipeline(settings, shop or _only_shop(settings), progress=_say)


def _only_shop(settings: Settings) -> str:
    domains = sorted(shop.domain for shop in settings.shops.values())
    if len(domains) > 1:
        raise ConfigError(f"several shops are configured; choose with --shop: {', '.join(domains)}")
    return domains[0]


def _say(line: str) -> None:
    err.print(f"{datetime.now():%H:%M:%S}  {line}", markup=False)


def _print_counts(counts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(counts, indent=2, default=str))
        return
    for name, number in counts.items():
        out.print(f"{name:<24} {number}", markup=False)


def _print_table(title: str, rows: list[dict[str, Any]]) -> None:
    if not rows:
        out.print(f"{title}: none", markup=False)
        return
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(_cell, row.values()))
    out.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return "" if value is None else str(value)


def _whole_id(rows: list[dict[str, Any]], beginning: str) -> str:
    """The break whose id begins so; the list shows beginnings."""
    found = [row["break_id"] for row in rows if row["break_id"].startswith(beginning)]
    if len(found) != 1:
        raise ConfigError(f"{len(found)} open breaks begin with {beginning}; see: shopify-pipeline breaks list")
    return str(found[0])


def _show(outcome: Any) -> None:
    _print_table(
        "warehouse",
        [
            {"table": name, **counts, "differs": ", ".join(outcome.differing.get(name, ()))}
            for name, counts in outcome.tables.items()
        ],
    )
    _print_counts({f"back office {name}": number for name, number in outcome.backoffice.items()}, False)
    _print_counts({f"breaks {name}": number for name, number in outcome.breaks.items()} or {"breaks": 0}, False)
    _print_counts(
        {"quarantined": outcome.quarantined, "new versions": outcome.new_versions, "pushed": outcome.pushed}, False
    )
    _print_counts({f"{stage} (s)": seconds for stage, seconds in outcome.seconds.items()}, False)
    out.print("\nin order: shop, warehouse and back office agree" if outcome.ok else "\nNOT in order", markup=False)


if __name__ == "__main__":
    main()

"""Commands that look into what the pipeline keeps: quarantine, cursors, and the API version it speaks.

Here: arguments and exit codes of those groups. The verbs are in ``cli.py``, breaks in ``cli_breaks.py``.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from shopify_pipeline.cli_shared import NOT_IN_ORDER, AsJson, Config, Shop, opened, print_counts, print_table
from shopify_pipeline.errors import ConfigError
from shopify_pipeline.ops import status as reports
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify import radar
from shopify_pipeline.steps.from_landing import replay_quarantined
from shopify_pipeline.steps.replay import replay
from shopify_pipeline.warehouse.loads import Loads

quarantine_app = typer.Typer(help="Roots that were withheld, and why.", no_args_is_help=True)
api_app = typer.Typer(help="The Admin API version we speak, and what the next one changes.", no_args_is_help=True)
cursor_app = typer.Typer(help="How far each stream is loaded.", no_args_is_help=True)


@quarantine_app.command("list")
def quarantine_list(config: Config = None, shop: Shop = None, as_json: AsJson = False) -> None:
    """List withheld roots with rule, value path and raw JSON."""
    pipeline = opened(config, shop)
    with pipeline.connect() as conn:
        rows = reports.quarantine(conn, pipeline.shop.domain)
    if as_json:
        print(json.dumps(rows, indent=2, default=str))
    else:
        print_table("quarantine", [{k: v for k, v in row.items() if k != "raw"} for row in rows])


@quarantine_app.command("replay")
def quarantine_replay(
    config: Config = None,
    shop: Shop = None,
    from_landing: Annotated[
        bool, typer.Option("--from-landing", help="Merge what was landed again, without asking the shop.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read the withheld roots again and load those whose cause is gone. Exits 3 when some remain."""
    pipeline = opened(config, shop)
    counts = replay_quarantined(pipeline) if from_landing else replay(pipeline)
    print_counts(counts, as_json)
    if counts["remaining"]:
        raise typer.Exit(NOT_IN_ORDER)


@cursor_app.command("show")
def cursor_show(config: Config = None, shop: Shop = None, as_json: AsJson = False) -> None:
    """Show up to which instant (the shop's clock) each stream is loaded."""
    pipeline = opened(config, shop)
    with pipeline.connect() as conn:
        cursors = {stream: Loads(conn).cursor(pipeline.shop.domain, stream) for stream in STREAMS}
    print_counts({stream: at.isoformat() if at else None for stream, at in cursors.items()}, as_json)


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
    if not opened(config, shop).rewind(stream, to.replace(tzinfo=UTC)):
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
        print_table(f"what {schema.name} changes for us, who speak {asked['version']}", rows)
    if any(each.kind == "breaking" for each in findings):
        raise typer.Exit(NOT_IN_ORDER)

"""What the commands share: their common options, the way they print, and the pipeline they open.

Here: nothing that is a command. Those are in ``cli.py`` and ``cli_ledgers.py``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from shopify_pipeline.config import Settings, load_settings
from shopify_pipeline.errors import ConfigError
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse.left_alone import Reason

NOT_IN_ORDER = 3

err = Console(stderr=True, highlight=False, soft_wrap=True)
# A pipe tells no width: lines are then as long as they have to be.
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)

Config = Annotated[Path | None, typer.Option("--config", help="Settings file [default: $SHOPIFY_PIPELINE_CONFIG].")]
Shop = Annotated[
    str | None, typer.Option("--shop", help="The shop's myshopify.com domain; needed when there are several.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout; progress goes to stderr.")]


def opened(config: Path | None, shop: str | None, despite: Collection[Reason] = ()) -> Pipeline:
    settings = load_settings(config)
    return Pipeline(settings, shop or _only_shop(settings), progress=say, despite=despite)


def known_streams(streams: list[str] | None) -> list[str]:
    """The named streams, or all of them.

    Raises:
        ConfigError: One is none.
    """
    unknown = sorted(set(streams or ()) - set(STREAMS))
    if unknown:
        raise ConfigError(f"no stream {', '.join(unknown)}; there are {', '.join(STREAMS)}")
    return streams or list(STREAMS)


def _only_shop(settings: Settings) -> str:
    domains = sorted(shop.domain for shop in settings.shops.values())
    if len(domains) > 1:
        raise ConfigError(f"several shops are configured; choose with --shop: {', '.join(domains)}")
    return domains[0]


def say(line: str) -> None:
    err.print(f"{datetime.now():%H:%M:%S}  {line}", markup=False)


def print_counts(counts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(counts, indent=2, default=str))
        return
    for name, number in counts.items():
        out.print(f"{name:<24} {number}", markup=False)


def print_table(title: str, rows: list[dict[str, Any]]) -> None:
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

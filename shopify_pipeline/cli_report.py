"""The command that writes the nightly report.

Here: its arguments. What the report says is in ``report/``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shopify_pipeline.cli_shared import AsJson, Config, Shop, opened, print_counts


def report(
    config: Config = None,
    shop: Shop = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File to write [default: reports/SHOP/DAY.html below home].", dir_okay=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write what the last reconciliation says as one self-contained HTML page."""
    written = opened(config, shop).report(out)
    print_counts({"day": written.day.isoformat(), "verdict": written.verdict, "report": str(written.path)}, as_json)

"""Commands about the journal that is the back office: its files for other programs.

Here: arguments, exit codes and the totals that are printed. What is written is in ``backoffice/journal_export.py``.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.backoffice.journal_export import Exported, export
from shopify_pipeline.backoffice.layouts import read_layout, shipped
from shopify_pipeline.cli_shared import AsJson, Config, Shop, opened, out, print_table
from shopify_pipeline.errors import ConfigError

journal_app = typer.Typer(help="The journal file as the back office.", no_args_is_help=True)


class Format(StrEnum):
    """What a file is."""

    CSV = "csv"
    XLSX = "xlsx"


@journal_app.command("export")
def journal_export(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, included.")],
    layout: Annotated[str, typer.Option("--layout", help=f"{', '.join(shipped())}, or a TOML file.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder the files are written to.")],
    file_format: Annotated[Format, typer.Option("--format", help="What the files are.")] = Format.CSV,
    new_only: Annotated[
        bool, typer.Option("--new-only", help="Only what no export by this layout has brought before.")
    ] = False,
    config: Config = None,
    shop: Shop = None,
    as_json: AsJson = False,
) -> None:
    """Write double-entry lines and stock movements as files NetSuite, Xero or QuickBooks import."""
    pipeline = opened(config, shop)
    office = pipeline.backoffice
    if not isinstance(office, JournalBackOffice):
        raise ConfigError(f"the books are in {pipeline.settings.backoffice.adapter}: only a journal is exported")
    done = export(
        office,
        pipeline.shop.domain,
        read_layout(layout),
        first=first.date(),
        last=last.date(),
        folder=folder,
        file_format=file_format.value,
        new_only=new_only,
    )
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(done)).decode())
    else:
        _show(done)


def _show(done: Exported) -> None:
    for file in done.files:
        out.print(file, markup=False)
    print_table(
        f"{done.documents} documents, {done.lines} lines, {done.movements} movements; {done.new} are new",
        [
            *({"account": code, "debit": side.debit, "credit": side.credit} for code, side in done.accounts.items()),
            {"account": done.currency, "debit": done.debit, "credit": done.credit},
        ],
    )

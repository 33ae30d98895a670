"""Commands of stock counts: what the shop counts otherwise than the back office.

Here: arguments, printing and exit codes. What a command does is one call of a step.
"""

from __future__ import annotations

import getpass
import json
from typing import Annotated

import typer

from shopify_pipeline.cli_shared import NOT_IN_ORDER, AsJson, Config, Shop, opened, print_counts, print_table
from shopify_pipeline.errors import ConfigError
from shopify_pipeline.steps.counts import Proposed
from shopify_pipeline.steps.pipeline import Pipeline

counts_app = typer.Typer(help="Stock counts, with the shop as stock master.", no_args_is_help=True)


@counts_app.command("propose")
def counts_propose(config: Config = None, shop: Shop = None, as_json: AsJson = False) -> None:
    """Read the back office and propose a count where nothing is pending and the shop has another number. Exits 3 when
    something differs."""
    found = _proposed(_master(opened(config, shop)))
    if as_json:
        shown = {name: [each.as_json() for each in getattr(found, name)] for name in ("proposed", "pending")}
        print(json.dumps(shown, indent=2))
    else:
        print_table("proposed counts", [{**each.as_json(), "pending": ""} for each in found.proposed])
        print_table("differ, and something is pending", [each.as_json() for each in found.pending])
    if found.proposed or found.pending:
        raise typer.Exit(NOT_IN_ORDER)


@counts_app.command("apply")
def counts_apply(
    config: Config = None,
    shop: Shop = None,
    by: Annotated[str | None, typer.Option(help="Who applies them [default: the user's name].")] = None,
    as_json: AsJson = False,
) -> None:
    """Book the proposals that still hold. Exits 3 when one was not taken."""
    pipeline = _master(opened(config, shop))
    _proposed(pipeline)
    outcomes = pipeline.apply_counts(by or getpass.getuser())
    print_counts(outcomes, as_json)
    if outcomes.keys() & {"rejected", "manual_edit"}:
        raise typer.Exit(NOT_IN_ORDER)


def _proposed(pipeline: Pipeline) -> Proposed:
    pipeline.snapshot()
    return pipeline.propose_counts()


def _master(pipeline: Pipeline) -> Pipeline:
    if pipeline.shop.stock_counts == "off":
        raise ConfigError(
            f'{pipeline.shop.domain}: set stock_counts = "propose" to say that the shop knows what is in stock'
        )
    return pipeline

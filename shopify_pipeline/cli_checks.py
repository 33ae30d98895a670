"""Commands that ask whether the warehouse is what the shop is: verification and id sweeps.

Here: arguments and exit codes of those commands. Comparing shop and back office is in ``cli.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from shopify_pipeline.cli_shared import NOT_IN_ORDER, AsJson, Config, Shop, known_streams, opened, out, print_table, say
from shopify_pipeline.errors import ConfigError
from shopify_pipeline.shopify.streams import IDS
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.steps.verify import TABLES, Difference, differences, held_rows

Streams = Annotated[list[str] | None, typer.Option("--stream", help="Only this stream; may be repeated.")]

#: Differences printed for people; all of them are in --json.
PRINTED_MAX = 50


def verify(
    config: Config = None,
    shop: Shop = None,
    stream: Streams = None,
    sample: Annotated[int, typer.Option("--sample", min=1, help="Roots of each kind to ask the shop for.")] = 200,
    whole: Annotated[bool, typer.Option("--whole", help="Every root, and all the shop names; may take long.")] = False,
    seed: Annotated[str, typer.Option("--seed", help="Draws the sample; another seed, other roots.")] = "",
    told: Annotated[
        Path | None,
        typer.Option(
            "--told",
            help="Compare with rows somebody else tells, not with the shop: a folder of TABLE.jsonl.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare the warehouse, row by row and value by value, with the shop's own answer. Exits 3 when they differ."""
    pipeline = opened(config, shop)
    if told is not None:
        found = _told(pipeline, told)
        _report([{"table": name, "differences": len(rows)} for name, rows in found.items()], found, as_json)
        return
    summary: list[dict[str, Any]] = []
    found = {}
    for name in known_streams(stream):
        verified = pipeline.verify(name, roots_max=None if whole else sample, seed=seed)
        counts = dict.fromkeys(("roots", "rows", "newer", "withheld"))
        if verified is not None:
            found[name] = verified.differences
            counts = {each: getattr(verified, each) for each in counts}
        summary.append({"stream": name, **counts, "differences": len(found.get(name, ()))})
    _report(summary, found, as_json)


def _told(pipeline: Pipeline, folder: Path) -> dict[str, list[Difference]]:
    found: dict[str, list[Difference]] = {}
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise ConfigError(f"{folder} holds no TABLE.jsonl")
    with pipeline.connect() as conn:
        for file in files:
            table = TABLES.get(file.stem)
            if table is None:
                raise ConfigError(f"{file} is named after no table; see docs/field-map.md")
            rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
            columns = list(rows[0]) if rows else [column.name for column in table.columns]
            held = held_rows(conn, pipeline.shop.domain, table, columns)
            found[table.name] = list(differences(table, rows, held))
    return found


def _report(summary: list[dict[str, Any]], found: dict[str, list[Difference]], as_json: bool) -> None:
    every = [difference for rows in found.values() for difference in rows]
    if as_json:
        print(json.dumps({"compared": summary, "differences": [str(each) for each in every]}, indent=2))
    else:
        print_table("compared", summary)
        for difference in every[:PRINTED_MAX]:
            out.print(str(difference), markup=False)
        if len(every) > PRINTED_MAX:
            out.print(f"… and {len(every) - PRINTED_MAX} more; --json prints all", markup=False)
        out.print("no differences" if not every else f"{len(every)} differences", markup=False)
    if every:
        raise typer.Exit(NOT_IN_ORDER)


def sweep(
    config: Config = None,
    shop: Shop = None,
    stream: Streams = None,
    share_max: Annotated[
        float | None,
        typer.Option("--share-max", min=0, max=1, help="Share of a kind of root that may be missing [default: 0.005]."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Name every root the shop has; what two sweeps in a row do not find is marked as deleted."""
    pipeline = opened(config, shop)
    rows = [
        {"stream": name, "root": each.node, **vars(each.found), "gone": each.gone}
        for name in stream or IDS
        for each in pipeline.sweep(name, share_max=share_max) or ()
    ]
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        print_table("swept", rows)
        say("missing once is not gone: the next sweep decides")

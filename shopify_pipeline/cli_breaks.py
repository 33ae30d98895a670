"""Commands about breaks: what differs between shop and back office, since when, why, and what becomes of it.

Here: arguments, tables and exit codes. Not here: reading what is told (``reconcile/explain.py``, ``steps/explain.py``).
"""

from __future__ import annotations

import getpass
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from shopify_pipeline.cli_shared import NOT_IN_ORDER, AsJson, Config, Shop, opened, out, print_counts, print_table
from shopify_pipeline.errors import ConfigError
from shopify_pipeline.reconcile import explain, ledger
from shopify_pipeline.reconcile.rules import NO_BREAKS, rules
from shopify_pipeline.steps.explain import explain_break
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.steps.repair import accept, repair
from shopify_pipeline.warehouse.connect import Connection

breaks_app = typer.Typer(help="The break ledger: what differs between shop and back office.", no_args_is_help=True)

#: As much of an id as a table shows; any beginning that only one break has is enough.
ID_SHOWN = 10

OneRule = Annotated[str | None, typer.Option("--rule", help="Only breaks of this rule, such as O5.")]
BreakId = Annotated[str, typer.Argument(help="The break's id, or its beginning.")]
Who = Annotated[str | None, typer.Option("--by", help="Who says so [default: the account this runs under].")]


class Status(StrEnum):
    """What may have become of a break."""

    OPEN = "open"
    AUTO_REPAIRED = "auto_repaired"
    ACCEPTED = "accepted"
    CLOSED = "closed"


@breaks_app.command("list")
def breaks_list(
    config: Config = None,
    shop: Shop = None,
    rule: OneRule = None,
    kind: Annotated[
        str | None, typer.Option("--class", help="Only breaks of this class, such as missing_backoffice.")
    ] = None,
    status: Annotated[Status, typer.Option("--status", help="What became of them.")] = Status.OPEN,
    every: Annotated[bool, typer.Option("--all", help="Whatever became of them.")] = False,
    as_json: AsJson = False,
) -> None:
    """List breaks, oldest first, with the amount at risk. Exits 3 when one is open that is not in transit."""
    _known_rule(rule)
    pipeline = opened(config, shop)
    statuses = explain.STATUSES if every else (status.value,)
    with pipeline.connect() as conn:
        rows = explain.breaks(conn, pipeline.shop.domain, statuses=statuses, rule=rule, kind=kind)
    if as_json:
        print(json.dumps(rows, indent=2, default=str))
    else:
        shown = ("rule", "class", "status", "difference", "currency", "age_bucket", "message")
        print_table(
            "breaks", [{"break": row["break_id"][:ID_SHOWN]} | {name: row[name] for name in shown} for row in rows]
        )
        for currency, amount in amounts_at_risk(rows).items():
            out.print(f"at risk: {amount} {currency}", markup=False)
    if any(row["status"] == Status.OPEN and row["class"] not in NO_BREAKS for row in rows):
        raise typer.Exit(NOT_IN_ORDER)


def amounts_at_risk(rows: Sequence[dict[str, Any]]) -> dict[str, Decimal]:
    """Absolute differences added up by currency, of open breaks that are neither in transit nor for attention only."""
    amounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["amount_at_risk"] is not None and row["class"] not in NO_BREAKS:
            amounts[row["currency"]] += row["amount_at_risk"]
    return dict(sorted(amounts.items()))


@breaks_app.command("show")
def breaks_show(break_id: BreakId, config: Config = None, shop: Shop = None, as_json: AsJson = False) -> None:
    """Show one break with its history."""
    pipeline = opened(config, shop)
    with pipeline.connect() as conn:
        found = _found(conn, pipeline, break_id)
        events = explain.history(conn, pipeline.shop.domain, found["break_id"])
    if as_json:
        print(json.dumps(found | {"history": events}, indent=2, default=str))
        return
    print_counts({name: value for name, value in found.items() if value is not None}, False)
    print_table("history", events)


@breaks_app.command("explain")
def breaks_explain(
    break_id: BreakId,
    config: Config = None,
    shop: Shop = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="With what Shopify sent, word for word: it may hold personal data.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show both sides' records, what the rule compares, and where what Shopify sent lies."""
    pipeline = opened(config, shop)
    with pipeline.connect() as conn:
        found = _found(conn, pipeline, break_id)
        conn.rollback()
        told = explain_break(conn, pipeline.landing, shop=pipeline.shop.domain, found=found, with_raw=raw)
    if as_json:
        print(json.dumps(told, indent=2, default=str))
    else:
        _tell(told)


def _tell(told: dict[str, Any]) -> None:
    out.print(f"{told['break']['rule']}  {told['break']['message']}\n", markup=False)
    if told["rule"]:
        out.print("\n".join([*told["rule"]["says"], f"logic: reconcile/rules/{told['rule']['file']}\n"]), markup=False)
    shown = ("expected", "actual", "difference", "currency", "class", "status", "since", "proposed_repair")
    print_counts({name: told["break"][name] for name in shown if told["break"][name] is not None}, False)
    for side in ("shop", "backoffice", "warehouse"):
        for table, rows in told[side].items():
            filled = [name for name in rows[0] if any(row[name] is not None for row in rows)]
            print_table(f"{side}: {table}", [{name: row[name] for name in filled} for row in rows])
        if not told[side]:
            out.print(f"{side}: no record", markup=False)
    print_table("history", told["history"])
    landed = told["landed"]
    if landed is None:
        out.print("landed: nothing that is in the warehouse", markup=False)
        return
    print_counts({name: value for name, value in landed.items() if name != "places"}, False)
    print_table("landed", landed["places"])


@breaks_app.command("accept")
def breaks_accept(
    break_id: BreakId,
    because: Annotated[str, typer.Option(help="Why this difference is right.")],
    by: Who = None,
    until: Annotated[
        str | None, typer.Option(help="Last day it is accepted, in the shop's time zone, such as 2026-12-31.")
    ] = None,
    config: Config = None,
    shop: Shop = None,
) -> None:
    """Accept a break: it stays in the ledger with its reason and is open again when a side changes."""
    pipeline = opened(config, shop)
    who, why = (by or getpass.getuser()).strip(), because.strip()
    if not who or not why:
        raise ConfigError("an accepted difference needs a name and a reason: --by and --because must say something")
    last_day = _day(until)
    if last_day is not None and last_day < pipeline.clock.now().astimezone(ZoneInfo(pipeline.shop.time_zone)).date():
        raise ConfigError(f"--until {last_day} is past: name today or a later day")
    with pipeline.connect() as conn:
        found = _found(conn, pipeline, break_id)
        conn.rollback()
        accepted = accept(
            conn,
            shop=pipeline.shop.domain,
            break_id=found["break_id"],
            by=who,
            because=why,
            until=last_day,
            clock=pipeline.clock,
        )
    if not accepted:
        raise ConfigError(f"break {break_id} is {found['status']}, not open: there is nothing to accept")


@breaks_app.command("repair")
def breaks_repair(
    break_ids: Annotated[list[str] | None, typer.Argument(help="Ids of breaks, or their beginnings.")] = None,
    rule: OneRule = None,
    by: Who = None,
    config: Config = None,
    shop: Shop = None,
    as_json: AsJson = False,
) -> None:
    """Owe what these breaks are about to the back office again; the next push brings it. Exits 3 when it cannot."""
    if bool(break_ids) is bool(rule):
        raise ConfigError("say which breaks: their ids, or --rule for every open break of one rule")
    _known_rule(rule)
    pipeline = opened(config, shop)
    with pipeline.connect() as conn:
        chosen = (
            [_found(conn, pipeline, beginning)["break_id"] for beginning in break_ids]
            if break_ids
            else [row["break_id"] for row in explain.breaks(conn, pipeline.shop.domain, rule=rule)]
        )
        conn.rollback()
        who = by or getpass.getuser()
        owed = repair(conn, shop=pipeline.shop.domain, break_ids=chosen, who=who, clock=pipeline.clock)
    if as_json:
        print(json.dumps({"breaks": chosen, "owed": owed}, indent=2))
    elif owed:
        out.print(f"{len(owed)} records are owed again ({', '.join(owed)}); run: shopify-pipeline push", markup=False)
    else:
        out.print("nothing is owed again: no push can do anything about these breaks", markup=False)
    if chosen and not owed:
        raise typer.Exit(NOT_IN_ORDER)


def _found(conn: Connection, pipeline: Pipeline, beginning: str) -> dict[str, Any]:
    """The break whose id begins so; a table shows beginnings."""
    ids = ledger.beginning_with(conn, pipeline.shop.domain, beginning)
    if not ids:
        raise ConfigError(f"no break begins with {beginning}; see: shopify-pipeline breaks list --all")
    if len(ids) > 1:
        raise ConfigError(
            f"several breaks begin with {beginning}: give more of its id, as {ids[0][: len(beginning) + 4]}"
        )
    (row,) = explain.breaks(conn, pipeline.shop.domain, statuses=explain.STATUSES, break_id=ids[0])
    return row


def _known_rule(rule: str | None) -> None:
    if rule is not None and rule not in rules():
        raise ConfigError(f"no rule {rule}; there are {', '.join(rules())}")


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--until {text} is no day: write it as 2026-12-31") from None

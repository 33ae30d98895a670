"""Commands of going live: what stood open, what another system booked meanwhile.

Here: arguments, printing and exit codes. What a command does is one call of a step.
"""

from __future__ import annotations

import csv
import json
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer

from shopify_pipeline.backoffice.other_books import Compared, read_booked
from shopify_pipeline.cli_shared import NOT_IN_ORDER, AsJson, Config, Shop, opened, out, print_counts, print_table, say
from shopify_pipeline.errors import ConfigError
from shopify_pipeline.money import plain
from shopify_pipeline.steps import cutover
from shopify_pipeline.steps.compare_books import compare_books
from shopify_pipeline.steps.cutover import Plan
from shopify_pipeline.steps.pipeline import Pipeline

cutover_app = typer.Typer(help="Going live: what stood open when the books begin.", no_args_is_help=True)

Given = Annotated[
    list[str] | None,
    typer.Option("--balance", help="GATEWAY=AMOUNT: what stood on a gateway that settles outside Shopify."),
]

#: Orders and differences printed for people; all of them are in --json.
PRINTED_MAX = 50


@cutover_app.command("plan")
def cutover_plan(config: Config = None, shop: Shop = None, balance: Given = None, as_json: AsJson = False) -> None:
    """Show what would be brought as of the first instant of go_live_on; nothing is written. Exits 3 when something
    that was open cannot be brought."""
    plan = _plan(opened(config, shop), balance)
    if as_json:
        print(json.dumps(plan.as_json(), indent=2))
    else:
        _show(plan)
    if plan.not_brought:
        raise typer.Exit(NOT_IN_ORDER)


@cutover_app.command("apply")
def cutover_apply(
    digest: Annotated[str, typer.Argument(help="The plan's, as `cutover plan` printed it.")],
    config: Config = None,
    shop: Shop = None,
    balance: Given = None,
    without: Annotated[
        bool, typer.Option("--without", help="Although something that was open cannot be brought; see the plan.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring exactly the plan that was shown; may be repeated after a crash. Exits 3 when a record was not taken."""
    pipeline = opened(config, shop)
    plan = _plan(pipeline, balance)
    if plan.digest != digest:
        raise ConfigError(
            f"the plan is now {plan.digest}, not {digest}: look at it again with shopify-pipeline cutover plan"
        )
    if plan.not_brought and not without:
        raise ConfigError(
            f"{len(plan.not_brought)} things that were open cannot be brought: mend them (shopify-pipeline cutover "
            "plan says how), or leave them out with --without"
        )
    pushed = _apply(pipeline, plan)
    print_counts(pushed.totals(), as_json)
    if pushed.rejected:
        raise typer.Exit(NOT_IN_ORDER)


@cutover_app.command("compare")
def cutover_compare(
    booked: Annotated[
        Path,
        typer.Argument(help="CSV of what the other system booked: order, date, total and tax, or account and amount."),
    ],
    config: Config = None,
    shop: Shop = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print every difference as CSV on stdout.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare what another system booked with what we would book; nothing is sent. Exits 3 when they differ."""
    if as_csv and as_json:
        raise ConfigError("--csv and --json exclude each other")
    theirs = read_booked(booked)
    pipeline = opened(config, shop)
    with pipeline.stage("compare") as counts, pipeline.connect() as conn:
        found = compare_books(
            conn,
            theirs,
            shop=pipeline.shop.domain,
            value_map=pipeline.value_map(),
            time_zone=pipeline.shop.time_zone,
            recognition=pipeline.shop.recognition,
            progress=pipeline.progress,
        )
        counts |= found.orders
    rows = _differences(found)
    if as_json:
        print(json.dumps({"orders": dict(found.orders), "differences": rows}, indent=2))
    elif as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(DIFFERENCE)
        writer.writerows([_harmless(row[name]) for name in DIFFERENCE] for row in rows)
    else:
        print_counts({f"orders {status}": number for status, number in found.orders.items()}, False)
        print_table("differences", rows[:PRINTED_MAX])
        if len(rows) > PRINTED_MAX:
            out.print(f"and {len(rows) - PRINTED_MAX} more: --csv or --json prints all", markup=False)
    if not found.is_equal:
        raise typer.Exit(NOT_IN_ORDER)


DIFFERENCE = ("order", "status", "figure", "ours", "theirs", "difference", "reason")


def _differences(found: Compared) -> list[dict[str, str]]:
    return [
        {
            **{name: getattr(row, name) for name in DIFFERENCE},
            "difference": "" if row.difference is None else plain(row.difference),
        }
        for row in found.rows
    ]


def _harmless(cell: str) -> str:
    """A text that a spreadsheet would run as a formula is not one; a number stays a number."""
    return f"'{cell}" if cell[:1] in ("=", "+", "@", "-", "\t") and not cell[1:].replace(".", "").isdigit() else cell


def _plan(pipeline: Pipeline, balances: list[str] | None) -> Plan:
    with pipeline.connect() as conn:
        return cutover.plan(
            conn,
            shop=pipeline.shop.domain,
            value_map=pipeline.value_map(),
            books=pipeline.books(),
            recognition=pipeline.shop.recognition,
            given=_given(balances),
            progress=say,
        )


def _apply(pipeline: Pipeline, plan: Plan) -> Any:
    with pipeline.stage("cutover") as counts, pipeline.connect() as conn:
        pushed = cutover.apply(
            conn,
            pipeline.backoffice,
            plan,
            shop=pipeline.shop.domain,
            value_map=pipeline.value_map(),
            books=pipeline.books(),
            clock=pipeline.clock,
            sender=pipeline.sender(conn),
            batch_size=pipeline.settings.tryton.batch_size,
            progress=say,
        )
        counts |= pushed.totals()
    return pushed


def _given(balances: list[str] | None) -> dict[str, Decimal]:
    given: dict[str, Decimal] = {}
    for text in balances or ():
        gateway, _, amount = text.rpartition("=")
        try:
            value = Decimal(amount)
        except InvalidOperation:
            value = Decimal("NaN")
        if not gateway or not value.is_finite() or gateway in given:
            raise ConfigError(f"--balance {text}: write GATEWAY=AMOUNT, each gateway once, such as paypal=120.50")
        given[gateway] = value
    return given


def _show(plan: Plan) -> None:
    print_table("what would be brought", plan.summary())
    open_orders = [
        {
            "order": each.order.name,
            "units": each.units,
            "owed": "" if each.entry is None else f"{plain(each.entry.lines[0].amount)} {each.order.currency}",
        }
        for each in plan.orders
    ]
    print_table("open orders", open_orders[:PRINTED_MAX])
    if len(open_orders) > PRINTED_MAX:
        out.print(f"and {len(open_orders) - PRINTED_MAX} more: --json prints all", markup=False)
    print_table(
        "what cannot be brought",
        [
            {"what": each.what, "currency": each.currency, "amount": each.amount, "reason": each.reason}
            for each in plan.not_brought
        ],
    )
    out.print(f"\nplan {plan.digest}: bring it with shopify-pipeline cutover apply {plan.digest}", markup=False)

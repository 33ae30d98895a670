"""The ``shopify-sandbox`` command.

Belongs here: options, help and exit codes. What a command does is in ``cli_serve.py`` and ``cli_world.py``.
Exit codes: 0 done, 1 could not be done (one line on stderr says why), 2 wrong usage.
"""

import json
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from shopify_sandbox import truth as audit
from shopify_sandbox.cli_world import advance_world, control, required_server
from shopify_sandbox.errors import SandboxError
from shopify_sandbox.faults.kinds import CATALOGUE, kinds
from shopify_sandbox.store import ActionRefused, StateError, Store
from shopify_sandbox.world.arguments import Arguments
from shopify_sandbox.world.cases import cases as counted_cases
from shopify_sandbox.world.happenings import HAPPENINGS
from shopify_sandbox.world.profiles import PROFILES

app = typer.Typer(help="A Shopify store on this machine.", no_args_is_help=True, add_completion=False)
faults_app = typer.Typer(help="Plant, show and clear faults of a running server.", no_args_is_help=True)
app.add_typer(faults_app, name="faults")

Home = Annotated[Path, typer.Option("--home", help="Directory that holds the store.", file_okay=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def serve(
    home: Home,
    orders: Annotated[int, typer.Option(min=0, help="Orders of a new world.")] = 2000,
    days: Annotated[int, typer.Option(min=1, help="Days of history of a new world.")] = 90,
    seed: Annotated[int, typer.Option(help="Seed of a new world; same seed, same world.")] = 7,
    now: Annotated[str, typer.Option(help="A new world's time (ISO, UTC).")] = "2026-11-20T12:00:00Z",
    shop: Annotated[str, typer.Option(help="A new world's domain.")] = "sandbox-usd.myshopify.com",
    profile: Annotated[str, typer.Option(help=f"Kind of a new world's shop: {', '.join(PROFILES)}.")] = "usd",
    mix: Annotated[
        str, typer.Option(help="What happens in a new world: plain, the everyday; full, everything that can.")
    ] = "plain",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    client_id: Annotated[
        str | None,
        typer.Option(envvar="SHOPIFY_SANDBOX_CLIENT_ID", help="App id; follows from the world when not given."),
    ] = None,
    client_secret: Annotated[
        str | None, typer.Option(envvar="SHOPIFY_SANDBOX_CLIENT_SECRET", help="App secret; likewise.")
    ] = None,
    plan: Annotated[
        str | None, typer.Option(help="Shopify plan: standard, advanced, plus, enterprise; kept until changed.")
    ] = None,
    live: Annotated[float | None, typer.Option(min=0.1, help="Let something happen every so many seconds.")] = None,
) -> None:
    """Serve the store over HTTPS until SIGTERM or Ctrl-C; makes the world on the first start.

    When it is ready, one JSON line on stdout (and HOME/server.json) says where it is, with a token to try it: url,
    ca_file, shop, client_id, client_secret, token, port, pid, control_key. In a browser, url shows its status.
    """
    # The server's libraries take a second to import; the other commands do without.
    from shopify_sandbox.cli_serve import serve as serve_until

    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    serve_until(
        home,
        _arguments(seed=seed, orders=orders, days=days, now=_instant(now), shop=shop, profile=profile, mix=mix),
        port=port,
        client_id=client_id,
        client_secret=client_secret,
        plan=plan,
        live_seconds=live,
        say=_say,
        ready=typer.echo,
        stopped=stopped,
    )


@app.command()
def advance(
    home: Home,
    new_orders: Annotated[int, typer.Option(min=0, help="Orders to place.")] = 0,
    capture: Annotated[int, typer.Option(min=0, help="Payments to capture.")] = 0,
    fulfill: Annotated[int, typer.Option(min=0, help="Orders to fulfill.")] = 0,
    edit: Annotated[int, typer.Option(min=0, help="Orders to edit.")] = 0,
    refund: Annotated[int, typer.Option(min=0, help="Orders to refund one unit of.")] = 0,
    restock: Annotated[bool, typer.Option(help="Whether refunded units go back to stock.")] = True,
    settle: Annotated[int, typer.Option(min=0, help="Pending refunds to settle.")] = 0,
    cancel: Annotated[int, typer.Option(min=0, help="Orders to cancel.")] = 0,
    customer_update: Annotated[int, typer.Option(min=0, help="Customers to change.")] = 0,
    product_update: Annotated[int, typer.Option(min=0, help="Products to change.")] = 0,
    stock_adjust: Annotated[int, typer.Option(min=0, help="Stock levels to adjust.")] = 0,
    large_order: Annotated[int, typer.Option(min=0, help="Lines of one more order, paid; 0 for none.")] = 0,
    large_order_refunds: Annotated[int, typer.Option(min=0, help="Refunds of it, of one line each.")] = 0,
    hours: Annotated[float, typer.Option(min=0, help="Hours the clock moves on, at last.")] = 0,
    order: Annotated[str | None, typer.Option(help="Name of the order the order actions fall on.")] = None,
    do: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[=N]", help="Something else, N times; `shopify-sandbox happenings` lists them."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let things happen in the store; works on the running server, or on the files when none runs."""
    actions = {
        "new_orders": new_orders,
        "capture": capture,
        "fulfill": fulfill,
        "edit": edit,
        "refund": refund,
        "settle": settle,
        "cancel": cancel,
        "customer_update": customer_update,
        "product_update": product_update,
        "stock_adjust": stock_adjust,
        "large_order": large_order,
        "large_order_refunds": large_order_refunds,
        "hours": hours,
        "restock": restock,
        "order": order,
        "happen": dict(map(_counted, do or ())),
    }
    events = advance_world(home, actions)
    if as_json:
        typer.echo(json.dumps(events))
        return
    for event in events:
        typer.echo("  ".join(str(event[key]) for key in ("at", "event", "order_name") if key in event))


@app.command()
def happenings() -> None:
    """Say what else can happen in a store, for `advance --do`."""
    for each in HAPPENINGS:
        typer.echo(f"{each.name:28} {each.what}")


@app.command()
def cases(home: Home, as_json: AsJson = False) -> None:
    """Count the hard cases the store's world holds."""
    store = Store.open(home)
    found = counted_cases(store.state)
    if as_json:
        typer.echo(json.dumps(found))
        return
    for name, number in found.items():
        typer.echo(f"{name:44}{number:>9}")


@app.command()
def truth(
    home: Home,
    as_json: AsJson = False,
    rows: Annotated[str | None, typer.Option(help="Print the rows of this table, one JSON object a line.")] = None,
    clearing: Annotated[
        bool, typer.Option("--clearing", help="Say what waits at each gateway, and what is owed.")
    ] = False,
) -> None:
    """Say what is true in the store, from its event log alone; never asks the server."""
    if clearing:
        figures = {"clearing": audit.clearing(home), "owed": audit.owed(home)}
        typer.echo(json.dumps(figures, default=lambda amount: format(amount, "f"), indent=None if as_json else 2))
        return
    if rows is not None:
        for row in audit.rows(home, rows):
            typer.echo(json.dumps(row))
        return
    summary = audit.truth(home)
    if as_json:
        typer.echo(json.dumps(summary))
        return
    typer.echo(f"{summary['shop']} as of {summary['as_of']}")
    for name, table in summary["tables"].items():
        typer.echo(f"{name:28}{table['count']:>9}")


@faults_app.command("kinds")
def list_kinds() -> None:
    """Say what can be planted, and what each kind stands for."""
    for each in CATALOGUE:
        typer.echo(f"{each.section:10} {each.name:24} {', '.join(each.failures):14} {each.what}")


@faults_app.command("list")
def list_faults(home: Home) -> None:
    """Show what is planted, and what it hit lately."""
    _print(control(required_server(home), "GET", "faults"))


@faults_app.command("plan")
def plan_faults(
    home: Home,
    file: Annotated[
        typer.FileText, typer.Argument(help="JSON document with answers, bulk, malformed, seed; - reads stdin.")
    ],
) -> None:
    """Plant a whole plan of faults, scripted (nth, count) or drawn (rate) from its seed."""
    try:
        plan = json.load(file)
    except ValueError as exc:
        raise SandboxError(f"the plan is not JSON: {exc}") from exc
    _print(control(required_server(home), "PUT", "faults", plan))


@faults_app.command("set")
def set_fault(
    home: Home,
    kind: Annotated[str, typer.Argument(help="What goes wrong; `faults kinds` lists the kinds.")],
    name: Annotated[str | None, typer.Option(help="Record to spoil, by name (#1001).")] = None,
    gid: Annotated[str | None, typer.Option("--id", help="Record to spoil, by gid.")] = None,
    root: Annotated[str, typer.Option(help="Root of the record to spoil.")] = "orders",
    on: Annotated[str, typer.Option(help="Requests to spoil: graphql, bulk_download, oauth, any.")] = "graphql",
    operation: Annotated[str | None, typer.Option(help="Name of the only GraphQL operation to spoil.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many requests to answer wrongly.")] = 1,
    status: Annotated[int | None, typer.Option(min=400, max=599, help="HTTP status, for kind status.")] = None,
) -> None:
    """Plant one fault: a record that leaves the server malformed, or requests that are answered wrongly."""
    fault: dict[str, Any]
    if name or gid:
        fault = {"malformed": [{"root": root, "kind": kind, "name": name, "id": gid}]}
    elif kind in kinds("bulk"):
        fault = {"bulk": [{"kind": kind, "operation": operation, "count": count}]}
    else:
        fault = {"answers": [{"kind": kind, "on": on, "operation": operation, "count": count, "status": status}]}
    _print(control(required_server(home), "PUT", "faults", fault))


@faults_app.command("clear")
def clear_faults(home: Home) -> None:
    """Take every planted fault away."""
    _print(control(required_server(home), "DELETE", "faults"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command (the process's own arguments when None); an error a person can act on is one line on stderr.

    Raises:
        SystemExit: Always, with the exit code.
    """
    try:
        ended = app(args=arguments, standalone_mode=False)
    except TyperException as usage:
        # Without a command there is no message: the help was printed.
        _say(f"error: {usage.format_message()}" if usage.format_message() else "")
        sys.exit(usage.exit_code)
    except (SandboxError, StateError, ActionRefused, audit.TruthError) as problem:
        _say(f"error: {problem}")
        sys.exit(1)
    sys.exit(ended if isinstance(ended, int) else 0)


def _arguments(**facts: Any) -> Arguments:
    try:
        return Arguments(**facts)
    except ValueError as exc:
        raise SandboxError(str(exc)) from exc


def _counted(text: str) -> tuple[str, int]:
    """``refund`` or ``refund=3``."""
    name, _, number = text.partition("=")
    if number and not number.isdigit():
        raise typer.BadParameter(f"{text} is not NAME or NAME=N")
    return name, int(number or 1)


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is not an ISO time such as 2026-11-20T12:00:00Z") from None
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)


def _print(content: Any) -> None:
    typer.echo(json.dumps(content, indent=1))


def _say(text: str) -> None:
    typer.echo(text, err=True)

"""Commands about shops as a whole: add one, list all, pause and resume.

Here: arguments and exit codes of that group. What a shop is asked is in ``steps/shops.py``.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from shopify_pipeline.cli_shared import AsJson, Config, Shop, opened, out, print_table, say
from shopify_pipeline.config import load_settings, settings_path
from shopify_pipeline.errors import ConfigError
from shopify_pipeline.steps import shops
from shopify_pipeline.warehouse.paused import pause, resume

shops_app = typer.Typer(help="The shops of this configuration.", no_args_is_help=True)


@shops_app.command("add")
def shops_add(
    domain: Annotated[str, typer.Argument(help="The shop's permanent myshopify.com domain.")],
    client_id: Annotated[str, typer.Option("--client-id", help="The app's client id.")],
    client_secret_file: Annotated[
        Path | None,
        typer.Option("--client-secret-file", help="File with the app's client secret; without it, it is asked for."),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the section [default: from the domain].")] = None,
    go_live_on: Annotated[
        datetime | None, typer.Option("--go-live-on", formats=["%Y-%m-%d"], help="First day of the books.")
    ] = None,
    value_map: Annotated[Path | None, typer.Option("--value-map", help="The reviewed value map.")] = None,
    webhook_uri: Annotated[str | None, typer.Option("--webhook-uri", help="Where the shop sends hints.")] = None,
    endpoint: Annotated[str | None, typer.Option("--endpoint", help="Address of a sandbox.")] = None,
    ca_file: Annotated[Path | None, typer.Option("--ca-file", help="Certificate authority of a sandbox.")] = None,
    config: Config = None,
) -> None:
    """Ask a shop who it is, check what the app may do there, and add it to the settings."""
    named = {
        "domain": domain,
        "client_id": client_id,
        "client_secret_file": client_secret_file and str(client_secret_file.resolve()),
        "go_live_on": go_live_on and go_live_on.date(),
        "value_map": value_map and str(value_map.resolve()),
        "webhook_uri": webhook_uri,
        "endpoint": endpoint,
        "ca_file": ca_file and str(ca_file.resolve()),
    }
    values = {key: value for key, value in named.items() if value is not None}
    secret = None
    if client_secret_file is None:
        secret = typer.prompt("client secret", hide_input=True, err=True)
    section = name or re.sub(r"[^a-z0-9_]", "_", domain.removesuffix(".myshopify.com"))
    info = shops.add(settings_path(config), section, values, secret, say)
    out.print(
        f"[shops.{section}] {info.name}: {info.currency}, {info.iana_timezone}, plan {info.plan}; "
        f"next: shopify-pipeline sync --shop {domain}",
        markup=False,
    )


@shops_app.command("list")
def shops_list(config: Config = None, as_json: AsJson = False) -> None:
    """List every shop: what it said of itself, when it was last synced, and what keeps it from being synced."""
    rows = shops.listed(load_settings(config), say, datetime.now(UTC))
    if as_json:
        print(json.dumps(rows, indent=2, default=str))
        return
    print_table("shops", [_line(row) for row in rows])


@shops_app.command("pause")
def shops_pause(
    because: Annotated[str, typer.Option(help="Why; it is shown wherever the shop is skipped.")],
    config: Config = None,
    shop: Shop = None,
) -> None:
    """Start nothing for this shop any more: no sensor, no schedule; what runs already ends as it would."""
    pipeline = opened(config, shop)
    with pipeline.connect() as conn:
        pause(conn, pipeline.shop.domain, because, pipeline.clock.now())
    out.print(f"{pipeline.shop.domain} is paused; to go on: shopify-pipeline shops resume", markup=False)


@shops_app.command("resume")
def shops_resume(config: Config = None, shop: Shop = None) -> None:
    """Let sensors and schedules start things for this shop again."""
    pipeline = opened(config, shop)
    with pipeline.connect() as conn:
        if not resume(conn, pipeline.shop.domain):
            raise ConfigError(f"{pipeline.shop.domain} is not paused")
    out.print(f"{pipeline.shop.domain} goes on", markup=False)


def _line(row: dict[str, Any]) -> dict[str, Any]:
    state = row["left_alone"] or ("paused" if row["paused_at"] else "")
    shown = ("name", "shop", "currency", "time_zone", "plan", "last_sync_at", "open_breaks")
    return {key.replace("_", " "): row[key] for key in shown} | {"kept": state}

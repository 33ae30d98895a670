"""Airbyte's ``airbyte-source-shopify``: configured, run, and read back.

Belongs here: this tool's configuration, its messages, and what of them is compared. Its code is not touched.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from shopify_pipeline_tests.peers.compare import Lines, Record, Stream, Total
from shopify_pipeline_tests.peers.store import SHOP, START_DATE, RunningStore, run_tool

PACKAGE = "airbyte-source-shopify"
PROGRAM = "source-shopify"
WINDOW_DAYS = 2_000


def _amount(name: str) -> Callable[[Record], Decimal]:
    return lambda record: Decimal(str(record[name]))


def _by_id(record: Record) -> str:
    return str(record["id"])


def _available(level: Record) -> Decimal:
    return next(Decimal(each["quantity"]) for each in level["quantities"] if each["name"] == "available")


STREAMS = (
    Stream(
        "orders",
        "orders",
        ("order_id",),
        _by_id,
        Total("current_total_price_shop", _amount("current_total_price")),
        Lines(
            "order_lines",
            "order_line_id",
            "order_id",
            lambda order: [str(line["id"]) for line in order["line_items"]],
        ),
    ),
    Stream(
        "order_agreements",
        "orders",
        ("order_id",),
        _by_id,
        lines=Lines(
            "order_agreements",
            "agreement_id",
            "order_id",
            lambda order: [str(agreement["id"]) for agreement in order["agreements"]],
        ),
    ),
    Stream("order_refunds", "refunds", ("refund_id",), _by_id),
    Stream("fulfillments", "fulfillments", ("fulfillment_id",), _by_id),
    Stream("transactions", "order_transactions", ("transaction_id",), _by_id, Total("amount_shop", _amount("amount"))),
    Stream("customers", "customers", ("customer_id",), _by_id),
    Stream("customer_address", "customer_addresses", ("address_id",), _by_id),
    Stream("products", "products", ("product_id",), _by_id),
    Stream("product_variants", "variants", ("variant_id",), _by_id, Total("price", _amount("price"))),
    Stream("inventory_items", "inventory_items", ("inventory_item_id",), _by_id, Total("unit_cost", _amount("cost"))),
    Stream(
        "inventory_levels",
        "inventory_levels",
        ("location_id", "inventory_item_id"),
        _by_id,
        Total("available", _available),
    ),
    Stream("locations", "locations", ("location_id",), _by_id),
)


def run(store: RunningStore, environment: Path, folder: Path) -> Mapping[str, Sequence[Record]]:
    """Sync the streams and give the records of each.

    Args:
        environment: Where the connector is installed.
        folder: Takes its configuration and its output.

    Raises:
        subprocess.CalledProcessError: The connector failed; its log is in the folder.
    """
    config, catalog = folder / "config.json", folder / "catalog.json"
    config.write_text(json.dumps(_config(store)), encoding="utf-8")
    program = str(environment / "bin" / PROGRAM)
    discover = [program, "discover", "--config", str(config)]
    offered = _messages(run_tool(store, discover, folder=folder, output="offered.jsonl"), "CATALOG")
    catalog.write_text(json.dumps(_configured(offered[0]["catalog"]), default=float), encoding="utf-8")
    read = [program, "read", "--config", str(config), "--catalog", str(catalog)]
    found: dict[str, list[Record]] = defaultdict(list)
    for message in _messages(run_tool(store, read, folder=folder, output="messages.jsonl"), "RECORD"):
        found[message["record"]["stream"]].append(message["record"]["data"])
    return found


def _config(store: RunningStore) -> Mapping[str, Any]:
    return {
        "shop": SHOP,
        "credentials": {"auth_method": "api_password", "api_password": store.token()},
        "start_date": START_DATE[:10],
        "bulk_window_in_days": WINDOW_DAYS,
    }


def _configured(catalog: Mapping[str, Any]) -> Mapping[str, Any]:
    wanted = {stream.name for stream in STREAMS}
    return {
        "streams": [
            {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}
            for stream in catalog["streams"]
            if stream["name"] in wanted
        ]
    }


def _messages(output: Path, kind: str) -> list[Mapping[str, Any]]:
    lines = output.read_text(encoding="utf-8").splitlines()
    parsed = (json.loads(line, parse_float=Decimal) for line in lines if line.startswith("{"))
    return [message for message in parsed if message["type"] == kind]

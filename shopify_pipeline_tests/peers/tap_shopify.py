"""Singer's ``tap-shopify``: configured, run, and read back.

Belongs here: this tool's configuration, its messages, and what of them is compared. Its code is not touched.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from shopify_pipeline_tests.peers.compare import Lines, Record, Stream, Total
from shopify_pipeline_tests.peers.store import SHOP, START_DATE, RunningStore, run_tool

PACKAGE = "tap-shopify"
#: One window for the whole history: after each of its bulk operations the tap sleeps for a minute.
WINDOW_DAYS = 2_000
#: With the tap's own 250 its query for refunds costs 1,025 points, more than one query may.
PAGE_SIZE = 200
#: Fields of the tap's API version, 2025-07, that the version which answers in its place no longer has.
GONE = {"orders": ("fulfillments",)}


def number(gid: str) -> str:
    """The number of a global id; an inventory level's is followed by its item's."""
    return gid.rpartition("/")[2].partition("?")[0]


def _amount(*path: str) -> Any:
    def read(record: Record) -> Decimal:
        value: Any = record
        for name in path:
            value = value[name]
        return Decimal(str(value))

    return read


def _by_gid(record: Record) -> str:
    return number(record["id"])


STREAMS = (
    Stream(
        "orders",
        "orders",
        ("order_id",),
        _by_gid,
        Total("current_total_price_shop", _amount("currentTotalPriceSet", "shopMoney", "amount")),
        Lines(
            "order_lines",
            "order_line_id",
            "order_id",
            lambda order: [number(line["id"]) for line in order["lineItems"]],
            # It takes the children in a bulk file for those of the order line last seen, and never reads __parentId.
            scattered=True,
        ),
    ),
    Stream("order_refunds", "refunds", ("refund_id",), _by_gid),
    Stream(
        "transactions",
        "order_transactions",
        ("transaction_id",),
        _by_gid,
        Total("amount_shop", _amount("amountSet", "shopMoney", "amount")),
    ),
    Stream("order_shipping_lines", "order_shipping_lines", ("shipping_line_id",), _by_gid),
    Stream(
        "customers",
        "customers",
        ("customer_id",),
        _by_gid,
        Total("amount_spent", _amount("amountSpent", "amount")),
        Lines(
            "customer_addresses",
            "address_id",
            "customer_id",
            lambda customer: [number(address["id"]) for address in customer["addresses"]],
        ),
    ),
    Stream("products", "products", ("product_id",), _by_gid),
    Stream("product_variants", "variants", ("variant_id",), _by_gid, Total("price", _amount("price"))),
    Stream(
        "inventory_items",
        "inventory_items",
        ("inventory_item_id",),
        _by_gid,
        Total("unit_cost", _amount("unitCost", "amount")),
    ),
    Stream(
        "inventory_levels",
        "inventory_levels",
        ("inventory_level_id",),
        _by_gid,
        Total("available", lambda level: Decimal(_quantity(level, "available"))),
    ),
    Stream("locations", "locations", ("location_id",), _by_gid),
)


def _quantity(level: Record, name: str) -> int:
    return next(int(each["quantity"]) for each in level["quantities"] if each["name"] == name)


def run(store: RunningStore, environment: Path, folder: Path) -> Mapping[str, Sequence[Record]]:
    """Sync the streams and give the records of each.

    Args:
        environment: Where the tap is installed.
        folder: Takes its configuration and its output.

    Raises:
        subprocess.CalledProcessError: The tap failed; its log is in the folder.
    """
    config, catalog = folder / "config.json", folder / "catalog.json"
    config.write_text(json.dumps(_config(store)), encoding="utf-8")
    tap = [str(environment / "bin" / PACKAGE), "--config", str(config)]
    offered = run_tool(store, [*tap, "--discover"], folder=folder, output="offered.json")
    catalog.write_text(json.dumps(_selected(json.loads(offered.read_text()))), encoding="utf-8")
    return _records(run_tool(store, [*tap, "--catalog", str(catalog)], folder=folder, output="messages.jsonl"))


def _config(store: RunningStore) -> Mapping[str, Any]:
    return {
        "shop": SHOP,
        "client_id": store.client_id,
        "client_secret": store.client_secret,
        "start_date": START_DATE,
        "date_window_size": WINDOW_DAYS,
        "results_per_page": PAGE_SIZE,
    }


def _selected(catalog: Mapping[str, Any]) -> Mapping[str, Any]:
    """The compared streams, with every field that still exists."""
    wanted = {stream.name for stream in STREAMS}
    streams = [stream for stream in catalog["streams"] if stream["tap_stream_id"] in wanted]
    for stream in streams:
        for entry in stream["metadata"]:
            gone = entry["breadcrumb"] and entry["breadcrumb"][-1] in GONE.get(stream["tap_stream_id"], ())
            entry["metadata"]["selected"] = not gone
    return {"streams": streams}


def _records(messages: Path) -> Mapping[str, Sequence[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for line in messages.read_text(encoding="utf-8").splitlines():
        message = json.loads(line, parse_float=Decimal)
        if message["type"] == "RECORD":
            found[message["stream"]].append(message["record"])
    return found

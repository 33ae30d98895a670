"""The census's reading of customers, products and stock.

Here: rows from nodes of Shopify's answers, quantities in units. Not here: asking, the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shopify_pipeline.reconcile.census_reading import TableRow, instant, kind, nodes, number, unexpected

#: Quantities of a level, in the order of the census's columns.
_QUANTITIES = ("on_hand", "available", "committed", "reserved", "damaged", "quality_control", "safety_stock")


def customers(shop: str, lines: Iterable[bytes]) -> Iterator[TableRow]:
    """Rows of roots."""
    return _plain_roots(shop, "customers", "Customer", lines)


def products(shop: str, lines: Iterable[bytes]) -> Iterator[TableRow]:
    """Rows of roots."""
    return _plain_roots(shop, "products", "Product", lines)


def variants(shop: str, lines: Iterable[bytes]) -> Iterator[TableRow]:
    """Rows of variants."""
    for node in nodes(lines):
        if kind(node) != "ProductVariant":
            raise unexpected(node)
        item = node["inventoryItem"]
        ids = number(node["id"]), number(node["product"]["id"]), number(item["id"])
        yield "variants", (shop, *ids, node["sku"], item["tracked"])


def inventory(shop: str, lines: Iterable[bytes]) -> Iterator[TableRow]:
    """Rows of locations and levels, and of roots for both (levels as ``item/location``)."""
    for node in nodes(lines):
        match kind(node):
            case "Location":
                location_id = number(node["id"])
                yield "roots", (shop, "locations", str(location_id), None)
                yield "locations", (shop, location_id, node["name"], node["isActive"])
            case "InventoryLevel":
                item_id, location_id = number(node["item"]["id"]), number(node["location"]["id"])
                held = {entry["name"]: entry["quantity"] for entry in node["quantities"]}
                updated_at = instant(node["updatedAt"])
                yield "roots", (shop, "inventory_levels", f"{item_id}/{location_id}", updated_at)
                yield "levels", (shop, item_id, location_id, *(held[name] for name in _QUANTITIES), updated_at)
            case _:
                raise unexpected(node)


def _plain_roots(shop: str, stream: str, what: str, lines: Iterable[bytes]) -> Iterator[TableRow]:
    for node in nodes(lines):
        if kind(node) != what:
            raise unexpected(node)
        yield "roots", (shop, stream, str(number(node["id"])), instant(node["updatedAt"]))

"""The census's own parser: bulk lines to plain rows, apart from the field map so that neither hides the other's bug.

Here: json and Decimal, nothing shared with ``schemas/``. Not here: running the bulk query, the database.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from shopify_pipeline.errors import IncompleteError

#: A row of one census table: the table's name and its columns, in the order of ``census.sql``.
TableRow = tuple[str, tuple[object, ...]]


def orders(shop: str, lines: Iterable[bytes]) -> Iterator[TableRow]:
    """Rows of orders, transactions, agreements and sales. Amounts are major units, shop currency before presentment.

    Children name their parent by ``__parentId``; where they stand in the file means nothing.
    """
    for node in _nodes(lines):
        kind = _kind(node)
        if kind == "Order":
            yield from _order(shop, node)
        elif kind == "SalesAgreement":
            yield (
                "agreements",
                (_id(node["id"]), _id(node["__parentId"]), node["__typename"], _instant(node["happenedAt"])),
            )
        elif kind == "Sale":
            yield (
                "sales",
                (
                    _id(node["id"]),
                    _id(node["__parentId"]),
                    node["actionType"],
                    node["lineType"],
                    node["quantity"],
                    _amount(node["totalAmount"]),
                    *_taxes(node["taxes"]),
                    _presented(node["totalAmount"]),
                    _presented(node["totalTaxAmount"]),
                ),
            )
        else:
            raise _unexpected(node)


def _order(shop: str, node: dict[str, Any]) -> Iterator[TableRow]:
    order_id = _id(node["id"])
    yield "roots", (shop, "orders", str(order_id), _instant(node["updatedAt"]))
    yield (
        "orders",
        (
            shop,
            order_id,
            node["name"],
            _instant(node["createdAt"]),
            _instant(node["processedAt"]),
            _instant(node["updatedAt"]),
            _instant(node["cancelledAt"]) if node["cancelledAt"] else None,
            node["test"],
            node["currencyCode"],
            node["presentmentCurrencyCode"],
            _amount(node["currentTotalPriceSet"]),
            _amount(node["currentTotalTaxSet"]),
            _presented(node["currentTotalPriceSet"]),
            _presented(node["currentTotalTaxSet"]),
            _amount(node["totalReceivedSet"]),
            _amount(node["totalRefundedSet"]),
        ),
    )
    for transaction in node["transactions"]:
        yield (
            "transactions",
            (
                shop,
                order_id,
                _id(transaction["id"]),
                transaction["kind"],
                transaction["status"],
                transaction["gateway"],
                _amount(transaction["amountSet"]),
                _presented(transaction["amountSet"]),
                _amount(transaction["amountRoundingSet"]) if transaction["amountRoundingSet"] else Decimal(0),
                _instant(transaction["processedAt"] or transaction["createdAt"]),
            ),
        )


def customers(shop: str, lines: Iterable[bytes]) -> Iterator[TableRow]:
    """Rows of roots."""
    return _plain_roots(shop, "customers", "Customer", lines)


def products(shop: str, lines: Iterable[bytes]) -> Iterator[TableRow]:
    """Rows of roots."""
    return _plain_roots(shop, "products", "Product", lines)


def inventory(shop: str, lines: Iterable[bytes]) -> Iterator[TableRow]:
    """Rows of roots (locations; levels as ``item/location``) and of levels, in units."""
    for node in _nodes(lines):
        kind = _kind(node)
        if kind == "Location":
            yield "roots", (shop, "locations", str(_id(node["id"])), None)
        elif kind == "InventoryLevel":
            item_id, location_id = _id(node["item"]["id"]), _id(node["location"]["id"])
            quantities = {entry["name"]: entry["quantity"] for entry in node["quantities"]}
            updated_at = _instant(node["updatedAt"])
            yield "roots", (shop, "inventory_levels", f"{item_id}/{location_id}", updated_at)
            yield "levels", (shop, item_id, location_id, quantities["on_hand"], quantities["available"], updated_at)
        else:
            raise _unexpected(node)


#: Bulk operation → how its lines are read.
PARSERS: dict[str, Callable[[str, Iterable[bytes]], Iterator[TableRow]]] = {
    "CensusOrders": orders,
    "CensusCustomers": customers,
    "CensusProducts": products,
    "CensusInventory": inventory,
}


def _plain_roots(shop: str, stream: str, kind: str, lines: Iterable[bytes]) -> Iterator[TableRow]:
    for node in _nodes(lines):
        if _kind(node) != kind:
            raise _unexpected(node)
        yield "roots", (shop, stream, str(_id(node["id"])), _instant(node["updatedAt"]))


def _nodes(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    return (json.loads(line, parse_float=Decimal) for line in lines)


def _kind(node: dict[str, Any]) -> str:
    """``Order`` of ``gid://shopify/Order/1``."""
    return str(node["id"]).split("/")[3]


def _id(gid: str) -> int:
    """1 of ``gid://shopify/Order/1`` and of ``gid://shopify/InventoryLevel/1?inventory_item_id=2``."""
    return int(gid.rsplit("/", 1)[1].split("?")[0])


def _amount(bag: dict[str, Any]) -> Decimal:
    return Decimal(bag["shopMoney"]["amount"])


def _presented(bag: dict[str, Any]) -> Decimal:
    return Decimal(bag["presentmentMoney"]["amount"])


def _taxes(taxes: list[dict[str, Any]]) -> tuple[Decimal, Decimal]:
    """The taxes of a sale, and what of them the sales channel remits."""
    amounts = [(_amount(tax["amount"]), tax["taxLine"]["channelLiable"]) for tax in taxes]
    return (
        sum((amount for amount, _ in amounts), Decimal(0)),
        sum((amount for amount, is_channel_liable in amounts if is_channel_liable), Decimal(0)),
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _unexpected(node: dict[str, Any]) -> IncompleteError:
    return IncompleteError(f"the census holds a {_kind(node)}, which it did not ask for")

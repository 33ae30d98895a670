"""The census's reading of orders: what was sold, paid, given back, shipped and put back on a shelf.

Here: rows from nodes of Shopify's answers. Amounts are major units, shop currency before presentment. Not here: asking,
the database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from shopify_pipeline.errors import IncompleteError
from shopify_pipeline.reconcile.census_reading import (
    Node,
    TableRow,
    amount,
    instant,
    instant_of,
    kind,
    nodes,
    number,
    number_of,
    presented,
    unexpected,
)

#: Sums an order tells of itself, in the order of the census's columns.
_SUMS = (
    "originalTotalPriceSet",
    "totalPriceSet",
    "currentTotalPriceSet",
    "currentTotalTaxSet",
    "currentShippingPriceSet",
    "currentTotalDiscountsSet",
    "totalReceivedSet",
    "totalRefundedSet",
    "totalOutstandingSet",
)


def orders(shop: str, lines: Iterable[bytes]) -> Iterator[TableRow]:
    """Rows of orders, lines, transactions, refunds, fulfillments, agreements, sales and sale_taxes.

    Raises:
        IncompleteError: A list of an order is shorter than Shopify counts it, or something else came.
    """
    for node in nodes(lines):
        match kind(node):
            case "Order":
                yield from _order(shop, node)
            case "LineItem":
                yield _line(shop, node)
            case "SalesAgreement":
                yield _agreement(node)
            case "Sale":
                yield from _sale(shop, node)
            case _:
                raise unexpected(node)


def _order(shop: str, node: Node) -> Iterator[TableRow]:
    order_id = number(node["id"])
    company = (node["purchasingEntity"] or {}).get("company")
    yield "roots", (shop, "orders", str(order_id), instant(node["updatedAt"]))
    yield (
        "orders",
        (
            shop,
            order_id,
            node["name"],
            instant(node["createdAt"]),
            instant(node["processedAt"]),
            instant(node["updatedAt"]),
            instant_of(node["cancelledAt"]),
            node["test"],
            node["taxesIncluded"],
            node["sourceName"],
            number_of(node["customer"]),
            number_of(company),
            node["displayFinancialStatus"],
            node["displayFulfillmentStatus"],
            node["currencyCode"],
            node["presentmentCurrencyCode"],
            *(amount(node[name]) for name in _SUMS),
            *(presented(node[name]) for name in _SUMS),
        ),
    )
    for transaction in _counted(node, "transactions"):
        yield "transactions", _transaction(shop, order_id, transaction)
    for refund in node["refunds"]:
        created_at = instant(refund["createdAt"] or refund["processedAt"])
        yield "refunds", (shop, number(refund["id"]), order_id, created_at, amount(refund["totalRefundedSet"]))
    for one in _counted(node, "fulfillments"):
        stamps = instant(one["createdAt"]), instant(one["updatedAt"])
        yield (
            "fulfillments",
            (shop, number(one["id"]), order_id, one["status"], *stamps, number_of(one["location"])),
        )


def _counted(order: Node, name: str) -> list[Node]:
    """A list of an order, all of it: a list does not say itself that it goes on."""
    held: list[Node] = order[name]
    counted = order[f"{name}Count"]
    if counted is not None and len(held) < counted["count"]:
        raise IncompleteError(f"{order['id']}: {len(held)} of {counted['count']} {name} came with the census")
    return held


def _transaction(shop: str, order_id: int, node: Node) -> tuple[object, ...]:
    return (
        shop,
        order_id,
        number(node["id"]),
        number_of(node["parentTransaction"]),
        node["kind"],
        node["status"],
        node["gateway"],
        amount(node["amountSet"]),
        presented(node["amountSet"]),
        amount(node["amountRoundingSet"]) if node["amountRoundingSet"] else Decimal(0),
        instant(node["processedAt"] or node["createdAt"]),
    )


def _line(shop: str, node: Node) -> TableRow:
    return (
        "lines",
        (
            shop,
            number(node["__parentId"]),
            number(node["id"]),
            number_of(node["variant"]),
            node["product"]["productType"] if node["product"] else None,
            node["isGiftCard"],
            node["requiresShipping"],
            node["quantity"],
            node["currentQuantity"],
            node["unfulfilledQuantity"],
        ),
    )


def _agreement(node: Node) -> TableRow:
    refund_id = number_of(node.get("refund"))
    happened_at = instant(node["happenedAt"])
    return "agreements", (number(node["id"]), number(node["__parentId"]), node["__typename"], happened_at, refund_id)


def _sale(shop: str, node: Node) -> Iterator[TableRow]:
    sale_id = number(node["id"])
    taxes = [(amount(tax["amount"]), tax["taxLine"]) for tax in node["taxes"]]
    yield (
        "sales",
        (
            shop,
            sale_id,
            number(node["__parentId"]),
            node["actionType"],
            node["lineType"],
            number_of(node.get("lineItem")),
            node["quantity"],
            amount(node["totalAmount"]),
            sum((tax for tax, _ in taxes), Decimal(0)),
            sum((tax for tax, line in taxes if line["channelLiable"]), Decimal(0)),
            amount(node["totalDiscountAmountBeforeTaxes"]),
            presented(node["totalAmount"]),
            presented(node["totalTaxAmount"]),
            presented(node["totalDiscountAmountBeforeTaxes"]),
            presented(node["totalDiscountAmountAfterTaxes"]),
        ),
    )
    for position, (tax, line) in enumerate(taxes):
        yield "sale_taxes", (shop, sale_id, position, line["title"], line["rate"], line["channelLiable"], tax)


def fulfillment_lines(shop: str, read: Iterable[tuple[Node, list[Node]]]) -> Iterator[TableRow]:
    """Rows of fulfillment_lines: units by order line of each fulfilment."""
    for fulfillment, held in read:
        units: Counter[int] = Counter()
        for item in held:
            units[number(item["lineItem"]["id"])] += item["quantity"] or 0
        order_id = number(fulfillment["order"]["id"])
        for line_id, quantity in units.items():
            yield "fulfillment_lines", (shop, number(fulfillment["id"]), order_id, line_id, quantity)


@dataclass(frozen=True)
class WayBack:
    """A reverse fulfilment order: how the units of a return come back.

    Attributes:
        gid: Its own.
    """

    gid: str
    return_id: int
    order_id: int


def ways_back(lines: Iterable[bytes]) -> list[WayBack]:
    """The reverse fulfilment orders of every return.

    Raises:
        IncompleteError: One belongs to no return that came, or something else came.
    """
    order_of: dict[str, int] = {}
    return_of: dict[str, str] = {}
    for node in nodes(lines):
        match kind(node):
            case "Order":
                pass
            case "Return":
                order_of[node["id"]] = number(node["__parentId"])
            case "ReverseFulfillmentOrder":
                return_of[node["id"]] = node["__parentId"]
            case _:
                raise unexpected(node)
    lost = sorted(set(return_of.values()) - order_of.keys())
    if lost:
        raise IncompleteError(f"the census holds a way back of {lost[0]}, but not that return")
    return [WayBack(gid, number(parent), order_of[parent]) for gid, parent in return_of.items()]


def dispositions(
    shop: str, ways: Collection[WayBack], read: Iterable[tuple[Node, list[Node]]], planned: set[tuple[int, int]]
) -> Iterator[TableRow]:
    """Rows of restocks: what the inspection of a return put back on a shelf.

    Args:
        planned: Is told which lines (return, order line) have a way back, whatever came of it.
    """
    by_gid = {way.gid: way for way in ways}
    for node, held in read:
        way = by_gid[node["id"]]
        for item in held:
            if item["fulfillmentLineItem"] is None:
                continue
            line_id = number(item["fulfillmentLineItem"]["lineItem"]["id"])
            planned.add((way.return_id, line_id))
            for one in item["dispositions"]:
                if one["type"] == "RESTOCKED" and one["quantity"]:
                    source = shop, way.order_id, "disposition", number(one["id"])
                    where = number_of(one["location"]) or 0
                    yield "restocks", (*source, line_id, where, one["quantity"], instant(one["createdAt"]))


def refund_restocks(
    shop: str, read: Iterable[tuple[Node, list[Node]]], planned: Collection[tuple[int, int]]
) -> Iterator[TableRow]:
    """Rows of restocks: what refunds put back on a shelf.

    Shopify's CANCEL puts back units that never left, and what a return has a way back for is told by its dispositions.

    Args:
        planned: Lines (return, order line) that have a way back.
    """
    for refund, held in read:
        return_id = number_of(refund["return"])
        units: Counter[tuple[int, int]] = Counter()
        for item in held:
            line_id = number(item["lineItem"]["id"])
            is_told_elsewhere = return_id is not None and (return_id, line_id) in planned
            if item["restockType"] == "RETURN" and item["location"] is not None and not is_told_elsewhere:
                units[line_id, number(item["location"]["id"])] += item["quantity"]
        source = shop, number(refund["order"]["id"]), "refund", number(refund["id"])
        at = instant(refund["createdAt"] or refund["processedAt"])
        for (line_id, location_id), quantity in units.items():
            yield "restocks", (*source, line_id, location_id, quantity, at)

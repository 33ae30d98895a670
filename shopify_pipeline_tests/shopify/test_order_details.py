"""What a page of orders does not carry is read by id, of the same version, and to the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.schemas.records import assemble
from shopify_pipeline.shopify.answers import Answer
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.pages import Body, PageReader
from shopify_pipeline.shopify.queries import Operation
from shopify_pipeline.shopify.streams import READINGS
from shopify_pipeline.shopify.windows import Window
from shopify_pipeline_tests.builders import an_order, at, connection, gid

NOW = datetime(2026, 11, 20, 13, tzinfo=UTC)
DETAILED = ("shippingLines", "discountApplications", "returns")

Node = dict[str, Any]


class Shop:
    """Answers every document from what the test says is there."""

    def __init__(self, answers: Mapping[str, Callable[[Mapping[str, Any]], Node]]) -> None:
        self._answers = answers
        self.clock = SimulatedClock(NOW)
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def execute(self, document: Operation, variables: Mapping[str, Any]) -> Answer:
        self.asked.append((document.name, variables))
        data = self._answers[document.name](variables)
        raw = json.dumps({"data": data}).encode()
        return Answer(document.name, document.query_hash, data, raw, None, None, NOW, "2026-10")


def read(shop: Shop) -> list[Body]:
    reader = PageReader(cast(AdminApi, shop), page_size=250, progress=lambda line: None)
    return list(reader.window(READINGS["orders"].roots[0], Window(None, NOW), counted=1))


def paged(order: Node) -> Node:
    return {name: value for name, value in order.items() if name not in DETAILED}


def detail(order: Node) -> Node:
    return {name: order[name] for name in ("id", "updatedAt", "refunds", "fulfillments", *DETAILED)}


def page_of(*orders: Node) -> Callable[[Mapping[str, Any]], Node]:
    return lambda variables: {"orders": connection(*map(paged, orders))}


def nodes_of(*nodes: Node) -> Callable[[Mapping[str, Any]], Node]:
    by_id = {node["id"]: node for node in nodes}
    return lambda variables: {"nodes": [by_id.get(each) for each in variables["ids"]]}


def a_return(number: int, **fields: Any) -> Node:
    inner = ("returnLineItems", "exchangeLineItems", "reverseFulfillmentOrders")
    return {"id": gid("Return", number), **{name: connection() for name in inner}, **fields}


def children(bodies: list[Body]) -> dict[str, list[str | None]]:
    """Gids below the only order there is, by type, as the bodies are put together."""
    assembly = assemble(STREAMS["orders"], [(body.kind, [body.raw]) for body in bodies])
    assert assembly.orphans == []
    newest = assembly.documents[-1]
    assert assembly.versions.get(newest.gid) in (None, json.loads(newest.raw)["updatedAt"])
    found: dict[str, list[str | None]] = {}
    for record in newest.children:
        found.setdefault(record.node, []).append(record.gid)
    return found


def test_details_of_a_page_are_asked_for_together_by_id() -> None:
    orders = [an_order(number, lines=()) for number in (1, 2, 3)]
    shop = Shop({"OrdersPage": page_of(*orders), "OrdersDetail": nodes_of(*map(detail, orders))})

    assert [body.kind for body in read(shop)] == ["page", "detail"]
    assert shop.asked[1] == ("OrdersDetail", {"ids": [order["id"] for order in orders]})


def test_a_return_reaches_its_order_with_all_that_hangs_on_it() -> None:
    reverse = {
        "id": gid("ReverseFulfillmentOrder", 8),
        "lineItems": connection({"id": gid("ReverseFulfillmentOrderLineItem", 9)}),
    }
    returned = a_return(
        5,
        returnLineItems=connection({"id": gid("ReturnLineItem", 6)}, {"id": gid("UnverifiedReturnLineItem", 6)}),
        exchangeLineItems=connection({"id": gid("ExchangeLineItem", 7)}),
        reverseFulfillmentOrders=connection(reverse),
    )
    order = an_order(1, lines=(), returns=connection(returned), discountApplications=connection({"index": 0}))
    shop = Shop({"OrdersPage": page_of(order), "OrdersDetail": nodes_of(detail(order))})

    assert children(read(shop)) == {
        "DiscountApplication": [None],
        "Return": [gid("Return", 5)],
        "ReturnLineItem": [gid("ReturnLineItem", 6)],
        "UnverifiedReturnLineItem": [gid("UnverifiedReturnLineItem", 6)],
        "ExchangeLineItem": [gid("ExchangeLineItem", 7)],
        "ReverseFulfillmentOrder": [gid("ReverseFulfillmentOrder", 8)],
        "ReverseFulfillmentOrderLineItem": [gid("ReverseFulfillmentOrderLineItem", 9)],
    }


def test_an_order_that_changed_after_its_page_is_read_again_whole() -> None:
    before = an_order(1, lines=(), updated="12:00:00")
    after = an_order(1, lines=(), updated="12:00:05", returns=connection(a_return(5)))
    shop = Shop({"OrdersPage": page_of(before), "OrdersDetail": nodes_of(detail(after)), "OrdersById": nodes_of(after)})

    bodies = read(shop)

    assert [body.operation for body in bodies] == ["OrdersPage", "OrdersById"]
    assert children(bodies) == {"Return": [gid("Return", 5)]}


@pytest.mark.parametrize(
    ("holder", "connected", "document"),
    [
        ("Order", "returns", "OrderReturns"),
        ("Order", "discountApplications", "OrderDiscountApplications"),
        ("Order", "shippingLines", "OrderShippingLines"),
        ("Return", "returnLineItems", "ReturnLineItems"),
        ("Return", "exchangeLineItems", "ReturnExchangeLineItems"),
        ("Return", "reverseFulfillmentOrders", "ReturnReverseFulfillmentOrders"),
        ("ReverseFulfillmentOrder", "lineItems", "ReverseFulfillmentLineItems"),
    ],
)
def test_a_connection_that_goes_on_is_read_on_by_the_document_of_what_holds_it(
    holder: str, connected: str, document: str
) -> None:
    reverse = {"id": gid("ReverseFulfillmentOrder", 8), "lineItems": connection()}
    returned = a_return(5, reverseFulfillmentOrders=connection(reverse))
    order = an_order(1, lines=(), returns=connection(returned))
    held = {"Order": order, "Return": returned, "ReverseFulfillmentOrder": reverse}[holder]
    first, second = (reverse | a_return(0) | {"id": gid("ReturnLineItem", number)} for number in (31, 32))
    held[connected] = {"nodes": [first, *held[connected]["nodes"]], "pageInfo": {"hasNextPage": True, "endCursor": "c"}}
    carrier = {"id": held["id"], "order": {"id": order["id"], "updatedAt": at("12:00:00")}, "updatedAt": at("12:00:00")}
    shop = Shop(
        {
            "OrdersPage": page_of(order),
            "OrdersDetail": nodes_of(detail(order)),
            document: lambda variables: {"node": carrier | {connected: connection(second)}},
        }
    )

    bodies = read(shop)

    assert shop.asked[-1] == (document, {"id": held["id"], "after": "c", "first": 100})
    gids = [each for found in children(bodies).values() for each in found]
    assert gids.count(first["id"]) == gids.count(second["id"]) == 1

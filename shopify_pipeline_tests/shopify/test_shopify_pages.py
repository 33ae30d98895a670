"""Reading by pages: everything nested is drained to the end, and a page is never taken for more than it is."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from shopify_pipeline.errors import IncompleteError, QueryCostError, TransientError
from shopify_pipeline.shopify.answers import Answer
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.pages import Body, PageReader, updated_between
from shopify_pipeline.shopify.queries import Operation, operation
from shopify_pipeline.shopify.session import SlowAnswerError
from shopify_pipeline.shopify.streams import READINGS
from shopify_pipeline_tests.shopify.conftest import MakeApi
from shopify_pipeline_tests.shopify.loopback import LoopbackServer, Script, graphql, reply
from shopify_pipeline_tests.shopify.sandboxed import NOW, SandboxShop

ORDERS = READINGS["orders"]
ALL = updated_between(NOW - timedelta(days=3650), NOW)


class Altered:
    """An API whose questions a test changes on the way."""

    def __init__(
        self, api: AdminApi, change: Callable[[Operation, dict[str, Any]], tuple[Operation, dict[str, Any]]]
    ) -> None:
        self._api = api
        self._change = change
        self.asked: list[str] = []

    def execute(self, document: Operation, variables: Mapping[str, object] | None = None) -> Answer:
        self.asked.append(document.name)
        return self._api.execute(*self._change(document, dict(variables or {})))


def one_at_a_time(document: Operation, variables: dict[str, Any]) -> tuple[Operation, dict[str, Any]]:
    """Nested connections come one node at a time, so that every one of them has to be continued."""
    text = re.sub(r"first: \d+", "first: 1", document.text)
    page = document.name.endswith("Page")
    return replace(document, text=text), variables | ({"first": 1} if "first" in variables and not page else {})


def reader(api: object, *, page_size: int = 100) -> PageReader:
    return PageReader(cast(AdminApi, api), page_size=page_size, progress=lambda line: None)


@pytest.fixture(scope="module")
def rich(shop: SandboxShop) -> list[str]:
    """Orders that together have more than one node in every nested connection."""
    nested: dict[str, Callable[[Any], list[Any]]] = {
        "lines": lambda order: [order["lineItems"]],
        "agreements": lambda order: [order["agreements"]],
        "sales": lambda order: [agreement["sales"] for agreement in order["agreements"]["nodes"]],
        "refunded": lambda order: [refund["refundLineItems"] for refund in order["refunds"]],
        "shipped": lambda order: [fulfillment["fulfillmentLineItems"] for fulfillment in order["fulfillments"]],
    }
    orders = [
        order
        for body in reader(shop.api()).window(ORDERS, ALL)
        for order in json.loads(body.raw)["data"]["orders"]["nodes"]
    ]
    found = {
        next(order["id"] for order in orders if any(len(c["nodes"]) > 1 for c in connections(order)))
        for connections in nested.values()
    }
    return sorted(found)


def parts_of(bodies: list[Body]) -> Counter[str]:
    """Every node with an id, refund lines and the like by what they say: (path, content) → how often it came."""
    found: Counter[str] = Counter()

    def walk(name: str, value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                walk(name, item)
        elif isinstance(value, dict):
            for key, inner in value.items():
                if isinstance(inner, dict) and "nodes" in inner:
                    for node in inner["nodes"]:
                        flat = {k: v for k, v in node.items() if not (isinstance(v, dict) and "nodes" in v)}
                        if set(flat) != {"id"}:
                            found[f"{key} {json.dumps(flat, sort_keys=True)}"] += 1
                        walk(key, node)
                else:
                    walk(key, inner)

    def without_nested(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: without_nested(v) for k, v in value.items() if not (isinstance(v, dict) and "nodes" in v)}
        return [without_nested(item) for item in value] if isinstance(value, list) else value

    for body in bodies:
        data = json.loads(body.raw)["data"]
        if body.kind != "page":
            walk("", data)
            continue
        (root,) = data.values()
        for node in root["nodes"] if isinstance(root, dict) else root:
            found[f"root {json.dumps(without_nested(node), sort_keys=True)}"] += 1
            walk("", node)
    return found


@pytest.mark.parametrize("stream", READINGS)
def test_nested_connections_are_drained_exactly(stream: str, shop: SandboxShop) -> None:
    """One node at a time gives every node once, the same ones as asking for many at once."""
    window = updated_between(NOW - timedelta(days=1 if stream == "orders" else 3650), NOW)
    narrow = list(reader(Altered(shop.api(), one_at_a_time)).window(READINGS[stream], window))
    whole = list(reader(shop.api()).window(READINGS[stream], window))
    drained, expected = parts_of(narrow), parts_of(whole)
    assert "nested" in {body.kind for body in narrow}
    assert expected.keys() == drained.keys()
    assert {part for part, times in drained.items() if times != expected[part]} == set()


def test_draining_orders_touches_every_kind_of_nested_connection(shop: SandboxShop, rich: list[str]) -> None:
    api = Altered(shop.api(), one_at_a_time)
    list(reader(api).by_id("orders", rich))
    assert {"OrderLineItems", "OrderAgreements", "OrderSales", "FulfillmentLines", "RefundLineItems"} <= set(api.asked)


def test_a_window_gives_exactly_the_roots_changed_in_it(shop: SandboxShop) -> None:
    since, until = NOW - timedelta(days=10), NOW - timedelta(days=3)
    found = {
        node["id"]: node["updatedAt"]
        for body in reader(shop.api(), page_size=7).window(ORDERS, updated_between(since, until))
        for node in json.loads(body.raw)["data"]["orders"]["nodes"]
    }
    everything = {
        node["id"]: node["updatedAt"]
        for body in reader(shop.api()).window(ORDERS, ALL)
        for node in json.loads(body.raw)["data"]["orders"]["nodes"]
    }
    inside = {gid for gid, at in everything.items() if since <= datetime.fromisoformat(at) <= until}
    assert len(everything) == 120
    assert set(found) == inside
    assert 0 < len(inside) < 120


def test_a_bodys_roots_are_counted(shop: SandboxShop) -> None:
    bodies = list(reader(shop.api()).window(ORDERS, ALL))
    assert [body.roots for body in bodies] == [50, 50, 20]
    assert {(body.kind, body.operation, body.query_hash) for body in bodies} == {
        ("page", "OrdersPage", operation("OrdersPage").query_hash)
    }


def test_details_bring_what_a_bulk_operation_cannot_carry(shop: SandboxShop) -> None:
    pages = list(reader(shop.api()).window(ORDERS, ALL))
    orders = [node for body in pages for node in json.loads(body.raw)["data"]["orders"]["nodes"]]
    wanted = [order for order in orders if order["refunds"] or order["fulfillments"]]
    bodies = list(reader(shop.api()).details(ORDERS, ((o["id"], o["updatedAt"]) for o in wanted)))
    assert {body.kind for body in bodies} == {"detail"}
    given = {node["id"]: node for body in bodies for node in json.loads(body.raw)["data"]["nodes"]}
    assert given.keys() == {order["id"] for order in wanted}
    for order in wanted:
        theirs = [refund["refundLineItems"] for refund in given[order["id"]]["refunds"]]
        assert theirs == [refund["refundLineItems"] for refund in order["refunds"]]
        shipped = [fulfillment["fulfillmentLineItems"] for fulfillment in given[order["id"]]["fulfillments"]]
        assert shipped == [fulfillment["fulfillmentLineItems"] for fulfillment in order["fulfillments"]]


def test_an_order_that_changed_since_the_bulk_operation_is_read_anew_and_whole(shop: SandboxShop) -> None:
    pages = list(reader(shop.api()).window(ORDERS, ALL))
    first, second = [node for body in pages for node in json.loads(body.raw)["data"]["orders"]["nodes"]][:2]
    versions = [(first["id"], "2020-01-01T00:00:00Z"), (second["id"], second["updatedAt"])]
    bodies = list(reader(shop.api()).details(ORDERS, versions))
    assert [(body.kind, body.operation, body.roots) for body in bodies] == [
        ("page", "OrdersById", 1),
        ("detail", "OrdersDetail", 0),
    ]
    assert json.loads(bodies[0].raw)["data"]["nodes"] == [first]
    assert [node["id"] for node in json.loads(bodies[1].raw)["data"]["nodes"]] == [second["id"]]


class Moving(Altered):
    """Whatever is continued says it has changed meanwhile, until it was read anew ``times`` times."""

    def __init__(self, api: AdminApi, times: int) -> None:
        super().__init__(api, one_at_a_time)
        self._times = times

    def execute(self, document: Operation, variables: Mapping[str, object] | None = None) -> Answer:
        answer = super().execute(document, variables)
        node = answer.data.get("node")
        if node and self.asked.count("OrdersById") < self._times:
            (node.get("order") or node)["updatedAt"] = "2030-01-01T00:00:00Z"
        return answer


def test_an_order_that_changes_while_it_is_drained_is_read_anew_and_whole(shop: SandboxShop, rich: list[str]) -> None:
    """Its first page stays landed, but nothing of the later version is mixed into it."""
    calm = list(reader(Altered(shop.api(), one_at_a_time)).by_id("orders", rich))
    first, *anew = list(reader(Moving(shop.api(), times=2)).by_id("orders", rich))
    assert first.raw == calm[0].raw
    assert [body.raw for body in anew] == [body.raw for body in calm]


def test_an_order_that_changes_every_time_ends_the_reading(shop: SandboxShop, rich: list[str]) -> None:
    with pytest.raises(TransientError, match="changed each time"):
        list(reader(Moving(shop.api(), times=100)).by_id("orders", rich))


def connection(nodes: list[Any], *, more: bool, cursor: str | None) -> dict[str, Any]:
    return {"customers": {"nodes": nodes, "pageInfo": {"hasNextPage": more, "endCursor": cursor}}}


DEAR: Script = graphql(errors=[{"message": "dear", "extensions": {"code": "MAX_COST_EXCEEDED"}}])


@pytest.mark.parametrize(
    "refusals",
    [[DEAR], [reply(504)] * 5],
    ids=["too dear", "too slow"],
)
def test_a_page_that_is_too_much_is_halved_and_stays_halved(
    refusals: list[Script], server: LoopbackServer, make_api: MakeApi
) -> None:
    server.answers(
        *refusals,
        graphql(connection([], more=True, cursor="c1")),
        graphql(connection([], more=False, cursor=None)),
    )
    bodies = list(reader(make_api(), page_size=100).window(READINGS["customers"], ALL))
    assert len(bodies) == 2
    sizes = [request.json()["variables"]["first"] for request in server.requests]
    assert sizes == [100] * len(refusals) + [50, 50]
    assert server.requests[-1].json()["variables"]["after"] == "c1"


@pytest.mark.parametrize(("refusal", "error"), [(DEAR, QueryCostError), (reply(504), SlowAnswerError)])
def test_a_page_is_halved_down_to_five_and_then_given_up(
    refusal: Script, error: type[Exception], server: LoopbackServer, make_api: MakeApi
) -> None:
    server.answers(refusal)
    with pytest.raises(error):
        list(reader(make_api(), page_size=20).window(READINGS["customers"], ALL))
    assert sorted({request.json()["variables"]["first"] for request in server.requests}) == [5, 10, 20]


@pytest.mark.parametrize("cursor", [None, "same"])
def test_paging_that_would_not_move_on_is_an_error(
    cursor: str | None, server: LoopbackServer, make_api: MakeApi
) -> None:
    server.answers(graphql(connection([], more=True, cursor=cursor)))
    with pytest.raises(IncompleteError, match="promises more"):
        list(reader(make_api()).window(READINGS["customers"], ALL))


def test_a_nested_connection_that_would_not_move_on_is_an_error(server: LoopbackServer, make_api: MakeApi) -> None:
    addresses = {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": "stuck"}}
    customer = {"id": "gid://shopify/Customer/1", "updatedAt": "2026-11-20T00:00:00Z", "addressesV2": addresses}
    server.answers(graphql(connection([customer], more=False, cursor=None)), graphql({"node": customer}))
    with pytest.raises(IncompleteError, match="cannot be drained"):
        list(reader(make_api()).window(READINGS["customers"], ALL))


def test_a_root_that_vanishes_while_it_is_drained_asks_for_another_reading(
    server: LoopbackServer, make_api: MakeApi
) -> None:
    addresses = {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": "c1"}}
    customer = {"id": "gid://shopify/Customer/1", "updatedAt": "2026-11-20T00:00:00Z", "addressesV2": addresses}
    server.answers(graphql(connection([customer], more=False, cursor=None)), graphql({"node": None}))
    with pytest.raises(TransientError, match=r"Customer/1 vanished"):
        list(reader(make_api()).window(READINGS["customers"], ALL))


def test_a_root_with_a_mangled_id_does_not_stop_the_others(server: LoopbackServer, make_api: MakeApi) -> None:
    addresses = {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": "c1"}}
    mangled = {"id": f"gid://shopify/Customer/{2**63}", "updatedAt": "2026-11-20T00:00:00Z", "addressesV2": addresses}
    server.answers(graphql(connection([mangled], more=False, cursor=None)))
    (body,) = reader(make_api()).window(READINGS["customers"], ALL)
    assert (body.kind, body.roots) == ("page", 1)


def test_a_chunk_of_details_that_is_too_dear_is_halved(server: LoopbackServer, make_api: MakeApi) -> None:
    def order(number: int) -> dict[str, Any]:
        return {"id": f"gid://shopify/Order/{number}", "updatedAt": "x", "refunds": [], "fulfillments": []}

    server.answers(DEAR, graphql({"nodes": [order(1), order(2)]}), graphql({"nodes": [order(3)]}))
    versions = [(order(number)["id"], "x") for number in (1, 2, 3)]
    assert [body.kind for body in reader(make_api()).details(ORDERS, versions)] == ["detail", "detail"]
    asked = [len(request.json()["variables"]["ids"]) for request in server.requests]
    assert asked == [3, 2, 1]

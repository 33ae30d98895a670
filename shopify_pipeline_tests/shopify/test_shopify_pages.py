"""Reading by pages: everything nested is drained to the end, and a page is never taken for more than it is."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from shopify_pipeline.clock import SystemClock
from shopify_pipeline.errors import IncompleteError, PermanentError, QueryCostError, SlowAnswerError, TransientError
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.schemas.records import assemble
from shopify_pipeline.shopify import pages
from shopify_pipeline.shopify.answers import Answer
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.pages import Body, PageReader
from shopify_pipeline.shopify.queries import Operation, operation
from shopify_pipeline.shopify.streams import READINGS
from shopify_pipeline.shopify.windows import Window
from shopify_pipeline_tests.shopify.conftest import MakeApi
from shopify_pipeline_tests.shopify.loopback import LoopbackServer, Script, graphql, reply
from shopify_pipeline_tests.shopify.sandboxed import NOW, SandboxShop
from shopify_sandbox.search import paging as paging

ORDERS = READINGS["orders"].roots[0]
#: Streams with one kind of root, read by a window that is counted first.
COUNTED = [stream for stream, reading in READINGS.items() if reading.roots[0].stamp and reading.roots[0].count]
ALL = Window(NOW - timedelta(days=3650), NOW)


class Altered:
    """An API whose questions a test changes on the way."""

    def __init__(
        self, api: AdminApi, change: Callable[[Operation, dict[str, Any]], tuple[Operation, dict[str, Any]]]
    ) -> None:
        self._api = api
        self.clock = SystemClock()
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


def orders_in(bodies: Iterable[Body]) -> list[dict[str, Any]]:
    """The orders of the pages among these bodies, with as much nested in them as their page held."""
    pages = [body for body in bodies if body.kind == "page"]
    return [node for body in pages for node in json.loads(body.raw)["data"]["orders"]["nodes"]]


@pytest.fixture(scope="module")
def whole(shop: SandboxShop) -> dict[str, dict[str, Any]]:
    """Every order of the shop with all that hangs on it, by gid, as reading by id gives it."""
    orders = orders_in(reader(shop.api()).window(ORDERS, ALL, counted=0))
    bodies = reader(shop.api()).by_id("orders", [order["id"] for order in orders])
    read = [node for body in bodies if body.kind == "page" for node in json.loads(body.raw)["data"]["nodes"]]
    return {order["id"]: order for order in read}


@pytest.fixture(scope="module")
def rich(whole: dict[str, dict[str, Any]]) -> list[str]:
    """Orders that together have more than one node in every nested connection."""
    nested: dict[str, Callable[[Any], list[Any]]] = {
        "lines": lambda order: [order["lineItems"]],
        "agreements": lambda order: [order["agreements"]],
        "sales": lambda order: [agreement["sales"] for agreement in order["agreements"]["nodes"]],
        "refunded": lambda order: [refund["refundLineItems"] for refund in order["refunds"]],
        "shipped": lambda order: [fulfillment["fulfillmentLineItems"] for fulfillment in order["fulfillments"]],
    }
    found = {
        next(order["id"] for order in whole.values() if any(len(c["nodes"]) > 1 for c in connections(order)))
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


@pytest.mark.parametrize("stream", COUNTED)
def test_nested_connections_are_drained_exactly(stream: str, shop: SandboxShop) -> None:
    """One node at a time gives every node once, the same ones as asking for many at once."""
    window = Window(NOW - timedelta(days=1 if stream == "orders" else 3650), NOW)
    narrow = list(reader(Altered(shop.api(), one_at_a_time)).window(READINGS[stream].roots[0], window, counted=0))
    whole = list(reader(shop.api()).window(READINGS[stream].roots[0], window, counted=0))
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
    within = Window(since, until)
    found = [order["id"] for order in orders_in(reader(shop.api(), page_size=7).window(ORDERS, within, counted=0))]
    everything = {
        order["id"]: order["updatedAt"] for order in orders_in(reader(shop.api()).window(ORDERS, ALL, counted=0))
    }
    inside = {gid for gid, at in everything.items() if since <= datetime.fromisoformat(at) <= until}
    assert len(everything) == 120
    assert set(found) == inside
    assert len(found) == len(inside)
    assert 0 < len(inside) < 120


def test_a_bodys_roots_are_counted(shop: SandboxShop) -> None:
    bodies = list(reader(shop.api(), page_size=50).window(ORDERS, ALL, counted=0))
    assert [body.roots for body in bodies if body.kind == "page"] == [50, 50, 20]
    assert {body.roots for body in bodies if body.kind == "nested"} == {0}
    assert {(body.operation, body.query_hash) for body in bodies if body.kind == "page"} == {
        ("OrdersPage", operation("OrdersPage").query_hash)
    }


def test_details_bring_what_a_bulk_operation_cannot_carry(shop: SandboxShop, whole: dict[str, dict[str, Any]]) -> None:
    versions = [(gid, order["updatedAt"]) for gid, order in whole.items()]
    bodies = list(reader(shop.api()).details("OrdersDetail", "OrdersById", versions))
    assert {body.kind for body in bodies} == {"detail"}
    given = {node["id"]: node for body in bodies for node in json.loads(body.raw)["data"]["nodes"]}
    assert given.keys() == whole.keys()
    children = {
        "refunds": ("refundLineItems", "refundShippingLines", "orderAdjustments"),
        "fulfillments": ("fulfillmentLineItems",),
    }
    for gid, order in whole.items():
        for name in ("shippingLines", "discountApplications", "returns"):
            assert given[gid][name] == order[name]
        for name, inner in children.items():
            expected = [{key: each[key] for key in ("id", *inner)} for each in order[name]]
            assert given[gid][name] == expected
    assert all(any(order[name] for order in given.values()) for name in children)


def test_an_order_that_changed_since_the_bulk_operation_is_read_anew_and_whole(
    shop: SandboxShop, whole: dict[str, dict[str, Any]]
) -> None:
    first, second = [order for order in whole.values() if order["refunds"] == []][:2]
    versions = [(first["id"], "2020-01-01T00:00:00Z"), (second["id"], second["updatedAt"])]
    bodies = list(reader(shop.api()).details("OrdersDetail", "OrdersById", versions))
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
    bodies = list(reader(make_api(), page_size=100).window(READINGS["customers"].roots[0], ALL, counted=0))
    assert len(bodies) == 2
    sizes = [request.json()["variables"]["first"] for request in server.requests]
    assert sizes == sorted(sizes, reverse=True)
    assert set(sizes) == {100, 50}
    assert sizes[-2:] == [50, 50]
    assert server.requests[-1].json()["variables"]["after"] == "c1"


@pytest.mark.parametrize(("refusal", "error"), [(DEAR, QueryCostError), (reply(504), SlowAnswerError)])
def test_a_page_is_halved_down_to_five_and_then_given_up(
    refusal: Script, error: type[Exception], server: LoopbackServer, make_api: MakeApi
) -> None:
    server.answers(refusal)
    with pytest.raises(error):
        list(reader(make_api(), page_size=20).window(READINGS["customers"].roots[0], ALL, counted=0))
    assert sorted({request.json()["variables"]["first"] for request in server.requests}) == [5, 10, 20]


@pytest.mark.parametrize("cursor", [None, "same"])
def test_paging_that_would_not_move_on_is_an_error(
    cursor: str | None, server: LoopbackServer, make_api: MakeApi
) -> None:
    server.answers(graphql(connection([], more=True, cursor=cursor)))
    with pytest.raises(IncompleteError, match="promises more"):
        list(reader(make_api()).window(READINGS["customers"].roots[0], ALL, counted=0))


def test_a_nested_connection_that_would_not_move_on_is_an_error(server: LoopbackServer, make_api: MakeApi) -> None:
    addresses = {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": "stuck"}}
    customer = {"id": "gid://shopify/Customer/1", "updatedAt": "2026-11-20T00:00:00Z", "addressesV2": addresses}
    server.answers(graphql(connection([customer], more=False, cursor=None)), graphql({"node": customer}))
    with pytest.raises(IncompleteError, match="cannot be drained"):
        list(reader(make_api()).window(READINGS["customers"].roots[0], ALL, counted=0))


def test_a_root_that_vanishes_while_it_is_drained_asks_for_another_reading(
    server: LoopbackServer, make_api: MakeApi
) -> None:
    addresses = {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": "c1"}}
    customer = {"id": "gid://shopify/Customer/1", "updatedAt": "2026-11-20T00:00:00Z", "addressesV2": addresses}
    server.answers(graphql(connection([customer], more=False, cursor=None)), graphql({"node": None}))
    with pytest.raises(TransientError, match=r"Customer/1 vanished"):
        list(reader(make_api()).window(READINGS["customers"].roots[0], ALL, counted=0))


def test_a_root_with_a_mangled_id_does_not_stop_the_others(server: LoopbackServer, make_api: MakeApi) -> None:
    addresses = {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": "c1"}}
    mangled = {"id": f"gid://shopify/Customer/{2**63}", "updatedAt": "2026-11-20T00:00:00Z", "addressesV2": addresses}
    server.answers(graphql(connection([mangled], more=False, cursor=None)))
    (body,) = reader(make_api()).window(READINGS["customers"].roots[0], ALL, counted=0)
    assert (body.kind, body.roots) == ("page", 1)


def test_a_chunk_of_details_that_is_too_dear_is_halved(server: LoopbackServer, make_api: MakeApi) -> None:
    def order(number: int) -> dict[str, Any]:
        return {"id": f"gid://shopify/Order/{number}", "updatedAt": "x", "refunds": [], "fulfillments": []}

    server.answers(DEAR, graphql({"nodes": [order(1), order(2)]}), graphql({"nodes": [order(3)]}))
    versions = [(order(number)["id"], "x") for number in (1, 2, 3)]
    bodies = reader(make_api()).details("OrdersDetail", "OrdersById", versions)
    assert [body.kind for body in bodies] == ["detail", "detail"]
    asked = [len(request.json()["variables"]["ids"]) for request in server.requests]
    assert asked == [3, 2, 1]


def test_a_window_beyond_what_pages_reach_is_cut_and_read_whole(
    shop: SandboxShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shop pages 40 deep and holds 120 orders; one window alone would end after 40 without a word."""
    monkeypatch.setattr(paging, "DEEPEST_RECORD", 40)
    monkeypatch.setattr(pages, "PAGED_ROOTS_MAX", 40)
    with pytest.raises(IncompleteError, match="grew beyond what pages reach"):
        list(reader(shop.api(), page_size=20).window(ORDERS, ALL, counted=0))
    monkeypatch.setattr(pages, "WINDOW_ROOTS_MAX", 30)
    found = [order["id"] for order in orders_in(reader(shop.api()).window(ORDERS, ALL, counted=120))]
    assert len(found) == len(set(found)) == 120


def test_a_window_that_grows_beyond_what_pages_reach_while_it_is_read_does_not_count(
    shop: SandboxShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "DEEPEST_RECORD", 40)
    monkeypatch.setattr(pages, "PAGED_ROOTS_MAX", 40)
    with pytest.raises(IncompleteError, match="grew beyond what pages reach"):
        list(reader(shop.api()).window(ORDERS, ALL, counted=30))


@pytest.mark.parametrize("stream", COUNTED)
def test_a_filter_shopify_would_ignore_is_an_error(stream: str, shop: SandboxShop) -> None:
    def misspelt(document: Operation, variables: dict[str, Any]) -> tuple[Operation, dict[str, Any]]:
        return document, variables | {"query": str(variables["query"]).replace("updated_at", "udpated_at")}

    with pytest.raises(PermanentError, match="ignored the search filter on udpated_at"):
        list(reader(Altered(shop.api(), misspelt)).window(READINGS[stream].roots[0], ALL, counted=0))


class Endless:
    """A customer of 10,000 addresses, a hundred at a time."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.given = 0

    def execute(self, document: Operation, variables: Mapping[str, object] | None = None) -> Answer:
        self.given += 1
        more = self.given < 100
        nodes = [{"id": f"gid://shopify/MailingAddress/{self.given * 100 + each}"} for each in range(100)]
        info = {"hasNextPage": more, "endCursor": f"c{self.given}"}
        stamp = "2026-11-20T00:00:00Z"
        addresses = {"nodes": nodes, "pageInfo": info}
        customer = {"id": "gid://shopify/Customer/1", "updatedAt": stamp, "addressesV2": addresses}
        data: dict[str, Any] = (
            {"node": customer} if "id" in (variables or {}) else connection([customer], more=False, cursor=None)
        )
        return Answer(document.name, document.query_hash, data, b"{}", None, None, NOW, "2026-10")


def test_a_root_of_ten_thousand_children_is_given_as_it_is_read() -> None:
    endless = Endless()
    bodies = reader(endless).window(READINGS["customers"].roots[0], ALL, counted=1)
    for number, _ in enumerate(bodies, start=1):
        assert endless.given == number
    assert endless.given == 100


def test_what_was_given_of_an_older_version_does_not_make_the_newer_one_torn() -> None:
    def customer(stamp: str, addresses: list[str], *, more: bool) -> dict[str, Any]:
        info = {"hasNextPage": more, "endCursor": "c"}
        nodes = [{"id": f"gid://shopify/MailingAddress/{each}"} for each in addresses]
        return {"id": "gid://shopify/Customer/1", "updatedAt": stamp, "addressesV2": {"nodes": nodes, "pageInfo": info}}

    older, newer = "2026-11-20T00:00:00Z", "2026-11-20T00:00:09Z"
    bodies = [
        ("page", connection([customer(older, ["1"], more=True)], more=False, cursor=None)),
        ("nested", {"node": customer(older, ["2"], more=True)}),
        ("page", {"nodes": [customer(newer, ["1"], more=False)]}),
    ]
    assembly = assemble(STREAMS["customers"], ((kind, (json.dumps({"data": data}).encode(),)) for kind, data in bodies))
    assert [len(document.children) for document in assembly.documents] == [2, 1]
    assert assembly.versions == {}

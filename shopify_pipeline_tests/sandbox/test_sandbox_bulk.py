"""Bulk operations: which queries are accepted, and what a result file proves."""

import itertools
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline_tests.sandbox.serving import CREDENTIALS, WAIT_SECONDS, Shop, make_world, served
from shopify_sandbox.sandbox import Sandbox
from shopify_sandbox.store import Store

RUN = """mutation Run($query: String!, $group: Boolean!) { bulkOperationRunQuery(query: $query, groupObjects: $group) {
  bulkOperation { id status objectCount url } userErrors { field message code } } }"""
POLL = """query Poll($id: ID!) { bulkOperation(id: $id) {
  id status errorCode createdAt completedAt objectCount rootObjectCount fileSize url partialDataUrl query } }"""
LEDGER = """{ orders { edges { node { id name agreements { edges { node { id happenedAt
  sales { edges { node { id quantity totalAmount { shopMoney { amount currencyCode } } } } } } } } } } } }"""


def submit(shop: Shop, query: str, *, group: bool = False) -> dict[str, Any]:
    payload: dict[str, Any] = shop.data(RUN, query=query, group=group)["bulkOperationRunQuery"]
    return payload


def finished(shop: Shop, gid: str) -> dict[str, Any]:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        operation: dict[str, Any] = shop.data(POLL, id=gid)["bulkOperation"]
        if operation["status"] not in ("CREATED", "RUNNING", "CANCELING"):
            return operation
        time.sleep(0.02)
    raise AssertionError(f"{gid} did not finish")


def exported(shop: Shop, query: str, *, group: bool = False) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    operation = finished(shop, submit(shop, query, group=group)["bulkOperation"]["id"])
    body = shop.session.get(operation["url"], timeout=30).content
    assert len(body) == int(operation["fileSize"])
    return operation, [json.loads(line) for line in body.splitlines()]


def kind(line: Mapping[str, Any]) -> str:
    return str(line["id"]).split("/")[3]


def test_file_holds_what_the_operation_says_and_what_the_pages_say(shop: Shop) -> None:
    operation, lines = exported(shop, LEDGER)
    roots = [line for line in lines if "__parentId" not in line]
    assert operation["status"] == "COMPLETED"
    assert (int(operation["objectCount"]), int(operation["rootObjectCount"])) == (len(lines), len(roots))
    assert len(roots) == shop.data("{ ordersCount { count } }")["ordersCount"]["count"]
    first = roots[0]
    page = shop.data(
        """query Q($id: ID!) { order(id: $id) { id name agreements(first: 50) { nodes { id happenedAt
          sales(first: 50) { nodes { id quantity totalAmount { shopMoney { amount currencyCode } } } } } } } }""",
        id=first["id"],
    )["order"]
    agreements = [line for line in lines if line.get("__parentId") == first["id"]]
    assert sorted(agreement["id"] for agreement in agreements) == sorted(
        each["id"] for each in page["agreements"]["nodes"]
    )
    for agreement in page["agreements"]["nodes"]:
        sales = [
            {key: value for key, value in line.items() if key != "__parentId"}
            for line in lines
            if line.get("__parentId") == agreement["id"]
        ]
        assert sorted(sales, key=lambda sale: sale["id"]) == sorted(
            agreement["sales"]["nodes"], key=lambda sale: sale["id"]
        )


def test_children_come_after_their_parent_and_are_not_next_to_it(shop: Shop) -> None:
    _, lines = exported(shop, LEDGER)
    seen: set[str] = set()
    for line in lines:
        assert line.get("__parentId") is None or line["__parentId"] in seen
        seen.add(line["id"])
    adjacent = sum(1 for before, line in itertools.pairwise(lines) if line.get("__parentId") == before["id"])
    assert adjacent < len(lines) / 20


def test_grouped_output_keeps_every_order_together(shop: Shop) -> None:
    _, grouped = exported(shop, LEDGER, group=True)
    _, loose = exported(shop, LEDGER)
    owner: dict[str, str] = {}
    owners = []
    for line in grouped:
        owner[line["id"]] = owner[line["__parentId"]] if "__parentId" in line else line["id"]
        owners.append(owner[line["id"]])
    assert len(set(owners)) == 1 + sum(1 for a, b in itertools.pairwise(owners) if a != b)
    assert sorted(map(json.dumps, grouped)) == sorted(map(json.dumps, loose))


def test_search_is_applied_and_page_size_is_ignored(shop: Shop) -> None:
    names = [
        order["name"]
        for order in shop.data("{ orders(first: 3, sortKey: ID) { nodes { name id } } }")["orders"]["nodes"]
    ]
    query = f'{{ orders(first: 1, query: "name:{names[0]} OR name:{names[1]}") {{ edges {{ node {{ id name }} }} }} }}'
    _, lines = exported(shop, query)
    assert [line["name"] for line in lines] == names[:2]


def test_no_rows_give_no_url(shop: Shop) -> None:
    submitted = submit(shop, '{ orders(query: "id:1") { edges { node { id } } } }')
    assert submitted["bulkOperation"]["status"] == "CREATED"
    operation = finished(shop, submitted["bulkOperation"]["id"])
    assert (operation["status"], operation["objectCount"], operation["url"]) == ("COMPLETED", "0", None)


def test_download_has_type_length_and_ranges_and_needs_its_signature(shop: Shop) -> None:
    operation, _ = exported(shop, "{ products { edges { node { id title } } } }")
    whole = shop.session.get(operation["url"], timeout=10)
    assert whole.headers["Content-Type"] == "application/jsonl"
    assert whole.headers["Content-Length"] == operation["fileSize"]
    part = shop.session.get(operation["url"], headers={"Range": "bytes=10-19"}, timeout=10)
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert shop.session.get(operation["url"][:-1] + "x", timeout=10).status_code == 403


@pytest.mark.parametrize(
    ("query", "messages"),
    [
        pytest.param("{ shop { id } }", ["Bulk queries must contain at least one connection."], id="no connection"),
        pytest.param(
            "{ products { nodes { id } } }",
            [
                "All connection fields in a bulk query must select their contents using 'edges' > 'node', "
                "e.g: 'products { edges { node {'. Selecting via 'nodes' is not supported. "
                "Invalid connection fields: 'products'."
            ],
            id="nodes instead of edges",
        ),
        pytest.param(
            '{ node(id: "gid://shopify/Product/1") { id } }',
            [
                "Bulk queries cannot contain a top level `node` field.",
                "Bulk queries must contain at least one connection.",
            ],
            id="top level node",
        ),
        pytest.param(
            "{ collections { edges { node { id products { edges { node { id variants { edges { node { id "
            "metafields { edges { node { id } } } } } } } } } } } } }",
            ["Bulk queries cannot contain connections with a nesting depth greater than 2."],
            id="three levels",
        ),
        pytest.param(
            "{ products { edges { node { id variants { edges { node { id } } } metafields { edges { node { id } } } "
            "collections { edges { node { id } } } media { edges { node { id } } } "
            "sellingPlanGroups { edges { node { id } } } } } } }",
            ["Bulk queries cannot contain more than 5 connections."],
            id="six connections",
        ),
        pytest.param(
            "{ orders { edges { node { name lineItems { edges { node { id } } } } } } }",
            [
                "The parent 'node' field for a nested connection must select the 'id' field without an alias and must "
                "be of 'ID' return type. Connection fields without 'id': lineItems."
            ],
            id="parent without id",
        ),
        pytest.param(
            "{ orders { edges { node { id refunds { refundLineItems { edges { node { id } } } } } } } }",
            ["Queries that contain a connection field within a list field are not currently supported."],
            id="connection within a list",
        ),
        pytest.param(
            'mutation { bulkOperationCancel(id: "1") { userErrors { message } } }',
            ["Invalid operation type. Only `query` operations are supported."],
            id="mutation",
        ),
        pytest.param("", ["Invalid bulk query: syntax error, unexpected end of file"], id="empty"),
        pytest.param(
            "{ orders { edges { node { id nope } } } }",
            ["Invalid bulk query: Field 'nope' doesn't exist on type 'Order'"],
            id="unknown field",
        ),
    ],
)
def test_rules_of_bulk_queries(shop: Shop, query: str, messages: list[str]) -> None:
    payload = submit(shop, query)
    assert payload["bulkOperation"] is None
    assert payload["userErrors"] == [
        {"field": ["query"], "message": message, "code": "INVALID"} for message in messages
    ]


def test_what_the_world_does_not_model_is_refused_at_submission(shop: Shop) -> None:
    answer = shop.ask(RUN, query="{ collections { edges { node { id } } } }", group=False)
    assert answer["errors"][0]["extensions"]["code"] == "SANDBOX_NOT_MODELLED"


def test_unknown_and_foreign_ids(shop: Shop) -> None:
    assert shop.data(POLL, id="gid://shopify/BulkOperation/1")["bulkOperation"] is None
    answer = shop.ask(POLL, id="gid://shopify/Product/1")
    assert (answer["errors"][0]["message"], answer["data"]) == (
        "Invalid id: gid://shopify/Product/1",
        {"bulkOperation": None},
    )


@pytest.mark.parametrize(
    ("scope", "query"),
    [
        pytest.param("read_products", LEDGER, id="root"),
        pytest.param("read_orders", "{ orders { edges { node { id customer { id } } } } }", id="field below it"),
    ],
)
def test_operation_without_a_scope_fails_as_access_denied(own_shop: Shop, scope: str, query: str) -> None:
    own_shop.control("PUT", "scopes", {"scopes": [scope]})
    operation = finished(own_shop, submit(own_shop, query)["bulkOperation"]["id"])
    assert (operation["status"], operation["errorCode"], operation["url"]) == ("FAILED", "ACCESS_DENIED", None)


def test_result_expires_after_seven_days_of_the_world(own_shop: Shop) -> None:
    operation = finished(own_shop, submit(own_shop, LEDGER)["bulkOperation"]["id"])
    own_shop.control("POST", "advance", {"hours": 24 * 7 + 1})
    own_shop.log_in()
    assert own_shop.data(POLL, id=operation["id"])["bulkOperation"]["url"] is None
    assert own_shop.session.get(operation["url"], timeout=10).status_code == 403


def test_finished_operation_survives_a_restart(tmp_path: Path) -> None:
    make_world(tmp_path, orders=5)
    with served(tmp_path) as first:
        before = finished(first, submit(first, LEDGER)["bulkOperation"]["id"])
        content = first.session.get(before["url"], timeout=10).content
    with served(tmp_path) as second:
        after = finished(second, before["id"])
        assert second.session.get(after["url"], timeout=10).content == content
        assert [
            each["id"]
            for each in second.data("{ bulkOperations(first: 5) { nodes { id } } }")["bulkOperations"]["nodes"]
        ] == [before["id"]]
        assert second.data("{ currentBulkOperation { id } }")["currentBulkOperation"]["id"] == before["id"]


class Idle:
    """A sandbox whose bulk thread was never started: operations wait until a test runs them."""

    def __init__(self, state: Path) -> None:
        self.sandbox = Sandbox(state, Store.open(state), CREDENTIALS)
        self.bulk = self.sandbox.bulk

    def submit(self) -> Any:
        return self.bulk.submit(LEDGER, group_objects=False, granted=self.sandbox.tokens.scopes)


@pytest.fixture
def idle(tmp_path: Path) -> Idle:
    make_world(tmp_path, orders=5)
    return Idle(tmp_path)


def test_sixth_open_operation_is_refused_with_the_five_it_waits_for(idle: Idle) -> None:
    gids = [idle.submit().operation.gid for _ in range(5)]
    refused = idle.submit()
    assert refused.operation is None
    assert [(error.code, error.field, error.message) for error in refused.errors] == [
        (
            "OPERATION_IN_PROGRESS",
            None,
            f"A bulk query operation for this app and shop is already in progress: {', '.join(gids)}.",
        )
    ]
    assert idle.bulk.run_next()
    assert idle.submit().operation is not None


def test_canceling_operation_holds_its_slot_until_it_has_stopped(idle: Idle) -> None:
    gids = [idle.submit().operation.gid for _ in range(5)]
    assert idle.bulk.cancel(gids[0]).operation.status == "CANCELING"
    assert idle.submit().operation is None
    idle.bulk.run_next()
    assert idle.bulk.find(gids[0]).status == "CANCELED"
    assert idle.submit().operation is not None


def test_ended_or_unknown_operation_cannot_be_canceled(idle: Idle) -> None:
    gid = idle.submit().operation.gid
    idle.bulk.run_next()
    assert [error.message for error in idle.bulk.cancel(gid).errors] == [
        "A bulk operation cannot be canceled when it is completed"
    ]
    unknown = idle.bulk.cancel("gid://shopify/BulkOperation/1")
    assert (unknown.operation, unknown.errors[0].message) == (None, "Bulk operation does not exist")


def test_operation_left_open_by_a_stopped_server_is_run_by_the_next(idle: Idle) -> None:
    gid = idle.submit().operation.gid
    with served(idle.sandbox.state) as shop:
        assert finished(shop, gid)["status"] == "COMPLETED"

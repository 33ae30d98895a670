"""Bulk operations: which queries are accepted, how an operation lives, and what its file holds."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from shopify_pipeline_tests.conformance.asked import AskedStore, asked
from shopify_pipeline_tests.conformance.cases import assumed, case, documented, observed
from shopify_pipeline_tests.sandbox.serving import Shop

RUN = """mutation Run($query: String!, $group: Boolean = false) {
  bulkOperationRunQuery(query: $query, groupObjects: $group) {
    bulkOperation { id status type errorCode completedAt objectCount rootObjectCount fileSize url partialDataUrl query }
    userErrors { field message code } } }"""
POLL = """query Poll($id: ID!) { bulkOperation(id: $id) {
  id status errorCode createdAt completedAt objectCount rootObjectCount fileSize url partialDataUrl query } }"""
CANCEL = """mutation Cancel($id: ID!) { bulkOperationCancel(id: $id) {
  bulkOperation { id status completedAt fileSize } userErrors { field message } } }"""
PRODUCTS = "{ products { edges { node { id title } } } }"
VARIANTS = "{ products { edges { node { id title variants { edges { node { id sku } } } } } } }"
LINES = "{ orders { edges { node { id name lineItems { edges { node { id quantity } } } } } } }"
LATER_ROOT = "{ analyticsTargets { edges { node { id } } } }"
OPEN = ("CREATED", "RUNNING", "CANCELING")
WAIT_SECONDS = 60
ENDS_AFTER_SECONDS = 7 * 24 * 3600
GUIDE = "https://shopify.dev/docs/api/usage/bulk-operations/queries"
CAPTURED = "Admin API 2026-04"


def submitted(store: AskedStore, query: str, *, group: bool = False) -> dict[str, Any]:
    payload: dict[str, Any] = store.data(RUN, query=query, group=group)["bulkOperationRunQuery"]
    return payload


def ended(store: AskedStore, gid: str) -> dict[str, Any]:
    """Wait for an operation's end."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        operation: dict[str, Any] = store.data(POLL, id=gid)["bulkOperation"]
        if operation["status"] not in OPEN:
            return operation
        assert time.monotonic() < deadline, f"{gid} is still {operation['status']}"
        time.sleep(0.05)


def completed(store: AskedStore, query: str, *, group: bool = False) -> dict[str, Any]:
    operation = ended(store, submitted(store, query, group=group)["bulkOperation"]["id"])
    assert operation["status"] == "COMPLETED"
    return operation


def downloaded(store: AskedStore, url: str, **headers: str) -> requests.Response:
    """Fetch a file without the access token, which is none of the storage's business."""
    return store.session.get(url, headers={"X-Shopify-Access-Token": None, **headers}, timeout=WAIT_SECONDS)  # type: ignore[dict-item]


def refused(store: AskedStore, query: str) -> list[str]:
    """The messages a query is refused with; each must blame the query and be INVALID."""
    payload = submitted(store, query)
    assert payload["bulkOperation"] is None
    assert {(tuple(error["field"]), error["code"]) for error in payload["userErrors"]} == {(("query",), "INVALID")}
    return [error["message"] for error in payload["userErrors"]]


@case(
    "bulk",
    observed(f'"status": "CREATED", "objectCount": "0", "rootObjectCount": "0", "fileSize": null; {CAPTURED}'),
)
def test_an_accepted_operation_is_created_and_has_counted_nothing(store: AskedStore) -> None:
    """A submission is answered CREATED, with counts of "0", no file, and the query as it was sent."""
    operation = submitted(store, PRODUCTS)["bulkOperation"]
    assert operation.pop("id").startswith("gid://shopify/BulkOperation/")
    assert operation == {
        "status": "CREATED",
        "type": "QUERY",
        "errorCode": None,
        "completedAt": None,
        "objectCount": "0",
        "rootObjectCount": "0",
        "fileSize": None,
        "url": None,
        "partialDataUrl": None,
        "query": PRODUCTS,
    }


@case("bulk", observed(f'"requestedQueryCost": 10 for a submission, 1 for a poll; {CAPTURED}'))
def test_submitting_costs_ten_points_and_polling_one(store: AskedStore) -> None:
    """A submission costs 10 points and a poll 1, requested and actual; what it reads costs nothing."""
    run = store.ask(RUN, query=PRODUCTS)
    poll = store.ask(POLL, id=run["data"]["bulkOperationRunQuery"]["bulkOperation"]["id"])
    costs = [answer["extensions"]["cost"] for answer in (run, poll)]
    assert [(cost["requestedQueryCost"], cost["actualQueryCost"]) for cost in costs] == [(10, 10), (1, 1)]


@pytest.mark.parametrize("root", ["products", "orders"])
@case("bulk", observed(f"\"Selecting via 'nodes' is not supported. Invalid connection fields: 'orders'.\"; {CAPTURED}"))
def test_nodes_are_refused(root: str, store: AskedStore) -> None:
    """A connection must be selected by edges and node; nodes is refused by name."""
    assert refused(store, f"{{ {root} {{ nodes {{ id }} }} }}") == [
        "All connection fields in a bulk query must select their contents using 'edges' > 'node', "
        f"e.g: '{root} {{ edges {{ node {{'. Selecting via 'nodes' is not supported. "
        f"Invalid connection fields: '{root}'."
    ]


@case("bulk", observed(f'"Bulk queries cannot contain a top level `node` field." and one more; {CAPTURED}'))
def test_a_top_level_node_is_refused_twice(store: AskedStore) -> None:
    """A query of one node is refused for the node and for its lack of a connection."""
    assert refused(store, '{ node(id: "gid://shopify/Product/0") { id } }') == [
        "Bulk queries cannot contain a top level `node` field.",
        "Bulk queries must contain at least one connection.",
    ]


@case("bulk", observed(f'"Bulk queries must contain at least one connection."; {CAPTURED}'))
def test_a_query_without_a_connection_is_refused(store: AskedStore) -> None:
    """A bulk query has at least one connection."""
    assert refused(store, "{ shop { id } }") == ["Bulk queries must contain at least one connection."]


@case("bulk", observed(f'"Bulk queries cannot contain connections with a nesting depth greater than 2."; {CAPTURED}'))
def test_a_third_level_below_the_root_is_refused(store: AskedStore) -> None:
    """Connections hang at most two levels below the one at the root."""
    query = """{ collections { edges { node { id products { edges { node { id variants { edges { node { id
      metafields { edges { node { id } } } } } } } } } } } } }"""
    assert refused(store, query) == ["Bulk queries cannot contain connections with a nesting depth greater than 2."]


@case("bulk", observed(f'"Bulk queries cannot contain more than 5 connections."; {CAPTURED}'))
def test_a_sixth_connection_is_refused(store: AskedStore) -> None:
    """A bulk query holds five connections at most, the root's included."""
    fields = ("variants", "metafields", "collections", "media", "sellingPlanGroups")
    inner = " ".join(f"{field} {{ edges {{ node {{ id }} }} }}" for field in fields)
    assert refused(store, f"{{ products {{ edges {{ node {{ id {inner} }} }} }} }}") == [
        "Bulk queries cannot contain more than 5 connections."
    ]


@pytest.mark.parametrize("selected", ["title", "number: id"], ids=["none", "under an alias"])
@case("bulk", observed(f"\"Connection fields without 'id': products.\" for products > variants; {CAPTURED}"))
def test_a_parent_without_its_id_is_refused(selected: str, store: AskedStore) -> None:
    """A node above another connection selects its id under its own name; the message names the parent's connection."""
    query = f"{{ products {{ edges {{ node {{ {selected} variants {{ edges {{ node {{ id }} }} }} }} }} }} }}"
    assert refused(store, query) == [
        "The parent 'node' field for a nested connection must select the 'id' field without an alias and must be of "
        "'ID' return type. Connection fields without 'id': products."
    ]


@case(
    "bulk",
    observed(f'"Queries that contain a connection field within a list field are not currently supported."; {CAPTURED}'),
    traps=(13, 14),
)
def test_a_connection_within_a_list_is_refused(store: AskedStore) -> None:
    """What hangs below a list, such as an order's refunds or fulfillments, cannot be exported in bulk."""
    query = "{ orders { edges { node { id fulfillments { events { edges { node { id } } } } } } } }"
    message = "Queries that contain a connection field within a list field are not currently supported."
    assert refused(store, query) == [message]


@case("bulk", observed(f'"Invalid operation type. Only `query` operations are supported."; {CAPTURED}'))
def test_a_mutation_is_not_a_bulk_query(store: AskedStore) -> None:
    """Only query operations are run by bulkOperationRunQuery."""
    query = 'mutation { bulkOperationCancel(id: "gid://shopify/BulkOperation/0") { userErrors { message } } }'
    assert refused(store, query) == ["Invalid operation type. Only `query` operations are supported."]


@case("bulk", observed(f'"Invalid bulk query: syntax error, unexpected end of file" for ""; {CAPTURED}'))
def test_an_empty_query_is_a_syntax_error(store: AskedStore) -> None:
    """A query that does not parse is refused as a user error, not as an error of the request."""
    assert refused(store, "") == ["Invalid bulk query: syntax error, unexpected end of file"]


@case("bulk", observed(f'"Query is too large (65536 bytes; maximum is 65535 bytes)"; {CAPTURED}'))
def test_a_query_of_65536_bytes_is_too_large(store: AskedStore) -> None:
    """A bulk query may be 65,535 bytes long; comments count."""
    query = "\n{ products { edges { node { id } } } }"
    comment = "#" + "a" * (65_536 - len(query) - 1)
    assert refused(store, comment + query) == ["Query is too large (65536 bytes; maximum is 65535 bytes)"]


@case("bulk", observed(f'"bulkOperation": null for gid://shopify/BulkOperation/0, at a cost of 1; {CAPTURED}'))
def test_an_unknown_operation_is_null(store: AskedStore) -> None:
    """An operation that does not exist is null without an error."""
    answer = store.ask(POLL, id="gid://shopify/BulkOperation/0")
    assert (answer["data"], "errors" in answer) == ({"bulkOperation": None}, False)
    assert answer["extensions"]["cost"]["actualQueryCost"] == 1


@case("bulk", observed(f'"Invalid id: gid://shopify/Product/1", RESOURCE_NOT_FOUND; {CAPTURED}'))
def test_an_id_of_another_type_is_an_error(store: AskedStore) -> None:
    """A gid of another type is answered by null and RESOURCE_NOT_FOUND."""
    answer = store.ask(POLL, id="gid://shopify/Product/1")
    assert answer["data"] == {"bulkOperation": None}
    (error,) = answer["errors"]
    assert (error["message"], error["path"]) == ("Invalid id: gid://shopify/Product/1", ["bulkOperation"])
    assert error["extensions"]["code"] == "RESOURCE_NOT_FOUND"


@case("bulk", observed(f'"Bulk operation does not exist", field ["id"]; {CAPTURED}'))
def test_an_unknown_operation_cannot_be_cancelled(store: AskedStore) -> None:
    """Cancelling what does not exist is a user error that blames the id."""
    payload = store.data(CANCEL, id="gid://shopify/BulkOperation/0")["bulkOperationCancel"]
    assert payload == {
        "bulkOperation": None,
        "userErrors": [{"field": ["id"], "message": "Bulk operation does not exist"}],
    }


@case("bulk", observed(f'"A bulk operation cannot be canceled when it is completed", field null; {CAPTURED}'))
def test_a_completed_operation_cannot_be_cancelled(store: AskedStore) -> None:
    """Cancelling what is over gives the operation and a user error that blames nothing."""
    operation = completed(store, PRODUCTS)
    payload = store.data(CANCEL, id=operation["id"])["bulkOperationCancel"]
    message = "A bulk operation cannot be canceled when it is completed"
    assert payload["bulkOperation"]["status"] == "COMPLETED"
    assert payload["userErrors"] == [{"field": None, "message": message}]


@case("bulk", observed(f'"fileSize": "113499", "objectCount": "1432": the file has 113,499 bytes; {CAPTURED}'))
def test_the_file_has_the_promised_bytes_and_lines(store: AskedStore) -> None:
    """A file has fileSize bytes and objectCount lines of one JSON object each, and is application/jsonl."""
    operation = completed(store, PRODUCTS)
    answer = downloaded(store, operation["url"])
    assert answer.headers["Content-Type"] == "application/jsonl"
    assert len(answer.content) == int(operation["fileSize"])
    lines = [json.loads(line) for line in answer.content.splitlines()]
    assert len(lines) == int(operation["objectCount"])
    assert {tuple(line) for line in lines} == {("id", "title")}


@case("bulk", observed(f'"objectCount": "2", "rootObjectCount": "1" for one product of one variant; {CAPTURED}'))
def test_root_objects_are_those_without_a_parent(store: AskedStore) -> None:
    """objectCount counts every line and rootObjectCount the lines without __parentId; both are texts."""
    operation = completed(store, VARIANTS)
    lines = [json.loads(line) for line in downloaded(store, operation["url"]).content.splitlines()]
    roots = [line for line in lines if "__parentId" not in line]
    assert (operation["objectCount"], operation["rootObjectCount"]) == (str(len(lines)), str(len(roots)))
    assert {line["__parentId"] for line in lines if "__parentId" in line} <= {root["id"] for root in roots}


@case(
    "bulk",
    observed(f'"completedAt": "2026-05-05T15:11:58Z", "Expires=1778598718" in its url; {CAPTURED}'),
)
def test_an_address_says_when_it_expires(store: AskedStore) -> None:
    """The address of a file is signed and expires seven days after the operation completed."""
    operation = completed(store, PRODUCTS)
    url = urlsplit(operation["url"])
    query = parse_qs(url.query)
    completed_at = datetime.fromisoformat(operation["completedAt"]).timestamp()
    assert query["Expires"] == [str(int(completed_at) + ENDS_AFTER_SECONDS)]
    assert query["response-content-type"] == ["application/jsonl"]
    assert {"GoogleAccessId", "Signature"} <= query.keys()


@case("bulk", observed(f'"https://storage.googleapis.com/…/bulk-operation-outputs/…" and no other host; {CAPTURED}'))
def test_files_are_on_another_host_than_the_shop(store: AskedStore) -> None:
    """Files are fetched from a storage host over TLS, without the access token."""
    url = urlsplit(completed(store, PRODUCTS)["url"])
    assert (url.scheme, url.netloc != urlsplit(store.base_url).netloc) == ("https", True)
    assert "/bulk-operation-outputs/" in url.path


@case("bulk", documented("https://cloud.google.com/storage/docs/xml-api/get-object-download"))
def test_a_part_of_a_file_can_be_asked_for(store: AskedStore) -> None:
    """The storage gives the rest of a file from any byte on, with 206 and where it lies."""
    operation = completed(store, PRODUCTS)
    whole = downloaded(store, operation["url"]).content
    part = downloaded(store, operation["url"], Range="bytes=100-")
    assert (part.status_code, part.content) == (206, whole[100:])
    assert part.headers["Content-Range"] == f"bytes 100-{len(whole) - 1}/{len(whole)}"


@case("bulk", documented("https://cloud.google.com/storage/docs/xml-api/reference-status"))
def test_a_range_behind_the_end_is_refused(store: AskedStore) -> None:
    """A range that begins behind the end of a file is answered 416."""
    operation = completed(store, PRODUCTS)
    assert downloaded(store, operation["url"], Range=f"bytes={operation['fileSize']}-").status_code == 416


@case(
    "bulk", observed("HTTP 403 <Code>SignatureDoesNotMatch</Code><Message>Access denied.</Message>; storage, 2026-01")
)
def test_an_address_cannot_be_changed(store: AskedStore) -> None:
    """An address with another expiry than the signed one is refused as SignatureDoesNotMatch."""
    url = completed(store, PRODUCTS)["url"]
    expires = parse_qs(urlsplit(url).query)["Expires"][0]
    answer = downloaded(store, url.replace(f"Expires={expires}", f"Expires={int(expires) + 1}"))
    assert answer.status_code == 403
    assert "<Code>SignatureDoesNotMatch</Code><Message>Access denied.</Message>" in answer.text


@case("bulk", documented(GUIDE))
def test_no_rows_make_no_file(store: AskedStore) -> None:
    """An operation that finds nothing completes with url null."""
    operation = completed(store, '{ products(query: "id:1") { edges { node { id } } } }')
    assert (operation["objectCount"], operation["url"], operation["partialDataUrl"]) == ("0", None, None)


@case("bulk", documented(GUIDE), traps=(12,))
def test_children_are_not_next_to_their_parent_by_default(store: AskedStore) -> None:
    """Without groupObjects a child comes somewhere after its parent; whose it is stands in __parentId alone."""
    lines = [json.loads(line) for line in downloaded(store, completed(store, LINES)["url"]).content.splitlines()]
    seen: set[str] = set()
    latest, strays = "", 0
    for line in lines:
        if "__parentId" not in line:
            latest = line["id"]
        else:
            assert line["__parentId"] in seen
            strays += line["__parentId"] != latest
        seen.add(line["id"])
    assert strays


@case(
    "bulk",
    documented("https://shopify.dev/docs/api/admin-graphql/2026-07/mutations/bulkOperationRunQuery"),
    traps=(12,),
)
def test_grouped_children_follow_their_parent(store: AskedStore) -> None:
    """With groupObjects every child follows its own parent before the next root begins."""
    lines = downloaded(store, completed(store, LINES, group=True)["url"]).content.splitlines()
    root = ""
    for line in map(json.loads, lines):
        root = root if "__parentId" in line else line["id"]
        assert line.get("__parentId", root) == root


@case("bulk", documented(GUIDE))
def test_page_sizes_are_ignored(store: AskedStore) -> None:
    """first, after and the like have no effect: a bulk query reads everything."""
    everything = completed(store, PRODUCTS)["rootObjectCount"]
    assert completed(store, PRODUCTS.replace("products", "products(first: 1)"))["rootObjectCount"] == everything


@case("bulk", documented("https://shopify.dev/docs/api/admin-graphql/2025-10/queries/currentBulkOperation"))
def test_the_current_operation_is_the_newest(store: AskedStore) -> None:
    """currentBulkOperation is deprecated and still gives the app's newest query."""
    newest = completed(store, PRODUCTS)["id"]
    assert store.data("{ currentBulkOperation { id } }") == {"currentBulkOperation": {"id": newest}}


@case("bulk", observed(f"reverse: true gives the operations by createdAt upwards; {CAPTURED}"))
def test_operations_are_listed_newest_first(store: AskedStore) -> None:
    """bulkOperations gives the newest first; reversed, the oldest."""
    for _ in range(2):
        completed(store, PRODUCTS)
    query = "query All($reverse: Boolean!) { bulkOperations(first: 250, reverse: $reverse) { nodes { id createdAt } } }"
    down, up = (store.data(query, reverse=reverse)["bulkOperations"]["nodes"] for reverse in (False, True))
    assert up == sorted(up, key=lambda each: (each["createdAt"], each["id"]))
    assert down == up[::-1]


def planted(own_shop: Shop, count: int = 1, **fault: Any) -> AskedStore:
    """The store of a shop whose next operations meet this fate."""
    own_shop.sandbox.faults.plant({"bulk": [{**fault, "count": count}]}, own_shop.sandbox.gid_of)
    return asked(own_shop)


@case(
    "bulk",
    observed(f'"A bulk query operation for this app and shop is already in progress: gid…, gid…."; {CAPTURED}'),
    steered=True,
    traps=(11,),
)
def test_a_sixth_open_operation_is_refused_with_the_other_five(own_shop: Shop) -> None:
    """Five operations of one app on one shop may be open; a sixth is refused with the gids of the five."""
    store = planted(own_shop, count=5, kind="stuck")
    gids = [submitted(store, PRODUCTS)["bulkOperation"]["id"] for _ in range(5)]
    assert submitted(store, PRODUCTS) == {
        "bulkOperation": None,
        "userErrors": [
            {
                "field": None,
                "message": f"A bulk query operation for this app and shop is already in progress: {', '.join(gids)}.",
                "code": "OPERATION_IN_PROGRESS",
            }
        ],
    }


@case(
    "bulk",
    observed(f'"CANCELING", then "CANCELED" with "completedAt": null, "fileSize": null; {CAPTURED}'),
    steered=True,
)
def test_a_cancelled_operation_never_completed(own_shop: Shop) -> None:
    """Cancelling is answered CANCELING; the operation ends CANCELED, without completedAt and fileSize."""
    store = planted(own_shop, kind="stuck")
    gid = submitted(store, PRODUCTS)["bulkOperation"]["id"]
    payload = store.data(CANCEL, id=gid)["bulkOperationCancel"]
    assert (payload["bulkOperation"]["status"], payload["userErrors"]) == ("CANCELING", [])
    operation = ended(store, gid)
    assert [operation[name] for name in ("status", "errorCode", "completedAt", "fileSize")] == [
        "CANCELED",
        None,
        None,
        None,
    ]


@case(
    "bulk",
    observed(f'"CANCELED", "objectCount": "1424", "fileSize": null and a url; {CAPTURED}'),
    steered=True,
    traps=(8,),
)
def test_a_cancelled_operation_may_have_an_address_all_the_same(own_shop: Shop) -> None:
    """A url alone does not say that a file is whole: a CANCELED operation shows what it had written."""
    store = planted(own_shop, kind="canceled", share=0.5)
    operation = ended(store, submitted(store, PRODUCTS)["bulkOperation"]["id"])
    assert (operation["status"], operation["fileSize"], bool(operation["url"])) == ("CANCELED", None, True)


@case(
    "bulk",
    documented("https://shopify.dev/docs/api/admin-graphql/2026-07/objects/BulkOperation"),
    steered=True,
    traps=(8, 9),
)
def test_a_failed_operation_offers_what_it_had_written(own_shop: Shop) -> None:
    """A FAILED operation has an error code, no url, and a partialDataUrl to incomplete data."""
    store = planted(own_shop, kind="failed", share=0.5)
    operation = ended(store, submitted(store, PRODUCTS)["bulkOperation"]["id"])
    assert (operation["status"], operation["errorCode"], operation["url"]) == ("FAILED", "INTERNAL_SERVER_ERROR", None)
    partial = downloaded(store, operation["partialDataUrl"]).content
    assert 0 < len(partial.splitlines()) < int(completed(store, PRODUCTS)["objectCount"])


@case("bulk", documented(GUIDE), steered=True)
def test_an_operation_without_a_scope_is_accepted_and_fails(own_shop: Shop) -> None:
    """A query of what the app may not read is accepted, then FAILED with ACCESS_DENIED."""
    own_shop.control("PUT", "scopes", {"scopes": ["read_products"]})
    store = asked(own_shop)
    operation = ended(store, submitted(store, LINES)["bulkOperation"]["id"])
    assert [operation[name] for name in ("status", "errorCode", "url")] == ["FAILED", "ACCESS_DENIED", None]


@case(
    "bulk",
    observed("HTTP 400 <Code>ExpiredToken</Code><Message>Invalid argument.</Message>; storage, 2026-09"),
    steered=True,
)
def test_an_expired_address_is_a_bad_request(own_shop: Shop) -> None:
    """After seven days the storage answers 400 ExpiredToken and says since when."""
    url = completed(asked(own_shop), PRODUCTS)["url"]
    own_shop.control("POST", "advance", {"hours": 24 * 7 + 1})
    answer = downloaded(asked(own_shop), url)
    assert answer.status_code == 400
    assert "<Code>ExpiredToken</Code><Message>Invalid argument.</Message>" in answer.text
    assert "The provided token has expired. Request signature expired at: 2026-11-27T12:00:00+00:00" in answer.text


@case("bulk", assumed("the status EXPIRED is named for it, nobody showed one"), steered=True)
def test_a_completed_operation_expires_with_its_address(own_shop: Shop) -> None:
    """After seven days a completed operation is EXPIRED and has no url."""
    gid = completed(asked(own_shop), PRODUCTS)["id"]
    own_shop.control("POST", "advance", {"hours": 24 * 7 + 1})
    own_shop.log_in()
    operation = ended(asked(own_shop), gid)
    assert (operation["status"], operation["url"]) == ("EXPIRED", None)


@case("bulk", assumed("a bulk query belongs to the version of the request that submits it"))
def test_a_bulk_query_is_judged_by_the_version_it_is_submitted_under(store: AskedStore) -> None:
    """A root of a later version does not exist in a bulk query that is submitted under an earlier one."""
    said = {}
    for version in ("2026-07", "2026-10"):
        body = store.post(RUN, {"query": LATER_ROOT}, version=version).json()
        said[version] = json.dumps(body)
    missing = "analyticsTargets' doesn't exist on type 'QueryRoot'"
    assert [missing in said[version] for version in ("2026-07", "2026-10")] == [True, False]

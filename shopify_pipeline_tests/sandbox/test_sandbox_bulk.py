"""Bulk operations: which queries are accepted, and what a result file proves."""

import itertools
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from shopify_pipeline_tests.sandbox.serving import CREDENTIALS, WAIT_SECONDS, Shop, make_world, served
from shopify_sandbox.bulk.operations import BulkOperation
from shopify_sandbox.bulk.results import StorageRefused
from shopify_sandbox.errors import UserError
from shopify_sandbox.sandbox import VERSION, Sandbox
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
    assert part.headers["Content-Range"] == f"bytes 10-19/{operation['fileSize']}"


def test_range_behind_the_end_is_refused_with_the_length(shop: Shop) -> None:
    operation, _ = exported(shop, "{ products { edges { node { id title } } } }")
    size = operation["fileSize"]
    refused = shop.session.get(operation["url"], headers={"Range": f"bytes={size}-"}, timeout=10)
    assert (refused.status_code, refused.headers["Content-Range"]) == (416, f"bytes */{size}")
    assert "<Code>InvalidRange</Code>" in refused.text


def test_files_are_on_a_host_of_their_own_that_serves_nothing_else(shop: Shop) -> None:
    operation, _ = exported(shop, "{ products { edges { node { id title } } } }")
    files, api = urlsplit(operation["url"]), urlsplit(shop.server.url)
    assert files.netloc != api.netloc
    assert shop.session.get(files._replace(netloc=api.netloc).geturl(), timeout=10).status_code == 404
    elsewhere = f"https://{files.netloc}/admin/api/2026-10/graphql.json"
    assert shop.session.post(elsewhere, json={"query": "{ shop { id } }"}, timeout=10).status_code == 404
    answer = shop.session.get(operation["url"], timeout=10)
    assert "X-Shopify-API-Version" not in answer.headers


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        pytest.param({"Signature": "x"}, 403, "SignatureDoesNotMatch", id="wrong signature"),
        pytest.param({"Expires": "4102444800"}, 403, "SignatureDoesNotMatch", id="longer life"),
    ],
)
def test_changed_address_is_refused(changed: dict[str, str], status: int, code: str, shop: Shop) -> None:
    operation, _ = exported(shop, "{ products { edges { node { id title } } } }")
    url = urlsplit(operation["url"])
    query = urlencode({**dict(parse_qsl(url.query)), **changed})
    refused = shop.session.get(url._replace(query=query).geturl(), timeout=10)
    assert (refused.status_code, refused.headers["Content-Type"]) == (status, "application/xml")
    assert f"<Code>{code}</Code>" in refused.text


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
                "be of 'ID' return type. Connection fields without 'id': orders."
            ],
            id="parent without id",
        ),
        pytest.param(
            "{ orders { edges { node { id refunds { refundLineItems { edges { node { id } } } } } } } }",
            ["Queries that contain a connection field within a list field are not currently supported."],
            id="connection within a list",
        ),
        pytest.param(
            'mutation { bulkOperationCancel(id: "gid://shopify/BulkOperation/1") { userErrors { message } } }',
            ["Invalid operation type. Only `query` operations are supported."],
            id="mutation",
        ),
        pytest.param(
            "#" + "a" * 65_496 + "\n{ products { edges { node { id } } } }",
            ["Query is too large (65536 bytes; maximum is 65535 bytes)"],
            id="too long",
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
    expired = own_shop.data(POLL, id=operation["id"])["bulkOperation"]
    assert (expired["status"], expired["url"]) == ("EXPIRED", None)
    refused = own_shop.session.get(operation["url"], timeout=10)
    assert refused.status_code == 400
    assert "<Code>ExpiredToken</Code>" in refused.text


def test_finished_operation_survives_a_restart(tmp_path: Path) -> None:
    make_world(tmp_path, orders=5)
    with served(tmp_path) as first:
        before = finished(first, submit(first, LEDGER)["bulkOperation"]["id"])
        content = first.session.get(before["url"], timeout=10).content
        assert content
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

    def submit(self, query: str = LEDGER, *, group: bool = False, version: str = VERSION) -> str:
        payload = self.bulk.submit(query, group_objects=group, granted=self.sandbox.tokens.scopes, version=version)
        assert payload.operation is not None, payload.errors
        return payload.operation.gid

    def refused(self) -> list[UserError]:
        payload = self.bulk.submit(LEDGER, group_objects=False, granted=self.sandbox.tokens.scopes, version=VERSION)
        assert payload.operation is None
        return payload.errors

    def plant(self, **fault: Any) -> None:
        self.sandbox.faults.plant({"bulk": [fault]}, self.sandbox.gid_of)

    def found(self, gid: str) -> BulkOperation:
        operation = self.bulk.find(gid)
        assert operation is not None
        return operation

    def content(self, url: str | None) -> bytes:
        """The file of an address, as the storage would give it."""
        parts = urlsplit(str(url))
        return self.bulk.results.file(parts.path.rsplit("/", 1)[-1], dict(parse_qsl(parts.query))).read_bytes()


@pytest.fixture
def idle(tmp_path: Path) -> Idle:
    make_world(tmp_path, orders=5)
    return Idle(tmp_path)


def test_sixth_open_operation_is_refused_with_the_five_it_waits_for(idle: Idle) -> None:
    gids = [idle.submit() for _ in range(5)]
    assert [(error.code, error.field, error.message) for error in idle.refused()] == [
        (
            "OPERATION_IN_PROGRESS",
            None,
            f"A bulk query operation for this app and shop is already in progress: {', '.join(gids)}.",
        )
    ]
    assert idle.bulk.run_next()
    assert idle.submit()


def test_operation_runs_under_the_version_it_was_submitted_under_also_after_a_restart(idle: Idle) -> None:
    gid = idle.submit(version="2026-07")
    asked, api = [], idle.sandbox.versions.api
    idle = Idle(idle.sandbox.state)
    idle.sandbox.versions.api = lambda version: asked.append(version) or api(version)  # type: ignore[func-returns-value,method-assign]
    idle.bulk.run_next()
    assert (idle.found(gid).status, idle.found(gid).version) == ("COMPLETED", "2026-07")
    assert asked == ["2026-07"]


def test_file_of_one_version_is_not_given_to_an_operation_of_another(idle: Idle) -> None:
    first, second = idle.submit(version="2026-07"), idle.submit(version="2026-10")
    for _ in range(2):
        idle.bulk.run_next()
    one, other = (idle.bulk.results.path(idle.found(gid).number) for gid in (first, second))
    assert one.stat().st_ino != other.stat().st_ino


def test_canceling_operation_holds_its_slot_until_it_has_stopped(idle: Idle) -> None:
    gids = [idle.submit() for _ in range(5)]
    canceling = idle.bulk.cancel(gids[0]).operation
    assert canceling is not None
    assert canceling.status == "CANCELING"
    assert idle.refused()
    idle.bulk.run_next()
    assert idle.found(gids[0]).status == "CANCELED"
    assert idle.submit()


def test_ended_or_unknown_operation_cannot_be_canceled(idle: Idle) -> None:
    gid = idle.submit()
    idle.bulk.run_next()
    assert [error.message for error in idle.bulk.cancel(gid).errors] == [
        "A bulk operation cannot be canceled when it is completed"
    ]
    unknown = idle.bulk.cancel("gid://shopify/BulkOperation/1")
    assert (unknown.operation, unknown.errors[0].message) == (None, "Bulk operation does not exist")


def test_operation_left_open_by_a_stopped_server_is_run_by_the_next(idle: Idle) -> None:
    gid = idle.submit()
    with served(idle.sandbox.state) as shop:
        assert finished(shop, gid)["status"] == "COMPLETED"


def test_counts_grow_while_an_operation_runs(idle: Idle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopify_sandbox.bulk.operations.LINES_PER_LOOK", 10)
    gid, seen = idle.submit(), []
    look = idle.bulk._look

    def looking(*told: Any) -> None:
        look(*told)
        seen.append((idle.found(gid).status, idle.found(gid).object_count))

    monkeypatch.setattr(idle.bulk, "_look", looking)
    idle.bulk.run_next()
    assert {status for status, _ in seen} == {"RUNNING"}
    counts = [count for _, count in seen]
    assert counts == list(range(0, 10 * len(seen), 10))
    assert len(counts) > 2
    assert idle.found(gid).object_count > counts[-1]


def test_operation_canceled_while_it_runs_stops_there(idle: Idle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopify_sandbox.bulk.operations.LINES_PER_LOOK", 10)
    gid = idle.submit()
    look = idle.bulk._look

    def canceling(number: int, objects: int, roots: int) -> None:
        if objects == 20:
            idle.bulk.cancel(gid)
        look(number, objects, roots)

    monkeypatch.setattr(idle.bulk, "_look", canceling)
    idle.bulk.run_next()
    operation = idle.found(gid)
    assert (operation.status, operation.completed_at, operation.file_size) == ("CANCELED", None, None)


@pytest.mark.parametrize("code", [None, "TIMEOUT"])
def test_failed_operation_keeps_what_it_had_written(code: str | None, idle: Idle) -> None:
    whole = idle.submit()
    idle.plant(kind="failed", share=0.5, **({"error_code": code} if code else {}))
    failed = idle.submit()
    assert idle.bulk.run_next()
    assert idle.bulk.run_next()
    before, operation = idle.found(whole), idle.found(failed)
    assert (operation.status, operation.error_code) == ("FAILED", code or "INTERNAL_SERVER_ERROR")
    assert operation.object_count == before.object_count // 2 > 0
    assert (idle.bulk.url(operation), operation.completed_at) == (None, None)
    half = idle.content(idle.bulk.partial_url(operation))
    assert idle.content(idle.bulk.url(before)).startswith(half)
    assert half.count(b"\n") == operation.object_count


def test_operation_that_failed_before_its_first_row_has_no_file(idle: Idle) -> None:
    idle.plant(kind="failed", share=0)
    gid = idle.submit()
    idle.bulk.run_next()
    operation = idle.found(gid)
    assert (operation.object_count, idle.bulk.url(operation), idle.bulk.partial_url(operation)) == (0, None, None)


def test_fate_is_planted_for_one_query_by_its_name(idle: Idle) -> None:
    idle.plant(kind="failed", operation="Sick")
    well, sick = idle.submit("query Well " + LEDGER), idle.submit("query Sick " + LEDGER)
    while idle.bulk.run_next():
        pass
    assert (idle.found(well).status, idle.found(sick).status) == ("COMPLETED", "FAILED")


def test_operation_canceled_by_shopify_keeps_its_count_and_no_completion(idle: Idle) -> None:
    idle.plant(kind="canceled", share=0.5)
    gid = idle.submit()
    idle.bulk.run_next()
    operation = idle.found(gid)
    assert (operation.status, operation.completed_at, operation.file_size) == ("CANCELED", None, None)
    assert operation.object_count > 0
    assert idle.content(idle.bulk.url(operation)).count(b"\n") == operation.object_count


def test_stuck_operation_keeps_its_slot_lets_others_run_and_can_be_canceled(idle: Idle) -> None:
    idle.plant(kind="stuck", share=0.5)
    stuck, other = idle.submit(), idle.submit()
    while idle.bulk.run_next():
        pass
    assert (idle.found(stuck).status, idle.found(other).status) == ("RUNNING", "COMPLETED")
    assert 0 < idle.found(stuck).object_count < idle.found(other).object_count
    assert Idle(idle.sandbox.state).found(stuck).status == "RUNNING", "a restart does not free it"
    assert not idle.bulk.run_next()
    idle.bulk.cancel(stuck)
    assert idle.bulk.run_next()
    assert idle.found(stuck).status == "CANCELED"


def test_file_of_an_expired_fate_is_refused_by_the_storage(idle: Idle) -> None:
    idle.plant(kind="expired")
    gid = idle.submit()
    idle.bulk.run_next()
    assert idle.found(gid).status == "COMPLETED"
    with pytest.raises(StorageRefused) as refused:
        idle.content(idle.bulk.url(idle.found(gid)))
    assert refused.value.status == 400
    assert "Request signature expired at: 2026-11-20T11:59:59+00:00" in refused.value.body


def test_short_file_holds_less_than_its_operation_promises(idle: Idle) -> None:
    idle.plant(kind="short_file", share=0.5)
    gid, whole = idle.submit(), idle.submit()
    while idle.bulk.run_next():
        pass
    short, sound = idle.found(gid), idle.found(whole)
    assert (short.status, short.file_size, short.object_count) == ("COMPLETED", sound.file_size, sound.object_count)
    content = idle.content(idle.bulk.url(sound))
    assert idle.content(idle.bulk.url(short)) == content[: len(content) // 2]


def test_file_elsewhere_is_on_a_host_that_does_not_exist(idle: Idle) -> None:
    idle.plant(kind="elsewhere")
    gid = idle.submit()
    idle.bulk.run_next()
    assert urlsplit(str(idle.bulk.url(idle.found(gid)))).hostname == "storage.elsewhere.invalid"


def test_same_query_on_the_same_world_is_not_read_again_and_a_changed_world_is(
    idle: Idle, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    written = idle.bulk._written
    monkeypatch.setattr(idle.bulk, "_written", lambda *told: read.append(told) or written(*told))
    first, second = idle.submit(), idle.submit()
    while idle.bulk.run_next():
        pass
    assert idle.content(idle.bulk.url(idle.found(first))) == idle.content(idle.bulk.url(idle.found(second)))
    assert len(read) == 1
    idle.submit(group=True)
    idle.bulk.run_next()
    assert len(read) == 2
    idle.sandbox.store.advance(new_orders=1)
    changed = idle.submit()
    idle.bulk.run_next()
    assert len(read) == 3
    assert idle.found(changed).root_object_count == idle.found(first).root_object_count + 1


def test_planted_bad_record_is_in_the_file_and_in_no_later_one(idle: Idle) -> None:
    query = "{ orders { edges { node { id totalPriceSet { shopMoney { amount currencyCode } } } } } }"
    sound = idle.submit(query)
    idle.bulk.run_next()
    idle.sandbox.faults.plant(
        {"malformed": [{"root": "orders", "kind": "bad_money", "name": "#1003"}]}, idle.sandbox.gid_of
    )
    spoiled = idle.submit(query)
    idle.bulk.run_next()
    idle.sandbox.faults.clear()
    healed = idle.submit(query)
    idle.bulk.run_next()
    contents = [idle.content(idle.bulk.url(idle.found(gid))) for gid in (sound, spoiled, healed)]
    assert contents[0] == contents[2]
    assert b"12.x4" in contents[1]


def test_two_stores_of_one_seed_write_the_same_bytes(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "other"):
        make_world(tmp_path / name, orders=20)
        idle = Idle(tmp_path / name)
        gid = idle.submit()
        idle.bulk.run_next()
        contents.append(idle.content(idle.bulk.url(idle.found(gid))))
    assert contents[0] == contents[1]


def test_search_of_a_late_index_finds_what_a_page_would(idle: Idle) -> None:
    idle.sandbox.settings.change({"index_lag_seconds": 600})
    idle.sandbox.store.advance(hours=1)
    idle.sandbox.store.advance(new_orders=2)
    searched = idle.submit("{ orders(query: \"created_at:>='2000-01-01T00:00:00Z'\") { edges { node { id } } } }")
    everything = idle.submit("{ orders { edges { node { id } } } }")
    while idle.bulk.run_next():
        pass
    assert [idle.found(gid).object_count for gid in (searched, everything)] == [5, 7]
    idle.sandbox.store.advance(hours=1)
    later = idle.submit(idle.found(searched).query)
    idle.bulk.run_next()
    assert idle.found(later).object_count == 7


def test_orders_older_than_60_days_are_not_in_the_file_without_read_all_orders(idle: Idle) -> None:
    idle.sandbox.store.advance(hours=24 * 100)
    idle.sandbox.store.advance(new_orders=2)
    scopes = idle.sandbox.tokens.scopes - {"read_all_orders"}
    payload = idle.bulk.submit(
        "{ orders { edges { node { id } } } }", group_objects=False, granted=scopes, version=VERSION
    )
    assert payload.operation is not None
    idle.bulk.run_next()
    assert idle.found(payload.operation.gid).object_count == 2

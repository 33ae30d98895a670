"""Bulk operations: adopted or submitted, waited for, and believed only when every count of the file agrees."""

from __future__ import annotations

import json
import ssl
from typing import Any

import pytest

from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.errors import IncompleteError, PermanentError, TransientError
from shopify_pipeline.shopify.bulk import BulkFile, BulkRunner, NoMemory
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.queries import operation
from shopify_pipeline.shopify.session import CHUNK_BYTES
from shopify_pipeline_tests.shopify.conftest import MakeApi
from shopify_pipeline_tests.shopify.loopback import LoopbackServer, Request, Script, graphql, head, raw, reply
from shopify_pipeline_tests.shopify.sandboxed import SandboxShop

QUERY = operation("CustomersBulk").inlined({"query": None})
KEY = f"CustomersBulk@{QUERY.query_hash}"
FILE = (
    b'{"id":"gid://shopify/Customer/1","note":"\\"__parentId\\":"}\n'
    b'{"id":"gid://shopify/MailingAddress/7","__parentId":"gid://shopify/Customer/1"}\n'
    b'{"id":"gid://shopify/Customer/2"}\n'
)


class Memory:
    """Remembers, and keeps every gid it was ever given."""

    def __init__(self, **known: str) -> None:
        self.known = known
        self.given: list[str] = []

    def recall(self, name: str) -> str | None:
        return self.known.get(name)

    def remember(self, name: str, gid: str) -> None:
        self.known[name] = gid
        self.given.append(gid)


def submitted(gid: str) -> Script:
    return graphql({"bulkOperationRunQuery": {"bulkOperation": {"id": gid, "status": "CREATED"}, "userErrors": []}})


def refused(code: str, message: str) -> Script:
    errors = [{"field": None, "code": code, "message": message}]
    return graphql({"bulkOperationRunQuery": {"bulkOperation": None, "userErrors": errors}})


def polled(status: str, gid: str = "gid://shopify/BulkOperation/1", **more: Any) -> Script:
    found = {
        "id": gid,
        "status": status,
        "errorCode": None,
        "objectCount": "0",
        "rootObjectCount": "0",
        "fileSize": None,
        "url": None,
    }
    return graphql({"bulkOperation": found | more})


def runner(api: AdminApi) -> BulkRunner:
    return BulkRunner(api, progress=lambda line: None)


def file_of(server: LoopbackServer, *, size: int = len(FILE), lines: int = 3, roots: int = 2) -> BulkFile:
    return BulkFile("gid://shopify/BulkOperation/1", QUERY, server.url + "/file", size, lines, roots)


def operations(server: LoopbackServer) -> list[str]:
    return [request.json()["operationName"] for request in server.requests if request.method == "POST"]


def test_an_operation_is_submitted_remembered_and_waited_for(
    server: LoopbackServer, make_api: MakeApi, clock: SimulatedClock
) -> None:
    done = polled("COMPLETED", objectCount="3", rootObjectCount="2", fileSize="120", url="https://files/1")
    server.answers(submitted("gid://shopify/BulkOperation/1"), polled("CREATED"), polled("RUNNING"), done)
    memory = Memory()
    file = runner(make_api()).run(QUERY, memory)
    assert (file.url, file.size_bytes, file.lines, file.roots) == ("https://files/1", 120, 3, 2)
    assert memory.known == {KEY: "gid://shopify/BulkOperation/1"}
    assert server.requests[0].json()["variables"] == {"query": QUERY.text}
    assert clock.slept_seconds == 0.5 + 0.75


def test_a_remembered_operation_is_adopted_and_none_is_submitted(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(polled("COMPLETED", gid="gid://shopify/BulkOperation/9"))
    memory = Memory(**{KEY: "gid://shopify/BulkOperation/9"})
    assert runner(make_api()).run(QUERY, memory).gid == "gid://shopify/BulkOperation/9"
    assert operations(server) == ["BulkPoll"]
    assert server.requests[0].json()["variables"] == {"id": "gid://shopify/BulkOperation/9"}


def test_an_operation_of_another_text_is_not_adopted(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(submitted("gid://shopify/BulkOperation/1"), polled("COMPLETED"))
    memory = Memory(**{"CustomersBulk@0000000000000000": "gid://shopify/BulkOperation/9"})
    runner(make_api()).run(QUERY, memory)
    assert operations(server) == ["BulkRun", "BulkPoll"]


@pytest.mark.parametrize("status", ["FAILED", "CANCELED", "EXPIRED", None], ids=str)
def test_a_dead_operation_is_submitted_again(status: str | None, server: LoopbackServer, make_api: MakeApi) -> None:
    dead = graphql({"bulkOperation": None}) if status is None else polled(status, errorCode="INTERNAL_SERVER_ERROR")
    second = "gid://shopify/BulkOperation/2"
    server.answers(submitted("gid://shopify/BulkOperation/1"), dead, submitted(second), polled("COMPLETED", gid=second))
    memory = Memory()
    assert runner(make_api()).run(QUERY, memory).gid == second
    assert memory.given == ["gid://shopify/BulkOperation/1", second]


def test_an_operation_that_dies_three_times_is_given_up(server: LoopbackServer, make_api: MakeApi) -> None:
    failure = polled("FAILED", errorCode="TIMEOUT")
    one = submitted("gid://shopify/BulkOperation/1")
    server.answers(one, failure, one, failure, one, failure)
    with pytest.raises(TransientError, match="3 times"):
        runner(make_api()).run(QUERY, Memory())
    assert operations(server) == ["BulkRun", "BulkPoll"] * 3


def test_denied_access_is_final(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(submitted("gid://shopify/BulkOperation/1"), polled("FAILED", errorCode="ACCESS_DENIED"))
    with pytest.raises(PermanentError, match="scopes"):
        runner(make_api()).run(QUERY, Memory())


def test_a_query_shopify_does_not_accept_is_final(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(refused("INVALID", "Invalid bulk query: too many connections"))
    with pytest.raises(PermanentError, match="too many connections"):
        runner(make_api()).run(QUERY, Memory())


def test_a_busy_slot_is_waited_for(server: LoopbackServer, make_api: MakeApi, clock: SimulatedClock) -> None:
    busy = refused("OPERATION_IN_PROGRESS", "already in progress")
    server.answers(busy, busy, submitted("gid://shopify/BulkOperation/1"), polled("CANCELING"), polled("COMPLETED"))
    runner(make_api()).run(QUERY, Memory())
    assert clock.slept_seconds == 0.5 + 0.75 + 0.5


def test_a_slot_that_stays_busy_ends_the_waiting(
    server: LoopbackServer, make_api: MakeApi, clock: SimulatedClock
) -> None:
    server.answers(refused("OPERATION_IN_PROGRESS", "already in progress"))
    patient = BulkRunner(make_api(), progress=lambda line: None, poll_seconds_max=600, busy_seconds_max=1800)
    with pytest.raises(TransientError, match="stayed busy"):
        patient.run(QUERY, Memory())
    assert 1800 <= clock.slept_seconds <= 2400


def test_an_operation_that_never_ends_is_left_for_the_next_run(
    server: LoopbackServer, make_api: MakeApi, clock: SimulatedClock
) -> None:
    server.answers(submitted("gid://shopify/BulkOperation/1"), polled("RUNNING"))
    memory = Memory()
    patient = BulkRunner(make_api(), progress=lambda line: None, poll_seconds_max=600, running_seconds_max=1800)
    with pytest.raises(TransientError, match="next run takes it up"):
        patient.run(QUERY, memory)
    assert memory.known == {KEY: "gid://shopify/BulkOperation/1"}


def test_a_file_that_agrees_with_every_count_is_given_as_it_is(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(reply(200, FILE))
    assert b"".join(runner(make_api()).chunks(file_of(server))) == FILE


def test_a_last_line_without_an_end_counts(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(reply(200, FILE[:-1]))
    assert b"".join(runner(make_api()).chunks(file_of(server, size=len(FILE) - 1))) == FILE[:-1]


def test_no_address_means_no_rows(server: LoopbackServer, make_api: MakeApi) -> None:
    empty = BulkFile("gid://shopify/BulkOperation/1", QUERY, None, 0, 0, 0)
    assert list(runner(make_api()).chunks(empty)) == []
    assert server.requests == []


def test_no_address_for_rows_that_should_be_there_is_incomplete(server: LoopbackServer, make_api: MakeApi) -> None:
    lost = BulkFile("gid://shopify/BulkOperation/1", QUERY, None, 0, 3, 2)
    with pytest.raises(IncompleteError):
        list(runner(make_api()).chunks(lost))


@pytest.mark.parametrize(
    "counts",
    [{"lines": 4}, {"roots": 3}, {"lines": 2}, {"roots": 1}, {"size": len(FILE) - 1}],
    ids=["a line is missing", "a root is missing", "a line too many", "a root too many", "bytes too many"],
)
def test_a_file_that_disagrees_with_one_count_is_refused(
    counts: dict[str, int], server: LoopbackServer, make_api: MakeApi
) -> None:
    server.answers(reply(200, FILE))
    with pytest.raises(IncompleteError, match="Shopify said"):
        list(runner(make_api()).chunks(file_of(server, **counts)))


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges honoured", "ranges ignored"])
def test_a_download_that_breaks_off_is_resumed_where_it_broke(
    ranges: bool, server: LoopbackServer, make_api: MakeApi
) -> None:
    content = b"".join(b'{"id":"gid://shopify/Customer/%d"}\n' % number for number in range(5000))
    cut = raw(head(200, Content_Length=str(len(content))) + content[:150_000])

    def rest(request: Request, connection: ssl.SSLSocket) -> None:
        begin = int(request.headers["range"].removeprefix("bytes=").removesuffix("-"))
        where = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        answer = reply(206, content[begin:], Content_Range=where) if ranges else reply(200, content)
        answer(request, connection)

    server.answers(cut, rest)
    file = file_of(server, size=len(content), lines=5000, roots=5000)
    assert b"".join(runner(make_api()).chunks(file)) == content
    first, second = server.requests
    assert "range" not in first.headers
    assert second.headers["range"] == f"bytes={2 * CHUNK_BYTES}-"


def test_a_file_that_ends_early_again_and_again_is_incomplete(server: LoopbackServer, make_api: MakeApi) -> None:
    """A connection that is closed without a length looks like a clean end."""

    def short(request: Request, connection: ssl.SSLSocket) -> None:
        if "range" in request.headers:
            raw(head(206, Content_Range=f"bytes 50-{len(FILE) - 1}/{len(FILE)}"))(request, connection)
        else:
            raw(head(200) + FILE[:50])(request, connection)

    server.answers(short)
    with pytest.raises(IncompleteError, match=f"after 50 of {len(FILE)} bytes"):
        list(runner(make_api()).chunks(file_of(server)))
    assert len(server.requests) == 1 + 5


def test_a_download_that_never_gets_anywhere_is_given_up(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(reply(503))
    with pytest.raises(TransientError, match="HTTP 503"):
        list(runner(make_api()).chunks(file_of(server)))
    assert len(server.requests) == 5


def test_an_expired_address_is_final(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(reply(403, b"<Error>ExpiredToken</Error>"))
    with pytest.raises(PermanentError, match="expired"):
        list(runner(make_api()).chunks(file_of(server)))


@pytest.mark.parametrize("url", ["https://evil.test/file", "http://127.0.0.1/file", "https://169.254.169.254/x"])
def test_a_file_on_another_host_is_refused(url: str, make_api: MakeApi) -> None:
    with pytest.raises(PermanentError, match="refused"):
        list(runner(make_api()).chunks(BulkFile("gid://shopify/BulkOperation/1", QUERY, url, 10, 1, 1)))


def test_a_single_endless_line_is_refused(
    server: LoopbackServer, make_api: MakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopify_pipeline.shopify.bulk.LINE_BYTES_MAX", 1000)
    body = b"x" * 200_000
    server.answers(reply(200, body))
    with pytest.raises(PermanentError, match="longer than 1000 bytes"):
        list(runner(make_api()).chunks(file_of(server, size=len(body), lines=1, roots=1)))


def test_lines_come_only_when_the_whole_file_is_proven(server: LoopbackServer, make_api: MakeApi) -> None:
    done = polled("COMPLETED", objectCount="4", rootObjectCount="3", fileSize=str(len(FILE)), url=server.url + "/file")
    server.answers(submitted("gid://shopify/BulkOperation/1"), done, reply(200, FILE))
    lines = runner(make_api()).lines("CensusCustomers")
    with pytest.raises(IncompleteError):
        next(lines)


def test_the_census_of_a_real_store_is_whole(shop: SandboxShop) -> None:
    api = shop.api()
    orders = [json.loads(line) for line in runner(api).lines("CensusOrders")]
    roots = [order for order in orders if "__parentId" not in order]
    count = api.execute(operation("OrdersCount"), {"query": None, "limit": None}).data["ordersCount"]["count"]
    assert len({order["id"] for order in roots}) == len(roots) == count
    parents = {line["id"] for line in orders}
    assert {line["__parentId"] for line in orders if "__parentId" in line} <= parents


@pytest.mark.parametrize("name", ["OrdersBulk", "CustomersBulk", "ProductsBulk", "InventoryItemsBulk", "LocationsBulk"])
def test_every_bulk_document_runs_and_proves_its_file(name: str, shop: SandboxShop) -> None:
    run = runner(shop.api())
    file = run.run(operation(name).inlined({"query": None}), NoMemory())
    lines = b"".join(run.chunks(file)).splitlines()
    assert len(lines) == file.lines > 0


def test_a_window_without_rows_is_an_empty_file(shop: SandboxShop) -> None:
    run = runner(shop.api())
    query = operation("OrdersBulk").inlined({"query": "updated_at:>='2036-01-01T00:00:00Z'"})
    file = run.run(query, NoMemory())
    assert (file.url, file.lines, b"".join(run.chunks(file))) == (None, 0, b"")

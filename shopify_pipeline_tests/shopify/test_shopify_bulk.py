"""Bulk operations: adopted or submitted, waited for, and believed only when every count of the file agrees."""

from __future__ import annotations

import json
import ssl
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.errors import AccessDeniedError, IncompleteError, PermanentError, TransientError
from shopify_pipeline.shopify.bulk import SUBMITTING, BulkRunner, NoMemory
from shopify_pipeline.shopify.bulk_files import BulkFile, FileGoneError
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.queries import operation
from shopify_pipeline.shopify.session import CHUNK_BYTES
from shopify_pipeline_tests.shopify.conftest import MakeApi
from shopify_pipeline_tests.shopify.loopback import LoopbackServer, Request, Script, graphql, head, raw, reply
from shopify_pipeline_tests.shopify.sandboxed import NOW as SINCE
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

    def forget(self, name: str) -> None:
        self.known.pop(name, None)

    def __init__(self, **known: str) -> None:
        self.known = known
        self.given: list[str] = []

    def recall(self, name: str) -> str | None:
        return self.known.get(name)

    def remember(self, name: str, gid: str) -> None:
        self.known[name] = gid
        if gid != SUBMITTING:
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
    file = runner(make_api()).run(QUERY, memory, since=SINCE)
    assert (file.url, file.size_bytes, file.lines, file.roots) == ("https://files/1", 120, 3, 2)
    assert memory.known == {KEY: "gid://shopify/BulkOperation/1"}
    assert server.requests[0].json()["variables"] == {"query": QUERY.text}
    assert clock.slept_seconds == 0.5 + 0.75


def test_a_remembered_operation_is_adopted_and_none_is_submitted(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(polled("COMPLETED", gid="gid://shopify/BulkOperation/9"))
    memory = Memory(**{KEY: "gid://shopify/BulkOperation/9"})
    assert runner(make_api()).run(QUERY, memory, since=SINCE).gid == "gid://shopify/BulkOperation/9"
    assert operations(server) == ["BulkPoll"]
    assert server.requests[0].json()["variables"] == {"id": "gid://shopify/BulkOperation/9"}


def test_an_operation_of_another_text_is_not_adopted(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(submitted("gid://shopify/BulkOperation/1"), polled("COMPLETED"))
    memory = Memory(**{"CustomersBulk@0000000000000000": "gid://shopify/BulkOperation/9"})
    runner(make_api()).run(QUERY, memory, since=SINCE)
    assert operations(server) == ["BulkRun", "BulkPoll"]


@pytest.mark.parametrize("status", ["FAILED", "CANCELED", "EXPIRED", None], ids=str)
def test_a_dead_operation_is_submitted_again(status: str | None, server: LoopbackServer, make_api: MakeApi) -> None:
    dead = graphql({"bulkOperation": None}) if status is None else polled(status, errorCode="INTERNAL_SERVER_ERROR")
    second = "gid://shopify/BulkOperation/2"
    server.answers(submitted("gid://shopify/BulkOperation/1"), dead, submitted(second), polled("COMPLETED", gid=second))
    memory = Memory()
    assert runner(make_api()).run(QUERY, memory, since=SINCE).gid == second
    assert memory.given == ["gid://shopify/BulkOperation/1", second]


def test_a_completed_operation_whose_address_is_gone_is_submitted_again(
    server: LoopbackServer, make_api: MakeApi
) -> None:
    old = polled("COMPLETED", objectCount="3", rootObjectCount="2", fileSize="120", url=None)
    second = "gid://shopify/BulkOperation/2"
    server.answers(old, submitted(second), polled("COMPLETED", gid=second))
    memory = Memory(**{KEY: "gid://shopify/BulkOperation/1"})
    assert runner(make_api()).run(QUERY, memory, since=SINCE).gid == second


def test_a_memory_that_holds_no_operation_is_forgotten(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(submitted("gid://shopify/BulkOperation/1"), polled("COMPLETED"))
    memory = Memory(**{KEY: "gid://shopify/Product/9"})
    runner(make_api()).run(QUERY, memory, since=SINCE)
    assert operations(server) == ["BulkRun", "BulkPoll"]
    assert memory.known == {KEY: "gid://shopify/BulkOperation/1"}


def test_an_operation_that_dies_three_times_is_given_up(server: LoopbackServer, make_api: MakeApi) -> None:
    failure = polled("FAILED", errorCode="TIMEOUT")
    one = submitted("gid://shopify/BulkOperation/1")
    server.answers(one, failure, one, failure, one, failure)
    memory, told = Memory(), list[str]()
    with pytest.raises(TransientError, match="3 times"):
        BulkRunner(make_api(), progress=told.append).run(QUERY, memory, since=SINCE)
    assert operations(server) == ["BulkRun", "BulkPoll"] * 3
    assert told == [
        f"CustomersBulk: bulk operation failed (TIMEOUT) after 0 objects; attempt {n} of 3 is over" for n in (1, 2, 3)
    ]
    assert memory.known == {}


def test_denied_access_is_final(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(submitted("gid://shopify/BulkOperation/1"), polled("FAILED", errorCode="ACCESS_DENIED"))
    memory = Memory()
    with pytest.raises(AccessDeniedError, match="scopes"):
        runner(make_api()).run(QUERY, memory, since=SINCE)
    assert operations(server) == ["BulkRun", "BulkPoll"]
    assert memory.known == {}


def test_a_query_shopify_does_not_accept_is_final(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(refused("INVALID", "Invalid bulk query: too many connections"))
    with pytest.raises(PermanentError, match="too many connections"):
        runner(make_api()).run(QUERY, Memory(), since=SINCE)


def test_a_busy_slot_is_waited_for(server: LoopbackServer, make_api: MakeApi, clock: SimulatedClock) -> None:
    busy = refused("OPERATION_IN_PROGRESS", "already in progress")
    server.answers(busy, busy, submitted("gid://shopify/BulkOperation/1"), polled("CANCELING"), polled("COMPLETED"))
    runner(make_api()).run(QUERY, Memory(), since=SINCE)
    assert clock.slept_seconds == 0.5 + 0.75 + 0.5


def test_a_slot_that_stays_busy_ends_the_waiting(
    server: LoopbackServer, make_api: MakeApi, clock: SimulatedClock
) -> None:
    server.answers(refused("OPERATION_IN_PROGRESS", "already in progress"))
    patient = BulkRunner(make_api(), progress=lambda line: None, poll_seconds_max=600, busy_seconds_max=1800)
    with pytest.raises(TransientError, match="stayed busy"):
        patient.run(QUERY, Memory(), since=SINCE)
    assert 1800 <= clock.slept_seconds <= 2400


def test_an_operation_that_never_ends_is_left_for_the_next_run(
    server: LoopbackServer, make_api: MakeApi, clock: SimulatedClock
) -> None:
    server.answers(submitted("gid://shopify/BulkOperation/1"), polled("RUNNING"))
    memory = Memory()
    patient = BulkRunner(make_api(), progress=lambda line: None, poll_seconds_max=600, running_seconds_max=1800)
    with pytest.raises(TransientError, match="next run takes it up"):
        patient.run(QUERY, memory, since=SINCE)
    assert memory.known == {KEY: "gid://shopify/BulkOperation/1"}


def test_an_operation_that_moves_at_every_look_is_left_for_the_next_run_all_the_same(
    server: LoopbackServer, make_api: MakeApi, clock: SimulatedClock
) -> None:
    moving = [polled("RUNNING", objectCount=str(count)) for count in range(40)]
    server.answers(submitted("gid://shopify/BulkOperation/1"), *moving, polled("COMPLETED"))
    memory = Memory()
    api = make_api()
    patient = BulkRunner(
        api, progress=lambda line: None, poll_seconds_min=60, poll_seconds_max=60, running_seconds_max=1800
    )
    with pytest.raises(TransientError, match="still running; the next run takes it up"):
        patient.run(QUERY, memory, since=SINCE)
    assert 1800 <= clock.slept_seconds <= 1860
    assert memory.known == {KEY: "gid://shopify/BulkOperation/1"}


def impatient(api: AdminApi) -> BulkRunner:
    """A runner that polls every ten minutes and gives an operation an hour to move."""
    return BulkRunner(
        api, progress=lambda line: None, poll_seconds_min=600, poll_seconds_max=600, stalled_seconds_max=3600
    )


def cancelling(gid: str = "gid://shopify/BulkOperation/1") -> Script:
    return graphql({"bulkOperationCancel": {"bulkOperation": {"id": gid, "status": "CANCELING"}, "userErrors": []}})


def until_it_stalls(count: str) -> list[Script]:
    """Polls that show the same count for an hour."""
    return [polled("RUNNING", objectCount=count)] * 7


def test_an_operation_that_stands_still_is_cancelled_and_submitted_again_when_its_slot_is_free(
    server: LoopbackServer, make_api: MakeApi, clock: SimulatedClock
) -> None:
    second = "gid://shopify/BulkOperation/2"
    server.answers(
        submitted("gid://shopify/BulkOperation/1"),
        *until_it_stalls("7"),
        cancelling(),
        polled("CANCELING", objectCount="7"),
        polled("CANCELED", objectCount="7"),
        submitted(second),
        polled("COMPLETED", gid=second),
    )
    memory = Memory()
    assert impatient(make_api()).run(QUERY, memory, since=SINCE).gid == second
    assert operations(server)[-5:] == ["BulkCancel", "BulkPoll", "BulkPoll", "BulkRun", "BulkPoll"]
    assert 3600 <= clock.slept_seconds < 2 * 3600


def test_an_operation_that_moves_is_left_alone_however_slow_it_is(
    server: LoopbackServer, make_api: MakeApi, clock: SimulatedClock
) -> None:
    slow = [polled("RUNNING", objectCount=str(count // 5)) for count in range(30)]
    server.answers(submitted("gid://shopify/BulkOperation/1"), *slow, polled("COMPLETED"))
    assert impatient(make_api()).run(QUERY, Memory(), since=SINCE).lines == 0
    assert clock.slept_seconds == 30 * 600
    assert "BulkCancel" not in operations(server)


def test_an_operation_that_stands_still_twice_is_given_up_and_not_adopted(
    server: LoopbackServer, make_api: MakeApi
) -> None:
    one = [submitted("gid://shopify/BulkOperation/1"), *until_it_stalls("7"), cancelling(), polled("CANCELED")]
    server.answers(*one, *one)
    memory = Memory()
    with pytest.raises(TransientError, match="stood still at 0 objects, twice"):
        impatient(make_api()).run(QUERY, memory, since=SINCE)
    assert Counter(operations(server))["BulkRun"] == 2
    assert memory.known == {}


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


def test_a_file_the_storage_says_is_over_is_incomplete(server: LoopbackServer, make_api: MakeApi) -> None:
    """What is missing cannot be asked for: the range begins where the file ends."""
    cut = raw(head(200) + FILE[:50])
    server.answers(cut, reply(416, b"<Error/>", Content_Range="bytes */50"))
    with pytest.raises(IncompleteError, match=f"after 50 of {len(FILE)} bytes"):
        list(runner(make_api()).chunks(file_of(server)))


def test_a_file_that_comes_a_byte_at_a_time_is_given_up_in_the_end(
    server: LoopbackServer, make_api: MakeApi, clock: SimulatedClock
) -> None:
    def a_byte(request: Request, connection: ssl.SSLSocket) -> None:
        begin = int(request.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        where = f"bytes {begin}-9999/10000"
        raw(head(206, Content_Range=where) + b"x")(request, connection)

    server.answers(a_byte)
    with pytest.raises(TransientError, match="of 10000 bytes of the file came in time"):
        list(runner(make_api()).chunks(file_of(server, size=10_000)))
    assert 60 <= clock.slept_seconds < 62


def test_a_download_that_never_gets_anywhere_is_given_up(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(reply(503))
    with pytest.raises(TransientError, match="HTTP 503"):
        list(runner(make_api()).chunks(file_of(server)))
    assert len(server.requests) == 5


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_an_expired_address_is_told_at_once(status: int, server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(reply(status, b"<Error><Code>ExpiredToken</Code></Error>"))
    with pytest.raises(FileGoneError, match="expired"):
        list(runner(make_api()).chunks(file_of(server)))
    assert len(server.requests) == 1


def completed(server: LoopbackServer, number: int, *, lines: int = 3) -> tuple[Script, Script]:
    """The answers to a submission and to the poll after it."""
    gid, counts = f"gid://shopify/BulkOperation/{number}", {"objectCount": str(lines), "rootObjectCount": "2"}
    done = polled("COMPLETED", gid=gid, fileSize=str(len(FILE)), url=f"{server.url}/{number}", **counts)
    return submitted(gid), done


def kept(file: BulkFile, chunks: Iterator[bytes]) -> tuple[str, bytes]:
    return file.gid, b"".join(chunks)


def test_a_file_that_is_gone_is_made_again_by_a_new_operation(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(*completed(server, 1), reply(400), *completed(server, 2), reply(200, FILE))
    memory = Memory()
    assert runner(make_api()).fetch(QUERY, memory, kept, since=SINCE) == ("gid://shopify/BulkOperation/2", FILE)
    assert memory.known == {KEY: "gid://shopify/BulkOperation/2"}


def test_a_file_that_is_provably_short_is_made_again_once_and_then_refused(
    server: LoopbackServer, make_api: MakeApi
) -> None:
    wrong = reply(200, FILE)
    server.answers(*completed(server, 1, lines=4), wrong, *completed(server, 2, lines=4), wrong)
    memory = Memory()
    with pytest.raises(IncompleteError, match="Shopify said"):
        runner(make_api()).fetch(QUERY, memory, kept, since=SINCE)
    assert memory.given == ["gid://shopify/BulkOperation/1", "gid://shopify/BulkOperation/2"]
    assert memory.known == {}


def test_an_address_on_another_host_is_refused_and_not_adopted_by_the_next_run(
    server: LoopbackServer, make_api: MakeApi
) -> None:
    gid = "gid://shopify/BulkOperation/1"
    counts = {"objectCount": "3", "rootObjectCount": "2", "fileSize": "120"}
    server.answers(submitted(gid), polled("COMPLETED", gid=gid, url="https://evil.test/file", **counts))
    memory = Memory()
    with pytest.raises(PermanentError, match="refused"):
        runner(make_api()).fetch(QUERY, memory, kept, since=SINCE)
    assert operations(server) == ["BulkRun", "BulkPoll"]
    assert memory.known == {}


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.test/file",
        "http://127.0.0.1/file",
        "https://169.254.169.254/x",
        "file:///etc/passwd",
        "https://127.0.0.1@evil.test/file",
        "https://evil.test\\@127.0.0.1/file",
        "https://127.0.0.1.evil.test/file",
    ],
)
def test_a_file_on_another_host_is_refused(url: str, make_api: MakeApi) -> None:
    with pytest.raises(PermanentError, match="refused"):
        list(runner(make_api()).chunks(BulkFile("gid://shopify/BulkOperation/1", QUERY, url, 10, 1, 1)))


def test_a_file_that_leads_elsewhere_is_not_followed(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(reply(302, Location="https://169.254.169.254/latest/meta-data"))
    with pytest.raises(PermanentError, match="redirect"):
        list(runner(make_api()).chunks(file_of(server)))
    assert len(server.requests) == 1


def test_no_access_token_goes_to_the_storage(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(reply(200, FILE))
    list(runner(make_api()).chunks(file_of(server)))
    assert not [name for name in server.requests[0].headers if "token" in name or name == "authorization"]


def test_a_single_endless_line_is_refused(
    server: LoopbackServer, make_api: MakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopify_pipeline.shopify.bulk_files.LINE_BYTES_MAX", 1000)
    body = b"x" * 200_000
    server.answers(reply(200, body))
    with pytest.raises(PermanentError, match="longer than 1000 bytes"):
        list(runner(make_api()).chunks(file_of(server, size=len(body), lines=1, roots=1)))


def test_lines_come_only_when_the_whole_file_is_proven(server: LoopbackServer, make_api: MakeApi) -> None:
    wrong = (*completed(server, 1, lines=4), reply(200, FILE))
    server.answers(*wrong, *wrong)
    lines = runner(make_api()).lines("CensusCustomers", since=SINCE)
    with pytest.raises(IncompleteError):
        next(lines)


def test_the_census_of_a_real_store_is_whole(shop: SandboxShop) -> None:
    api = shop.api()
    orders = [json.loads(line) for line in runner(api).lines("CensusOrders", since=SINCE)]
    roots = [order for order in orders if "__parentId" not in order]
    count = api.execute(operation("OrdersCount"), {"query": None, "limit": None}).data["ordersCount"]["count"]
    assert len({order["id"] for order in roots}) == len(roots) == count
    parents = {line["id"] for line in orders}
    assert {line["__parentId"] for line in orders if "__parentId" in line} <= parents


@pytest.mark.parametrize("name", ["OrdersBulk", "CustomersBulk", "ProductsBulk", "InventoryItemsBulk", "LocationsBulk"])
def test_every_bulk_document_runs_and_proves_its_file(name: str, shop: SandboxShop) -> None:
    run = runner(shop.api())
    file = run.run(operation(name).inlined({"query": None}), NoMemory(), since=SINCE)
    lines = b"".join(run.chunks(file)).splitlines()
    assert len(lines) == file.lines > 0


def test_a_window_without_rows_is_an_empty_file(shop: SandboxShop) -> None:
    run = runner(shop.api())
    query = operation("OrdersBulk").inlined({"query": "updated_at:>='2036-01-01T00:00:00Z'"})
    file = run.run(query, NoMemory(), since=SINCE)
    assert (file.url, file.lines, b"".join(run.chunks(file))) == (None, 0, b"")

"""Bulk operations whose submission got no answer: found among the shop's open ones, and never begun beside them."""

from __future__ import annotations

from typing import Any

import pytest

from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.errors import TransientError
from shopify_pipeline.shopify.bulk import SUBMITTING, NoMemory
from shopify_pipeline_tests.shopify.conftest import MakeApi
from shopify_pipeline_tests.shopify.loopback import LoopbackServer, Script, cost, graphql, reply
from shopify_pipeline_tests.shopify.sandboxed import NOW
from shopify_pipeline_tests.shopify.test_shopify_bulk import (
    KEY,
    QUERY,
    Memory,
    operations,
    polled,
    refused,
    runner,
    submitted,
)

FIRST, SECOND = "gid://shopify/BulkOperation/1", "gid://shopify/BulkOperation/2"
#: A shop that did what it was asked, perhaps, and a proxy that gave up on it.
LOST = reply(504)


def begun(gid: str = FIRST, **changed: Any) -> dict[str, Any]:
    """An operation of ours, as it is listed."""
    return {"id": gid, "status": "RUNNING", "createdAt": "2026-11-20T12:00:05Z", "query": QUERY.text} | changed


def listed(*nodes: dict[str, Any]) -> Script:
    return graphql({"bulkOperations": {"nodes": list(nodes)}})


def done(gid: str) -> Script:
    return polled("COMPLETED", gid=gid)


def test_an_operation_that_was_begun_without_an_answer_is_taken_up_and_no_other_begun(
    server: LoopbackServer, make_api: MakeApi
) -> None:
    server.answers(LOST, listed(begun()), done(FIRST))
    memory = Memory()
    assert runner(make_api()).run(QUERY, memory, since=NOW).gid == FIRST
    assert operations(server) == ["BulkRun", "BulkOpen", "BulkPoll"]
    assert memory.known == {KEY: FIRST}


@pytest.mark.parametrize(
    "other",
    [
        begun(query="query Other { shop { name } }"),
        begun(createdAt="2026-11-20T11:59:59Z"),
        begun(status="CANCELING"),
        begun(status="COMPLETED"),
        begun(status="FAILED"),
    ],
    ids=["another text", "begun before the load", "being cancelled", "completed", "failed"],
)
def test_an_operation_that_is_not_what_was_asked_for_is_not_taken_up(
    other: dict[str, Any], server: LoopbackServer, make_api: MakeApi
) -> None:
    server.answers(LOST, listed(other), submitted(SECOND), done(SECOND))
    assert runner(make_api()).run(QUERY, Memory(), since=NOW).gid == SECOND


def test_of_several_open_operations_the_newest_is_taken_up(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(LOST, listed(begun(SECOND), begun(FIRST)), done(SECOND))
    assert runner(make_api()).run(QUERY, NoMemory(), since=NOW).gid == SECOND


def test_every_try_without_an_answer_is_followed_by_a_look(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(LOST, listed(), LOST, listed(begun()), done(FIRST))
    assert runner(make_api()).run(QUERY, Memory(), since=NOW).gid == FIRST
    assert operations(server) == ["BulkRun", "BulkOpen", "BulkRun", "BulkOpen", "BulkPoll"]


def test_a_throttled_submission_has_begun_nothing_and_is_not_looked_for(
    server: LoopbackServer, make_api: MakeApi
) -> None:
    throttled = graphql(errors=[{"message": "Throttled", "extensions": {"code": "THROTTLED"}}], extensions=cost(10, 0))
    server.answers(throttled, submitted(FIRST), done(FIRST))
    runner(make_api()).run(QUERY, Memory(), since=NOW)
    assert operations(server) == ["BulkRun", "BulkRun", "BulkPoll"]


def test_a_busy_slot_is_waited_for_also_after_a_try_without_an_answer(
    server: LoopbackServer, make_api: MakeApi
) -> None:
    busy = refused("OPERATION_IN_PROGRESS", "already in progress")
    server.answers(LOST, listed(), busy, submitted(SECOND), done(SECOND))
    assert runner(make_api()).run(QUERY, Memory(), since=NOW).gid == SECOND


def test_a_submission_that_never_got_an_answer_is_looked_for_by_the_next_run(
    server: LoopbackServer, make_api: MakeApi, clock: SimulatedClock
) -> None:
    server.answers(LOST, listed(), LOST, listed(), LOST)
    memory = Memory()
    with pytest.raises(TransientError, match="HTTP 504"):
        runner(make_api()).run(QUERY, memory, since=NOW)
    assert memory.known == {KEY: SUBMITTING}

    asked = len(operations(server))
    server.answers(listed(begun()), done(FIRST))
    assert runner(make_api()).run(QUERY, memory, since=NOW).gid == FIRST
    assert operations(server)[asked:] == ["BulkOpen", "BulkPoll"]
    assert memory.known == {KEY: FIRST}


def test_a_process_that_died_before_it_could_remember_is_followed_by_one_that_finds_its_operation(
    server: LoopbackServer, make_api: MakeApi
) -> None:
    class Dying(Memory):
        def remember(self, name: str, gid: str) -> None:
            if gid == FIRST:
                raise KeyboardInterrupt
            super().remember(name, gid)

    server.answers(submitted(FIRST))
    died = Dying()
    with pytest.raises(KeyboardInterrupt):
        runner(make_api()).run(QUERY, died, since=NOW)

    server.answers(listed(begun()), done(FIRST))
    assert runner(make_api()).run(QUERY, Memory(**died.known), since=NOW).gid == FIRST
    assert operations(server) == ["BulkRun", "BulkOpen", "BulkPoll"]


def test_what_was_about_to_be_submitted_and_was_not_is_submitted(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(listed(), submitted(FIRST), done(FIRST))
    assert runner(make_api()).run(QUERY, Memory(**{KEY: SUBMITTING}), since=NOW).gid == FIRST
    assert operations(server) == ["BulkOpen", "BulkRun", "BulkPoll"]

"""Trap 11: an operation that is being cancelled still takes one of the five slots, and a default changed with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from shopify_pipeline.errors import PipelineError
from shopify_pipeline.shopify import bulk
from shopify_pipeline.shopify.queries import Operation, operation
from shopify_pipeline_tests.shopify.sandboxed import NOW
from shopify_pipeline_tests.traps.bulk_shop import QUERY, Memory, StillShop
from shopify_sandbox.sandbox import VERSION


def test_a_slot_is_waited_for_until_what_is_being_cancelled_has_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(shop: StillShop) -> None:
        others = [
            shop.bulk.submit(QUERY.text, group_objects=False, granted=shop.sandbox.tokens.scopes, version=VERSION)
            for _ in range(5)
        ]
        for other in others:
            assert other.operation is not None
            shop.bulk.cancel(other.operation.gid)
        shop.resting, told = 3, list[str]()
        try:
            file = shop.runner(told.append).run(QUERY, Memory(), since=NOW)
        except PipelineError as exc:
            raise AssertionError("it did not wait for its slot") from exc
        assert told[:4] == ["CustomersBulk: waiting for a free bulk slot"] * 4
        assert file.roots > 0
        assert shop.statuses() == ["CANCELED"] * 5 + ["COMPLETED"]

    check(StillShop(tmp_path / "ours"))
    monkeypatch.setattr(bulk, "_BUSY_CODES", frozenset[str]())
    with pytest.raises(AssertionError):
        check(StillShop(tmp_path / "impatient"))


def test_runs_that_die_as_they_submit_leave_no_operations_behind_that_fill_the_slots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dying(Memory):
        def remember(self, name: str, gid: str) -> None:
            if gid.startswith(bulk.GID_PREFIX):
                raise KeyboardInterrupt
            super().remember(name, gid)

    def check(shop: StillShop) -> None:
        memory = Dying()
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                shop.runner().run(QUERY, memory, since=NOW)
        later = Memory()
        later.known = memory.known
        assert shop.runner().run(QUERY, later, since=NOW).roots > 0
        assert shop.statuses() == ["COMPLETED"]

    check(StillShop(tmp_path / "ours"))
    monkeypatch.setattr(Memory, "recall", lambda self, name: None)
    with pytest.raises(AssertionError):
        check(StillShop(tmp_path / "forgetful"))


def test_the_order_of_lines_is_asked_for_and_not_left_to_the_default_of_a_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(shop: StillShop) -> None:
        argument = shop.sandbox.versions.api(VERSION).documents.published.mutation.fields["bulkOperationRunQuery"].args
        argument["groupObjects"].default_value = True
        shop.runner().run(QUERY, Memory(), since=NOW)
        assert [each.group_objects for each in shop.bulk.all()] == [False]

    check(StillShop(tmp_path / "ours"))
    asked = operation("BulkRun")
    silent = Operation(asked.name, asked.text.replace(", groupObjects: false", ""))
    monkeypatch.setattr(bulk, "operation", lambda name: silent if name == "BulkRun" else operation(name))
    with pytest.raises(AssertionError):
        check(StillShop(tmp_path / "silent"))

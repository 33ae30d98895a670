"""Trap 10: operations that never end, and clients that wait for one for ever, cancel in circles or adopt a dead one."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from shopify_pipeline.errors import TransientError
from shopify_pipeline.shopify.bulk import BulkRunner
from shopify_pipeline_tests.shopify.sandboxed import NOW
from shopify_pipeline_tests.traps.bulk_shop import QUERY, Memory, StillShop


def test_an_operation_that_stands_still_is_given_up_and_the_next_run_is_not_caught_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(shop: StillShop) -> None:
        shop.plant(kind="stuck", count=2)
        memory = Memory()
        with pytest.raises(TransientError):
            shop.runner().run(QUERY, memory, since=NOW)
        assert shop.clock.slept_seconds < 6 * 3600
        assert shop.statuses() == ["CANCELED", "CANCELED"], "a slot is still taken"
        assert memory.known == {}
        assert shop.runner().run(QUERY, memory, since=NOW).roots > 0

    check(StillShop(tmp_path / "ours"))
    monkeypatch.setitem(BulkRunner.__init__.__kwdefaults__, "stalled_seconds_max", math.inf)
    with pytest.raises(AssertionError):
        check(StillShop(tmp_path / "patient"))


def test_an_operation_that_is_still_busy_is_left_for_the_next_run_to_take_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(shop: StillShop) -> None:
        shop.resting = 40
        memory = Memory()
        runner = shop.runner()
        runner._stalled_seconds_max = math.inf
        with pytest.raises(TransientError, match="the next run takes it up"):
            runner.run(QUERY, memory, since=NOW)
        shop.resting = 0
        assert shop.runner().run(QUERY, memory, since=NOW).roots > 0
        assert len(shop.statuses()) == 1, "another operation was submitted beside the one that ran"

    check(StillShop(tmp_path / "ours"))
    monkeypatch.setattr(Memory, "recall", lambda self, name: None)
    with pytest.raises(AssertionError):
        check(StillShop(tmp_path / "forgetful"))

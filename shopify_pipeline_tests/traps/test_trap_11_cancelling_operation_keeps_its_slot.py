"""Trap 11: an operation that is being cancelled still takes one of the five slots, and a default changed with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from shopify_pipeline.errors import PipelineError
from shopify_pipeline.shopify import bulk
from shopify_pipeline.shopify.queries import operation
from shopify_pipeline_tests.traps.bulk_shop import QUERY, Memory, StillShop


def test_a_slot_is_waited_for_until_what_is_being_cancelled_has_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(shop: StillShop) -> None:
        others = [
            shop.bulk.submit(QUERY.text, group_objects=False, granted=shop.sandbox.tokens.scopes) for _ in range(5)
        ]
        for other in others:
            assert other.operation is not None
            shop.bulk.cancel(other.operation.gid)
        shop.resting, told = 3, list[str]()
        try:
            file = shop.runner(told.append).run(QUERY, Memory())
        except PipelineError as exc:
            raise AssertionError("it did not wait for its slot") from exc
        assert told[:4] == ["CustomersBulk: waiting for a free bulk slot"] * 4
        assert file.roots > 0
        assert shop.statuses() == ["CANCELED"] * 5 + ["COMPLETED"]

    check(StillShop(tmp_path / "ours"))
    monkeypatch.setattr(bulk, "_BUSY_CODES", frozenset[str]())
    with pytest.raises(AssertionError):
        check(StillShop(tmp_path / "impatient"))


def test_the_order_of_lines_is_asked_for_and_not_left_to_a_default() -> None:
    assert "groupObjects: false" in operation("BulkRun").text

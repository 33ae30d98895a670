"""Trap 9: Shopify fails an operation with INTERNAL_SERVER_ERROR, its slice is skipped, and the data is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shopify_pipeline.errors import TransientError
from shopify_pipeline.shopify.bulk import BulkMemory, BulkRunner
from shopify_pipeline.shopify.bulk_files import BulkFile
from shopify_pipeline.shopify.queries import Operation
from shopify_pipeline_tests.shopify.sandboxed import NOW
from shopify_pipeline_tests.steps.extracting import Bench, KeptLoads, contents
from shopify_pipeline_tests.traps.bulk_shop import bulk_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with bulk_bench(tmp_path) as made:
        yield made


def test_a_window_that_shopify_fails_is_read_whole_by_the_next_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = NOW - timedelta(days=20)
    bench.extract("orders", KeptLoads(cursor=cursor), bulk_threshold=1)
    whole = contents(bench.assembled("orders", 1))
    assert whole

    def check() -> None:
        bench.plant(bulk={"kind": "failed", "error_code": "INTERNAL_SERVER_ERROR", "share": 0.5, "count": 3})
        loads, before = KeptLoads(cursor=cursor), bench.asked()["BulkRun"]
        with suppress(TransientError):
            bench.extract("orders", loads, bulk_threshold=1)
        assert bench.asked()["BulkRun"] - before == 3
        assert (loads.cursor_at, loads.loads[0].state) == (cursor, "extracting")
        bench.extract("orders", loads, bulk_threshold=1)
        assert [load.state for load in loads.loads] == ["landed"]
        assert contents(bench.assembled("orders", 1)) == whole

    check()
    run = BulkRunner.run

    def skipping(self: BulkRunner, query: Operation, memory: BulkMemory, *, since: datetime) -> BulkFile:
        try:
            return run(self, query, memory, since=since)
        except TransientError:
            return BulkFile("gid://shopify/BulkOperation/0", query, None, 0, 0, 0)

    monkeypatch.setattr(BulkRunner, "run", skipping)
    with pytest.raises(AssertionError):
        check()

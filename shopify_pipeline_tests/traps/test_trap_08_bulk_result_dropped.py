"""Trap 8: a result that never came whole is dropped, the state moves on all the same, and the run is green."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from shopify_pipeline.errors import IncompleteError
from shopify_pipeline.shopify import bulk_files
from shopify_pipeline.shopify.bulk import BulkRunner
from shopify_pipeline.shopify.bulk_files import BulkFile
from shopify_pipeline.shopify.queries import Operation, operation
from shopify_pipeline_tests.steps.extracting import Bench, KeptLoads, contents
from shopify_pipeline_tests.traps.bulk_shop import bulk_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with bulk_bench(tmp_path) as made:
        yield made


def test_a_file_that_ends_too_early_is_never_taken_for_the_whole(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.extract("orders", KeptLoads(), bulk_threshold=1)
    whole = contents(bench.assembled("orders", 1))

    def check() -> None:
        bench.plant(bulk={"kind": "short_file", "share": 0.5, "count": 2})
        loads = KeptLoads()
        with suppress(IncompleteError):
            bench.extract("orders", loads, bulk_threshold=1)
        assert loads.loads[0].state == "extracting"
        bench.extract("orders", loads, bulk_threshold=1)
        assert loads.loads[0].state == "landed"
        assert contents(bench.assembled("orders", 1)) == whole

    check()

    def as_it_comes(file: BulkFile, session: object, **told: object) -> Iterator[bytes]:
        with session.download(str(file.url)) as download:  # type: ignore[attr-defined]
            yield from download.chunks

    monkeypatch.setattr(bulk_files, "chunks", as_it_comes)
    with pytest.raises(AssertionError):
        check()


def test_the_rows_of_a_cancelled_operation_are_not_taken_though_they_have_an_address(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check() -> None:
        bench.plant(bulk={"kind": "canceled", "share": 0.5})
        before = bench.asked()["BulkRun"]
        assert bench.extract("orders", KeptLoads(), bulk_threshold=1).roots == 30
        assert len(contents(bench.assembled("orders", 1))) == 30
        assert bench.asked()["BulkRun"] - before == 2

    check()
    awaited = BulkRunner._awaited

    def any_address(self: BulkRunner, query: Operation, gid: str) -> BulkFile:
        awaited(self, query, gid)
        found = self._api.execute(operation("BulkPoll"), {"id": gid}).data["bulkOperation"]
        size = len(requests.get(found["url"], verify=str(bench.shop.server.tls.ca), timeout=10).content)
        return BulkFile(gid, query, found["url"], size, int(found["objectCount"]), int(found["rootObjectCount"]))

    monkeypatch.setattr(BulkRunner, "_awaited", any_address)
    with pytest.raises(AssertionError):
        check()

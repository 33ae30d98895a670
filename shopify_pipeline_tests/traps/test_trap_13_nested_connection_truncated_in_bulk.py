"""Trap 13: a nested connection is silently cut off, in a bulk file as in a page: the first hundred of many more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopify_pipeline.shopify.bulk import BulkRunner
from shopify_pipeline.shopify.bulk_files import BulkFile
from shopify_pipeline_tests.steps.extracting import Bench, KeptLoads
from shopify_pipeline_tests.traps.bulk_shop import bulk_bench

LINES = 300
CUT_AT = 100


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with bulk_bench(tmp_path, orders=5) as made:
        made.shop.sandbox.store.advance(large_order=LINES)
        yield made


def test_every_line_of_a_large_order_comes_by_bulk_operation(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        bench.extract("orders", KeptLoads(), bulk_threshold=1)
        largest = max(bench.assembled("orders", 1).documents, key=lambda document: len(document.children))
        counts = Counter(child.node for child in largest.children)
        assert counts["LineItem"] == LINES
        assert counts["Sale"] >= LINES

    check()
    chunks = BulkRunner.chunks

    def first_hundred(self: BulkRunner, file: BulkFile) -> Iterator[bytes]:
        """The file as it would be if a page size inside the query were obeyed."""
        seen: Counter[bytes] = Counter()
        for line in b"".join(chunks(self, file)).splitlines(keepends=True):
            parent = line.partition(b'"__parentId":')[2]
            seen[parent] += 1
            if not parent or seen[parent] <= CUT_AT:
                yield line

    monkeypatch.setattr(BulkRunner, "chunks", first_hundred)
    with pytest.raises(AssertionError):
        check()

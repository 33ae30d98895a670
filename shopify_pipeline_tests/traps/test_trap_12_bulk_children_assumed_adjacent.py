"""Trap 12: children in a bulk file are taken for the last parent's; they may come anywhere after their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline.landing import Landing
from shopify_pipeline_tests.shopify.sandboxed import NOW
from shopify_pipeline_tests.steps.extracting import Bench, KeptLoads, contents
from shopify_pipeline_tests.traps.bulk_shop import bulk_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with bulk_bench(tmp_path) as made:
        yield made


def test_every_child_is_under_the_parent_it_names(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.extract("orders", KeptLoads(cursor=NOW), bulk_threshold=10**6, overlap_seconds=400 * 86_400)
    by_pages = contents(bench.assembled("orders", 1))
    assert len(by_pages) == 30

    def check() -> None:
        bench.extract("orders", KeptLoads(), bulk_threshold=1)
        assert contents(bench.assembled("orders", 1)) == by_pages

    check()
    lines = Landing.lines

    def under_the_last_parent(self: Landing, *where: Any) -> Iterator[bytes]:
        """Lines as a reader understands them that takes every child for the last root's."""
        root = ""
        for raw in lines(self, *where):
            line = json.loads(raw)
            if "__parentId" not in line:
                root = line["id"]
            elif "/Sale/" not in line["id"]:
                line["__parentId"] = root
            yield json.dumps(line).encode()

    monkeypatch.setattr(Landing, "lines", under_the_last_parent)
    with pytest.raises(AssertionError):
        check()

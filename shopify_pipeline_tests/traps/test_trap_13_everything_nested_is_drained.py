"""Traps 12 and 13 for what hangs on returns, fulfillment orders and gift cards: whole, and each with its own parent."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline.errors import IncompleteError
from shopify_pipeline.landing import Landing
from shopify_pipeline.schemas.records import Assembly
from shopify_pipeline.shopify import pages
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.shopify.answers import Answer
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.queries import Operation
from shopify_pipeline_tests.shopify.sandboxed import sandbox_shop
from shopify_pipeline_tests.steps.extracting import Bench, KeptLoads

#: Stream → GraphQL types of what is nested in its roots and must come of this shop.
NESTED = {
    "fulfillment_orders": {"FulfillmentOrderLineItem", "Fulfillment"},
    "gift_cards": {"GiftCardDebitTransaction", "GiftCardCreditTransaction"},
    "orders": {"Return", "ReturnLineItem", "ExchangeLineItem", "ReverseFulfillmentOrderLineItem"},
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("nested")
    with sandbox_shop(folder / "shop", orders=40, mix="full") as running:
        running.sandbox.tokens.set_scopes(least_privilege())
        running.sandbox.store.advance(happen={"use_gift_card": 2, "refund_to_gift_card": 1, "exchange_even": 1})
        yield Bench(running, Landing.at(folder / "landing"))


def families(assembly: Assembly, stream: str) -> dict[str, Counter[tuple[str, str | None, str | None]]]:
    """Root → type, gid and parent of what is nested in it."""
    assert assembly.orphans == []
    return {
        document.gid: Counter((c.node, c.gid, c.parent) for c in document.children if c.node in NESTED[stream])
        for document in assembly.documents
    }


def in_pages_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every nested connection go on after its first node."""
    execute = AdminApi.execute

    def shorter(self: AdminApi, document: Operation, variables: Mapping[str, object] | None = None) -> Answer:
        return execute(self, Operation(document.name, re.sub(r"\(first: \d+", "(first: 1", document.text)), variables)

    monkeypatch.setattr(AdminApi, "execute", shorter)


@pytest.mark.parametrize("stream", NESTED)
def test_nested_records_are_as_many_by_pages_of_one_as_by_bulk_operation_and_have_the_same_parents(
    stream: str, bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bench.landing = Landing.at(tmp_path)
    bench.extract(stream, KeptLoads(), bulk_threshold=1)
    by_bulk = families(bench.assembled(stream, 1), stream)
    assert {node for family in by_bulk.values() for node, _, _ in family} >= NESTED[stream]

    in_pages_of_one(monkeypatch)
    bench.landing = Landing.at(tmp_path / "pages")
    assert families(_read_by_pages(stream, bench), stream) == by_bulk

    monkeypatch.setattr(pages, "open_connections", lambda node, continued=None: iter(()))
    bench.landing = Landing.at(tmp_path / "cut")
    with pytest.raises(IncompleteError):
        _read_by_pages(stream, bench)


def _read_by_pages(stream: str, bench: Bench) -> Assembly:
    bench.extract(stream, KeptLoads(), bulk_threshold=10**6)
    return bench.assembled(stream, 1)


@pytest.mark.parametrize("stream", ["fulfillment_orders", "gift_cards"])
def test_children_of_a_bulk_file_belong_to_the_parent_they_name_wherever_they_stand(
    stream: str, bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bench.landing = Landing.at(tmp_path)
    bench.extract(stream, KeptLoads(), bulk_threshold=1)
    lines = Landing.lines

    def check() -> None:
        assert families(bench.assembled(stream, 1), stream) == as_written

    as_written = families(bench.assembled(stream, 1), stream)
    monkeypatch.setattr(Landing, "lines", lambda self, *where: reversed(list(lines(self, *where))))
    check()

    def under_the_last_root(self: Landing, *where: Any) -> Iterator[bytes]:
        """Lines as a reader understands them who takes a child for the last root's."""
        root = b""
        for raw in lines(self, *where):
            parent = re.search(rb'"__parentId":"([^"]+)"', raw)
            if parent is None:
                root = re.search(rb'"id":"([^"]+)"', raw)[1]  # type: ignore[index]
            yield raw if parent is None else raw.replace(parent[0], b'"__parentId":"%b"' % root)

    monkeypatch.setattr(Landing, "lines", under_the_last_root)
    with pytest.raises(AssertionError):
        check()

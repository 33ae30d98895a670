"""Trap 13: what is nested in a page ends where the page ends it, and nobody notices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from shopify_pipeline.errors import IncompleteError
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.schemas.records import Assembly, assemble
from shopify_pipeline.shopify import pages
from shopify_pipeline.shopify.pages import PageReader
from shopify_pipeline.shopify.queries import Operation
from shopify_pipeline.shopify.streams import READINGS
from shopify_pipeline.shopify.whole import check_lists, refunds_named
from shopify_pipeline.shopify.windows import Window
from shopify_pipeline_tests.shopify.sandboxed import NOW, SandboxShop, sandbox_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxShop]:
    with sandbox_shop(tmp_path_factory.mktemp("shop"), orders=120) as running:
        yield running


def read(shop: SandboxShop) -> Assembly:
    reader = PageReader(shop.api(), page_size=250, progress=lambda line: None)
    bodies = reader.window(READINGS["orders"].roots[0], Window(None, NOW), counted=120)
    return assemble(STREAMS["orders"], ((body.kind, (body.raw,)) for body in bodies))


def agreements(assembly: Assembly) -> int:
    return sum(child.node == "SalesAgreement" for document in assembly.documents for child in document.children)


def test_every_nested_connection_is_drained_or_the_load_does_not_count(
    shop: SandboxShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = Operation(
        "AtOnce", "query AtOnce { orders(first: 120) { nodes { agreements(first: 50) { nodes { id } } } } }"
    )
    orders = shop.api().execute(at_once).data["orders"]["nodes"]
    expected = sum(len(order["agreements"]["nodes"]) for order in orders)
    assert agreements(read(shop)) == expected

    monkeypatch.setattr(pages, "open_connections", lambda node, continued=None: iter(()))
    with pytest.raises(IncompleteError, match="was not read to its end"):
        read(shop)


def an_order(**lists: Any) -> dict[str, Any]:
    order = {
        "id": "gid://shopify/Order/1",
        "transactions": [{"id": "t1"}, {"id": "t2"}],
        "transactionsCount": {"count": 2},
        "fulfillments": [{"id": "f1"}],
        "fulfillmentsCount": {"count": 1},
        "refunds": [{"id": "r1"}],
        "agreements": {"nodes": [{"id": "a1"}, {"id": "a2", "refund": {"id": "r1"}}]},
    }
    return order | lists


def test_a_list_that_came_whole_is_accepted() -> None:
    check_lists(an_order(), refunds_named(an_order()))


@pytest.mark.parametrize("name", ["transactions", "fulfillments", "refunds"])
def test_a_list_cut_short_is_noticed_though_no_page_info_tells(name: str) -> None:
    order = an_order(**{name: an_order()[name][:-1]})
    with pytest.raises(IncompleteError, match=f"Order/1: .* came in the list {name}"):
        check_lists(order, refunds_named(order))

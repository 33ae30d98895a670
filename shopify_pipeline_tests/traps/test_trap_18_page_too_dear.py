"""Trap 18: a page that costs more than Shopify allows is asked for again unchanged, for ever."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopify_pipeline.errors import QueryCostError
from shopify_pipeline.shopify import pages
from shopify_pipeline.shopify.pages import PageReader
from shopify_pipeline.shopify.streams import READINGS
from shopify_pipeline.shopify.windows import Window
from shopify_pipeline_tests.shopify.sandboxed import NOW, SandboxShop, sandbox_shop
from shopify_sandbox.admin import answering as admin


@pytest.fixture
def dear_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxShop]:
    """A shop that allows a quarter of what Shopify does for one query."""
    monkeypatch.setattr(admin, "MAX_SINGLE_QUERY_POINTS", 400)
    with sandbox_shop(tmp_path / "shop", orders=40) as running:
        yield running


def orders_read(shop: SandboxShop) -> set[str]:
    reader = PageReader(shop.api(), page_size=250, progress=lambda line: None)
    return {
        node["id"]
        for body in reader.window(READINGS["orders"].roots[0], Window(None, NOW), counted=40)
        if body.kind == "page"
        for node in json.loads(body.raw)["data"]["orders"]["nodes"]
    }


def test_a_page_too_dear_is_halved_until_it_is_not(dear_shop: SandboxShop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(orders_read(dear_shop)) == 40

    monkeypatch.setattr(pages, "PAGE_SIZE_MIN", 250)
    with pytest.raises(QueryCostError, match="even a page of 250"):
        orders_read(dear_shop)

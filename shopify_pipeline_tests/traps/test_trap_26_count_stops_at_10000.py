"""Trap 26: ``…Count`` fields stop at 10,000 unless told otherwise, and look like the whole count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.pages import PageReader
from shopify_pipeline.shopify.streams import READINGS
from shopify_pipeline_tests.shopify.sandboxed import SandboxShop, sandbox_shop
from shopify_sandbox.admin.schema import load_schema

ORDERS = 12
CAP = 3
COUNTED = ("orders", "customers", "products")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxShop]:
    with sandbox_shop(tmp_path_factory.mktemp("store"), orders=ORDERS) as running:
        yield running


@pytest.fixture
def reader(store: SandboxShop, monkeypatch: pytest.MonkeyPatch) -> PageReader:
    """A reader of a store whose counts stop by default long before they do at Shopify."""
    for stream in COUNTED:
        count = load_schema("2026-10").query.fields[f"{stream}Count"]
        monkeypatch.setattr(count.args["limit"], "default_value", CAP)
    return PageReader(store.api(), page_size=50, progress=lambda line: None)


def test_a_count_goes_beyond_the_default_limit(reader: PageReader, monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        assert reader.count(READINGS["orders"].roots[0], None) == ORDERS

    check()
    sent = AdminApi.execute

    def without_limit(self: AdminApi, document: Any, variables: Mapping[str, object] | None = None) -> Any:
        return sent(self, document, {key: value for key, value in (variables or {}).items() if key != "limit"})

    monkeypatch.setattr(AdminApi, "execute", without_limit)
    with pytest.raises(AssertionError):
        check()


@pytest.mark.parametrize("stream", COUNTED)
def test_every_count_of_ours_says_where_to_stop(stream: str, reader: PageReader, store: SandboxShop) -> None:
    held = len(list(getattr(store.sandbox.store.state, stream)))
    assert held > CAP
    assert reader.count(READINGS[stream].roots[0], None) == held
    assert reader.count(READINGS[stream].roots[0], None, limit=2) == 2

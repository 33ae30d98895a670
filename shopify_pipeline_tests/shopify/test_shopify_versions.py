"""The client and Admin API versions: it takes answers of the version it asked for, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from shopify_pipeline.clock import SystemClock
from shopify_pipeline.errors import PermanentError
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.pages import PageReader
from shopify_pipeline.shopify.queries import operation
from shopify_pipeline.shopify.session import HttpSession
from shopify_pipeline.shopify.streams import READINGS
from shopify_pipeline.shopify.tokens import ClientCredentials
from shopify_pipeline.shopify.windows import Window
from shopify_pipeline_tests.shopify.sandboxed import CREDENTIALS, SHOP, SandboxShop, sandbox_shop

ORDERS = 12


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxShop]:
    with sandbox_shop(tmp_path_factory.mktemp("store"), orders=ORDERS) as running:
        yield running


def api_of(store: SandboxShop, version: str) -> AdminApi:
    """A client that asks for this version."""
    clock = SystemClock()
    session = HttpSession(allowed_hosts={"127.0.0.1"}, clock=clock, ca_file=store.server.tls.ca)
    tokens = ClientCredentials(
        endpoint=store.server.url,
        client_id=CREDENTIALS.client_id,
        client_secret=CREDENTIALS.client_secret,
        session=session,
        clock=clock,
    )
    return AdminApi(
        shop=SHOP,
        session=session,
        tokens=tokens,
        clock=clock,
        rng=Random(1),
        endpoint=store.server.url,
        api_version=version,
    )


def test_a_retired_version_is_refused_when_a_later_one_answers_for_it(store: SandboxShop) -> None:
    with pytest.raises(PermanentError, match=r"asked for Admin API 2025-10, 2026-07 answered"):
        api_of(store, "2025-10").execute(operation("ShopCheck"))


def test_a_version_that_is_not_out_yet_is_refused(store: SandboxShop) -> None:
    with pytest.raises(PermanentError, match="HTTP 404"):
        api_of(store, "2031-01").execute(operation("ShopCheck"))


@pytest.mark.parametrize("version", ["2026-07", "2026-10"])
def test_orders_are_read_whole_by_pages_of_either_version(store: SandboxShop, version: str) -> None:
    api = api_of(store, version)
    info = api.check_shop()
    reader = PageReader(api, page_size=5, progress=lambda line: None)
    window = Window(None, info.now)
    counted = reader.count(READINGS["orders"].roots[0], window.query)
    bodies = list(reader.window(READINGS["orders"].roots[0], window, counted=counted))
    assert counted == ORDERS
    assert sum(body.roots for body in bodies if body.operation == "OrdersPage") == ORDERS
    assert {body.api_version for body in bodies} == {version}

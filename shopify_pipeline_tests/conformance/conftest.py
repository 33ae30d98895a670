"""The stores of the conformance suite: a sandbox, or by one switch a real development store.

``SHOPIFY_CONFORMANCE_STORE`` (``….myshopify.com``) with ``SHOPIFY_CONFORMANCE_TOKEN_FILE`` turns the switch; cases that
must steer the store are then skipped, and every exchange is kept in ``build/conformance/<case>.json``.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
import requests

from shopify_pipeline_tests.conformance.asked import AskedStore, asked
from shopify_pipeline_tests.sandbox.serving import NOW, SHOP, Shop, make_world, served
from shopify_sandbox.oauth import LEAST_PRIVILEGE
from shopify_sandbox.store import Store
from shopify_sandbox.world.arguments import Arguments

STORE = os.environ.get("SHOPIFY_CONFORMANCE_STORE")
TOKEN_FILE = os.environ.get("SHOPIFY_CONFORMANCE_TOKEN_FILE")
CA_FILE = os.environ.get("SHOPIFY_CONFORMANCE_CA_FILE")
RECORDED = Path("build/conformance")
#: What reading credit and disputes needs beside the scopes of the pipeline's app.
MORE_SCOPES = (
    "read_gift_cards",
    "read_gift_card_transactions",
    "read_store_credit_accounts",
    "read_store_credit_account_transactions",
    "read_shopify_payments_disputes",
)
#: What is sure to have happened in the full sandbox shop, twice each, beside what its history holds.
HAPPENED = (
    "return",
    "return_without_refund",
    "exchange_even",
    "exchange_down",
    "request_return",
    "inspect_return",
    "place_foreign_currency",
    "place_gift_card_sold",
    "issue_gift_card",
    "use_gift_card",
    "grant_store_credit",
    "use_store_credit",
    "order_metafield",
    "place_order_on_terms",
    "refund_unpaid",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if STORE:
        for item in items:
            if item.get_closest_marker("steered"):
                item.add_marker(pytest.mark.skip(reason="steers the store, which only the sandbox allows"))


@pytest.fixture(scope="session")
def _sandbox_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop | None]:
    if STORE:
        yield None
        return
    state = tmp_path_factory.mktemp("conformance")
    make_world(state, orders=300)
    with served(state) as running:
        yield running


@pytest.fixture(scope="session")
def _full_sandbox_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop | None]:
    if STORE:
        yield None
        return
    state = tmp_path_factory.mktemp("conformance-full")
    store = Store.create(state, Arguments(seed=8, orders=120, days=45, now=NOW, shop=SHOP, mix="full"))
    for name in HAPPENED:
        store.advance(happen={name: 2})
    with served(state) as running:
        running.sandbox.tokens.set_scopes([*LEAST_PRIVILEGE, *MORE_SCOPES])
        running.log_in()
        running.control("PUT", "settings", {"plan": "enterprise"})
        yield running


@pytest.fixture
def store(request: pytest.FixtureRequest, _sandbox_shop: Shop | None) -> Iterator[AskedStore]:
    """The store a case asks; it must be left as it was found."""
    yield from _asked(request, _sandbox_shop)


@pytest.fixture
def full_store(request: pytest.FixtureRequest, _full_sandbox_shop: Shop | None) -> Iterator[AskedStore]:
    """A store like ``store`` in which everything has happened: returns, exchanges, credit, payouts, metafields.

    A development store may lack some of it: its cases say so by ``needed``.
    """
    yield from _asked(request, _full_sandbox_shop)


def _asked(request: pytest.FixtureRequest, sandbox_shop: Shop | None) -> Iterator[AskedStore]:
    if sandbox_shop is not None:
        yield asked(sandbox_shop)
        return
    with requests.Session() as session:
        session.trust_env = False
        session.verify = CA_FILE or True
        real = AskedStore(f"https://{STORE}", session, Path(str(TOKEN_FILE)).read_text().strip())
        yield real
    RECORDED.mkdir(parents=True, exist_ok=True)
    exchanges = [asdict(each) for each in real.exchanges]
    (RECORDED / f"{request.node.name}.json").write_text(json.dumps(exchanges, indent=1) + "\n")


@pytest.fixture(scope="session")
def _small_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    state = tmp_path_factory.mktemp("conformance-small")
    make_world(state, orders=40)
    return state


@pytest.fixture
def own_shop(tmp_path: Path, _small_world: Path) -> Iterator[Shop]:
    """A served sandbox of 40 orders that belongs to one steered case; ``asked(own_shop)`` is the store of it."""
    shutil.copytree(_small_world, tmp_path / "state")
    with served(tmp_path / "state") as running:
        yield running


@pytest.fixture
def still_shop(tmp_path: Path, _small_world: Path) -> Iterator[Shop]:
    """A shop like ``own_shop`` whose bucket gets nothing back, because real time stands still for it."""
    shutil.copytree(_small_world, tmp_path / "state")
    with served(tmp_path / "state", monotonic=lambda: 0.0) as running:
        yield running

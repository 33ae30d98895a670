"""The two back offices a contract test runs on: a real Tryton server over HTTP, and the journal file."""

from __future__ import annotations

import base64
import importlib.util
import itertools
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from shopify_pipeline.backoffice.contract import CompanyCodes
from shopify_pipeline.backoffice.journal import Chart, JournalBackOffice
from shopify_pipeline.backoffice.tryton import TrytonBackOffice
from shopify_pipeline.clock import SystemClock
from shopify_pipeline.local.tryton import DATABASE, USER, TrytonServer
from shopify_pipeline_tests.backoffice.builders import CODES

_shops = itertools.count(1)


def company_plan() -> dict[str, Any]:
    """What the template's company was built from."""
    spec = importlib.util.find_spec("tryton_shopify")
    assert spec is not None
    assert spec.origin is not None
    plan: dict[str, Any] = tomllib.loads((Path(spec.origin).parent / "company.toml").read_text())
    return plan


@pytest.fixture(scope="session")
def tryton_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrytonServer]:
    """One server for all tests; each test has a shop of its own in it."""
    server = TrytonServer(tmp_path_factory.mktemp("tryton"))
    server.start(print)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def tryton(tryton_server: TrytonServer) -> Iterator[TrytonBackOffice]:
    """The adapter to the server, with a session of its own."""
    with requests.Session() as session:
        yield TrytonBackOffice(
            tryton_server.url, DATABASE, USER, tryton_server.password, session=session, clock=SystemClock()
        )


@pytest.fixture
def as_admin(tryton_server: TrytonServer) -> Iterator[Callable[..., Any]]:
    """Call any RPC method as the administrator: what a person does in the back office's own client."""
    password = (tryton_server.home / "admin-password").read_text()
    with requests.Session() as session:

        def call(method: str, *params: object) -> Any:
            body = {"id": 1, "method": method, "params": [*params, {}] if method.startswith("model.") else [*params]}
            answer = session.post(f"{tryton_server.url}/{DATABASE}/rpc/", json=body, timeout=60)
            answer.raise_for_status()
            assert "error" not in answer.json(), answer.text
            return answer.json()["result"]

        user_id, token = call("common.db.login", "admin", {"password": password})[:2]
        credentials = base64.b64encode(f"admin:{user_id}:{token}".encode()).decode()
        session.headers["Authorization"] = f"Session {credentials}"
        yield call


@pytest.fixture
def journal(tmp_path: Path) -> JournalBackOffice:
    """A journal that knows the same codes as the server's company."""
    plan = company_plan()
    chart = Chart(
        currency="USD",
        receivable=plan["receivable"]["code"],
        accounts=frozenset(account["code"] for account in plan["accounts"]),
        taxes={tax["name"]: tax.get("account", plan["tax_account"]["code"]) for tax in plan["taxes"]},
        locations=frozenset(warehouse["code"] for warehouse in plan["warehouses"]),
    )
    return JournalBackOffice(tmp_path / "journal.jsonl", chart)


@pytest.fixture
def codes() -> CompanyCodes:
    """What both of them have."""
    return CODES


@pytest.fixture
def shop() -> str:
    """A shop nobody else uses."""
    return f"shop-{next(_shops)}.myshopify.com"

"""A served sandbox and a plain client, for tests that speak HTTPS to it.

Belongs here: starting, stopping, asking. What the answers should be is said in the tests.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from shopify_sandbox.http.server import SandboxServer
from shopify_sandbox.sandbox import Credentials, Sandbox
from shopify_sandbox.state import CONTROL_KEY_HEADER
from shopify_sandbox.store import Store
from shopify_sandbox.world.arguments import Arguments

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SHOP = "sandbox-usd.myshopify.com"
CREDENTIALS = Credentials("client", "secret", "control-key")
WAIT_SECONDS = 20


@dataclass
class Shop:
    """A running server with a client that trusts it and holds a token."""

    server: SandboxServer
    session: requests.Session

    @property
    def sandbox(self) -> Sandbox:
        return self.server.sandbox

    def post(self, query: str, variables: dict[str, Any] | None = None, **more: Any) -> requests.Response:
        body = {"query": query, "variables": variables or {}}
        return self.session.post(f"{self.server.url}/admin/api/2026-10/graphql.json", json=body, timeout=30, **more)

    def ask(self, text: str, /, **variables: Any) -> dict[str, Any]:
        """Give the whole answer of one GraphQL request."""
        answer: dict[str, Any] = self.post(text, variables).json()
        return answer

    def data(self, text: str, /, **variables: Any) -> dict[str, Any]:
        """Give the data of a request that must succeed."""
        answer = self.ask(text, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def control(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.session.request(
            method,
            f"{self.server.url}/__sandbox/{path}",
            json=body,
            headers={CONTROL_KEY_HEADER: CREDENTIALS.control_key},
            timeout=30,
        )

    def token(self, **change: str) -> requests.Response:
        body = {
            "client_id": CREDENTIALS.client_id,
            "client_secret": CREDENTIALS.client_secret,
            "grant_type": "client_credentials",
            **change,
        }
        return self.session.post(f"{self.server.url}/admin/oauth/access_token", json=body, timeout=30)

    def log_in(self) -> None:
        self.session.headers["X-Shopify-Access-Token"] = self.token().json()["access_token"]


def make_world(state: Path, orders: int) -> None:
    Store.create(state, Arguments(seed=11, orders=orders, days=30, now=NOW, shop=SHOP))


@contextmanager
def served(state: Path, monotonic: Callable[[], float] = time.monotonic) -> Iterator[Shop]:
    """Serve the world of a directory and log in."""
    server = SandboxServer(Sandbox(state, Store.open(state), CREDENTIALS, monotonic=monotonic))
    server.start()
    session = requests.Session()
    session.trust_env = False
    session.verify = str(server.tls.ca)
    shop = Shop(server, session)
    try:
        shop.log_in()
        yield shop
    finally:
        session.close()
        server.stop()

"""A served sandbox shop and a client of it, for tests that need a whole store behind the API.

Here: starting it and building the client. What is read from it is said in the tests.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from shopify_pipeline.clock import SystemClock
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.session import HttpSession
from shopify_pipeline.shopify.tokens import ClientCredentials
from shopify_sandbox.admin.throttle import Bucket
from shopify_sandbox.http.server import SandboxServer
from shopify_sandbox.sandbox import Credentials, Sandbox
from shopify_sandbox.store import Store
from shopify_sandbox.world.arguments import Arguments

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SHOP = "sandbox-usd.myshopify.com"
CREDENTIALS = Credentials("client", "secret", "control-key")


@dataclass
class SandboxShop:
    """A running sandbox."""

    server: SandboxServer

    @property
    def sandbox(self) -> Sandbox:
        return self.server.sandbox

    def api(self) -> AdminApi:
        """A client of its own, with a fresh session and an empty memory."""
        clock = SystemClock()
        session = HttpSession(allowed_hosts={"127.0.0.1"}, clock=clock, ca_file=self.server.tls.ca)
        tokens = ClientCredentials(
            endpoint=self.server.url,
            client_id=CREDENTIALS.client_id,
            client_secret=CREDENTIALS.client_secret,
            session=session,
            clock=clock,
        )
        return AdminApi(shop=SHOP, session=session, tokens=tokens, clock=clock, rng=Random(1), endpoint=self.server.url)


@contextmanager
def sandbox_shop(
    state: Path,
    *,
    orders: int,
    domain: str = SHOP,
    seed: int = 11,
    days: int = 30,
    mix: str = "plain",
    profile: str = "usd",
    variants: Mapping[str, str] | None = None,
) -> Iterator[SandboxShop]:
    """Make a world in this directory and serve it."""
    arguments = Arguments(
        seed=seed, orders=orders, days=days, now=NOW, shop=domain, profile=profile, mix=mix, variants=variants or {}
    )
    store = Store.create(state, arguments)
    # Refilled a thousand times faster: what is tested here is reading, pacing has tests on a clock of its own.
    sandbox = Sandbox(state, store, CREDENTIALS, bucket=Bucket(time.monotonic, restore_per_second=100_000))
    server = SandboxServer(sandbox)
    server.start()
    try:
        yield SandboxShop(server)
    finally:
        server.stop()

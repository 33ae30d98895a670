"""A sandbox shop, a receiver it delivers to, and the pipeline of that shop, on one warehouse.

Here: putting them together. What travels between them is said in the tests.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shopify_pipeline.clock import SystemClock
from shopify_pipeline.config import Settings
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline.warehouse.inbox import PostgresInbox
from shopify_pipeline.webhooks.receiver import build_app
from shopify_pipeline_tests.shopify.sandboxed import CREDENTIALS, SHOP, SandboxShop, sandbox_shop
from shopify_pipeline_tests.webhooks.deliveries import serving

WAIT_SECONDS = 20


@dataclass
class HintedShop:
    """One shop that tells one receiver.

    Attributes:
        said: What the pipeline reported, in order.
    """

    store: SandboxShop
    settings: Settings
    said: list[str] = field(default_factory=list)

    @property
    def dsn(self) -> str:
        return self.settings.warehouse.dsn.get_secret_value()

    def pipeline(self) -> Pipeline:
        return Pipeline(self.settings, SHOP, progress=self.said.append)

    def sync(self) -> None:
        """Read everything that is new, and close the hints that came before."""
        for stream in STREAMS:
            self.pipeline().extract(stream)
            self.pipeline().load(stream)
        self.pipeline().handle_hints()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with connect(self.dsn) as conn:
            return conn.execute(query).fetchall()  # type: ignore[arg-type]

    def attempts(self) -> list[dict[str, Any]]:
        """Attempts the shop has made so far, and what it lost."""
        return self.store.sandbox.deliveries.read()

    def wait_for(self, is_reached: Callable[[], bool]) -> None:
        """Let deliveries go on until something is so."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not is_reached():
            assert time.monotonic() < deadline, "nothing more was delivered"
            threading.Event().wait(0.02)


@contextmanager
def hinted_shop(
    home: Path, dsn: str, *, orders: int = 8, settings: Mapping[str, Any] | None = None, **world: Any
) -> Iterator[HintedShop]:
    """Serve a shop and a receiver; the shop is subscribed to nothing yet.

    Args:
        settings: More settings of the shop.
        world: More about the shop, as ``sandbox_shop`` takes it.
    """
    with sandbox_shop(home / "store", orders=orders, **world) as store, PostgresInbox(dsn) as inbox:
        app = build_app({SHOP: [CREDENTIALS.client_secret.encode()]}, inbox, clock=SystemClock())
        with serving(app) as address:
            shop = {
                "domain": SHOP,
                "endpoint": store.server.url,
                "ca_file": store.server.tls.ca,
                "client_id": CREDENTIALS.client_id,
                "client_secret": CREDENTIALS.client_secret,
                "time_zone": "America/New_York",
                "webhook_uri": f"{address}/webhooks",
                **(settings or {}),
            }
            try:
                yield HintedShop(store, Settings(home=home, warehouse={"dsn": dsn}, shops={"one": shop}))
            finally:
                # Before the receiver goes: what is still to be delivered would be tried again and again.
                store.sandbox.webhooks.stop()

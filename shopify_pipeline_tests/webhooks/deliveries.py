"""The receiver on a real server, and deliveries as Shopify makes them.

Here: signing, serving, and an inbox that only remembers. What the receiver should do is said in the tests.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

import uvicorn
from starlette.applications import Starlette

from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.warehouse.inbox import Hint
from shopify_pipeline.webhooks.receiver import Inbox, build_app

SHOP, OTHER_SHOP = "outfitters.myshopify.com", "second.myshopify.com"
OLD_SECRET, SECRET, OTHER_SECRET = b"old-secret", b"client-secret", b"other-client-secret"
NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
BODY = b'{"id": 1, "note": "caf\xc3\xa9"}'
BODY_BYTES_MAX = 1000


def signature(body: bytes, secret: bytes = SECRET) -> str:
    return base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()


def a_delivery(body: bytes = BODY, *, changed: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Headers of a delivery as Shopify sends them; ``None`` leaves one out."""
    headers: dict[str, str | None] = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": "orders/updated",
        "X-Shopify-Hmac-Sha256": signature(body),
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-API-Version": "2026-10",
        "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "X-Shopify-Event-Id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
        "X-Shopify-Triggered-At": "2026-11-01T11:59:58.123Z",
    }
    return {name: value for name, value in (headers | dict(changed or {})).items() if value is not None}


@contextmanager
def serving(app: Starlette, *, connections_max: int | None = None) -> Iterator[str]:
    """The application on a real server; yields its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="critical", lifespan="off", limit_concurrency=connections_max)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        # Connections made from here on wait in the backlog until the server accepts them.
        listening.listen()
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


class ListInbox:
    """An inbox for tests about what never reaches it."""

    def __init__(self) -> None:
        self.kept: list[Hint] = []

    def store(self, hints: Sequence[Hint]) -> None:
        self.kept.extend(hints)


def receiver(inbox: Inbox) -> AbstractContextManager[str]:
    secrets = {SHOP: [OLD_SECRET, SECRET], OTHER_SHOP: [OTHER_SECRET]}
    return serving(build_app(secrets, inbox, clock=SimulatedClock(NOW), body_bytes_max=BODY_BYTES_MAX))

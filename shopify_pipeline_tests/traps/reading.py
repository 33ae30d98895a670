"""What the traps of reading by pages share: the orders our client reads, and the orders that were there to be read.

Here: both sides. The second is taken from the store's own records, not from its API.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from shopify_pipeline.shopify import client
from shopify_pipeline.shopify.answers import Answer, read_answer
from shopify_pipeline.shopify.pages import PageReader
from shopify_pipeline.shopify.streams import READINGS
from shopify_pipeline.shopify.windows import Window
from shopify_pipeline_tests.shopify.sandboxed import SandboxShop


def orders_between(shop: SandboxShop, since: datetime, until: datetime) -> Counter[str]:
    """How often each order is read in a window, both ends inclusive."""
    reader = PageReader(shop.api(), page_size=50, progress=lambda line: None)
    window = Window(since, until)
    bodies = reader.window(READINGS["orders"].roots[0], window, counted=0)
    pages = [json.loads(body.raw)["data"]["orders"]["nodes"] for body in bodies if body.kind == "page"]
    return Counter(node["name"] for nodes in pages for node in nodes)


def orders_changed_between(shop: SandboxShop, since: datetime, until: datetime) -> Counter[str]:
    """The orders whose last change lies in a window, by the store's own records."""
    held = shop.sandbox.store.state.orders.values()
    return Counter(order.name for order in held if since <= order.updated_at <= until)


def believe_ignored_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the client overlook Shopify's warning that it ignored a filter."""

    def believing(reply: Any, envelope: Any, *rest: Any) -> Answer:
        extensions = {name: told for name, told in envelope["extensions"].items() if name != "search"}
        return read_answer(reply, {**envelope, "extensions": extensions}, *rest)

    monkeypatch.setattr(client, "read_answer", believing)

"""Roots to ask for by id: a webhook says they are gone, or something they name is. A hint is never data.

Here: from hints and from what waits to be read again, to gids. Not here: asking (``extract_roots``) and marking
(``warehouse/tombstones.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from shopify_pipeline.warehouse import inbox
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline.warehouse.tombstones import gone_with, to_read_again

#: Topic → stream and GraphQL type of what it says is deleted. Nothing tells of a customer merged into another without a
#: scope that no query of ours needs: the next sweeps find it.
DELETED = {
    "orders/delete": ("orders", "Order"),
    "customers/delete": ("customers", "Customer"),
    "products/delete": ("products", "Product"),
}
#: Roots read again in one load; the others wait for the next.
READ_AGAIN_MAX = 2_000


def to_ask_for(conn: Connection, shop: str, stream: str) -> list[str]:
    """Gids of roots of this stream to be read by id before its next window; sorted, each once.

    They are what open hints say is gone, what went with that, and what names something that is gone: Shopify moves no
    stamp for any of these.
    """
    gids = set(to_read_again(conn, shop, stream, READ_AGAIN_MAX))
    for topic, (its_stream, node) in DELETED.items():
        numbers = [number for _, body in inbox.told(conn, shop, [topic]) if (number := _number(body)) is not None]
        if not numbers:
            continue
        if its_stream == stream:
            gids |= {f"gid://shopify/{node}/{number}" for number in numbers}
        gids |= set(gone_with(conn, shop, topic, stream, numbers))
    return sorted(gids)


def _number(body: bytes) -> int | None:
    """The id a hint names; one that names none says nothing, and the next sweeps find what it meant."""
    for content in _decoded(body):
        if isinstance(content, dict) and isinstance(content.get("id"), int):
            number: int = content["id"]
            return number
    return None


def _decoded(body: bytes) -> Iterator[Any]:
    try:
        yield msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return

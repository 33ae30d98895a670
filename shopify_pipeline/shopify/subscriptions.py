"""Webhook subscriptions: making sure the shop sends the hints we want.

Here: asking for them. Not here: receiving them (``webhooks/``). A subscription can vanish: Shopify deletes it after
eight failures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shopify_pipeline.errors import PermanentError
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.queries import operation

#: Topics that say a stream has changed, as webhook headers write them.
TOPICS = ("orders/updated", "customers/update", "products/update", "inventory_levels/update")


@dataclass(frozen=True)
class Subscriptions:
    """Which topics were subscribed to now, and which already were."""

    created: tuple[str, ...]
    kept: tuple[str, ...]


def ensure_subscriptions(api: AdminApi, uri: str, topics: Sequence[str] = TOPICS) -> Subscriptions:
    """Subscribe ``uri`` to every topic it does not get yet; repeating it changes nothing.

    Args:
        uri: Public https address of the receiver.

    Raises:
        PermanentError: Shopify does not accept the address or a topic.
    """
    present = _present(api, uri)
    created = tuple(topic for topic in topics if _enum(topic) not in present)
    for topic in created:
        payload = api.execute(operation("Subscribe"), {"topic": _enum(topic), "uri": uri}).data[
            "webhookSubscriptionCreate"
        ]
        if payload["userErrors"]:
            raise PermanentError(f"Shopify refuses to send {topic}: {payload['userErrors'][0]['message'][:200]}")
    return Subscriptions(created=created, kept=tuple(topic for topic in topics if topic not in created))


def _present(api: AdminApi, uri: str) -> set[str]:
    found: set[str] = set()
    after: str | None = None
    while True:
        variables = {"first": 100, "after": after, "uri": uri}
        connection = api.execute(operation("Subscriptions"), variables).data["webhookSubscriptions"]
        found |= {node["topic"] for node in connection["nodes"] if node["uri"] == uri}
        if not connection["pageInfo"]["hasNextPage"]:
            return found
        after = connection["pageInfo"]["endCursor"]


def _enum(topic: str) -> str:
    return topic.replace("/", "_").upper()

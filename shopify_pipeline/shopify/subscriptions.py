"""Webhook subscriptions: making sure the shop sends the hints we want, and no others, to our address.

Here: asking for them. Not here: receiving them (``webhooks/``). A subscription can vanish: Shopify deletes it without a
word after eight consecutive failures.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from shopify_pipeline.errors import PermanentError
from shopify_pipeline.shopify.answers import Answer
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.pages import next_cursor
from shopify_pipeline.shopify.queries import operation

#: Topics that say something has changed which every shop lets us read, as webhook headers write them, and the one that
#: says a bulk file is ready. New records have topics of their own: nobody promises that they are told as updates, too.
#: Fulfillments are told by ``orders/updated``, and merged customers by nothing: their own topics need scopes that no
#: query of ours does. The compliance topics (``customers/redact`` …) cannot be asked for here: the app's own
#: configuration names their address.
#: Scopes by topic: https://shopify.dev/docs/api/admin-graphql/2026-10/enums/WebhookSubscriptionTopic.
TOPICS = (
    "orders/create",
    "orders/updated",
    "orders/delete",
    "refunds/create",
    "returns/request",
    "returns/approve",
    "returns/decline",
    "returns/cancel",
    "returns/close",
    "returns/reopen",
    "reverse_fulfillment_orders/dispose",
    "tender_transactions/create",
    "customers/create",
    "customers/update",
    "customers/delete",
    "products/create",
    "products/update",
    "products/delete",
    "inventory_items/update",
    "inventory_levels/connect",
    "inventory_levels/update",
    "inventory_levels/disconnect",
    "bulk_operations/finish",
)
#: Stream not every shop grants → topics that need the very scopes it does. What else moves a fulfillment order moves
#: its stamp, and the watermark shows it; gift cards, store credit and payouts have no topics.
TOPICS_OF_STREAMS = {
    "fulfillment_orders": (
        "fulfillment_orders/order_routing_complete",
        "fulfillment_orders/placed_on_hold",
        "fulfillment_orders/hold_released",
        "fulfillment_orders/scheduled_fulfillment_order_ready",
        "fulfillment_orders/rescheduled",
        "fulfillment_orders/moved",
        "fulfillment_orders/split",
        "fulfillment_orders/cancelled",
    ),
    "payouts": ("disputes/create", "disputes/update"),
}

PAGE_SIZE = 100


@dataclass(frozen=True)
class Subscriptions:
    """What was done about the topics of one address.

    Attributes:
        created: Subscribed to now.
        kept: Were subscribed to.
        removed: Were subscribed to and are not wanted any more.
    """

    created: tuple[str, ...]
    kept: tuple[str, ...]
    removed: tuple[str, ...]


def topics_of(streams: Collection[str]) -> tuple[str, ...]:
    """The topics to ask a shop for that lets these streams be read."""
    granted = (topics for stream, topics in TOPICS_OF_STREAMS.items() if stream in streams)
    return (*TOPICS, *(topic for topics in granted for topic in topics))


def ensure_subscriptions(api: AdminApi, uri: str, topics: Sequence[str]) -> Subscriptions:
    """Let ``uri`` get exactly these topics, each once; repeating it changes nothing. Other addresses are left alone.

    Args:
        uri: Public https address of the receiver.
        topics: As webhook headers write them; a topic whose scope the shop does not grant is refused.

    Raises:
        PermanentError: Shopify does not accept the address or a topic.
        IncompleteError: What is subscribed to cannot be listed to its end; nothing was changed.
    """
    by_enum = {_enum(topic): topic for topic in topics}
    present: set[str] = set()
    removed: list[str] = []
    for node in list(_held(api, uri)):
        if node["topic"] in by_enum and node["topic"] not in present:
            present.add(node["topic"])
        else:
            _unsubscribe(api, uri, node)
            removed.append(node["topic"])
    created = tuple(topic for enum, topic in by_enum.items() if enum not in present)
    for topic in created:
        _subscribe(api, uri, topic)
    kept = tuple(topic for topic in topics if topic not in created)
    return Subscriptions(created=created, kept=kept, removed=tuple(removed))


def _subscribe(api: AdminApi, uri: str, topic: str) -> None:
    def found() -> bool | None:
        return any(node["topic"] == _enum(topic) for node in _held(api, uri)) or None

    answer = api.execute_once(operation("Subscribe"), {"topic": _enum(topic), "uri": uri}, found)
    _accepted(api, answer, "webhookSubscriptionCreate", topic)


def _unsubscribe(api: AdminApi, uri: str, subscription: dict[str, Any]) -> None:
    def gone() -> bool | None:
        return all(node["id"] != subscription["id"] for node in _held(api, uri)) or None

    answer = api.execute_once(operation("Unsubscribe"), {"id": subscription["id"]}, gone)
    _accepted(api, answer, "webhookSubscriptionDelete", subscription["topic"])


def _accepted(api: AdminApi, answer: Answer | bool, field: str, topic: str) -> None:
    errors = answer.data[field]["userErrors"] if isinstance(answer, Answer) else []
    if errors:
        raise PermanentError(f"{api.shop}: Shopify refuses {field} of {topic}: {errors[0]['message'][:200]}")


def _held(api: AdminApi, uri: str) -> Iterator[dict[str, Any]]:
    """Subscriptions of this address."""
    after: str | None = None
    while True:
        variables = {"first": PAGE_SIZE, "after": after, "uri": uri}
        connection = api.execute(operation("Subscriptions"), variables).data["webhookSubscriptions"]
        yield from (node for node in connection["nodes"] if node["uri"] == uri)
        after = next_cursor("Subscriptions", connection, after)
        if after is None:
            return


def _enum(topic: str) -> str:
    return topic.replace("/", "_").upper()

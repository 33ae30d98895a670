"""The GraphQL view of webhook subscriptions: types, root field, mutations, connection.

Belongs here: how a subscription is shown and which method a field calls. What the methods do is in
``subscriptions.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shopify_sandbox.admin.model import PlatformRoot, Resolver
from shopify_sandbox.webhooks.subscriptions import HttpEndpoint, Subscription, Webhooks


@dataclass(frozen=True)
class ApiVersion:
    """The version payloads are written in."""

    GRAPHQL_TYPE = "ApiVersion"
    handle: str


def resolvers() -> dict[str, dict[str, Resolver]]:
    """Give the GraphQL view of webhook subscriptions, by type and field."""
    return {
        "WebhookSubscription": {
            "id": lambda store, record, arguments: record.gid,
            "legacyResourceId": lambda store, record, arguments: str(record.number),
            "topic": lambda store, record, arguments: record.topic,
            "uri": lambda store, record, arguments: record.uri,
            "callbackUrl": lambda store, record, arguments: record.uri,
            "endpoint": lambda store, record, arguments: HttpEndpoint(record.uri),
            "apiVersion": lambda store, record, arguments: ApiVersion(record.api_version),
            "format": lambda store, record, arguments: "JSON",
            "includeFields": lambda store, record, arguments: list(record.include_fields),
            "metafieldNamespaces": lambda store, record, arguments: [],
            "name": lambda store, record, arguments: record.name,
            "filter": lambda store, record, arguments: None,
            "createdAt": lambda store, record, arguments: record.created_at,
            "updatedAt": lambda store, record, arguments: record.updated_at or record.created_at,
        },
        "ApiVersion": {
            "handle": lambda store, record, arguments: record.handle,
            "supported": lambda store, record, arguments: True,
        },
        "WebhookHttpEndpoint": {"callbackUrl": lambda store, record, arguments: record.uri},
        "WebhookSubscriptionCreatePayload": {
            "webhookSubscription": lambda store, record, arguments: record.subscription,
            "userErrors": lambda store, record, arguments: record.errors,
        },
        "WebhookSubscriptionUpdatePayload": {
            "webhookSubscription": lambda store, record, arguments: record.subscription,
            "userErrors": lambda store, record, arguments: record.errors,
        },
        "WebhookSubscriptionDeletePayload": {
            "deletedWebhookSubscriptionId": lambda store, record, arguments: record.deleted,
            "userErrors": lambda store, record, arguments: record.errors,
        },
    }


def is_shown(record: Subscription, arguments: Mapping[str, Any]) -> bool:
    """Whether the connection shows a subscription under its own arguments: topics, address, format."""
    topics = arguments.get("topics")
    addresses = [arguments[name] for name in ("uri", "callbackUrl") if arguments.get(name)]
    return (
        (not topics or record.topic in topics)
        and all(address == record.uri for address in addresses)
        and arguments.get("format", "JSON") in ("JSON", None)
    )


def objects(webhooks: Webhooks) -> dict[str, Resolver]:
    return {"webhookSubscription": lambda store, execution, arguments: webhooks.find(arguments["id"])}


def mutations(webhooks: Webhooks) -> dict[str, Resolver]:
    """Give the mutations on webhook subscriptions."""
    return {
        "webhookSubscriptionCreate": lambda store, execution, arguments: webhooks.subscribe(
            arguments["topic"], arguments["webhookSubscription"]
        ),
        "webhookSubscriptionUpdate": lambda store, execution, arguments: webhooks.update(
            arguments["id"], arguments["webhookSubscription"]
        ),
        "webhookSubscriptionDelete": lambda store, execution, arguments: webhooks.unsubscribe(arguments["id"]),
    }


def root(webhooks: Webhooks) -> PlatformRoot:
    """Give the ``webhookSubscriptions`` connection."""
    return PlatformRoot(
        type="WebhookSubscription",
        records=lambda store: webhooks.subscriptions(),
        default_sort="CREATED_AT",
        sort_keys={
            "CREATED_AT": lambda record: datetime.fromisoformat(record.created_at),
            "ID": lambda record: record.number,
        },
        filters={
            "id": ("id", lambda record: record.number),
            "created_at": ("time", lambda record: datetime.fromisoformat(record.created_at)),
            "updated_at": ("time", lambda record: datetime.fromisoformat(record.created_at)),
        },
    )

"""The GraphQL view of webhook subscriptions: types, root field, mutations, connection.

Belongs here: how a subscription is shown and which method a field calls. What the methods do is in ``webhooks.py``.
"""

from datetime import datetime

from shopify_sandbox.model import PlatformRoot, Resolver
from shopify_sandbox.webhooks import HttpEndpoint, Webhooks


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
            "format": lambda store, record, arguments: "JSON",
            "includeFields": lambda store, record, arguments: [],
            "metafieldNamespaces": lambda store, record, arguments: [],
            "createdAt": lambda store, record, arguments: record.created_at,
            "updatedAt": lambda store, record, arguments: record.created_at,
        },
        "WebhookHttpEndpoint": {"callbackUrl": lambda store, record, arguments: record.uri},
        "WebhookSubscriptionCreatePayload": {
            "webhookSubscription": lambda store, record, arguments: record.subscription,
            "userErrors": lambda store, record, arguments: record.errors,
        },
        "WebhookSubscriptionDeletePayload": {
            "deletedWebhookSubscriptionId": lambda store, record, arguments: record.deleted,
            "userErrors": lambda store, record, arguments: record.errors,
        },
    }


def objects(webhooks: Webhooks) -> dict[str, Resolver]:
    return {"webhookSubscription": lambda store, execution, arguments: webhooks.find(arguments["id"])}


def mutations(webhooks: Webhooks) -> dict[str, Resolver]:
    """Give the mutations on webhook subscriptions."""
    return {
        "webhookSubscriptionCreate": lambda store, execution, arguments: webhooks.subscribe(
            arguments["topic"],
            arguments["webhookSubscription"].get("uri") or arguments["webhookSubscription"].get("callbackUrl"),
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

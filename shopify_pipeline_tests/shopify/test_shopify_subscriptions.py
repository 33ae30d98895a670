"""Webhook subscriptions: asked for once, found again, and refused with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline.errors import IncompleteError, PermanentError
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify import subscriptions
from shopify_pipeline.shopify.access import least_privilege, optional
from shopify_pipeline.shopify.subscriptions import TOPICS, TOPICS_OF_STREAMS, ensure_subscriptions, topics_of
from shopify_pipeline_tests.shopify.conftest import MakeApi
from shopify_pipeline_tests.shopify.loopback import LoopbackServer, Script, graphql, reply
from shopify_pipeline_tests.shopify.sandboxed import SandboxShop, sandbox_shop

URI = "https://127.0.0.1:9/webhooks"
_RETURNS = {"read_returns", "read_marketplace_returns"}
_ROUTING = {f"read_{kind}_fulfillment_orders" for kind in ("merchant_managed", "assigned", "third_party")}
#: Topics before the slash → scopes of which one suffices. No schema says what lets a topic be asked for, only the text
#: of https://shopify.dev/docs/api/admin-graphql/2026-10/enums/WebhookSubscriptionTopic.
DOCUMENTED_SCOPES = {
    "orders": {"read_orders"},
    "refunds": {"read_orders"},
    "returns": _RETURNS,
    "reverse_fulfillment_orders": _RETURNS,
    "tender_transactions": {"read_orders"},
    "customers": {"read_customers"},
    "products": {"read_products"},
    "inventory_items": {"read_inventory", "read_products"},
    "inventory_levels": {"read_inventory"},
    "fulfillment_orders": _ROUTING,
    "disputes": {"read_shopify_payments_disputes"},
}


@pytest.fixture
def own_shop(tmp_path: Path) -> Iterator[SandboxShop]:
    with sandbox_shop(tmp_path, orders=1) as running:
        yield running


def test_topics_are_subscribed_to_once(own_shop: SandboxShop) -> None:
    first = ensure_subscriptions(own_shop.api(), URI, TOPICS)
    again = ensure_subscriptions(own_shop.api(), URI, TOPICS)
    assert (first.created, first.kept) == (TOPICS, ())
    assert (again.created, again.kept) == ((), TOPICS)
    held = [(each.topic, each.uri) for each in own_shop.sandbox.webhooks.subscriptions()]
    assert len(held) == len(TOPICS)


def test_no_topic_needs_a_scope_that_reading_does_not_need() -> None:
    every_shop_grants = set(least_privilege()) - optional()
    needed = {
        topic: DOCUMENTED_SCOPES[topic.partition("/")[0]] for topic in TOPICS if topic != "bulk_operations/finish"
    }
    assert [topic for topic, scopes in needed.items() if not scopes & every_shop_grants] == []
    for stream, topics in TOPICS_OF_STREAMS.items():
        granted = set(STREAMS[stream].scopes)
        assert [topic for topic in topics if not DOCUMENTED_SCOPES[topic.partition("/")[0]] & granted] == []


def test_topics_of_a_stream_are_asked_for_only_where_it_is_read() -> None:
    assert topics_of(["orders", "customers"]) == TOPICS
    assert topics_of(["orders", "payouts"]) == (*TOPICS, "disputes/create", "disputes/update")


def test_every_topic_is_one_the_store_can_tell_of(own_shop: SandboxShop) -> None:
    everything = topics_of(STREAMS)
    assert ensure_subscriptions(own_shop.api(), URI, everything).created == everything
    assert len(set(everything)) == len(everything)


def test_a_subscription_that_vanished_is_made_again(own_shop: SandboxShop) -> None:
    ensure_subscriptions(own_shop.api(), URI, TOPICS[:3])
    assert ensure_subscriptions(own_shop.api(), URI, TOPICS).created == TOPICS[3:]


def test_a_subscription_of_another_address_does_not_count(own_shop: SandboxShop) -> None:
    ensure_subscriptions(own_shop.api(), "https://127.0.0.1:9/other", TOPICS)
    assert ensure_subscriptions(own_shop.api(), URI, TOPICS).created == TOPICS


def held(*topics: str, more: bool = False, cursor: str | None = None) -> Script:
    """A page of the subscriptions of our address."""
    nodes: list[dict[str, Any]] = [
        {"id": f"gid://shopify/WebhookSubscription/{number}", "topic": topic, "uri": URI}
        for number, topic in enumerate(topics, start=1)
    ]
    page_info = {"hasNextPage": more, "endCursor": cursor}
    return graphql({"webhookSubscriptions": {"nodes": nodes, "pageInfo": page_info}})


def test_a_subscription_that_was_made_without_an_answer_is_not_asked_for_again(
    server: LoopbackServer, make_api: MakeApi
) -> None:
    server.answers(held(), reply(504), held("ORDERS_UPDATED"))
    assert ensure_subscriptions(make_api(), URI, ["orders/updated"]).created == ("orders/updated",)
    asked = [request.json()["operationName"] for request in server.requests]
    assert asked == ["Subscriptions", "Subscribe", "Subscriptions"]


def test_a_subscription_that_was_not_made_is_asked_for_again(server: LoopbackServer, make_api: MakeApi) -> None:
    made = {"webhookSubscriptionCreate": {"webhookSubscription": None, "userErrors": []}}
    server.answers(held(), reply(504), held("ORDERS_CREATE"), graphql(made))
    assert ensure_subscriptions(make_api(), URI, ["orders/updated"]).created == ("orders/updated",)


def test_a_subscription_that_was_removed_without_an_answer_is_not_removed_again(
    server: LoopbackServer, make_api: MakeApi
) -> None:
    server.answers(held("ORDERS_CREATE"), reply(504), held())
    assert ensure_subscriptions(make_api(), URI, []).removed == ("ORDERS_CREATE",)
    asked = [request.json()["operationName"] for request in server.requests]
    assert asked == ["Subscriptions", "Unsubscribe", "Subscriptions"]


@pytest.mark.parametrize("cursor", [None, "same"])
def test_a_list_of_subscriptions_that_never_ends_changes_nothing(
    cursor: str | None, server: LoopbackServer, make_api: MakeApi
) -> None:
    server.answers(held("ORDERS_CREATE", more=True, cursor=cursor))
    with pytest.raises(IncompleteError, match="no new cursor"):
        ensure_subscriptions(make_api(), URI, [])
    assert {request.json()["operationName"] for request in server.requests} == {"Subscriptions"}


def test_a_refused_address_is_final_and_says_why(server: LoopbackServer, make_api: MakeApi) -> None:
    errors = [{"field": ["uri"], "message": "Address is not allowed"}]
    refused = {"webhookSubscriptionCreate": {"webhookSubscription": None, "userErrors": errors}}
    server.answers(held(), graphql(refused))
    with pytest.raises(PermanentError, match="orders/create: Address is not allowed"):
        ensure_subscriptions(make_api(), URI, TOPICS)


def test_exactly_the_wanted_topics_remain_at_our_address_and_others_are_left_alone(own_shop: SandboxShop) -> None:
    other = "https://127.0.0.1:9/other"
    ensure_subscriptions(own_shop.api(), other, ["products/update"])
    ensure_subscriptions(own_shop.api(), URI, ["products/update", "orders/updated"])

    done = ensure_subscriptions(own_shop.api(), URI, ["orders/updated", "customers/update"])

    assert (done.created, done.kept, done.removed) == (("customers/update",), ("orders/updated",), ("PRODUCTS_UPDATE",))
    held = [(each.topic, each.uri) for each in own_shop.sandbox.webhooks.subscriptions()]
    assert sorted(held) == [("CUSTOMERS_UPDATE", URI), ("ORDERS_UPDATED", URI), ("PRODUCTS_UPDATE", other)]


def test_every_page_of_subscriptions_is_looked_at(own_shop: SandboxShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "PAGE_SIZE", 2)
    ensure_subscriptions(own_shop.api(), URI, TOPICS)
    assert ensure_subscriptions(own_shop.api(), URI, TOPICS).created == ()

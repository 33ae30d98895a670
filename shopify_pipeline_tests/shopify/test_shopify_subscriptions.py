"""Webhook subscriptions: asked for once, found again, and refused with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shopify_pipeline.errors import PermanentError
from shopify_pipeline.shopify import subscriptions
from shopify_pipeline.shopify.subscriptions import TOPICS, ensure_subscriptions
from shopify_pipeline_tests.shopify.conftest import MakeApi
from shopify_pipeline_tests.shopify.loopback import LoopbackServer, graphql
from shopify_pipeline_tests.shopify.sandboxed import SandboxShop, sandbox_shop

URI = "https://127.0.0.1:9/webhooks"


@pytest.fixture
def own_shop(tmp_path: Path) -> Iterator[SandboxShop]:
    with sandbox_shop(tmp_path, orders=1) as running:
        yield running


def test_topics_are_subscribed_to_once(own_shop: SandboxShop) -> None:
    first = ensure_subscriptions(own_shop.api(), URI)
    again = ensure_subscriptions(own_shop.api(), URI)
    assert (first.created, first.kept) == (TOPICS, ())
    assert (again.created, again.kept) == ((), TOPICS)
    held = [(each.topic, each.uri) for each in own_shop.sandbox.webhooks.subscriptions()]
    assert len(held) == len(TOPICS)


def test_a_subscription_that_vanished_is_made_again(own_shop: SandboxShop) -> None:
    ensure_subscriptions(own_shop.api(), URI, TOPICS[:3])
    assert ensure_subscriptions(own_shop.api(), URI).created == TOPICS[3:]


def test_a_subscription_of_another_address_does_not_count(own_shop: SandboxShop) -> None:
    ensure_subscriptions(own_shop.api(), "https://127.0.0.1:9/other")
    assert ensure_subscriptions(own_shop.api(), URI).created == TOPICS


def test_a_refused_address_is_final_and_says_why(server: LoopbackServer, make_api: MakeApi) -> None:
    nothing = {"webhookSubscriptions": {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}}
    errors = [{"field": ["uri"], "message": "Address is not allowed"}]
    refused = {"webhookSubscriptionCreate": {"webhookSubscription": None, "userErrors": errors}}
    server.answers(graphql(nothing), graphql(refused))
    with pytest.raises(PermanentError, match="orders/create: Address is not allowed"):
        ensure_subscriptions(make_api(), URI)


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
    ensure_subscriptions(own_shop.api(), URI)
    assert ensure_subscriptions(own_shop.api(), URI).created == ()

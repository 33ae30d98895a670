"""Webhooks as a receiver sees them: signed, told once, retried with the same content."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from shopify_pipeline_tests.sandbox.receiving import Receiver, receiving
from shopify_pipeline_tests.sandbox.serving import CREDENTIALS, Shop
from shopify_sandbox.settings import Settings
from shopify_sandbox.webhooks.subscriptions import Webhooks

CREATE = """mutation Create($topic: WebhookSubscriptionTopic!, $uri: String!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: {uri: $uri}) {
    webhookSubscription { id topic uri endpoint { __typename ... on WebhookHttpEndpoint { callbackUrl } } }
    userErrors { field message } } }"""
DELETE = """mutation Delete($id: ID!) { webhookSubscriptionDelete(id: $id) {
  deletedWebhookSubscriptionId userErrors { field message } } }"""
LIST = "{ webhookSubscriptions(first: 10) { nodes { id topic uri } } }"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def subscribe(shop: Shop, topic: str, uri: str) -> dict[str, Any]:
    payload = shop.data(CREATE, topic=topic, uri=uri)["webhookSubscriptionCreate"]
    assert payload["userErrors"] == []
    subscription: dict[str, Any] = payload["webhookSubscription"]
    return subscription


def test_new_order_is_told_with_signature_and_headers(own_shop: Shop, receiver: Receiver) -> None:
    subscribe(own_shop, "ORDERS_CREATE", receiver.uri)
    events = own_shop.control("POST", "advance", {"new_orders": 1}).json()["events"]
    placed = next(event for event in events if event["event"] == "order_placed")
    received = receiver.next()
    payload = json.loads(received.body)
    assert payload["id"] == placed["order_id"]
    assert payload["admin_graphql_api_id"] == f"gid://shopify/Order/{placed['order_id']}"
    assert payload["updated_at"].endswith("-05:00")
    digest = hmac.new(CREDENTIALS.client_secret.encode(), received.body, hashlib.sha256).digest()
    assert received.headers["x-shopify-hmac-sha256"] == base64.b64encode(digest).decode()
    assert received.headers["x-shopify-topic"] == "orders/create"
    assert received.headers["x-shopify-shop-domain"] == "sandbox-usd.myshopify.com"
    assert received.headers["x-shopify-api-version"] == "2026-10"
    assert received.headers["x-shopify-triggered-at"] == placed["at"].replace("Z", ".000000Z")
    assert {"x-shopify-webhook-id", "x-shopify-event-id"} <= received.headers.keys()


def test_two_topics_of_one_action_share_the_event_id_but_not_the_webhook_id(own_shop: Shop, receiver: Receiver) -> None:
    subscribe(own_shop, "ORDERS_CREATE", receiver.uri)
    subscribe(own_shop, "ORDERS_UPDATED", receiver.uri)
    own_shop.control("POST", "advance", {"new_orders": 1})
    first, second = receiver.next(), receiver.next()
    assert first.headers["x-shopify-event-id"] == second.headers["x-shopify-event-id"]
    assert first.headers["x-shopify-webhook-id"] != second.headers["x-shopify-webhook-id"]


def test_refused_delivery_is_tried_again_with_the_same_content(own_shop: Shop, receiver: Receiver) -> None:
    receiver.statuses[:] = [503]
    subscribe(own_shop, "ORDERS_CREATE", receiver.uri)
    own_shop.control("POST", "advance", {"new_orders": 1})
    first, again = receiver.next(), receiver.next()
    assert again.body == first.body
    assert again.headers["x-shopify-webhook-id"] == first.headers["x-shopify-webhook-id"]


def test_finished_bulk_operation_is_told(own_shop: Shop, receiver: Receiver) -> None:
    subscribe(own_shop, "BULK_OPERATIONS_FINISH", receiver.uri)
    text = 'mutation { bulkOperationRunQuery(query: "{ orders { edges { node { id } } } }") { bulkOperation { id } } }'
    gid = own_shop.data(text)["bulkOperationRunQuery"]["bulkOperation"]["id"]
    payload = json.loads(receiver.next().body)
    assert (payload["admin_graphql_api_id"], payload["status"], payload["type"]) == (gid, "completed", "query")


def test_an_uninstallation_is_the_last_thing_that_is_told_and_leaves_no_subscription(
    own_shop: Shop, receiver: Receiver
) -> None:
    gone = subscribe(own_shop, "APP_UNINSTALLED", receiver.uri)
    subscribe(own_shop, "ORDERS_CREATE", receiver.uri)
    own_shop.control("PUT", "settings", {"webhook_delay_seconds": 0.5})
    own_shop.control("POST", "advance", {"new_orders": 1})
    own_shop.control("DELETE", "installation").raise_for_status()
    told = receiver.next()
    assert told.headers["x-shopify-topic"] == "app/uninstalled"
    assert told.payload["myshopify_domain"] == "sandbox-usd.myshopify.com"
    assert own_shop.control("GET", "webhooks").json()["subscriptions"] == []

    own_shop.control("PUT", "settings", {"webhook_delay_seconds": 0})
    own_shop.control("POST", "installation").raise_for_status()
    own_shop.log_in()
    own_shop.control("POST", "advance", {"new_orders": 1})
    later = subscribe(own_shop, "ORDERS_CREATE", receiver.uri)
    assert int(later["id"].rpartition("/")[2]) > int(gone["id"].rpartition("/")[2]) + 1
    own_shop.control("POST", "advance", {"new_orders": 1})
    assert receiver.next().headers["x-shopify-topic"] == "orders/create"
    assert receiver.inbox.empty()


def test_nothing_is_told_of_what_happens_while_deliveries_are_off(own_shop: Shop, receiver: Receiver) -> None:
    subscribe(own_shop, "ORDERS_CREATE", receiver.uri)
    own_shop.control("PUT", "webhooks", {"deliver": False})
    own_shop.control("POST", "advance", {"new_orders": 1})
    own_shop.control("PUT", "webhooks", {"deliver": True})
    later = own_shop.control("POST", "advance", {"new_orders": 1}).json()["events"]
    placed = next(event for event in later if event["event"] == "order_placed")
    assert json.loads(receiver.next().body)["id"] == placed["order_id"]
    assert receiver.inbox.empty()


def test_log_of_deliveries_names_ids_and_outcome(own_shop: Shop, receiver: Receiver) -> None:
    receiver.statuses[:] = [500]
    subscribe(own_shop, "ORDERS_CREATE", receiver.uri)
    own_shop.control("POST", "advance", {"new_orders": 1})
    webhook_id = receiver.next().headers["x-shopify-webhook-id"]
    receiver.next()
    # The log line of an attempt is written before the next attempt is made.
    first = own_shop.control("GET", "webhooks").json()["deliveries"][0]
    assert (first["webhook_id"], first["attempt"], first["outcome"], first["delivered"]) == (webhook_id, 1, 500, False)


def test_subscriptions_are_listed_and_deleted(own_shop: Shop, receiver: Receiver) -> None:
    subscription = subscribe(own_shop, "ORDERS_UPDATED", receiver.uri)
    assert subscription["endpoint"] == {"__typename": "WebhookHttpEndpoint", "callbackUrl": receiver.uri}
    nodes = own_shop.data(LIST)["webhookSubscriptions"]["nodes"]
    assert nodes == [{key: subscription[key] for key in ("id", "topic", "uri")}]
    assert own_shop.data(DELETE, id=subscription["id"])["webhookSubscriptionDelete"] == {
        "deletedWebhookSubscriptionId": subscription["id"],
        "userErrors": [],
    }
    assert own_shop.data(LIST)["webhookSubscriptions"]["nodes"] == []


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("http://example.com/hooks", "Address protocol http:// is not supported"),
        ("ftp://127.0.0.1/hooks", "Address protocol ftp:// is not supported"),
        ("nonsense", "Address is invalid"),
    ],
)
def test_address_that_is_not_https_is_refused_unless_it_is_loopback(own_shop: Shop, uri: str, message: str) -> None:
    payload = own_shop.data(CREATE, topic="ORDERS_CREATE", uri=uri)["webhookSubscriptionCreate"]
    assert payload["webhookSubscription"] is None
    assert payload["userErrors"] == [{"field": ["webhookSubscription", "uri"], "message": message}]


def test_same_topic_and_address_cannot_be_subscribed_twice(own_shop: Shop, receiver: Receiver) -> None:
    subscribe(own_shop, "ORDERS_CREATE", receiver.uri)
    payload = own_shop.data(CREATE, topic="ORDERS_CREATE", uri=receiver.uri)["webhookSubscriptionCreate"]
    assert payload["userErrors"][0]["message"] == "Address for this topic has already been taken"


def test_a_named_subscription_sends_its_name_and_only_the_fields_it_asked_for(
    own_shop: Shop, receiver: Receiver
) -> None:
    text = """mutation Create($uri: String!) { webhookSubscriptionCreate(topic: ORDERS_CREATE, webhookSubscription: {
      uri: $uri, name: "to-the-books", includeFields: ["id", "total_price", "nonsense"] }) {
      webhookSubscription { name includeFields } userErrors { message } } }"""
    payload = own_shop.data(text, uri=receiver.uri)["webhookSubscriptionCreate"]
    assert payload["webhookSubscription"]["name"] == "to-the-books"
    own_shop.control("POST", "advance", {"new_orders": 1})
    received = receiver.next()
    assert received.headers["x-shopify-name"] == "to-the-books"
    assert sorted(received.payload) == ["id", "total_price"]


def test_what_a_subscription_cannot_have_here_is_said_aloud(own_shop: Shop, receiver: Receiver) -> None:
    text = """mutation Create($uri: String!) { webhookSubscriptionCreate(topic: ORDERS_CREATE, webhookSubscription: {
      uri: $uri, filter: "total_price:>100" }) { webhookSubscription { id } userErrors { message } } }"""
    errors = own_shop.ask(text, uri=receiver.uri)["errors"]
    assert [error["extensions"]["code"] for error in errors] == ["SANDBOX_NOT_MODELLED"]
    assert own_shop.data(LIST)["webhookSubscriptions"]["nodes"] == []


def test_subscriptions_are_listed_by_topic_and_by_address(own_shop: Shop, receiver: Receiver) -> None:
    first = subscribe(own_shop, "ORDERS_CREATE", receiver.uri)
    second = subscribe(own_shop, "ORDERS_UPDATED", "https://other.example/hooks")
    by_topic = own_shop.data("{ webhookSubscriptions(first: 5, topics: [ORDERS_CREATE]) { nodes { id } } }")
    by_address = own_shop.data(
        '{ webhookSubscriptions(first: 5, uri: "https://other.example/hooks") { nodes { id } } }'
    )
    assert by_topic["webhookSubscriptions"]["nodes"] == [{"id": first["id"]}]
    assert by_address["webhookSubscriptions"]["nodes"] == [{"id": second["id"]}]


def test_anything_the_world_holds_can_be_told_of_without_happening(own_shop: Shop, receiver: Receiver) -> None:
    subscribe(own_shop, "PRODUCTS_DELETE", receiver.uri)
    product = next(iter(own_shop.sandbox.store.state.products))
    answer = own_shop.control(
        "POST", "webhooks", {"topic": "products/delete", "gid": f"gid://shopify/Product/{product}"}
    )
    received = receiver.next()
    assert received.payload == {"id": product}
    assert received.headers["x-shopify-event-id"] == answer.json()["event_id"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"topic": "orders/create", "gid": "gid://shopify/Order/1"}, "there is no record gid://shopify/Order/1"),
        ({"topic": "orders/create", "gid": "SHOP"}, "orders/create cannot be told of SHOP"),
        ({"topic": "themes/create", "gid": "SHOP"}, "themes/create cannot be told of SHOP"),
        ({"topic": "shop/redact", "gid": "SHOP"}, "shop/redact goes to an address of the app's own configuration"),
        ({"topic": "shop/redact", "gid": "SHOP", "uri": "http://example.com"}, "Address protocol http://"),
    ],
    ids=["no such record", "record of another kind", "topic without a payload", "no address", "address without TLS"],
)
def test_what_cannot_be_told_of_is_refused_with_the_reason(own_shop: Shop, given: dict[str, str], message: str) -> None:
    gid = f"gid://shopify/Shop/{own_shop.sandbox.store.shop.id}"
    given = {key: value.replace("SHOP", gid) for key, value in given.items()}
    answer = own_shop.control("POST", "webhooks", given)
    assert answer.status_code == 400
    assert message.replace("SHOP", gid) in answer.json()["error"]


def test_subscriptions_and_their_names_outlive_a_restart(own_shop: Shop, receiver: Receiver) -> None:
    subscribe(own_shop, "ORDERS_CREATE", receiver.uri)
    before = own_shop.sandbox.webhooks.subscriptions()
    reopened = Webhooks(
        own_shop.sandbox.state / "webhooks.json",
        log=own_shop.sandbox.deliveries,
        shop="a-shop.myshopify.com",
        secrets=lambda: ["secret"],
        version="2026-10",
        now=own_shop.sandbox.clock.now,
        monotonic=time.monotonic,
        settings=Settings,
        send=lambda delivery: 200,
        seed=1,
    )
    assert reopened.subscriptions() == before


@pytest.mark.parametrize("topic", ["RETURNS_PROCESS", "ORDERS_EDITED", "LOCATIONS_UPDATE"])
def test_a_topic_nothing_here_tells_of_cannot_be_subscribed_to(own_shop: Shop, receiver: Receiver, topic: str) -> None:
    (error,) = own_shop.ask(CREATE, topic=topic, uri=receiver.uri)["errors"]
    assert error["message"] == f"WebhookSubscriptionTopic.{topic} is not modelled by the sandbox"
    assert error["extensions"]["code"] == "SANDBOX_NOT_MODELLED"
    assert own_shop.data(LIST)["webhookSubscriptions"]["nodes"] == []

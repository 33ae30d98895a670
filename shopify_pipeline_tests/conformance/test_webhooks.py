"""Webhooks, as the Admin API manages them and as a receiver gets them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest

from shopify_pipeline_tests.conformance.asked import VERSION, AskedStore, asked
from shopify_pipeline_tests.conformance.cases import assumed, case, documented
from shopify_pipeline_tests.sandbox.receiving import Receiver, receiving
from shopify_pipeline_tests.sandbox.serving import CREDENTIALS, Shop

ABOUT = "https://shopify.dev/docs/apps/build/webhooks"
HTTPS = "https://shopify.dev/docs/apps/build/webhooks/subscribe/https"
VERIFY = "https://shopify.dev/docs/apps/build/webhooks/verify-deliveries"
RETRIES = "https://shopify.dev/changelog/updates-to-webhook-retry-mechanism"
NAMES = "https://shopify.dev/changelog/webhook-subscriptions-now-support-a-name-field-for-identification"
MANAGED = f"https://shopify.dev/docs/api/admin-graphql/{VERSION}/mutations/webhookSubscriptionCreate"
OBJECT = f"https://shopify.dev/docs/api/admin-graphql/{VERSION}/objects/WebhookSubscription"
COMPLIANCE = "https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance"
ROTATION = (
    "https://shopify.dev/docs/apps/build/authentication-authorization/client-secrets/rotate-revoke-client-credentials"
)
EXAMPLES = "https://shopify.dev/docs/api/webhooks/2026-07 (example payloads)"

CREATE = """mutation ($topic: WebhookSubscriptionTopic!, $input: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $input) {
    webhookSubscription { id topic uri name includeFields format apiVersion { handle } }
    userErrors { field message } } }"""
UPDATE = """mutation ($id: ID!, $input: WebhookSubscriptionInput!) {
  webhookSubscriptionUpdate(id: $id, webhookSubscription: $input) {
    webhookSubscription { id uri } userErrors { field message } } }"""
DELETE = """mutation ($id: ID!) { webhookSubscriptionDelete(id: $id) {
  deletedWebhookSubscriptionId userErrors { field message } } }"""
#: Nobody's address: what is subscribed here is deleted again before anything is delivered.
NOBODY = "https://example.com/conformance"


class Subscribing:
    """Makes subscriptions and deletes them again."""

    def __init__(self, store: AskedStore) -> None:
        self._store = store
        self._made: list[str] = []

    def __call__(self, topic: str, **given: object) -> dict[str, object]:
        """Give the mutation's payload; a subscription it made is deleted when the case is over."""
        payload = self._store.data(CREATE, topic=topic, input=given)["webhookSubscriptionCreate"]
        if payload["webhookSubscription"] is not None:
            self._made.append(payload["webhookSubscription"]["id"])
        return dict(payload)

    def delete_all(self) -> None:
        for gid in self._made:
            self._store.data(DELETE, id=gid)


@pytest.fixture
def subscribe(store: AskedStore) -> Iterator[Subscribing]:
    subscribing = Subscribing(store)
    yield subscribing
    subscribing.delete_all()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def told(shop: Shop, receiver: Receiver, topic: str, **given: object) -> str:
    """Subscribe the receiver; gives the subscription's gid."""
    payload = Subscribing(asked(shop))(topic, uri=receiver.uri, **given)
    assert payload["userErrors"] == []
    return str(payload["webhookSubscription"]["id"])  # type: ignore[index]


@case("webhooks", documented(MANAGED))
def test_a_subscription_is_made_found_and_deleted(store: AskedStore) -> None:
    """A subscription can be made, read by its id, and deleted, which answers with its id."""
    address = f"{NOBODY}/{uuid.uuid5(uuid.NAMESPACE_URL, 'made')}"
    made = store.data(CREATE, topic="ORDERS_UPDATED", input={"uri": address})["webhookSubscriptionCreate"]
    gid = made["webhookSubscription"]["id"]
    found = store.data("query ($id: ID!) { webhookSubscription(id: $id) { id topic uri } }", id=gid)
    deleted = store.data(DELETE, id=gid)["webhookSubscriptionDelete"]
    gone = store.data("query ($id: ID!) { webhookSubscription(id: $id) { id } }", id=gid)
    assert made["userErrors"] == []
    assert found["webhookSubscription"] == {"id": gid, "topic": "ORDERS_UPDATED", "uri": address}
    assert deleted == {"deletedWebhookSubscriptionId": gid, "userErrors": []}
    assert gone["webhookSubscription"] is None


@case("webhooks", documented(OBJECT))
def test_a_subscription_is_in_json_and_in_the_apps_version(store: AskedStore, subscribe: Subscribing) -> None:
    """Unless asked otherwise payloads are JSON, written in the API version of the app."""
    made = subscribe("ORDERS_UPDATED", uri=f"{NOBODY}/version")["webhookSubscription"]
    assert isinstance(made, dict)
    assert made["format"] == "JSON"
    assert re.fullmatch(r"\d{4}-(01|04|07|10)", made["apiVersion"]["handle"])


@case("webhooks", assumed("the wording is known from clients of older versions"))
def test_the_same_address_for_a_topic_is_refused(subscribe: Subscribing) -> None:
    """One topic can be delivered to one address only once."""
    subscribe("ORDERS_UPDATED", uri=f"{NOBODY}/twice")
    refused = subscribe("ORDERS_UPDATED", uri=f"{NOBODY}/twice")
    assert refused["webhookSubscription"] is None
    assert [error["message"] for error in refused["userErrors"]] == [  # type: ignore[attr-defined]
        "Address for this topic has already been taken"
    ]


@case("webhooks", assumed("the page asks for HTTPS; the wording is known from clients of older versions"))
def test_an_address_without_tls_is_refused(subscribe: Subscribing) -> None:
    """An address must be https."""
    refused = subscribe("ORDERS_UPDATED", uri="http://example.com/conformance")
    assert refused["webhookSubscription"] is None
    assert [error["message"] for error in refused["userErrors"]] == [  # type: ignore[attr-defined]
        "Address protocol http:// is not supported"
    ]


@case("webhooks", assumed("the wording is known from clients of older versions"))
def test_deleting_what_is_not_there_is_a_user_error(store: AskedStore) -> None:
    """Deleting a subscription that does not exist is answered with a user error, not with an error."""
    payload = store.data(DELETE, id="gid://shopify/WebhookSubscription/1")["webhookSubscriptionDelete"]
    assert payload == {
        "deletedWebhookSubscriptionId": None,
        "userErrors": [{"field": ["id"], "message": "Webhook subscription does not exist"}],
    }


@case("webhooks", documented(COMPLIANCE))
@pytest.mark.parametrize("topic", ["CUSTOMERS_DATA_REQUEST", "CUSTOMERS_REDACT", "SHOP_REDACT"])
def test_compliance_topics_cannot_be_subscribed_to(store: AskedStore, topic: str) -> None:
    """Compliance topics are no values of the enum: the app's own configuration names their address."""
    text = f'mutation {{ webhookSubscriptionCreate(topic: {topic}, webhookSubscription: {{ uri: "{NOBODY}" }}) '
    errors = store.errors(text + "{ userErrors { message } } }")
    assert [error["extensions"]["code"] for error in errors] == ["argumentLiteralsIncompatible"]


@case("webhooks", documented(NAMES))
@pytest.mark.parametrize("name", ["x" * 51, "two words", "ümlaut"], ids=["51 letters", "a space", "not ASCII"])
def test_a_name_is_short_and_plain(subscribe: Subscribing, name: str) -> None:
    """A name has at most 50 letters, digits, underscores and hyphens."""
    refused = subscribe("ORDERS_UPDATED", uri=f"{NOBODY}/name", name=name)
    assert refused["webhookSubscription"] is None
    assert [error["field"] for error in refused["userErrors"]] == [  # type: ignore[attr-defined]
        ["webhookSubscription", "name"]
    ]


@case("webhooks", documented(NAMES))
def test_a_name_is_unique_on_its_shop(subscribe: Subscribing) -> None:
    """Two subscriptions of a shop cannot have the same name."""
    first = subscribe("ORDERS_UPDATED", uri=f"{NOBODY}/named", name="conformance_name-1")
    second = subscribe("ORDERS_CREATE", uri=f"{NOBODY}/named", name="conformance_name-1")
    assert first["userErrors"] == []
    assert second["webhookSubscription"] is None


@case("webhooks", documented(f"https://shopify.dev/docs/api/admin-graphql/{VERSION}/queries/webhookSubscriptions"))
def test_subscriptions_are_narrowed_by_topic_and_address(store: AskedStore, subscribe: Subscribing) -> None:
    """The list of subscriptions can be narrowed to topics and to one address."""
    subscribe("ORDERS_CREATE", uri=f"{NOBODY}/narrow")
    subscribe("ORDERS_UPDATED", uri=f"{NOBODY}/narrow")
    text = """query ($uri: String!) {
      both: webhookSubscriptions(first: 5, uri: $uri) { nodes { topic } }
      one: webhookSubscriptions(first: 5, uri: $uri, topics: [ORDERS_CREATE]) { nodes { topic } } }"""
    data = store.data(text, uri=f"{NOBODY}/narrow")
    assert sorted(node["topic"] for node in data["both"]["nodes"]) == ["ORDERS_CREATE", "ORDERS_UPDATED"]
    assert [node["topic"] for node in data["one"]["nodes"]] == ["ORDERS_CREATE"]


@case("webhooks", documented(VERIFY), steered=True)
def test_the_raw_body_is_signed_with_the_client_secret(own_shop: Shop, receiver: Receiver) -> None:
    """X-Shopify-Hmac-Sha256 is the base64 of the HMAC-SHA256 of the raw body under the client secret."""
    told(own_shop, receiver, "ORDERS_CREATE")
    own_shop.control("POST", "advance", {"new_orders": 1})
    received = receiver.next()
    assert received.is_signed_with(CREDENTIALS.client_secret)
    assert not received.is_signed_with(CREDENTIALS.client_secret + "x")


@case("webhooks", documented(ABOUT), steered=True)
def test_headers_name_topic_shop_version_and_ids(own_shop: Shop, receiver: Receiver) -> None:
    """A delivery says in its headers what it is about, whose, in which version, when it was triggered, and its ids."""
    told(own_shop, receiver, "ORDERS_CREATE", name="books")
    placed = own_shop.control("POST", "advance", {"new_orders": 1}).json()["events"][-1]
    headers = receiver.next().headers
    assert headers["content-type"] == "application/json"
    assert headers["x-shopify-topic"] == "orders/create"
    assert headers["x-shopify-shop-domain"] == own_shop.sandbox.store.shop.domain
    assert headers["x-shopify-api-version"] == VERSION
    assert headers["x-shopify-name"] == "books"
    assert headers["x-shopify-triggered-at"] == placed["at"].replace("Z", ".000000Z")
    assert uuid.UUID(headers["x-shopify-webhook-id"]) != uuid.UUID(headers["x-shopify-event-id"])


@case("webhooks", documented(VERIFY), steered=True, traps=(19,))
def test_one_action_has_one_event_id_and_each_delivery_its_own_id(own_shop: Shop, receiver: Receiver) -> None:
    """Topics touched by one action share X-Shopify-Event-Id; X-Shopify-Webhook-Id is each delivery's own."""
    told(own_shop, receiver, "ORDERS_CREATE")
    told(own_shop, receiver, "ORDERS_UPDATED")
    own_shop.control("POST", "advance", {"new_orders": 1})
    first, second = receiver.next().headers, receiver.next().headers
    assert first["x-shopify-event-id"] == second["x-shopify-event-id"]
    assert first["x-shopify-webhook-id"] != second["x-shopify-webhook-id"]


@case("webhooks", documented(EXAMPLES), steered=True)
def test_payloads_are_rest_shaped(own_shop: Shop, receiver: Receiver) -> None:
    """Payloads have snake case, numeric ids, amounts as text with two decimals and times with the shop's offset."""
    told(own_shop, receiver, "ORDERS_CREATE")
    own_shop.control("POST", "advance", {"new_orders": 1})
    payload = receiver.next().payload
    assert payload["admin_graphql_api_id"] == f"gid://shopify/Order/{payload['id']}"
    assert re.fullmatch(r"\d+\.\d\d", payload["total_price"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-05:00", payload["created_at"])
    assert payload["line_items"][0]["price_set"]["shop_money"]["amount"] == payload["line_items"][0]["price"]


@case("webhooks", documented(EXAMPLES), steered=True)
def test_a_refund_names_currencies_in_two_ways(own_shop: Shop, receiver: Receiver) -> None:
    """In a refund money sets say currency_code, but total_unsettled_set of a transaction says currency."""
    told(own_shop, receiver, "REFUNDS_CREATE")
    own_shop.control("POST", "advance", {"refund": 1})
    payload = receiver.next().payload
    assert set(payload["total_duties_set"]["shop_money"]) == {"amount", "currency_code"}
    unsettled = [each["total_unsettled_set"]["shop_money"] for each in payload["transactions"]]
    assert [set(each) for each in unsettled] == [{"amount", "currency"}] * len(unsettled)


@case("webhooks", documented(EXAMPLES), steered=True)
def test_a_finished_bulk_operation_is_told_in_lower_case(own_shop: Shop, receiver: Receiver) -> None:
    """bulk_operations/finish says id, times on the shop's clock, and status, type and error code in lower case."""
    told(own_shop, receiver, "BULK_OPERATIONS_FINISH")
    run = 'mutation { bulkOperationRunQuery(query: "{ orders { edges { node { id } } } }") { bulkOperation { id } } }'
    gid = asked(own_shop).data(run)["bulkOperationRunQuery"]["bulkOperation"]["id"]
    payload = receiver.next().payload
    assert set(payload) == {"admin_graphql_api_id", "completed_at", "created_at", "error_code", "status", "type"}
    assert (payload["admin_graphql_api_id"], payload["status"], payload["type"]) == (gid, "completed", "query")
    assert payload["error_code"] is None
    assert payload["completed_at"].endswith("-05:00")


@case("webhooks", documented(RETRIES), steered=True)
def test_a_retry_repeats_payload_headers_and_address(own_shop: Shop, receiver: Receiver) -> None:
    """A delivery that failed is made again with its original payload and headers to its original address."""
    own_shop.control("PUT", "settings", {"webhook_retry_span_seconds": 1.0})
    receiver.statuses[:] = [503]
    gid = told(own_shop, receiver, "ORDERS_CREATE")
    own_shop.control("POST", "advance", {"new_orders": 1})
    first = receiver.next()
    asked(own_shop).data(UPDATE, id=gid, input={"uri": "https://127.0.0.1:9/elsewhere"})
    assert receiver.next() == first


@case("webhooks", documented(HTTPS), steered=True)
def test_a_subscription_is_removed_after_eight_failures_in_a_row(own_shop: Shop, receiver: Receiver) -> None:
    """When the eighth retry of a delivery has failed, its subscription is gone without a word."""
    own_shop.control("PUT", "settings", {"webhook_retry_span_seconds": 0.3})
    receiver.always = 500
    gid = told(own_shop, receiver, "ORDERS_CREATE")
    own_shop.control("POST", "advance", {"new_orders": 1})
    for _ in range(9):
        receiver.next()
    own_shop.sandbox.webhooks.stop()
    found = asked(own_shop).data("query ($id: ID!) { webhookSubscription(id: $id) { id } }", id=gid)
    assert found["webhookSubscription"] is None


@case("webhooks", documented(HTTPS), steered=True)
def test_any_2xx_acknowledges_and_a_redirect_does_not(own_shop: Shop, receiver: Receiver) -> None:
    """Status 204 ends a delivery, status 302 is a failure and is not followed."""
    own_shop.control("PUT", "settings", {"webhook_retry_span_seconds": 1.0})
    receiver.statuses[:] = [302, 204]
    told(own_shop, receiver, "ORDERS_CREATE")
    own_shop.control("POST", "advance", {"new_orders": 1})
    first = receiver.next()
    assert receiver.next() == first
    own_shop.sandbox.webhooks.stop()
    log = own_shop.control("GET", "webhooks").json()["deliveries"]
    assert [(entry["outcome"], entry["delivered"]) for entry in log] == [(302, False), (204, True)]


@case("webhooks", documented(ROTATION), steered=True)
def test_after_a_rotation_both_secrets_sign_for_an_hour(own_shop: Shop, receiver: Receiver) -> None:
    """For an hour after a rotation deliveries may still be signed with the old secret, after it with the new one."""
    told(own_shop, receiver, "ORDERS_CREATE")
    new = own_shop.control("PUT", "secret").json()["client_secret"]
    own_shop.control("POST", "advance", {"new_orders": 4})
    within = [receiver.next() for _ in range(4)]
    own_shop.control("POST", "advance", {"hours": 1.1})
    own_shop.control("POST", "advance", {"new_orders": 4})
    after = [receiver.next() for _ in range(4)]
    signed = [[each.is_signed_with(secret) for secret in (new, CREDENTIALS.client_secret)] for each in within]
    assert all(sum(each) == 1 for each in signed)
    assert {each.index(True) for each in signed} == {0, 1}
    assert all(each.is_signed_with(new) for each in after)


@case("webhooks", documented(VERIFY), steered=True, traps=(19,))
def test_a_delivery_may_come_twice_with_the_same_id(own_shop: Shop, receiver: Receiver) -> None:
    """A delivery may come more than once, each time with the same X-Shopify-Webhook-Id."""
    own_shop.control("PUT", "settings", {"webhook_duplicate_share": 1.0})
    told(own_shop, receiver, "ORDERS_CREATE")
    own_shop.control("POST", "advance", {"new_orders": 1})
    assert receiver.next() == receiver.next()


@case("webhooks", documented(ABOUT), steered=True, traps=(19,))
def test_an_update_may_come_before_the_creation(own_shop: Shop, receiver: Receiver) -> None:
    """Deliveries keep no order: orders/updated may come before the orders/create of the same order."""
    own_shop.control("PUT", "settings", {"webhook_disorder_share": 0.5})
    told(own_shop, receiver, "ORDERS_CREATE")
    told(own_shop, receiver, "ORDERS_UPDATED")
    for _ in range(12):
        own_shop.control("POST", "advance", {"new_orders": 1})
    heard = [receiver.next() for _ in range(24)]
    first_of_each: dict[int, str] = {}
    for each in heard:
        first_of_each.setdefault(each.payload["id"], each.headers["x-shopify-topic"])
    assert "orders/updated" in first_of_each.values()


@case("webhooks", documented(COMPLIANCE), steered=True)
def test_a_request_to_redact_names_customer_and_orders(own_shop: Shop, receiver: Receiver) -> None:
    """customers/redact says shop, customer and the orders to redact, and is signed like any other delivery."""
    customer = next(each for each in own_shop.sandbox.store.state.customers.values() if each.orders)
    given = {"topic": "customers/redact", "gid": f"gid://shopify/Customer/{customer.id}", "uri": receiver.uri}
    assert own_shop.control("POST", "webhooks", given).status_code == 200
    received = receiver.next()
    assert set(received.payload) == {"shop_id", "shop_domain", "customer", "orders_to_redact"}
    assert received.payload["customer"]["id"] == customer.id
    assert received.is_signed_with(CREDENTIALS.client_secret)

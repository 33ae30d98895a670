"""Two servers with the same seed and the same calls give byte-identical answers.

Where a server listens is its owner's choice and no answer: ports are masked. Tokens are secrets, and are never equal.
"""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from shopify_pipeline_tests.sandbox.receiving import receiving
from shopify_pipeline_tests.sandbox.serving import WAIT_SECONDS, Shop, make_world, served

_PORT = re.compile(rb"127\.0\.0\.1:\d+")
Answer = tuple[str, int, bytes]

MONEY = "{ shopMoney { amount } presentmentMoney { amount } }"
READS: dict[str, str] = {
    "shop": "{ shop { id name myshopifyDomain ianaTimezone timezoneOffset currencyCode plan { publicDisplayName } } }",
    "scopes": "{ currentAppInstallation { accessScopes { handle } } }",
    "orders": f"{{ orders(first: 10) {{ nodes {{ totalPriceSet {MONEY} statusPageUrl }} pageInfo {{ endCursor }} }} }}",
    "orders by update": "{ orders(first: 5, sortKey: UPDATED_AT, reverse: true) { edges { cursor node { id } } } }",
    "orders searched": '{ orders(first: 5, query: "financial_status:paid") { nodes { id displayFinancialStatus } } }',
    "an unknown filter": '{ orders(first: 2, query: "colour:red") { nodes { id } } }',
    "lines": "{ orders(first: 5) { nodes { lineItems(first: 5) { nodes { id title taxLines { title rate } } } } } }",
    "ledger": "{ orders(first: 5) { nodes { agreements(first: 5) { nodes { sales(first: 9) { nodes { id } } } } } } }",
    "payments": "{ orders(first: 9) { nodes { transactions { id kind accountNumber receiptJson fees { id } } } } }",
    "refunds": "{ orders(first: 40) { nodes { refunds { id refundLineItems(first: 5) { nodes { id quantity } } } } } }",
    "fulfillments": "{ orders(first: 9) { nodes { fulfillments { id name trackingInfo { number url } } } } }",
    "journey": "{ orders(first: 9) { nodes { customerJourneySummary { customerOrderIndex } app { id name } } } }",
    "customers": "{ customers(first: 9) { nodes { id displayName lifetimeDuration amountSpent { amount } } } }",
    "addresses": "{ customers(first: 9) { nodes { addresses(first: 3) { id formattedArea } } } }",
    "products": "{ products(first: 9) { nodes { onlineStoreUrl priceRangeV2 { minVariantPrice { amount } } } } }",
    "variants": "{ productVariants(first: 9) { nodes { id price selectedOptions { name optionValue { id } } } } }",
    "items": "{ inventoryItems(first: 9) { nodes { id unitCost { amount } inventoryHistoryUrl } } }",
    "levels": (
        "{ locations(first: 3) { nodes { inventoryLevels(first: 9) { nodes { id deactivationAlert "
        'quantities(names: ["available"]) { id quantity updatedAt } } } } } }'
    ),
    "a count": "{ ordersCount { count precision } }",
    "a missing node": '{ node(id: "gid://shopify/Order/1") { id } }',
    "a syntax error": "{ orders(first: 1",
    "an unknown field": "{ orders(first: 1) { nodes { colour } } }",
    "a missing argument": "{ orders { nodes { id } } }",
    "a denied field": "{ draftOrders(first: 1) { nodes { id } } }",
    "something not modelled": "{ collections(first: 1) { nodes { id } } }",
}
RESTS = ("shop", "orders", "orders.json?limit=5&status=any", "customers", "locations", "events.json?verb=destroy")
BULK = (
    "{ orders { edges { node { id name lineItems { edges { node { id quantity } } } } } } }",
    "{ customers { edges { node { id orders { edges { node { id } } } } } } }",
)
SUBMIT = "mutation($q: String!) { bulkOperationRunQuery(query: $q) { bulkOperation { id } userErrors { message } } }"
POLL = "query($id: ID!) { node(id: $id) { ... on BulkOperation { status objectCount fileSize url } } }"
SUBSCRIBE = """mutation($topic: WebhookSubscriptionTopic!, $uri: String!) { webhookSubscriptionCreate(topic: $topic,
  webhookSubscription: {uri: $uri}) { webhookSubscription { id } userErrors { message } } }"""
TOPICS = ("ORDERS_CREATE", "ORDERS_UPDATED", "REFUNDS_CREATE", "INVENTORY_LEVELS_UPDATE")
SIGNED = ("x-shopify-webhook-id", "x-shopify-event-id", "x-shopify-triggered-at", "x-shopify-hmac-sha256")


def _answers(shop: Shop) -> Iterator[Answer]:
    """Ask everything that changes nothing, in one order."""
    for name, query in READS.items():
        yield _told(name, shop.post(query))
    for path in RESTS:
        address = path if ".json" in path else f"{path}.json"
        yield _told(path, shop.session.get(f"{shop.server.url}/admin/api/2026-10/{address}", timeout=30))
    for query in BULK:
        yield from _bulk(shop, query)


def _bulk(shop: Shop, query: str) -> Iterator[Answer]:
    submitted = shop.post(SUBMIT, {"q": query})
    yield _told("bulk submit", submitted)
    gid = submitted.json()["data"]["bulkOperationRunQuery"]["bulkOperation"]["id"]
    _wait_for(shop, gid)
    finished = shop.post(POLL, {"id": gid})
    yield _told("bulk result", finished)
    yield _told("bulk file", shop.session.get(finished.json()["data"]["node"]["url"], timeout=30))


def _wait_for(shop: Shop, gid: str) -> None:
    """Wait inside the server: a poll costs points, and how many there are is chance."""
    deadline = time.monotonic() + WAIT_SECONDS
    while (operation := shop.sandbox.bulk.find(gid)) is None or operation.status != "COMPLETED":
        assert time.monotonic() < deadline, "the bulk operation did not complete"
        time.sleep(0.01)


def _told(name: str, reply: requests.Response) -> Answer:
    return name, reply.status_code, _masked(reply.content)


def _masked(body: bytes) -> bytes:
    return _PORT.sub(b"127.0.0.1:PORT", body)


def _deliveries(shop: Shop) -> list[tuple[tuple[str, ...], bytes]]:
    """Let the same things happen and give what a receiver is told, sorted: deliveries keep no order."""
    told: list[str] = []
    shop.sandbox.store.listeners.append(lambda changes: told.extend(change.topic for change in changes))
    with receiving() as receiver:
        for topic in TOPICS:
            assert shop.data(SUBSCRIBE, topic=topic, uri=receiver.uri)["webhookSubscriptionCreate"]["userErrors"] == []
        shop.control("POST", "advance", {"new_orders": 2, "refund": 1, "stock_adjust": 2}).raise_for_status()
        wanted = [topic for topic in told if topic.replace("/", "_").upper() in TOPICS]
        found = [receiver.next() for _ in wanted]
    return sorted((tuple(one.headers[name] for name in SIGNED), one.body) for one in found)


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, Shop]]:
    """Two servers on two worlds made from the same arguments, whose buckets never refill."""
    with ExitStack() as running:
        shops = []
        for name in ("one", "other"):
            state: Path = tmp_path_factory.mktemp(name)
            make_world(state, orders=40)
            shops.append(running.enter_context(served(state, monotonic=lambda: 0.0)))
        yield shops[0], shops[1]


def test_the_same_calls_get_byte_identical_answers(twins: tuple[Shop, Shop]) -> None:
    one, other = ([*_answers(shop)] for shop in twins)
    assert len(one) > len(READS) + len(RESTS) + 2 * len(BULK)
    assert one == other


def test_the_same_requests_get_the_same_request_ids_and_every_request_another(twins: tuple[Shop, Shop]) -> None:
    one, other = ([shop.post(READS["shop"]).headers["X-Request-Id"] for _ in range(3)] for shop in twins)
    assert one == other
    assert len(set(one)) == 3


def test_the_same_events_are_told_in_the_same_bytes_under_the_same_ids(twins: tuple[Shop, Shop]) -> None:
    one, other = (_deliveries(shop) for shop in twins)
    assert len(one) > len(TOPICS)
    assert one == other

"""Query cost and its bucket, as Shopify reports and enforces them."""

from __future__ import annotations

from typing import Any

from shopify_pipeline_tests.conformance.asked import AskedStore, asked
from shopify_pipeline_tests.conformance.cases import assumed, case, documented, observed
from shopify_pipeline_tests.sandbox.serving import Shop

LIMITS = "https://shopify.dev/docs/api/usage/limits"
SIZES = {1: 1, 3: 2, 5: 3, 10: 4, 20: 5, 25: 6, 50: 7, 100: 9, 200: 10, 250: 11}
VARIANTS_OF_NOTHING = """query getVariantsInventoryItem($id: ID!) {
  product(id: $id) {
    variants(first: 250) {
      nodes { inventoryItem { id tracked } }
    }
  }
}"""
NO_PRODUCT = "gid://shopify/Product/1"
DEAR = (
    "{ orders(first: 250) { nodes { lineItems(first: 250) { nodes { variant { id } product { id } "
    "taxLines { title } } } } } }"
)
TOO_DEAR = f"{{ {' '.join(f'c{number}: {DEAR[2:-2]}' for number in range(4))} }}"
EMPTY_AND_DEAR = """{ orders(first: 250, query: "id:1") { nodes {
  lineItems(first: 250) { nodes { variant { id } product { id } } }
} } }"""


def cost(store: AskedStore, query: str, **variables: Any) -> dict[str, Any]:
    """What the answer says the query cost."""
    told: dict[str, Any] = store.ask(query, **variables)["extensions"]["cost"]
    return told


def requested(store: AskedStore, query: str, **variables: Any) -> int:
    return int(cost(store, query, **variables)["requestedQueryCost"])


def order_id(store: AskedStore) -> str:
    return str(store.data("{ orders(first: 1) { nodes { id } } }")["orders"]["nodes"][0]["id"])


@case("cost", observed('`products(first: 250) { nodes { id } }` has "requestedQueryCost": 13; Admin API 2026-04'))
def test_a_page_of_250_costs_by_the_logarithm_of_its_size(store: AskedStore) -> None:
    """A connection costs 2 and its node's cost times max(1, ⌊2 ln n⌋)."""
    assert requested(store, "{ products(first: 250) { nodes { id } } }") == 13


@case(
    "cost", observed("sizes 1:1 3:2 5:3 10:4 20:5 25:6 50:7 100:9 200:10 250:11 in 5,478 answers; 2025-01 to 2026-04")
)
def test_the_size_of_a_page_counts_by_its_logarithm_at_every_size(store: AskedStore) -> None:
    """The factor of a page grows from 1 at one node to 11 at 250."""
    costs = {size: requested(store, f"{{ products(first: {size}) {{ nodes {{ id }} }} }}") - 2 for size in SIZES}
    assert costs == SIZES


@case("cost", observed("`products(first: 0) { nodes { id } }` has requested 2 and actual 2; Admin API 2026-04"))
def test_an_empty_page_costs_the_connection_alone(store: AskedStore) -> None:
    """A page of no nodes costs 2, requested and actual."""
    told = cost(store, "{ products(first: 0) { nodes { id } } }")
    assert (told["requestedQueryCost"], told["actualQueryCost"]) == (2, 2)


@case(
    "cost",
    observed('product, 250 variants, their inventory items: "requestedQueryCost": 25, "actualQueryCost": 1; 2025'),
)
def test_what_is_inside_an_absent_object_is_not_charged(store: AskedStore) -> None:
    """A product that is not there costs 1, whatever would have been read of it."""
    told = cost(store, VARIANTS_OF_NOTHING, id=NO_PRODUCT)
    assert (told["requestedQueryCost"], told["actualQueryCost"]) == (25, 1)


@case("cost", observed("`currentAppInstallation { accessScopes { handle } }` costs 2; Admin API 2026-04"))
def test_a_plain_list_costs_as_one_object(store: AskedStore) -> None:
    """A list that is no connection costs 1, however long it is."""
    assert requested(store, "{ currentAppInstallation { accessScopes { handle } } }") == 2


@case("cost", observed("plain lists of objects cost 1 regardless of `first` in 5,478 answers; 2025-01 to 2026-04"))
def test_the_first_of_a_plain_list_does_not_count(store: AskedStore) -> None:
    """``first`` on a plain list changes nothing about its cost."""
    query = "query Q($id: ID!, $n: Int) { order(id: $id) { transactions(first: $n) { id } } }"
    order = order_id(store)
    assert {requested(store, query, id=order, n=size) for size in (1, 10, 250)} == {2}


@case("cost", observed("`__typename` alone has requestedQueryCost 1; 2025-01 to 2026-04"))
def test_no_request_is_free(store: AskedStore) -> None:
    """A request that selects nothing of cost costs 1."""
    assert requested(store, "{ __typename }") == 1


@case("cost", observed("scalars and enums are free in 5,478 answers; 2025-01 to 2026-04"))
def test_scalars_are_free(store: AskedStore) -> None:
    """An object costs 1 however many scalars of it are selected."""
    assert requested(store, "{ shop { id name email currencyCode ianaTimezone myshopifyDomain } }") == 1


@case("cost", observed("MoneyBag and MoneyV2 are free in 5,478 answers; 2025-01 to 2026-04"))
def test_money_is_free(store: AskedStore) -> None:
    """Money bags and the amounts in them cost nothing."""
    query = (
        "query Q($id: ID!) { order(id: $id) { totalPriceSet { shopMoney { amount } presentmentMoney { amount } } } }"
    )
    assert requested(store, query, id=order_id(store)) == 1


@case("cost", observed("`pageInfo` and the `edges` wrapper are free in 5,478 answers; 2025-01 to 2026-04"))
def test_edges_and_page_info_are_free(store: AskedStore) -> None:
    """A connection costs the same through edges, with cursors and pageInfo, as through nodes."""
    edges = "{ products(first: 250) { edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }"
    assert requested(store, edges) == 13


@case("cost", observed("root `…Count` fields cost 10 in 5,478 answers; 2025-01 to 2026-04"))
def test_a_count_at_the_root_costs_10(store: AskedStore) -> None:
    """Counting all records of a type costs 10 points."""
    assert requested(store, "{ ordersCount { count } }") == 10
    assert requested(store, "{ ordersCount { count } productsCount { count } }") == 20


@case(
    "cost",
    observed("mutations cost 10 and their payload objects nothing in 3,383 of 3,455 answers; to 2026-04"),
    steered=True,
)
def test_a_mutation_costs_10_with_its_payload(own_shop: Shop) -> None:
    """A mutation costs 10; the object it gives back and its user errors are free."""
    mutation = (
        'mutation { webhookSubscriptionDelete(id: "gid://shopify/WebhookSubscription/1") '
        "{ deletedWebhookSubscriptionId userErrors { field message } } }"
    )
    assert requested(asked(own_shop), mutation) == 10


@case("cost", observed("interfaces and unions cost their dearest possible type; 2025-01 to 2026-04"))
def test_an_interface_costs_its_dearest_type(store: AskedStore) -> None:
    """Of several type conditions only the dearest counts, not their sum."""
    query = (
        "query Q($id: ID!) { node(id: $id) { ... on Order { customer { id } } "
        "... on Product { category { id } } ... on Customer { id } } }"
    )
    assert requested(store, query, id=order_id(store)) == 2


@case("cost", observed("actual never exceeded requested in 5,478 answers; 2025-01 to 2026-04"))
def test_actual_never_exceeds_requested(store: AskedStore) -> None:
    """What is taken in the end is at most what was asked for, and less when less came."""
    told = cost(store, "{ locations(first: 250) { edges { node { id } } } }")
    assert told["actualQueryCost"] < told["requestedQueryCost"]


@case("cost", observed("`nodes: []` is charged in full; 2025-01 to 2026-04"))
def test_empty_nodes_are_charged_in_full(store: AskedStore) -> None:
    """A page of nodes that turns out empty costs what was requested."""
    told = cost(store, '{ products(first: 100, query: "id:1") { nodes { id } } }')
    assert told["actualQueryCost"] == told["requestedQueryCost"] == 11


@case("cost", observed("`edges: []` costs 2; 2025-01 to 2026-04"))
def test_empty_edges_are_refunded(store: AskedStore) -> None:
    """A page of edges that turns out empty costs the connection alone."""
    told = cost(store, '{ products(first: 100, query: "id:1") { edges { node { id } } } }')
    assert (told["requestedQueryCost"], told["actualQueryCost"]) == (11, 2)


@case("cost", observed('"maximumAvailable": 2000, "restoreRate": 100 in 12,942 of 12,942 answers; 2025-01 to 2026-04'))
def test_the_standard_bucket_holds_2000_points_and_restores_100_a_second(store: AskedStore) -> None:
    """A standard store's bucket holds 2,000 points and gets 100 back each second."""
    status = cost(store, "{ shop { id } }")["throttleStatus"]
    assert (status["maximumAvailable"], status["restoreRate"]) == (2000, 100)
    assert 0 < status["currentlyAvailable"] <= 2000


@case(
    "cost",
    observed(
        '"Query cost is 1723, which exceeds the single query max cost limit (1000)."; '
        "github.com/Shopify/shopify-app-template-remix/issues/503 (2024-01)"
    ),
)
def test_a_query_over_1000_points_is_refused_for_good(store: AskedStore) -> None:
    """A query that requests more than 1,000 points is MAX_COST_EXCEEDED with its cost and the limit, and no data."""
    answer = store.ask(TOO_DEAR)
    (error,) = answer["errors"]
    points = error["extensions"]["cost"]
    assert "data" not in answer
    assert error["message"].startswith(
        f"Query cost is {points}, which exceeds the single query max cost limit (1000).\n\n"
        "See https://shopify.dev/concepts/about-apis/rate-limits for more information on how the\n"
        "cost of a query is calculated."
    )
    assert (error["extensions"]["code"], error["extensions"]["maxCost"]) == ("MAX_COST_EXCEEDED", 1000)
    assert points > 1000


@case(
    "cost",
    observed(
        '{"errors":[{"message":"Query cost is 2003, …","extensions":{"code":"MAX_COST_EXCEEDED","cost":2003,'
        '"maxCost":1000,"documentation":…}}]} and nothing beside it; Admin API 2023-10, '
        "https://gist.github.com/lacom/56e3834834e250270062583f425274b9"
    ),
)
def test_a_query_that_is_too_dear_is_told_its_cost_by_the_error_alone(store: AskedStore) -> None:
    """A query refused as too dear is answered with errors alone: no data and no cost beside them."""
    answer = store.ask(TOO_DEAR)
    assert answer.keys() == {"errors"}
    assert answer["errors"][0]["extensions"].keys() == {"code", "cost", "maxCost", "documentation"}


@case("cost", assumed("nothing has run; no bucket was recorded before and after such a query"), steered=True)
def test_a_query_that_is_too_dear_takes_nothing_from_the_bucket(still_shop: Shop) -> None:
    """A query refused as too dear leaves the bucket exactly as full as it was."""
    store = asked(still_shop)
    before = cost(store, "{ shop { id } }")["throttleStatus"]["currentlyAvailable"]
    for _ in range(3):
        assert store.ask(TOO_DEAR).keys() == {"errors"}
    # One point is this question's own.
    assert cost(store, "{ shop { id } }")["throttleStatus"]["currentlyAvailable"] == before - 1


@case(
    "cost",
    observed(
        '{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED","documentation":'
        '"https://shopify.dev/api/usage/rate-limits"}}],"extensions":{"cost":{"requestedQueryCost":752,'
        '"actualQueryCost":null,"throttleStatus":{…}}}} with HTTP 200; '
        "https://community.shopify.com/t/throttled/254776"
    ),
    steered=True,
    traps=(17,),
)
def test_an_empty_bucket_throttles_with_http_200(own_shop: Shop) -> None:
    """A request the bucket cannot pay is answered HTTP 200 with THROTTLED, its cost, and no data."""
    store = asked(own_shop)
    # Empty nodes are charged in full, so that five of these empty the bucket faster than it restores.
    answers = [store.ask(EMPTY_AND_DEAR) for _ in range(8)]
    throttled = next(answer for answer in answers if "errors" in answer)
    assert throttled["errors"] == [
        {
            "message": "Throttled",
            "extensions": {"code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/rate-limits"},
        }
    ]
    told = throttled["extensions"]["cost"]
    assert throttled.keys() == {"errors", "extensions"}
    assert told["actualQueryCost"] is None
    assert told["throttleStatus"]["currentlyAvailable"] < told["requestedQueryCost"]


@case("cost", documented(LIMITS), steered=True)
def test_the_plan_decides_how_fast_the_bucket_restores(own_shop: Shop) -> None:
    """Standard stores restore 100 points a second, Advanced 200, Plus 1,000 and Enterprise 2,000."""
    store = asked(own_shop)
    rates = {}
    for plan in ("standard", "advanced", "plus", "enterprise"):
        assert own_shop.control("PUT", "settings", {"plan": plan}).status_code == 200
        rates[plan] = cost(store, "{ shop { id } }")["throttleStatus"]["restoreRate"]
    assert rates == {"standard": 100, "advanced": 200, "plus": 1_000, "enterprise": 2_000}


@case("cost", assumed("20 seconds of restoring were seen on standard stores only"), steered=True)
def test_a_bucket_holds_twenty_seconds_of_restoring_on_every_plan(own_shop: Shop) -> None:
    """The bucket of every plan holds twenty times its restore rate."""
    own_shop.control("PUT", "settings", {"plan": "plus"})
    status = cost(asked(own_shop), "{ shop { id } }")["throttleStatus"]
    assert status["maximumAvailable"] == 20 * status["restoreRate"]


@case(
    "cost",
    observed(
        '"definedCost": 0, "requestedTotalCost": 0, "requestedChildrenCost": null for a scalar, innermost first; 2025'
    ),
)
def test_the_debug_header_adds_what_every_field_costs(store: AskedStore) -> None:
    """With ``Shopify-GraphQL-Cost-Debug: 1`` the cost lists every field, the innermost first."""
    response = store.post(VARIANTS_OF_NOTHING, {"id": NO_PRODUCT}, headers={"Shopify-GraphQL-Cost-Debug": "1"})
    fields = response.json()["extensions"]["cost"]["fields"]
    assert fields[0] == {
        "path": ["product", "variants", "nodes", "inventoryItem", "id"],
        "definedCost": 0,
        "requestedTotalCost": 0,
        "requestedChildrenCost": None,
    }
    assert fields[-1]["path"] == ["product"]
    assert fields[-1]["requestedTotalCost"] == 25


@case("cost", documented(LIMITS))
def test_without_the_debug_header_the_cost_is_short(store: AskedStore) -> None:
    """Without the header the cost has three parts and no list of fields."""
    assert cost(store, "{ shop { id } }").keys() == {"requestedQueryCost", "actualQueryCost", "throttleStatus"}


@case("cost", documented("https://shopify.dev/docs/api/admin-graphql/2026-10/queries/ordersCount"), traps=(26,))
def test_a_count_that_reached_its_limit_says_at_least(store: AskedStore) -> None:
    """A count stops at its limit and says AT_LEAST; below it, it is EXACT."""
    query = "{ few: ordersCount(limit: 1) { count precision } all: ordersCount(limit: null) { count precision } }"
    data = store.data(query)
    assert data["few"] == {"count": 1, "precision": "AT_LEAST"}
    assert data["all"]["precision"] == "EXACT"
    assert data["all"]["count"] > 1


@case("cost", documented("https://shopify.dev/docs/api/admin-graphql/2026-10/queries/ordersCount"), traps=(26,))
def test_a_count_stops_at_10000_unless_told_otherwise(store: AskedStore) -> None:
    """The limit of a count is 10,000 by default, in the published schema."""
    query = '{ __type(name: "QueryRoot") { fields { name args { name defaultValue } } } }'
    fields = {field["name"]: field["args"] for field in store.data(query)["__type"]["fields"]}
    assert {"name": "limit", "defaultValue": "10000"} in fields["ordersCount"]

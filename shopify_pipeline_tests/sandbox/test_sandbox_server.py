"""The server's contract over real HTTPS: what a Shopify client can rely on."""

import json
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from shopify_pipeline_tests.sandbox.serving import CREDENTIALS, NOW, Shop, make_world, served
from shopify_sandbox.http.server import TOKEN_HEADER

ORDERS = """query Orders($first: Int, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    pageInfo { hasNextPage endCursor }
    nodes { id updatedAt name }
  }
}"""


def all_orders(shop: Shop, query: str | None = None, first: int = 100) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    after = None
    for _ in range(20):
        page = shop.data(ORDERS, first=first, after=after, query=query)["orders"]
        seen += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return seen
        after = page["pageInfo"]["endCursor"]
    raise AssertionError("the pages never end")


def test_every_response_names_version_request_and_the_worlds_time(shop: Shop) -> None:
    responses = [shop.post("{ shop { name } }"), shop.token(), shop.session.get(f"{shop.server.url}/nowhere")]
    for response in responses:
        assert response.headers["X-Shopify-API-Version"] == "2026-10"
        assert parsedate_to_datetime(response.headers["Date"]) == shop.sandbox.store.now
    assert len({response.headers["X-Request-Id"] for response in responses}) == 3


def test_answer_carries_data_and_cost(shop: Shop) -> None:
    answer = shop.ask("{ shop { myshopifyDomain } }")
    assert answer["data"] == {"shop": {"myshopifyDomain": "sandbox-usd.myshopify.com"}}
    cost = answer["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (1, 1)
    assert (cost["throttleStatus"]["maximumAvailable"], cost["throttleStatus"]["restoreRate"]) == (2000.0, 100.0)


def test_certificate_is_checked_against_the_sandbox_authority(shop: Shop) -> None:
    with requests.Session() as stranger:
        stranger.trust_env = False
        with pytest.raises(requests.exceptions.SSLError):
            stranger.get(shop.server.url, timeout=5)


def test_any_host_header_is_served(shop: Shop) -> None:
    assert shop.post("{ shop { name } }", headers={"Host": "anything.myshopify.com"}).status_code == 200


def test_wrong_token_is_refused_with_a_string(shop: Shop) -> None:
    response = shop.post("{ shop { name } }", headers={TOKEN_HEADER: "shpca_wrong"})
    assert response.status_code == 401
    assert response.json() == {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}


@pytest.mark.parametrize("version", ["2019-02", "2027-01", "unstable", "latest"])
def test_version_that_never_was_is_not_found(shop: Shop, version: str) -> None:
    url = f"{shop.server.url}/admin/api/{version}/graphql.json"
    assert shop.session.post(url, json={"query": "{ shop { name } }"}, timeout=5).status_code == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"not json"])
def test_body_without_a_query_is_a_bad_request(shop: Shop, body: bytes) -> None:
    response = shop.session.post(f"{shop.server.url}/admin/api/2026-10/graphql.json", data=body, timeout=5)
    assert response.status_code == 400


def test_token_is_granted_for_json_and_form(shop: Shop) -> None:
    form = shop.session.post(
        f"{shop.server.url}/admin/oauth/access_token",
        data={
            "client_id": CREDENTIALS.client_id,
            "client_secret": CREDENTIALS.client_secret,
            "grant_type": "client_credentials",
        },
        timeout=5,
    )
    for response in (shop.token(), form):
        content = response.json()
        assert content["expires_in"] == 86399
        assert "read_orders" in content["scope"].split(",")
        answer = shop.post("{ shop { name } }", headers={TOKEN_HEADER: content["access_token"]})
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("change", "code"),
    [({"client_secret": "wrong"}, "invalid_client"), ({"grant_type": "password"}, "unsupported_grant_type")],
)
def test_wrong_token_request_is_refused(shop: Shop, change: dict[str, str], code: str) -> None:
    response = shop.token(**change)
    assert (response.status_code, response.json()["error"]) == (400, code)


def test_token_expires_by_the_worlds_clock_and_can_be_revoked(own_shop: Shop) -> None:
    assert own_shop.post("{ shop { name } }").status_code == 200
    own_shop.control("POST", "advance", {"hours": 24})
    assert own_shop.post("{ shop { name } }").status_code == 401
    own_shop.log_in()
    assert own_shop.post("{ shop { name } }").status_code == 200
    own_shop.control("DELETE", "tokens")
    assert own_shop.post("{ shop { name } }").status_code == 401


def test_restart_keeps_authority_and_tokens(tmp_path: Path) -> None:
    make_world(tmp_path, orders=5)
    with served(tmp_path) as first:
        token, authority = first.session.headers[TOKEN_HEADER], first.server.tls.ca.read_bytes()
    with served(tmp_path) as second:
        assert second.server.tls.ca.read_bytes() == authority
        assert second.post("{ shop { name } }", headers={TOKEN_HEADER: str(token)}).status_code == 200


def test_pages_hold_every_order_once_in_order_of_change(shop: Shop) -> None:
    seen = all_orders(shop, first=37)
    assert len({order["id"] for order in seen}) == len(seen) == 300
    assert [order["updatedAt"] for order in seen] == sorted(order["updatedAt"] for order in seen)


def test_window_on_updated_at_holds_what_changed_in_it(shop: Shop) -> None:
    everything = all_orders(shop)
    low, high = everything[100]["updatedAt"], everything[200]["updatedAt"]
    expected = [order["id"] for order in everything if low <= order["updatedAt"] < high]
    window = all_orders(shop, query=f"updated_at:>='{low}' updated_at:<'{high}'")
    assert [order["id"] for order in window] == expected
    assert expected


def test_edges_nodes_aliases_fragments_and_directives_give_the_same_order(shop: Shop) -> None:
    data = shop.data(
        """query Q($no: Boolean!) {
          plain: orders(first: 1) { nodes { id name customer { id } } }
          dressed: orders(first: 1) {
            pageInfo { hasNextPage startCursor endCursor __typename }
            edges { cursor item: node { __typename key: id ...Named email @include(if: $no) } }
          }
        }
        fragment Named on Order { name ... on Order @skip(if: $no) { customer { id } } }""",
        no=False,
    )
    plain = data["plain"]["nodes"][0]
    dressed = data["dressed"]["edges"][0]
    assert dressed["item"] == {"__typename": "Order", "key": plain["id"], **{k: plain[k] for k in ("name", "customer")}}
    assert data["dressed"]["pageInfo"] == {
        "hasNextPage": True,
        "startCursor": dressed["cursor"],
        "endCursor": dressed["cursor"],
        "__typename": "PageInfo",
    }


def test_interfaces_answer_by_the_concrete_type(shop: Shop) -> None:
    data = shop.data(
        """{ orders(first: 50) { nodes { agreements(first: 3) { nodes { __typename id
          ... on RefundAgreement { refund { id } }
          sales(first: 10) { nodes { __typename lineType
            ... on ProductSale { lineItem { id } } ... on ShippingLineSale { shippingLine { id } } } } } } } } }"""
    )
    agreements = [each for order in data["orders"]["nodes"] for each in order["agreements"]["nodes"]]
    assert {each["__typename"] for each in agreements} >= {"OrderAgreement", "RefundAgreement"}
    assert all(("refund" in each) == (each["__typename"] == "RefundAgreement") for each in agreements)
    sales = [sale for each in agreements for sale in each["sales"]["nodes"]]
    assert {sale["__typename"] for sale in sales} >= {"ProductSale", "ShippingLineSale"}
    assert all(("lineItem" in sale) == (sale["__typename"] == "ProductSale") for sale in sales)


def test_nested_connection_pages_to_the_end(shop: Shop) -> None:
    order = next(
        each
        for each in shop.data("{ orders(first: 50) { nodes { id lineItems(first: 250) { nodes { id } } } } }")[
            "orders"
        ]["nodes"]
        if len(each["lineItems"]["nodes"]) > 2
    )
    text = """query Q($id: ID!, $after: String) { order(id: $id) { lineItems(first: 1, after: $after) {
      nodes { id } pageInfo { hasNextPage endCursor } } } }"""
    seen, after, more = [], None, True
    while more:
        page = shop.data(text, id=order["id"], after=after)["order"]["lineItems"]
        seen += page["nodes"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert seen == order["lineItems"]["nodes"]


def test_node_and_nodes_find_records_and_give_null_for_what_is_not_there(shop: Shop) -> None:
    order = shop.data("{ orders(first: 1) { nodes { id name } } }")["orders"]["nodes"][0]
    data = shop.data(
        """query Q($id: ID!, $ids: [ID!]!) {
          node(id: $id) { id ... on Order { name } } nodes(ids: $ids) { __typename id } }""",
        id=order["id"],
        ids=[order["id"], "gid://shopify/Order/1"],
    )
    assert data == {"node": order, "nodes": [{"__typename": "Order", "id": order["id"]}, None]}


def test_bad_global_id_is_refused_before_anything_is_read(shop: Shop) -> None:
    answer = shop.ask('{ shop { name } node(id: "17") { id } }')
    assert "data" not in answer
    assert [(each["message"], each["path"]) for each in answer["errors"]] == [
        ("Invalid global id '17'", ["query", "node", "id"])
    ]


def test_counts_stop_at_their_limit_and_say_so(shop: Shop) -> None:
    data = shop.data(
        "{ all: ordersCount { count precision } few: ordersCount(limit: 7) { count precision } "
        "none: ordersCount(limit: null) { count precision } }"
    )
    assert data == {
        "all": {"count": 300, "precision": "EXACT"},
        "few": {"count": 7, "precision": "AT_LEAST"},
        "none": {"count": 300, "precision": "EXACT"},
    }


def test_connection_needs_a_size(shop: Shop) -> None:
    answer = shop.ask("{ orders { nodes { id } } }")
    assert answer["data"] is None
    assert answer["errors"] == [
        {
            "message": "you must provide one of first or last",
            "locations": [{"line": 1, "column": 3}],
            "path": ["orders"],
            "extensions": {"code": "BAD_REQUEST"},
        }
    ]
    assert answer["extensions"]["cost"]["requestedQueryCost"] == 2


def test_nested_connection_without_a_size_names_its_place(shop: Shop) -> None:
    answer = shop.ask("{ orders(first: 1) { nodes { lineItems { nodes { id } } } } }")
    assert answer["errors"][0]["path"] == ["orders", "nodes", "lineItems"]


def test_unknown_search_field_warns_and_returns_everything(shop: Shop) -> None:
    answer = shop.ask('{ orders(first: 250, query: "colour:red") { nodes { id } } }')
    assert len(answer["data"]["orders"]["nodes"]) == 250
    assert answer["extensions"]["search"] == [
        {
            "path": ["orders"],
            "query": "colour:red",
            "parsed": {"field": "colour", "match_all": "red"},
            "warnings": [
                {"field": "colour", "message": "Invalid search field for this query.", "code": "invalid_field"}
            ],
        }
    ]


def test_field_outside_the_world_is_an_error_and_never_null(shop: Shop) -> None:
    answer = shop.ask("{ collections(first: 1) { nodes { id } } orders(first: 1) { nodes { id alerts { title } } } }")
    assert "data" not in answer
    assert [(each["message"], each["extensions"]["code"]) for each in answer["errors"]] == [
        ("QueryRoot.collections is not modelled by the sandbox", "SANDBOX_NOT_MODELLED"),
        ("Order.alerts is not modelled by the sandbox", "SANDBOX_NOT_MODELLED"),
    ]


def test_query_above_a_thousand_points_is_refused(shop: Shop) -> None:
    inner = " ".join(
        f"{name}: lineItems(first: 250) {{ nodes {{ product {{ id }} variant {{ id }} }} }}" for name in "abc"
    )
    answer = shop.ask(f"{{ orders(first: 250) {{ nodes {{ {inner} }} }} }}")
    assert "data" not in answer
    assert answer["errors"][0]["extensions"] == {
        "code": "MAX_COST_EXCEEDED",
        "cost": 2 + 11 * (1 + 3 * (2 + 11 * 3)),
        "maxCost": 1000,
        "documentation": "https://shopify.dev/api/usage/rate-limits",
    }


def test_empty_bucket_throttles_with_http_200_and_refills_with_time(tmp_path: Path) -> None:
    make_world(tmp_path, orders=5)
    moment = [0.0]
    # Nothing is found, and empty nodes are charged in full.
    text = '{ orders(first: 250, query: "id:1") { nodes { a: lineItems(first: 250) { nodes { product { id } } } } } }'
    requested = 2 + 11 * (1 + 2 + 11 * 2)
    with served(tmp_path, monotonic=lambda: moment[0]) as shop:
        while (left := shop.ask(text)["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"]) >= requested:
            pass
        response = shop.post(text)
        assert response.status_code == 200
        assert response.json() == {
            "errors": [
                {
                    "message": "Throttled",
                    "extensions": {
                        "code": "THROTTLED",
                        "documentation": "https://shopify.dev/api/usage/rate-limits",
                    },
                }
            ],
            "extensions": {
                "cost": {
                    "requestedQueryCost": requested,
                    "actualQueryCost": None,
                    "throttleStatus": {
                        "maximumAvailable": 2000.0,
                        "currentlyAvailable": left,
                        "restoreRate": 100.0,
                    },
                }
            },
        }
        moment[0] = (requested - left) / 100
        assert "data" in shop.ask(text)


def test_app_sees_its_scopes_and_is_denied_the_rest(own_shop: Shop) -> None:
    own_shop.control("PUT", "scopes", {"scopes": ["read_orders", "read_inventory"]})
    handles = own_shop.data("{ currentAppInstallation { accessScopes { handle } } }")
    assert handles["currentAppInstallation"]["accessScopes"] == [
        {"handle": "read_inventory"},
        {"handle": "read_orders"},
    ]
    answer = own_shop.ask("{ orders(first: 1) { nodes { id customer { id } } } }")
    assert answer["data"]["orders"]["nodes"][0]["customer"] is None
    assert answer["errors"] == [
        {
            "message": "Access denied for customer field. Required access: `read_customers` access scope.",
            "locations": [{"line": 1, "column": 33}],
            "path": ["orders", "nodes", 0, "customer"],
            "extensions": {
                "code": "ACCESS_DENIED",
                "documentation": "https://shopify.dev/api/usage/access-scopes",
                "requiredAccess": "`read_customers` access scope.",
            },
        }
    ]


def test_denied_root_that_cannot_be_null_leaves_no_data(own_shop: Shop) -> None:
    own_shop.control("PUT", "scopes", {"scopes": ["read_products"]})
    answer = own_shop.ask("{ orders(first: 1) { nodes { id } } }")
    assert answer["data"] is None
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


def test_advancing_the_world_shows_at_once_and_moves_the_date(own_shop: Shop) -> None:
    before = own_shop.data("{ ordersCount { count } }")["ordersCount"]["count"]
    events = own_shop.control("POST", "advance", {"new_orders": 2, "hours": 1}).json()["events"]
    assert len([event for event in events if event["event"] == "order_placed"]) == 2
    response = own_shop.post("{ ordersCount { count } }")
    assert response.json()["data"]["ordersCount"]["count"] == before + 2
    assert (parsedate_to_datetime(response.headers["Date"]) - NOW).total_seconds() >= 3600


def test_control_endpoints_need_the_key_and_refuse_nonsense(own_shop: Shop) -> None:
    url = f"{own_shop.server.url}/__sandbox/status"
    assert own_shop.session.get(url, timeout=5).status_code == 403
    assert own_shop.control("GET", "status").json()["shop"] == "sandbox-usd.myshopify.com"
    refused = own_shop.control("POST", "advance", {"refund": 1, "order": "#999999"})
    assert (refused.status_code, refused.json()["error"]) == (400, "there is no order #999999")
    assert own_shop.control("POST", "advance", {"frobnicate": 1}).status_code == 400


def test_request_log_has_one_line_per_request_without_content(own_shop: Shop) -> None:
    own_shop.data("query Recent { orders(first: 3) { nodes { id email } } }")
    entries = [json.loads(line) for line in (own_shop.sandbox.state / "requests.jsonl").read_text().splitlines()]
    assert [entry["kind"] for entry in entries] == ["oauth", "graphql"]
    last = {key: value for key, value in entries[-1].items() if key != "wall_time"}
    assert last == {
        "world_time": "2026-11-20T12:00:00Z",
        "kind": "graphql",
        "operation": "Recent",
        "root_fields": ["orders"],
        "status": 200,
        "requested": 4,
        "actual": 4,
        "root_nodes": 3,
    }

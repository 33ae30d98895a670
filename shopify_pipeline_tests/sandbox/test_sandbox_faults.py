"""Planted faults: what leaves the server is spoiled, the world is not."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from shopify_pipeline_tests.sandbox.serving import WAIT_SECONDS, Shop, make_world, served
from shopify_sandbox.faults import HUGE_NUMBER

ORDER = """id legacyResourceId name totalPriceSet { shopMoney { amount currencyCode } }"""
PAGE = "{ orders(first: 5, sortKey: ID) { nodes { " + ORDER + " lineItems(first: 5) { nodes { id title } } } } }"
BULK = "{ orders { edges { node { " + ORDER + " lineItems { edges { node { id title } } } } } } }"


def orders(shop: Shop) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = shop.data(PAGE)["orders"]["nodes"]
    return nodes


def plant(shop: Shop, **fault: Any) -> None:
    assert shop.control("PUT", "faults", fault).status_code == 200


def bulk_lines(shop: Shop) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    run = "mutation Run($query: String!) { bulkOperationRunQuery(query: $query) { bulkOperation { id } } }"
    gid = shop.data(run, query=BULK)["bulkOperationRunQuery"]["bulkOperation"]["id"]
    poll = "query Poll($id: ID!) { bulkOperation(id: $id) { status objectCount rootObjectCount url } }"
    deadline = time.monotonic() + WAIT_SECONDS
    while (operation := shop.data(poll, id=gid)["bulkOperation"])["status"] != "COMPLETED":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    text = shop.session.get(operation["url"], timeout=10).text
    return operation, [json.loads(line) for line in text.splitlines()]


def test_bad_money_spoils_one_amount_of_one_order_and_clearing_heals_it(own_shop: Shop) -> None:
    sound = orders(own_shop)
    plant(own_shop, malformed=[{"root": "orders", "name": sound[2]["name"], "kind": "bad_money"}])
    spoiled = orders(own_shop)
    assert spoiled[2]["totalPriceSet"]["shopMoney"] == {"amount": "12.x4", "currencyCode": "USD"}
    assert [spoiled[place] == sound[place] for place in range(5)] == [True, True, False, True, True]
    own_shop.control("DELETE", "faults")
    assert orders(own_shop) == sound


def test_missing_currency_removes_the_key(own_shop: Shop) -> None:
    gid = orders(own_shop)[0]["id"]
    plant(own_shop, malformed=[{"root": "orders", "id": gid, "kind": "missing_currency"}])
    assert list(orders(own_shop)[0]["totalPriceSet"]["shopMoney"]) == ["amount"]


def test_huge_id_is_beyond_64_bits(own_shop: Shop) -> None:
    gid = orders(own_shop)[0]["id"]
    plant(own_shop, malformed=[{"root": "orders", "id": gid, "kind": "huge_id"}])
    spoiled = orders(own_shop)[0]
    assert (spoiled["id"], spoiled["legacyResourceId"]) == (f"gid://shopify/Order/{HUGE_NUMBER}", str(HUGE_NUMBER))
    assert HUGE_NUMBER > 2**63


def test_orphan_child_has_a_malformed_id_on_pages(own_shop: Shop) -> None:
    sound = orders(own_shop)[1]
    plant(own_shop, malformed=[{"root": "orders", "id": sound["id"], "kind": "orphan_child"}])
    spoiled = orders(own_shop)[1]
    assert spoiled["lineItems"]["nodes"][0]["id"] == "gid://shopify/LineItem/not-a-number"
    assert spoiled["id"] == sound["id"]


def test_faults_reach_single_objects_and_edges_alike(own_shop: Shop) -> None:
    gid = orders(own_shop)[0]["id"]
    plant(own_shop, malformed=[{"root": "orders", "id": gid, "kind": "bad_money"}])
    data = own_shop.data(
        "query Q($id: ID!) { order(id: $id) { " + ORDER + " } node(id: $id) { ... on Order { " + ORDER + " } } "
        "orders(first: 1, sortKey: ID) { edges { node { " + ORDER + " } } } "
        "nodes(ids: [$id]) { ... on Order { " + ORDER + " } } }",
        id=gid,
    )
    for order in (data["order"], data["node"], data["orders"]["edges"][0]["node"], data["nodes"][0]):
        assert order["totalPriceSet"]["shopMoney"]["amount"] == "12.x4"


def test_bulk_file_carries_the_faults_and_its_counts_stay_true(own_shop: Shop) -> None:
    sound = orders(own_shop)
    kinds = ["bad_money", "missing_currency", "huge_id", "orphan_child"]
    plant(
        own_shop,
        malformed=[{"root": "orders", "id": sound[place]["id"], "kind": kind} for place, kind in enumerate(kinds)],
    )
    operation, lines = bulk_lines(own_shop)
    roots = {line["id"]: line for line in lines if "__parentId" not in line}
    children = [line for line in lines if "__parentId" in line]
    assert (int(operation["objectCount"]), int(operation["rootObjectCount"])) == (len(lines), len(roots))
    assert roots[sound[0]["id"]]["totalPriceSet"]["shopMoney"]["amount"] == "12.x4"
    assert "currencyCode" not in roots[sound[1]["id"]]["totalPriceSet"]["shopMoney"]
    huge = f"gid://shopify/Order/{HUGE_NUMBER}"
    assert roots[huge]["name"] == sound[2]["name"]
    assert len([line for line in children if line["__parentId"] == huge]) == len(sound[2]["lineItems"]["nodes"])
    orphans = [line for line in children if line["__parentId"] not in roots]
    assert len(orphans) == 1
    assert orphans[0]["id"] in [line["id"] for line in sound[3]["lineItems"]["nodes"]]


def test_status_is_answered_for_so_many_requests(own_shop: Shop) -> None:
    plant(own_shop, answers=[{"kind": "status", "status": 503, "count": 2}])
    assert [own_shop.post("{ shop { name } }").status_code for _ in range(3)] == [503, 503, 200]


def test_planted_429_says_when_to_come_back(own_shop: Shop) -> None:
    plant(own_shop, answers=[{"kind": "status", "status": 429}])
    assert own_shop.post("{ shop { name } }").headers["Retry-After"] == "2.0"


def test_planted_throttle_is_answered_as_shopify_throttles(own_shop: Shop) -> None:
    plant(own_shop, answers=[{"kind": "throttled"}])
    response = own_shop.post("{ shop { name } }")
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (200, "THROTTLED")
    assert "data" in own_shop.ask("{ shop { name } }")


def test_garbage_is_html_with_200(own_shop: Shop) -> None:
    plant(own_shop, answers=[{"kind": "garbage"}])
    response = own_shop.post("{ shop { name } }")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert response.text.startswith("<!DOCTYPE html>")


def test_reset_cuts_the_body_off(own_shop: Shop) -> None:
    plant(own_shop, answers=[{"kind": "reset"}])
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        own_shop.post("{ shop { name } }")
    assert own_shop.post("{ shop { name } }").status_code == 200


def test_fault_on_one_kind_of_request_leaves_the_others_alone(own_shop: Shop) -> None:
    plant(own_shop, answers=[{"kind": "status", "status": 500, "on": "oauth"}])
    assert own_shop.post("{ shop { name } }").status_code == 200
    assert [own_shop.token().status_code for _ in range(2)] == [500, 200]


def test_faults_survive_a_restart(tmp_path: Path) -> None:
    make_world(tmp_path, orders=5)
    with served(tmp_path) as first:
        gid = orders(first)[0]["id"]
        plant(first, malformed=[{"root": "orders", "id": gid, "kind": "bad_money"}])
    with served(tmp_path) as second:
        assert orders(second)[0]["totalPriceSet"]["shopMoney"]["amount"] == "12.x4"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"malformed": [{"root": "orders", "id": "x", "kind": "odd"}]}, "unknown kind of malformed record 'odd'"),
        ({"malformed": [{"root": "orders", "kind": "bad_money"}]}, "a malformed record needs an id (gid) or a name"),
        ({"malformed": [{"root": "orders", "name": "#0", "kind": "bad_money"}]}, "orders holds no record named '#0'"),
        ({"malformed": [{"root": "odd", "name": "#0", "kind": "bad_money"}]}, "unknown root 'odd'"),
        ({"answers": [{"kind": "odd"}]}, "unknown kind of answer 'odd'"),
        ({"answers": [{"kind": "status"}]}, "a status exactly when its kind is status"),
    ],
)
def test_nonsense_is_not_planted(own_shop: Shop, fault: dict[str, Any], message: str) -> None:
    refused = own_shop.control("PUT", "faults", fault)
    assert refused.status_code == 400
    assert message in refused.json()["error"]
    assert own_shop.control("GET", "faults").json() == {"malformed": [], "answers": []}

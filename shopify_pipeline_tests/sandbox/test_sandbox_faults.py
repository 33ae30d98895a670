"""Planted faults: what leaves the server is spoiled, the world is not."""

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from shopify_pipeline_tests.sandbox.serving import NOW, WAIT_SECONDS, Shop, make_world, served
from shopify_sandbox.faults.kinds import CATALOGUE, FAILURES, NOT_CAUSED, kinds
from shopify_sandbox.faults.malformed import HUGE_NUMBER
from shopify_sandbox.faults.plan import Faults
from shopify_sandbox.state import JsonLines

ORDER = """id legacyResourceId name totalPriceSet { shopMoney { amount currencyCode } }"""
PAGE = "{ orders(first: 5, sortKey: ID) { nodes { " + ORDER + " lineItems(first: 5) { nodes { id title } } } } }"
NOTHING: dict[str, Any] = {"malformed": [], "answers": [], "bulk": [], "seed": 0, "log": []}
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
    assert own_shop.control("GET", "faults").json() == NOTHING


def test_a_fault_strikes_from_its_nth_request_on_and_only_the_operation_it_names(own_shop: Shop) -> None:
    plant(own_shop, answers=[{"kind": "status", "status": 503, "operation": "Named", "nth": 2, "count": 2}])
    named = [own_shop.post("query Named { shop { name } }").status_code for _ in range(4)]
    assert named == [200, 503, 503, 200]
    assert own_shop.post("query Other { shop { name } }").status_code == 200


def test_the_first_fault_planted_has_a_request_to_itself(own_shop: Shop) -> None:
    plant(own_shop, answers=[{"kind": "status", "status": 500}, {"kind": "status", "status": 502}])
    assert [own_shop.post("{ shop { name } }").status_code for _ in range(3)] == [500, 502, 200]


def drawn(path: Path, seed: int, requests_made: int) -> list[bool]:
    faults = Faults(path, log=JsonLines(path.with_suffix(".log")), now=lambda: NOW)
    faults.plant({"seed": seed, "answers": [{"kind": "reset", "rate": 0.3}]}, lambda root, name: "")
    return [faults.next_answer("graphql", "Q") is not None for _ in range(requests_made)]


def test_drawn_faults_are_the_same_for_the_same_seed_and_as_frequent_as_said(tmp_path: Path) -> None:
    first, again, other = (drawn(tmp_path / name, seed, 150) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert first == again != other
    assert 0.2 < sum(first) / 150 < 0.4


def test_drawing_goes_on_after_a_restart_where_it_was(tmp_path: Path) -> None:
    whole = drawn(tmp_path / "whole", 1, 40)
    drawn(tmp_path / "halves", 1, 20)
    reopened = Faults(tmp_path / "halves", log=JsonLines(tmp_path / "log"), now=lambda: NOW)
    assert [reopened.next_answer("graphql") is not None for _ in range(20)] == whole[20:]


def test_every_hit_is_logged_with_what_it_hit(own_shop: Shop) -> None:
    gid = orders(own_shop)[0]["id"]
    plant(
        own_shop,
        answers=[{"kind": "status", "status": 503}],
        malformed=[{"root": "orders", "id": gid, "kind": "bad_money"}],
    )
    own_shop.post("query Hit { shop { name } }")
    orders(own_shop)
    entries = own_shop.control("GET", "faults").json()["log"]
    assert [{key: value for key, value in entry.items() if key != "wall_time"} for entry in entries] == [
        {
            "world_time": "2026-11-20T12:00:00Z",
            "section": "answers",
            "fault": "status",
            "request": "graphql",
            "operation": "Hit",
        },
        {
            "world_time": "2026-11-20T12:00:00Z",
            "section": "malformed",
            "fault": "bad_money",
            "request": "graphql",
            "operation": None,
        },
    ]
    assert own_shop.sandbox.faults.log.read() == entries


def test_a_bulk_fault_waits_for_the_operation_it_names(own_shop: Shop) -> None:
    plant(own_shop, bulk=[{"kind": "failed", "error_code": "TIMEOUT", "share": 0.25, "operation": "Orders"}])
    faults = own_shop.sandbox.faults
    assert faults.next_bulk("Products") is None
    hit = faults.next_bulk("Orders")
    assert hit is not None
    assert (hit.kind, hit.error_code, hit.share) == ("failed", "TIMEOUT", 0.25)
    assert faults.next_bulk("Orders") is None


def test_every_failure_a_shop_knows_is_caused_or_said_to_be_nobodys_here() -> None:
    caused = {failure for kind in CATALOGUE for failure in kind.failures}
    assert caused | set(NOT_CAUSED) == set(FAILURES)
    assert not caused & set(NOT_CAUSED)
    assert set(FAILURES) == {f"A{number}" for number in range(1, 22)} | {f"W{number}" for number in range(1, 13)}


def test_what_the_catalogue_names_exists(own_shop: Shop) -> None:
    assert set(kinds("settings")) <= set(own_shop.control("GET", "settings").json())
    for name in kinds("control"):
        assert own_shop.control("OPTIONS", name).status_code == 405, f"{name} is no control endpoint"


@pytest.mark.parametrize("kind", ["reset", "cut_length", "cut_chunked", "cut_close"])
def test_a_download_that_breaks_has_brought_a_true_part_of_the_file(own_shop: Shop, kind: str) -> None:
    operation, _ = bulk_lines(own_shop)
    whole = own_shop.session.get(operation["url"], timeout=10).content
    plant(own_shop, answers=[{"kind": kind, "on": "bulk_download"}])
    received = b""
    with (
        suppress(requests.RequestException),
        own_shop.session.get(operation["url"], headers={"Range": "bytes=100-"}, stream=True, timeout=10) as response,
    ):
        assert (response.status_code, response.headers["Content-Range"]) == (
            206,
            f"bytes 100-{len(whole) - 1}/{len(whole)}",
        )
        for chunk in response.iter_content(1):
            received += chunk
    assert received
    assert whole[100:].startswith(received)
    assert len(received) < len(whole) - 100


def test_spoiled_headers_are_the_only_thing_wrong(own_shop: Shop) -> None:
    sound = own_shop.post("{ shop { name } }")
    kinds_of_header = ["wrong_version", "no_version", "no_date", "skewed_date", "wrong_type"]
    plant(own_shop, answers=[{"kind": kind, "seconds": 90} for kind in kinds_of_header])
    said = {kind: own_shop.post("{ shop { name } }") for kind in kinds_of_header}
    assert {response.json()["data"]["shop"]["name"] for response in said.values()} == {
        sound.json()["data"]["shop"]["name"]
    }
    assert said["wrong_version"].headers["X-Shopify-API-Version"] == "2027-01"
    assert "X-Shopify-API-Version" not in said["no_version"].headers
    assert "Date" not in said["no_date"].headers
    assert said["skewed_date"].headers["Date"] == "Fri, 20 Nov 2026 12:01:30 GMT"
    assert said["wrong_type"].headers["Content-Type"].startswith("text/html")

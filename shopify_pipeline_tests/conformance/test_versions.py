"""Which Admin API version answers, and how the answer says so."""

from __future__ import annotations

from shopify_pipeline_tests.conformance.asked import AskedStore
from shopify_pipeline_tests.conformance.cases import assumed, case, documented

VERSIONING = "https://shopify.dev/docs/api/usage/versioning"
HEADER = "X-Shopify-API-Version"
SHOP = "{ shop { name } }"


@case("versions", documented(VERSIONING))
def test_the_answer_names_the_version_that_was_asked_for(store: AskedStore) -> None:
    """A supported version answers itself and names itself in X-Shopify-API-Version."""
    response = store.post(SHOP)
    assert (response.status_code, response.headers[HEADER]) == (200, "2026-10")


@case("versions", documented(VERSIONING))
def test_an_earlier_supported_version_answers_itself(store: AskedStore) -> None:
    """The version of the quarter before is served beside the newest one."""
    response = store.post(SHOP, version="2026-07")
    assert (response.status_code, response.headers[HEADER]) == (200, "2026-07")


@case("versions", documented(VERSIONING))
def test_a_retired_version_falls_forward_to_a_supported_one(store: AskedStore) -> None:
    """A version no longer supported is answered with HTTP 200 by a later one, which only the header tells."""
    response = store.post(SHOP, version="2025-10")
    assert response.status_code == 200
    assert "2025-10" < response.headers[HEADER] <= "2026-07"
    assert response.json()["data"]["shop"]["name"]


@case("versions", documented(VERSIONING))
def test_retired_versions_all_fall_forward_to_the_same_one(store: AskedStore) -> None:
    """However old a version is, the oldest supported one answers."""
    answered = {store.post(SHOP, version=version).headers[HEADER] for version in ("2021-01", "2024-04", "2025-07")}
    assert len(answered) == 1


@case("versions", documented(VERSIONING))
def test_an_address_without_a_version_is_answered_by_the_oldest(store: AskedStore) -> None:
    """An address without a version is answered by the oldest supported one, and the header says which."""
    response = store.session.post(
        f"{store.base_url}/admin/api/graphql.json",
        json={"query": SHOP},
        headers={"X-Shopify-Access-Token": store.token},
        timeout=30,
    )
    assert response.status_code == 200
    assert response.headers[HEADER] == store.post(SHOP, version="2021-01").headers[HEADER]
    assert response.json()["data"]["shop"]["name"]


@case("versions", documented("https://shopify.dev/docs/api/usage/response-codes"))
def test_a_version_that_never_was_is_not_found(store: AskedStore) -> None:
    """A version of no quarter is not found."""
    assert store.post(SHOP, version="2026-08").status_code == 404


@case("versions", assumed("the page of response codes gives 404 without its body"))
def test_not_found_has_errors_as_a_string(store: AskedStore) -> None:
    """The answer to an unknown version is JSON whose errors are a string."""
    assert store.post(SHOP, version="nonsense").json() == {"errors": "Not Found"}


@case("versions", assumed("a version is published on the first day of its quarter, not before"))
def test_a_version_of_the_future_is_not_found(store: AskedStore) -> None:
    """A version that is not out yet does not fall back to an earlier one."""
    assert store.post(SHOP, version="2031-01").status_code == 404


@case("versions", documented("https://shopify.dev/docs/api/admin-graphql/2026-10/queries/analyticsTargets"))
def test_each_version_has_its_own_schema(store: AskedStore) -> None:
    """A field of a later version is undefined in an earlier one."""
    query = "{ analyticsTargets { nope } }"
    codes = {
        version: [error["message"] for error in store.post(query, version=version).json()["errors"]]
        for version in ("2026-07", "2026-10")
    }
    assert codes["2026-07"] == ["Field 'analyticsTargets' doesn't exist on type 'QueryRoot'"]
    assert "Field 'analyticsTargets' doesn't exist on type 'QueryRoot'" not in codes["2026-10"]


@case("versions", documented("https://shopify.dev/docs/api/usage/limits"))
def test_versions_share_one_bucket(store: AskedStore) -> None:
    """What is spent under one version is missing under another: the bucket belongs to app and shop."""
    before = store.post(SHOP).json()["extensions"]["cost"]["throttleStatus"]["maximumAvailable"]
    after = store.post(SHOP, version="2026-07").json()["extensions"]["cost"]["throttleStatus"]["maximumAvailable"]
    assert before == after


@case("versions", assumed("schemas keep what is not announced as removed"))
def test_the_same_query_gives_the_same_data_in_both_versions(store: AskedStore) -> None:
    """A query both versions know yields the same data."""
    query = "{ orders(first: 5, sortKey: ID) { nodes { id name totalPriceSet { shopMoney { amount } } } } }"
    assert store.post(query).json()["data"] == store.post(query, version="2026-07").json()["data"]

"""What the store answers when something is wrong with the request, the app, the shop or Shopify itself."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from shopify_pipeline_tests.conformance.asked import AskedStore, asked
from shopify_pipeline_tests.conformance.cases import assumed, case, documented, observed
from shopify_pipeline_tests.sandbox.serving import Shop

CODES_PAGE = "https://shopify.dev/docs/api/usage/response-codes"
LIMITS_PAGE = "https://shopify.dev/docs/api/usage/limits"
SHOP_NAME = "query ShopName { shop { name } }"
UNAUTHORIZED = {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}


def troubled(own_shop: Shop, **fault: Any) -> requests.Response:
    """The answer to one request that meets this fault."""
    assert own_shop.control("PUT", "faults", {"answers": [fault]}).status_code == 200
    return asked(own_shop).post(SHOP_NAME)


@case("errors", documented(CODES_PAGE))
def test_a_wrong_token_is_refused_with_a_text(store: AskedStore) -> None:
    """A token the shop does not know is answered 401, and ``errors`` is a text instead of a list."""
    response = store.post(SHOP_NAME, token="shpat_00000000000000000000000000000000")
    assert (response.status_code, response.json()) == (401, UNAUTHORIZED)


@case("errors", assumed("the page of response codes gives 401 for both, the text for a wrong token alone"))
def test_a_missing_token_is_refused_like_a_wrong_one(store: AskedStore) -> None:
    """A request without a token is answered 401."""
    response = store.post(SHOP_NAME, token="")
    assert (response.status_code, response.json()) == (401, UNAUTHORIZED)


@case("errors", documented(CODES_PAGE))
def test_an_unknown_address_is_not_found(store: AskedStore) -> None:
    """An address that is none of the API's is answered 404."""
    response = store.session.post(f"{store.base_url}/admin/api/2026-10/graphql", timeout=30, allow_redirects=False)
    assert response.status_code == 404


@case("errors", assumed("seen in forum threads only: a body without a query"))
def test_a_body_without_a_query_is_a_bad_request(store: AskedStore) -> None:
    """A JSON body without ``query`` is answered 400, and ``errors`` is an object."""
    response = store.session.post(
        f"{store.base_url}/admin/api/2026-10/graphql.json",
        json={"variables": {}},
        headers={"X-Shopify-Access-Token": store.token},
        timeout=30,
    )
    assert (response.status_code, response.json()) == (
        400,
        {"errors": {"query": "Required parameter missing or invalid"}},
    )


@case("errors", assumed("curl examples of earlier years send a document so; today's pages show JSON alone"))
def test_a_bare_document_is_taken_by_its_type(store: AskedStore) -> None:
    """A body of the type ``application/graphql`` is the document itself, without variables."""
    response = store.session.post(
        f"{store.base_url}/admin/api/2026-10/graphql.json",
        data=SHOP_NAME,
        headers={"X-Shopify-Access-Token": store.token, "Content-Type": "application/graphql"},
        timeout=30,
    )
    assert (response.status_code, response.json()["data"]) == (200, store.data(SHOP_NAME))


@case("errors", assumed("clients ask for gzip; no capture keeps the encoding of what came"))
@pytest.mark.parametrize(("asked_for", "encoding"), [("gzip, deflate", "gzip"), ("identity", None), ("gzip;q=0", None)])
def test_an_answer_is_compressed_for_who_asks_for_it(store: AskedStore, asked_for: str, encoding: str | None) -> None:
    """An answer comes as gzip to a client that accepts it, and plain to every other."""
    response = store.post(SHOP_NAME, headers={"Accept-Encoding": asked_for})
    assert response.headers.get("Content-Encoding") == encoding
    assert response.json()["data"]["shop"]["name"]


@case("errors", documented("https://shopify.dev/docs/api/usage/versioning"))
def test_an_answer_names_the_version_that_gave_it(store: AskedStore) -> None:
    """Every answer carries the API version that gave it."""
    assert store.post(SHOP_NAME).headers["X-Shopify-API-Version"] == "2026-10"


@case("errors", documented(CODES_PAGE))
def test_an_answer_can_be_named_to_support(store: AskedStore) -> None:
    """Every answer carries a request id of its own."""
    ids = {store.post(SHOP_NAME).headers["X-Request-Id"] for _ in range(2)}
    assert len(ids) == 2


@case("errors", documented("https://www.rfc-editor.org/rfc/rfc9110#field.date"))
def test_an_answer_tells_the_time(store: AskedStore) -> None:
    """Every answer carries a Date in GMT that does not run backwards."""
    first, second = (parsedate_to_datetime(store.post(SHOP_NAME).headers["Date"]) for _ in range(2))
    assert first.utcoffset() is not None
    assert first <= second


@case("errors", documented(CODES_PAGE), steered=True)
def test_too_many_requests_say_when_to_come_back(own_shop: Shop) -> None:
    """429 carries Retry-After in seconds, written with a point."""
    response = troubled(own_shop, kind="status", status=429)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "2.0")
    assert isinstance(response.json()["errors"], str)


@case("errors", documented(CODES_PAGE), steered=True)
@pytest.mark.parametrize("status", [402, 403, 423, 430])
def test_a_shop_or_an_app_that_may_not_be_served_has_a_status(own_shop: Shop, status: int) -> None:
    """A frozen shop is answered 402, a missing permission 403, a locked shop 423, an attacker 430."""
    response = troubled(own_shop, kind="status", status=status)
    assert response.status_code == status
    assert "data" not in response.json()


@case("errors", assumed("what stands before Shopify answers in HTML when it fails"), steered=True)
@pytest.mark.parametrize("status", [502, 503, 504, 520, 530, 540])
def test_a_failure_before_shopify_is_a_page(own_shop: Shop, status: int) -> None:
    """502, 503, 504 and the 52x and 54x of the network before Shopify come as HTML."""
    response = troubled(own_shop, kind="status", status=status)
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("text/html")


@case(
    "errors", observed("INTERNAL_SERVER_ERROR has extensions.requestId, with HTTP 200; Admin API 2026-04"), steered=True
)
def test_an_internal_error_is_http_200_with_a_request_id(own_shop: Shop) -> None:
    """A query that fails inside Shopify is answered 200 with INTERNAL_SERVER_ERROR and a request id."""
    response = troubled(own_shop, kind="internal_error")
    assert response.status_code == 200
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert error["extensions"]["requestId"] in error["message"]
    assert error["extensions"]["requestId"] == response.headers["X-Request-Id"]


@case("errors", documented("https://spec.graphql.org/October2021/#sec-Errors"), steered=True)
def test_part_of_the_data_may_stand_beside_an_error(own_shop: Shop) -> None:
    """A field that failed is null, its error names its path, and the rest of the data is there."""
    answer = troubled(own_shop, kind="partial").json()
    assert answer["data"] == {"shop": None}
    assert answer["errors"][0]["path"] == ["shop"]


@case(
    "errors", assumed("no answer of the API has been seen to redirect; a renamed shop's may"), steered=True, traps=(28,)
)
def test_a_redirect_names_another_host(own_shop: Shop) -> None:
    """A shop that moved answers with a redirect, which a client that sends its token along must not follow."""
    response = troubled(own_shop, kind="redirect")
    assert response.status_code == 302
    assert not response.headers["Location"].startswith(own_shop.server.url)

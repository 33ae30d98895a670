"""One call of the Admin API: what is waited for, what is tried again, and what stops at once and says what to do."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.errors import BlockedError, PermanentError, QueryCostError, ThrottledError, TransientError
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.shopify.answers import Answer
from shopify_pipeline.shopify.client import AdminApi, Refusal
from shopify_pipeline.shopify.queries import Operation, operation
from shopify_pipeline.shopify.tokens import ClientCredentials
from shopify_pipeline_tests.shopify.conftest import SHOP, MakeApi, MakeSession
from shopify_pipeline_tests.shopify.loopback import DATE, LoopbackServer, Script, cost, graphql, reply

ASK = Operation("Ask", "query Ask { shop { name } }")
FINE = graphql({"shop": {"name": "Loop"}})
UNAUTHORIZED = reply(401, b'{"errors":"[API] Invalid API key or access token (unrecognized login or wrong password)"}')


def failed(code: str | None, message: str = "Because", path: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    error: dict[str, Any] = {"message": message}
    if code is not None:
        error["extensions"] = {"code": code}
    return {"errors": [error | ({"path": path} if path else {})]} | more


def throttled(requested: float, available: float) -> Script:
    return graphql(**failed("THROTTLED", "Throttled"), extensions=cost(requested, available))


def test_an_answer_carries_the_data_the_raw_body_and_the_shops_clock(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(graphql({"shop": {"name": "Loop"}}, extensions=cost(3, 1997, actual=2), compress=True))
    answer = make_api().execute(ASK, {"a": 1})
    assert answer.data == {"shop": {"name": "Loop"}}
    assert answer.raw.startswith(b'{"data": {"shop"')
    assert answer.shop_now == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert (answer.api_version, answer.operation, answer.query_hash) == ("2026-10", "Ask", ASK.query_hash)
    assert answer.cost is not None
    assert (answer.cost.requested, answer.cost.actual) == (3, 2)
    (request,) = server.requests
    assert request.path == "/admin/api/2026-10/graphql.json"
    assert request.headers["x-shopify-access-token"] == "static-token"
    assert request.json() == {"query": ASK.text, "operationName": "Ask", "variables": {"a": 1}}


def test_a_throttled_query_waits_as_long_as_the_bucket_needs(
    server: LoopbackServer, make_api: MakeApi, clock: SimulatedClock
) -> None:
    server.answers(throttled(752, 252), FINE)
    make_api().execute(ASK)
    assert 5.0 <= clock.slept_seconds <= 5.5


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("2.5", 2.5),
        ("7", 7.0),
        ("Fri, 20 Nov 2026 12:00:09 GMT", 9.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.5),
        ("0", 0.5),
        ("-3", 0.5),
        ("soon", 1.0),
        ("nan", 1.0),
        ("inf", 1.0),
        ("", 1.0),
    ],
)
def test_too_many_requests_waits_as_long_as_it_says(
    said: str, seconds: float, server: LoopbackServer, make_api: MakeApi, clock: SimulatedClock
) -> None:
    server.answers(reply(429, Retry_After=said, Date=DATE), FINE)
    make_api().execute(ASK)
    assert seconds <= clock.slept_seconds <= seconds + 0.5


def test_being_throttled_for_long_ends_in_an_error_that_says_how_long_to_wait(
    server: LoopbackServer, make_api: MakeApi, clock: SimulatedClock
) -> None:
    server.answers(graphql(**failed("THROTTLED"), extensions=cost(1000, 0, restore=10)))
    with pytest.raises(ThrottledError) as refused:
        make_api().execute(ASK)
    assert refused.value.retry_after_seconds == 100
    assert 200 <= clock.slept_seconds <= 300


def test_being_throttled_uses_up_no_tries(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(*[throttled(100, 0)] * 6, reply(503), reply(503), FINE)
    assert make_api().execute(ASK).data == {"shop": {"name": "Loop"}}


def test_the_next_query_waits_beforehand_when_the_bucket_is_nearly_empty(
    server: LoopbackServer, make_api: MakeApi, clock: SimulatedClock
) -> None:
    api = make_api()
    server.answers(graphql({}, extensions=cost(900, 100, actual=900)), FINE)
    api.execute(ASK)
    api.execute(ASK)
    # 900 for the query, and half a bucket left to other processes.
    assert clock.slept_seconds == 18.0
    assert api.governor.waited_seconds == 18.0


@pytest.mark.parametrize(
    "answer",
    [
        reply(500),
        reply(502),
        reply(503),
        reply(504),
        reply(540),
        reply(200, b"<html>a proxy</html>", X_Shopify_API_Version="2026-10"),
        reply(200, b'{"data":{"shop":{"na', X_Shopify_API_Version="2026-10"),
        reply(200, b"[" * 100_000, X_Shopify_API_Version="2026-10"),
        reply(200, b"NaN", X_Shopify_API_Version="2026-10"),
        graphql(**failed("INTERNAL_SERVER_ERROR")),
    ],
    ids=["500", "502", "503", "504", "540", "html", "cut", "deep", "NaN", "internal"],
)
def test_a_passing_failure_is_tried_again(answer: Script, server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(answer, answer, FINE)
    assert make_api().execute(ASK).data == {"shop": {"name": "Loop"}}


def test_a_lasting_failure_ends_after_five_tries_with_bounded_waits(
    server: LoopbackServer, make_api: MakeApi, clock: SimulatedClock
) -> None:
    server.answers(reply(503))
    with pytest.raises(TransientError, match="HTTP 503"):
        make_api().execute(ASK)
    assert len(server.requests) == 5
    assert 0 < clock.slept_seconds <= 1 + 2 + 4 + 8


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (402, "frozen"),
        (403, "scopes"),
        (404, "domain"),
        (423, "locked"),
        (430, "stop for an hour"),
        (418, "unexpected"),
    ],
)
def test_a_refusal_is_final_and_says_what_to_do(
    status: int, says: str, server: LoopbackServer, make_api: MakeApi
) -> None:
    server.answers(reply(status, b'{"errors":"payload that nobody should see"}'))
    with pytest.raises(PermanentError, match=says) as refused:
        make_api().execute(ASK)
    assert "nobody should see" not in str(refused.value)
    assert len(server.requests) == 1


def test_an_expired_token_is_renewed_once_and_the_query_repeated(
    server: LoopbackServer, make_api: MakeApi, make_session: MakeSession, clock: SimulatedClock
) -> None:
    tokens = ClientCredentials(
        endpoint=server.url, client_id="app", client_secret="s", session=make_session(clock=clock), clock=clock
    )
    grants = [reply(200, b'{"access_token":"%s","expires_in":86399}' % name) for name in (b"old", b"new")]
    server.answers(grants[0], UNAUTHORIZED, grants[1], FINE)
    assert make_api(tokens).execute(ASK).data == {"shop": {"name": "Loop"}}
    used = [r.headers.get("x-shopify-access-token") for r in server.requests]
    assert used == [None, "old", None, "new"]


def test_a_revoked_app_is_final_after_one_renewal(
    server: LoopbackServer, make_api: MakeApi, make_session: MakeSession, clock: SimulatedClock
) -> None:
    tokens = ClientCredentials(
        endpoint=server.url, client_id="app", client_secret="s", session=make_session(clock=clock), clock=clock
    )
    grants = [reply(200, b'{"access_token":"%s","expires_in":86399}' % name) for name in (b"canary-1", b"canary-2")]
    server.answers(grants[0], UNAUTHORIZED, grants[1], UNAUTHORIZED)
    with pytest.raises(PermanentError, match="uninstalled") as refused:
        make_api(tokens).execute(ASK)
    assert len(server.requests) == 4
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("at", ["the token", "the question"])
def test_a_block_wherever_it_comes_is_told_before_it_is_raised_and_not_asked_again(
    at: str, server: LoopbackServer, make_session: MakeSession, clock: SimulatedClock
) -> None:
    session, told = make_session(clock=clock), list[Refusal]()
    tokens = ClientCredentials(endpoint=server.url, client_id="app", client_secret="s", session=session, clock=clock)
    granted, blocked = reply(200, b'{"access_token":"good","expires_in":86399}'), reply(430, b"{}")
    server.answers(*([blocked] if at == "the token" else [granted, blocked]))
    api = AdminApi(
        shop=SHOP,
        session=session,
        tokens=tokens,
        clock=clock,
        rng=Random(1),
        endpoint=server.url,
        on_refused=told.append,
    )
    with pytest.raises(BlockedError, match="HTTP 430") as refused:
        api.execute(ASK)
    assert told == [refused.value]
    assert refused.value.retry_after_seconds == 3600
    assert len(server.requests) == (1 if at == "the token" else 2)


def test_a_refused_static_token_is_final(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(UNAUTHORIZED)
    with pytest.raises(PermanentError, match="put a valid one"):
        make_api().execute(ASK)
    assert len(server.requests) == 1


def test_a_query_that_is_too_dear_is_not_repeated_unchanged(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(graphql(**failed("MAX_COST_EXCEEDED", "Query cost is 2003")))
    with pytest.raises(QueryCostError, match="smaller pages"):
        make_api().execute(ASK)
    assert len(server.requests) == 1


UNPAID = {
    "too dear": [{"message": "Query cost is 2003", "extensions": {"code": "MAX_COST_EXCEEDED", "cost": 2003}}],
    "no such field": [{"message": "Field 'x' doesn't exist", "extensions": {"code": "undefinedField"}}],
    "no code": [{"message": "syntax error"}],
}


@pytest.mark.parametrize("errors", UNPAID.values(), ids=UNPAID)
def test_a_query_that_was_refused_before_it_ran_is_not_counted_as_paid(
    errors: list[Any], server: LoopbackServer, make_api: MakeApi, clock: SimulatedClock
) -> None:
    api = make_api()
    server.answers(graphql({}, extensions=cost(3, 2000, actual=1)), graphql(errors=errors), FINE)
    api.execute(ASK)
    dear = Operation("Dear", ASK.text)
    with pytest.raises(PermanentError):
        api.execute(dear, {"first": 250})
    api.execute(dear, {"first": 125})
    assert clock.slept_seconds == 0


def test_a_query_that_failed_on_the_way_counts_as_paid(
    server: LoopbackServer, make_api: MakeApi, clock: SimulatedClock
) -> None:
    api = make_api()
    server.answers(graphql({}, extensions=cost(1000, 2000, actual=1)), graphql(**failed("INTERNAL_SERVER_ERROR")), FINE)
    api.execute(ASK)
    api.execute(ASK)
    # 1,000 for the query and as much left to others: what was not answered has to come back first.
    assert api.governor.waited_seconds > 9


def test_what_must_not_be_done_twice_is_looked_for_after_a_try_without_an_answer(
    server: LoopbackServer, make_api: MakeApi
) -> None:
    server.answers(reply(503), FINE)
    found = iter([None, "what the second try found"])
    api = make_api()
    answer = api.execute_once(ASK, {}, lambda: next(found))
    assert isinstance(answer, Answer)
    server.answers(reply(503), FINE)
    assert api.execute_once(ASK, {}, lambda: next(found)) == "what the second try found"
    assert len(server.requests) == 2 + 1


@pytest.mark.parametrize("refusal", [throttled(100, 0), reply(429), UNAUTHORIZED], ids=["THROTTLED", "429", "401"])
def test_a_try_that_was_refused_is_repeated_without_a_look(
    refusal: Script, server: LoopbackServer, make_api: MakeApi, make_session: MakeSession, clock: SimulatedClock
) -> None:
    tokens = ClientCredentials(
        endpoint=server.url, client_id="app", client_secret="s", session=make_session(clock=clock), clock=clock
    )
    granted = [reply(200, b'{"access_token":"%s","expires_in":86399}' % name) for name in (b"old", b"new")]
    server.answers(granted[0], refusal, *(granted[1:] if refusal is UNAUTHORIZED else ()), FINE)

    def found() -> None:
        raise AssertionError("there was nothing to look for")

    assert isinstance(make_api(tokens).execute_once(ASK, {}, found), Answer)


def test_partial_data_beside_an_error_is_refused_with_path_and_code(server: LoopbackServer, make_api: MakeApi) -> None:
    error = failed("ACCESS_DENIED", "Access denied for customer field.", ["orders", "nodes", 0, "customer"])
    server.answers(graphql({"orders": {"nodes": [{"customer": None}]}}, **error))
    with pytest.raises(PermanentError, match=r"ACCESS_DENIED at orders\.nodes\.0\.customer"):
        make_api().execute(ASK)


def test_errors_in_the_form_of_a_text_are_understood(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(graphql(errors="Unavailable Shop"))
    with pytest.raises(PermanentError, match="Ask was refused: Unavailable Shop"):
        make_api().execute(ASK)


def test_an_answer_of_another_api_version_is_refused(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(graphql({"shop": {}}, version="2027-01"))
    with pytest.raises(PermanentError, match="asked for Admin API 2026-10, 2027-01 answered"):
        make_api().execute(ASK)
    assert len(server.requests) == 1


def test_an_answer_of_an_unnamed_api_version_is_refused(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(reply(200, b'{"data":{}}'))
    with pytest.raises(PermanentError, match="unnamed version"):
        make_api().execute(ASK)


def test_a_search_filter_that_shopify_ignored_is_an_error(server: LoopbackServer, make_api: MakeApi) -> None:
    warning = {"field": "updatd_at", "message": "Invalid search field for this query.", "code": "invalid_field"}
    search = [{"path": ["orders"], "query": "updatd_at:>=x", "warnings": [warning]}]
    server.answers(graphql({"orders": {"nodes": []}}, extensions={"search": search}))
    with pytest.raises(PermanentError, match=r"ignored the search filter on updatd_at \(invalid_field\)"):
        make_api().execute(ASK)


def test_an_answer_that_does_not_tell_the_time_is_refused(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(graphql({"shop": {}}, date="yesterday"))
    with pytest.raises(PermanentError, match="Date header"):
        make_api().execute(ASK)


def shop_answer(domain: str = SHOP, scopes: tuple[str, ...] = least_privilege()) -> Script:
    shop = {
        "name": "Loop",
        "myshopifyDomain": domain,
        "ianaTimezone": "Europe/Berlin",
        "currencyCode": "EUR",
        "plan": {"publicDisplayName": "Basic"},
    }
    return graphql({"shop": shop, "currentAppInstallation": {"accessScopes": [{"handle": scope} for scope in scopes]}})


def test_the_shop_introduces_itself(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(shop_answer())
    info = make_api().check_shop()
    assert (info.name, info.myshopify_domain, info.iana_timezone, info.currency) == (
        "Loop",
        SHOP,
        "Europe/Berlin",
        "EUR",
    )
    assert info.now == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert server.requests[0].json()["query"] == operation("ShopCheck").text


def test_another_shop_behind_an_alias_is_refused(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(shop_answer(domain="renamed.myshopify.com"))
    with pytest.raises(PermanentError, match=r"renamed\.myshopify\.com answered"):
        make_api().check_shop()


def test_a_missing_scope_is_named(server: LoopbackServer, make_api: MakeApi) -> None:
    server.answers(shop_answer(scopes=tuple(s for s in least_privilege() if s != "read_all_orders")))
    with pytest.raises(PermanentError, match="lacks the scopes read_all_orders:"):
        make_api().check_shop()

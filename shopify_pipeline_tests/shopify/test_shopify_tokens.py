"""Access tokens: asked for once, renewed in time, and never shown."""

from __future__ import annotations

import threading

import pytest

from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.errors import ConfigError, PermanentError, ShopAccessLostError, TransientError
from shopify_pipeline.shopify.session import Reply
from shopify_pipeline.shopify.tokens import ClientCredentials, Granted, StaticToken
from shopify_pipeline_tests.shopify.conftest import MakeSession
from shopify_pipeline_tests.shopify.loopback import LoopbackServer, Script, reply

DAY = 86399
SECRET = "canary-secret"


def granted(token: str, expires_in: int = DAY) -> Script:
    return reply(200, b'{"access_token":"%s","scope":"read_orders","expires_in":%d}' % (token.encode(), expires_in))


@pytest.fixture
def tokens(server: LoopbackServer, make_session: MakeSession, clock: SimulatedClock) -> ClientCredentials:
    return ClientCredentials(
        endpoint=server.url, client_id="app", client_secret=SECRET, session=make_session(clock=clock), clock=clock
    )


def test_a_token_is_asked_for_once_and_kept(server: LoopbackServer, tokens: ClientCredentials) -> None:
    server.answers(granted("first"), granted("second"))
    assert [tokens.token(), tokens.token()] == ["first", "first"]
    (request,) = server.requests
    assert request.path == "/admin/oauth/access_token"
    assert request.json() == {"client_id": "app", "client_secret": SECRET, "grant_type": "client_credentials"}


def test_a_token_is_renewed_five_minutes_before_it_expires(
    server: LoopbackServer, tokens: ClientCredentials, clock: SimulatedClock
) -> None:
    server.answers(granted("first"), granted("second"))
    tokens.token()
    clock.sleep(DAY - 301)
    assert tokens.token() == "first"
    clock.sleep(1)
    assert tokens.token() == "second"


def test_a_token_that_lives_a_few_minutes_is_kept_for_half_of_them(
    server: LoopbackServer, tokens: ClientCredentials, clock: SimulatedClock
) -> None:
    server.answers(granted("first", 240), granted("second", 240))
    tokens.token()
    clock.sleep(119)
    assert tokens.token() == "first"
    clock.sleep(1)
    assert tokens.token() == "second"


def test_a_token_that_cannot_be_renewed_early_is_used_while_it_lives_and_renewing_tried_now_and_then(
    server: LoopbackServer, tokens: ClientCredentials, clock: SimulatedClock
) -> None:
    server.answers(granted("first"), reply(503))
    tokens.token()
    clock.sleep(DAY - 300)
    assert [tokens.token() for _ in range(5)] == ["first"] * 5
    assert len(server.requests) == 2
    clock.sleep(30)
    assert tokens.token() == "first"
    assert len(server.requests) == 3
    clock.sleep(270)
    with pytest.raises(TransientError, match="HTTP 503"):
        tokens.token()
    server.answers(granted("second"))
    assert tokens.token() == "second"


def test_an_app_that_is_not_installed_any_more_is_told_though_its_token_still_lives(
    server: LoopbackServer, tokens: ClientCredentials, clock: SimulatedClock
) -> None:
    server.answers(granted("first"), reply(400, b'{"error":"app_not_installed"}'))
    tokens.token()
    clock.sleep(DAY - 300)
    with pytest.raises(ShopAccessLostError):
        tokens.token()


def test_a_refused_token_is_replaced_once_however_many_threads_had_it(
    server: LoopbackServer, tokens: ClientCredentials
) -> None:
    server.answers(granted("first"), granted("second"), granted("third"))
    refused = tokens.token()
    renewed: list[str] = []
    threads = [threading.Thread(target=lambda: renewed.append(tokens.renewed(refused))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert renewed == ["second"] * 4
    assert len(server.requests) == 2


def test_a_static_token_that_is_refused_cannot_be_renewed() -> None:
    with pytest.raises(ShopAccessLostError, match="cannot be renewed"):
        StaticToken("canary-token").renewed("canary-token")


@pytest.mark.parametrize(
    ("status", "body", "error", "advice"),
    [
        (400, b'{"error":"app_not_installed"}', ShopAccessLostError, "install it"),
        (400, b"<h1>Oauth error app_not_installed: The application is not", ShopAccessLostError, "install it"),
        (400, b'{"error":"shop_not_permitted"}', ConfigError, "set refresh_token_file"),
        (400, b'{"error":"invalid_client"}', ConfigError, "after a rotation the new secret"),
        (400, b'{"error":"invalid_grant"}', ShopAccessLostError, "install the app again"),
        (401, b'{"error":"invalid_request"}', ShopAccessLostError, "install the app again"),
        (400, b'{"error":"invalid_request"}', ConfigError, "check the shop's domain"),
        (404, b"<html>", ConfigError, "check the shop's domain"),
    ],
)
def test_a_refused_grant_is_final_and_says_what_to_do(
    status: int,
    body: bytes,
    error: type[PermanentError],
    advice: str,
    server: LoopbackServer,
    tokens: ClientCredentials,
) -> None:
    server.answers(reply(status, body))
    with pytest.raises(error, match=advice) as refused:
        tokens.token()
    assert type(refused.value) is error
    assert SECRET not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_token_whose_lifetime_is_not_told_is_renewed_within_the_hour(
    server: LoopbackServer, tokens: ClientCredentials, clock: SimulatedClock
) -> None:
    server.answers(reply(200, b'{"access_token":"first"}'), granted("second"))
    assert tokens.token() == "first"
    clock.sleep(3299)
    assert tokens.token() == "first"
    clock.sleep(1)
    assert tokens.token() == "second"


@pytest.mark.parametrize(
    "answer",
    [reply(503), reply(520), reply(429), reply(200, b"<html>"), reply(200, b'{"access_token":""}')],
    ids=["503", "520", "429", "no JSON", "no token"],
)
def test_a_grant_that_failed_can_be_tried_again(
    answer: Script, server: LoopbackServer, tokens: ClientCredentials
) -> None:
    server.answers(answer, granted("later"))
    with pytest.raises(TransientError):
        tokens.token()
    assert tokens.token() == "later"


def test_no_token_and_no_secret_is_in_a_repr(server: LoopbackServer, tokens: ClientCredentials) -> None:
    server.answers(granted("canary-token"))
    tokens.token()
    holders = (tokens, StaticToken("canary-token"), Granted("canary-token"), Reply(200, {}, b"canary-token"))
    shown = "".join(repr(each) + str(each) for each in holders)
    assert "canary" not in shown

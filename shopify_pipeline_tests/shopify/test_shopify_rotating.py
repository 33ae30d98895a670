"""Tokens whose refresh token changes at every use: stored before used, renewed once, started over after a reinstall."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from cryptography.fernet import Fernet

from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.errors import ConfigError, ShopAccessLostError, TransientError
from shopify_pipeline.shopify.rotating import RotatingToken, Seal, Tokens
from shopify_pipeline.shopify.tokens import TokenEndpoint
from shopify_pipeline_tests.shopify.conftest import MakeSession
from shopify_pipeline_tests.shopify.loopback import LoopbackServer, Script, reply

KEY = Fernet.generate_key().decode()
INACTIVE = reply(
    401, b'{"error":"invalid_request","error_description":"This request requires an active refresh_token"}'
)


@dataclass
class Shelf:
    """A vault in memory; breaks when told to."""

    sealed: bytes | None = None
    broken: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def held(self) -> Iterator[Shelf]:
        with self.lock:
            yield self

    def store(self, sealed: bytes, at: datetime) -> None:
        if self.broken:
            raise TransientError("the shelf is broken")
        self.sealed = sealed


Provider = Callable[..., RotatingToken]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def provider(server: LoopbackServer, make_session: MakeSession, clock: SimulatedClock, shelf: Shelf) -> Provider:
    """A provider as each process builds its own, on one shelf."""

    def build(first: str | None = "refresh-0", key: str = KEY) -> RotatingToken:
        app = TokenEndpoint(
            endpoint=server.url, client_id="app", client_secret="secret", session=make_session(clock=clock)
        )
        return RotatingToken(app=app, vault=shelf, seal=Seal(key), first=lambda: first, clock=clock)

    return build


def pair(number: int) -> Script:
    return reply(
        200,
        b'{"access_token":"access-%d","expires_in":3600,"refresh_token":"refresh-%d","refresh_token_expires_in":7776000}'
        % (number, number),
    )


def sent(server: LoopbackServer) -> list[str]:
    return [request.json()["refresh_token"] for request in server.requests]


def test_the_refresh_token_of_the_installation_gives_the_first_token(
    server: LoopbackServer, provider: Provider
) -> None:
    server.answers(pair(1))
    assert provider().token() == "access-1"
    (request,) = server.requests
    assert request.path == "/admin/oauth/access_token"
    assert request.json() == {
        "client_id": "app",
        "client_secret": "secret",
        "grant_type": "refresh_token",
        "refresh_token": "refresh-0",
    }


def test_each_refresh_uses_the_refresh_token_of_the_one_before(
    server: LoopbackServer, provider: Provider, clock: SimulatedClock
) -> None:
    server.answers(pair(1), pair(2), pair(3))
    tokens = provider()
    tokens.token()
    clock.sleep(3299)
    assert tokens.token() == "access-1"
    clock.sleep(1)
    assert tokens.token() == "access-2"
    assert tokens.renewed("access-2") == "access-3"
    assert sent(server) == ["refresh-0", "refresh-1", "refresh-2"]


def test_a_token_that_lives_a_few_minutes_is_kept_for_half_of_them(
    server: LoopbackServer, provider: Provider, clock: SimulatedClock
) -> None:
    server.answers(reply(200, b'{"access_token":"short","expires_in":240,"refresh_token":"refresh-1"}'), pair(2))
    tokens = provider()
    tokens.token()
    clock.sleep(119)
    assert (tokens.token(), provider().token()) == ("short", "short")
    clock.sleep(1)
    assert tokens.token() == "access-2"


def test_a_token_that_cannot_be_renewed_early_is_used_while_it_lives_and_renewing_tried_now_and_then(
    server: LoopbackServer, provider: Provider, clock: SimulatedClock
) -> None:
    server.answers(pair(1), reply(503))
    tokens = provider()
    tokens.token()
    clock.sleep(3300)
    assert [tokens.token() for _ in range(5)] == ["access-1"] * 5
    assert len(server.requests) == 2
    clock.sleep(30)
    assert tokens.token() == "access-1"
    assert len(server.requests) == 3
    clock.sleep(270)
    with pytest.raises(TransientError, match="HTTP 503"):
        tokens.token()
    server.answers(pair(2))
    assert tokens.token() == "access-2"
    assert sent(server) == ["refresh-0", *["refresh-1"] * 4]


def test_a_refused_token_is_not_used_again_because_it_cannot_be_renewed(
    server: LoopbackServer, provider: Provider
) -> None:
    server.answers(pair(1), reply(503))
    tokens = provider()
    tokens.token()
    with pytest.raises(TransientError, match="HTTP 503"):
        tokens.renewed("access-1")


def test_a_new_process_goes_on_with_what_is_stored_even_when_the_file_is_gone(
    server: LoopbackServer, provider: Provider, clock: SimulatedClock
) -> None:
    server.answers(pair(1), pair(2))
    provider().token()
    later = provider(first=None)
    assert later.token() == "access-1"
    clock.sleep(3600)
    assert later.token() == "access-2"
    assert sent(server) == ["refresh-0", "refresh-1"]


def test_a_token_that_could_not_be_stored_is_not_used_and_the_old_refresh_token_is_tried_again(
    server: LoopbackServer, provider: Provider, shelf: Shelf
) -> None:
    server.answers(pair(1), pair(2))
    tokens = provider()
    shelf.broken = True
    with pytest.raises(TransientError, match="broken"):
        tokens.token()
    shelf.broken = False
    assert tokens.token() == "access-2"
    assert sent(server) == ["refresh-0", "refresh-0"]


def test_a_refused_token_that_another_process_has_replaced_is_not_refreshed_again(
    server: LoopbackServer, provider: Provider
) -> None:
    server.answers(pair(1), pair(2))
    one, other = provider(), provider()
    assert (one.token(), other.token()) == ("access-1", "access-1")
    assert one.renewed("access-1") == "access-2"
    assert other.renewed("access-1") == "access-2"
    assert len(server.requests) == 2


def test_a_new_installation_starts_over_with_its_own_refresh_token(server: LoopbackServer, provider: Provider) -> None:
    server.answers(pair(1), INACTIVE, pair(7))
    provider().token()
    with pytest.raises(ShopAccessLostError, match="install the app again"):
        provider().renewed("access-1")
    assert provider(first="refresh-of-a-new-installation").token() == "access-7"
    assert sent(server) == ["refresh-0", "refresh-1", "refresh-of-a-new-installation"]


def test_without_anything_stored_and_without_a_file_the_message_says_what_to_do(provider: Provider) -> None:
    with pytest.raises(ConfigError, match="refresh_token_file is missing or empty: install the app"):
        provider(first=None).token()


def test_a_refresh_token_shopify_keeps_is_kept(
    server: LoopbackServer, provider: Provider, clock: SimulatedClock
) -> None:
    server.answers(reply(200, b'{"access_token":"access-1","expires_in":3600}'), pair(2))
    tokens = provider()
    tokens.token()
    tokens.renewed("access-1")
    assert sent(server) == ["refresh-0", "refresh-0"]


def test_what_is_stored_is_unreadable_without_the_key(server: LoopbackServer, provider: Provider, shelf: Shelf) -> None:
    server.answers(pair(1))
    provider().token()
    assert shelf.sealed is not None
    assert b"access-1" not in shelf.sealed
    assert b"refresh-1" not in shelf.sealed
    with pytest.raises(ConfigError, match="put the former token_key_file back"):
        provider(key=Fernet.generate_key().decode()).token()


@pytest.mark.parametrize("key", ["", "short", "not base64 ☃"])
def test_a_key_that_is_none_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ConfigError, match="token_key_file holds no Fernet key") as refused:
        Seal(key)
    assert not key or key not in str(refused.value)


def test_no_token_is_in_a_repr(server: LoopbackServer, provider: Provider) -> None:
    server.answers(pair(1))
    tokens = provider()
    tokens.token()
    shown = repr(tokens) + repr(Tokens("digest", "refresh-1", "access-1")) + repr(Seal(KEY))
    assert "refresh-1" not in shown
    assert "access-1" not in shown
    assert KEY not in shown

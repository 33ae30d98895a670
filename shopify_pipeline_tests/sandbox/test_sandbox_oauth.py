"""Tokens of the sandbox: grants, expiry by the world's clock, rotation, and everything that ends a token."""

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shopify_sandbox.oauth import (
    OFFLINE_TOKEN_SECONDS,
    REFRESH_AGAIN_SECONDS,
    REFRESH_TOKEN_SECONDS,
    TOKEN_SECONDS,
    GrantRefused,
    Tokens,
)

BEGIN = datetime(2026, 11, 20, 12, tzinfo=UTC)


class App:
    """The tokens of one app, on a clock of the test's own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = BEGIN
        self._numbers = itertools.count(1)
        self.restart()

    def restart(self) -> None:
        """Open the same file again, as a new process does."""
        self.tokens = Tokens(
            self.path,
            client_id="client",
            client_secret="secret",
            now=lambda: self.now,
            new_token=lambda prefix: f"{prefix}{next(self._numbers)}",
        )

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def ask(self, grant: str = "client_credentials", **more: str) -> dict[str, Any]:
        request = {"client_id": "client", "client_secret": "secret", "grant_type": grant, **more}
        return self.tokens.grant(request)

    def refresh(self, pair: dict[str, Any]) -> dict[str, Any]:
        return self.ask("refresh_token", refresh_token=pair["refresh_token"])

    def lets_in(self, granted: dict[str, Any]) -> bool:
        return self.tokens.scopes_of(granted["access_token"]) is not None


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(tmp_path / "tokens.json")


@pytest.fixture(params=["at once", "after a restart"])
def between(request: pytest.FixtureRequest, app: App) -> Callable[[], None]:
    """What happens between two requests; whatever is true must be true after a restart, too."""
    return app.restart if request.param == "after a restart" else lambda: None


def test_a_client_credentials_token_lives_a_day_less_a_second(app: App, between: Callable[[], None]) -> None:
    granted = app.ask()
    assert (granted["access_token"][:6], granted["expires_in"]) == ("shpca_", TOKEN_SECONDS)
    assert "refresh_token" not in granted
    between()
    app.wait(TOKEN_SECONDS - 1)
    assert app.lets_in(granted)
    app.wait(1)
    assert not app.lets_in(granted)


def test_several_client_credentials_tokens_are_good_beside_each_other(app: App) -> None:
    first, second = app.ask(), app.ask()
    assert app.lets_in(first)
    assert app.lets_in(second)


def test_an_installation_gives_a_token_of_an_hour_and_a_refresh_token_of_ninety_days(app: App) -> None:
    pair = app.tokens.install()
    assert (pair["expires_in"], pair["refresh_token_expires_in"]) == (OFFLINE_TOKEN_SECONDS, REFRESH_TOKEN_SECONDS)
    app.wait(OFFLINE_TOKEN_SECONDS)
    assert not app.lets_in(pair)
    app.wait(REFRESH_TOKEN_SECONDS - OFFLINE_TOKEN_SECONDS - 1)
    renewed = app.refresh(pair)
    assert app.lets_in(renewed)
    app.wait(REFRESH_TOKEN_SECONDS)
    with pytest.raises(GrantRefused, match="active refresh_token"):
        app.refresh(renewed)


def test_a_refresh_ends_the_access_token_before_it(app: App, between: Callable[[], None]) -> None:
    pair = app.tokens.install()
    between()
    renewed = app.refresh(pair)
    assert not app.lets_in(pair)
    assert app.lets_in(renewed)


def test_a_used_refresh_token_is_good_again_until_its_replacement_was_used(
    app: App, between: Callable[[], None]
) -> None:
    pair = app.tokens.install()
    lost = app.refresh(pair)
    between()
    app.wait(REFRESH_AGAIN_SECONDS - 1)
    kept = app.refresh(pair)
    with pytest.raises(GrantRefused):
        app.refresh(lost)
    between()
    app.refresh(kept)
    with pytest.raises(GrantRefused) as refused:
        app.refresh(pair)
    assert refused.value.status == 401
    assert refused.value.body["error"] == "invalid_request"


def test_a_used_refresh_token_is_good_for_thirty_days_at_most(app: App) -> None:
    pair = app.tokens.install()
    app.refresh(pair)
    app.wait(REFRESH_AGAIN_SECONDS)
    with pytest.raises(GrantRefused):
        app.refresh(pair)


def test_after_an_uninstallation_nothing_is_good_and_nothing_is_given(app: App, between: Callable[[], None]) -> None:
    credentials, pair, static = app.ask(), app.tokens.install(), {"access_token": app.tokens.create_static()}
    app.tokens.uninstall()
    between()
    assert not any(app.lets_in(each) for each in (credentials, pair, static))
    with pytest.raises(GrantRefused, match="not installed on this shop"):
        app.ask()
    with pytest.raises(GrantRefused, match="active refresh_token"):
        app.refresh(pair)
    assert app.lets_in(app.tokens.install())
    assert app.lets_in(app.ask())


def test_client_credentials_are_refused_on_a_shop_of_another_organisation(
    app: App, between: Callable[[], None]
) -> None:
    app.tokens.permit(False)
    between()
    with pytest.raises(GrantRefused) as refused:
        app.ask()
    assert refused.value.body["error"] == "shop_not_permitted"


def test_a_rotated_secret_is_accepted_at_once_and_the_one_before_for_an_hour(
    app: App, between: Callable[[], None]
) -> None:
    before = app.ask()
    secret = app.tokens.rotate_secret()
    between()
    assert app.tokens.secrets() == (secret, "secret")
    assert app.lets_in(app.ask())
    assert app.lets_in(app.ask(client_secret=secret))
    app.wait(3600)
    assert app.tokens.secrets() == (secret,)
    assert app.lets_in(before)
    with pytest.raises(GrantRefused) as refused:
        app.ask()
    assert refused.value.body["error"] == "invalid_client"


def test_a_static_token_does_not_expire_and_is_known_as_one(app: App, between: Callable[[], None]) -> None:
    static, granted = app.tokens.create_static(), app.ask()
    between()
    app.wait(10 * REFRESH_TOKEN_SECONDS)
    assert app.tokens.scopes_of(static) is not None
    assert app.tokens.is_static(static)
    assert not app.tokens.is_static(granted["access_token"])
    assert not app.tokens.is_static("unknown")


def test_whoever_may_write_may_read(app: App) -> None:
    app.tokens.set_scopes(["write_orders"])
    assert app.tokens.scopes_of(app.ask()["access_token"]) == {"read_orders", "write_orders"}


def test_no_token_is_in_the_file(app: App) -> None:
    pair, static = app.tokens.install(), app.tokens.create_static()
    renewed = app.refresh(pair)
    content = json.dumps(json.loads(app.path.read_text()))
    for token in (pair["refresh_token"], renewed["access_token"], renewed["refresh_token"], static):
        assert token not in content
    assert app.path.stat().st_mode & 0o777 == 0o600

"""Access tokens: where they come from and when they are renewed.

Here: the token endpoint, and providers whose memory is this process; tokens that must outlive it are ``rotating.py``'s.
A secret is in no repr, no message and no log; what a refused token means for a call is in ``client.py``.
"""

from __future__ import annotations

import re
import threading
from typing import Annotated, Protocol

import msgspec

from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import ConfigError, PermanentError, PipelineError, ShopAccessLostError, TransientError
from shopify_pipeline.shopify.answers import blocked
from shopify_pipeline.shopify.session import HttpSession, Reply

RENEW_BEFORE_EXPIRY_SECONDS = 300.0
#: How long a token that could not be renewed early is used before the next try.
RENEW_AGAIN_SECONDS = 30.0
#: The shortest life Shopify gives a token; what an answer that names none is taken to mean.
LIFE_SECONDS_MIN = 3600.0

_REFUSALS: dict[str, tuple[type[PermanentError], str]] = {
    "app_not_installed": (
        ShopAccessLostError,
        "the app is not installed on this shop: install it (an app made in the shop's own admin has no client "
        "credentials grant: set its access_token instead)",
    ),
    "shop_not_permitted": (
        ConfigError,
        "client credentials are only for shops of the app's own organisation: set refresh_token_file and "
        "token_key_file",
    ),
    "invalid_client": (
        ConfigError,
        "Shopify does not know this client_id with this client secret: set both as the app's settings show them, "
        "after a rotation the new secret",
    ),
    "invalid_grant": (
        ShopAccessLostError,
        "the refresh token is spent, expired or revoked: install the app again and put its new refresh token into "
        "refresh_token_file",
    ),
}
# Shopify's error page of the same refusals, for clients that do not ask for JSON.
_ERROR_PAGE = re.compile(rb"Oauth error (\w+)")


class TokenProvider(Protocol):
    """Gives the token for the next call; safe to share between threads."""

    def token(self) -> str:
        """A token that should be good now."""

    def renewed(self, refused: str) -> str:
        """A token other than the refused one; asks for a new one only if nobody else already has.

        Raises:
            PermanentError: There is no other.
        """


class StaticToken:
    """A token that was created once and does not expire.

    Shopify has made none since 2026-01-01, and refuses those of public apps from 2027-01-01 on.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self) -> str:
        return self._token

    def renewed(self, refused: str) -> str:
        raise ShopAccessLostError(
            "the shop refused the access token and it cannot be renewed: set client_id and client_secret_file, or put "
            "a valid one into the settings"
        )


class Granted(msgspec.Struct):
    """What the token endpoint gives; lifetimes in seconds, None where it named none."""

    access_token: Annotated[str, msgspec.Meta(min_length=1)]
    expires_in: float | None = None
    refresh_token: str | None = None

    @property
    def life_seconds(self) -> float:
        return LIFE_SECONDS_MIN if self.expires_in is None else self.expires_in

    @property
    def renew_after_seconds(self) -> float:
        """When to ask for the next one: early enough that it can fail, but not before this one is half spent."""
        return self.life_seconds - min(RENEW_BEFORE_EXPIRY_SECONDS, self.life_seconds / 2)

    def __repr__(self) -> str:
        return f"Granted(expires_in={self.expires_in})"


class _Refused(msgspec.Struct):
    error: str = "no reason given"


class TokenEndpoint:
    """Asks one shop for tokens of one app.

    Source: https://shopify.dev/docs/apps/build/authentication-authorization.

    Args:
        endpoint: Base address of the shop, ``https://…`` without a path.
    """

    def __init__(self, *, endpoint: str, client_id: str, client_secret: str, session: HttpSession) -> None:
        self._url = f"{endpoint.rstrip('/')}/admin/oauth/access_token"
        self._client_id = client_id
        self._client_secret = client_secret
        self._session = session

    def ask(self, grant_type: str, **more: str) -> Granted:
        """Send one token request.

        Raises:
            TransientError: Shopify failed, or its answer is not understood; nothing is known of the grant.
            ShopAccessLostError: The app is not installed, or its refresh token is no longer good.
            ConfigError: The app's credentials are wrong, or not for this shop.
        """
        form = {"client_id": self._client_id, "client_secret": self._client_secret, "grant_type": grant_type, **more}
        reply = self._session.post(self._url, msgspec.json.encode(form), {"Accept": "application/json"})
        if reply.status == 430:
            raise blocked()
        if reply.status == 429 or reply.status >= 500:
            raise TransientError(f"no access token yet: Shopify answered HTTP {reply.status}")
        if reply.status != 200:
            raise _refusal(reply)
        try:
            return msgspec.json.decode(reply.body, type=Granted)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # Not chained: a decoder's error may quote what it could not read, and that is a token.
            raise TransientError("no access token yet: Shopify's answer is not understood") from None


class ClientCredentials:
    """Tokens of the client credentials grant: an app of one's own organisation, on its own shops.

    A token lives about a day and comes without a refresh token. Source: shopify.dev, client credentials grant.

    Args:
        endpoint: Base address of the shop, ``https://…`` without a path.
    """

    def __init__(
        self, *, endpoint: str, client_id: str, client_secret: str, session: HttpSession, clock: Clock
    ) -> None:
        self._app = TokenEndpoint(endpoint=endpoint, client_id=client_id, client_secret=client_secret, session=session)
        self._clock = clock
        self._lock = threading.Lock()
        self._token: str | None = None
        self._renew_at = self._expires_at = 0.0

    def token(self) -> str:
        with self._lock:
            if self._token is None:
                return self._ask()
            if self._clock.monotonic() < self._renew_at:
                return self._token
            try:
                return self._ask()
            except TransientError:
                now = self._clock.monotonic()
                if now >= self._expires_at:
                    raise
                self._renew_at = now + RENEW_AGAIN_SECONDS
                return self._token

    def renewed(self, refused: str) -> str:
        with self._lock:
            if self._token is not None and self._token != refused:
                return self._token
            return self._ask()

    def _ask(self) -> str:
        asked_at = self._clock.monotonic()
        granted = self._app.ask("client_credentials")
        self._token = granted.access_token
        self._renew_at = asked_at + granted.renew_after_seconds
        self._expires_at = asked_at + granted.life_seconds
        return self._token


def _refusal(reply: Reply) -> PipelineError:
    reason = _reason(reply)
    if reason == "invalid_request" and reply.status == 401:
        # How Shopify says that a refresh token is not active any more.
        reason = "invalid_grant"
    kind, advice = _REFUSALS.get(reason, (ConfigError, "check the shop's domain, client_id and client secret"))
    return kind(f"no access token ({reason}, HTTP {reply.status}): {advice}")


def _reason(reply: Reply) -> str:
    try:
        return msgspec.json.decode(reply.body, type=_Refused).error[:80]
    except (msgspec.DecodeError, UnicodeDecodeError):
        page = _ERROR_PAGE.search(reply.body)
        return page[1].decode()[:80] if page else "no reason given"

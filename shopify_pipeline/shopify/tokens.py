"""Access tokens: where they come from and when they are renewed.

Here: token providers. A secret is in no repr, no message and no log; what a refused token means for a call is in
``client.py``.
"""

from __future__ import annotations

import threading
from typing import Protocol

import msgspec

from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import ConfigError, PermanentError, TransientError
from shopify_pipeline.shopify.session import HttpSession, Reply

RENEW_BEFORE_EXPIRY_SECONDS = 300.0


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
    """A token that was created once and does not expire."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self) -> str:
        return self._token

    def renewed(self, refused: str) -> str:
        raise PermanentError(
            "the shop refused the access token and it cannot be renewed: put a valid one into the settings"
        )


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float


class _Refused(msgspec.Struct):
    error: str = "no reason given"


class ClientCredentials:
    """Tokens of the client credentials grant: an app of one's own organisation, on its own shops.

    A token lives about a day and comes without a refresh token. Source: shopify.dev, client credentials grant.

    Args:
        endpoint: Base address of the shop, ``https://…`` without a path.
    """

    def __init__(
        self, *, endpoint: str, client_id: str, client_secret: str, session: HttpSession, clock: Clock
    ) -> None:
        self._url = f"{endpoint.rstrip('/')}/admin/oauth/access_token"
        self._client_id = client_id
        self._client_secret = client_secret
        self._session = session
        self._clock = clock
        self._lock = threading.Lock()
        self._token: str | None = None
        self._renew_at = 0.0

    def token(self) -> str:
        with self._lock:
            if self._token is None or self._clock.monotonic() >= self._renew_at:
                return self._ask()
            return self._token

    def renewed(self, refused: str) -> str:
        with self._lock:
            if self._token is not None and self._token != refused:
                return self._token
            return self._ask()

    def _ask(self) -> str:
        asked_at = self._clock.monotonic()
        form = {"client_id": self._client_id, "client_secret": self._client_secret, "grant_type": "client_credentials"}
        granted = _granted(self._session.post(self._url, msgspec.json.encode(form), {"Accept": "application/json"}))
        self._token = granted.access_token
        self._renew_at = asked_at + granted.expires_in - RENEW_BEFORE_EXPIRY_SECONDS
        return self._token


def _granted(reply: Reply) -> _Granted:
    if reply.status == 429 or reply.status >= 500:
        raise TransientError(f"no access token yet: Shopify answered HTTP {reply.status}")
    if reply.status != 200:
        raise ConfigError(f"no access token: {_reason(reply)} (HTTP {reply.status}); check client_id and client_secret")
    try:
        return msgspec.json.decode(reply.body, type=_Granted)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise TransientError("no access token yet: Shopify's answer is not understood") from exc


def _reason(reply: Reply) -> str:
    try:
        return msgspec.json.decode(reply.body, type=_Refused).error[:80]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "no reason given"

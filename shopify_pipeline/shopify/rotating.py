"""Tokens whose refresh token changes at every use: stored, sealed, before they are used.

Here: when to refresh and what is kept. Not here: where it is kept (the vault is handed in), the token endpoint
(``tokens.py``). Source: https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import ConfigError, TransientError
from shopify_pipeline.failpoints import Failpoint, reached
from shopify_pipeline.shopify.tokens import RENEW_AGAIN_SECONDS, TokenEndpoint


class Held(Protocol):
    """One shop's place in the vault, held against every other process."""

    sealed: bytes | None

    def store(self, sealed: bytes, at: datetime) -> None:
        """Replace what is kept; durable when this returns."""


class Vault(Protocol):
    """Keeps one shop's tokens, sealed, for all processes."""

    def held(self) -> AbstractContextManager[Held]:
        """Hold the shop's place; waits while another process does."""


class Tokens(msgspec.Struct, frozen=True):
    """What is kept of one shop.

    Attributes:
        began_with: Digest of the installation's refresh token these descend from.
        access_token: None before the first refresh.
        renew_at: When to ask for the next access token, UTC.
        expires_at: End of the access token, UTC.
    """

    began_with: str
    refresh_token: str
    access_token: str | None = None
    renew_at: datetime | None = None
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Tokens(expires_at={self.expires_at})"


class Seal:
    """Encrypts what is kept, so that a copy of the database opens no shop.

    Args:
        key: 32 bytes, URL-safe base64.

    Raises:
        ConfigError: The key is not one.
    """

    def __init__(self, key: str) -> None:
        try:
            self._fernet = Fernet(key)
        except ValueError:
            # Not chained: the text is a secret.
            raise ConfigError("token_key_file holds no Fernet key: 32 bytes as URL-safe base64, on one line") from None

    def close(self, tokens: Tokens) -> bytes:
        return self._fernet.encrypt(msgspec.json.encode(tokens))

    def open(self, sealed: bytes) -> Tokens:
        """Decrypt.

        Raises:
            ConfigError: It was sealed with another key.
        """
        try:
            return msgspec.json.decode(self._fernet.decrypt(sealed), type=Tokens)
        except InvalidToken:
            raise ConfigError(
                "the stored token was sealed with another key: put the former token_key_file back, or delete the "
                "shop's row of ops.shop_tokens, install the app again and put its refresh token into refresh_token_file"
            ) from None


class RotatingToken:
    """Tokens of a public app: an access token of an hour, and a refresh token that is replaced whenever it is used.

    The new pair is stored before it is used. If this process dies between answer and storage, the next one comes back
    with the refresh token that is stored, which Shopify accepts until its replacement was used (30 days at most).

    Args:
        first: Gives the refresh token of the app's installation, None when it is gone; a new one starts over.
        clock: Ours; the instants of expiry are shared with other processes.
    """

    def __init__(
        self, *, app: TokenEndpoint, vault: Vault, seal: Seal, first: Callable[[], str | None], clock: Clock
    ) -> None:
        self._app = app
        self._vault = vault
        self._seal = seal
        self._first = first
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None

    def token(self) -> str:
        with self._lock:
            known = self._good(self._tokens)
            return known or self._renewed(refused=None)

    def renewed(self, refused: str) -> str:
        with self._lock:
            known = self._tokens.access_token if self._tokens else None
            return known if known is not None and known != refused else self._renewed(refused)

    def _good(self, tokens: Tokens | None) -> str | None:
        """The access token, unless it is time to renew it."""
        if tokens is None or tokens.renew_at is None:
            return None
        return tokens.access_token if self._clock.now() < tokens.renew_at else None

    def _renewed(self, refused: str | None) -> str:
        """What another process has renewed meanwhile, or else a new pair; one request however many processes ask."""
        with self._vault.held() as held:
            stored = self._stored(held.sealed)
            known = self._good(stored)
            if known is not None and known != refused:
                self._tokens = stored
                return known
            asked_at = self._clock.now()
            try:
                granted = self._app.ask("refresh_token", refresh_token=stored.refresh_token)
            except TransientError:
                prolonged = self._prolonged(stored, refused)
                if prolonged is None:
                    raise
                return prolonged
            reached(Failpoint.TOKEN_BEFORE_STORE)
            fresh = Tokens(
                began_with=stored.began_with,
                refresh_token=granted.refresh_token or stored.refresh_token,
                access_token=granted.access_token,
                renew_at=asked_at + timedelta(seconds=granted.renew_after_seconds),
                expires_at=asked_at + timedelta(seconds=granted.life_seconds),
            )
            held.store(self._seal.close(fresh), asked_at)
            self._tokens = fresh
            return granted.access_token

    def _prolonged(self, stored: Tokens, refused: str | None) -> str | None:
        """The access token that could not be renewed, if it is still good: for a while, and this process alone."""
        now, token = self._clock.now(), stored.access_token
        if token == refused or stored.expires_at is None or now >= stored.expires_at:
            return None
        self._tokens = msgspec.structs.replace(stored, renew_at=now + timedelta(seconds=RENEW_AGAIN_SECONDS))
        return token

    def _stored(self, sealed: bytes | None) -> Tokens:
        """What to go on from: what is kept, unless the app was installed anew since.

        Raises:
            ConfigError: Nothing is kept and no refresh token was given, or the key is another.
        """
        first = self._first()
        began_with = hashlib.sha256(first.encode()).hexdigest() if first else None
        if sealed is not None:
            kept = self._opened(sealed, began_with)
            if kept is not None:
                return kept
        if first is None or began_with is None:
            raise ConfigError(
                "no token is stored and refresh_token_file is missing or empty: install the app and put the refresh "
                "token it gives into that file"
            )
        return Tokens(began_with=began_with, refresh_token=first)

    def _opened(self, sealed: bytes, began_with: str | None) -> Tokens | None:
        kept = self._seal.open(sealed)
        return kept if began_with in (None, kept.began_with) else None

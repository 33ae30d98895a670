"""Access tokens by the client credentials grant, and the scopes the app holds.

Belongs here: who may call. Tokens are kept as digests in a file, so that they survive a restart, and they age by the
world's clock, so that a day passes when the world says so.

Source: https://shopify.dev/docs/apps/build/authentication-authorization (client credentials grant).
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from shopify_sandbox.errors import SandboxError
from shopify_sandbox.model import Resolver
from shopify_sandbox.state import read_json, write_json

TOKEN_SECONDS = 86_399
LEAST_PRIVILEGE = (
    "read_all_orders",
    "read_assigned_fulfillment_orders",
    "read_customers",
    "read_inventory",
    "read_locations",
    "read_merchant_managed_fulfillment_orders",
    "read_orders",
    "read_products",
    "read_returns",
    "read_shopify_payments_accounts",
    "read_shopify_payments_payouts",
)


class GrantRefused(Exception):
    """The token request is wrong; ``body`` is the OAuth error."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.body = {"error": code, "error_description": description}


@dataclass(frozen=True)
class Installation:
    """The app as installed on the shop (GraphQL ``AppInstallation``)."""

    GRAPHQL_TYPE = "AppInstallation"
    scopes: frozenset[str]


@dataclass(frozen=True)
class Scope:
    GRAPHQL_TYPE = "AccessScope"
    handle: str


RESOLVERS: dict[str, dict[str, Resolver]] = {
    "AppInstallation": {
        "id": lambda store, record, arguments: "gid://shopify/AppInstallation/1",
        "accessScopes": lambda store, record, arguments: [Scope(handle) for handle in sorted(record.scopes)],
    },
    "AccessScope": {
        "handle": lambda store, record, arguments: record.handle,
        "description": lambda store, record, arguments: record.handle.replace("_", " ").capitalize(),
    },
}
OBJECTS: dict[str, Resolver] = {
    "currentAppInstallation": lambda store, execution, arguments: Installation(execution.granted)
}


class Tokens:
    """Issues and checks access tokens of one app on one shop; thread-safe.

    Args:
        path: Where digests and scopes are kept.
        now: The world's clock, UTC.
        new_token: Draws a token; tests pass their own.
    """

    def __init__(
        self,
        path: Path,
        *,
        client_id: str,
        client_secret: str,
        now: Callable[[], datetime],
        new_token: Callable[[], str],
    ) -> None:
        self._path = path
        self._client = (client_id, client_secret)
        self._now = now
        self._new_token = new_token
        self._lock = Lock()
        content = read_json(path, {"scopes": list(LEAST_PRIVILEGE), "tokens": {}})
        self._scopes = frozenset(content["scopes"])
        self._expiry = {digest: datetime.fromisoformat(at) for digest, at in content["tokens"].items()}

    @property
    def scopes(self) -> frozenset[str]:
        return self._scopes

    def grant(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a token request.

        Raises:
            GrantRefused: Wrong grant type, client or secret.
        """
        if request.get("grant_type") != "client_credentials":
            raise GrantRefused("unsupported_grant_type", "The grant_type must be client_credentials.")
        given = (str(request.get("client_id", "")), str(request.get("client_secret", "")))
        matches = [hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(given, self._client, strict=True)]
        if not all(matches):
            raise GrantRefused("invalid_client", "The client_id or client_secret is wrong.")
        token = self._new_token()
        with self._lock:
            now = self._now()
            self._expiry = {digest: at for digest, at in self._expiry.items() if at > now}
            self._expiry[_digest(token)] = now + timedelta(seconds=TOKEN_SECONDS)
            self._save()
        return {"access_token": token, "scope": ",".join(sorted(self._scopes)), "expires_in": TOKEN_SECONDS}

    def scopes_of(self, token: str | None) -> frozenset[str] | None:
        """Give the scopes a token carries; None when it is unknown, expired or revoked."""
        expiry = self._expiry.get(_digest(token or ""))
        return self._scopes if expiry is not None and expiry > self._now() else None

    def set_scopes(self, scopes: Sequence[str]) -> None:
        """Change the scopes of the app; tokens already out carry them at once, as after a re-approval."""
        if not all(isinstance(scope, str) and scope for scope in scopes):
            raise SandboxError("scopes must be a list of names")
        with self._lock:
            self._scopes = frozenset(scopes)
            self._save()

    def revoke_all(self) -> None:
        with self._lock:
            self._expiry = {}
            self._save()

    def _save(self) -> None:
        tokens = {digest: at.isoformat() for digest, at in self._expiry.items()}
        write_json(self._path, {"scopes": sorted(self._scopes), "tokens": tokens})


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

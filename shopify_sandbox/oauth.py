"""Access tokens of one app on one shop: the grants that give them, what ends them, and the scopes the app holds.

Belongs here: who may call. Tokens are kept as digests in a file, so that they survive a restart, and they age by the
world's clock, so that a day passes when the world says so.

Sources: https://shopify.dev/docs/apps/build/authentication-authorization (client credentials grant, offline access
tokens, rotating a client secret); https://shopify.dev/changelog/more-resilient-refreshes-for-expiring-offline-access-tokens
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from shopify_sandbox.admin.model import Resolver
from shopify_sandbox.errors import SandboxError
from shopify_sandbox.state import read_json, write_json

TOKEN_SECONDS = 86_399
OFFLINE_TOKEN_SECONDS = 3_600
REFRESH_TOKEN_SECONDS = 90 * 86_400
#: How long a used refresh token may be used again, as long as its replacement was not.
REFRESH_AGAIN_SECONDS = 30 * 86_400
#: How long the secret before the last rotation still signs and is accepted.
PREVIOUS_SECRET_SECONDS = 3_600
LEAST_PRIVILEGE = (
    "read_all_orders",
    "read_assigned_fulfillment_orders",
    "read_customers",
    "read_inventory",
    "read_locations",
    "read_merchant_managed_fulfillment_orders",
    "read_orders",
    "read_payment_terms",
    "read_products",
    "read_returns",
    "read_shopify_payments_accounts",
    "read_shopify_payments_payouts",
)


class GrantRefused(Exception):
    """The token request is refused; ``status`` and ``body`` are the OAuth error."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.status = status
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


@dataclass(frozen=True)
class RefreshToken:
    """One refresh token that was given out; instants in ISO form.

    Attributes:
        expires_at: When it ends, used or not.
        first_used_at: None while it was not used.
    """

    expires_at: str
    first_used_at: str | None = None


class Tokens:
    """Issues and checks access tokens of one app on one shop; thread-safe.

    Args:
        path: Where digests, scopes and the state of the installation are kept.
        now: The world's clock, UTC.
        new_token: Draws a token beginning with a prefix; tests pass their own.
    """

    def __init__(
        self,
        path: Path,
        *,
        client_id: str,
        client_secret: str,
        now: Callable[[], datetime],
        new_token: Callable[[str], str],
    ) -> None:
        self._path = path
        self._client_id = client_id
        self._now = now
        self._new_token = new_token
        self._lock = Lock()
        content = read_json(path, {})
        self._scopes = frozenset(content.get("scopes", LEAST_PRIVILEGE))
        self._installed: bool = content.get("installed", True)
        self._permitted: bool = content.get("permitted", True)
        self._secret: str = content.get("secret", client_secret)
        self._previous: tuple[str, datetime] | None = None
        if "previous_secret" in content:
            self._previous = (content["previous_secret"], datetime.fromisoformat(content["previous_secret_until"]))
        self._expiry = {digest: at and datetime.fromisoformat(at) for digest, at in content.get("tokens", {}).items()}
        self._offline: str | None = content.get("offline")
        self._refresh = {digest: RefreshToken(**each) for digest, each in content.get("refresh", {}).items()}

    @property
    def scopes(self) -> frozenset[str]:
        return self._scopes

    def secrets(self) -> tuple[str, ...]:
        """Give the app's client secret, and after it the one before the last rotation while that still counts."""
        previous = self._previous
        return (self._secret,) if previous is None or previous[1] <= self._now() else (self._secret, previous[0])

    def rotate_secret(self, secret: str | None = None) -> str:
        """Replace the client secret; the old one counts for another hour. Tokens that are out stay good."""
        with self._lock:
            self._previous = (self._secret, self._now() + timedelta(seconds=PREVIOUS_SECRET_SECONDS))
            self._secret = secret or self._new_token("shpss_")
            self._save()
        return self._secret

    def grant(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a token request.

        Raises:
            GrantRefused: The grant is not offered, client, secret or refresh token is wrong, or the app may not.
        """
        grants = {"client_credentials": self._client_credentials, "refresh_token": self._refreshed}
        grant = grants.get(str(request.get("grant_type")))
        if grant is None:
            known = " or ".join(grants)
            raise GrantRefused("unsupported_grant_type", f"The grant_type must be {known}.")
        client_id, secret = str(request.get("client_id", "")), str(request.get("client_secret", ""))
        matches = [hmac.compare_digest(secret.encode(), each.encode()) for each in self.secrets()]
        if not hmac.compare_digest(client_id.encode(), self._client_id.encode()) or not any(matches):
            raise GrantRefused("invalid_client", "The client_id or client_secret is wrong.")
        with self._lock:
            granted = grant(request)
            self._save()
        return granted

    def install(self) -> dict[str, Any]:
        """Install the app as a merchant does; gives the first expiring offline token with its refresh token.

        Every earlier expiring offline token and every earlier refresh token ends.
        """
        with self._lock:
            self._installed = True
            self._refresh = {}
            granted = self._offline_pair()
            self._save()
        return granted

    def uninstall(self) -> None:
        """Remove the app from the shop: every token ends, and none is given until it is installed again."""
        with self._lock:
            self._installed = False
            self._end_all()
            self._save()

    def permit(self, permitted: bool) -> None:
        """Say whether the shop belongs to the app's own organisation, which client credentials are only for."""
        with self._lock:
            self._permitted = permitted
            self._save()

    def create_static(self) -> str:
        """Give a token that does not expire, as apps made in a shop's admin had."""
        token = self._new_token("shpat_")
        with self._lock:
            self._expiry[_digest(token)] = None
            self._save()
        return token

    def scopes_of(self, token: str | None) -> frozenset[str] | None:
        """Give the scopes a token carries, what they imply included; None when it is unknown, expired or revoked."""
        digest = _digest(token or "")
        if digest not in self._expiry:
            return None
        expiry = self._expiry[digest]
        if expiry is not None and expiry <= self._now():
            return None
        # Whoever may write may read (https://shopify.dev/docs/api/usage/access-scopes).
        writing = [scope for scope in self._scopes if scope.startswith("write_")]
        return self._scopes.union(scope.replace("write_", "read_", 1) for scope in writing)

    def is_static(self, token: str | None) -> bool:
        """Tell whether a token is one that does not expire."""
        return self._expiry.get(_digest(token or ""), self._now()) is None

    def set_scopes(self, scopes: Sequence[str]) -> None:
        """Change the scopes of the app; tokens already out carry them at once, as after a re-approval."""
        if not all(isinstance(scope, str) and scope for scope in scopes):
            raise SandboxError("scopes must be a list of names")
        with self._lock:
            self._scopes = frozenset(scopes)
            self._save()

    def revoke_all(self) -> None:
        """End every access token and every refresh token."""
        with self._lock:
            self._end_all()
            self._save()

    def _client_credentials(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if not self._installed:
            raise GrantRefused("app_not_installed", "The application is not installed on this shop.")
        if not self._permitted:
            raise GrantRefused("shop_not_permitted", "Client credentials cannot be performed on this shop.")
        token = self._issued("shpca_", TOKEN_SECONDS)
        return {"access_token": token, "scope": ",".join(sorted(self._scopes)), "expires_in": TOKEN_SECONDS}

    def _refreshed(self, request: Mapping[str, Any]) -> dict[str, Any]:
        digest, now = _digest(str(request.get("refresh_token", ""))), self._now()
        given = self._refresh.get(digest)
        if given is None or not _is_active(given, now):
            raise GrantRefused("invalid_request", "This request requires an active refresh_token", status=401)
        # Whoever uses a token has it: the one before is retired, and so is a replacement nobody came back with.
        self._refresh = {digest: replace(given, first_used_at=given.first_used_at or now.isoformat())}
        return self._offline_pair()

    def _offline_pair(self) -> dict[str, Any]:
        """Give a new expiring offline token with its refresh token; the offline token before it ends."""
        if self._offline is not None:
            self._expiry.pop(self._offline, None)
        token, refresh = self._issued("shpca_", OFFLINE_TOKEN_SECONDS), self._new_token("shprt_")
        self._offline = _digest(token)
        expires_at = self._now() + timedelta(seconds=REFRESH_TOKEN_SECONDS)
        self._refresh[_digest(refresh)] = RefreshToken(expires_at.isoformat())
        return {
            "access_token": token,
            "scope": ",".join(sorted(self._scopes)),
            "expires_in": OFFLINE_TOKEN_SECONDS,
            "refresh_token": refresh,
            "refresh_token_expires_in": REFRESH_TOKEN_SECONDS,
        }

    def _issued(self, prefix: str, seconds: int) -> str:
        token, now = self._new_token(prefix), self._now()
        self._expiry = {digest: at for digest, at in self._expiry.items() if at is None or at > now}
        self._expiry[_digest(token)] = now + timedelta(seconds=seconds)
        return token

    def _end_all(self) -> None:
        self._expiry, self._refresh, self._offline = {}, {}, None

    def _save(self) -> None:
        content: dict[str, Any] = {
            "scopes": sorted(self._scopes),
            "installed": self._installed,
            "permitted": self._permitted,
            "tokens": {digest: at and at.isoformat() for digest, at in self._expiry.items()},
            "offline": self._offline,
            "refresh": {digest: asdict(each) for digest, each in self._refresh.items()},
        }
        if self._previous is not None:
            content["secret"] = self._secret
            content["previous_secret"] = self._previous[0]
            content["previous_secret_until"] = self._previous[1].isoformat()
        write_json(self._path, content)


def _is_active(token: RefreshToken, now: datetime) -> bool:
    if datetime.fromisoformat(token.expires_at) <= now:
        return False
    if token.first_used_at is None:
        return True
    return now < datetime.fromisoformat(token.first_used_at) + timedelta(seconds=REFRESH_AGAIN_SECONDS)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

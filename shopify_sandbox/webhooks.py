"""Webhooks: subscriptions, and deliveries by one background thread.

Belongs here: who is told of a change, the signed request, its retries and the log. The payload comes with the change.

Source: https://shopify.dev/docs/apps/build/webhooks (headers, HMAC over the raw body, 1 s to connect and 5 s in all);
retries are fewer and faster than Shopify's eight in four hours.
"""

import base64
import hashlib
import heapq
import hmac
import ipaddress
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition, Thread
from typing import Any
from urllib.parse import urlsplit

import requests

from shopify_sandbox.bulk import UserError
from shopify_sandbox.state import JsonLines, read_json, write_json

CONNECT_SECONDS = 1
READ_SECONDS = 4
RETRY_SECONDS = (0.5, 2.0, 8.0)
FIRST_NUMBER = 1_100_000_000_001
GID_PREFIX = "gid://shopify/WebhookSubscription/"


@dataclass(frozen=True)
class Subscription:
    """One subscription: the topic as the API's enum names it, and where to deliver."""

    GRAPHQL_TYPE = "WebhookSubscription"
    number: int
    topic: str
    uri: str
    created_at: str
    api_version: str

    @property
    def gid(self) -> str:
        return f"{GID_PREFIX}{self.number}"


@dataclass(frozen=True)
class HttpEndpoint:
    GRAPHQL_TYPE = "WebhookHttpEndpoint"
    uri: str


@dataclass(frozen=True)
class CreatePayload:
    GRAPHQL_TYPE = "WebhookSubscriptionCreatePayload"
    subscription: Subscription | None
    errors: Sequence[UserError]


@dataclass(frozen=True)
class DeletePayload:
    GRAPHQL_TYPE = "WebhookSubscriptionDeletePayload"
    deleted: str | None
    errors: Sequence[UserError]


@dataclass(frozen=True)
class Delivery:
    """One request to be made; a retry sends the same body and headers to the same address."""

    uri: str
    body: bytes
    headers: Mapping[str, str]
    attempt: int = 1


class Webhooks:
    """Subscriptions and deliveries of one app on one shop; thread-safe.

    Args:
        path: Where subscriptions and the switch are kept.
        log: Takes one entry for each attempt.
        shop: Domain sent with each delivery.
        secret: The app's client secret; signs bodies.
        version: Admin API version of new subscriptions.
        now: The world's clock, UTC.
        monotonic: Real time for retries, seconds.
        new_id: Draws webhook ids.
    """

    def __init__(
        self,
        path: Path,
        *,
        log: JsonLines,
        shop: str,
        secret: str,
        version: str,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._path = path
        self._log = log
        self._shop = shop
        self._secret = secret
        self._version = version
        self._now = now
        self._monotonic = monotonic
        self._new_id = new_id
        self._changed = Condition()
        self._due: list[tuple[float, int, Delivery]] = []
        self._order = itertools.count()
        self._stopping = False
        self._thread: Thread | None = None
        content = read_json(path, {"deliver": True, "subscriptions": []})
        self._deliver: bool = content["deliver"]
        self._subscriptions = {each["number"]: Subscription(**each) for each in content["subscriptions"]}

    @property
    def deliver(self) -> bool:
        return self._deliver

    def set_deliver(self, on: bool) -> None:
        """Switch deliveries on or off; what happens while they are off is never delivered."""
        with self._changed:
            self._deliver = on
            self._save()

    def subscriptions(self) -> list[Subscription]:
        return list(self._subscriptions.values())

    def find(self, gid: str) -> Subscription | None:
        tail = gid.removeprefix(GID_PREFIX)
        return self._subscriptions.get(int(tail)) if tail.isdigit() else None

    def subscribe(self, topic: str, uri: str | None) -> CreatePayload:
        """Add a subscription, or say why not (``webhookSubscriptionCreate``)."""
        problem, created_at = _address_problem(uri), _stamp(self._now())
        with self._changed:
            if problem is None and any((each.topic, each.uri) == (topic, uri) for each in self.subscriptions()):
                problem = "Address for this topic has already been taken"
            if problem is not None or uri is None:
                error = UserError("UserError", ("webhookSubscription", "uri"), problem or "Address can't be blank")
                return CreatePayload(None, [error])
            number = max(self._subscriptions, default=FIRST_NUMBER - 1) + 1
            created = Subscription(number, topic, uri, created_at, self._version)
            self._subscriptions[number] = created
            self._save()
        return CreatePayload(created, [])

    def unsubscribe(self, gid: str) -> DeletePayload:
        """Remove a subscription (``webhookSubscriptionDelete``)."""
        with self._changed:
            found = self.find(gid)
            if found is None:
                return DeletePayload(None, [UserError("UserError", ("id",), "Webhook subscription does not exist")])
            del self._subscriptions[found.number]
            self._save()
        return DeletePayload(gid, [])

    def publish(self, topic: str, payload: Mapping[str, Any], *, at: datetime, event_id: str) -> None:
        """Queue one delivery for each subscription of the topic, such as ``orders/updated``."""
        wanted = topic.upper().replace("/", "_")
        body = json.dumps(payload, separators=(",", ":")).encode()
        with self._changed:
            if not self._deliver:
                return
            for each in self.subscriptions():
                if each.topic == wanted:
                    headers = self._headers(topic, body, each.api_version, at, event_id)
                    self._queue(Delivery(each.uri, body, headers), after=0)

    def start(self) -> None:
        self._thread = Thread(target=self._work, name="webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop delivering; what is still queued is lost, which Shopify allows itself, too."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _headers(self, topic: str, body: bytes, version: str, at: datetime, event_id: str) -> dict[str, str]:
        digest = hmac.new(self._secret.encode(), body, hashlib.sha256).digest()
        return {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
            "X-Shopify-Shop-Domain": self._shop,
            "X-Shopify-API-Version": version,
            "X-Shopify-Webhook-Id": self._new_id(),
            "X-Shopify-Event-Id": event_id,
            "X-Shopify-Triggered-At": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }

    def _queue(self, delivery: Delivery, after: float) -> None:
        heapq.heappush(self._due, (self._monotonic() + after, next(self._order), delivery))
        self._changed.notify_all()

    def _work(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while (delivery := self._next()) is not None:
                outcome = _attempt(session, delivery)
                delivered = isinstance(outcome, int) and 200 <= outcome < 300
                self._log.append(
                    {
                        "at": _stamp(self._now()),
                        "topic": delivery.headers["X-Shopify-Topic"],
                        "webhook_id": delivery.headers["X-Shopify-Webhook-Id"],
                        "event_id": delivery.headers["X-Shopify-Event-Id"],
                        "uri": delivery.uri,
                        "attempt": delivery.attempt,
                        "outcome": outcome,
                        "delivered": delivered,
                    }
                )
                if not delivered and delivery.attempt <= len(RETRY_SECONDS):
                    with self._changed:
                        again = replace(delivery, attempt=delivery.attempt + 1)
                        self._queue(again, after=RETRY_SECONDS[delivery.attempt - 1])

    def _next(self) -> Delivery | None:
        with self._changed:
            while not self._stopping:
                if self._due and self._due[0][0] <= self._monotonic():
                    return heapq.heappop(self._due)[2]
                self._changed.wait(self._due[0][0] - self._monotonic() if self._due else None)
        return None

    def _save(self) -> None:
        subscriptions = [asdict(each) for each in self._subscriptions.values()]
        write_json(self._path, {"deliver": self._deliver, "subscriptions": subscriptions})


def _attempt(session: requests.Session, delivery: Delivery) -> int | str:
    """Make one request; gives the status, or the name of what went wrong."""
    try:
        response = session.post(
            delivery.uri,
            data=delivery.body,
            headers=dict(delivery.headers),
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
        )
    except requests.RequestException as problem:
        return type(problem).__name__
    return response.status_code


def _address_problem(uri: str | None) -> str | None:
    parts = urlsplit(uri or "")
    if not parts.hostname:
        return "Address is invalid"
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname)):
        return None
    return f"Address protocol {parts.scheme}:// is not supported"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")

"""Webhook subscriptions, and who is told of what: one signed request for each subscription of a topic.

Here: subscriptions and their rules, headers and signatures. Not here: payloads (``payloads.py``), and how a
request is made and made again (``delivery.py``).

Source: https://shopify.dev/docs/apps/build/webhooks (headers, HMAC over the raw body);
https://shopify.dev/changelog/webhook-subscriptions-now-support-a-name-field-for-identification (names).
"""

import base64
import hashlib
import hmac
import ipaddress
import re
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any
from urllib.parse import urlsplit

import msgspec

from shopify_sandbox.errors import FieldError, SandboxError, UserError
from shopify_sandbox.settings import Settings
from shopify_sandbox.state import JsonLines, read_json, write_json
from shopify_sandbox.webhooks.delivery import Deliveries, Delivery, Send
from shopify_sandbox.webhooks.payloads import SUBSCRIBABLE

FIRST_NUMBER = 1_100_000_000_001
GID_PREFIX = "gid://shopify/WebhookSubscription/"
#: Topics of the app's own configuration have no subscription in the Admin API, and are never given up.
APP_CONFIGURATION = 0
NAME = re.compile(r"[A-Za-z0-9_-]{1,50}")

_JSON = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True)
class Subscription:
    """One subscription.

    Attributes:
        topic: As the API's enum names it.
        include_fields: Top-level fields of the payload to send; none means all.
        updated_at: None until it is changed.
    """

    GRAPHQL_TYPE = "WebhookSubscription"
    number: int
    topic: str
    uri: str
    created_at: str
    api_version: str
    name: str | None = None
    include_fields: tuple[str, ...] = ()
    updated_at: str | None = None

    @property
    def gid(self) -> str:
        return f"{GID_PREFIX}{self.number}"


@dataclass(frozen=True)
class HttpEndpoint:
    GRAPHQL_TYPE = "WebhookHttpEndpoint"
    uri: str


@dataclass(frozen=True)
class Payload:
    """What a mutation on a subscription answers."""

    GRAPHQL_TYPE: str
    subscription: Subscription | None = None
    deleted: str | None = None
    errors: Sequence[UserError] = ()


@dataclass(frozen=True)
class Told:
    """One thing to tell subscribers of.

    Attributes:
        topic: Such as ``orders/updated``.
        gid: Names what it is about.
        at: When it happened, UTC.
        event_id: The same for everything one action led to.
        payload: Builds the payload; called once, and only when somebody is told.
    """

    topic: str
    gid: str
    at: datetime
    event_id: str
    payload: Callable[[], Mapping[str, Any]]


class Webhooks:
    """Subscriptions and deliveries of one app on one shop; thread-safe.

    Args:
        path: Where subscriptions and the switch are kept.
        log: Takes one entry for each attempt.
        shop: Domain sent with each delivery.
        secrets: The app's client secrets that sign bodies now: the current one first, and for an hour after a rotation
            the previous one; while there are two, deliveries are signed by turns.
        version: Admin API version of new subscriptions.
        now: The world's clock, UTC.
        monotonic: Real time for delays and retries, seconds.
        settings: How deliveries misbehave, read each time.
        send: Makes one request.
        seed: Decides which deliveries misbehave.
    """

    def __init__(
        self,
        path: Path,
        *,
        log: JsonLines,
        shop: str,
        secrets: Callable[[], Sequence[str]],
        version: str,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        settings: Callable[[], Settings],
        send: Send,
        seed: int,
    ) -> None:
        self._path = path
        self._shop = shop
        self._secrets = secrets
        self._version = version
        self._now = now
        self._lock = RLock()
        self._times_told: tuple[str, Counter[str]] = ("", Counter())
        self._signed = 0
        self.deliveries = Deliveries(
            log=log,
            now=lambda: _stamp(now()),
            monotonic=monotonic,
            settings=settings,
            send=send,
            seed=seed,
            on_given_up=self._give_up,
        )
        content = read_json(path, {"deliver": True, "subscriptions": []})
        self._deliver: bool = content["deliver"]
        kept = msgspec.convert(content["subscriptions"], list[Subscription])
        self._subscriptions = {each.number: each for each in kept}
        # Not given out twice: what is still retried for a subscription that is gone must not end a later one.
        self._next_number: int = content.get("next_number", max(self._subscriptions, default=FIRST_NUMBER - 1) + 1)

    @property
    def deliver(self) -> bool:
        return self._deliver

    def set_deliver(self, on: bool) -> None:
        """Switch deliveries on or off; what happens while they are off is never delivered."""
        with self._lock:
            self._deliver = on
            self._save()

    def subscriptions(self) -> list[Subscription]:
        return list(self._subscriptions.values())

    def find(self, gid: str) -> Subscription | None:
        tail = gid.removeprefix(GID_PREFIX)
        return self._subscriptions.get(int(tail)) if tail.isdigit() else None

    def subscribe(self, topic: str, given: Mapping[str, Any]) -> Payload:
        """Add a subscription, or say why not (``webhookSubscriptionCreate``).

        Args:
            given: The mutation's ``WebhookSubscriptionInput``.

        Raises:
            FieldError: Topic or input ask for something the sandbox does not model.
        """
        if topic not in SUBSCRIBABLE:
            raise FieldError(f"WebhookSubscriptionTopic.{topic} is not modelled by the sandbox", "SANDBOX_NOT_MODELLED")
        _refuse_not_modelled(given)
        uri, kind, created_at = _uri(given), "WebhookSubscriptionCreatePayload", _stamp(self._now())
        if not uri:
            return Payload(kind, errors=[_error("uri", "Address can't be blank")])
        with self._lock:
            number = self._next_number
            new = Subscription(
                number,
                topic,
                uri,
                created_at,
                self._version,
                name=given.get("name"),
                include_fields=tuple(given.get("includeFields") or ()),
            )
            errors = self._problems(new)
            if errors:
                return Payload(kind, errors=errors)
            self._subscriptions[number] = new
            self._next_number += 1
            self._save()
        return Payload(kind, new)

    def update(self, gid: str, given: Mapping[str, Any]) -> Payload:
        """Change a subscription's address, name or fields (``webhookSubscriptionUpdate``).

        What waits to be delivered still goes to the old address.

        Raises:
            FieldError: The input asks for something the sandbox does not model.
        """
        _refuse_not_modelled(given)
        kind = "WebhookSubscriptionUpdatePayload"
        with self._lock:
            found = self.find(gid)
            if found is None:
                return Payload(kind, errors=[UserError("UserError", ("id",), "Webhook subscription does not exist")])
            changed = replace(
                found,
                uri=_uri(given) or found.uri,
                name=given.get("name", found.name),
                include_fields=tuple(given.get("includeFields", found.include_fields) or ()),
                updated_at=_stamp(self._now()),
            )
            errors = self._problems(changed)
            if errors:
                return Payload(kind, errors=errors)
            self._subscriptions[found.number] = changed
            self._save()
        return Payload(kind, changed)

    def unsubscribe(self, gid: str) -> Payload:
        """Remove a subscription (``webhookSubscriptionDelete``); what waits for it is not delivered."""
        kind = "WebhookSubscriptionDeletePayload"
        with self._lock:
            found = self.find(gid)
            if found is None:
                return Payload(kind, errors=[UserError("UserError", ("id",), "Webhook subscription does not exist")])
            self._remove(found.number)
        return Payload(kind, deleted=gid)

    def unsubscribe_all(self, last: Told) -> None:
        """Remove every subscription; of what waits to be delivered only the last word still is."""
        with self._lock:
            for number in self._subscriptions:
                self.deliveries.forget(number)
            self.publish(last)
            self._subscriptions = {}
            self._save()

    def publish(self, told: Told) -> None:
        """Queue one delivery for each subscription of the topic."""
        wanted = told.topic.upper().replace("/", "_")
        with self._lock:
            subscribers = [each for each in self.subscriptions() if each.topic == wanted]
            if not self._deliver or not subscribers:
                return
            payload = told.payload()
            for each in subscribers:
                fields = {key: payload[key] for key in each.include_fields if key in payload} or payload
                body = _JSON.encode(fields)
                headers = self._headers(told, body, each.number, each.api_version)
                if each.name is not None:
                    headers["X-Shopify-Name"] = each.name
                self.deliveries.add(Delivery(each.number, each.uri, body, headers))

    def send_to(self, uri: str, told: Told) -> None:
        """Queue one delivery to an address of the app's own configuration, which has no subscription.

        Raises:
            SandboxError: The address is neither https nor on this machine.
        """
        problem = _address_problem(uri)
        if problem is not None:
            raise SandboxError(problem)
        body = _JSON.encode(told.payload())
        with self._lock:
            headers = self._headers(told, body, APP_CONFIGURATION, self._version)
            self.deliveries.add(Delivery(APP_CONFIGURATION, uri, body, headers))

    def start(self) -> None:
        self.deliveries.start()

    def stop(self) -> None:
        self.deliveries.stop()

    def _problems(self, new: Subscription) -> list[UserError]:
        others = [each for each in self.subscriptions() if each.number != new.number]
        problem = _address_problem(new.uri)
        if problem is None and any((each.topic, each.uri) == (new.topic, new.uri) for each in others):
            problem = "Address for this topic has already been taken"
        errors = [] if problem is None else [_error("uri", problem)]
        if new.name is not None:
            if not NAME.fullmatch(new.name):
                errors.append(_error("name", "Name must be at most 50 letters, digits, underscores and hyphens"))
            elif any(each.name == new.name for each in others):
                errors.append(_error("name", "Name has already been taken"))
        return errors

    def _headers(self, told: Told, body: bytes, subscription: int, version: str) -> dict[str, str]:
        secrets = self._secrets()
        secret = secrets[self._signed % len(secrets)]
        self._signed += 1
        digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
        return {
            "Content-Type": "application/json",
            "X-Shopify-Topic": told.topic,
            "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
            "X-Shopify-Shop-Domain": self._shop,
            "X-Shopify-API-Version": version,
            "X-Shopify-Webhook-Id": self._webhook_id(told, subscription),
            "X-Shopify-Event-Id": told.event_id,
            "X-Shopify-Triggered-At": told.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }

    def _webhook_id(self, told: Told, subscription: int) -> str:
        """An id that follows from what is told to whom, so that the same world tells it by the same id."""
        key = f"{told.event_id}/{subscription}/{told.topic}/{told.gid}"
        if self._times_told[0] != told.event_id:
            self._times_told = (told.event_id, Counter())
        self._times_told[1][key] += 1
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{key}/{self._times_told[1][key]}"))

    def _give_up(self, number: int) -> None:
        """Remove a subscription nobody has answered for, as Shopify does without telling."""
        with self._lock:
            if number in self._subscriptions:
                self._remove(number)

    def _remove(self, number: int) -> None:
        del self._subscriptions[number]
        self.deliveries.forget(number)
        self._save()

    def _save(self) -> None:
        subscriptions = [asdict(each) for each in self._subscriptions.values()]
        content = {"deliver": self._deliver, "next_number": self._next_number, "subscriptions": subscriptions}
        write_json(self._path, content)


def _refuse_not_modelled(given: Mapping[str, Any]) -> None:
    for name in ("filter", "metafields", "metafieldNamespaces"):
        if given.get(name):
            raise FieldError(f"WebhookSubscriptionInput.{name} is not modelled by the sandbox", "SANDBOX_NOT_MODELLED")
    if given.get("format", "JSON") != "JSON":
        raise FieldError("WebhookSubscriptionFormat.XML is not modelled by the sandbox", "SANDBOX_NOT_MODELLED")


def _uri(given: Mapping[str, Any]) -> str | None:
    return given.get("uri") or given.get("callbackUrl")


def _error(field: str, message: str) -> UserError:
    return UserError("UserError", ("webhookSubscription", field), message)


def _address_problem(uri: str) -> str | None:
    parts = urlsplit(uri)
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

"""The webhook receiver: verify the signature over the raw body, keep the hint, answer.

Here: the HTTP side. Not here: what a hint leads to (a read through the API, by a sensor) and where it is kept (a port).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import ConfigError, TransientError
from shopify_pipeline.warehouse.inbox import Hint

BODY_BYTES_MAX = 5_000_000
# Shopify gives up after 5 s in all, so a body that takes longer is nobody's.
BODY_SECONDS_MAX = 5.0
HEADER_CHARACTERS_MAX = 255
# During the hour after a rotation Shopify may still sign with the old secret.
SECRETS_MAX = 2
#: Deliveries in one transaction.
GROUP_MAX = 100


class Inbox(Protocol):
    """Where hints are kept."""

    def store(self, hints: Sequence[Hint]) -> None:
        """Keep deliveries, all or none; durable when this returns. One that is kept already is not kept again.

        Raises:
            TransientError: They could not be kept.
        """


class GroupCommit:
    """Keeps together, in one transaction, what arrived while the transaction before was under way.

    A burst then costs a few commits, not one for each delivery; alone, a delivery waits for nothing.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._waiting: list[tuple[Hint, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def keep(self, hint: Hint) -> None:
        """Keep one delivery; returns after its commit.

        Raises:
            TransientError: It could not be kept, nor could those that shared its transaction.
        """
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((hint, kept))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await kept

    async def _write(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:GROUP_MAX], self._waiting[GROUP_MAX:]
            problem: Exception | None = None
            try:
                await run_in_threadpool(self._inbox.store, [hint for hint, _ in group])
            except Exception as exc:
                # Whatever it is, whoever waits must hear of it, or they wait for ever.
                problem = exc
            for _, kept in group:
                if kept.done():
                    continue  # its sender has hung up
                if problem is None:
                    kept.set_result(None)
                else:
                    kept.set_exception(problem)


def build_app(
    secrets: Mapping[str, Sequence[bytes]],
    inbox: Inbox,
    *,
    clock: Clock,
    body_bytes_max: int = BODY_BYTES_MAX,
) -> Starlette:
    """The receiver as an ASGI application: ``POST /webhooks`` and ``GET /healthz``.

    A delivery is answered with 200 only after the inbox has kept it, so Shopify repeats what was not.

    Args:
        secrets: Client secrets by shop domain, one or (while rotating) two each.
        inbox: Keeps what was verified.
        clock: Gives ``received_at``, UTC.
        body_bytes_max: Largest body; more is refused without being read to the end.

    Raises:
        ConfigError: A shop has no secret, or more than two.

    Source: Admin API 2026-10, "Verify webhook deliveries": base64(HMAC-SHA256(client secret, raw body)).
    """
    for shop, known in secrets.items():
        if not 1 <= len(known) <= SECRETS_MAX or not all(known):
            raise ConfigError(f"{shop}: webhooks need one client secret, or two while rotating")

    group = GroupCommit(inbox)

    async def receive(request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise HTTPException(415, "the body must be application/json")
        shop = _said(request, "shop-domain") or ""
        if shop not in secrets:
            raise HTTPException(401, "unknown shop")
        body = await _read(request, body_bytes_max)
        if not is_signed(body, _said(request, "hmac-sha256") or "", secrets[shop]):
            raise HTTPException(401, "wrong signature")
        await group.keep(
            Hint(
                shop=shop,
                webhook_id=_required(request, "webhook-id"),
                event_id=_optional(request, "event-id"),
                topic=_required(request, "topic"),
                api_version=_optional(request, "api-version"),
                triggered_at=_optional(request, "triggered-at"),
                received_at=clock.now(),
                body=body,
            )
        )
        return PlainTextResponse("kept")

    async def health(request: Request) -> Response:
        return PlainTextResponse("ok")

    async def unavailable(request: Request, exc: Exception) -> Response:
        return PlainTextResponse("cannot keep it now; send it again", status_code=503)

    return Starlette(
        routes=[Route("/webhooks", receive, methods=["POST"]), Route("/healthz", health, methods=["GET"])],
        exception_handlers={TransientError: unavailable},
    )


def is_signed(body: bytes, signature: str, secrets: Sequence[bytes]) -> bool:
    """Whether the signature header belongs to exactly these bytes, by any of the secrets.

    In constant time, so every secret is tried. The texts are compared, not what they decode to: base64 has several
    spellings for one digest.
    """
    given = signature.encode("latin-1")
    expected = (base64.b64encode(hmac.digest(secret, body, hashlib.sha256)) for secret in secrets)
    return sum(hmac.compare_digest(given, each) for each in expected) > 0


async def _read(request: Request, bytes_max: int) -> bytes:
    """The raw body, given up as soon as it is known to be too large or too slow."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > bytes_max:
        raise HTTPException(413, "the body is too large")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            async for chunk in request.stream():
                body += chunk
                if len(body) > bytes_max:
                    raise HTTPException(413, "the body is too large")
    except TimeoutError as exc:
        raise HTTPException(408, "the body came too slowly") from exc
    return bytes(body)


def _required(request: Request, name: str) -> str:
    value = _optional(request, name)
    if value is None:
        raise HTTPException(400, f"the header x-shopify-{name} is missing")
    return value


def _optional(request: Request, name: str) -> str | None:
    """A header's value; headers are not signed, so what could not have come from Shopify is refused."""
    value = _said(request, name)
    if value is not None and not (value.isascii() and value.isprintable() and len(value) <= HEADER_CHARACTERS_MAX):
        raise HTTPException(400, f"the header x-shopify-{name} is malformed")
    return value or None


def _said(request: Request, name: str) -> str | None:
    """A header of Shopify's, as it is named for webhooks or, without the ``X-``, for the newer events."""
    return request.headers.get(f"x-shopify-{name}", request.headers.get(f"shopify-{name}"))

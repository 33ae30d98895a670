"""Answers that are wrong on purpose: other statuses, broken JSON, lying headers, and what happens below HTTP.

Belongs here: one way to break an answer for each kind of ``answers`` fault. When it happens is in ``faults/plan.py``.

Source of the bodies: https://shopify.dev/docs/api/usage/response-codes; 401 as printed there, the others are assumed.
"""

import asyncio
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from shopify_sandbox.errors import UNAUTHORIZED, error
from shopify_sandbox.faults.plan import BadAnswer

GARBAGE = "<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>"
STATUS_ERRORS = {
    401: UNAUTHORIZED,
    402: "Unavailable Shop",
    403: "[API] This action requires merchant approval for read_orders scope.",
    404: "Not Found",
    423: "Unavailable Shop",
    429: "Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service.",
    430: "Shopify Security Rejection",
    500: "Internal Server Error",
}
RETRY_AFTER = "2.0"
OTHER_HOST = "https://elsewhere.example"
OTHER_VERSION = "2027-01"
BOMB_BYTES = 300 * 1024 * 1024
CHUNK = b"x" * 64 * 1024
DIGITS = 5_000
DEPTH = 100_000
DRIP_SECONDS = 0.02

_BROKEN_JSON = {
    "nan": b'{"data":{"shop":NaN}}',
    "huge_integer": b'{"data":{"shop":' + b"9" * DIGITS + b"}}",
    "deep": b"[" * DEPTH + b"]" * DEPTH,
    "string_errors": b'{"errors":"Unavailable Shop"}',
}

End = Literal["reset", "close", "drip"]


class OpenProtocol(H11Protocol):
    """HTTP/1.1 that hands its connection to the application, so that an answer can be broken below HTTP."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}

    def shutdown(self) -> None:
        """Leave an idle connection at once: a client that does not answer the goodbye would hold up the end."""
        super().shutdown()
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()


class Raw(Response):
    """Bytes as they are, and then an end no well-formed answer has."""

    def __init__(self, sent: bytes, end: End) -> None:
        super().__init__()
        self._sent = sent
        self._end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport: asyncio.Transport = scope["state"]["transport"]
        transport.write(self._sent)
        while self._end == "drip" and not transport.is_closing():
            await asyncio.sleep(DRIP_SECONDS)
            transport.write(b"x")
        if self._end == "reset":
            # Without lingering the kernel resets the connection in place of ending it.
            lingering = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
            transport.abort()
        else:
            transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass


def replacement(planted: BadAnswer, request_id: str) -> Response | None:
    """Give the answer that stands in for the right one; None when the right one is needed."""
    match planted.kind:
        case "status":
            return _status(planted.status or 500, planted.retry_after)
        case "garbage":
            return Response(GARBAGE, media_type="text/html")
        case "internal_error":
            return _json({"errors": [_internal_error(request_id)]})
        case "redirect":
            return Response(status_code=302, headers={"Location": f"{OTHER_HOST}/admin"})
        case "bomb":
            return Response(_bomb(), headers={"Content-Encoding": "gzip"}, media_type="application/json")
        case "endless":
            return StreamingResponse(_endless(), media_type="application/json")
        case "reset_before":
            return Raw(b"", "reset")
        case "reset_headers":
            return Raw(b"HTTP/1.1 200 OK\r\nContent-Ty", "reset")
        case "drip_headers":
            return Raw(b"HTTP/1.1 200 OK\r\nX-Drip: ", "drip")
        case kind if kind in _BROKEN_JSON:
            return Response(_BROKEN_JSON[kind], media_type="application/json")
    return None


def altered(planted: BadAnswer, request: Request, right: Response, headers: Mapping[str, str]) -> Response:
    """Give the right answer, broken; or as it is, when only its headers are to lie.

    Args:
        headers: What every answer of this server carries.
    """
    match planted.kind:
        case "partial":
            return _json(_partial(msgspec.json.decode(right.body), headers["x-request-id"]))
        case "duplicate_key":
            return Response(b'{"data":null,' + bytes(right.body)[1:], media_type="application/json")
        case "reset":
            return _cut(request, right, headers, "Content-Length", "reset")
        case "cut_length":
            return _cut(request, right, headers, "Content-Length", "close")
        case "cut_chunked":
            return _cut(request, right, headers, "Transfer-Encoding", "close")
        case "cut_close":
            return _cut(request, right, headers, "Connection", "close")
        case "drip_body":
            return _cut(request, right, headers, "Content-Length", "drip")
        case "wrong_type":
            right.headers["Content-Type"] = "text/html; charset=utf-8"
    return right


def header_changes(planted: BadAnswer, now: datetime) -> dict[str, str | None]:
    """Say which of the server's own headers (in lower case) are to be others, or (None) left out."""
    match planted.kind:
        case "wrong_version":
            return {"x-shopify-api-version": OTHER_VERSION}
        case "no_version":
            return {"x-shopify-api-version": None}
        case "skewed_date":
            return {"date": format_datetime(now + timedelta(seconds=planted.seconds), usegmt=True)}
        case "no_date":
            return {"date": None}
    return {}


def _status(status: int, retry_after: str | None) -> Response:
    wait = RETRY_AFTER if status == 429 and retry_after is None else retry_after
    headers = {"Retry-After": wait} if wait is not None else {}
    if status > 500:  # the machines before Shopify's answer in HTML
        return Response(GARBAGE, status, headers, "text/html")
    said = STATUS_ERRORS.get(status) or (HTTPStatus(status).phrase if status in _PHRASED else str(status))
    return Response(msgspec.json.encode({"errors": said}), status, headers, "application/json")


_PHRASED = frozenset(HTTPStatus)


def _internal_error(request_id: str, path: list[str] | None = None) -> dict[str, Any]:
    message = (
        "Internal error. Looks like something went wrong on our end.\n"
        f"Request ID: {request_id} (include this in support requests)."
    )
    return error(message, "INTERNAL_SERVER_ERROR", path=path, requestId=request_id)


def _partial(answer: dict[str, Any], request_id: str) -> dict[str, Any]:
    data = answer.get("data") or {}
    for first in list(data)[:1]:
        data[first] = None
        answer["errors"] = [*answer.get("errors", ()), _internal_error(request_id, [first])]
    return answer


def _cut(request: Request, right: Response, headers: Mapping[str, str], ended_by: str, end: End) -> Raw:
    """Half of the right body, behind headers that say how a whole one would have ended."""
    offset = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0] or 0)
    is_file = isinstance(right, FileResponse)
    body = Path(right.path).read_bytes()[offset:] if isinstance(right, FileResponse) else bytes(right.body)
    half = body[: max(1, len(body) // 2)]
    head = {**headers, "Content-Type": right.headers.get("Content-Type", "application/json"), "Connection": "close"}
    if is_file and offset:
        head["Content-Range"] = f"bytes {offset}-{offset + len(body) - 1}/{offset + len(body)}"
    if ended_by == "Content-Length":
        head["Content-Length"] = str(len(body))
    if ended_by == "Transfer-Encoding":
        head["Transfer-Encoding"] = "chunked"
        half = b"%x\r\n%s" % (len(body), half)
    status = "206 Partial Content" if "Content-Range" in head else "200 OK"
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in head.items())]
    return Raw("\r\n".join(lines).encode() + b"\r\n\r\n" + half, end)


@cache
def _bomb() -> bytes:
    packer = zlib.compressobj(level=1, wbits=31)
    packed = [packer.compress(CHUNK) for _ in range(BOMB_BYTES // len(CHUNK))]
    return b"".join([*packed, packer.flush()])


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield CHUNK
        # Sending never waits once the client has left; the rest of the server would never have its turn again.
        await asyncio.sleep(0)


def _json(content: Any) -> Response:
    return Response(msgspec.json.encode(content), media_type="application/json")

"""A TLS server on this machine that answers, byte for byte, what a test says.

Here: sockets and HTTP as text, so that an answer can be broken in every way a real one can. Nothing of Shopify.
"""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import trustme

DATE = "Fri, 20 Nov 2026 12:00:00 GMT"
VERSION = "2026-10"


@dataclass(frozen=True)
class Request:
    """What a client sent; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


Script = Callable[[Request, ssl.SSLSocket], None]


class LoopbackServer:
    """Answers one request per connection, each by the next script; the last script answers all further ones.

    Attributes:
        requests: Everything received, in order.
        ended: Set when the test is over; a script that drips watches it.
    """

    def __init__(self, authority: trustme.CA, host: str = "127.0.0.1") -> None:
        self.requests: list[Request] = []
        self.ended = threading.Event()
        self._scripts: list[Script] = []
        self._context = _server_context(authority, host)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://{host}:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def answers(self, *scripts: Script) -> None:
        """What the next requests are answered."""
        self._scripts = list(scripts)

    def stop(self) -> None:
        self.ended.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while not self.ended.is_set():
            try:
                plain, _ = self._socket.accept()
            except OSError:
                return
            # A client that does not trust us, or leaves in the middle, is part of the tests.
            with suppress(OSError), self._context.wrap_socket(plain, server_side=True) as connection:
                request = _read(connection)
                self.requests.append(request)
                script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
                script(request, connection)


@cache
def _server_context(authority: trustme.CA, host: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return context


def _read(connection: ssl.SSLSocket) -> Request:
    with connection.makefile("rb") as stream:
        method, path, _ = stream.readline().decode().split()
        headers: dict[str, str] = {}
        while line := stream.readline().strip().decode():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return Request(method, path, headers, stream.read(int(headers.get("content-length", 0))))


@contextmanager
def serving(authority: trustme.CA, host: str = "127.0.0.1") -> Iterator[LoopbackServer]:
    server = LoopbackServer(authority, host)
    try:
        yield server
    finally:
        server.stop()


def head(status: int = 200, **headers: str) -> bytes:
    """Status line and headers; underscores in names become dashes."""
    lines = [f"HTTP/1.1 {status} Whatever", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def raw(content: bytes) -> Script:
    """Send exactly these bytes, then close."""
    return lambda request, connection: connection.sendall(content)


def reply(status: int = 200, body: bytes = b"", **headers: str) -> Script:
    """A well-formed answer."""
    return raw(head(status, Content_Length=str(len(body)), **headers) + body)


def graphql(
    data: object = None,
    *,
    status: int = 200,
    version: str = VERSION,
    date: str = DATE,
    compress: bool = False,
    **more: Any,
) -> Script:
    """An answer as Shopify shapes it; ``more`` stands beside ``data``."""
    body = json.dumps(({} if data is None else {"data": data}) | more).encode()
    headers = {"X_Shopify_API_Version": version, "Date": date, "Content_Type": "application/json"}
    if compress:
        return reply(status, gzip.compress(body), Content_Encoding="gzip", **headers)
    return reply(status, body, **headers)


def cost(
    requested: float, available: float, *, actual: float | None = None, maximum: float = 2000, restore: float = 100
) -> Any:
    """The ``extensions`` of an answer that tells its cost."""
    status = {"maximumAvailable": maximum, "currentlyAvailable": available, "restoreRate": restore}
    return {"cost": {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}}


def authority_file(authority: trustme.CA, folder: Path) -> Path:
    path = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return path

"""A webhook receiver on loopback that answers what it is told to and shows what it got.

Belongs here: listening. What should arrive is said in the tests.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any

from shopify_pipeline_tests.sandbox.serving import WAIT_SECONDS


@dataclass(frozen=True)
class Received:
    """One request; header names in lower case."""

    headers: dict[str, str]
    body: bytes

    @property
    def payload(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content

    def is_signed_with(self, secret: str) -> bool:
        digest = hmac.new(secret.encode(), self.body, hashlib.sha256).digest()
        return self.headers["x-shopify-hmac-sha256"] == base64.b64encode(digest).decode()


@dataclass
class Receiver:
    """Answers the statuses it was told to, then ``always``."""

    uri: str
    statuses: list[int] = field(default_factory=list)
    always: int = 200
    inbox: Queue[Received] = field(default_factory=Queue)

    def next(self) -> Received:
        return self.inbox.get(timeout=WAIT_SECONDS)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.inbox.put(Received({key.lower(): value for key, value in self.headers.items()}, body))
            status = found.statuses.pop(0) if found.statuses else found.always
            self.send_response(status)
            self.send_header("Content-Length", "0")
            if 300 <= status < 400:
                self.send_header("Location", found.uri)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hooks")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

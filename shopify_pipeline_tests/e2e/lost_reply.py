"""A loopback relay between client and back office that loses one reply on its way back.

Here: relaying. Not here: what happens to the client meanwhile.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

RELAY_SECONDS = 120
RELAYED_HEADERS = ("Authorization", "Content-Type")


@dataclass
class Relay:
    """A running relay.

    Attributes:
        url: Where the client finds the back office.
        lost: Set when the back office has answered the call and the client will never hear of it.
    """

    url: str = ""
    lost: threading.Event = field(default_factory=threading.Event)


@contextmanager
def losing_the_reply_to(method: str, target: str) -> Iterator[Relay]:
    """Relay every call to ``target``; the first reply to ``method`` stays here, with the connection kept open."""
    relay, over = Relay(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name: self.headers[name] for name in RELAYED_HEADERS if name in self.headers}
            with requests.Session() as session:
                session.trust_env = False
                reply = session.post(f"{target}{self.path}", data=body, headers=headers, timeout=RELAY_SECONDS)
            if json.loads(body)["method"].endswith(f".{method}"):
                relay.lost.set()
                over.wait(RELAY_SECONDS)
                return
            self.send_response(reply.status_code)
            self.send_header("Content-Type", reply.headers["Content-Type"])
            self.send_header("Content-Length", str(len(reply.content)))
            self.end_headers()
            self.wfile.write(reply.content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    relay.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield relay
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()

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
        begun: Set when the call is on its way to the back office.
        lost: Set when the back office has answered the call and the client will never hear of it.
    """

    url: str = ""
    begun: threading.Event = field(default_factory=threading.Event)
    lost: threading.Event = field(default_factory=threading.Event)


@contextmanager
def losing_the_reply_to(method: str, target: str, *, hanging_up: bool = False) -> Iterator[Relay]:
    """Relay every call to ``target``; the first reply to ``method`` stays here.

    Args:
        hanging_up: Break the connection at once; otherwise it is kept open.
    """
    relay, over = Relay(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name: self.headers[name] for name in RELAYED_HEADERS if name in self.headers}
            is_the_call = json.loads(body)["method"].endswith(f".{method}")
            if is_the_call:
                relay.begun.set()
            with requests.Session() as session:
                session.trust_env = False
                reply = session.post(f"{target}{self.path}", data=body, headers=headers, timeout=RELAY_SECONDS)
            if is_the_call and not relay.lost.is_set():
                relay.lost.set()
                over.wait(0 if hanging_up else RELAY_SECONDS)
                self.close_connection = True
                return
            self.send_response(reply.status_code)
            self.send_header("Content-Type", reply.headers["Content-Type"])
            self.send_header("Content-Length", str(len(reply.content)))
            self.end_headers()
            self.wfile.write(reply.content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A back office that dies in the middle of a call is what some tests ask for."""

    server = Server(("127.0.0.1", 0), Handler)
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

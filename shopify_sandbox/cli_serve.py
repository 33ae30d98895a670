"""What ``shopify-sandbox serve`` does: open or make a world, give it credentials, serve it until told to stop.

Belongs here: the work behind ``cli.py`` that needs the whole server.
"""

import gc
import hashlib
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

from shopify_sandbox.http.server import SandboxServer
from shopify_sandbox.sandbox import Credentials, Sandbox
from shopify_sandbox.state import SERVER_FILE, held, read_json, write_json
from shopify_sandbox.store import Store
from shopify_sandbox.world.arguments import Arguments

TOKEN_FILE = "token.json"  # noqa: S105 - a file's name
ORDERS_BETWEEN_NEWS = 1_000


class _Stopped(Exception):
    """Told to stop while the world was being made."""


def serve(
    state: Path,
    arguments: Arguments,
    *,
    port: int,
    client_id: str | None,
    client_secret: str | None,
    plan: str | None,
    live_seconds: float | None,
    say: Callable[[str], None],
    ready: Callable[[str], None],
    stopped: Event,
) -> None:
    """Serve the store of a directory until it is stopped; makes the world when there is none.

    Args:
        plan: Shopify plan from now on; None leaves it as it was.
        say: Takes progress, for people.
        ready: Takes one JSON line, for programs, when requests are answered.
        stopped: Ends the server, or the making of the world, of which nothing is kept then.

    Raises:
        StateError: The directory's files cannot be used.
        SandboxError: Another process uses the directory, or the port is taken.
    """
    state.mkdir(parents=True, exist_ok=True)
    with held(state):
        (state / SERVER_FILE).unlink(missing_ok=True)
        try:
            store = _store(state, arguments, say, stopped)
        except _Stopped:
            say("stopped before the world was made; nothing was kept")
            return
        settings = {"plan": plan} if plan else None
        credentials = _credentials(state, store.identity, client_id, client_secret)
        sandbox = Sandbox(state, store, credentials, settings=settings, live_seconds=live_seconds)
        server = SandboxServer(sandbox, port=port)
        # The world stays to the end: looked through at every full collection, it makes single answers slow.
        gc.freeze()
        server.start()
        try:
            ready(json.dumps(_written_server_file(server)))
            stopped.wait()
        finally:
            server.stop()
            (state / SERVER_FILE).unlink(missing_ok=True)


def _written_server_file(server: SandboxServer) -> dict[str, Any]:
    """Write and give the server file: where the server is and how to reach it; only its owner may read it."""
    sandbox = server.sandbox
    content = {
        "url": server.url,
        "ca_file": str(server.tls.ca.resolve()),
        "shop": sandbox.store.shop.domain,
        "client_id": sandbox.credentials.client_id,
        "client_secret": sandbox.tokens.secrets()[0],
        "token": _kept_token(sandbox),
        "port": server.port,
        "pid": os.getpid(),
        "control_key": sandbox.credentials.control_key,
    }
    write_json(sandbox.state / SERVER_FILE, content)
    return content


def _kept_token(sandbox: Sandbox) -> str:
    """A token that does not expire, for people who only want to try; the same one at every start until revoked."""
    path = sandbox.state / TOKEN_FILE
    token: str = read_json(path, {}).get("token", "")
    if sandbox.tokens.scopes_of(token) is None:
        token = sandbox.tokens.create_static()
        write_json(path, {"token": token})
    return token


def _store(state: Path, arguments: Arguments, say: Callable[[str], None], stopped: Event) -> Store:
    if (state / "world.json").exists():
        store = Store.open(state)
        say(f"opened {store.shop.domain} as of {store.now:%Y-%m-%d %H:%M:%S} UTC")
        return store
    say(
        f"making {arguments.shop}: {arguments.orders} orders over {arguments.days} days, seed {arguments.seed}, "
        f"{arguments.profile}, {arguments.mix} …"
    )

    def progress(orders: int) -> None:
        if stopped.is_set():
            raise _Stopped
        if orders % ORDERS_BETWEEN_NEWS == 0:
            say(f"made {orders} of {arguments.orders} orders")

    store = Store.create(state, arguments, progress)
    say(f"made {store.shop.domain} as of {store.now:%Y-%m-%d %H:%M:%S} UTC")
    return store


def _credentials(state: Path, identity: str, client_id: str | None, client_secret: str | None) -> Credentials:
    """What was given, else what was kept, else an app that follows from the world; the key of the control is drawn.

    The app's secret signs addresses of bulk files and webhooks, so that the same world gives the same bytes.
    """
    path = state / "credentials.json"
    kept = read_json(path, {})

    def follows(what: str) -> str:
        return hashlib.sha256(f"{identity}/{what}".encode()).hexdigest()[:32]

    credentials = {
        "client_id": client_id or kept.get("client_id") or follows("client_id"),
        "client_secret": client_secret or kept.get("client_secret") or f"shpss_{follows('client_secret')}",
        "control_key": kept.get("control_key") or secrets.token_hex(16),
    }
    if credentials != kept:
        write_json(path, credentials)
    return Credentials(**credentials)

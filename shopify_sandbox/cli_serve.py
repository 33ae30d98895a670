"""What ``shopify-sandbox serve`` does: open or make a world, give it credentials, serve it until told to stop.

Belongs here: the work behind ``cli.py`` that needs the whole server.
"""

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from shopify_sandbox.errors import SandboxError
from shopify_sandbox.sandbox import Credentials, Sandbox
from shopify_sandbox.server import SandboxServer
from shopify_sandbox.state import SERVER_FILE, held, read_json, write_json
from shopify_sandbox.store import Store


@dataclass(frozen=True)
class Start:
    """Arguments of a new world."""

    seed: int
    orders: int
    days: int
    now: datetime
    shop: str


def serve(
    state: Path,
    start: Start,
    *,
    port: int,
    client_id: str | None,
    client_secret: str | None,
    live_seconds: float | None,
    say: Callable[[str], None],
    ready: Callable[[str], None],
    wait: Callable[[], object],
) -> None:
    """Serve the store of a directory until ``wait`` returns; makes the world when there is none.

    Args:
        say: Takes progress, for people.
        ready: Takes one JSON line, for programs, when requests are answered.

    Raises:
        StateError: The directory's files cannot be used.
        SandboxError: Another process uses the directory, the port is taken, or the world's arguments are out of range.
    """
    state.mkdir(parents=True, exist_ok=True)
    with held(state):
        (state / SERVER_FILE).unlink(missing_ok=True)
        store = _store(state, start, say)
        sandbox = Sandbox(state, store, _credentials(state, client_id, client_secret), live_seconds=live_seconds)
        server = SandboxServer(sandbox, port=port)
        server.start()
        try:
            ready(json.dumps(_written_server_file(server)))
            wait()
        finally:
            server.stop()
            (state / SERVER_FILE).unlink(missing_ok=True)


def _written_server_file(server: SandboxServer) -> dict[str, Any]:
    """Write and give the server file: where the server is and how to reach it."""
    content = {
        "url": server.url,
        "port": server.port,
        "pid": os.getpid(),
        "shop": server.sandbox.store.shop.domain,
        "ca_file": str(server.tls.ca.resolve()),
        "client_id": server.sandbox.credentials.client_id,
        "control_key": server.sandbox.credentials.control_key,
    }
    write_json(server.sandbox.state / SERVER_FILE, content)
    return content


def _store(state: Path, start: Start, say: Callable[[str], None]) -> Store:
    if (state / "world.json").exists():
        store = Store.open(state)
        say(f"opened {store.shop.domain} as of {store.now:%Y-%m-%d %H:%M:%S} UTC")
        return store
    say(f"making {start.shop}: {start.orders} orders over {start.days} days, seed {start.seed} …")
    try:
        store = Store.create(
            state, seed=start.seed, orders=start.orders, days=start.days, now=start.now, shop=start.shop
        )
    except ValueError as exc:
        raise SandboxError(str(exc)) from exc
    say(f"made {store.shop.domain} as of {store.now:%Y-%m-%d %H:%M:%S} UTC")
    return store


def _credentials(state: Path, client_id: str | None, client_secret: str | None) -> Credentials:
    path = state / "credentials.json"
    kept = read_json(path, {})
    credentials = {
        "client_id": client_id or kept.get("client_id") or secrets.token_hex(16),
        "client_secret": client_secret or kept.get("client_secret") or f"shpss_{secrets.token_hex(16)}",
        "control_key": kept.get("control_key") or secrets.token_hex(16),
    }
    if credentials != kept:
        write_json(path, credentials)
    return Credentials(**credentials)

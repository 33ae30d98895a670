"""What the command line does to a store that is already there: find its server, call it, advance the world.

Belongs here: the work behind ``cli.py`` that needs no server code, so that these commands start quickly.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from shopify_sandbox.errors import SandboxError
from shopify_sandbox.state import CONTROL_KEY_HEADER, SERVER_FILE, held, read_json
from shopify_sandbox.store import Store

CONTROL_TIMEOUT_SECONDS = 120


def running_server(state: Path) -> dict[str, Any] | None:
    """Read ``server.json``; None when no server holds the directory."""
    if not state.is_dir():
        return None
    try:
        with held(state):
            return None
    except SandboxError:
        content: dict[str, Any] | None = read_json(state / SERVER_FILE, None)
        return content


def required_server(state: Path) -> dict[str, Any]:
    """Read ``server.json`` of the running server.

    Raises:
        SandboxError: No server runs on this directory, or it is not ready yet.
    """
    content = running_server(state)
    if content is None:
        raise SandboxError(f"no server is ready on {state}; start one with: shopify-sandbox serve --home {state}")
    return content


def control(server: Mapping[str, Any], method: str, path: str, body: Any = None) -> Any:
    """Call one control endpoint and give its answer.

    Raises:
        SandboxError: The server cannot be reached or refuses.
    """
    with requests.Session() as session:
        session.trust_env = False
        try:
            response = session.request(
                method,
                f"{server['url']}/__sandbox/{path}",
                json=body,
                headers={CONTROL_KEY_HEADER: server["control_key"]},
                verify=server["ca_file"],
                timeout=CONTROL_TIMEOUT_SECONDS,
            )
        except requests.RequestException as exc:
            raise SandboxError(f"the server at {server['url']} cannot be reached ({type(exc).__name__})") from exc
    answer = response.json()
    if response.status_code != requests.codes.ok:
        raise SandboxError(answer["error"])
    return answer


def advance_world(state: Path, actions: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Carry out actions through the running server, or on the files when none runs; gives one row per event.

    Raises:
        SandboxError, StateError, ActionRefused: It could not be done.
    """
    server = running_server(state)
    if server is None:
        return _advance_files(state, actions)
    events: list[dict[str, Any]] = control(server, "POST", "advance", dict(actions))["events"]
    return events


def _advance_files(state: Path, actions: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not state.is_dir():
        raise SandboxError(f"{state} holds no store; make one with: shopify-sandbox serve --home {state}")
    with held(state):
        return Store.open(state).advance(**actions)

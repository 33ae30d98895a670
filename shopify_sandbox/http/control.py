"""The /__sandbox/ endpoints: what a test or a person steers the sandbox by, behind a key.

Belongs here: one handler per knob, from JSON to the part that does it. No Shopify client ever calls these.
"""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from shopify_sandbox.errors import SandboxError
from shopify_sandbox.http.status import SHOWN, StatusReader
from shopify_sandbox.http.status_page import HEADERS, status_page
from shopify_sandbox.sandbox import Sandbox
from shopify_sandbox.state import CONTROL_KEY_HEADER
from shopify_sandbox.store import ActionRefused

Handler = Callable[[Sandbox, Any], Any]


def control_routes(sandbox: Sandbox) -> list[Route]:
    """Give the control endpoints of one sandbox, and its status page, which needs no key."""
    status = StatusReader(sandbox)

    async def page(request: Request) -> Response:
        return HTMLResponse(status_page(await run_in_threadpool(status.read)), headers=HEADERS)

    by_path: dict[str, dict[str, Handler]] = {
        "status": {"GET": lambda sandbox, given: status.read()},
        "advance": {"POST": lambda sandbox, given: {"events": sandbox.clock.advance(**given)}},
        "tick": {"POST": lambda sandbox, given: {"events": sandbox.clock.tick()}},
        "faults": {"GET": _faults, "PUT": _plant, "DELETE": _clear},
        "webhooks": {"GET": _webhooks, "PUT": _switch_webhooks, "POST": _trigger_webhook},
        "settings": {"GET": _settings, "PUT": _change_settings},
        "scopes": {"GET": _scopes, "PUT": _set_scopes},
        "tokens": {"POST": _create_token, "DELETE": _revoke},
        "installation": {"POST": _install, "PUT": _permit, "DELETE": _uninstall},
        "secret": {"PUT": _rotate_secret},
    }
    return [
        Route("/", page, methods=["GET"]),
        *(
            Route(f"/__sandbox/{path}", _endpoint(sandbox, handlers), methods=list(handlers))
            for path, handlers in by_path.items()
        ),
    ]


def _endpoint(sandbox: Sandbox, handlers: dict[str, Handler]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        status, answer = await answered(request)
        sandbox.log_request("control", status)
        return Response(msgspec.json.encode(answer), status, media_type="application/json")

    async def answered(request: Request) -> tuple[int, Any]:
        given_key = request.headers.get(CONTROL_KEY_HEADER, "")
        if not hmac.compare_digest(given_key.encode(), sandbox.credentials.control_key.encode()):
            return 403, {"error": f"the {CONTROL_KEY_HEADER} header does not hold the control key"}
        body = await request.body()
        try:
            given = msgspec.json.decode(body) if body else {}
            handler = handlers.get(request.method) or handlers["GET"]
            return 200, await run_in_threadpool(handler, sandbox, given)
        except (SandboxError, ActionRefused, TypeError, ValueError, KeyError) as problem:
            return 400, {"error": str(problem)}

    return endpoint


def _faults(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    return {**sandbox.faults.content(), "log": sandbox.faults.log.tail(SHOWN)}


def _plant(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    sandbox.faults.plant(given, sandbox.gid_of)
    return _faults(sandbox, given)


def _clear(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    sandbox.faults.clear()
    return _faults(sandbox, given)


def _webhooks(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    return {
        "deliver": sandbox.webhooks.deliver,
        "subscriptions": [asdict(each) for each in sandbox.webhooks.subscriptions()],
        "deliveries": sandbox.deliveries.read(),
    }


def _switch_webhooks(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    sandbox.webhooks.set_deliver(bool(given["deliver"]))
    return {"deliver": sandbox.webhooks.deliver}


def _trigger_webhook(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    return {"event_id": sandbox.trigger(given["topic"], given["gid"], given.get("uri"))}


def _settings(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    return asdict(sandbox.settings.current)


def _change_settings(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    sandbox.settings.change(given)
    return _settings(sandbox, given)


def _scopes(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    return {"scopes": sorted(sandbox.tokens.scopes)}


def _set_scopes(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    sandbox.tokens.set_scopes(given["scopes"])
    return _scopes(sandbox, given)


def _create_token(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    return {"access_token": sandbox.tokens.create_static()}


def _revoke(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    sandbox.tokens.revoke_all()
    return {"revoked": True}


def _install(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    return sandbox.tokens.install()


def _permit(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    sandbox.tokens.permit(bool(given["permitted"]))
    return {"permitted": bool(given["permitted"])}


def _uninstall(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    sandbox.uninstall()
    return {"installed": False}


def _rotate_secret(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    return {"client_secret": sandbox.tokens.rotate_secret(given.get("secret"))}

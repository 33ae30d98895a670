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
from starlette.responses import Response
from starlette.routing import Route

from shopify_sandbox.errors import SandboxError
from shopify_sandbox.sandbox import Sandbox
from shopify_sandbox.state import CONTROL_KEY_HEADER
from shopify_sandbox.store import ActionRefused

Handler = Callable[[Sandbox, Any], Any]


def control_routes(sandbox: Sandbox) -> list[Route]:
    """Give the control endpoints of one sandbox."""
    by_path: dict[str, dict[str, Handler]] = {
        "status": {"GET": _status},
        "advance": {"POST": lambda sandbox, given: {"events": sandbox.clock.advance(**given)}},
        "tick": {"POST": lambda sandbox, given: {"events": sandbox.clock.tick()}},
        "faults": {"GET": _faults, "PUT": _plant, "DELETE": _clear},
        "webhooks": {"GET": _webhooks, "PUT": _switch_webhooks},
        "settings": {"GET": _settings, "PUT": _change_settings},
        "scopes": {"GET": _scopes, "PUT": _set_scopes},
        "tokens": {"DELETE": _revoke},
    }
    return [
        Route(f"/__sandbox/{path}", _endpoint(sandbox, handlers), methods=list(handlers))
        for path, handlers in by_path.items()
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


def _status(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    return {
        "shop": sandbox.store.shop.domain,
        "now": sandbox.clock.now().isoformat().replace("+00:00", "Z"),
        "version": sandbox.version,
        "bulk_operations": [{"id": each.gid, "status": each.status} for each in sandbox.bulk.all()],
        "webhooks_delivered": sandbox.webhooks.deliver,
        "faults": sandbox.faults.content(),
    }


def _faults(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    return sandbox.faults.content()


def _plant(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    sandbox.faults.plant(given, sandbox.gid_of)
    return sandbox.faults.content()


def _clear(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    sandbox.faults.clear()
    return sandbox.faults.content()


def _webhooks(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    return {
        "deliver": sandbox.webhooks.deliver,
        "subscriptions": [asdict(each) for each in sandbox.webhooks.subscriptions()],
        "deliveries": sandbox.deliveries.read(),
    }


def _switch_webhooks(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    sandbox.webhooks.set_deliver(bool(given["deliver"]))
    return {"deliver": sandbox.webhooks.deliver}


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


def _revoke(sandbox: Sandbox, given: Any) -> dict[str, Any]:
    sandbox.tokens.revoke_all()
    return {"revoked": True}

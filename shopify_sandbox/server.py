"""The HTTPS server: Shopify's addresses, headers and status codes on 127.0.0.1.

Belongs here: HTTP. What a GraphQL request is answered is decided in ``admin.py``; control endpoints are ``control.py``.
"""

import contextlib
import socket
import time
from collections.abc import Awaitable, Callable
from email.utils import format_datetime
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shopify_sandbox.admin import Answer
from shopify_sandbox.control import control_routes
from shopify_sandbox.errors import UNAUTHORIZED, SandboxError
from shopify_sandbox.faults import GARBAGE, BadAnswer
from shopify_sandbox.oauth import GrantRefused
from shopify_sandbox.sandbox import Sandbox
from shopify_sandbox.tls import TlsFiles, tls_files

HOST = "127.0.0.1"
TOKEN_HEADER = "X-Shopify-Access-Token"  # noqa: S105 - a header's name
START_SECONDS_MAX = 30
GRACEFUL_SECONDS = 1
BACKLOG = 256


Handler = Callable[[Request, bytes, BadAnswer | None], tuple[Response, Answer | None]]


class CutOff(Response):
    """Starts a body, then closes the connection, as a broken network does."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"65536")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"data":', "more_body": True})


class SandboxServer:
    """Serves one sandbox over HTTPS in a background thread.

    Args:
        port: 0 takes a free one.
    """

    def __init__(self, sandbox: Sandbox, *, port: int = 0) -> None:
        self.sandbox = sandbox
        self.tls: TlsFiles = tls_files(sandbox.state / "tls", sandbox.store.shop.domain)
        self._socket = _bound(port)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"https://{HOST}:{self.port}"
        sandbox.bulk.base_url = self.url
        self._server = uvicorn.Server(
            uvicorn.Config(
                build_app(sandbox),
                ssl_certfile=self.tls.server,
                loop="asyncio",
                http="h11",
                lifespan="off",
                log_config=None,
                access_log=False,
                date_header=False,
                server_header=False,
                timeout_graceful_shutdown=GRACEFUL_SECONDS,
            )
        )
        self._thread = Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="sandbox-server", daemon=True
        )

    def start(self) -> None:
        """Start serving; returns when requests are answered.

        Raises:
            SandboxError: The server did not come up.
        """
        self.sandbox.start()
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise SandboxError(f"the server did not start on {self.url}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop serving and every background thread; returns when all have ended."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        self.sandbox.stop()


def build_app(sandbox: Sandbox) -> ASGIApp:
    """Give the ASGI application of one sandbox."""
    shopify = _Shopify(sandbox)
    routes = [
        Route("/admin/api/{version}/graphql.json", shopify.endpoint("graphql", shopify.graphql), methods=["POST"]),
        Route("/admin/oauth/access_token", shopify.endpoint("oauth", shopify.token), methods=["POST"]),
        Route("/__bulk/{number:int}", shopify.endpoint("bulk_download", shopify.download), methods=["GET"]),
        *control_routes(sandbox),
    ]
    return _with_headers(Starlette(routes=routes), sandbox)


class _Shopify:
    """The endpoints a Shopify client knows."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def endpoint(self, kind: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """Wrap a handler: planted bad answers first, the request log after."""

        async def endpoint(request: Request) -> Response:
            body = await request.body()
            return await run_in_threadpool(self._reply, kind, handler, request, body)

        return endpoint

    def graphql(self, request: Request, body: bytes, planted: BadAnswer | None) -> tuple[Response, Answer | None]:
        if request.path_params["version"] != self._sandbox.version:
            return _json(404, {"errors": "Not Found"}), None
        granted = self._sandbox.tokens.scopes_of(request.headers.get(TOKEN_HEADER))
        if granted is None:
            return _json(401, {"errors": UNAUTHORIZED}), None
        content = _object(body)
        if content is None or "query" not in content:
            return _json(400, {"errors": {"query": "Required parameter missing or invalid"}}), None
        throttle = planted is not None and planted.kind == "throttled"
        answer = self._sandbox.admin.answer(content, granted, throttle=throttle)
        return _json(200, answer.body), answer

    def token(self, request: Request, body: bytes, planted: BadAnswer | None) -> tuple[Response, Answer | None]:
        is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        content = dict(parse_qsl(body.decode("utf-8", "replace"))) if is_form else _object(body)
        try:
            return _json(200, self._sandbox.tokens.grant(content or {})), None
        except GrantRefused as refusal:
            return _json(400, refusal.body), None

    def download(self, request: Request, body: bytes, planted: BadAnswer | None) -> tuple[Response, Answer | None]:
        signature = request.query_params.get("signature", "")
        path = self._sandbox.bulk.result_file(request.path_params["number"], signature)
        if path is None:
            refused = "<Error><Code>AccessDenied</Code></Error>"
            return Response(refused, 403, media_type="application/xml"), None
        return FileResponse(path, media_type="application/jsonl"), None

    def _reply(self, kind: str, handler: Handler, request: Request, body: bytes) -> Response:
        planted = self._sandbox.faults.next_answer(kind)
        spoiled = _planted_response(planted)
        response, answer = (spoiled, None) if spoiled is not None else handler(request, body, planted)
        self._sandbox.log_request(kind, response.status_code, answer)
        return response


def _planted_response(planted: BadAnswer | None) -> Response | None:
    if planted is None or planted.kind == "throttled":
        return None
    if planted.kind == "reset":
        return CutOff()
    if planted.kind == "garbage":
        return Response(GARBAGE, 200, media_type="text/html")
    headers = {"Retry-After": "2.0"} if planted.status == 429 else None
    return Response(msgspec.json.encode({"errors": "planted"}), planted.status or 500, headers, "application/json")


def _with_headers(app: ASGIApp, sandbox: Sandbox) -> ASGIApp:
    """Put on every response what Shopify puts there; the date is the world's."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = {
                    "Date": format_datetime(sandbox.clock.now(), usegmt=True),
                    "X-Request-Id": sandbox.new_request_id(),
                    "X-Shopify-API-Version": sandbox.version,
                }
                message["headers"] = [
                    *message.get("headers", ()),
                    *((name.lower().encode(), value.encode()) for name, value in added.items()),
                ]
            await send(message)

        await app(scope, receive, send_with_headers if scope["type"] == "http" else send)

    return wrapped


def _bound(port: int) -> socket.socket:
    # asyncio turns Nagle's delay off only for a socket that names its protocol; every answer would take 40 ms longer.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as exc:
        listening.close()
        raise SandboxError(f"port {port} is taken; choose another, or 0 for any free one") from exc
    listening.listen(BACKLOG)
    return listening


def _object(body: bytes) -> dict[str, Any] | None:
    with contextlib.suppress(msgspec.DecodeError):
        content = msgspec.json.decode(body)
        return content if isinstance(content, dict) else None
    return None


def _json(status: int, content: Any) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")

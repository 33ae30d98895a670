"""The HTTPS server: Shopify's addresses, headers and status codes on 127.0.0.1.

Belongs here: HTTP. What a GraphQL request is answered is decided in ``admin/answering.py``; control endpoints are
``control.py``.
"""

import contextlib
import gzip
import re
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
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shopify_sandbox.admin.answering import Answer, bad_request
from shopify_sandbox.bulk import files as bulk_files
from shopify_sandbox.errors import NON_EXPIRING_REFUSED, UNAUTHORIZED, SandboxError
from shopify_sandbox.faults.plan import BadAnswer
from shopify_sandbox.http.control import control_routes
from shopify_sandbox.http.misbehaviour import OpenProtocol, altered, header_changes, replacement
from shopify_sandbox.http.tls import TlsFiles, tls_files
from shopify_sandbox.oauth import GrantRefused
from shopify_sandbox.rest.http import rest_response
from shopify_sandbox.sandbox import Sandbox

HOST = "127.0.0.1"
TOKEN_HEADER = "X-Shopify-Access-Token"  # noqa: S105 - a header's name
COST_DEBUG_HEADER = "Shopify-GraphQL-Cost-Debug"
START_SECONDS_MAX = 30
# uvicorn's five seconds are a pause many a client makes, which would then send into a connection that is just closed.
KEEP_ALIVE_SECONDS = 75
GRACEFUL_SECONDS = 1
BACKLOG = 256
#: Shopify's own level is not known; the lowest costs the least.
GZIP_LEVEL = 1
_GZIP = re.compile(r"\b(gzip|\*)(?!\s*;\s*q=0(\.0*)?\s*(,|$))")
_NAMED = re.compile(r"\b(?:query|mutation|subscription)\s+(\w+)")


Handler = Callable[[Request, bytes, BadAnswer | None], tuple[Response, Answer | None]]


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
        self._files_socket = _bound(0)
        files_port: int = self._files_socket.getsockname()[1]
        sandbox.bulk.results.base_url = f"https://{HOST}:{files_port}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                build_app(sandbox, files_port),
                ssl_certfile=self.tls.server,
                loop="asyncio",
                http=OpenProtocol,
                lifespan="off",
                log_config=None,
                access_log=False,
                date_header=False,
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=GRACEFUL_SECONDS,
            )
        )
        self._thread = Thread(
            target=self._server.run,
            kwargs={"sockets": [self._socket, self._files_socket]},
            name="sandbox-server",
            daemon=True,
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
        self._files_socket.close()
        self.sandbox.stop()


def build_app(sandbox: Sandbox, files_port: int) -> ASGIApp:
    """Give the ASGI application of one sandbox: the shop, and at another port the host of its bulk files."""
    shopify = _Shopify(sandbox)
    routes = [
        Route("/admin/api/graphql.json", shopify.endpoint("graphql", shopify.graphql), methods=["POST"]),
        Route("/admin/api/{version}/graphql.json", shopify.endpoint("graphql", shopify.graphql), methods=["POST"]),
        Route("/admin/api/{version}/{resource}.json", shopify.endpoint("rest", shopify.rest), methods=["GET"]),
        Route("/admin/oauth/access_scopes.json", shopify.endpoint("rest", shopify.rest), methods=["GET"]),
        Route("/admin/oauth/access_token", shopify.endpoint("oauth", shopify.token), methods=["POST"]),
        *control_routes(sandbox),
    ]
    shop = _with_headers(Starlette(routes=routes), sandbox)
    download = shopify.endpoint("bulk_download", shopify.download)
    files = Starlette(routes=[Route(bulk_files.ROUTE, download, methods=["GET"])])

    async def by_port(scope: Scope, receive: Receive, send: Send) -> None:
        await (files if scope["server"][1] == files_port else shop)(scope, receive, send)

    return by_port


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
        version = self._sandbox.versions.answering(request.path_params.get("version"))
        if version is None:
            return _json(404, {"errors": "Not Found"}), None
        given_token = request.headers.get(TOKEN_HEADER)
        granted = self._sandbox.tokens.scopes_of(given_token)
        if granted is None:
            return _json(401, {"errors": UNAUTHORIZED}), None
        if self._sandbox.settings.current.public_app and self._sandbox.tokens.is_static(given_token):
            return _json(403, {"errors": NON_EXPIRING_REFUSED}), None
        content = _asked(request, body)
        malformed = bad_request(content)
        if content is None or malformed:
            return _json(400, {"errors": malformed}), None
        throttle = planted is not None and planted.kind == "throttled"
        by_field = request.headers.get(COST_DEBUG_HEADER) == "1"
        answer = self._sandbox.versions.api(version).answer(content, granted, throttle=throttle, by_field=by_field)
        return _json(200, answer.body), answer

    def token(self, request: Request, body: bytes, planted: BadAnswer | None) -> tuple[Response, Answer | None]:
        is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        content = dict(parse_qsl(body.decode("utf-8", "replace"))) if is_form else _object(body)
        try:
            return _json(200, self._sandbox.tokens.grant(content or {})), None
        except GrantRefused as refusal:
            return _json(refusal.status, refusal.body), None

    def rest(self, request: Request, body: bytes, planted: BadAnswer | None) -> tuple[Response, Answer | None]:
        asked = request.path_params.get("version", self._sandbox.version)
        version = self._sandbox.versions.answering(asked)
        if version is None:
            return _json(404, {"errors": "Not Found"}), None
        granted = self._sandbox.tokens.scopes_of(request.headers.get(TOKEN_HEADER))
        if granted is None:
            return _json(401, {"errors": UNAUTHORIZED}), None
        return rest_response(self._sandbox.rest, request, granted), None

    def download(self, request: Request, body: bytes, planted: BadAnswer | None) -> tuple[Response, Answer | None]:
        return bulk_files.download(self._sandbox.bulk.results, request), None

    def _reply(self, kind: str, handler: Handler, request: Request, body: bytes) -> Response:
        faults = self._sandbox.faults
        operation = _operation_name(_asked(request, body)) if kind == "graphql" else None
        planted = faults.next_answer(kind, operation)
        if planted is None:
            response, answer = handler(request, body, None)
        else:
            own = _own_headers(self._sandbox, request.url.path)
            request.state.header_changes = {**own, **header_changes(planted, self._sandbox.clock.now())}
            replaced = replacement(planted, own["x-request-id"])
            right, answer = (replaced, Answer({}, operation)) if replaced else handler(request, body, planted)
            response = altered(planted, request, right, own)
        self._sandbox.log_request(kind, response.status_code, answer)
        return _packed(request, response)


def _own_headers(sandbox: Sandbox, path: str) -> dict[str, str]:
    """What Shopify puts on every answer, names in lower case; the date is the world's."""
    asked = re.match(r"/admin/api/(?:([^/]+)/|graphql\.json$)", path)
    version = sandbox.versions.answering(asked[1]) if asked else None
    return {
        "date": format_datetime(sandbox.clock.now(), usegmt=True),
        "x-request-id": sandbox.new_request_id(),
        "x-shopify-api-version": version or sandbox.version,
    }


def _with_headers(app: ASGIApp, sandbox: Sandbox) -> ASGIApp:
    """Put the server's own headers on every answer; one the answer has stays, and a fault may change any of them."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.decode(): value.decode() for name, value in message.get("headers", ())}
                changed = scope["state"].get("header_changes", {})
                headers = {**_own_headers(sandbox, scope["path"]), **said, **changed}
                message["headers"] = [
                    (name.encode(), value.encode()) for name, value in headers.items() if value is not None
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
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        content = msgspec.json.decode(body)
        return content if isinstance(content, dict) else None
    return None


def _asked(request: Request, body: bytes) -> dict[str, Any] | None:
    """A GraphQL request, which is JSON, or the bare document when its type says so."""
    if request.headers.get("content-type", "").startswith("application/graphql"):
        return {"query": body.decode("utf-8", "replace")}
    return _object(body)


def _operation_name(given: dict[str, Any] | None) -> str | None:
    content = given or {}
    named = content.get("operationName") or _NAMED.search(str(content.get("query", "")))
    if isinstance(named, re.Match):
        return named.group(1)
    return named if isinstance(named, str) else None


def _packed(request: Request, response: Response) -> Response:
    """Compress an answer for a client that asks for it; files, streams and what is broken on purpose stay as they are.

    The same body gives the same bytes: no time is written into it.
    """
    wanted = _GZIP.search(request.headers.get("accept-encoding", ""))
    if wanted and type(response) is Response and "content-encoding" not in response.headers:
        response.body = gzip.compress(response.body, GZIP_LEVEL, mtime=0)
        response.headers.update(
            {"Content-Encoding": "gzip", "Content-Length": str(len(response.body)), "Vary": "Accept-Encoding"}
        )
    return response


def _json(status: int, content: Any) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")

"""The one HTTP session of this room: ``requests`` with its dangerous defaults taken away.

Here: bytes, time limits, size limits, hosts, TLS. Not here: what a status or a body means (``answers.py``), retrying
(``retry.py``).
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import SlowAnswerError, TransientError, UnsafeAnswerError

USER_AGENT = "shopify-pipeline/0.1"
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True)
class Reply:
    """A whole answer, decompressed. ``headers`` are looked up without regard to case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Download:
    """An answer whose body is still being read."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]


class HttpSession:
    """HTTPS to allowed hosts only, with a deadline and a size for every call; safe to share between threads.

    ``requests`` alone would let a server drip one byte at a time for ever, forward the access token to wherever it is
    redirected, take proxies and certificates from the environment, and inflate a small body without limit.

    Args:
        allowed_hosts: Host names without port; anything else is refused before a connection is made.
        ca_file: One more certificate authority (PEM) to trust beside the public ones.
        read_timeout_seconds: Longest silence; the deadline of a call bounds the whole of it.

    Attributes:
        bytes_received: Decompressed bytes of all answers so far.
    """

    def __init__(
        self,
        *,
        allowed_hosts: Collection[str],
        clock: Clock,
        ca_file: Path | None = None,
        connect_timeout_seconds: float = 10.0,
        read_timeout_seconds: float = 30.0,
    ) -> None:
        self.bytes_received = 0
        self._allowed_hosts = frozenset(host.lower() for host in allowed_hosts)
        self._timeouts = (connect_timeout_seconds, read_timeout_seconds)
        self._deadline = _Deadline(clock, read_timeout_seconds)
        self._requests = requests.Session()
        self._requests.trust_env = False
        self._requests.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._requests.headers = requests.structures.CaseInsensitiveDict({"User-Agent": USER_AGENT})
        self._requests.mount("https://", _BoundedAdapter(_bounded_context(self._deadline, ca_file)))

    def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        deadline_seconds: float = 30.0,
        body_bytes_max: int = 64 * 1024 * 1024,
    ) -> Reply:
        """Send JSON and read the whole answer.

        Raises:
            TransientError: No connection, or the answer was cut; SlowAnswerError when the deadline passed.
            UnsafeAnswerError: Host not allowed, certificate not trusted, a redirect, or a body above its limit.
        """
        all_headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip", **headers}
        with self._answer("POST", url, body, all_headers, deadline_seconds) as response:
            content = bytearray()
            for chunk in self._chunks(response):
                content += chunk
                if len(content) > body_bytes_max:
                    raise UnsafeAnswerError(
                        f"{_host(url)} sent more than {body_bytes_max} bytes; the answer was thrown away"
                    )
            return Reply(response.status_code, response.headers, bytes(content))

    @contextmanager
    def download(self, url: str, *, offset: int = 0, deadline_seconds: float = 600.0) -> Iterator[Download]:
        """Open a file from ``offset`` on; its bytes are read as they are wanted. No access token is sent.

        Raises:
            TransientError, UnsafeAnswerError: As for ``post``, also while the chunks are read.
        """
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={offset}-"} if offset else {})
        with self._answer("GET", url, None, headers, deadline_seconds) as response:
            yield Download(response.status_code, response.headers, self._chunks(response))

    @contextmanager
    def _answer(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], deadline_seconds: float
    ) -> Iterator[requests.Response]:
        self._refuse_elsewhere(url)
        self._deadline.start(deadline_seconds)
        try:
            response = self._requests.request(
                method, url, data=body, headers=headers, timeout=self._timeouts, stream=True, allow_redirects=False
            )
        except requests.RequestException as exc:
            raise _translated(exc, _host(url)) from exc
        with closing(response):
            if 300 <= response.status_code < 400:
                raise UnsafeAnswerError(
                    f"{_host(url)} answered with a redirect; it was not followed, check the shop's address"
                )
            yield response

    def _chunks(self, response: requests.Response) -> Iterator[bytes]:
        try:
            for chunk in response.iter_content(CHUNK_BYTES):
                self.bytes_received += len(chunk)
                yield chunk
        except requests.RequestException as exc:
            raise _translated(exc, _host(response.url)) from exc

    def _refuse_elsewhere(self, url: str) -> None:
        # Parsed as by the code that connects: others read another host out of "https://evil\\@allowed/".
        try:
            parts = parse_url(url)
        except LocationParseError as exc:
            raise UnsafeAnswerError("refused an address that is malformed") from exc
        if parts.scheme != "https":
            raise UnsafeAnswerError(
                f"refused to speak {parts.scheme or 'no protocol'} to {parts.host}: only https is allowed"
            )
        if (parts.host or "") not in self._allowed_hosts:
            raise UnsafeAnswerError(f"refused to connect to {parts.host}: not one of the allowed hosts")


class _Deadline(threading.local):
    """When the call this thread is in must be over."""

    def __init__(self, clock: Clock, read_timeout_seconds: float) -> None:
        self._clock = clock
        self._read_timeout_seconds = read_timeout_seconds
        self._at = clock.monotonic()

    def start(self, seconds: float) -> None:
        self._at = self._clock.monotonic() + seconds

    def wait_seconds_max(self) -> float:
        """How long the next read or write may take.

        Raises:
            TimeoutError: Not at all: the deadline has passed.
        """
        left = self._at - self._clock.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline of the call has passed")
        return min(left, self._read_timeout_seconds)


class _BoundedContext(ssl.SSLContext):
    deadline: _Deadline


class _BoundedSocket(ssl.SSLSocket):
    """A socket none of whose reads and writes outlives the deadline, also while headers drip in."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self._bound()
        return super().recv_into(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self._bound()
        super().sendall(*args, **kwargs)

    def _bound(self) -> None:
        context = self.context
        if isinstance(context, _BoundedContext):
            self.settimeout(context.deadline.wait_seconds_max())


def _bounded_context(deadline: _Deadline, ca_file: Path | None) -> ssl.SSLContext:
    context = _BoundedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    context.deadline = deadline
    context.sslsocket_class = _BoundedSocket
    return context


class _BoundedAdapter(HTTPAdapter):
    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        # The context holds the authorities already; reading them for every connection costs more than its handshake.
        conn.cert_reqs = "CERT_REQUIRED"


def _translated(exc: requests.RequestException, host: str) -> Exception:
    causes = list(_causes(exc))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return UnsafeAnswerError(f"the certificate of {host} is not trusted; if it is a private one, name its CA file")
    if isinstance(exc, requests.Timeout) or any(isinstance(cause, TimeoutError) for cause in causes):
        return SlowAnswerError(f"{host} did not answer in time")
    return TransientError(f"the connection to {host} broke ({type(exc).__name__})")


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__


def _host(url: str) -> str:
    return urlsplit(url).netloc

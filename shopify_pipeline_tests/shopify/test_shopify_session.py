"""The HTTP session: what ``requests`` would let happen and this one does not."""

from __future__ import annotations

import gzip
import ssl
import threading
import time
from pathlib import Path

import pytest
import trustme

from shopify_pipeline.clock import SystemClock
from shopify_pipeline.errors import PermanentError, SlowAnswerError, TransientError
from shopify_pipeline.shopify.session import HttpSession
from shopify_pipeline_tests.shopify.conftest import MakeSession
from shopify_pipeline_tests.shopify.loopback import LoopbackServer, Request, Script, head, raw, reply, serving

TOKEN = {"X-Shopify-Access-Token": "canary-token"}


def dripping(ended: threading.Event, before: bytes) -> Script:
    """Sends ``before``, then one byte every 20 ms for ever: never silent, never done."""

    def script(request: Request, connection: ssl.SSLSocket) -> None:
        connection.sendall(before)
        while not ended.wait(0.02):
            connection.sendall(b"x")

    return script


def test_an_answer_is_read_whole_and_counted(server: LoopbackServer, make_session: MakeSession) -> None:
    server.answers(reply(200, gzip.compress(b"hello"), Content_Encoding="gzip", X_Mark="here"))
    session = make_session()
    answer = session.post(server.url + "/path", b"{}", TOKEN)
    assert (answer.status, answer.body, answer.headers["x-mark"]) == (200, b"hello", "here")
    assert session.bytes_received == 5
    assert server.requests[0].headers["x-shopify-access-token"] == "canary-token"
    assert server.requests[0].headers["user-agent"].startswith("shopify-pipeline/")


def test_a_redirect_is_not_followed_and_the_token_goes_nowhere(
    server: LoopbackServer, authority: trustme.CA, make_session: MakeSession
) -> None:
    with serving(authority) as elsewhere:
        elsewhere.answers(reply(200, b"caught"))
        server.answers(reply(302, Location=elsewhere.url + "/steal"))
        with pytest.raises(PermanentError, match="redirect"):
            make_session().post(server.url, b"{}", TOKEN)
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/plain",
        "https://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "https://127.0.0.1.evil.test/x",
        "https://127.0.0.1@evil.test/x",
    ],
)
def test_an_address_that_is_not_allowed_is_refused_before_any_connection(url: str, make_session: MakeSession) -> None:
    session = make_session()
    with pytest.raises(PermanentError, match="refused"):
        session.post(url, b"{}", TOKEN)
    with pytest.raises(PermanentError, match="refused"), session.download(url):
        pass


def test_a_certificate_of_an_unknown_authority_is_refused(server: LoopbackServer) -> None:
    server.answers(reply(200, b"x"))
    session = HttpSession(allowed_hosts={"127.0.0.1"}, clock=SystemClock())
    with pytest.raises(PermanentError, match=r"certificate of 127\.0\.0\.1:\d+ is not trusted"):
        session.post(server.url, b"{}", TOKEN)
    assert server.requests == []


def test_a_certificate_for_another_name_is_refused(authority: trustme.CA, make_session: MakeSession) -> None:
    with serving(authority, host="localhost") as server:
        server.answers(reply(200, b"x"))
        with pytest.raises(PermanentError, match="not trusted"):
            make_session().post(server.url.replace("localhost", "127.0.0.1"), b"{}", TOKEN)


def test_proxies_and_authorities_of_the_environment_are_ignored(
    server: LoopbackServer, ca_file: Path, monkeypatch: pytest.MonkeyPatch, make_session: MakeSession
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca_file))
    server.answers(reply(200, b"x"))
    assert make_session().post(server.url, b"{}", TOKEN).body == b"x"
    with pytest.raises(PermanentError, match="not trusted"):
        HttpSession(allowed_hosts={"127.0.0.1"}, clock=SystemClock()).post(server.url, b"{}", TOKEN)


@pytest.mark.parametrize(
    "before",
    [b"", b"HTTP/1.1 200 OK\r\nX-Drip: ", head(200, Content_Length="100000")],
    ids=["status line", "headers", "body"],
)
def test_a_server_that_drips_for_ever_is_left_at_the_deadline(
    before: bytes, server: LoopbackServer, make_session: MakeSession
) -> None:
    server.answers(dripping(server.ended, before))
    begun = time.monotonic()
    with pytest.raises(SlowAnswerError, match="did not answer in time"):
        make_session().post(server.url, b"{}", TOKEN, deadline_seconds=0.4)
    assert time.monotonic() - begun < 5


def test_a_dripping_download_is_left_at_the_deadline(server: LoopbackServer, make_session: MakeSession) -> None:
    server.answers(dripping(server.ended, head(200, Content_Length="100000")))
    with (
        pytest.raises(SlowAnswerError),
        make_session().download(server.url, deadline_seconds=0.4) as download,
    ):
        list(download.chunks)


@pytest.mark.parametrize(
    "answer",
    [
        head(200, Content_Length="10") + b"short",
        head(200, Transfer_Encoding="chunked") + b"10\r\nshort",
        b"",
    ],
    ids=["length", "chunked", "no answer"],
)
def test_a_cut_answer_is_transient(answer: bytes, server: LoopbackServer, make_session: MakeSession) -> None:
    server.answers(raw(answer))
    with pytest.raises(TransientError):
        make_session().post(server.url, b"{}", TOKEN)


def test_nobody_listening_is_transient(server: LoopbackServer, make_session: MakeSession) -> None:
    server.stop()
    with pytest.raises(TransientError, match="broke"):
        make_session().post(server.url, b"{}", TOKEN)


def test_a_small_body_that_inflates_beyond_the_limit_is_thrown_away(
    server: LoopbackServer, make_session: MakeSession
) -> None:
    bomb = gzip.compress(bytes(20 * 1024 * 1024))
    assert len(bomb) < 50_000
    server.answers(reply(200, bomb, Content_Encoding="gzip"))
    session = make_session()
    with pytest.raises(PermanentError, match="more than 1048576 bytes"):
        session.post(server.url, b"{}", TOKEN, body_bytes_max=1024 * 1024)
    assert session.bytes_received < 2 * 1024 * 1024


def test_a_download_asks_for_the_rest_of_a_file_and_carries_no_token(
    server: LoopbackServer, make_session: MakeSession
) -> None:
    server.answers(reply(206, b"rest", Content_Range="bytes 6-9/10"))
    with make_session().download(server.url + "/file", offset=6) as download:
        assert (download.status, b"".join(download.chunks)) == (206, b"rest")
    assert server.requests[0].headers["range"] == "bytes=6-"
    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert "x-shopify-access-token" not in server.requests[0].headers


def test_cookies_are_not_kept(server: LoopbackServer, make_session: MakeSession) -> None:
    server.answers(reply(200, b"x", Set_Cookie="mark=1; Path=/; Secure"))
    session = make_session()
    session.post(server.url, b"{}", TOKEN)
    session.post(server.url, b"{}", TOKEN)
    assert "cookie" not in server.requests[1].headers

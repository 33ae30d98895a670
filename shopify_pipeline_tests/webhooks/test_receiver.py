"""The webhook receiver over real HTTP, with the real inbox in PostgreSQL."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
import requests
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.errors import ConfigError, TransientError
from shopify_pipeline.warehouse.inbox import PostgresInbox
from shopify_pipeline.webhooks.receiver import build_app, is_signed

SHOP, OTHER_SHOP = "outfitters.myshopify.com", "second.myshopify.com"
OLD_SECRET, SECRET, OTHER_SECRET = b"old-secret", b"client-secret", b"other-client-secret"
NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
BODY = b'{"id": 1, "note": "caf\xc3\xa9"}'
BODY_BYTES_MAX = 1000

Post = Callable[..., requests.Response]


def signature(body: bytes, secret: bytes = SECRET) -> str:
    return base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()


def a_delivery(body: bytes = BODY, *, changed: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Headers of a delivery as Shopify sends them; ``None`` leaves one out."""
    headers: dict[str, str | None] = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": "orders/updated",
        "X-Shopify-Hmac-Sha256": signature(body),
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-API-Version": "2026-10",
        "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "X-Shopify-Event-Id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
        "X-Shopify-Triggered-At": "2026-11-01T11:59:58.123Z",
    }
    return {name: value for name, value in (headers | dict(changed or {})).items() if value is not None}


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """The application on a real server; yields its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        # Connections made from here on wait in the backlog until the server accepts them.
        listening.listen()
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


class ListInbox:
    """An inbox for tests about what never reaches it."""

    def __init__(self) -> None:
        self.kept: list[dict[str, object]] = []

    def store(self, **row: object) -> bool:
        self.kept.append(row)
        return True


def receiver(inbox: Any) -> AbstractContextManager[str]:
    secrets = {SHOP: [OLD_SECRET, SECRET], OTHER_SHOP: [OTHER_SECRET]}
    return serving(build_app(secrets, inbox, clock=SimulatedClock(NOW), body_bytes_max=BODY_BYTES_MAX))


@pytest.fixture
def address(warehouse_dsn: str) -> Iterator[str]:
    with PostgresInbox(warehouse_dsn) as inbox, receiver(inbox) as address:
        yield address


@pytest.fixture
def post(address: str) -> Post:
    def post(headers: Mapping[str, str | bytes], body: bytes = BODY) -> requests.Response:
        return requests.post(f"{address}/webhooks", data=body, headers=headers, timeout=10)

    return post


@pytest.fixture
def kept(warehouse_dsn: str) -> Callable[[], list[tuple[Any, ...]]]:
    def kept() -> list[tuple[Any, ...]]:
        with psycopg.connect(warehouse_dsn) as connection:
            return connection.execute("select * from ops.inbox").fetchall()

    return kept


def test_a_signed_delivery_is_kept_as_received_and_acknowledged(post: Post, kept: Callable[[], list[Any]]) -> None:
    assert post(a_delivery()).status_code == 200
    assert kept() == [
        (
            SHOP,
            "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
            "98880550-7158-44d4-b7cd-2c97c8a091b5",
            "orders/updated",
            "2026-10",
            "2026-11-01T11:59:58.123Z",
            NOW,
            BODY,
            None,
        )
    ]


def test_a_repeated_delivery_is_acknowledged_and_kept_once(post: Post, kept: Callable[[], list[Any]]) -> None:
    assert [post(a_delivery()).status_code for _ in range(3)] == [200, 200, 200]
    assert len(kept()) == 1


def test_the_same_delivery_id_from_two_shops_is_two_deliveries(post: Post, kept: Callable[[], list[Any]]) -> None:
    post(a_delivery())
    theirs = {"X-Shopify-Shop-Domain": OTHER_SHOP, "X-Shopify-Hmac-Sha256": signature(BODY, OTHER_SECRET)}
    post(a_delivery(changed=theirs))
    assert {row[0] for row in kept()} == {SHOP, OTHER_SHOP}


def test_while_rotating_both_secrets_are_accepted(post: Post) -> None:
    for secret in (OLD_SECRET, SECRET):
        assert post(a_delivery(changed={"X-Shopify-Hmac-Sha256": signature(BODY, secret)})).status_code == 200


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        pytest.param({"X-Shopify-Hmac-Sha256": signature(b"another body")}, 401, id="signature of another body"),
        pytest.param({"X-Shopify-Hmac-Sha256": signature(BODY, OTHER_SECRET)}, 401, id="secret of another shop"),
        pytest.param({"X-Shopify-Hmac-Sha256": signature(BODY)[:-1]}, 401, id="signature cut short"),
        pytest.param({"X-Shopify-Hmac-Sha256": None}, 401, id="no signature"),
        pytest.param({"X-Shopify-Hmac-Sha256": "\u00fc" * 44}, 401, id="signature that is not base64"),
        pytest.param({"X-Shopify-Shop-Domain": "stranger.myshopify.com"}, 401, id="unknown shop"),
        pytest.param({"X-Shopify-Shop-Domain": None}, 401, id="no shop"),
        pytest.param({"X-Shopify-Webhook-Id": None}, 400, id="no delivery id"),
        pytest.param({"X-Shopify-Topic": None}, 400, id="no topic"),
        pytest.param({"X-Shopify-Topic": "x" * 256}, 400, id="a header longer than Shopify's"),
        pytest.param({"Content-Type": "text/plain"}, 415, id="not JSON"),
        pytest.param({"Content-Type": None}, 415, id="no content type"),
    ],
)
def test_what_is_not_shopifys_is_refused_and_nothing_is_kept(changed: dict[str, str | None], status: int) -> None:
    inbox = ListInbox()
    headers = {name: value.encode("latin-1") for name, value in a_delivery(changed=changed).items()}
    with receiver(inbox) as address:
        answer = requests.post(f"{address}/webhooks", data=BODY, headers=headers, timeout=10)
    assert (answer.status_code, inbox.kept) == (status, [])


@given(body=st.binary(max_size=200), data=st.data())
def test_any_flipped_bit_of_the_body_breaks_the_signature(body: bytes, data: st.DataObject) -> None:
    assert is_signed(body, signature(body), [SECRET])
    if body:
        bit = data.draw(st.integers(0, len(body) * 8 - 1))
        forged = bytearray(body)
        forged[bit // 8] ^= 1 << bit % 8
        assert not is_signed(bytes(forged), signature(body), [OLD_SECRET, SECRET])


@given(body=st.binary(max_size=200), bit=st.integers(0, 44 * 8 - 1))
def test_any_flipped_bit_of_the_signature_breaks_it(body: bytes, bit: int) -> None:
    """Also the two bits that base64 does not need: a digest has one spelling."""
    forged = bytearray(signature(body).encode())
    forged[bit // 8] ^= 1 << bit % 8
    assert not is_signed(body, forged.decode("latin-1"), [OLD_SECRET, SECRET])


def test_a_large_body_is_refused_by_its_announcement_alone() -> None:
    with receiver(ListInbox()) as address, connected(address) as connection:
        connection.sendall(request_head(f"Content-Length: {10 * 1024 * 1024}"))
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_large_body_that_does_not_announce_itself_is_refused_before_it_is_read_to_the_end() -> None:
    chunk = b"%x\r\n%s\r\n" % (BODY_BYTES_MAX // 2, b"x" * (BODY_BYTES_MAX // 2))
    with receiver(ListInbox()) as address, connected(address) as connection:
        connection.sendall(request_head("Transfer-Encoding: chunked") + 3 * chunk)
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_body_of_exactly_the_limit_is_accepted(post: Post) -> None:
    body = b"x" * BODY_BYTES_MAX
    assert post(a_delivery(body), body).status_code == 200


def connected(address: str) -> socket.socket:
    host, port = address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def request_head(framing: str) -> bytes:
    lines = ["POST /webhooks HTTP/1.1", "Host: localhost", framing, *(f"{n}: {v}" for n, v in a_delivery().items())]
    return "\r\n".join([*lines, "", ""]).encode()


def test_no_answer_is_given_before_the_inbox_has_kept_it() -> None:
    entered, finish = threading.Event(), threading.Event()

    class SlowInbox:
        def store(self, **row: object) -> bool:
            entered.set()
            return finish.wait(10)

    with receiver(SlowInbox()) as address, connected(address) as connection:
        connection.sendall(request_head(f"Content-Length: {len(BODY)}") + BODY)
        assert entered.wait(10)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(100)
        finish.set()
        connection.settimeout(10)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")


def test_a_database_that_is_gone_is_answered_with_503_so_that_shopify_repeats(
    postgres: Any, warehouse_template: str
) -> None:
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as admin:
        admin.execute(f"create database vanishing template {warehouse_template}")
        with PostgresInbox(postgres.dsn("vanishing")) as inbox, receiver(inbox) as address:
            first = requests.post(f"{address}/webhooks", data=BODY, headers=a_delivery(), timeout=10)
            admin.execute("drop database vanishing with (force)")
            second = requests.post(f"{address}/webhooks", data=BODY, headers=a_delivery(), timeout=10)
    assert (first.status_code, second.status_code) == (200, 503)


def test_connections_that_the_database_has_closed_are_replaced(
    post: Post, warehouse_dsn: str, kept: Callable[[], list[Any]]
) -> None:
    post(a_delivery())
    with psycopg.connect(warehouse_dsn, autocommit=True) as admin:
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'shopify_pipeline_webhooks' and datname = current_database()"
        )
    assert post(a_delivery(changed={"X-Shopify-Webhook-Id": "another"})).status_code == 200
    assert len(kept()) == 2


def test_the_inbox_names_neither_payload_nor_password_when_it_fails() -> None:
    with (
        PostgresInbox("postgresql://someone:hunter2@127.0.0.1:1/nowhere") as inbox,
        pytest.raises(TransientError) as caught,
    ):
        inbox.store(
            shop=SHOP,
            webhook_id="1",
            event_id=None,
            topic="orders/updated",
            api_version=None,
            triggered_at=None,
            received_at=NOW,
            body=BODY,
        )
    assert str(caught.value) == f"{SHOP}: the inbox did not keep a webhook: PoolTimeout"


@pytest.mark.parametrize(("path", "status"), [("healthz", 200), ("webhooks", 405), ("", 404)])
def test_only_health_may_be_asked_for_without_a_signature(path: str, status: int) -> None:
    with receiver(ListInbox()) as address:
        assert requests.get(f"{address}/{path}", timeout=10).status_code == status


@pytest.mark.parametrize("known", [[], [b""], [b"a", b"b", b"c"]], ids=["none", "empty", "three"])
def test_a_shop_needs_one_secret_or_two(known: list[bytes]) -> None:
    with pytest.raises(ConfigError, match="one client secret, or two"):
        build_app({SHOP: known}, inbox=None, clock=SimulatedClock(NOW))  # type: ignore[arg-type]

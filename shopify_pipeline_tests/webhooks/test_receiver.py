"""The webhook receiver over real HTTP, with the real inbox in PostgreSQL."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.config import load_settings
from shopify_pipeline.errors import ConfigError, TransientError
from shopify_pipeline.warehouse.inbox import Hint, PostgresInbox
from shopify_pipeline.webhooks.__main__ import signing_secrets
from shopify_pipeline.webhooks.receiver import GROUP_MAX, build_app, is_signed
from shopify_pipeline_tests.webhooks.deliveries import (
    BODY,
    BODY_BYTES_MAX,
    NOW,
    OLD_SECRET,
    OTHER_SECRET,
    OTHER_SHOP,
    SECRET,
    SHOP,
    ListInbox,
    a_delivery,
    receiver,
    serving,
    signature,
)

Post = Callable[..., requests.Response]


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


def test_a_delivery_with_the_newer_names_of_its_headers_is_kept_like_any_other() -> None:
    older, newer = ListInbox(), ListInbox()
    headers = a_delivery()
    without_x = {name.removeprefix("X-"): value for name, value in headers.items()}
    for inbox, sent in ((older, headers), (newer, without_x)):
        with receiver(inbox) as address:
            assert requests.post(f"{address}/webhooks", data=BODY, headers=sent, timeout=10).status_code == 200
    assert newer.kept == older.kept
    assert len(newer.kept) == 1


def test_a_delivery_with_the_newer_names_is_not_kept_without_its_signature() -> None:
    inbox = ListInbox()
    headers = {name.removeprefix("X-"): value for name, value in a_delivery().items()}
    headers["Shopify-Hmac-Sha256"] = signature(b"another body")
    with receiver(inbox) as address:
        answer = requests.post(f"{address}/webhooks", data=BODY, headers=headers, timeout=10)
    assert (answer.status_code, inbox.kept) == (401, [])


def test_w01_a_repeated_delivery_is_acknowledged_and_kept_once(post: Post, kept: Callable[[], list[Any]]) -> None:
    assert [post(a_delivery()).status_code for _ in range(3)] == [200, 200, 200]
    assert len(kept()) == 1


def test_the_same_delivery_id_from_two_shops_is_two_deliveries(post: Post, kept: Callable[[], list[Any]]) -> None:
    post(a_delivery())
    theirs = {"X-Shopify-Shop-Domain": OTHER_SHOP, "X-Shopify-Hmac-Sha256": signature(BODY, OTHER_SECRET)}
    post(a_delivery(changed=theirs))
    assert {row[0] for row in kept()} == {SHOP, OTHER_SHOP}


def test_w10_while_rotating_both_secrets_are_accepted(post: Post) -> None:
    for secret in (OLD_SECRET, SECRET):
        assert post(a_delivery(changed={"X-Shopify-Hmac-Sha256": signature(BODY, secret)})).status_code == 200


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        pytest.param({"X-Shopify-Hmac-Sha256": signature(b"another body")}, 401, id="W5: signature of another body"),
        pytest.param({"X-Shopify-Hmac-Sha256": signature(BODY, OTHER_SECRET)}, 401, id="secret of another shop"),
        pytest.param({"X-Shopify-Hmac-Sha256": signature(BODY)[:-1]}, 401, id="signature cut short"),
        pytest.param({"X-Shopify-Hmac-Sha256": None}, 401, id="no signature"),
        pytest.param({"X-Shopify-Hmac-Sha256": "\u00fc" * 44}, 401, id="signature that is not base64"),
        pytest.param({"X-Shopify-Shop-Domain": "stranger.myshopify.com"}, 401, id="W12: unknown shop"),
        pytest.param({"X-Shopify-Shop-Domain": None}, 401, id="no shop"),
        pytest.param({"X-Shopify-Webhook-Id": None}, 400, id="no delivery id"),
        pytest.param({"X-Shopify-Topic": None}, 400, id="no topic"),
        pytest.param({"X-Shopify-Topic": "x" * 256}, 400, id="a header longer than Shopify's"),
        pytest.param({"Content-Type": "text/plain"}, 415, id="W8: not JSON"),
        pytest.param({"Content-Type": None}, 415, id="W8: no content type"),
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


def test_w07_a_large_body_is_refused_by_its_announcement_alone() -> None:
    with receiver(ListInbox()) as address, connected(address) as connection:
        connection.sendall(request_head(f"Content-Length: {10 * 1024 * 1024}"))
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_w07_a_large_body_that_does_not_announce_itself_is_refused_before_it_is_read_to_the_end() -> None:
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
        def store(self, hints: Sequence[Hint]) -> None:
            entered.set()
            finish.wait(10)

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
    hint = Hint(SHOP, "1", None, "orders/updated", None, None, NOW, BODY)
    with (
        PostgresInbox("postgresql://someone:hunter2@127.0.0.1:1/nowhere") as inbox,
        pytest.raises(TransientError) as caught,
    ):
        inbox.store([hint])
    assert str(caught.value) == f"{SHOP}: the inbox did not keep webhooks: PoolTimeout"


@pytest.mark.parametrize(("path", "status"), [("healthz", 200), ("webhooks", 405), ("", 404)])
def test_only_health_may_be_asked_for_without_a_signature(path: str, status: int) -> None:
    with receiver(ListInbox()) as address:
        assert requests.get(f"{address}/{path}", timeout=10).status_code == status


@pytest.mark.parametrize("known", [[], [b""], [b"a", b"b", b"c"]], ids=["none", "empty", "three"])
def test_a_shop_needs_one_secret_or_two(known: list[bytes]) -> None:
    with pytest.raises(ConfigError, match="one client secret, or two"):
        build_app({SHOP: known}, inbox=None, clock=SimulatedClock(NOW))  # type: ignore[arg-type]


def test_w05_every_secret_is_compared_whole_whatever_the_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """Constant time: neither a first match nor a first difference ends the comparison."""
    compared: list[tuple[int, int]] = []

    def compare_digest(first: bytes, second: bytes) -> bool:
        compared.append((len(first), len(second)))
        return first == second

    monkeypatch.setattr("shopify_pipeline.webhooks.receiver.hmac.compare_digest", compare_digest)
    for one in (signature(BODY, OLD_SECRET), signature(BODY, SECRET), signature(b"forged")):
        is_signed(BODY, one, [OLD_SECRET, SECRET])
    assert compared == [(44, 44)] * 6


def test_w06_a_replay_with_other_headers_is_kept_as_one_more_hint(post: Post, kept: Callable[[], list[Any]]) -> None:
    """Headers are not signed, so this cannot be told from a delivery; what comes of it is a read, nothing else."""
    post(a_delivery())
    replayed = {"X-Shopify-Webhook-Id": "another", "X-Shopify-Topic": "customers/update"}
    assert post(a_delivery(changed=replayed)).status_code == 200
    assert [row[3] for row in kept()] == ["orders/updated", "customers/update"]


def test_w06_a_replay_for_another_shop_is_refused_because_its_secret_is_another(post: Post) -> None:
    assert post(a_delivery(changed={"X-Shopify-Shop-Domain": OTHER_SHOP})).status_code == 401


def test_w09_beyond_its_connections_the_receiver_says_so_and_keeps_what_it_acknowledged(
    warehouse_dsn: str, kept: Callable[[], list[Any]]
) -> None:
    with PostgresInbox(warehouse_dsn) as inbox:
        app = build_app({SHOP: [SECRET]}, inbox, clock=SimulatedClock(NOW))
        with serving(app, connections_max=3) as address, ThreadPoolExecutor(20) as pool:

            def deliver(number: int) -> int:
                headers = a_delivery(changed={"X-Shopify-Webhook-Id": f"w-{number}"})
                return requests.post(f"{address}/webhooks", data=BODY, headers=headers, timeout=10).status_code

            statuses = list(pool.map(deliver, range(200)))
    assert set(statuses) == {200, 503}
    assert {row[1] for row in kept()} == {f"w-{number}" for number, status in enumerate(statuses) if status == 200}


def test_w09_what_arrives_during_a_transaction_is_kept_together_in_the_next() -> None:
    first_entered, others_arrived, groups = threading.Event(), threading.Event(), []

    class SlowInbox:
        def store(self, hints: Sequence[Hint]) -> None:
            groups.append(len(hints))
            if len(groups) == 1:
                first_entered.set()
                others_arrived.wait(10)

    class CountingClock(SimulatedClock):
        """Is asked once for each delivery, just before it waits to be kept."""

        asked = 0

        def now(self) -> Any:
            self.asked += 1
            if self.asked == 1 + GROUP_MAX + 1:
                others_arrived.set()
            return super().now()

    app = build_app({SHOP: [SECRET]}, SlowInbox(), clock=CountingClock(NOW))
    with serving(app) as address, ThreadPoolExecutor(GROUP_MAX + 2) as pool:

        def deliver(number: int) -> int:
            headers = a_delivery(changed={"X-Shopify-Webhook-Id": f"w-{number}"})
            return requests.post(f"{address}/webhooks", data=BODY, headers=headers, timeout=10).status_code

        first = pool.submit(deliver, 0)
        assert first_entered.wait(10)
        others = [pool.submit(deliver, number) for number in range(1, GROUP_MAX + 2)]
        assert {each.result() for each in [first, *others]} == {200}
    assert sum(groups) == GROUP_MAX + 2
    assert groups[0] == 1
    assert max(groups) <= GROUP_MAX
    assert len(groups) <= 4


def test_w09_a_transaction_that_fails_is_told_to_everybody_who_shared_it() -> None:
    class FullInbox:
        def store(self, hints: Sequence[Hint]) -> None:
            raise TransientError("the disk is full")

    with receiver(FullInbox()) as address, ThreadPoolExecutor(10) as pool:

        def deliver(number: int) -> int:
            headers = a_delivery(changed={"X-Shopify-Webhook-Id": f"w-{number}"})
            return requests.post(f"{address}/webhooks", data=BODY, headers=headers, timeout=10).status_code

        assert set(pool.map(deliver, range(30))) == {503}


def test_w10_the_settings_name_the_present_secret_and_the_one_before(tmp_path: Path) -> None:
    for name, text in (("new", "new-secret\n"), ("old", "old-secret\n")):
        (tmp_path / name).write_text(text)
    shop = {
        "domain": SHOP,
        "client_id": "app",
        "client_secret_file": str(tmp_path / "new"),
        "client_secret_previous_file": str(tmp_path / "old"),
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in shop.items()]
    path = tmp_path / "config.toml"
    path.write_text("\n".join(["[warehouse]", 'dsn = "postgresql://nobody@127.0.0.1:1/none"', "[shops.one]", *lines]))
    assert signing_secrets(load_settings(path)) == {SHOP: [b"new-secret", b"old-secret"]}

    (tmp_path / "old").unlink()
    with pytest.raises(ConfigError, match="client_secret_previous_file cannot be read"):
        signing_secrets(load_settings(path))

"""A Tryton server of our own as a process: killed, restarted, logged, and closed to everybody but the service user."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from shopify_pipeline.backoffice.protocol import Outcome, Result
from shopify_pipeline.backoffice.tryton import TrytonBackOffice
from shopify_pipeline.clock import SystemClock
from shopify_pipeline.errors import ConfigError, TransientError
from shopify_pipeline.local.tryton import DATABASE, USER, TrytonServer
from shopify_pipeline_tests.backoffice.builders import a_party, a_payment, a_shipment, an_order, open_shop


class Wiretap:
    """Stands between client and server; when the server has answered one method, kills it and withholds the answer.

    Args:
        server: Whom to kill, with SIGKILL; it has committed by then.
        method: The last part of the RPC method.
    """

    def __init__(self, server: TrytonServer, method: str) -> None:
        self._server = server
        self._method = method.encode()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.close()
        self._thread.join(timeout=10)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                self._exchange(client)

    def _exchange(self, client: socket.socket) -> None:
        request = _read_message(client)
        port = int(self._server.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as upstream:
            upstream.sendall(request.replace(b"Connection: keep-alive", b"Connection: close"))
            reply = b"".join(iter(lambda: upstream.recv(65536), b""))
        if b"." + self._method + b'"' in request:
            os.kill(self._server.pid, signal.SIGKILL)
        else:
            client.sendall(reply)


def _read_message(connection: socket.socket) -> bytes:
    """One HTTP request with its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    (length,) = (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def office_at(url: str, server: TrytonServer, session: requests.Session) -> TrytonBackOffice:
    return TrytonBackOffice(url, DATABASE, USER, server.password, session=session, clock=SystemClock())


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrytonServer]:
    """A server this test may kill, and start again."""
    server = TrytonServer(tmp_path_factory.mktemp("mortal"))
    server.start(print)
    try:
        yield server
    finally:
        server.stop()


def test_a_server_killed_between_commit_and_reply_books_everything_once(own_server: TrytonServer, shop: str) -> None:
    order = an_order(
        payments=(a_payment("transaction/1", "21.70"),), shipments=(a_shipment("fulfillment/1", line_1=2),)
    )
    with requests.Session() as session:
        open_shop(office_at(own_server.url, own_server, session), shop)
        tap = Wiretap(own_server, "push_orders")
        with pytest.raises(TransientError, match="connection to the back office broke"):
            office_at(tap.url, own_server, session).push_orders(shop, [order])
        tap.close()
        own_server.stop()
        own_server.start(print)
        office = office_at(own_server.url, own_server, session)

        assert office.push_orders(shop, [order]) == [Result(external_id="order/1", outcome=Outcome.UNCHANGED)]

        assert len(office.orders(shop)) == len(office.documents(shop)) == len(office.payments(shop)) == 1
        counts = office.counts(shop)
        assert [counts[name] for name in ("orders", "documents", "payments", "shipments")] == [1, 1, 1, 1]


def test_the_log_names_every_method_that_was_called_and_no_customer(
    tryton_server: TrytonServer, tryton: TrytonBackOffice, shop: str
) -> None:
    tryton.push_parties(shop, [a_party(name="Greta Unlogged", email="greta@example.com")])
    tryton.documents(shop)

    log = tryton_server.log.read_text()

    assert "model.shopify.external.push_parties" in log
    assert "model.shopify.external.documents" in log
    assert "Greta" not in log
    assert "greta@" not in log
    assert tryton_server.password not in log


def test_files_of_the_server_are_closed_to_other_users(tryton_server: TrytonServer) -> None:
    for name in (f"{DATABASE}.sqlite", "password", "admin-password"):
        assert (tryton_server.home / name).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("model.sale.sale.search_read", [[], 0, None, None, ["party"]]),
        ("model.account.move.line.search_read", [[], 0, None, None, ["debit"]]),
        ("model.account.invoice.create", [[{}]]),
        ("model.shopify.external.create", [[{}]]),
        ("model.res.user.write", [[1], {"name": "x"}]),
    ],
    ids=["read sales", "read the ledger", "write invoices", "write references", "change the administrator"],
)
def test_the_service_user_can_do_nothing_but_call_our_methods(
    tryton_server: TrytonServer, method: str, params: list[Any]
) -> None:
    with requests.Session() as session:
        office = office_at(tryton_server.url, tryton_server, session)
        office.health("a-shop.myshopify.com")
        authorization = office._authorization
        body = {"id": 1, "method": method, "params": [*params, {}]}
        answer = session.post(
            f"{tryton_server.url}/{DATABASE}/rpc/",
            json=body,
            headers={"Authorization": authorization or ""},
            timeout=60,
        ).json()

    assert "result" not in answer
    assert answer["error"][0] == "UserError"


def test_a_user_without_our_groups_is_told_which_to_get(
    tryton_server: TrytonServer, as_admin: Callable[..., Any], shop: str
) -> None:
    password = "Plain-Person-2026"
    as_admin("model.res.user.create", [{"name": "Plain", "login": "plain", "password": password}])
    with requests.Session() as session:
        office = TrytonBackOffice(tryton_server.url, DATABASE, "plain", password, session=session, clock=SystemClock())

        with pytest.raises(ConfigError, match='give it the groups "Shopify Push" and "Shopify Read"'):
            office.push_parties(shop, [a_party()])
        with pytest.raises(ConfigError, match="Shopify Read"):
            office.orders(shop)


def test_a_session_that_was_ended_is_renewed(tryton_server: TrytonServer, tryton: TrytonBackOffice, shop: str) -> None:
    tryton.push_parties(shop, [a_party()])
    connection = sqlite3.connect(tryton_server.home / f"{DATABASE}.sqlite", timeout=30)
    with connection:
        connection.execute("delete from ir_session")
    connection.close()

    assert tryton.push_parties(shop, [a_party()]) == [Result(external_id="customer/1", outcome=Outcome.UNCHANGED)]


def test_a_wrong_password_names_the_setting(tryton_server: TrytonServer) -> None:
    with requests.Session() as session:
        office = TrytonBackOffice(
            tryton_server.url, DATABASE, USER, "not the password", session=session, clock=SystemClock()
        )

        with pytest.raises(ConfigError, match="SHOPIFY_PIPELINE_TRYTON__PASSWORD") as caught:
            office.health("a-shop.myshopify.com")

    assert "not the password" not in str(caught.value)


def test_an_unknown_database_is_named(tryton_server: TrytonServer) -> None:
    with requests.Session() as session:
        office = TrytonBackOffice(
            tryton_server.url, "nowhere", USER, tryton_server.password, session=session, clock=SystemClock()
        )

        with pytest.raises(ConfigError, match="has no database 'nowhere'"):
            office.health("a-shop.myshopify.com")


def test_snapshots_longer_than_a_page_are_read_whole(
    tryton: TrytonBackOffice, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_shop(tryton, shop)
    orders = [an_order(f"order/{n}", payments=(a_payment(f"transaction/{n}", "21.70"),)) for n in (1, 2, 3)]
    tryton.push_orders(shop, orders)
    whole = (tryton.orders(shop), tryton.documents(shop), sorted(tryton.ledger(shop), key=repr), tryton.payments(shop))

    monkeypatch.setattr("shopify_pipeline.backoffice.tryton.ROWS_PER_PAGE", 2)

    paged = (tryton.orders(shop), tryton.documents(shop), sorted(tryton.ledger(shop), key=repr), tryton.payments(shop))
    assert paged == whole
    assert [len(rows) for rows in whole] == [3, 3, 15, 3]

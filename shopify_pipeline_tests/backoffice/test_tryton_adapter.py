"""What the adapter makes of a back office that is away, slow, busy or broken; a small HTTP server plays the part."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from shopify_pipeline.backoffice.protocol import Outcome, Party
from shopify_pipeline.backoffice.tryton import TrytonBackOffice
from shopify_pipeline.clock import SystemClock
from shopify_pipeline.errors import ConfigError, PermanentError, SlowAnswerError, TransientError
from shopify_pipeline_tests.backoffice.builders import a_party, a_payment, an_order

Answer = Callable[[str, list[Any]], tuple[int, Any]]
Office = Callable[..., TrytonBackOffice]


class Server(ThreadingHTTPServer):
    """Answers each call in a thread of its own."""

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that stopped waiting is what the time-out test asks for."""


@pytest.fixture
def office() -> Iterator[Office]:
    """An adapter to a server that logs everybody in and answers every other call as the test says."""
    servers: list[Server] = []
    session = requests.Session()

    def serve(answer: Answer, **options: Any) -> TrytonBackOffice:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if call["method"] == "common.db.login":
                    status, result = 200, {"result": [1, "token", None]}
                else:
                    status, result = answer(call["method"].rpartition(".")[2], call["params"])
                body = json.dumps({"id": call["id"], **result} if isinstance(result, dict) else result).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """The test's output is not the place for an access log."""

        server = Server(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return TrytonBackOffice(
            f"http://127.0.0.1:{server.server_port}",
            "company",
            "shopify",
            "secret",
            session=session,
            clock=SystemClock(),
            **options,
        )

    yield serve
    session.close()
    for server in servers:
        server.shutdown()
        server.server_close()


def parties(count: int) -> list[Party]:
    return [a_party(f"customer/{n}") for n in range(count)]


def accept(records: list[dict[str, Any]]) -> tuple[int, Any]:
    rows = [{"external_id": record["external_id"], "outcome": "created", "documents": 0} for record in records]
    return 200, {"result": rows}


@pytest.mark.parametrize("status", [423, 429, 502, 503, 504])
def test_a_busy_back_office_is_asked_again_later(office: Office, status: int) -> None:
    adapter = office(lambda method, params: (status, {}))

    with pytest.raises(TransientError, match=f"busy \\(HTTP {status}\\)"):
        adapter.counts("shop")


def test_a_time_out_says_that_nothing_is_known(office: Office) -> None:
    gate = threading.Event()

    def never(method: str, params: list[Any]) -> tuple[int, Any]:
        gate.wait(30)
        return 200, {"result": {}}

    adapter = office(never, timeout_seconds=0.2)
    try:
        with pytest.raises(SlowAnswerError, match=r"did not answer model\.shopify\.external\.counts within"):
            adapter.counts("shop")
    finally:
        gate.set()


def test_a_lost_race_with_a_person_is_tried_again(office: Office) -> None:
    adapter = office(lambda method, params: (200, {"error": ["ConcurrencyException", "records were modified"]}))

    with pytest.raises(TransientError, match="another user changed the same records"):
        adapter.push_parties("shop", parties(1))


def test_a_back_office_that_fails_in_everything_is_out_of_order_and_no_record_is_to_blame(office: Office) -> None:
    adapter = office(lambda method, params: (200, {"error": ["division by zero", "Traceback: ada@example.com"]}))

    with pytest.raises(
        TransientError, match=r"failed in model\.shopify\.external\.push_parties: see its log; it cannot even tell"
    ) as caught:
        adapter.push_parties("shop", parties(3))

    assert "ada@example.com" not in str(caught.value)


@pytest.mark.parametrize(
    "fault", [(500, {}), (200, {"error": ["division by zero", "Traceback: ada@example.com"]})], ids=["http", "rpc"]
)
def test_one_record_the_back_office_fails_on_is_rejected_and_the_others_are_taken(
    office: Office, fault: tuple[int, Any]
) -> None:
    taken: list[str] = []

    def fail_on_the_third(method: str, params: list[Any]) -> tuple[int, Any]:
        if method == "health":
            return 200, {
                "result": {"product": "Tryton", "version": "8.2", "plugin": "1", "company": "Shop", "currency": "USD"}
            }
        if any(record["external_id"] == "customer/3" for record in params[1]):
            return fault
        taken.extend(record["external_id"] for record in params[1])
        return accept(params[1])

    results = office(fail_on_the_third).push_parties("shop", parties(10))

    assert [result.external_id for result in results if result.outcome is Outcome.CREATED] == taken
    assert sorted(taken) == [f"customer/{n}" for n in range(10) if n != 3]
    (rejected,) = [result for result in results if result.outcome is Outcome.REJECTED]
    assert (rejected.external_id, rejected.reason) == ("customer/3", "the back office failed on it: see its log")


def test_an_outage_in_the_middle_of_a_batch_is_not_taken_for_a_poisonous_record(office: Office) -> None:
    calls: list[str] = []

    def fall_over(method: str, params: list[Any]) -> tuple[int, Any]:
        calls.append(method)
        return (500, {}) if method == "push_parties" else (503, {})

    with pytest.raises(TransientError, match="busy \\(HTTP 503\\)"):
        office(fall_over).push_parties("shop", parties(10))

    assert calls == ["push_parties", "health"]


def test_a_refusal_that_names_nobody_is_narrowed_down_by_halves(office: Office) -> None:
    pushed: list[int] = []

    def refuse_the_fifth(method: str, params: list[Any]) -> tuple[int, Any]:
        records = params[1]
        pushed.append(len(records))
        if any(record["external_id"] == "customer/5" for record in records):
            return 200, {"error": ["UserError", ["The value of the field\nis not valid.", "", None]]}
        return accept(records)

    results = office(refuse_the_fifth).push_parties("shop", parties(8))

    assert [result.external_id for result in results] == [f"customer/{n}" for n in range(8)]
    assert [result.outcome for result in results if result.external_id != "customer/5"] == [Outcome.CREATED] * 7
    assert (results[5].outcome, results[5].reason) == (Outcome.REJECTED, "The value of the field is not valid.")
    assert pushed == [8, 4, 4, 2, 1, 1, 2]


def test_a_refusal_that_names_a_record_costs_one_more_call(office: Office) -> None:
    pushed: list[int] = []

    def refuse_the_fifth(method: str, params: list[Any]) -> tuple[int, Any]:
        records = params[1]
        pushed.append(len(records))
        if any(record["external_id"] == "customer/5" for record in records):
            return 200, {"error": ["UserError", ["unmapped", "customer/5", None]]}
        return accept(records)

    results = office(refuse_the_fifth).push_parties("shop", parties(8))

    assert [result.outcome for result in results].count(Outcome.REJECTED) == 1
    assert pushed == [8, 7]


def test_many_orders_go_in_batches_and_progress_is_reported_after_each(office: Office) -> None:
    pushed: list[int] = []
    seen: list[tuple[str, int, int]] = []

    def count(method: str, params: list[Any]) -> tuple[int, Any]:
        pushed.append(len(params[1]))
        return accept(params[1])

    adapter = office(count, orders_per_call=2, progress=lambda *step: seen.append(step))
    results = adapter.push_orders("shop", [an_order(f"order/{n}") for n in (1, 2, 3)])

    assert [result.external_id for result in results] == ["order/1", "order/2", "order/3"]
    assert pushed == [2, 1]
    assert seen == [("orders", 2, 3), ("orders", 3, 3)]


def test_money_and_days_keep_their_types_on_the_wire(office: Office) -> None:
    seen: list[dict[str, Any]] = []

    def remember(method: str, params: list[Any]) -> tuple[int, Any]:
        seen.extend(params[1])
        return accept(params[1])

    office(remember).push_orders("shop", [an_order(payments=(a_payment("transaction/1", "0.10"),))])

    (payment,) = seen[0]["payments"]
    assert payment["amount"] == {"__class__": "Decimal", "decimal": "0.10"}
    assert payment["on"] == {"__class__": "date", "year": 2026, "month": 3, "day": 4}


def test_a_back_office_that_is_not_there_may_come_back_or_be_set_elsewhere() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    adapter = TrytonBackOffice(
        f"http://127.0.0.1:{port}", "company", "shopify", "secret", session=requests.Session(), clock=SystemClock()
    )

    with pytest.raises(TransientError, match="set SHOPIFY_PIPELINE_TRYTON__URL") as caught:
        adapter.health("a-shop.myshopify.com")

    assert "\n" not in str(caught.value)


def test_a_redirect_is_not_followed_with_the_session(office: Office) -> None:
    adapter = office(lambda method, params: (302, {}))

    with pytest.raises(PermanentError, match="HTTP 302"):
        adapter.counts("shop")


@pytest.mark.parametrize("url", ["http://tryton.example.com", "http://10.0.0.7:8000", "ftp://127.0.0.1"])
def test_a_password_never_travels_in_the_clear(url: str) -> None:
    with pytest.raises(ConfigError, match="use https"):
        TrytonBackOffice(url, "company", "shopify", "secret", session=requests.Session(), clock=SystemClock())

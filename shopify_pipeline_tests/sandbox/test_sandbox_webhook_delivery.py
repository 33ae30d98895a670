"""When deliveries are made and made again: on a clock of the test's own, without HTTP."""

import itertools
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shopify_sandbox.settings import Settings
from shopify_sandbox.state import JsonLines
from shopify_sandbox.webhooks import delivery as webhooks_delivery
from shopify_sandbox.webhooks.delivery import RETRIES, Delivery, HttpSender, retry_waits
from shopify_sandbox.webhooks.subscriptions import Told, Webhooks

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FOUR_HOURS = 14_400.0
URI, OTHER_URI = "https://receiver.example/hooks", "https://other.example/hooks"


@dataclass
class Network:
    """Takes what is sent, with the time; answers what it was told to, then 200."""

    time: float = 1_000.0
    outcomes: list[int | str] = field(default_factory=list)
    always: int | str = 200
    sent: list[tuple[float, Delivery]] = field(default_factory=list)
    meeting: threading.Barrier | None = None
    meanwhile: Callable[[], object] = lambda: None

    def send(self, delivery: Delivery) -> int | str:
        if self.meeting is not None:
            self.meeting.wait()  # raises unless all its threads come here at the same time
        self.sent.append((self.time, delivery))
        self.meanwhile()
        return self.outcomes.pop(0) if self.outcomes else self.always

    @property
    def topics(self) -> list[str]:
        return [delivery.headers["X-Shopify-Topic"] for _, delivery in self.sent]


@dataclass
class Hooks:
    webhooks: Webhooks
    network: Network
    log: JsonLines

    def tell(self, topic: str = "orders/updated", number: int = 1) -> None:
        told = Told(topic, f"gid://shopify/Order/{number}", NOW, f"event-{number}", lambda: {"id": number})
        self.webhooks.publish(told)

    def pass_time(self, seconds: float) -> None:
        self.network.time += seconds
        self.webhooks.deliveries.deliver_due()


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Hooks]:
    def make(**settings: float) -> Hooks:
        network, log = Network(), JsonLines(tmp_path / "deliveries.jsonl")
        chosen = Settings().changed({"webhook_retry_span_seconds": FOUR_HOURS, **settings})
        webhooks = Webhooks(
            tmp_path / "webhooks.json",
            log=log,
            shop="a-shop.myshopify.com",
            secrets=lambda: ["secret"],
            version="2026-10",
            now=lambda: NOW,
            monotonic=lambda: network.time,
            settings=lambda: chosen,
            send=network.send,
            seed=7,
        )
        return Hooks(webhooks, network, log)

    return make


def test_eight_waits_double_and_span_four_hours() -> None:
    waits = retry_waits(FOUR_HOURS)
    assert len(waits) == RETRIES == 8
    assert sum(waits) == pytest.approx(FOUR_HOURS)
    assert [later / earlier for earlier, later in itertools.pairwise(waits)] == [2.0] * 7


def test_a_failed_delivery_is_made_again_eight_times_with_the_same_content_to_the_same_address(
    make: Callable[..., Hooks],
) -> None:
    hooks = make()
    hooks.network.always = 503
    gid = hooks.webhooks.subscribe("ORDERS_UPDATED", {"uri": URI}).subscription.gid
    hooks.tell()
    hooks.pass_time(0)
    hooks.webhooks.update(gid, {"uri": OTHER_URI})
    for wait in retry_waits(FOUR_HOURS):
        hooks.pass_time(wait - 1)
        before = len(hooks.network.sent)
        hooks.pass_time(1)
        assert len(hooks.network.sent) == before + 1
    hooks.pass_time(FOUR_HOURS)

    times = [time for time, _ in hooks.network.sent]
    assert len(times) == 9
    assert times[-1] - times[0] == pytest.approx(FOUR_HOURS)
    assert len({(each.uri, each.body, tuple(each.headers.items())) for _, each in hooks.network.sent}) == 1
    assert [entry["attempt"] for entry in hooks.log.read()] == list(range(1, 10))


def test_a_subscription_is_removed_when_the_eighth_retry_has_failed(make: Callable[..., Hooks]) -> None:
    hooks = make()
    hooks.network.always = "ConnectTimeout"
    hooks.webhooks.subscribe("ORDERS_UPDATED", {"uri": URI})
    hooks.webhooks.subscribe("ORDERS_CREATE", {"uri": OTHER_URI})
    hooks.tell()
    hooks.pass_time(0)
    for wait in retry_waits(FOUR_HOURS):
        assert len(hooks.webhooks.subscriptions()) == 2
        hooks.pass_time(wait)
    assert [each.uri for each in hooks.webhooks.subscriptions()] == [OTHER_URI]


def test_a_success_in_between_keeps_the_subscription(make: Callable[..., Hooks]) -> None:
    hooks = make()
    hooks.network.always = 500
    hooks.webhooks.subscribe("ORDERS_UPDATED", {"uri": URI})
    hooks.tell(number=1)
    hooks.pass_time(0)
    for position, wait in enumerate(retry_waits(FOUR_HOURS)):
        if position == 3:
            hooks.network.outcomes = [200]
            hooks.tell(number=2)
            hooks.pass_time(0)
        hooks.pass_time(wait)
    assert len(hooks.webhooks.subscriptions()) == 1


def test_what_waits_for_a_deleted_subscription_is_not_delivered(make: Callable[..., Hooks]) -> None:
    hooks = make()
    hooks.network.always = 500
    gid = hooks.webhooks.subscribe("ORDERS_UPDATED", {"uri": URI}).subscription.gid
    hooks.tell()
    hooks.pass_time(0)
    hooks.webhooks.unsubscribe(gid)
    hooks.pass_time(FOUR_HOURS)
    assert len(hooks.network.sent) == 1


def test_an_attempt_under_way_while_its_subscription_is_deleted_is_not_made_again(make: Callable[..., Hooks]) -> None:
    hooks = make()
    hooks.network.always = 503
    gid = hooks.webhooks.subscribe("ORDERS_UPDATED", {"uri": URI}).subscription.gid
    hooks.network.meanwhile = lambda: hooks.webhooks.unsubscribe(gid)
    hooks.tell()
    hooks.pass_time(0)
    assert hooks.webhooks.deliveries.waiting() == 0
    hooks.pass_time(FOUR_HOURS)
    assert len(hooks.network.sent) == 1


def test_the_last_word_to_a_subscription_that_is_gone_is_made_again(make: Callable[..., Hooks]) -> None:
    hooks = make()
    hooks.network.outcomes = [503]
    hooks.webhooks.subscribe("APP_UNINSTALLED", {"uri": URI})
    hooks.webhooks.unsubscribe_all(Told("app/uninstalled", "gid://shopify/Shop/1", NOW, "event", lambda: {"id": 1}))
    hooks.pass_time(0)
    hooks.pass_time(FOUR_HOURS)
    assert [entry["outcome"] for entry in hooks.log.read()] == [503, 200]


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_an_acknowledgement(make: Callable[..., Hooks], status: int) -> None:
    hooks = make()
    hooks.network.always = status
    hooks.webhooks.subscribe("ORDERS_UPDATED", {"uri": URI})
    hooks.tell()
    hooks.pass_time(FOUR_HOURS)
    assert len(hooks.network.sent) == 1


@pytest.mark.parametrize("status", [301, 302, 400, 401, 404, 500, 503])
def test_a_redirect_or_an_error_is_not_an_acknowledgement(make: Callable[..., Hooks], status: int) -> None:
    hooks = make()
    hooks.network.outcomes = [status]
    hooks.webhooks.subscribe("ORDERS_UPDATED", {"uri": URI})
    hooks.tell()
    hooks.pass_time(0)
    hooks.pass_time(FOUR_HOURS)
    assert len(hooks.network.sent) == 2


def test_a_delayed_delivery_comes_a_day_late_with_the_time_it_was_triggered(make: Callable[..., Hooks]) -> None:
    hooks = make(webhook_delay_seconds=86_400)
    hooks.webhooks.subscribe("ORDERS_UPDATED", {"uri": URI})
    hooks.tell()
    hooks.pass_time(86_399)
    assert hooks.network.sent == []
    hooks.pass_time(1)
    assert hooks.network.sent[0][1].headers["X-Shopify-Triggered-At"] == "2026-11-20T12:00:00.000000Z"


def test_a_share_of_deliveries_is_lost_and_the_log_says_which(make: Callable[..., Hooks]) -> None:
    hooks = make(webhook_loss_share=0.3)
    hooks.webhooks.subscribe("ORDERS_UPDATED", {"uri": URI})
    for number in range(200):
        hooks.tell(number=number)
    hooks.pass_time(FOUR_HOURS)
    lost = [entry["webhook_id"] for entry in hooks.log.read() if entry["outcome"] == "lost"]
    assert 40 <= len(lost) <= 80
    assert len(hooks.network.sent) == 200 - len(lost)
    assert not {each.headers["X-Shopify-Webhook-Id"] for _, each in hooks.network.sent} & set(lost)


def test_a_share_of_deliveries_comes_twice_with_one_id(make: Callable[..., Hooks]) -> None:
    hooks = make(webhook_duplicate_share=0.3)
    hooks.webhooks.subscribe("ORDERS_UPDATED", {"uri": URI})
    for number in range(200):
        hooks.tell(number=number)
    hooks.pass_time(0)
    ids = [each.headers["X-Shopify-Webhook-Id"] for _, each in hooks.network.sent]
    assert len(set(ids)) == 200
    assert 40 <= len(ids) - 200 <= 80


def test_both_copies_of_a_delivery_may_be_on_their_way_at_once(make: Callable[..., Hooks]) -> None:
    hooks = make(webhook_duplicate_share=1.0)
    hooks.network.meeting = threading.Barrier(2, timeout=20)
    hooks.webhooks.subscribe("ORDERS_UPDATED", {"uri": URI})
    hooks.tell()
    threads = [threading.Thread(target=hooks.webhooks.deliveries.deliver_due) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry["outcome"] for entry in hooks.log.read()] == [200, 200]


def test_without_disorder_a_subscription_hears_things_in_their_order(make: Callable[..., Hooks]) -> None:
    hooks = make()
    hooks.webhooks.subscribe("ORDERS_UPDATED", {"uri": URI})
    for number in range(20):
        hooks.tell(number=number)
    hooks.pass_time(0)
    assert [each.body for _, each in hooks.network.sent] == [b'{"id":%d}' % number for number in range(20)]


def test_a_share_of_deliveries_is_overtaken_also_by_other_topics(make: Callable[..., Hooks]) -> None:
    hooks = make(webhook_disorder_share=0.5)
    hooks.webhooks.subscribe("ORDERS_CREATE", {"uri": URI})
    hooks.webhooks.subscribe("ORDERS_UPDATED", {"uri": URI})
    for number in range(50):
        hooks.tell("orders/create", number)
        hooks.tell("orders/updated", number)
        hooks.pass_time(0)
    hooks.pass_time(FOUR_HOURS)
    first_heard: dict[bytes, str] = {}
    for _, each in hooks.network.sent:
        first_heard.setdefault(each.body, each.headers["X-Shopify-Topic"])
    assert len(hooks.network.sent) == 100
    assert list(first_heard.values()).count("orders/updated") >= 5


def test_an_overtaken_delivery_comes_also_when_nothing_overtakes_it(make: Callable[..., Hooks]) -> None:
    hooks = make(webhook_disorder_share=1.0)
    hooks.webhooks.subscribe("ORDERS_UPDATED", {"uri": URI})
    hooks.tell()
    hooks.pass_time(0)
    assert hooks.network.sent == []
    hooks.pass_time(2)
    assert hooks.network.topics == ["orders/updated"]


def test_the_same_seed_misbehaves_the_same_way_and_gives_the_same_ids(
    make: Callable[..., Hooks], tmp_path: Path
) -> None:
    def heard() -> list[tuple[str, bytes]]:
        hooks = make(webhook_loss_share=0.2, webhook_duplicate_share=0.2, webhook_disorder_share=0.2)
        hooks.webhooks.subscribe("ORDERS_UPDATED", {"uri": URI})
        for number in range(50):
            hooks.tell(number=number)
            hooks.pass_time(0)
        hooks.pass_time(FOUR_HOURS)
        (tmp_path / "webhooks.json").unlink()
        return [(each.headers["X-Shopify-Webhook-Id"], each.body) for _, each in hooks.network.sent]

    assert heard() == heard()


def test_an_address_nobody_listens_at_is_a_connection_error() -> None:
    assert HttpSender()(Delivery(1, "http://127.0.0.1:1/hooks", b"{}", {})) == "ConnectionError"


def test_an_answer_that_does_not_come_in_time_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks_delivery, "READ_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        delivery = Delivery(1, f"http://127.0.0.1:{silent.getsockname()[1]}/hooks", b"{}", {})
        assert HttpSender()(delivery) == "ReadTimeout"

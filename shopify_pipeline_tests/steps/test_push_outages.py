"""A back office that is slow, loses its answers or is down: what is looked up, what is sent again, when it is left.

Not here: what the Tryton adapter takes for which failure (``backoffice/test_tryton_adapter.py``).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.backoffice.protocol import Health, Order, Party, Result
from shopify_pipeline.config import Settings
from shopify_pipeline.errors import BackOfficeDownError, SlowAnswerError, TransientError
from shopify_pipeline.local.profiles import PROFILES
from shopify_pipeline.ops.status import status
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop, Item
from shopify_pipeline_tests.reconcile.company import CHART, GO_LIVE_ON
from shopify_pipeline_tests.reconcile.warehouse_rows import SHOP

PAUSES = "select until - since, message from ops.backoffice_pauses"


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    with connect(warehouse_dsn) as conn:
        yield AShop.opened(conn, tmp_path)


@pytest.fixture
def mug(shop: AShop) -> Item:
    return shop.item()


class TroubledOffice(JournalBackOffice):
    """The shop's journal behind a bad line.

    Attributes:
        sent: Names of the orders of every call that reached it.
        asked: Every call, by name, whether it reached the journal or not.
    """

    def __init__(self, shop: AShop) -> None:
        super().__init__(shop.folder / "journal.jsonl", CHART)
        self.sent: list[list[str]] = []
        self.asked: list[str] = []
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None
        self.is_down = False

    def reach(self, call: str) -> None:
        self.asked.append(call)
        if self.is_down:
            raise TransientError("the connection to the back office broke")

    def health(self, shop: str) -> Health:
        self.reach("health")
        return super().health(shop)

    def known(self, shop: str, resource: str, external_ids: Sequence[str]) -> dict[str, str]:
        self.reach("known")
        return super().known(shop, resource, external_ids)

    def push_parties(self, shop: str, parties: Sequence[Party]) -> list[Result]:
        self.reach("push_parties")
        return super().push_parties(shop, parties)

    def push_orders(self, shop: str, orders: Sequence[Order]) -> list[Result]:
        self.reach("push_orders")
        self.before()
        self.sent.append([order.name for order in orders])
        results = super().push_orders(shop, orders)
        self.after()
        return results


def once(error: Exception) -> Callable[[], None]:
    """Fail the first time."""
    left = [error]

    def fail() -> None:
        if left:
            raise left.pop()

    return fail


def is_dirty(shop: AShop) -> bool:
    return shop.sql("select exists (select from ops.dirty where resource = 'orders')") == [(True,)]


def test_an_order_whose_answer_was_lost_is_found_in_the_books_and_not_sent_again(shop: AShop, mug: Item) -> None:
    shop.order((mug, 1, "10.00"))
    office = TroubledOffice(shop)
    office.after = once(SlowAnswerError("the back office did not answer in time"))
    pushed = shop.push(backoffice=office)
    assert pushed.counts["orders"] == {"created": 1, "unchanged": 0}
    assert office.sent == [["#1001"]]
    assert len(shop.journal.documents(SHOP)) == 1
    assert not is_dirty(shop)


def test_what_the_books_do_not_know_after_a_time_out_is_sent_again_once_the_server_had_time_to_finish(
    shop: AShop, mug: Item
) -> None:
    shop.order((mug, 1, "10.00"))
    office = TroubledOffice(shop)
    office.before = once(SlowAnswerError("the back office did not answer in time"))
    began = shop.clock.slept_seconds
    assert shop.push(backoffice=office).documents == 1
    assert office.asked[-6:] == ["push_orders", "known", "known", "known", "known", "push_orders"]
    assert shop.clock.slept_seconds > began
    assert len(shop.journal.documents(SHOP)) == 1


def test_a_server_that_books_the_batch_while_it_is_waited_for_is_not_sent_it_again(shop: AShop, mug: Item) -> None:
    shop.order((mug, 1, "10.00"))

    class StillAtWork(TroubledOffice):
        """Answers nobody, and commits when it is looked into for the third time."""

        late: Sequence[Order] = ()

        def push_orders(self, name: str, orders: Sequence[Order]) -> list[Result]:
            self.late = orders
            raise SlowAnswerError("the back office did not answer in time")

        def known(self, name: str, resource: str, external_ids: Sequence[str]) -> dict[str, str]:
            if self.asked.count("known") == 2:
                super().push_orders(name, self.late)
            return super().known(name, resource, external_ids)

    office = StillAtWork(shop)
    assert shop.push(backoffice=office).counts["orders"]["created"] == 1
    assert office.sent == [["#1001"]]
    assert len(shop.journal.documents(SHOP)) == 1


def test_of_a_batch_that_was_booked_in_part_only_the_rest_is_sent_again(shop: AShop, mug: Item) -> None:
    for number in (1, 2, 3):
        shop.order((mug, 1, "10.00"), at=NOON + timedelta(minutes=number), name=f"#{number}")

    class HalfDone(TroubledOffice):
        def push_orders(self, name: str, orders: Sequence[Order]) -> list[Result]:
            if self.sent:
                return super().push_orders(name, orders)
            super().push_orders(name, orders[:1])
            raise TransientError("the connection to the back office broke")

    office = HalfDone(shop)
    assert shop.push(backoffice=office).counts["orders"]["created"] == 3
    assert office.sent == [["#1"], ["#2", "#3"]]
    assert len(shop.journal.documents(SHOP)) == 3


def test_an_older_state_of_an_order_in_the_books_is_no_proof_that_the_new_one_arrived(shop: AShop, mug: Item) -> None:
    order = shop.order((mug, 2, "20.00"))
    shop.push()
    shop.refund(order, NOON + timedelta(hours=1), units=1, net="10.00", money="10.50", restock="NO_RESTOCK")
    office = TroubledOffice(shop)
    office.before = once(TransientError("the connection to the back office broke"))
    assert shop.push(backoffice=office).counts["orders"]["updated"] == 1
    assert len(shop.journal.documents(SHOP)) == 2


def test_after_three_failures_in_a_row_nobody_is_asked_until_the_pause_is_over(shop: AShop, mug: Item) -> None:
    shop.order((mug, 1, "10.00"))
    office = TroubledOffice(shop)
    office.is_down = True
    with pytest.raises(BackOfficeDownError, match=r"broke; the back office is left alone until \d\d:\d\d:\d\d UTC"):
        shop.push(backoffice=office)
    assert office.asked.count("push_parties") == 1
    assert office.asked.count("known") == 2
    assert shop.sql(PAUSES) == [(timedelta(seconds=60), "the connection to the back office broke")]
    assert is_dirty(shop)

    office.asked.clear()
    office.is_down = False
    resting = shop.push(backoffice=office)
    assert resting.paused_until is not None
    assert resting.totals() == {}
    assert office.asked == []

    shop.clock.sleep(61)
    assert shop.push(backoffice=office).counts["orders"]["created"] == 1
    assert office.asked[0] == "health"
    assert shop.sql(PAUSES) == []
    assert not is_dirty(shop)


def test_a_back_office_that_is_still_down_after_the_pause_is_asked_once_and_left_alone_again(
    shop: AShop, mug: Item
) -> None:
    shop.order((mug, 1, "10.00"))
    office = TroubledOffice(shop)
    office.is_down = True
    with pytest.raises(BackOfficeDownError):
        shop.push(backoffice=office)
    shop.clock.sleep(61)
    office.asked.clear()
    with pytest.raises(BackOfficeDownError):
        shop.push(backoffice=office)
    assert office.asked == ["health"]
    ((length, _),) = shop.sql(PAUSES)
    assert length > timedelta(seconds=120), "the outage began with its first failure"
    assert shop.push(backoffice=office).paused_until is not None


def test_what_was_acknowledged_before_the_outage_stays_so(shop: AShop, mug: Item) -> None:
    for number in range(1, 16):
        shop.order((mug, 1, "10.00"), at=NOON + timedelta(minutes=number), name=f"#{number}")
    office = TroubledOffice(shop)

    def fall_over() -> None:
        office.is_down = bool(office.sent)
        if office.is_down:
            raise TransientError("the connection to the back office broke")

    office.before = fall_over
    with pytest.raises(BackOfficeDownError):
        shop.push(backoffice=office)
    assert shop.sql("select count(*) from backoffice.pushes where resource = 'orders'") == [(10,)]
    assert shop.sql("select count(*) from ops.dirty where resource = 'orders'") == [(5,)]
    assert len(shop.journal.documents(SHOP)) == 10


def test_a_tryton_that_is_not_there_stops_one_push_and_the_next_one_is_skipped_and_says_until_when(
    shop: AShop, mug: Item, warehouse_dsn: str, tmp_path: Path
) -> None:
    shop.order((mug, 1, "10.00"))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    settings = Settings(
        home=tmp_path,
        warehouse={"dsn": warehouse_dsn},
        tryton={"url": url, "password": "none"},
        shops={
            "one": {
                "domain": SHOP,
                "access_token": "none",
                "go_live_on": GO_LIVE_ON,
                "value_map": PROFILES["usd"].value_map,
            }
        },
    )
    pipeline = Pipeline(settings, SHOP, progress=lambda line: None, clock=shop.clock)

    with pytest.raises(BackOfficeDownError, match="cannot reach the back office at"):
        pipeline.push()
    until = shop.clock.now() + timedelta(seconds=60)
    resting = pipeline.push()

    assert resting is not None
    assert resting.paused_until == until
    assert shop.sql("select outcome from ops.stages where stage = 'push' order by stage_id") == [
        ("failed",),
        ("skipped",),
    ]
    assert shop.sql("select message from ops.stages where stage = 'push' and outcome = 'skipped'") == [
        (f"the back office is left alone until {until:%Y-%m-%d %H:%M:%S} UTC",)
    ]
    (paused,) = status(shop.conn, SHOP, shop.clock.now())["back_office_paused"]
    assert paused["until"] == until
    assert is_dirty(shop)

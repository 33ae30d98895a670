"""Counts on a real warehouse and a real journal: proposed only when nothing is pending, applied once, exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import msgspec
import pytest

from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.backoffice.mapping import Books
from shopify_pipeline.backoffice.protocol import StockCount
from shopify_pipeline.backoffice.value_map import Unmapped
from shopify_pipeline.config_sections import BackofficeSettings
from shopify_pipeline.steps import counts
from shopify_pipeline.steps.counts import Proposed
from shopify_pipeline.steps.push_sending import Sender
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop, Item
from shopify_pipeline_tests.reconcile.company import CHART, GO_LIVE_ON, NOW, VALUE_MAP, ZONE
from shopify_pipeline_tests.reconcile.warehouse_rows import SHOP

MAP = msgspec.structs.replace(VALUE_MAP, accounts={**VALUE_MAP.accounts, "count_differences": "6200"})
LAG = timedelta(hours=1)


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    chart = msgspec.structs.replace(CHART, accounts=CHART.accounts | {"6200"})
    with connect(warehouse_dsn) as conn:
        shop = AShop.opened(conn, tmp_path)
        shop.journal = JournalBackOffice(tmp_path / "journal.jsonl", chart)
        yield shop


@pytest.fixture
def mug(shop: AShop) -> Item:
    """A variant with 100 units in Brooklyn; the books have them, and then two are found to be gone."""
    mug = shop.item()
    shop.order((mug, 1, "10.00"))
    shop.push()
    levels_were_read(shop)
    shop.sql("update shopify.inventory_levels set on_hand = 98")
    shop.snapshot()
    return mug


def levels_were_read(shop: AShop, before: timedelta = timedelta(0)) -> None:
    shop.sql(
        "insert into ops.cursors (shop, stream, cursor_at, load_id) "
        "select shop, 'inventory', %(at)s, load_id from ops.loads limit 1",
        at=NOW - before,
    )


def proposed(shop: AShop) -> Proposed:
    return counts.propose(
        shop.conn, shop=SHOP, value_map=MAP, books=Books(GO_LIVE_ON, ZoneInfo(ZONE)), lag=LAG, clock=shop.clock
    )


def applied(shop: AShop) -> dict[str, int]:
    sender = Sender(shop.conn, shop.journal, shop=SHOP, clock=shop.clock, rng=Random(7), limits=BackofficeSettings())
    return counts.apply(
        shop.conn,
        shop.journal,
        shop=SHOP,
        sender=sender,
        who="Ada",
        clock=shop.clock,
        progress=shop.lines.append,
    )


def rows(shop: AShop) -> list[tuple[object, ...]]:
    return shop.sql(
        "select product, location, shop_quantity, backoffice_quantity, account, status, decided_by "
        "from backoffice.count_proposals order by external_id"
    )  # type: ignore[return-value]


def stock(shop: AShop) -> list[Decimal]:
    return [row.quantity for row in shop.journal.stock(SHOP)]


def test_a_difference_is_proposed_with_its_reason_account_and_nothing_is_booked(shop: AShop, mug: Item) -> None:
    found = proposed(shop)
    assert [each.pending for each in (*found.proposed, *found.pending)] == [None]
    assert rows(shop) == [(str(mug.variant_id), "EAST", 98, 100, "6200", "proposed", None)]
    assert stock(shop) == [Decimal(100)]


def test_a_proposal_is_applied_once_by_somebody_with_a_name(shop: AShop, mug: Item) -> None:
    proposed(shop)
    assert applied(shop) == {"created": 1}
    assert applied(shop) == {}
    assert stock(shop) == [Decimal(98)]
    assert rows(shop) == [(str(mug.variant_id), "EAST", 98, 100, "6200", "applied", "Ada")]
    (name,) = shop.sql("select external_id from backoffice.pushes where external_id like 'count/%%'")
    assert name == (f"count/{mug.item_id}/EAST/2026-11-20",)
    shop.snapshot()
    assert proposed(shop) == Proposed(proposed=[], pending=[])


def test_a_second_difference_on_the_day_of_a_count_waits_for_another_day(shop: AShop, mug: Item) -> None:
    proposed(shop)
    applied(shop)
    shop.sql("update shopify.inventory_levels set on_hand = 97")
    shop.snapshot()
    today = proposed(shop)
    assert ([*today.proposed], [each.pending for each in today.pending]) == ([], ["it was counted today already"])
    shop.clock.sleep(timedelta(days=1).total_seconds())
    assert [(each.shop_quantity, each.pending) for each in proposed(shop).proposed] == [(97, None)]


def test_where_both_sides_agree_there_is_nothing(shop: AShop, mug: Item) -> None:
    shop.sql("update shopify.inventory_levels set on_hand = 100")
    assert proposed(shop) == Proposed(proposed=[], pending=[])


def not_pushed(shop: AShop, mug: Item) -> None:
    shop.sql("insert into ops.dirty select shop, 'orders', order_id::text, 1, now() from shopify.orders")


def not_taken(shop: AShop, mug: Item) -> None:
    shop.sql("update backoffice.pushes set outcome = 'rejected' where resource = 'orders'")


def withheld(shop: AShop, mug: Item) -> None:
    shop.sql(
        "insert into ops.quarantine "
        "(shop, stream, root_type, root_id, rule, path, message, raw, load_id, quarantined_at) "
        "select shop, 'orders', 'Order', '1', 'r', 'p', 'm', '', load_id, now() from ops.loads limit 1"
    )


def moved_just_now(shop: AShop, mug: Item) -> None:
    shop.sql("update shopify.inventory_levels set updated_at = %(at)s", at=NOW - timedelta(minutes=30))


def sold_just_now(shop: AShop, mug: Item) -> None:
    shop.sql("update shopify.orders set updated_at = %(at)s", at=NOW - timedelta(minutes=30))


def levels_read_too_early(shop: AShop, mug: Item) -> None:
    shop.sql("update ops.cursors set cursor_at = %(at)s where stream = 'inventory'", at=NOON - timedelta(minutes=1))


def orders_read_too_early(shop: AShop, mug: Item) -> None:
    shop.sql("update shopify.inventory_levels set updated_at = %(at)s", at=NOON)
    shop.sql("update ops.cursors set cursor_at = %(at)s where stream = 'orders'", at=NOON - timedelta(minutes=1))


def books_read_too_early(shop: AShop, mug: Item) -> None:
    shop.sql("update backoffice.pushes set pushed_at = %(at)s", at=NOW + timedelta(minutes=1))


def not_opened(shop: AShop, mug: Item) -> None:
    shop.sql("delete from backoffice.pushes where external_id like 'opening/%%'")


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (not_pushed, "an order of it is not pushed"),
        (not_taken, "an order of it was not taken"),
        (withheld, "an order or a level is in quarantine"),
        (moved_just_now, "it moved a while ago only"),
        (sold_just_now, "it moved a while ago only"),
        (levels_read_too_early, "levels were not read since it moved"),
        (orders_read_too_early, "orders were not read since it moved"),
        (books_read_too_early, "the back office was not read since the last push"),
        (not_opened, "its opening count is not booked"),
    ],
    ids=lambda case: case.__name__ if callable(case) else "",
)
def test_while_something_is_pending_there_is_no_proposal_and_one_that_stood_is_withdrawn(
    shop: AShop, mug: Item, happens: Callable[[AShop, Item], None], why: str
) -> None:
    proposed(shop)
    happens(shop, mug)
    found = proposed(shop)
    assert ([*found.proposed], [each.pending for each in found.pending]) == ([], [why])
    assert [row[5] for row in rows(shop)] == ["withdrawn"]
    assert applied(shop) == {}


def test_a_count_of_books_that_moved_on_is_not_taken_and_says_why(shop: AShop, mug: Item) -> None:
    """Another count was booked between the snapshot and the application: its difference would be counted twice."""
    proposed(shop)
    other = StockCount(
        external_id="count/by-hand",
        product=str(mug.variant_id),
        location="EAST",
        quantity=99,
        counted_on=date(2026, 11, 20),
        was=100,
    )
    shop.journal.push_stock_counts(SHOP, [other])
    assert applied(shop) == {"rejected": 1}
    assert stock(shop) == [Decimal(99)]
    assert [(row[5], row[6]) for row in rows(shop)] == [("proposed", None)]
    (reason,) = shop.sql("select reason from backoffice.count_proposals")
    assert "99 units are on hand, not 100" in reason[0]


def test_without_an_account_for_differences_nothing_is_proposed(shop: AShop, mug: Item) -> None:
    with pytest.raises(Unmapped, match="count_differences"):
        counts.propose(
            shop.conn,
            shop=SHOP,
            value_map=VALUE_MAP,
            books=Books(GO_LIVE_ON, ZoneInfo(ZONE)),
            lag=LAG,
            clock=shop.clock,
        )

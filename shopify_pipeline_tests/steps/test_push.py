"""The push on a real warehouse and a real journal: everything once, nothing forgotten, whatever happens in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.backoffice.protocol import Order, Result
from shopify_pipeline.failpoints import KILL_AT, Failpoint
from shopify_pipeline.steps.repair import repair
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop, Item, Placed
from shopify_pipeline_tests.reconcile.company import CHART, VALUE_MAP
from shopify_pipeline_tests.reconcile.warehouse_rows import BEFORE, SHOP, orders_were_read


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    with connect(warehouse_dsn) as conn:
        yield AShop.opened(conn, tmp_path)


@pytest.fixture
def mug(shop: AShop) -> Item:
    return shop.item()


class CountingOffice(JournalBackOffice):
    """Remembers which orders were sent, call by call."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, CHART)
        self.calls: list[list[str]] = []

    def push_orders(self, shop: str, orders: Sequence[Order]) -> list[Result]:
        self.calls.append([order.name for order in orders])
        return super().push_orders(shop, orders)


def dirty(shop: AShop) -> list[tuple[str, str]]:
    return shop.sql("select resource, external_id from ops.dirty order by 1, 2")  # type: ignore[return-value]


def test_everything_an_order_needs_comes_with_it_and_the_dirty_set_is_empty(shop: AShop, mug: Item) -> None:
    customer_id = 901
    shop.add("customers", customer_id=customer_id, display_name="Ada Customer", updated_at=BEFORE)
    order = shop.order((mug, 2, "20.00"), customer_id=customer_id)
    shop.order((mug, 1, "10.00"), name="#1002")
    shop.ship(order, NOON, [2])
    pushed = shop.push()
    assert pushed.counts["parties"] == {"created": 2, "unchanged": 0}
    assert pushed.counts["products"] == {"created": 1, "unchanged": 0}
    assert pushed.counts["stock_counts"] == {"created": 1, "unchanged": 0}
    assert pushed.counts["orders"] == {"created": 2, "unchanged": 0}
    assert pushed.documents == 2
    assert dirty(shop) == []
    (stock,) = shop.journal.stock(SHOP)
    assert (stock.product, stock.location, stock.quantity) == (str(mug.variant_id), "EAST", Decimal(98))


def test_a_second_push_sends_nothing_and_a_changed_order_sends_itself_alone(shop: AShop, mug: Item) -> None:
    first = shop.order((mug, 2, "20.00"))
    shop.order((mug, 1, "10.00"), name="#1002")
    shop.push()
    office = CountingOffice(shop.folder / "journal.jsonl")
    assert shop.push(backoffice=office).totals() == {}
    shop.touch(first.order_id, NOON)
    assert shop.push(backoffice=office).totals() == {
        "orders.unchanged": 1,
        "parties.unchanged": 1,
        "products.unchanged": 1,
    }
    assert office.calls == []
    shop.refund(first, NOON + timedelta(hours=1), units=1, net="10.00", money="10.50", restock="NO_RESTOCK")
    assert shop.push(backoffice=office).documents == 1
    assert office.calls == [["#1001"]]


def test_orders_are_sent_oldest_first_in_batches(shop: AShop, mug: Item) -> None:
    for number in range(1, 26):
        shop.order((mug, 1, "10.00"), at=NOON - timedelta(hours=number), name=f"#{number}")
    office = CountingOffice(shop.folder / "other.jsonl")
    shop.push(backoffice=office)
    assert [len(call) for call in office.calls] == [10, 10, 5]
    assert [name for call in office.calls for name in call] == [f"#{number}" for number in range(25, 0, -1)]


def test_the_first_push_finds_what_is_owed_even_when_nothing_is_marked(shop: AShop, mug: Item) -> None:
    shop.order((mug, 1, "10.00"))
    shop.sql("delete from ops.dirty")
    assert shop.push().counts["orders"]["created"] == 1


def test_what_is_not_in_the_books_is_dropped_and_counted(shop: AShop, mug: Item) -> None:
    shop.order((mug, 1, "10.00"), at=BEFORE, name="#900")
    shop.order((mug, 1, "10.00"), name="#901", is_test=True)
    pushed = shop.push()
    assert pushed.out_of_scope == 2
    assert shop.journal.orders(SHOP) == []
    assert dirty(shop) == []


def test_an_order_changed_while_it_is_pushed_stays_dirty(shop: AShop, mug: Item, warehouse_dsn: str) -> None:
    order = shop.order((mug, 1, "10.00"))

    class BusyShopOffice(JournalBackOffice):
        """The shop goes on selling while the back office works."""

        def push_orders(self, name: str, orders: Sequence[Order]) -> list[Result]:
            with connect(warehouse_dsn) as other:
                other.execute("update ops.dirty set seq = nextval('ops.dirty_seq')")
            return super().push_orders(name, orders)

    shop.push(backoffice=BusyShopOffice(shop.folder / "journal.jsonl", CHART))
    assert dirty(shop) == [("orders", str(order.order_id))]


@pytest.mark.parametrize("place", [Failpoint.PUSH_MID_BATCH, Failpoint.PUSH_BEFORE_ACKNOWLEDGE])
def test_a_push_that_is_killed_is_finished_by_the_next_one(
    shop: AShop, mug: Item, warehouse_dsn: str, place: Failpoint
) -> None:
    for number in range(1, 16):
        shop.order((mug, 1, "10.00"), at=NOON + timedelta(minutes=number), name=f"#{number}")
    script = (
        "import sys; from pathlib import Path; from shopify_pipeline.warehouse.connect import connect\n"
        "from shopify_pipeline_tests.reconcile.a_shop import AShop\n"
        "with connect(sys.argv[1]) as conn: AShop(conn, Path(sys.argv[2])).push()\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", script, warehouse_dsn, str(shop.folder)],
        env={**os.environ, KILL_AT: place.value, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
        capture_output=True,
        timeout=120,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    shop.push()
    assert sorted(int(order.order_id) for order in shop.journal.orders(SHOP)) == [
        row[0] for row in shop.sql("select order_id from shopify.orders order by 1")
    ]
    assert len(shop.journal.documents(SHOP)) == 15
    assert shop.journal.counts(SHOP)["stock_counts"] == 1
    assert dirty(shop) == []


def test_a_refused_order_keeps_its_reason_leaves_the_others_alone_and_is_tried_again(shop: AShop, mug: Item) -> None:
    shop.order((mug, 1, "10.00"))
    refused = shop.order((None, 1, "5.00"), name="#1002", gateway="klarna")
    pushed = shop.push()
    assert (pushed.counts["orders"]["created"], pushed.rejected) == (1, 1)
    assert dirty(shop) == []
    assert shop.sql("select external_id, outcome, reason from backoffice.pushes where outcome = 'rejected'") == [
        (str(refused.order_id), "rejected", "no code for gateway 'klarna': add it to [gateways] of value_map.toml")
    ]
    mapped = msgspec.structs.replace(VALUE_MAP, gateways={**VALUE_MAP.gateways, "klarna": "1110"})
    assert shop.push(value_map=mapped).counts["orders"] == {"created": 1, "unchanged": 0}
    assert shop.sql("select count(*) from backoffice.pushes where outcome = 'rejected'") == [(0,)]


def left_the_books(shop: AShop, order: Placed) -> None:
    shop.sql("update shopify.orders set is_test = true where order_id = %(id)s", id=order.order_id)


def owes_nothing(shop: AShop, order: Placed) -> None:
    """Nothing of it is of the shop's days, but a sale of nothing that is."""
    shop.sql(
        "update shopify.order_agreements set happened_at = %(at)s where order_id = %(id)s",
        at=BEFORE,
        id=order.order_id,
    )
    shop.sql("delete from shopify.order_transactions where order_id = %(id)s", id=order.order_id)
    shop.ship(order, NOON, [0])


@pytest.mark.parametrize("happens", [left_the_books, owes_nothing])
@pytest.mark.parametrize("is_marked", [True, False])
def test_an_order_that_was_refused_and_is_owed_no_more_is_not_refused_any_more(
    shop: AShop, mug: Item, happens: Callable[[AShop, Placed], None], is_marked: bool
) -> None:
    refused = shop.order((None, 1, "5.00"), gateway="klarna")
    assert shop.push().rejected == 1
    happens(shop, refused)
    shop.sql("delete from ops.dirty")
    if is_marked:
        shop.touch(refused.order_id, NOON)
    assert shop.push().rejected == 0
    assert shop.sql("select outcome from backoffice.pushes where resource = 'orders'") == []
    assert dirty(shop) == []


def test_guests_share_one_party_and_a_withheld_customer_is_called_by_its_number(shop: AShop, mug: Item) -> None:
    shop.order((mug, 1, "10.00"))
    shop.order((mug, 1, "10.00"), name="#1002", customer_id=902)
    assert shop.push().counts["parties"]["created"] == 2
    assert shop.sql("select external_id from backoffice.pushes where resource = 'parties' order by 1") == [
        ("902",),
        ("guest",),
    ]
    shop.add("customers", customer_id=902, display_name="Ada Customer", updated_at=BEFORE)
    shop.dirty("customers", 902)
    shop.dirty("customers", 903)
    assert shop.push().counts["parties"] == {"updated": 1, "unchanged": 0}


def test_a_product_of_two_variants_with_one_sku_gets_two_codes(shop: AShop) -> None:
    first, second = shop.item("MUG"), shop.item("MUG")
    shop.order((first, 1, "10.00"), (second, 1, "10.00"))
    assert shop.push().counts["products"]["created"] == 2


def test_opening_stock_is_what_was_there_before_the_books_began(shop: AShop, mug: Item) -> None:
    old = shop.order((mug, 8, "80.00"), at=BEFORE)
    shop.ship(old, BEFORE + timedelta(hours=1), [3])
    shop.ship(old, NOON, [4])
    shop.refund(old, NOON + timedelta(hours=1), units=2, net="20.00", money="21.00")
    assert shop.sql("select on_hand from shopify.inventory_levels") == [(95,)]
    shop.push()
    (count,) = shop.sql("select external_id from backoffice.pushes where resource = 'stock_counts'")
    assert count[0].startswith("opening/")
    (stock,) = shop.journal.stock(SHOP)
    assert stock.quantity == Decimal(95)
    (order,) = shop.journal.orders(SHOP)
    assert order.on == date(2026, 11, 2)


def test_units_of_before_the_books_that_never_left_after_all_are_back_once(shop: AShop, mug: Item) -> None:
    old = shop.order((mug, 8, "80.00"), at=BEFORE)
    shop.ship(old, BEFORE + timedelta(hours=1), [3])
    cancelled_at = NOON + timedelta(days=1)
    shop.sql("update shopify.fulfillments set status = 'CANCELLED', updated_at = %(at)s", at=cancelled_at)
    shop.sql("update shopify.order_lines set unfulfilled_quantity = 8")
    shop.sql("update shopify.inventory_levels set on_hand = 100, updated_at = %(at)s", at=cancelled_at)
    shop.touch(old.order_id, cancelled_at)
    shop.push()
    assert [(move.resource, move.on, move.quantity) for move in shop.journal.movements(SHOP)] == [
        ("stock_counts", date(2026, 11, 9), 97),
        ("restocks", date(2026, 11, 13), 3),
    ]


def test_a_shipment_the_level_does_not_know_of_yet_is_not_counted_twice(shop: AShop, mug: Item) -> None:
    """Levels are read before orders: the order may ship in between."""
    order = shop.order((mug, 5, "50.00"))
    shop.ship(order, NOON, [5])
    shop.sql("update shopify.inventory_levels set on_hand = 100, updated_at = %(at)s", at=BEFORE)
    shop.push()
    (stock,) = shop.journal.stock(SHOP)
    assert stock.quantity == Decimal(95)


def test_stock_is_not_opened_before_every_order_that_moved_it_is_known(shop: AShop, mug: Item) -> None:
    """A count is booked once: an order read or released later would be taken out of it a second time."""
    orders_were_read(shop.conn, SHOP, BEFORE - timedelta(days=1))
    shop.push()
    assert shop.journal.stock(SHOP) == []

    orders_were_read(shop.conn, SHOP, NOON + timedelta(days=30))
    (load_id,) = shop.sql("select max(load_id) from ops.loads")[0]
    shop.sql(
        "insert into ops.quarantine "
        "(shop, stream, root_type, root_id, rule, path, message, raw, load_id, quarantined_at) "
        "values (%(shop)s, 'orders', 'Order', '9', 'wrong_type', '$', '', '', %(load_id)s, now())",
        load_id=load_id,
    )
    shop.push()
    assert shop.journal.stock(SHOP) == []

    shop.sql("update ops.quarantine set released_at = now()")
    shop.push()
    assert len(shop.journal.stock(SHOP)) == 1


def test_stock_is_opened_once_whatever_the_shop_counts_later(shop: AShop, mug: Item) -> None:
    shop.push()
    shop.sql("update shopify.inventory_levels set on_hand = 7")
    shop.dirty("inventory_levels", 1)
    shop.push()
    (stock,) = shop.journal.stock(SHOP)
    assert stock.quantity == Decimal(100)
    assert dirty(shop) == []


def test_untracked_items_and_unmapped_locations_have_no_stock_in_the_books(shop: AShop) -> None:
    untracked = shop.item("GIFT", is_tracked=False)
    shop.order((untracked, 1, "10.00"))
    shop.item("MUG")
    unmapped = msgspec.structs.replace(VALUE_MAP, locations={"Oakland": "WEST"})
    pushed = shop.push(value_map=unmapped)
    assert "stock_counts" not in pushed.counts
    assert pushed.rejected == 0


def test_a_repair_brings_back_an_order_the_back_office_has_lost(shop: AShop, mug: Item) -> None:
    order = shop.order((mug, 1, "10.00"))
    shop.push()
    journal = shop.folder / "journal.jsonl"
    kept = [line for line in journal.read_bytes().splitlines(keepends=True) if str(order.order_id).encode() not in line]
    journal.write_bytes(b"".join(kept))
    shop.journal = JournalBackOffice(journal, CHART)
    shop.snapshot()
    shop.count()
    shop.reconcile()
    ((lost,),) = shop.sql("select break_id from recon.breaks where rule = 'O1'")
    assert shop.push().totals() == {}
    assert repair(shop.conn, shop=SHOP, break_ids=[lost], who="controller", clock=shop.clock) == [
        f"orders/{order.order_id}"
    ]
    assert shop.push().counts["orders"]["created"] == 1
    shop.snapshot()
    shop.reconcile()
    assert shop.breaks() == []

"""The break ledger: a difference has one life, from its first sighting to its closing, and nothing is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shopify_pipeline.errors import PermanentError
from shopify_pipeline.reconcile.ledger import break_id
from shopify_pipeline.steps.repair import repair
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop, Placed
from shopify_pipeline_tests.reconcile.company import NOW
from shopify_pipeline_tests.reconcile.warehouse_rows import SHOP

TABLES = ("orders", "documents", "payments", "ledger")


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    with connect(warehouse_dsn) as conn:
        yield AShop.opened(conn, tmp_path)


@pytest.fixture
def order(shop: AShop) -> Placed:
    """An order that is pushed, read back and counted."""
    placed = shop.order((shop.item(), 1, "10.00"))
    shop.push()
    shop.snapshot()
    shop.count()
    return placed


def run(shop: AShop) -> tuple[object, ...]:
    """Reconcile an hour later and give the one break's life."""
    shop.clock.sleep(3600)
    shop.reconcile()
    ((status, seen, first, last, closed),) = shop.sql(
        "select status, runs_seen, first_seen, last_seen, closed_at from recon.breaks"
    )
    return status, seen, first, last, closed


def lose(shop: AShop) -> None:
    for table in TABLES:
        shop.sql(f"delete from backoffice.{table}")


def test_a_break_opens_ages_closes_and_opens_again(shop: AShop, order: Placed) -> None:
    lose(shop)
    hours = [NOW + timedelta(hours=hour) for hour in range(5)]
    assert run(shop) == ("open", 1, hours[1], hours[1], None)
    assert run(shop) == ("open", 2, hours[1], hours[2], None)
    shop.snapshot()
    assert run(shop) == ("closed", 2, hours[1], hours[2], hours[3])
    lose(shop)
    assert run(shop) == ("open", 3, hours[1], hours[4], None)
    assert shop.sql("select since from recon.breaks") == [(NOON,)]


def test_an_accepted_break_stays_accepted_until_it_says_something_else(shop: AShop, order: Placed) -> None:
    shop.sql("update backoffice.documents set total = total + 0.01")
    run(shop)
    shop.sql("update recon.breaks set status = 'accepted', accepted_by = 'controller', accepted_because = 'one cent'")
    result = shop.reconcile()
    assert result.open_breaks == 0
    assert run(shop)[0] == "accepted"
    shop.sql("update backoffice.documents set total = total + 100")
    assert run(shop)[0] == "open"


def test_a_break_in_transit_becomes_a_break_of_its_class_when_its_time_is_up(shop: AShop, order: Placed) -> None:
    lose(shop)
    shop.count(as_of=NOON + timedelta(minutes=30))
    assert shop.reconcile().by_class == {"in_transit": 1}
    ((repair_text, first_id),) = shop.sql("select proposed_repair, break_id from recon.breaks")
    assert repair_text == "wait: it is younger than the lag"
    shop.count(as_of=NOON + timedelta(hours=2))
    assert shop.reconcile().by_class == {"missing_backoffice": 1}
    assert shop.sql("select proposed_repair, break_id from recon.breaks") == [("push the order again", first_id)]


def test_the_key_of_a_break_tells_rule_shop_entity_and_part_apart() -> None:
    parts = ("O1", SHOP, "orders/1", "a")
    keys = {break_id(*parts)}
    for place in range(4):
        changed = [*parts]
        changed[place] += "x"
        keys.add(break_id(*changed))
    keys.add(break_id("O1", SHOP, "orders/1a", ""))
    assert len(keys) == 6


def test_a_run_is_written_down_with_what_each_rule_compared(shop: AShop, order: Placed) -> None:
    lose(shop)
    result = shop.reconcile()
    ((as_of, rules),) = shop.sql("select as_of, rules from recon.runs where run_id = %(id)s", id=result.run_id)
    assert as_of == NOW
    assert rules["O1"] == {"checked": 1, "found": 1}
    assert rules["O3"] == {"checked": 0, "found": 0}


def test_breaks_of_another_shop_are_left_alone(shop: AShop, order: Placed) -> None:
    lose(shop)
    shop.reconcile()
    shop.sql("update recon.breaks set shop = 'other.myshopify.com', break_id = 'other'")
    shop.snapshot()
    shop.reconcile()
    assert shop.breaks() == [("O1", "missing_backoffice", f"orders/{order.order_id}", "")]


def test_nothing_is_judged_before_both_sides_have_been_read(shop: AShop) -> None:
    shop.count()
    with pytest.raises(PermanentError, match="take a census and a snapshot first"):
        shop.reconcile()
    assert shop.sql("select count(*) from recon.runs") == [(0,)]


def test_only_open_breaks_about_orders_can_be_repaired_by_pushing(shop: AShop, order: Placed) -> None:
    shop.sql("update backoffice.stock set quantity = 0")
    lose(shop)
    shop.reconcile()
    ids = [row[0] for row in shop.sql("select break_id from recon.breaks")]
    assert len(ids) == 2
    assert repair(shop.conn, shop=SHOP, break_ids=ids, clock=shop.clock) == [str(order.order_id)]
    shop.snapshot()
    shop.reconcile()
    assert repair(shop.conn, shop=SHOP, break_ids=ids, clock=shop.clock) == []

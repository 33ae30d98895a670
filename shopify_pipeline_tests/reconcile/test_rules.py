"""Each rule finds the error it is there for, and says nothing when there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from shopify_pipeline.reconcile.rules import FOLDER, rules
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop, Item, Placed
from shopify_pipeline_tests.reconcile.company import NOW
from shopify_pipeline_tests.reconcile.warehouse_rows import BEFORE, SHOP

#: What the shop of these tests has nothing of: tried in tests of their own.
NOT_HERE = {"F4", "G2", "O11", "P4", "Y1", "Y2", "Y3", "Y4", "Y5", "Y7"}


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    with connect(warehouse_dsn) as conn:
        yield AShop.opened(conn, tmp_path)


@pytest.fixture
def mug(shop: AShop) -> Item:
    return shop.item()


@pytest.fixture
def first(shop: AShop, mug: Item) -> Placed:
    """An order of 31.50 with a shipment, and a refund of one unit that came back."""
    order = shop.order((mug, 3, "30.00"))
    shop.ship(order, NOON + timedelta(hours=1), [3])
    shop.refund(order, NOON + timedelta(hours=2), units=1, net="10.00", money="10.50")
    return order


@pytest.fixture
def second(shop: AShop, mug: Item) -> Placed:
    """An order that looks exactly like the first one before its refund."""
    return shop.order((mug, 3, "30.00"), name="#1002")


@pytest.fixture
def agreeing(shop: AShop, first: Placed, second: Placed) -> AShop:
    """Everything pushed, read back and counted: nothing differs."""
    shop.push()
    shop.snapshot()
    shop.count()
    return shop


def found(shop: AShop) -> list[tuple[str, str, str, str]]:
    shop.reconcile()
    return shop.breaks()


def test_no_rule_finds_anything_when_all_agree_and_every_rule_compared_something(agreeing: AShop) -> None:
    result = agreeing.reconcile()
    assert agreeing.breaks() == []
    assert result.open_breaks == 0
    assert {name for name, number in result.checked.items() if not number} == NOT_HERE


def test_one_unit_too_few_on_the_shelf_is_found(agreeing: AShop, mug: Item) -> None:
    agreeing.sql("update backoffice.stock set quantity = quantity - 1")
    assert found(agreeing) == [("I1", "quantity_mismatch", f"variants/{mug.variant_id}", "EAST")]
    assert agreeing.sql("select difference, expected, actual from recon.breaks") == [(Decimal(-1), "98", "97")]


def test_a_fact_younger_than_the_lag_is_in_transit_and_an_older_one_is_a_break(shop: AShop, mug: Item) -> None:
    shop.push()
    young = shop.order((mug, 1, "10.00"), at=NOW - timedelta(minutes=59), name="#1007")
    old = shop.order((mug, 1, "10.00"), at=NOW - timedelta(minutes=61), name="#1006")
    shop.snapshot()
    shop.count()
    result = shop.reconcile()
    rows = shop.breaks()
    assert [row for row in rows if row[0] == "O1"] == [
        ("O1", "in_transit", f"orders/{young.order_id}", ""),
        ("O1", "missing_backoffice", f"orders/{old.order_id}", ""),
    ]
    # Sums they are part of are as young as the newest of their facts.
    assert {kind for rule, kind, _, _ in rows if rule != "O1"} == {"in_transit"}
    assert (result.open_breaks, result.by_rule) == (1, {"O1": 1})


def test_orders_of_other_shops_test_orders_and_facts_before_go_live_are_nobodys_business(
    agreeing: AShop, mug: Item
) -> None:
    agreeing.order((mug, 1, "10.00"), at=BEFORE, name="#900")
    agreeing.order((mug, 1, "10.00"), name="#901", is_test=True)
    agreeing.sql("insert into backoffice.orders values ('other.myshopify.com', 'sale/1', 5, 'done', null)")
    agreeing.count()
    assert found(agreeing) == []


def test_an_old_order_is_in_the_books_from_its_first_fact_after_go_live(shop: AShop, mug: Item) -> None:
    order = shop.order((mug, 3, "30.00"), at=BEFORE)
    shop.ship(order, BEFORE + timedelta(hours=1), [3])
    shop.refund(order, NOON, units=1, net="10.00", money="10.50")
    shop.push()
    shop.snapshot()
    shop.count()
    assert found(shop) == []
    assert shop.sql("select sum(total), count(*) from backoffice.documents") == [(Decimal("-10.50"), 1)]
    assert shop.sql("select quantity from backoffice.stock") == [(Decimal(98),)]


@pytest.mark.parametrize("units", [0, 1], ids=["money only", "one unit back"])
def test_a_pending_refund_agrees_before_and_after_it_settles(shop: AShop, mug: Item, units: int) -> None:
    order = shop.order((mug, 3, "30.00"))
    shop.ship(order, NOON, [3])
    adjustment = None if units else "-5.00"
    money = "10.50" if units else "5.00"
    refund_id, _ = shop.refund(
        order, NOON + timedelta(hours=2), units=units, net="10.00", money=money, adjustment=adjustment, status="PENDING"
    )
    for settled in (False, True):
        if settled:
            shop.settle_refund(order, refund_id, NOON + timedelta(hours=5))
        assert shop.push().rejected == 0
        shop.snapshot()
        shop.count()
        assert found(shop) == []
    assert shop.sql("select sum(total) from backoffice.documents") == [(Decimal("31.50") - Decimal(money),)]
    assert shop.sql("select sum(amount) from backoffice.payments") == [(Decimal("31.50") - Decimal(money),)]


def test_a_pending_refund_that_is_undone_by_a_second_agreement_agrees_too(shop: AShop, mug: Item) -> None:
    """The other form Shopify may choose: the adjustment stays and a later one reverses it."""
    order = shop.order((mug, 3, "30.00"))
    refund_id, _ = shop.refund(order, NOON, units=1, net="10.00", money="10.50", restock="NO_RESTOCK", status="PENDING")
    shop.push()
    later = NOON + timedelta(days=1)
    again = shop.agreement(order.order_id, "RefundAgreement", later, refund_id=refund_id)
    shop.sale(order.order_id, again, "RETURN", "ADJUSTMENT", "-10.50", tax_title=None)
    shop.sql("delete from shopify.refund_adjustments")
    shop.sql(
        "update shopify.order_transactions set status = 'SUCCESS', processed_at = %(at)s where status = 'PENDING'",
        at=later,
    )
    shop.touch(order.order_id, later)
    assert shop.push().rejected == 0
    shop.snapshot()
    shop.count()
    assert found(shop) == []
    assert shop.sql("select sum(total), count(*) from backoffice.documents") == [(Decimal("21.00"), 2)]


def test_every_rule_says_what_to_do_about_every_class_it_can_find() -> None:
    for rule in rules().values():
        text = rule.path.read_text()
        classes = {
            name
            for name in (
                "missing_backoffice",
                "missing_shopify",
                "missing_warehouse",
                "amount_mismatch",
                "status_mismatch",
                "quantity_mismatch",
                "duplicate",
                "orphan",
                "currency_mismatch",
                "unmapped",
                "manual_edit",
                "attention",
            )
            if f"'{name}'" in text
        }
        assert classes == set(rule.repairs), rule.name


def test_rules_read_the_readings_and_nothing_we_believe_of_ourselves() -> None:
    own = re.compile(r"\b(?:ops\.\w+|backoffice\.(?:pushes|count_proposals|pauses|seen)|recon\.(?:breaks|runs))\b")
    for name, rule in rules().items():
        text = rule.path.read_text()
        assert own.findall(text) == [], name
        assert name.startswith("W") or not re.search(r"\b(?:from|join) shopify\.", text), name
    expected = FOLDER.with_name("expected.sql").read_text()
    assert own.findall(expected) == []
    assert " shopify." not in expected
    read = set(re.findall(r"\b(?:from|join) (backoffice\.\w+)", expected))
    assert read == {"backoffice.value_map", "backoffice.documents", "backoffice.orders"}


def test_the_shop_of_the_tests_is_the_one_in_the_ledger(agreeing: AShop, second: Placed) -> None:
    agreeing.sql("delete from backoffice.payments where order_id = %(id)s", id=second.order_id)
    agreeing.reconcile()
    assert agreeing.sql("select distinct shop from recon.breaks") == [(SHOP,)]

"""Each rule finds the error it is there for, and says nothing when there is none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from shopify_pipeline.reconcile.rules import rules
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop, Item, Placed
from shopify_pipeline_tests.reconcile.company import NOW, VALUE_MAP
from shopify_pipeline_tests.reconcile.warehouse_rows import BEFORE, SHOP


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
    assert all(result.checked[rule.name] for rule in rules()), result.checked


def test_a_missing_order_is_one_break_and_not_a_shower(agreeing: AShop, second: Placed) -> None:
    for table in ("orders", "documents", "payments", "ledger"):
        agreeing.sql(f"delete from backoffice.{table} where order_id = %(id)s", id=second.order_id)
    assert found(agreeing) == [("O1", "missing_backoffice", f"orders/{second.order_id}", "")]
    ((amount, currency, message),) = agreeing.sql("select amount, currency, message from recon.breaks")
    assert (amount, currency, message) == (Decimal("31.50"), "USD", "order #1002 is not in the back office")


def test_a_second_sale_for_one_order_is_a_duplicate(agreeing: AShop, first: Placed) -> None:
    agreeing.sql("insert into backoffice.orders values (%(shop)s, 'sale/99', %(id)s, 'draft', null)", id=first.order_id)
    assert found(agreeing) == [("O3", "duplicate", f"orders/{first.order_id}", "")]


def test_one_cent_too_much_on_a_document_is_found_by_total_and_ledger(agreeing: AShop, second: Placed) -> None:
    name = f"{second.agreement_id}/ORDER"
    agreeing.sql("update backoffice.documents set total = total + 0.01 where external_id = %(name)s", name=name)
    assert found(agreeing) == [("O5", "amount_mismatch", f"orders/{second.order_id}", "ledger")]
    ((shop_value, booked, amount),) = agreeing.sql("select expected, actual, difference from recon.breaks")
    assert (Decimal(shop_value), Decimal(booked), amount) == (Decimal("31.50"), Decimal("31.51"), Decimal("0.01"))


def test_a_cent_moved_between_two_documents_of_an_order_is_found_though_its_total_is_right(
    agreeing: AShop, first: Placed
) -> None:
    agreeing.sql(
        "update backoffice.documents set total = total + case action_type when 'RETURN' then 0.01 else -0.01 end "
        "where order_id = %(id)s",
        id=first.order_id,
    )
    assert [(rule, kind) for rule, kind, _, _ in found(agreeing)] == [("R2a", "amount_mismatch")]


def test_the_right_total_on_a_wrong_account_is_found_on_both_accounts(agreeing: AShop, second: Placed) -> None:
    name = f"{second.agreement_id}/ORDER"
    agreeing.sql(
        "update backoffice.ledger set account = '4100' where external_id = %(name)s and account = '4000'", name=name
    )
    assert found(agreeing) == [
        ("L1", "amount_mismatch", f"orders/{second.order_id}", f"{name} on 4000"),
        ("L1", "amount_mismatch", f"orders/{second.order_id}", f"{name} on 4100"),
    ]


def test_a_payment_on_the_wrong_clearing_account_is_found(agreeing: AShop, second: Placed) -> None:
    name = str(second.transaction_id)
    agreeing.sql(
        "update backoffice.ledger set account = '1110' where external_id = %(name)s and account = '1100'", name=name
    )
    assert [(rule, sub_key) for rule, _, _, sub_key in found(agreeing)] == [
        ("L1", f"{name} on 1100"),
        ("L1", f"{name} on 1110"),
    ]


def test_a_document_on_the_wrong_day_is_found_and_one_booked_later_is_not(agreeing: AShop, second: Placed) -> None:
    agreeing.sql("update backoffice.documents set booked_on = booked_on + 40")
    assert found(agreeing) == []
    agreeing.sql("update backoffice.documents set dated_on = dated_on + 1 where order_id = %(id)s", id=second.order_id)
    assert found(agreeing) == [
        ("L3", "status_mismatch", f"orders/{second.order_id}", f"{second.agreement_id}/ORDER"),
    ]


def test_a_payment_on_the_wrong_day_is_found(agreeing: AShop, second: Placed) -> None:
    agreeing.sql("update backoffice.payments set paid_on = paid_on - 1 where order_id = %(id)s", id=second.order_id)
    assert found(agreeing) == [("L3", "status_mismatch", f"orders/{second.order_id}", str(second.transaction_id))]


def test_a_wrong_tax_inside_the_right_total_is_found(agreeing: AShop, second: Placed) -> None:
    agreeing.sql("update backoffice.documents set tax = tax - 0.50 where order_id = %(id)s", id=second.order_id)
    assert found(agreeing) == [("O6", "amount_mismatch", f"orders/{second.order_id}", "ledger")]


def test_payments_swapped_between_two_equal_orders_are_both_found(
    agreeing: AShop, first: Placed, second: Placed
) -> None:
    for table in ("payments", "ledger"):
        agreeing.sql(
            f"update backoffice.{table} set order_id = case order_id when %(a)s then %(b)s else %(a)s end "
            "where external_id in (%(pa)s, %(pb)s)",
            a=first.order_id,
            b=second.order_id,
            pa=str(first.transaction_id),
            pb=str(second.transaction_id),
        )
    assert found(agreeing) == [
        ("P2", "orphan", f"orders/{first.order_id}", str(first.transaction_id)),
        ("P2", "orphan", f"orders/{second.order_id}", str(second.transaction_id)),
    ]


def test_a_payment_that_is_not_booked_is_missing(agreeing: AShop, second: Placed) -> None:
    name = str(second.transaction_id)
    agreeing.sql("delete from backoffice.payments where external_id = %(name)s", name=name)
    assert found(agreeing) == [("P2", "missing_backoffice", f"orders/{second.order_id}", name)]


def test_a_payment_the_shop_knows_nothing_of_is_missing_there(agreeing: AShop, second: Placed) -> None:
    agreeing.sql(
        "insert into backoffice.payments values (%(shop)s, '77', %(id)s, 77, '1100', 5, '2026-11-12')",
        id=second.order_id,
    )
    assert found(agreeing) == [("P2", "missing_shopify", f"orders/{second.order_id}", "77")]


def test_refund_money_that_differs_is_found_per_order(agreeing: AShop, first: Placed) -> None:
    agreeing.sql("update backoffice.payments set amount = -10.49 where amount < 0")
    assert [(rule, kind) for rule, kind, _, _ in found(agreeing)] == [
        ("P2", "amount_mismatch"),
        ("R2b", "amount_mismatch"),
    ]


def test_a_credit_note_that_is_missing_is_named_by_its_agreement(agreeing: AShop, first: Placed) -> None:
    agreeing.sql("delete from backoffice.documents where action_type = 'RETURN'")
    rows = found(agreeing)
    assert [(rule, kind) for rule, kind, _, _ in rows] == [("O5", "amount_mismatch"), ("R2a", "missing_backoffice")]


def test_a_document_of_an_order_the_shop_does_not_have_is_found(agreeing: AShop) -> None:
    agreeing.sql(
        "insert into backoffice.documents values "
        "(%(shop)s, '8/ORDER', 88, 8, 'ORDER', 'invoice/8', '8', 'posted', '2026-11-12', '2026-11-12', 'USD', 5, 0)"
    )
    assert found(agreeing) == [("O5", "missing_shopify", "orders/88", "ledger")]


def test_a_draft_does_not_count_as_a_document(agreeing: AShop, second: Placed) -> None:
    agreeing.sql("update backoffice.documents set state = 'draft' where order_id = %(id)s", id=second.order_id)
    assert ("O5", "missing_backoffice", f"orders/{second.order_id}", "ledger") in found(agreeing)


def test_documents_in_another_currency_are_found(agreeing: AShop, second: Placed) -> None:
    agreeing.sql("update backoffice.documents set currency = 'EUR' where order_id = %(id)s", id=second.order_id)
    assert found(agreeing) == [("O5", "currency_mismatch", f"orders/{second.order_id}", "ledger")]


def test_a_current_total_that_is_not_the_sum_of_the_shops_own_ledger_is_found(agreeing: AShop, second: Placed) -> None:
    agreeing.sql(
        "update recon.census_orders set current_total = current_total + 1 where order_id = %(id)s", id=second.order_id
    )
    assert found(agreeing) == [("O5", "amount_mismatch", f"orders/{second.order_id}", "current")]


def test_one_unit_too_few_on_the_shelf_is_found(agreeing: AShop, mug: Item) -> None:
    agreeing.sql("update backoffice.stock set quantity = quantity - 1")
    assert found(agreeing) == [("I1", "quantity_mismatch", f"variants/{mug.variant_id}", "EAST")]
    assert agreeing.sql("select difference, expected, actual from recon.breaks") == [(Decimal(-1), "98", "97")]


def test_a_root_that_never_reached_the_warehouse_is_found(agreeing: AShop) -> None:
    agreeing.sql("insert into recon.census_roots values (%(shop)s, 'customers', '9', %(at)s)", at=BEFORE)
    assert found(agreeing) == [("W1", "missing_warehouse", "customers/9", "")]


def test_a_root_whose_newest_version_was_not_loaded_is_found(agreeing: AShop, first: Placed) -> None:
    agreeing.sql(
        "update recon.census_roots set updated_at = updated_at + interval '1 second' where root_id = %(id)s",
        id=str(first.order_id),
    )
    assert found(agreeing) == [("W1", "missing_warehouse", f"orders/{first.order_id}", "")]


def test_a_root_in_quarantine_says_so(agreeing: AShop) -> None:
    agreeing.sql("insert into recon.census_roots values (%(shop)s, 'customers', '9', %(at)s)", at=BEFORE)
    agreeing.sql(
        "insert into ops.loads (shop, stream, mode, window_to, state, landing_prefix, started_at) "
        "values (%(shop)s, 'customers', 'full', %(at)s, 'extracting', 'x', %(at)s)",
        at=BEFORE,
    )
    agreeing.sql(
        "insert into ops.quarantine "
        "(shop, stream, root_type, root_id, rule, path, message, raw, load_id, quarantined_at) "
        "select %(shop)s, 'customers', 'Customer', '9', 'type', '$', 'bad', '', load_id, %(at)s from ops.loads "
        "where stream = 'customers'",
        at=BEFORE,
    )
    agreeing.reconcile()
    ((message,),) = agreeing.sql("select message from recon.breaks")
    assert message == "customers 9 is not in the warehouse: it is in quarantine"


@pytest.mark.parametrize(
    ("kind", "key", "section"),
    [("line", "SHIPPING", "lines"), ("gateway", "klarna", "gateways"), ("tax", "City Tax 5%", "taxes")],
)
def test_a_word_without_an_entry_is_one_break_that_names_the_entry_to_add(
    shop: AShop, mug: Item, kind: str, key: str, section: str
) -> None:
    value_map = msgspec.structs.replace(VALUE_MAP, lines={"PRODUCT": "4000"})
    shop.order((mug, 1, "10.00"))
    gateway = key if kind == "gateway" else "shopify_payments"
    title = "City Tax" if kind == "tax" else "State Tax"
    line_type = key if kind == "line" else "PRODUCT"
    for name in ("#1002", "#1003"):
        shop.order((None, 1, "10.00"), name=name, gateway=gateway, line_type=line_type, tax_title=title)
    assert shop.push(value_map=value_map).counts["orders"] == {"created": 1, "rejected": 2, "unchanged": 0}
    shop.snapshot()
    shop.count()
    shop.reconcile(value_map=value_map)
    rules_found = [(rule, found_class) for rule, found_class, _, _ in shop.breaks()]
    assert rules_found == [("O1", "missing_backoffice")] * 2 + [("U1", "unmapped")]
    ((entity, message),) = shop.sql("select entity, message from recon.breaks where rule = 'U1'")
    assert entity == f"value_map/{kind}/{key}"
    assert message == f'no code for {kind} "{key}": add it to [{section}] of value_map.toml; 2 orders wait for it'


def test_an_unmapped_location_with_stock_is_a_break(agreeing: AShop) -> None:
    value_map = msgspec.structs.replace(VALUE_MAP, locations={"Oakland": "WEST"})
    agreeing.reconcile(value_map=value_map)
    assert ("U1", "unmapped", "value_map/location/Brooklyn", "") in agreeing.breaks()


def test_a_fact_younger_than_the_lag_is_in_transit_and_an_older_one_is_a_break(shop: AShop, mug: Item) -> None:
    shop.push()
    young = shop.order((mug, 1, "10.00"), at=NOW - timedelta(minutes=59), name="#1007")
    old = shop.order((mug, 1, "10.00"), at=NOW - timedelta(minutes=61), name="#1006")
    shop.snapshot()
    shop.count()
    result = shop.reconcile()
    assert set(shop.breaks()) == {
        ("O1", "in_transit", f"orders/{young.order_id}", ""),
        ("O1", "missing_backoffice", f"orders/{old.order_id}", ""),
    }
    assert (result.open_breaks, result.by_class) == (1, {"in_transit": 1, "missing_backoffice": 1})


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
    for rule in rules():
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
            )
            if f"'{name}'" in text
        }
        assert classes == set(rule.repairs), rule.name


def test_no_rule_reads_the_dirty_set_or_the_push_log() -> None:
    for rule in rules():
        text = rule.path.read_text()
        assert "ops.dirty" not in text
        assert "backoffice.pushes" not in text


def test_the_shop_of_the_tests_is_the_one_in_the_ledger(agreeing: AShop, second: Placed) -> None:
    agreeing.sql("delete from backoffice.payments where order_id = %(id)s", id=second.order_id)
    agreeing.reconcile()
    assert agreeing.sql("select distinct shop from recon.breaks") == [(SHOP,)]

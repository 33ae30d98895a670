"""Rules of orders and customers: what each finds of an order that differs, and that it is quiet when nothing does.

Here: rules O1 to O13 and C1. Of an error only what these rules say of it: what others say is in their own tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop, Item, Placed
from shopify_pipeline_tests.reconcile.company import NOW
from shopify_pipeline_tests.reconcile.warehouse_rows import BEFORE

D = Decimal
CUSTOMER = 8_001
HOUR = timedelta(hours=1)


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    with connect(warehouse_dsn) as conn:
        yield AShop.opened(conn, tmp_path)


@pytest.fixture
def mug(shop: AShop) -> Item:
    return shop.item()


@pytest.fixture
def shipped(shop: AShop, mug: Item) -> Placed:
    """An order of three mugs for 31.50, all of which left, and one of which came back for 10.50."""
    order = shop.order((mug, 3, "30.00"))
    shop.ship(order, NOON + HOUR, [3])
    shop.refund(order, NOON + 2 * HOUR, units=1, net="10.00", money="10.50")
    return order


@pytest.fixture
def waiting(shop: AShop, mug: Item) -> Placed:
    """A customer's order of three mugs for 31.50 and shipping of 5.25 that is not paid; one mug left."""
    order = shop.order((mug, 3, "30.00"), name="#1002", customer_id=CUSTOMER)
    shop.sale(order.order_id, order.agreement_id, "ORDER", "SHIPPING", "5.00")
    shop.ship(order, NOON + HOUR, [1])
    return order


@pytest.fixture
def cancelled(shop: AShop, mug: Item) -> Placed:
    """An order of two mugs, cancelled and paid back before any left."""
    order = shop.order((mug, 2, "20.00"), name="#1003")
    shop.refund(order, NOON + HOUR, units=2, net="20.00", money="21.00", restock="CANCEL")
    shop.sql("update shopify.order_lines set unfulfilled_quantity = 0 where order_id = %(id)s", id=order.order_id)
    shop.sql(
        "update shopify.orders set cancelled_at = %(at)s where order_id = %(id)s", id=order.order_id, at=NOON + HOUR
    )
    return order


@pytest.fixture
def agreeing(shop: AShop, shipped: Placed, waiting: Placed, cancelled: Placed) -> AShop:
    """Everything pushed, read back and counted: nothing differs."""
    read(shop)
    return shop


def read(shop: AShop) -> None:
    shop.push()
    shop.snapshot()
    shop.count()


def found(shop: AShop) -> list[tuple[str, str, str, str]]:
    """(rule, class, entity, key) of what the rules of orders and customers find."""
    shop.reconcile()
    return [one for one in shop.breaks() if one[0].startswith(("O", "C"))]


def figures(shop: AShop, rule: str) -> tuple[str | None, str | None, Decimal | None, str | None]:
    """What was expected, what is there, the difference and its currency, of the one break of this rule."""
    (row,) = shop.sql(
        "select expected, actual, difference, currency from recon.breaks where rule = %(rule)s and status = 'open'",
        rule=rule,
    )
    return row  # type: ignore[return-value]


def forget(shop: AShop, order: Placed, *tables: str) -> None:
    for table in tables:
        shop.sql(f"delete from backoffice.{table} where order_id = %(id)s", id=order.order_id)


def test_all_of_them_compare_something_and_find_nothing_when_all_agrees(agreeing: AShop) -> None:
    checked = agreeing.reconcile().checked
    assert found(agreeing) == []
    names = [*(f"O{number}" for number in range(1, 14)), "C1"]
    assert {name: checked[name] for name in names if not checked[name]} == {}


# O1 and O2: there or not


def test_an_order_that_is_missing_is_one_break_of_what_its_documents_would_sum_to(
    agreeing: AShop, shipped: Placed
) -> None:
    forget(agreeing, shipped, "orders", "order_lines", "documents", "payments", "ledger", "shipments")
    assert found(agreeing) == [("O1", "missing_backoffice", f"orders/{shipped.order_id}", "")]
    assert figures(agreeing, "O1") == ("#1001", None, D("-21.00"), "USD")


def test_an_order_that_is_younger_than_the_lag_is_on_its_way(shop: AShop, mug: Item) -> None:
    shop.push()
    young = shop.order((mug, 1, "10.00"), at=NOW - timedelta(minutes=59), name="#1007")
    old = shop.order((mug, 1, "10.00"), at=NOW - timedelta(minutes=61), name="#1006")
    shop.snapshot()
    shop.count()
    assert found(shop) == [
        ("O1", "in_transit", f"orders/{young.order_id}", ""),
        ("O1", "missing_backoffice", f"orders/{old.order_id}", ""),
    ]


def test_all_that_is_booked_of_an_order_the_shop_does_not_have_is_one_break(agreeing: AShop, shipped: Placed) -> None:
    for table in ("orders", "sales", "sale_taxes", "transactions", "lines", "fulfillments", "fulfillment_lines"):
        agreeing.sql(f"delete from recon.census_{table} where order_id = %(id)s", id=shipped.order_id)
    assert found(agreeing) == [("O2", "missing_shopify", f"orders/{shipped.order_id}", "")]
    assert figures(agreeing, "O2")[2:] == (D("21.00"), "USD")


def test_a_payment_alone_of_an_order_the_shop_does_not_have_is_a_break_without_an_amount(agreeing: AShop) -> None:
    agreeing.sql(
        "insert into backoffice.payments "
        "(shop, external_id, order_id, transaction_id, account, amount, paid_on, company) "
        "values (%(shop)s, '77', 88, 77, '1100', 5, '2026-11-12', '')"
    )
    assert found(agreeing) == [("O2", "missing_shopify", "orders/88", "")]
    assert figures(agreeing, "O2") == (None, "payment 77", None, None)


def test_a_sale_of_today_that_the_shop_does_not_have_yet_is_on_its_way(agreeing: AShop) -> None:
    agreeing.sql(
        "insert into backoffice.orders values (%(shop)s, 'sale/88', 88, 'processing', %(day)s), "
        "(%(shop)s, 'sale/89', 89, 'processing', %(day)s::date - 1)",
        day=NOW.date(),
    )
    assert found(agreeing) == [
        ("O2", "in_transit", "orders/88", ""),
        ("O2", "missing_shopify", "orders/89", ""),
    ]


# O3: twice


def test_a_second_sale_of_an_order_is_a_duplicate_and_its_lines_are_not_judged_too(
    agreeing: AShop, waiting: Placed
) -> None:
    agreeing.sql(
        "insert into backoffice.orders values (%(shop)s, 'sale/99', %(id)s, 'draft', null)", id=waiting.order_id
    )
    agreeing.sql(
        "update backoffice.order_lines set quantity = 2 * quantity where order_id = %(id)s", id=waiting.order_id
    )
    assert found(agreeing) == [("O3", "duplicate", f"orders/{waiting.order_id}", "")]
    assert figures(agreeing, "O3") == ("1", "2", D(1), None)


# O4, O7, O8: the shop's own figures


@pytest.mark.parametrize(
    ("rule", "column"),
    [
        ("O4", "presentment_original_total"),
        ("O7", "presentment_current_shipping"),
        ("O8", "presentment_current_discounts"),
    ],
)
def test_a_figure_of_an_order_that_its_own_sales_do_not_sum_to_is_found(
    agreeing: AShop, waiting: Placed, rule: str, column: str
) -> None:
    agreeing.sql(
        f"update recon.census_orders set {column} = {column} + 0.01, presentment_currency = 'EUR' "
        "where order_id = %(id)s",
        id=waiting.order_id,
    )
    assert found(agreeing) == [(rule, "amount_mismatch", f"orders/{waiting.order_id}", "")]
    assert figures(agreeing, rule)[2:] == (D("-0.01"), "EUR")


def test_what_an_edit_adds_is_no_part_of_what_was_ordered_first(agreeing: AShop, waiting: Placed) -> None:
    edit = agreeing.agreement(waiting.order_id, "OrderEditAgreement", NOON + HOUR)
    agreeing.sale(waiting.order_id, edit, "ORDER", "TIP", "2.00", tax_title=None)
    agreeing.count()
    agreeing.sql("update recon.census_orders set presentment_original_total = 36.75 where name = '#1002'")
    assert not [one for one in found(agreeing) if one[0] == "O4"]


def test_where_prices_include_tax_shipping_and_discounts_are_told_with_it(agreeing: AShop, waiting: Placed) -> None:
    agreeing.sql(
        "update recon.census_sales set presentment_discount = 1.00, presentment_discount_with_tax = 1.20 "
        "where order_id = %(id)s and line_type = 'SHIPPING'",
        id=waiting.order_id,
    )
    told = (
        "update recon.census_orders set taxes_included = %(included)s, presentment_current_shipping = 5.25, "
        "presentment_current_discounts = 1.20 where order_id = %(id)s"
    )
    agreeing.sql(told, id=waiting.order_id, included=True)
    assert found(agreeing) == []

    agreeing.sql(told, id=waiting.order_id, included=False)
    assert [(rule, kind) for rule, kind, _, _ in found(agreeing)] == [
        ("O7", "amount_mismatch"),
        ("O8", "amount_mismatch"),
    ]


# O5 and O6: amounts


def test_one_cent_too_much_on_a_document_is_found_by_the_orders_sum_and_by_what_it_leaves_open(
    agreeing: AShop, waiting: Placed
) -> None:
    agreeing.sql("update backoffice.documents set total = total + 0.01 where order_id = %(id)s", id=waiting.order_id)
    assert found(agreeing) == [
        ("O12", "amount_mismatch", f"orders/{waiting.order_id}", ""),
        ("O5", "amount_mismatch", f"orders/{waiting.order_id}", "ledger"),
    ]
    assert figures(agreeing, "O5")[2:] == (D("0.01"), "USD")
    assert figures(agreeing, "O12")[2:] == (D("0.01"), "USD")


@pytest.mark.parametrize("state", ["draft", "cancelled"])
def test_an_order_without_a_posted_document_is_missing_one(agreeing: AShop, waiting: Placed, state: str) -> None:
    agreeing.sql(
        "update backoffice.documents set state = %(state)s where order_id = %(id)s", id=waiting.order_id, state=state
    )
    assert ("O5", "missing_backoffice", f"orders/{waiting.order_id}", "ledger") in found(agreeing)
    expected, actual, difference, currency = figures(agreeing, "O5")
    assert (D(expected or 0), actual, difference, currency) == (D("36.75"), "0", D("-36.75"), "USD")


def test_the_document_of_an_edit_that_is_missing_is_named_though_it_changes_no_sum(
    shop: AShop, waiting: Placed
) -> None:
    edit = shop.agreement(waiting.order_id, "OrderEditAgreement", NOON + HOUR)
    shop.sale(waiting.order_id, edit, "UPDATE", "SHIPPING", "0.00", tax_title=None)
    read(shop)
    assert found(shop) == []

    shop.sql("delete from backoffice.documents where external_id = %(id)s", id=f"{edit}/UPDATE")
    assert found(shop) == [("O5", "missing_backoffice", f"orders/{waiting.order_id}", "ledger")]
    ((message,),) = shop.sql("select message from recon.breaks where rule = 'O5'")
    assert f"document {edit}/UPDATE is not posted" in message


def test_a_credit_note_that_is_missing_shows_in_the_orders_sum_as_an_amount(agreeing: AShop, shipped: Placed) -> None:
    agreeing.sql(
        "delete from backoffice.documents where order_id = %(id)s and action_type = 'RETURN'", id=shipped.order_id
    )
    assert ("O5", "amount_mismatch", f"orders/{shipped.order_id}", "ledger") in found(agreeing)
    assert figures(agreeing, "O5")[2:] == (D("10.50"), "USD")


def test_documents_in_another_currency_are_found(agreeing: AShop, waiting: Placed) -> None:
    agreeing.sql("update backoffice.documents set currency = 'EUR' where order_id = %(id)s", id=waiting.order_id)
    assert found(agreeing) == [("O5", "currency_mismatch", f"orders/{waiting.order_id}", "ledger")]
    assert figures(agreeing, "O5")[1] == "36.75 EUR"


def test_a_current_total_that_is_not_the_sum_of_the_shops_own_ledger_is_found(agreeing: AShop, waiting: Placed) -> None:
    agreeing.sql(
        "update recon.census_orders set current_total = current_total + 1 where order_id = %(id)s", id=waiting.order_id
    )
    assert found(agreeing) == [("O5", "amount_mismatch", f"orders/{waiting.order_id}", "current")]
    expected, actual, difference, _ = figures(agreeing, "O5")
    assert (D(expected or 0), D(actual or 0), difference) == (D("37.75"), D("36.75"), D(-1))


def test_a_test_order_in_the_books_is_owed_nothing(agreeing: AShop, waiting: Placed) -> None:
    agreeing.sql("update recon.census_orders set is_test = true where order_id = %(id)s", id=waiting.order_id)
    assert found(agreeing) == [("O5", "amount_mismatch", f"orders/{waiting.order_id}", "ledger")]


def test_a_wrong_tax_inside_the_right_total_is_found(agreeing: AShop, waiting: Placed) -> None:
    agreeing.sql("update backoffice.documents set tax = tax - 0.50 where order_id = %(id)s", id=waiting.order_id)
    assert found(agreeing) == [("O6", "amount_mismatch", f"orders/{waiting.order_id}", "ledger")]
    assert figures(agreeing, "O6")[2:] == (D("-0.50"), "USD")


def test_a_current_tax_that_is_not_the_tax_of_the_shops_own_ledger_is_found(agreeing: AShop, waiting: Placed) -> None:
    agreeing.sql(
        "update recon.census_orders set current_tax = current_tax + 0.01 where order_id = %(id)s", id=waiting.order_id
    )
    assert found(agreeing) == [("O6", "amount_mismatch", f"orders/{waiting.order_id}", "current")]
    assert figures(agreeing, "O6")[2:] == (D("-0.01"), "USD")


# O9 and O10: lines


def test_units_to_be_shipped_that_differ_are_found_by_line(agreeing: AShop, waiting: Placed) -> None:
    (line_id,) = waiting.line_ids
    agreeing.sql("update backoffice.order_lines set quantity = 2 where order_line_id = %(id)s", id=line_id)
    assert ("O9", "quantity_mismatch", f"orders/{waiting.order_id}", str(line_id)) in found(agreeing)
    assert figures(agreeing, "O9") == ("3", "2", D(-1), None)


def test_a_line_that_is_not_in_the_back_office_is_missing(agreeing: AShop, shipped: Placed) -> None:
    (line_id,) = shipped.line_ids
    agreeing.sql("delete from backoffice.order_lines where order_line_id = %(id)s", id=line_id)
    assert ("O9", "missing_backoffice", f"orders/{shipped.order_id}", str(line_id)) in found(agreeing)
    assert figures(agreeing, "O9") == ("3", None, D(-3), None)


def test_a_line_a_person_added_is_missing_in_the_shop(agreeing: AShop, shipped: Placed) -> None:
    agreeing.sql(
        "insert into backoffice.order_lines (shop, order_id, order_line_id, product, quantity) "
        "values (%(shop)s, %(id)s, 0, '4711', 2)",
        id=shipped.order_id,
    )
    assert ("O9", "missing_shopify", f"orders/{shipped.order_id}", "0") in found(agreeing)
    assert figures(agreeing, "O9") == (None, "2", D(2), None)


def test_what_is_not_stocked_need_not_be_on_a_sale(shop: AShop) -> None:
    shop.order((None, 1, "5.00"), (shop.item("CARD", is_tracked=False), 2, "8.00"))
    read(shop)
    assert found(shop) == []
    assert shop.sql("select count(*) from backoffice.order_lines") == [(0,)]


def test_units_that_left_before_go_live_are_not_to_be_on_the_sale(shop: AShop, mug: Item) -> None:
    order = shop.order((mug, 3, "30.00"), at=BEFORE)
    shop.ship(order, BEFORE + HOUR, [1])
    shop.ship(order, NOON, [1])
    shop.refund(order, NOON + HOUR, units=1, net="10.00", money="10.50")
    read(shop)
    assert found(shop) == []
    assert shop.sql("select quantity from backoffice.order_lines") == [(D(2),)]


def test_units_that_changed_within_the_lag_are_on_their_way(agreeing: AShop, waiting: Placed) -> None:
    edit = agreeing.agreement(waiting.order_id, "OrderEditAgreement", NOW - timedelta(minutes=5))
    agreeing.sale(waiting.order_id, edit, "ORDER", "PRODUCT", "10.00", line_id=waiting.line_ids[0], units=1)
    agreeing.sql("update shopify.order_lines set unfulfilled_quantity = unfulfilled_quantity + 1")
    agreeing.count()
    assert ("O9", "in_transit", f"orders/{waiting.order_id}", str(waiting.line_ids[0])) in found(agreeing)


def test_another_product_than_the_one_that_was_sold_is_found_and_the_units_are_right(
    agreeing: AShop, waiting: Placed, mug: Item
) -> None:
    (line_id,) = waiting.line_ids
    agreeing.sql("update backoffice.order_lines set product = '4711' where order_line_id = %(id)s", id=line_id)
    assert found(agreeing) == [("O10", "status_mismatch", f"orders/{waiting.order_id}", str(line_id))]
    assert figures(agreeing, "O10") == (str(mug.variant_id), "4711", None, None)


def test_of_a_line_whose_variant_was_deleted_no_product_is_asked(agreeing: AShop, waiting: Placed) -> None:
    agreeing.sql("update recon.census_lines set variant_id = null where order_id = %(id)s", id=waiting.order_id)
    assert not [one for one in found(agreeing) if one[0] in ("O9", "O10")]


# O11, O12, O13: where an order stands


def test_a_cancelled_order_that_still_has_units_to_ship_is_found_by_no_other_rule(
    agreeing: AShop, cancelled: Placed, mug: Item
) -> None:
    agreeing.sql(
        "insert into backoffice.order_lines (shop, order_id, order_line_id, product, quantity) "
        "values (%(shop)s, %(id)s, %(line)s, %(product)s, 2)",
        id=cancelled.order_id,
        line=cancelled.line_ids[0],
        product=str(mug.variant_id),
    )
    assert found(agreeing) == [("O11", "status_mismatch", f"orders/{cancelled.order_id}", "")]
    assert figures(agreeing, "O11") == ("cancelled", "2 units", D(2), None)


def test_a_cancelled_order_that_was_not_credited_still_owes(agreeing: AShop, cancelled: Placed) -> None:
    agreeing.sql(
        "delete from backoffice.documents where order_id = %(id)s and action_type = 'RETURN'", id=cancelled.order_id
    )
    assert found(agreeing) == [
        ("O11", "status_mismatch", f"orders/{cancelled.order_id}", ""),
        ("O5", "amount_mismatch", f"orders/{cancelled.order_id}", "ledger"),
    ]
    assert figures(agreeing, "O11")[2:] == (D("21.00"), "USD")


def test_a_payment_that_is_missing_leaves_too_much_open(agreeing: AShop, waiting: Placed) -> None:
    forget(agreeing, waiting, "payments")
    assert found(agreeing) == [("O12", "amount_mismatch", f"orders/{waiting.order_id}", "")]
    expected, actual, difference, currency = figures(agreeing, "O12")
    assert (D(expected or 0), D(actual or 0), difference, currency) == (D("5.25"), D("36.75"), D("31.50"), "USD")


@pytest.mark.parametrize("units", [0, 1], ids=["money only", "one unit back"])
def test_money_a_pending_refund_holds_back_is_open_in_neither(shop: AShop, mug: Item, units: int) -> None:
    order = shop.order((mug, 3, "30.00"))
    shop.ship(order, NOON, [3])
    refund_id, _ = shop.refund(
        order,
        NOON + HOUR,
        units=units,
        net="10.00",
        money="10.50" if units else "5.00",
        adjustment=None if units else "-5.00",
        status="PENDING",
    )
    read(shop)
    assert found(shop) == []
    assert shop.reconcile().checked["O12"] == 1

    shop.settle_refund(order, refund_id, NOON + 2 * HOUR)
    read(shop)
    assert found(shop) == []


def test_what_is_authorised_and_not_captured_is_not_asked_for(shop: AShop, mug: Item) -> None:
    order = shop.order((mug, 1, "10.00"), gateway=None)
    shop.pay(order.order_id, "10.50", NOON, kind="AUTHORIZATION")
    read(shop)
    shop.sql("update recon.census_orders set total_outstanding = 0, presentment_total_outstanding = 0")
    assert found(shop) == []
    assert shop.reconcile().checked["O12"] == 0


def test_what_is_open_in_another_currency_is_not_asked_for(agreeing: AShop, waiting: Placed) -> None:
    agreeing.sql(
        "update recon.census_orders set presentment_currency = 'EUR', total_outstanding = total_outstanding + 0.01 "
        "where order_id = %(id)s",
        id=waiting.order_id,
    )
    assert found(agreeing) == []


@pytest.mark.parametrize("name", ["shipped", "waiting"])
def test_an_order_whose_shipment_is_missing_is_not_as_far_as_in_the_shop(
    agreeing: AShop, name: str, request: pytest.FixtureRequest
) -> None:
    order: Placed = request.getfixturevalue(name)
    agreeing.sql("delete from backoffice.shipments where kind = 'shipment' and order_id = %(id)s", id=order.order_id)
    assert found(agreeing) == [("O13", "status_mismatch", f"orders/{order.order_id}", "")]


def test_an_order_that_is_all_shipped_only_in_the_back_office_is_too_far(agreeing: AShop, waiting: Placed) -> None:
    agreeing.sql(
        "update backoffice.shipments set quantity = 3 where kind = 'shipment' and order_id = %(id)s",
        id=waiting.order_id,
    )
    assert found(agreeing) == [("O13", "status_mismatch", f"orders/{waiting.order_id}", "")]
    assert figures(agreeing, "O13")[:2] == ("PARTIALLY_FULFILLED", "3 shipped, 0 waiting")


def test_an_order_of_which_nothing_left_in_the_shop_has_nothing_shipped(agreeing: AShop, waiting: Placed) -> None:
    agreeing.sql("delete from recon.census_fulfillment_lines where order_id = %(id)s", id=waiting.order_id)
    agreeing.sql("delete from recon.census_fulfillments where order_id = %(id)s", id=waiting.order_id)
    agreeing.sql(
        "update recon.census_orders set fulfillment_status = 'UNFULFILLED' where order_id = %(id)s",
        id=waiting.order_id,
    )
    assert ("O13", "status_mismatch", f"orders/{waiting.order_id}", "") in found(agreeing)


def test_a_shipment_of_the_last_hours_is_on_its_way_longer_than_other_facts(agreeing: AShop, waiting: Placed) -> None:
    agreeing.ship(waiting, NOW - timedelta(hours=3), [2])
    agreeing.count()
    rows = found(agreeing)
    assert ("O13", "in_transit", f"orders/{waiting.order_id}", "") in rows
    assert not [one for one in rows if one[0] == "O9"]


# C1: parties


def test_a_customer_who_ordered_and_has_no_party_is_missing(agreeing: AShop) -> None:
    agreeing.sql("delete from backoffice.parties where external_id = %(id)s", id=str(CUSTOMER))
    assert found(agreeing) == [("C1", "missing_backoffice", f"customers/{CUSTOMER}", "")]


def test_guests_have_one_party_together(agreeing: AShop) -> None:
    agreeing.sql("delete from backoffice.parties where external_id = 'guest'")
    assert found(agreeing) == [("C1", "missing_backoffice", "customers/guest", "")]


def test_the_party_of_an_order_of_a_company_is_the_companys(agreeing: AShop, waiting: Placed) -> None:
    agreeing.sql("update recon.census_orders set company_id = 9 where order_id = %(id)s", id=waiting.order_id)
    assert found(agreeing) == [("C1", "missing_backoffice", "customers/company/9", "")]


def test_a_party_of_nobody_with_a_customers_address_is_a_duplicate(agreeing: AShop) -> None:
    is_known(agreeing, CUSTOMER)
    agreeing.sql("update backoffice.parties set contact = 'hash' where external_id = %(id)s", id=str(CUSTOMER))
    agreeing.sql(
        "insert into backoffice.parties (shop, record, external_id, contact) values (%(shop)s, 'party/77', '', 'hash')"
    )
    assert found(agreeing) == [("C1", "duplicate", f"customers/{CUSTOMER}", "")]
    assert figures(agreeing, "C1")[:3] == ("1", "2", D(1))


def test_a_second_party_with_a_customers_id_is_a_duplicate(agreeing: AShop) -> None:
    agreeing.sql(
        "insert into backoffice.parties (shop, record, external_id, contact) values (%(shop)s, 'party/77', %(id)s, '')",
        id=str(CUSTOMER),
    )
    assert found(agreeing) == [("C1", "duplicate", f"customers/{CUSTOMER}", "")]


def test_two_customers_of_the_shop_may_share_an_address(agreeing: AShop) -> None:
    is_known(agreeing, CUSTOMER)
    is_known(agreeing, 8_002)
    agreeing.sql("update backoffice.parties set contact = 'hash' where external_id = %(id)s", id=str(CUSTOMER))
    agreeing.sql(
        "insert into backoffice.parties (shop, record, external_id, contact) "
        "values (%(shop)s, 'party/77', '8002', 'hash')"
    )
    assert found(agreeing) == []


def is_known(shop: AShop, customer_id: int) -> None:
    """The shop has this customer; so has the warehouse."""
    shop.add("customers", customer_id=customer_id, updated_at=BEFORE)
    shop.sql(
        "insert into recon.census_roots (shop, stream, root_id, updated_at) "
        "values (%(shop)s, 'customers', %(id)s, %(at)s)",
        id=str(customer_id),
        at=BEFORE,
    )

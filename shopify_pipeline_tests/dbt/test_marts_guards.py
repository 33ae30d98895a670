"""The marts' own tests bite: what is planted is found, by the test that should find it and by no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from shopify_pipeline_tests.dbt.conftest import Marts
from shopify_pipeline_tests.dbt.marts_rows import Agreement, Sale, Warehouse
from shopify_pipeline_tests.dbt.marts_world import NEW_YORK

LATER = "2026-06-17T14:00:00+00:00"

#: What a wrong model could have written, (table, change, which rows) each, and the tests that must see it.
PLANTED_IN_MARTS = {
    ("daily_sales", "adjustments = adjustments + 0.01, total_sales = total_sales + 0.01", "orders = 2"): {
        "equals_sales_ledger_daily_sales_shop__sold_on__currency__False"
    },
    ("daily_sales", "sold_on = sold_on + 1000", "orders = 0 and adjustments = -1"): {
        "equals_sales_ledger_daily_sales_shop__sold_on__currency__False"
    },
    ("daily_sales", "net_sales = net_sales + 1, shipping = shipping - 1", "orders = 2"): {
        "daily_sales_net_sales_are_gross_less_discounts_and_returns"
    },
    ("orders", "taxes = taxes + 0.01, tips = tips - 0.01", "order_id = 1002"): {
        "equals_sales_ledger_orders_shop__order_id__True"
    },
    ("orders", "gross_sales = gross_sales + 1, discounts = discounts - 1, fees = fees + 1", "order_id = 1002"): {
        "orders_parts_add_up_to_total_sales"
    },
    ("orders", "customer_order_number = 1", "order_id = 1003"): {"orders_customer_order_number_fits_new_vs_repeat"},
    ("customers", "lifetime_order_count = 0", "customer_id = 71"): {
        "customers_order_counts_fit_together",
        "customers_without_orders_bought_nothing",
        "customers_first_and_last_order_fit_the_count",
    },
    ("inventory_levels", "value_on_hand = value_on_hand + 0.01", "location_id = 8"): {
        "inventory_levels_value_is_units_at_cost"
    },
    ("reconciled_orders", "status = 'agreed'", "order_id = 1002"): {
        "reconciled_orders_a_broken_one_has_an_open_break",
        "reconciled_orders_agreed_ones_do_not_differ",
    },
    ("clearing_balances", "difference = difference + 0.01", "account = '1100' and currency = 'EUR'"): {
        "clearing_balances_difference_is_books_less_shop",
        "clearing_balances_agreed_ones_do_not_differ",
    },
    ("reconciled_inventory", "booked_on_hand = booked_on_hand + 1", "product = '11'"): {
        "adds_up_to_reconciled_inventory_there_quantity__booked_on_hand__source_backoffice_stock_",
        "reconciled_inventory_difference_is_booked_less_counted",
    },
    ("reconciled_payouts", "parts_fee = parts_fee + 0.01", "payout_id = 601"): {
        "reconciled_payouts_net_is_amount_less_fee"
    },
    ("reconciliation_breaks", "amount_at_risk = amount_at_risk + 1", "break_id = 'short'"): {
        "reconciliation_breaks_what_is_at_risk_is_money_and_stands"
    },
}
LOST_ROW = ("customers", "customer_id = 72")
SEES_THE_LOST_ROW = "keeps_every_row_of_customers_source_shopify_customers___shop__customer_id"

#: Columns of the warehouse that could be a cent off in what Shopify sent, and the warnings that must say so.
PLANTED_IN_THE_WAREHOUSE = {
    ("orders", "current_total_price_presentment", "order_id = 1003"): {
        "order_current_total_is_its_ledger_with_or_without_adjustments"
    },
    ("orders", "total_received_presentment", "order_id = 1003"): {
        "order_received_is_the_sum_of_its_payments",
        "order_net_payment_is_received_less_refunded",
    },
    ("orders", "total_outstanding_presentment", "order_id = 1003"): {
        "order_outstanding_is_what_is_neither_paid_nor_authorised"
    },
    ("order_lines", "original_total_presentment", "quantity = 3"): {
        "expression_is_true_stg_order_lines_original_total_presentment_original_unit_price_presentment_quantity"
    },
}


@pytest.fixture
def before(marts: Marts) -> dict[str, list[tuple[Any, ...]]]:
    return _contents(marts)


@contextmanager
def _planted(marts: Marts) -> Iterator[None]:
    """Every mistake in its table; what was planted in the warehouse is taken back, the marts built again."""
    _move_amounts(marts, "0.01")
    try:
        for table, change, rows in PLANTED_IN_MARTS:
            _change(marts, f"update marts.{table} set {change} where {rows}")
        _change(marts, "delete from marts.{} where {}".format(*LOST_ROW))
        yield
    finally:
        _move_amounts(marts, "-0.01")
        rebuilt = marts.dbt("run", "--select", "marts")
    assert set(rebuilt.statuses.values()) == {"success"}


def test_every_planted_mistake_is_found_and_building_again_takes_it_away(
    marts: Marts, before: dict[str, list[tuple[Any, ...]]]
) -> None:
    with _planted(marts):
        judged = marts.dbt("test", "--select", "marts,test_type:data", "int_order_identities", "stg_order_lines")

    in_the_warehouse = set.union(*PLANTED_IN_THE_WAREHOUSE.values())
    planted = in_the_warehouse.union(*PLANTED_IN_MARTS.values(), {SEES_THE_LOST_ROW})
    assert judged.names("fail") | judged.names("warn") == planted
    # What Shopify got wrong warns and keeps nobody waiting.
    assert judged.names("fail") & in_the_warehouse == set()
    assert _contents(marts) == before


def test_a_load_that_commits_between_building_and_testing_raises_no_alarm(marts: Marts) -> None:
    """A new order, a changed one and a new customer, of a load the marts have not seen."""
    sale = (Sale("ORDER", "PRODUCT", "7.00", quantity=1),)
    with marts.conn.transaction():
        rows = Warehouse(marts.conn, first_id=1_000_000)
        rows.add_order(NEW_YORK, 2001, currency="USD", agreements=(Agreement(LATER, sale),), _load_id=1)
        rows.add("shopify.customers", shop=NEW_YORK, customer_id=74, _load_id=1)
        _change(marts, "update shopify.orders set _load_id = 1 where order_id = 1011")
        _change(marts, "update shopify.order_sales set total_shop = 11 where order_id = 1011")
    try:
        judged = marts.dbt("test", "--select", "test_name:keeps_every_row_of", "test_name:equals_sales_ledger")
    finally:
        with marts.conn.transaction():
            for table in ("orders", "order_agreements", "order_sales"):
                _change(marts, f"delete from shopify.{table} where order_id = 2001")
            _change(marts, "delete from shopify.customers where customer_id = 74")
            _change(marts, "update shopify.orders set _load_id = 0 where order_id = 1011")
            _change(marts, "update shopify.order_sales set total_shop = 10 where order_id = 1011")
    assert len(judged.statuses) == 5
    assert judged.names("pass") == set(judged.statuses)


def test_an_order_of_a_shop_nobody_registered_stops_the_build(marts: Marts) -> None:
    """Without the shop's time zone no day is right; a mart that left the order out would be worse than none."""
    marts.conn.execute("update ops.shops set shop = 'renamed' where shop = %s", [NEW_YORK])
    try:
        outcome = marts.dbt("run", "--select", "orders")
        assert outcome.statuses == {"orders": "error"}
        assert marts.row("select count(*) > 0 from marts.orders where shop = %s", NEW_YORK) == (True,)
    finally:
        marts.conn.execute("update ops.shops set shop = %s where shop = 'renamed'", [NEW_YORK])


def _move_amounts(marts: Marts, cents: str) -> None:
    with marts.conn.transaction():
        for table, column, rows in PLANTED_IN_THE_WAREHOUSE:
            _change(marts, f"update shopify.{table} set {column} = {column} + {cents} where {rows}")


def _change(marts: Marts, statement: str) -> None:
    assert marts.conn.execute(statement).rowcount > 0, statement  # type: ignore[arg-type]


def _contents(marts: Marts) -> dict[str, list[tuple[Any, ...]]]:
    tables = [name for (name,) in marts.rows("select tablename from pg_tables where schemaname = 'marts'")]
    return {name: sorted(marts.rows(f"select row_of::text from marts.{name} as row_of")) for name in tables}

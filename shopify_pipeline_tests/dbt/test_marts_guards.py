"""The marts' own tests bite: what is planted is found, by the test that should find it and by no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from shopify_pipeline_tests.dbt.conftest import Marts
from shopify_pipeline_tests.dbt.marts_world import NEW_YORK

#: What a wrong model could have written, one mistake each, and the tests that must see it.
PLANTED_IN_MARTS = {
    "update marts.daily_sales set adjustments = adjustments + 0.01, total_sales = total_sales + 0.01 where orders = 2": {
        "equals_sales_ledger_daily_sales_shop__currency__False"
    },
    "update marts.daily_sales set net_sales = net_sales + 1, shipping = shipping - 1 where orders = 2": {
        "daily_sales_net_sales_are_gross_less_discounts_and_returns"
    },
    "update marts.orders set taxes = taxes + 0.01, tips = tips - 0.01 where order_id = 1002": {
        "equals_sales_ledger_orders_shop__order_id__True"
    },
    "update marts.orders set gross_sales = gross_sales + 1, discounts = discounts - 1, fees = fees + 1 where order_id = 1002": {
        "orders_parts_add_up_to_total_sales"
    },
    "update marts.orders set customer_order_number = 1 where order_id = 1003": {
        "orders_customer_order_number_fits_new_vs_repeat"
    },
    "delete from marts.customers where customer_id = 72": {
        "same_rows_as_customers_source_shopify_customers___deleted_at_is_null"
    },
    "update marts.customers set lifetime_order_count = 0 where customer_id = 71": {
        "customers_order_counts_fit_together",
        "customers_without_orders_bought_nothing",
        "customers_first_and_last_order_fit_the_count",
    },
    "update marts.inventory_levels set value_on_hand = value_on_hand + 0.01 where location_id = 8": {
        "inventory_levels_value_is_units_at_cost"
    },
    "update marts.reconciled_orders set status = 'agreed' where order_id = 1002": {
        "reconciled_orders_a_break_has_an_open_difference",
        "reconciled_orders_agreed_ones_do_not_differ",
    },
}

#: What Shopify could say of order 1003 that its own ledger does not bear out, and the warnings that must name it.
PLANTED_IN_THE_WAREHOUSE = {
    "update shopify.orders set current_total_price_presentment = current_total_price_presentment + {} where order_id = 1003": {
        "order_current_total_is_its_ledger_with_or_without_adjustments"
    },
    "update shopify.orders set total_received_presentment = total_received_presentment + {} where order_id = 1003": {
        "order_received_is_the_sum_of_its_payments",
        "order_net_payment_is_received_less_refunded",
    },
    "update shopify.orders set total_outstanding_presentment = total_outstanding_presentment + {} where order_id = 1003": {
        "order_outstanding_is_what_is_neither_paid_nor_authorised"
    },
    "update shopify.order_lines set original_total_presentment = original_total_presentment + {} where quantity = 3": {
        "expression_is_true_stg_order_lines_original_total_presentment_original_unit_price_presentment_quantity"
    },
}


@pytest.fixture
def before(marts: Marts) -> dict[str, list[tuple[Any, ...]]]:
    return _contents(marts)


@pytest.fixture
def planted_in_the_warehouse(marts: Marts) -> Iterator[set[str]]:
    for statement in PLANTED_IN_THE_WAREHOUSE:
        marts.conn.execute(statement.format("0.01"))  # type: ignore[arg-type]
    yield set.union(*PLANTED_IN_THE_WAREHOUSE.values())
    for statement in PLANTED_IN_THE_WAREHOUSE:
        marts.conn.execute(statement.format("-0.01"))  # type: ignore[arg-type]


def test_every_planted_mistake_is_found_and_building_again_takes_it_away(
    marts: Marts, before: dict[str, list[tuple[Any, ...]]], planted_in_the_warehouse: set[str]
) -> None:
    for statement in PLANTED_IN_MARTS:
        assert marts.conn.execute(statement).rowcount > 0, statement  # type: ignore[arg-type]

    judged = marts.dbt("test", "--select", "marts,test_type:data", "int_order_identities", "stg_order_lines")
    assert judged.names("fail") | judged.names("warn") == planted_in_the_warehouse.union(*PLANTED_IN_MARTS.values())
    # What Shopify got wrong warns and keeps nobody waiting.
    assert judged.names("fail") & planted_in_the_warehouse == set()

    rebuilt = marts.dbt("run", "--select", "marts")
    assert set(rebuilt.statuses.values()) == {"success"}
    assert _contents(marts) == before


def test_an_order_of_a_shop_nobody_registered_stops_the_build(marts: Marts) -> None:
    """Without the shop's time zone no day is right; a mart that left the order out would be worse than none."""
    marts.conn.execute("update ops.shops set shop = 'renamed' where shop = %s", [NEW_YORK])
    try:
        outcome = marts.dbt("run", "--select", "orders")
        assert outcome.statuses == {"orders": "error"}
        assert marts.row("select count(*) > 0 from marts.orders where shop = %s", NEW_YORK) == (True,)
    finally:
        marts.conn.execute("update ops.shops set shop = %s where shop = 'renamed'", [NEW_YORK])


def _contents(marts: Marts) -> dict[str, list[tuple[Any, ...]]]:
    tables = [name for (name,) in marts.rows("select tablename from pg_tables where schemaname = 'marts'")]
    return {name: sorted(marts.rows(f"select row_of::text from marts.{name} as row_of")) for name in tables}

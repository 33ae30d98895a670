"""What analysts read, by value: each expected number can be added up by hand from ``marts_world.py``."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal as D
from zoneinfo import ZoneInfo

from shopify_pipeline.backoffice.owed import orders_in_scope
from shopify_pipeline_tests.dbt.conftest import Marts, Outcome
from shopify_pipeline_tests.dbt.marts_rows import MARKER
from shopify_pipeline_tests.dbt.marts_world import NEW_YORK, TOKYO

RECONCILED = {f"reconciled_{name}" for name in ("orders", "customers", "payments", "refunds", "payouts", "inventory")}
MARTS = {
    "orders",
    "customers",
    "inventory_levels",
    "daily_sales",
    "reconciliation_breaks",
    "reconciliation_summary",
    "clearing_balances",
    *RECONCILED,
}


def test_a_sound_world_builds_without_a_failure_or_a_warning(built: tuple[Marts, Outcome]) -> None:
    marts, outcome = built
    assert {name: status for name, status in outcome.statuses.items() if status not in ("success", "pass")} == {}
    assert outcome.names("success") >= MARTS
    assert outcome.warnings == ()
    assert marts.parsing is not None
    assert marts.parsing.warnings == ()


def test_views_are_in_staging_and_tables_in_marts_and_nothing_is_anywhere_else(marts: Marts) -> None:
    found = marts.rows(
        """
        select table_schema, table_type, array_agg(table_name::text)
        from information_schema.tables
        where table_schema not in ('pg_catalog', 'information_schema', 'shopify', 'ops', 'backoffice', 'recon')
            and table_name <> 'alembic_version'
        group by table_schema, table_type
        """
    )
    relations = {(schema, kind): set(names) for schema, kind, names in found}
    assert relations.keys() == {("staging", "VIEW"), ("marts", "BASE TABLE")}
    assert relations["marts", "BASE TABLE"] == MARTS


def test_daily_sales_count_each_sale_on_the_shops_own_day(marts: Marts) -> None:
    rows = marts.rows(
        """
        select
            sold_on, orders, units_sold, units_returned,
            gross_sales, discounts, returns, net_sales, shipping, tips, adjustments, taxes, total_sales
        from marts.daily_sales
        where shop = %s and currency = 'USD' and sold_on >= '2026-06-01'
        order by sold_on
        """,
        NEW_YORK,
    )
    none = D(0)
    assert rows == [
        # 1001: two at 10.00 and one at 5.00, 2.50 off, shipping 7.00, tip 3.00
        (date(2026, 6, 2), 1, 3, 0, D(25), D("-2.5"), none, D("22.5"), D(7), D(3), none, D("2.44"), D("34.94")),
        # 1002 and 1003, agreed at the first second of the day
        (date(2026, 6, 3), 2, 5, 0, D(50), none, none, D(50), none, none, none, none, D(50)),
        # 1004; the test order 1005 and the deleted order 1006 are in no report
        (date(2026, 6, 4), 1, 1, 0, D(10), none, none, D(10), none, none, none, none, D(10)),
        # 1004 given back
        (date(2026, 6, 5), 0, 0, -1, none, none, D(-10), D(-10), none, none, none, none, D(-10)),
        # 1008: goodwill
        (date(2026, 6, 6), 0, 0, 0, none, none, none, none, none, none, D(-1), none, D(-1)),
        (date(2026, 6, 7), 1, 1, 0, D("13.5"), none, none, D("13.5"), none, none, none, none, D("13.5")),
        # 1001: the unit that came back at 23:59:59 of the 10th, when it was the 11th in UTC
        (date(2026, 6, 10), 0, 0, -1, none, none, D(-9), D(-9), none, none, none, D("-0.75"), D("-9.75")),
        (date(2026, 6, 16), 1, 1, 0, D(10), none, none, D(10), none, none, none, none, D(10)),
    ]


def test_a_day_in_tokyo_begins_nine_hours_before_utc(marts: Marts) -> None:
    rows = marts.rows(
        """
        select sold_on, currency, orders, units_sold, gross_sales, discounts, net_sales, taxes, total_sales
        from marts.daily_sales
        where shop = %s
        """,
        TOKYO,
    )
    assert rows == [(date(2026, 6, 2), "JPY", 1, 2, D(947), D(-100), D(847), D(85), D(932))]


def test_an_order_shows_its_ledger_beside_what_shopify_says_of_it(marts: Marts) -> None:
    row = marts.row(
        """
        select
            ordered_on, new_vs_repeat, line_count, units_ordered, lines_total,
            gross_sales, discounts, returns, net_sales, shipping, tips, taxes, total_sales,
            total, current_total, payment_count, received, refunded, net_payment, capturable, outstanding, fx_residual
        from marts.orders
        where shop = %s and order_id = 1001
        """,
        NEW_YORK,
    )
    assert row == (
        *(date(2026, 6, 2), "new", 2, 3, D(25)),
        *(D(25), D("-2.5"), D(-9), D("13.5"), D(7), D(3), D("1.69"), D("25.19")),
        *(D("34.94"), D("25.19"), 1, D("34.94"), D("9.75"), D("25.19"), D(0), D(0), D(0)),
    )


def test_an_order_paid_by_sale_and_capture_with_several_lines_is_not_doubled(marts: Marts) -> None:
    row = marts.row(
        """
        select line_count, units_ordered, lines_total, payment_count, received, net_sales, total_sales, outstanding
        from marts.orders
        where shop = %s and order_id = 1002
        """,
        NEW_YORK,
    )
    assert row == (2, 4, D(40), 2, D(40), D(40), D(40), D(0))


def test_what_conversion_leaves_has_a_name(marts: Marts) -> None:
    residuals = marts.rows(
        "select order_id, currency, presentment_currency, fx_residual from marts.orders where fx_residual <> 0"
    )
    assert residuals == [(1009, "USD", "EUR", D("0.73"))]


def test_orders_keep_test_orders_marked_and_lose_deleted_ones(marts: Marts) -> None:
    rows = marts.rows(
        "select order_id, is_test from marts.orders where shop = %s and order_id between 1004 and 1007 order by 1",
        NEW_YORK,
    )
    assert rows == [(1004, False), (1005, True), (1007, False)]


def test_the_first_of_two_orders_in_one_second_is_the_one_with_the_lower_id(marts: Marts) -> None:
    rows = marts.rows(
        """
        select order_id, customer_id, customer_order_number, new_vs_repeat
        from marts.orders
        where shop = %s and order_id in (1001, 1002, 1003, 1004)
        order by order_id
        """,
        NEW_YORK,
    )
    assert rows == [(1001, 70, 1, "new"), (1002, 71, 1, "new"), (1003, 71, 2, "repeat"), (1004, None, None, "guest")]


def test_customers_show_what_they_bought_and_no_word_of_who_they_are(marts: Marts) -> None:
    rows = marts.rows(
        """
        select
            shop, customer_id, has_email, lifetime_order_count, lifetime_net_sales, currency, first_order_id, is_repeat
        from marts.customers
        order by shop, customer_id
        """
    )
    assert rows == [
        (NEW_YORK, 70, True, 1, D("13.5"), "USD", 1001, False),
        (NEW_YORK, 71, True, 2, D(50), "USD", 1002, True),
        (NEW_YORK, 72, False, 0, D(0), "USD", None, False),
        (TOKYO, 70, True, 1, D(847), "JPY", 1001, False),
    ]


def test_nothing_personal_passes_into_staging_or_marts(marts: Marts) -> None:
    (marked,) = marts.row("select count(*) from shopify.customers where email like %s", f"%{MARKER}%")
    assert marked > 0, "the world must hold something personal for this test to mean anything"
    leaks = []
    for schema, relation in marts.rows(
        "select table_schema, table_name from information_schema.tables where table_schema in ('staging', 'marts')"
    ):
        query = f'select count(*) from "{schema}"."{relation}" as row_of where to_json(row_of)::text like %s'
        (found,) = marts.row(query, f"%{MARKER}%")
        if found:
            leaks.append(f"{schema}.{relation}")
    assert leaks == []


def test_inventory_is_valued_per_item_and_location(marts: Marts) -> None:
    rows = marts.rows(
        """
        select
            inventory_item_id, location_name, variant_id, product_title, sku, on_hand, available, committed,
            unit_cost, cost_currency, value_on_hand
        from marts.inventory_levels
        order by inventory_item_id, location_id
        """
    )
    assert rows == [
        (111, "Main", 11, "Cup", "CUP-11", 10, 7, 2, D("2.55"), "USD", D("25.5")),
        (111, "East", 11, "Cup", "CUP-11", 0, -2, 2, D("2.55"), "USD", D(0)),
        (112, "Main", None, None, "GONE-12", 4, 4, None, None, None, None),
    ]


def test_the_scope_analysts_see_is_the_scope_the_push_uses(marts: Marts) -> None:
    go_live_at = datetime(2026, 6, 1, tzinfo=ZoneInfo("America/New_York"))
    pushed = {row.order_id for row in orders_in_scope(marts.conn, NEW_YORK, go_live_at, None)}
    shown = marts.rows(
        "select order_id from marts.reconciled_orders where shop = %s and is_in_scope and is_in_shop", NEW_YORK
    )
    assert {order_id for (order_id,) in shown} == pushed
    assert pushed == {1001, 1002, 1003, 1004, 1008, 1009, 1010, 1011}


def test_money_is_numeric_and_nothing_is_a_float_or_a_zoneless_time(marts: Marts) -> None:
    kinds = marts.rows(
        """
        select distinct data_type
        from information_schema.columns
        where table_schema in ('staging', 'marts')
        """
    )
    assert {kind for (kind,) in kinds} == {"text", "bigint", "numeric", "boolean", "date", "timestamp with time zone"}

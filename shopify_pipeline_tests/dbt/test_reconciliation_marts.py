"""What the reconciliation marts say of planted breaks, and of a shop about which everybody agrees."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest

from shopify_pipeline_tests.dbt.conftest import Marts
from shopify_pipeline_tests.dbt.marts_world import BERLIN, NEW_YORK, TOKYO

WITH_A_STATUS = (
    "reconciled_orders",
    "reconciled_customers",
    "reconciled_payments",
    "reconciled_refunds",
    "reconciled_payouts",
    "reconciled_inventory",
    "clearing_balances",
)


@pytest.mark.parametrize("mart", WITH_A_STATUS)
def test_a_quiet_shop_agrees_in_every_mart(marts: Marts, mart: str) -> None:
    rows = marts.rows(f"select distinct status, difference from marts.{mart} where shop = %s", BERLIN)
    assert rows == [("agreed", D(0))]


def test_orders_say_which_are_broken_and_by_how_much(marts: Marts) -> None:
    rows = marts.rows(
        """
        select
            order_id, status, is_in_shop, sales_since_go_live, posted_total, difference, payments_difference,
            open_breaks
        from marts.reconciled_orders
        where shop = %s
        order by order_id
        """,
        NEW_YORK,
    )
    assert rows == [
        (1001, "agreed", True, D("25.19"), D("25.19"), D(0), D(0), 0),
        (1002, "broken", True, D(40), D("39.99"), D("-0.01"), D(-40), 2),
        (1003, "in_transit", True, D(10), D(0), D(-10), D(-10), 0),
        (1004, "broken", True, D(0), D(1), D(1), D(0), 1),
        (1007, "before_go_live", True, D(0), D(0), D(0), D(0), 0),
        (1008, "agreed", True, D(-1), D(-1), D(0), D(0), 0),
        (1009, "agreed", True, D("13.5"), D("13.5"), D(0), D(0), 0),
        (1010, "agreed", True, D(0), D(0), D(0), D(0), 0),
        (1011, "in_transit", True, D(10), D(0), D(-10), D(0), 0),
        (4711, "broken", False, D(0), D(5), D(5), D(0), 1),
    ]


def test_a_shop_without_a_go_live_owes_the_books_nothing(marts: Marts) -> None:
    assert marts.row("select status, sales_since_go_live from marts.reconciled_orders where shop = %s", TOKYO) == (
        "before_go_live",
        D(0),
    )


def test_payments_name_the_money_that_is_not_booked(marts: Marts) -> None:
    rows = marts.rows(
        """
        select order_id, status, amount, booked_amount, difference
        from marts.reconciled_payments
        where shop = %s and difference <> 0
        order by order_id, amount
        """,
        NEW_YORK,
    )
    assert rows == [
        (1002, "broken", D(5), None, D(-5)),
        (1002, "in_transit", D(35), None, D(-35)),
        (1003, "in_transit", D(10), None, D(-10)),
    ]


def test_refunds_show_the_credit_note_beside_what_was_agreed(marts: Marts) -> None:
    rows = marts.rows(
        """
        select order_name, action_type, status, agreed_on, agreed_total, credited_total, difference
        from marts.reconciled_refunds
        where shop = %s
        order by order_id
        """,
        NEW_YORK,
    )
    assert rows == [
        ("#1001", "RETURN", "agreed", date(2026, 6, 10), D("-9.75"), D("-9.75"), D(0)),
        ("#1004", "RETURN", "broken", date(2026, 6, 5), D(-10), D(-9), D(1)),
        ("#1008", "RETURN", "agreed", date(2026, 6, 6), D(-1), D(-1), D(0)),
    ]


def test_payouts_stand_beside_their_parts_and_the_bank(marts: Marts) -> None:
    rows = marts.rows(
        """
        select payout_id, status, currency, net, parts_amount, parts_fee, parts_net, booked_amount, difference
        from marts.reconciled_payouts
        order by payout_id
        """
    )
    assert rows == [
        (501, "accepted", "USD", D("5.5"), D(6), D("0.5"), D("5.5"), None, D("-5.5")),
        (601, "agreed", "EUR", D("5.5"), D(6), D("0.5"), D("5.5"), D("5.5"), D(0)),
    ]


def test_two_locations_of_the_shop_are_one_warehouse_of_the_books(marts: Marts) -> None:
    rows = marts.rows(
        """
        select product, location, sku, status, location_count, on_hand, booked_on_hand, difference
        from marts.reconciled_inventory
        where shop = %s
        order by product
        """,
        NEW_YORK,
    )
    assert rows == [
        ("11", "MAIN", "CUP-11", "agreed", 2, 10, D(10), D(0)),
        ("12", "MAIN", "CUP-12", "broken", 1, 4, D(3), D(-1)),
    ]


def test_customers_owe_what_their_orders_owe(marts: Marts) -> None:
    rows = marts.rows(
        """
        select party, status, order_count, broken_orders, owed, receivable, difference
        from marts.reconciled_customers
        where shop = %s
        order by party
        """,
        NEW_YORK,
    )
    assert rows == [
        # 4711 is booked on nobody, and no order of the shop
        ("", "broken", 0, 1, D(0), D(5), D(5)),
        # 1001: 25.19 sold, 25.19 paid
        ("70", "agreed", 1, 0, D(0), D(0), D(0)),
        # 1002 a cent short and unpaid in the books, 1003 not there at all
        ("71", "broken", 2, 1, D(0), D("39.99"), D("39.99")),
        # 1004 credited 1.00 too little; 1009 owes what conversion left; 1011 is not there yet
        ("guest", "broken", 5, 1, D("10.73"), D("1.73"), D(-9)),
    ]


def test_clearing_says_what_waits_by_shop_and_by_books(marts: Marts) -> None:
    rows = marts.rows(
        """
        select account, gateways, status, currency, by_shop, by_books, difference
        from marts.clearing_balances
        where shop = %s
        order by account
        """,
        NEW_YORK,
    )
    assert rows == [
        ("1100", "shopify_payments", "agreed", "USD", D(0), D(0), D(0)),
        # 25.19 + 40 + 10 + 0 - 1 + 12.77 by the shop; 1002 and 1003 are not booked
        ("1100M", "manual", "broken", "USD", D("86.96"), D("36.96"), D(-50)),
    ]


def test_breaks_are_listed_open_and_past_with_what_is_at_risk(marts: Marts) -> None:
    rows = marts.rows(
        """
        select break_id, order_name, status, is_difference, amount_at_risk, currency, age_days, age_bucket
        from marts.reconciliation_breaks
        where break_id in ('short', 'late', 'healed', 'at the bank', 'cup', 'foundling')
        order by break_id
        """
    )
    assert rows == [
        ("at the bank", None, "accepted", False, D("5.5"), "USD", None, None),
        ("cup", None, "open", True, None, None, 12, "8-30 d"),
        ("foundling", None, "open", True, D(5), "USD", 12, "8-30 d"),
        ("healed", None, "closed", False, None, "USD", None, None),
        ("late", "#1002", "open", False, D(35), "USD", 12, "8-30 d"),
        ("short", "#1002", "open", True, D("0.01"), "USD", 12, "8-30 d"),
    ]


def test_the_summary_has_a_row_per_rule_of_each_night(marts: Marts) -> None:
    rows = marts.rows(
        """
        select rule, currency, run_on, is_newest_run, checked, open_breaks, in_transit, amount_at_risk
        from marts.reconciliation_summary
        order by rule
        """
    )
    # Midnight of 1 January in UTC.
    night = date(2025, 12, 31)
    assert rows == [
        ("I1", "USD", night, True, 2, 1, 0, D(0)),
        ("O5", "USD", night, True, 8, 1, 0, D("0.01")),
        ("P1", "USD", night, True, 12, 1, 1, D(5)),
    ]

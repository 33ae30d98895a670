"""Trap 23: a sale belongs to the shop's own day; counted by UTC it lands on another."""

from __future__ import annotations

from datetime import date

import pytest

from shopify_pipeline_tests.dbt.conftest import Marts
from shopify_pipeline_tests.dbt.marts_world import TOKYO


def test_a_sale_at_night_in_tokyo_is_of_the_next_day_there(marts: Marts) -> None:
    def check() -> None:
        assert marts.rows("select sold_on from marts.daily_sales where shop = %s", TOKYO) == [(date(2026, 6, 2),)]

    check()
    (zone,) = marts.row("select time_zone from ops.shops where shop = %s", TOKYO)
    try:
        # What a mart does that never asks where the shop is.
        _live_in(marts, "UTC")
        with pytest.raises(AssertionError):
            check()
    finally:
        _live_in(marts, zone)
    check()


def _live_in(marts: Marts, zone: str) -> None:
    marts.conn.execute("update ops.shops set time_zone = %s where shop = %s", [zone, TOKYO])
    outcome = marts.dbt("run", "--select", "+daily_sales")
    assert set(outcome.statuses.values()) == {"success"}

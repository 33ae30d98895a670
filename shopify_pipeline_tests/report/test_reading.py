"""What a report is told: the break ledger and both readings of a real warehouse, in one moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from shopify_pipeline.errors import PermanentError
from shopify_pipeline.report.figures import read_figures
from shopify_pipeline.report.night import AGES, FIGURES, Night
from shopify_pipeline.report.render import render, verdict
from shopify_pipeline.report.words import figure
from shopify_pipeline.steps import report
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop
from shopify_pipeline_tests.reconcile.company import GO_LIVE_ON, NOW, ZONE
from shopify_pipeline_tests.reconcile.warehouse_rows import SHOP

ORDERED_ON = date(2026, 11, 12)


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    """One paid order of 10.50, in the books and counted."""
    with connect(warehouse_dsn) as conn:
        shop = AShop.opened(conn, tmp_path)
        shop.order((shop.item(), 1, "10.00"))
        shop.push()
        shop.snapshot()
        shop.count()
        yield shop


def told(shop: AShop) -> Night:
    return report.read(shop.conn, shop=SHOP, go_live_on=GO_LIVE_ON, time_zone=ZONE)


def totals(night: Night, day: date) -> dict[str, tuple[Decimal, Decimal]]:
    return {each.figure: (each.shop, each.books) for each in night.totals if each.day == day}


def test_an_agreed_night_tells_what_was_compared_and_the_figures_of_both_sides(shop: AShop) -> None:
    shop.reconcile()
    night = told(shop)

    assert (night.open.count, night.accepted.count, night.currency) == (0, 0, "USD")
    assert (night.counted_at, night.day) == (NOW, date(2026, 11, 20))
    compared = {each.rule: each.checked for each in night.compared}
    assert compared["O1"] == compared["O5"] == 1
    assert list(compared).index("O2") < list(compared).index("O10")
    assert verdict(night).startswith("Shop and books agree")


def test_control_totals_are_the_days_sales_and_money_on_both_sides(shop: AShop) -> None:
    shop.count(as_of=datetime(2026, 11, 13, 8, tzinfo=UTC))
    shop.reconcile()
    night = told(shop)

    sold = Decimal("10.50")
    assert totals(night, ORDERED_ON) == {
        "sold": (sold, sold),
        "tax": (Decimal("0.50"), Decimal("0.50")),
        "returned": (0, 0),
        "paid": (sold, sold),
        "given_back": (0, 0),
    }
    assert totals(night, date(2026, 11, 13)) == dict.fromkeys(FIGURES, (0, 0))


def test_control_totals_are_those_of_the_last_week_of_the_shops_days(shop: AShop) -> None:
    shop.reconcile()

    days = sorted({each.day for each in told(shop).totals})
    assert days == [date(2026, 11, 14) + timedelta(days=number) for number in range(7)]


def test_a_break_is_told_with_its_age_and_counts_in_ages_and_amount_at_risk(shop: AShop) -> None:
    shop.sql("update backoffice.documents set total = total + 0.01")
    shop.reconcile()
    night, figures = told(shop), read_figures(shop.conn, SHOP)

    (found,) = (each for each in night.open.breaks if each.rule == "O5")
    assert (figure(found.expected, "USD"), found.difference, found.currency) == ("10.50", Decimal("0.01"), "USD")
    assert found.age_days == (NOW - NOON).days == 7
    assert sum(each.breaks for each in night.ages) == night.open.count
    assert {each.age for each in night.ages} <= set(AGES)
    assert ("O5", "4-7 d", 1) in [(each.rule, each.age, each.breaks) for each in night.ages]
    assert night.at_risk == figures.amount_at_risk
    assert night.open.count == figures.open == sum(figures.open_by_severity.values())
    assert night.oldest_days == figures.oldest_days == 7
    (judged,) = (each for each in figures.rules if each.rule == "O5")
    assert judged.says == "1 break open, 0.01 USD at risk, the oldest 7 days"
    assert str(found.message) in render(night).replace("&#39;", "'")


def test_an_accepted_break_is_told_with_who_and_why_and_is_not_open(shop: AShop) -> None:
    shop.sql("update backoffice.documents set total = total + 0.01")
    shop.reconcile()
    shop.sql(
        "update recon.breaks set status = 'accepted', accepted_by = 'controller', accepted_because = 'one cent', "
        "accepted_until = '2026-12-31'"
    )
    shop.reconcile()
    night = told(shop)

    assert night.open.count == 0
    (found,) = (each for each in night.accepted.breaks if each.rule == "O5")
    assert (found.accepted_by, found.accepted_because, found.accepted_until) == (
        "controller",
        "one cent",
        date(2026, 12, 31),
    )
    assert {each.rule: each.accepted for each in night.compared}["O5"] == 1


def test_a_young_difference_is_on_its_way(shop: AShop) -> None:
    shop.sql("update backoffice.documents set total = total + 0.01")
    shop.count(as_of=NOON + timedelta(minutes=30))
    shop.reconcile()
    night = told(shop)

    assert "O5" in {each.rule for each in night.in_transit.breaks}
    assert "O5" not in {each.rule for each in night.open.breaks}


def test_a_clearing_account_is_told_as_both_sides_have_it(shop: AShop) -> None:
    shop.reconcile()
    agreed = {each.account: each for each in told(shop).clearing}
    shop.sql("update backoffice.totals set amount = amount - 3 where account = '1110'")
    shop.sql("insert into backoffice.totals values (%(shop)s, '1110', '2026-10-01', 7)")
    shop.reconcile()
    broken = {each.account: each for each in told(shop).clearing}

    assert agreed["1110"].gateways == "paypal"
    assert (agreed["1110"].shop, agreed["1110"].books, agreed["1110"].state) == (0, 0, None)
    assert (broken["1110"].shop, broken["1110"].books, broken["1110"].state) == (0, 7, "amount_mismatch")
    assert broken["1110"].difference == 7


def test_payouts_under_way_are_listed_and_paid_ones_are_not(shop: AShop) -> None:
    for payout_id, status, direction in (
        (1, "SCHEDULED", "DEPOSIT"),
        (2, "PAID", "DEPOSIT"),
        (3, "IN_TRANSIT", "WITHDRAWAL"),
    ):
        shop.sql(
            "insert into recon.census_payouts (shop, payout_id, status, direction, issued_at, currency, net) "
            "values (%(shop)s, %(id)s, %(status)s, %(direction)s, %(at)s, 'USD', 40)",
            id=payout_id,
            status=status,
            direction=direction,
            at=NOON,
        )
    shop.reconcile()

    assert [(each.payout_id, each.net) for each in told(shop).payouts] == [(1, 40), (3, -40)]


def test_the_trend_is_of_the_last_thirty_runs_oldest_first(shop: AShop) -> None:
    shop.sql(
        "insert into recon.runs (shop, as_of, started_at, finished_at, open_breaks, in_transit, amount_at_risk) "
        "select %(shop)s, %(now)s - n * interval '1 day', %(now)s, %(now)s, n, 0, '{\"USD\": \"0.10\"}' "
        "from generate_series(40, 1, -1) as n",
        now=NOW,
    )
    shop.reconcile()
    runs = told(shop).runs

    assert [each.open for each in runs] == [*range(29, 0, -1), 0]
    assert runs[0].at_risk("USD") == Decimal("0.10")
    assert runs[-1].at_risk("USD") == 0


def test_there_is_no_report_of_readings_no_run_compared(shop: AShop) -> None:
    with pytest.raises(PermanentError, match="was never reconciled"):
        told(shop)
    shop.reconcile()
    shop.count(as_of=NOW + timedelta(hours=1))
    with pytest.raises(PermanentError, match="since it was reconciled"):
        told(shop)


def test_another_shops_breaks_are_not_told(shop: AShop) -> None:
    shop.sql("update backoffice.documents set total = total + 0.01")
    shop.reconcile()
    before = told(shop).open.count
    shop.sql(
        "insert into recon.breaks select (b).* from (select jsonb_populate_record(b, "
        """'{"break_id": "other", "shop": "b-shop.myshopify.com"}') as b from recon.breaks as b limit 1) as other"""
    )

    assert told(shop).open.count == before

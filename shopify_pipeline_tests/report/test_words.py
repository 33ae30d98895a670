"""How figures are written: every digit a currency has, and a sign nobody overlooks."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shopify_pipeline.report import words


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234567.5", "USD", "1,234,567.50"),
        ("-0.01", "USD", "−0.01"),
        ("0", "USD", "0.00"),
        ("-0.00", "USD", "0.00"),
        ("1234567", "JPY", "1,234,567"),
        ("1.5", "KWD", "1.500"),
        ("-12345.678", "KWD", "−12,345.678"),
        ("1E+3", "USD", "1,000.00"),
    ],
)
def test_an_amount_has_the_digits_of_its_currency(amount: str, currency: str, text: str) -> None:
    assert words.money(Decimal(amount), currency) == text


def test_an_amount_finer_than_its_currency_is_not_rounded_away() -> None:
    assert words.money(Decimal("0.001"), "USD") == "0.001"
    assert words.money(Decimal("-0.5"), "JPY") == "−0.5"


def test_a_difference_says_its_sign_and_its_currency_or_is_in_units() -> None:
    assert words.difference(Decimal("1200"), "USD") == "+1,200.00 USD"
    assert words.difference(Decimal("-3"), None) == "−3"
    assert words.difference(Decimal("2.50"), None) == "+2.5"
    assert words.difference(None, "USD") == "–"


def test_one_side_of_a_rule_is_an_amount_only_when_it_reads_as_one() -> None:
    assert words.figure("1250.5", "USD") == "1,250.50"
    assert words.figure("1234", None) == "1,234"
    assert words.figure("PAID", "USD") == "PAID"
    assert words.figure("NaN", "USD") == "NaN"
    assert words.figure("", "USD") == words.figure(None, "USD") == "–"


def test_an_instant_is_told_on_the_shops_clock() -> None:
    assert words.local(datetime(2026, 11, 23, 8, tzinfo=UTC), "America/New_York") == "2026-11-23 03:00 EST"
    assert words.local(datetime(2026, 7, 1, 8, tzinfo=UTC), "America/New_York") == "2026-07-01 04:00 EDT"


def test_counts_and_ages_read_as_sentences() -> None:
    assert words.counted(1, "break") == "1 break"
    assert words.counted(2000, "break") == "2,000 breaks"
    assert (words.days(0), words.days(1), words.days(12)) == ("today", "1 day", "12 days")

"""Orders in another currency than the shop's: what conversion leaves is named, and an error in it is a break."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop, Placed

D = Decimal


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    with connect(warehouse_dsn) as conn:
        yield AShop.opened(conn, tmp_path)


@pytest.fixture
def order(shop: AShop) -> Placed:
    """An order of 31.50, 1.50 of it tax, paid and shipped; pushed, read back and counted."""
    mug = shop.item()
    order = shop.order((mug, 3, "30.00"))
    shop.ship(order, NOON + timedelta(hours=1), [3])
    shop.push()
    shop.snapshot()
    shop.count()
    return order


def found(shop: AShop) -> list[tuple[str, str]]:
    """(rule, key) of what is open between shop and books; the warehouse is not told what these tests change."""
    return [(rule, key) for rule, _, _, key in shop.breaks() if not rule.startswith("W")]


def test_what_conversion_left_is_named_and_is_no_break(shop: AShop, order: Placed) -> None:
    shop.sql("update recon.census_orders set presentment_currency = 'EUR', current_total = current_total + 0.01")

    assert shop.reconcile().residuals == 1

    assert found(shop) == []
    assert shop.sql("select what, ledger, told, residual, currency, presentment_currency from recon.fx_residuals") == [
        ("total", D("31.50"), D("31.51"), D("-0.01"), "USD", "EUR")
    ]


def test_a_difference_in_the_currency_that_was_paid_is_a_break_and_no_residual(shop: AShop, order: Placed) -> None:
    shop.sql(
        "update recon.census_orders set presentment_currency = 'EUR', current_tax = current_tax + 0.01, "
        "presentment_current_tax = presentment_current_tax + 0.01"
    )

    assert shop.reconcile().residuals == 0

    assert found(shop) == [("O6", "current")]
    assert shop.sql("select difference, currency from recon.breaks where rule = 'O6'") == [(D("-0.01"), "EUR")]


def test_a_residual_that_is_no_more_is_forgotten(shop: AShop, order: Placed) -> None:
    shop.sql("update recon.census_orders set presentment_currency = 'EUR', current_tax = current_tax + 0.01")
    assert shop.reconcile().residuals == 1
    shop.sql("update recon.census_orders set current_tax = current_tax - 0.01")

    assert shop.reconcile().residuals == 0

    assert shop.sql("select * from recon.fx_residuals") == []

"""Money that is not plain: what cash is rounded by, tax a channel remits, other currencies, revenue that waits.

Each rule knows what is right, and finds it when it is not so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop, Placed
from shopify_pipeline_tests.reconcile.company import VALUE_MAP

D = Decimal
ACCOUNTS = VALUE_MAP.accounts


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
    """(rule, sub key) of what is open."""
    return [(rule, sub_key) for rule, _, _, sub_key in shop.breaks()]


def test_cash_is_in_the_drawer_with_what_it_was_rounded_by(shop: AShop, order: Placed) -> None:
    name = str(order.transaction_id)
    shop.sql("update recon.census_transactions set rounding = 0.02")
    shop.reconcile()
    assert found(shop) == [("L1", f"{name} on 1100"), ("L1", f"{name} on 4910")]

    shop.sql(
        "update backoffice.ledger set amount = amount + 0.02 where external_id = %(n)s and account = '1100'", n=name
    )
    shop.sql(
        "insert into backoffice.ledger (shop, resource, external_id, order_id, account, amount, booked_on, party) "
        "select shop, resource, external_id, order_id, '4910', -0.02, booked_on, '' from backoffice.ledger "
        "where external_id = %(n)s and account = '1100'",
        n=name,
    )
    shop.reconcile()
    assert found(shop) == []


def test_cash_that_went_back_is_rounded_the_other_way(shop: AShop, order: Placed) -> None:
    shop.sql("update recon.census_transactions set kind = 'REFUND', rounding = 0.02")

    shop.reconcile()

    values = shop.sql("select key, expected::numeric from recon.breaks where rule = 'L1' order by 1")
    assert dict(values) == {
        f"{order.transaction_id} on 1100": D("-31.52"),
        f"{order.transaction_id} on 1200": D("31.50"),
        f"{order.transaction_id} on 4910": D("0.02"),
    }


def test_tax_the_channel_remits_is_not_on_our_tax_account(shop: AShop, order: Placed) -> None:
    apart = msgspec.structs.replace(VALUE_MAP, accounts={**ACCOUNTS, "channel_tax": "2210"})
    name = f"{order.agreement_id}/ORDER"
    shop.sql("update recon.census_sales set channel_tax = tax")
    shop.reconcile(value_map=apart)
    assert found(shop) == [("L1", f"{name} on 2200"), ("L1", f"{name} on 2210")]

    shop.sql("update backoffice.ledger set account = '2210' where external_id = %(n)s and account = '2200'", n=name)
    shop.reconcile(value_map=apart)
    assert found(shop) == []


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
    assert shop.sql("select amount, currency from recon.breaks") == [(D("-0.01"), "EUR")]


def test_a_residual_that_is_no_more_is_forgotten(shop: AShop, order: Placed) -> None:
    shop.sql("update recon.census_orders set presentment_currency = 'EUR', current_tax = current_tax + 0.01")
    assert shop.reconcile().residuals == 1
    shop.sql("update recon.census_orders set current_tax = current_tax - 0.01")

    assert shop.reconcile().residuals == 0

    assert shop.sql("select * from recon.fx_residuals") == []


def test_where_revenue_waits_for_fulfillment_goods_are_sold_on_the_deferred_account(shop: AShop, order: Placed) -> None:
    waiting = msgspec.structs.replace(VALUE_MAP, accounts={**ACCOUNTS, "deferred": "2400"})
    name = f"{order.agreement_id}/ORDER"
    shop.reconcile(value_map=waiting, recognition="fulfillment")
    assert found(shop) == [("L1", f"{name} on 2400"), ("L1", f"{name} on 4000")]

    shop.sql("update backoffice.ledger set account = '2400' where external_id = %(n)s and account = '4000'", n=name)
    shop.reconcile(value_map=waiting, recognition="fulfillment")
    assert found(shop) == []


def test_goods_of_a_type_with_an_account_of_its_own_are_sold_there(shop: AShop, order: Placed) -> None:
    mugs = msgspec.structs.replace(VALUE_MAP, product_types={"Mugs": "4050"})
    name = f"{order.agreement_id}/ORDER"
    shop.sql("update shopify.products set product_type = 'Mugs'")
    shop.sql("update shopify.order_lines set product_id = (select product_id from shopify.products)")

    shop.reconcile(value_map=mugs)

    assert found(shop) == [("L1", f"{name} on 4000"), ("L1", f"{name} on 4050")]


def test_an_entry_is_neither_a_document_nor_a_payment(shop: AShop, order: Placed) -> None:
    shop.sql(
        "insert into backoffice.ledger (shop, resource, external_id, order_id, account, amount, booked_on, party) "
        "select %(shop)s, 'entries', 'balance/1', %(id)s, account, amount, '2026-11-12', '' "
        "from (values ('6000', 1.22), ('1100', -1.22)) as line (account, amount)",
        id=order.order_id,
    )

    shop.reconcile()

    assert found(shop) == []

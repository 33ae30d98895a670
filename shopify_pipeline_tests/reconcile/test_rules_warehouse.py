"""Rules of the warehouse: what it does not hold, holds in an old version, or holds otherwise than the shop counts.

Here: rules W1 to W3. Not here: anything of the back office.
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
HOUR = timedelta(hours=1)
Row = tuple[str, str, str, str]


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    with connect(warehouse_dsn) as conn:
        yield AShop.opened(conn, tmp_path)


@pytest.fixture
def mug(shop: AShop) -> Item:
    return shop.item()


@pytest.fixture
def order(shop: AShop, mug: Item) -> Placed:
    """An order of 31.50, shipped, and one unit taken back; pushed, read back and counted."""
    order = shop.order((mug, 3, "30.00"))
    shop.ship(order, NOON + HOUR, [3])
    shop.refund(order, NOON + 2 * HOUR, units=1, net="10.00", money="10.50")
    shop.push()
    shop.snapshot()
    shop.count()
    return order


def found(shop: AShop) -> list[Row]:
    shop.reconcile()
    return [one for one in shop.breaks() if one[0].startswith("W")]


def amount(shop: AShop, key: str) -> tuple[Decimal, str | None]:
    ((difference, currency),) = shop.sql(
        "select difference, currency from recon.breaks where key = %(key)s and status = 'open'", key=key
    )
    return difference, currency


def test_all_of_them_compare_something_and_find_nothing_when_all_agrees(shop: AShop, order: Placed) -> None:
    checked = shop.reconcile().checked
    assert found(shop) == []
    assert all(checked[name] for name in ("W1", "W2", "W3"))


def test_a_root_that_never_reached_the_warehouse_is_found(shop: AShop, order: Placed) -> None:
    shop.sql("insert into recon.census_roots values (%(shop)s, 'customers', '9', %(at)s)", at=BEFORE)
    assert found(shop) == [("W1", "missing_warehouse", "customers/9", "")]


def test_a_root_that_changed_within_the_lag_is_on_its_way(shop: AShop, order: Placed) -> None:
    shop.sql(
        "insert into recon.census_roots values (%(shop)s, 'customers', '9', %(at)s)", at=NOW - timedelta(minutes=59)
    )
    assert found(shop) == [("W1", "in_transit", "customers/9", "")]


def test_an_order_whose_newest_version_was_not_loaded_is_one_break_and_its_figures_are_not_judged(
    shop: AShop, order: Placed
) -> None:
    for table, key in (("roots", "root_id"), ("orders", "order_id::text")):
        shop.sql(
            f"update recon.census_{table} set updated_at = updated_at + interval '1 second' where {key} = %(id)s",
            id=str(order.order_id),
        )
    shop.sql("update recon.census_orders set total_received = 1")
    assert found(shop) == [("W1", "missing_warehouse", f"orders/{order.order_id}", "")]


def test_an_order_that_is_gone_from_the_warehouse_is_one_break(shop: AShop, order: Placed) -> None:
    shop.sql("update shopify.orders set _deleted = true where order_id = %(id)s", id=order.order_id)
    assert found(shop) == [("W1", "missing_warehouse", f"orders/{order.order_id}", "")]


@pytest.mark.parametrize(
    ("figure", "currency"),
    [
        ("original_total_price", "USD"),
        ("current_total_price_presentment", "EUR"),
        ("current_total_tax", "USD"),
        ("current_shipping_price", "USD"),
        ("current_total_discounts_presentment", "EUR"),
        ("total_received", "USD"),
        ("total_refunded", "USD"),
        ("total_outstanding_presentment", "EUR"),
    ],
)
def test_a_figure_of_an_order_that_is_not_what_was_counted_is_named_with_its_currency(
    shop: AShop, order: Placed, figure: str, currency: str
) -> None:
    column = figure if figure.endswith("_presentment") else f"{figure}_shop"
    shop.sql("update recon.census_orders set presentment_currency = 'EUR'")
    shop.sql(f"update shopify.orders set {column} = coalesce({column}, 0) + 0.01")
    assert found(shop) == [("W2", "amount_mismatch", f"orders/{order.order_id}", figure)]
    assert amount(shop, figure) == (D("0.01"), currency)


def test_a_sale_the_load_dropped_is_named_by_every_figure_it_is_part_of(shop: AShop, order: Placed) -> None:
    shop.sql("delete from shopify.order_sale_taxes where amount_shop < 0")
    shop.sql("delete from shopify.order_sales where action_type = 'RETURN'")
    assert [key for _, _, _, key in found(shop)] == [
        "sale_taxes",
        "sales_count",
        "sales_quantity_count",
        "sales_tax_presentment",
        "sales_total",
        "sales_total_presentment",
    ]
    assert amount(shop, "sales_total") == (D("10.50"), "USD")
    assert amount(shop, "sales_count") == (D(-1), None)


def test_a_tax_with_the_wrong_sign_is_found(shop: AShop, order: Placed) -> None:
    shop.sql("update shopify.order_sale_taxes set amount_shop = -amount_shop where amount_shop < 0")
    assert found(shop) == [("W2", "amount_mismatch", f"orders/{order.order_id}", "sale_taxes")]
    assert amount(shop, "sale_taxes") == (D("1.00"), "USD")


def test_a_transaction_that_is_there_twice_is_found(shop: AShop, order: Placed) -> None:
    shop.add(
        "order_transactions",
        transaction_id=77,
        order_id=order.order_id,
        kind="SALE",
        status="SUCCESS",
        gateway="shopify_payments",
        amount_shop=D("31.50"),
        amount_presentment=D("31.50"),
        created_at=NOON,
        processed_at=NOON,
    )
    assert [key for _, _, _, key in found(shop)] == ["transactions", "transactions_presentment"]
    assert amount(shop, "transactions") == (D("31.50"), "USD")


def test_units_of_a_line_that_are_not_what_was_counted_are_found_without_a_currency(shop: AShop, order: Placed) -> None:
    shop.sql("update shopify.order_lines set current_quantity = current_quantity + 1")
    assert found(shop) == [
        ("W2", "amount_mismatch", f"orders/{order.order_id}", "lines_current_quantity_count"),
    ]
    assert amount(shop, "lines_current_quantity_count") == (D(1), None)


@pytest.mark.parametrize("name", ["on_hand", "available"])
def test_a_level_that_is_not_what_was_counted_is_named_by_place_and_quantity(
    shop: AShop, order: Placed, mug: Item, name: str
) -> None:
    shop.sql(f"update shopify.inventory_levels set {name} = {name} - 2")
    assert found(shop) == [("W3", "quantity_mismatch", f"variants/{mug.variant_id}", f"Brooklyn {name}")]
    assert amount(shop, f"Brooklyn {name}") == (D(-2), None)


def test_a_level_in_another_version_than_the_one_counted_is_not_compared(shop: AShop, order: Placed) -> None:
    shop.sql("update shopify.inventory_levels set on_hand = 0, updated_at = updated_at + interval '1 second'")
    assert found(shop) == []

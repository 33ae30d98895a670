"""Stock: each rule names the variant, and where, of what is not as the shop says.

Orders and counts are pushed into a journal; then one side is changed, and only what was changed is named.
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

HOUR = timedelta(hours=1)


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    with connect(warehouse_dsn) as conn:
        yield AShop.opened(conn, tmp_path)


@pytest.fixture
def mug(shop: AShop) -> Item:
    return shop.item()


@pytest.fixture
def order(shop: AShop, mug: Item) -> Placed:
    """Three mugs, of which two have left."""
    order = shop.order((mug, 3, "30.00"))
    shop.ship(order, NOON + HOUR, [2])
    return order


@pytest.fixture
def agreeing(shop: AShop, order: Placed) -> AShop:
    shop.push()
    shop.snapshot()
    shop.count()
    return shop


def found(shop: AShop) -> list[tuple[str, str, str, str, Decimal | None]]:
    """(rule, class, entity, key, difference) of what the rules of stock find."""
    shop.reconcile()
    rows = shop.sql(
        "select rule, class, entity, key, difference from recon.breaks "
        "where status = 'open' and rule like 'I%%' order by rule, entity, key"
    )
    return [(rule, kind, entity, key, difference) for rule, kind, entity, key, difference in rows]


def test_what_is_on_hand_promised_and_for_sale_agrees(agreeing: AShop) -> None:
    assert found(agreeing) == []
    checked = agreeing.reconcile().checked
    assert [checked[name] for name in ("I1", "I2", "I3", "I4", "I5")] == [1, 1, 1, 2, 1]


def test_stock_that_was_moved_by_hand_is_found_at_both_warehouses(agreeing: AShop, mug: Item) -> None:
    agreeing.sql("update backoffice.stock set quantity = quantity - 1 where location = 'EAST'")
    agreeing.sql("insert into backoffice.stock values (%(shop)s, %(id)s::text, 'WEST', 1)", id=str(mug.variant_id))

    name = f"variants/{mug.variant_id}"
    assert found(agreeing) == [
        ("I1", "quantity_mismatch", name, "EAST", Decimal(-1)),
        ("I1", "quantity_mismatch", name, "WEST", Decimal(1)),
    ]


def test_stock_that_moved_a_moment_ago_is_in_transit(agreeing: AShop, mug: Item) -> None:
    agreeing.sql(
        "update recon.census_levels set on_hand = on_hand - 1, available = available - 1, updated_at = %(at)s",
        at=NOW - HOUR / 2,
    )

    assert [one[:4] for one in found(agreeing)] == [("I1", "in_transit", f"variants/{mug.variant_id}", "EAST")]


def test_an_item_nobody_tracks_any_more_is_not_counted(agreeing: AShop, mug: Item) -> None:
    agreeing.sql("update recon.census_variants set is_tracked = false")
    agreeing.sql("update backoffice.stock set quantity = 0")

    assert found(agreeing) == []


@pytest.mark.parametrize("quantity", ["committed", "reserved", "damaged", "quality_control", "safety_stock"])
def test_what_is_set_aside_cannot_be_sold(agreeing: AShop, mug: Item, quantity: str) -> None:
    agreeing.sql(f"update recon.census_levels set {quantity} = {quantity} + 2")

    one = ("I2", "quantity_mismatch", f"variants/{mug.variant_id}", "Brooklyn", Decimal(2))
    assert [each for each in found(agreeing) if each[0] == "I2"] == [one]


def test_a_promise_the_back_office_does_not_know_is_found(agreeing: AShop, mug: Item) -> None:
    agreeing.sql("update backoffice.order_lines set quantity = 2")

    assert found(agreeing) == [("I3", "quantity_mismatch", f"variants/{mug.variant_id}", "", Decimal(-1))]


def test_what_an_order_waits_for_that_the_back_office_does_not_have_is_not_promised_there(
    agreeing: AShop, mug: Item
) -> None:
    agreeing.order((mug, 4, "40.00"), name="#1002")
    agreeing.order((mug, 5, "50.00"), name="#1003", is_test=True)
    agreeing.count()

    assert found(agreeing) == []


def test_less_than_nothing_asks_for_attention(agreeing: AShop, mug: Item) -> None:
    agreeing.sql("update recon.census_levels set available = -1, committed = on_hand + 1")
    agreeing.sql("insert into backoffice.stock values (%(shop)s, %(id)s::text, 'WEST', -2)", id=str(mug.variant_id))

    name = f"variants/{mug.variant_id}"
    assert [one for one in found(agreeing) if one[0] == "I4"] == [
        ("I4", "attention", name, "Brooklyn", None),
        ("I4", "attention", name, "WEST", None),
    ]


def test_a_variant_that_is_no_product_is_missing(agreeing: AShop, mug: Item) -> None:
    agreeing.sql("delete from backoffice.products")

    assert found(agreeing) == [("I5", "missing_backoffice", f"variants/{mug.variant_id}", "", None)]


def test_a_sku_of_two_variants_asks_for_attention(shop: AShop, order: Placed) -> None:
    shop.item("MUG", on_hand=0)
    shop.push()
    shop.snapshot()
    shop.count()

    assert found(shop) == [("I5", "attention", "skus/MUG", "", None)]

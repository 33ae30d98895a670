"""Trap 16: deleted records are in no answer any more: a hint that a read confirms marks them, or two sweeps do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline.schemas.decode import tail
from shopify_pipeline.steps import ingestion, load, sweep
from shopify_pipeline.warehouse.loads import Load
from shopify_pipeline.warehouse.merge import Merge
from shopify_pipeline.warehouse.tombstones import mark_gone
from shopify_pipeline_tests.webhooks.hinted import HintedShop, hinted_shop

ROWS_OF_PRODUCTS = """
    select distinct p.product_id, p._deleted, v._deleted
    from shopify.products as p
    left join shopify.variants as v using (shop, product_id)
    order by p.product_id
"""


@pytest.fixture
def shop(tmp_path: Path, warehouse_dsn: str) -> Iterator[HintedShop]:
    with hinted_shop(tmp_path, warehouse_dsn, orders=30, mix="full") as running:
        running.pipeline().subscribe()
        running.pipeline().sync("products")
        yield running


def delete_product(shop: HintedShop) -> None:
    shop.store.sandbox.store.advance(happen={"delete_product": 1})
    told(shop)


def told(shop: HintedShop) -> None:
    """Wait until every hint has arrived that is not lost."""
    shop.wait_for(lambda: not shop.store.sandbox.webhooks.deliveries.waiting())


def there(shop: HintedShop) -> set[int]:
    """Products the store has."""
    return set(shop.store.sandbox.store.state.products)


def loaded(shop: HintedShop) -> dict[int, tuple[bool, bool | None]]:
    """Every product ever read: whether it is marked, and whether its variants are."""
    return {number: (gone, its_variants) for number, gone, its_variants in shop.rows(ROWS_OF_PRODUCTS)}


def marked(shop: HintedShop) -> set[int]:
    found = loaded(shop)
    assert all(gone == bool(its_variants) for gone, its_variants in found.values())
    return {number for number, (gone, _) in found.items() if gone}


def test_a_hint_that_a_read_confirms_marks_the_record_with_its_rows(
    shop: HintedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check() -> None:
        before = marked(shop)
        delete_product(shop)
        shop.pipeline().sync("products")
        assert marked(shop) == set(loaded(shop)) - there(shop) > before

    check()
    monkeypatch.setattr(ingestion, "to_ask_for", lambda *_: [])
    with pytest.raises(AssertionError):
        check()


def test_when_the_hint_is_lost_the_second_sweep_that_misses_the_record_marks_it(
    shop: HintedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.store.sandbox.settings.change({"webhook_loss_share": 1.0})

    def check() -> None:
        before = marked(shop)
        delete_product(shop)
        shop.pipeline().sync("products")
        shop.pipeline().sweep("products")
        assert marked(shop) == before
        shop.pipeline().sweep("products")
        assert marked(shop) == set(loaded(shop)) - there(shop) > before

    check()
    monkeypatch.setattr(sweep, "settle_missing", lambda *_: 0)
    with pytest.raises(AssertionError):
        check()


def test_a_hint_about_a_record_that_is_still_there_marks_nothing(
    shop: HintedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(product: int) -> None:
        shop.store.sandbox.trigger("products/delete", f"gid://shopify/Product/{product}")
        told(shop)
        shop.pipeline().sync("products")
        assert marked(shop) == set()

    first, second, *_ = there(shop)
    check(first)
    monkeypatch.setattr(load, "_mark_gone", _believing)
    with pytest.raises(AssertionError):
        check(second)


def _believing(merge: Merge, landed: Load, asked: Sequence[str], tally: Any) -> int:
    """Mark whatever a hint says, without a look at what the shop answered."""
    return mark_gone(merge.conn, landed, merge.stream, "Product", [tail(gid) for gid in asked]) if asked else 0

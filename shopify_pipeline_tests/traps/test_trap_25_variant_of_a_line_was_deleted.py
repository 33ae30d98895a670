"""Trap 25: the product of a line was deleted, so its variant is null; the order fails, and the whole batch with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline.schemas import STREAMS, Stream
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.builders import SHOP, a_line, a_sale, an_agreement, an_order, as_bulk, page
from shopify_pipeline_tests.reconcile.company import Company
from shopify_pipeline_tests.steps.conftest import Loading

Part = tuple[str, list[bytes]]


def as_page(*orders: dict[str, Any]) -> Part:
    return "page", [page("orders", *orders)]


def as_file(*orders: dict[str, Any]) -> Part:
    return "bulk", as_bulk(*orders)


def an_order_of(number: int, **line: Any) -> dict[str, Any]:
    sold = an_agreement(number, a_sale(number, line=number * 10))
    return an_order(number, customer=None, lines=(a_line(number * 10, **line),), agreements=(sold,))


@pytest.mark.parametrize("sent", [as_page, as_file])
def test_a_line_whose_variant_is_gone_is_loaded_and_sold_like_the_others(
    sent: Callable[..., Part], warehouse_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(warehouse_dsn) as conn:
        loading = Loading(conn)

        def check(gone: int) -> None:
            orders = (an_order_of(gone, variant=None, product=None), an_order_of(gone + 1))
            loaded = loading("orders", sent(*orders))
            assert (loaded.received, loaded.loaded, loaded.quarantined) == (2, 2, 0)
            assert loading.rows(
                "select order_id, variant_id, product_id, sku, quantity"
                f" from shopify.order_lines where order_id >= {gone} order by 1"
            ) == [(gone, None, None, "SHIRT-M", 1), (gone + 1, 4, 3, "SHIRT-M", 1)]

        check(1)
        with monkeypatch.context() as patch:
            patch.setitem(STREAMS, "orders", _wanting_variants(STREAMS["orders"]))
            with pytest.raises(AssertionError):
                check(3)

    with connect(warehouse_dsn) as conn:
        # The variants of the other orders are still to be loaded; until then those orders wait, and no others.
        books = Company(conn, tmp_path)
        books.push()
        assert [(each.order_id, each.total) for each in books.journal.documents(SHOP)] == [("1", Decimal(10))]


def _wanting_variants(orders: Stream) -> Stream:
    """A field map that takes every line to have a variant."""

    def wanting(name: str, columns: Any) -> Any:
        return tuple(replace(column, nullable=column.nullable and column.name != name) for column in columns)

    children = (
        replace(table, columns=wanting("variant_id", table.columns)) if table.name == "order_lines" else table
        for table in orders.children
    )
    return replace(orders, children=tuple(children))

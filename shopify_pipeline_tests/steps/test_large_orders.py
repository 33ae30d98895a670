"""Orders no page holds: whichever way they are read, every line, refund and amount of them is in the warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline.steps.extract import extract_roots
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.steps.verify import compare
from shopify_pipeline.warehouse.loads import Loads
from shopify_pipeline_tests.shopify.sandboxed import SHOP, SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import pipeline_of, shop_settings
from shopify_sandbox.truth import truth
from shopify_sandbox.world.records import Order

LINES, REFUNDS, MANY_LINES = 300, 260, 10_000
#: What hangs on an order; its customer and its products are streams of their own.
OF_ORDERS = [
    "orders",
    "order_lines",
    "order_taxes",
    "order_shipping_lines",
    "order_agreements",
    "order_sales",
    "order_sale_taxes",
    "order_transactions",
    "refunds",
    "refund_lines",
    "refund_shipping_lines",
    "refund_adjustments",
    "fulfillments",
    "fulfillment_lines",
]
MakePipeline = Callable[..., Pipeline]


@pytest.fixture(scope="module")
def refunded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxShop]:
    """A shop of four orders; the last has 300 lines, 260 of them refunded one by one."""
    with sandbox_shop(tmp_path_factory.mktemp("refunded"), orders=3) as running:
        running.sandbox.store.advance(large_order=LINES, large_order_refunds=REFUNDS)
        yield running


@pytest.fixture(scope="module")
def told(refunded: SandboxShop) -> dict[str, Any]:
    """What the store's own auditor says of every table of the orders."""
    tables: dict[str, Any] = truth(refunded.sandbox.state)["tables"]
    return {name: tables[name] for name in OF_ORDERS}


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxShop]:
    """A shop of two orders; the last has ten thousand lines."""
    with sandbox_shop(tmp_path_factory.mktemp("endless"), orders=1) as running:
        running.sandbox.store.advance(large_order=MANY_LINES)
        yield running


@pytest.fixture
def pipeline(tmp_path: Path, warehouse_dsn: str) -> MakePipeline:
    return lambda shop: pipeline_of(tmp_path, warehouse_dsn, shop_settings(shop))


def by_pages(pipeline: Pipeline, shop: SandboxShop) -> None:
    pipeline.extract("orders")


def by_bulk_operation(pipeline: Pipeline, shop: SandboxShop) -> None:
    extract = pipeline.settings.extract.model_copy(update={"bulk_threshold": 1})
    pipeline.settings = pipeline.settings.model_copy(update={"extract": extract})
    pipeline.extract("orders")


def by_ids(pipeline: Pipeline, shop: SandboxShop) -> None:
    with pipeline.connect() as conn:
        extract_roots(
            pipeline.api,
            pipeline.landing,
            Loads(conn),
            shop=SHOP,
            stream="orders",
            gids=[f"gid://shopify/Order/{number}" for number in shop.sandbox.store.state.orders],
            clock=pipeline.clock,
            config=pipeline.extract_config,
            progress=pipeline.progress,
        )


def newest(shop: SandboxShop) -> Order:
    return list(shop.sandbox.store.state.orders.values())[-1]


@pytest.mark.parametrize("read", [by_pages, by_bulk_operation, by_ids])
def test_an_order_refunded_line_by_line_is_loaded_as_the_store_has_it(
    read: Callable[[Pipeline, SandboxShop], None], refunded: SandboxShop, told: dict[str, Any], pipeline: MakePipeline
) -> None:
    reading = pipeline(refunded)
    read(reading, refunded)
    loaded = reading.load("orders")
    assert loaded is not None
    assert (loaded.quarantined, loaded.new_versions) == (0, 4)
    with reading.connect() as conn:
        assert [each for each in compare(conn, SHOP, told) if each.differs] == []
        found = conn.execute(
            "select count(distinct refund_id), sum(quantity), sum(subtotal_shop)"
            " from shopify.refund_lines where order_id = %s",
            (newest(refunded).id,),
        ).fetchone()
    returned = sum(line.unit_price for line in newest(refunded).lines[:REFUNDS])
    assert found == (REFUNDS, REFUNDS, Decimal(returned).scaleb(-2))


@pytest.mark.parametrize("read", [by_pages, by_bulk_operation])
def test_an_order_of_ten_thousand_lines_is_loaded_with_every_line_and_sale(
    read: Callable[[Pipeline, SandboxShop], None], endless: SandboxShop, pipeline: MakePipeline
) -> None:
    reading = pipeline(endless)
    read(reading, endless)
    loaded = reading.load("orders")
    assert loaded is not None
    assert (loaded.quarantined, loaded.new_versions) == (0, 2)
    order = newest(endless)
    price = Decimal(sum(line.unit_price for line in order.lines)).scaleb(-2)
    with reading.connect() as conn:
        lines = conn.execute(
            "select count(*), sum(quantity), sum(original_total_shop) from shopify.order_lines where order_id = %s",
            (order.id,),
        ).fetchone()
        sold = conn.execute(
            "select count(distinct order_line_id), sum(quantity), sum(total_shop)"
            " from shopify.order_sales where order_id = %s and line_type = 'PRODUCT'",
            (order.id,),
        ).fetchone()
    assert lines == (MANY_LINES, MANY_LINES, price)
    assert sold == (MANY_LINES, MANY_LINES, price)

"""The bulk operations a load remembers, so that the process after a crash adopts them."""

from __future__ import annotations

from datetime import UTC, datetime

from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline.warehouse.loads import Loads
from shopify_pipeline_tests.builders import SHOP

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_bulk_operation_is_remembered_by_the_next_process_until_it_is_forgotten(warehouse_dsn: str) -> None:
    with connect(warehouse_dsn) as conn:
        loads = Loads(conn)
        load = loads.open(shop=SHOP, stream="orders", mode="full", window_from=None, window_to=NOW, started_at=NOW)
        loads.remember_bulk(load.load_id, "OrdersBulk@1", "gid://shopify/BulkOperation/1")
        loads.remember_bulk(load.load_id, "CustomersBulk@2", "gid://shopify/BulkOperation/2")
    with connect(warehouse_dsn) as conn:
        loads = Loads(conn)
        known = loads.unfinished(SHOP, "orders")
        assert known is not None
        assert known.bulk_operations["OrdersBulk@1"] == "gid://shopify/BulkOperation/1"
        loads.forget_bulk(load.load_id, "OrdersBulk@1")
        loads.forget_bulk(load.load_id, "NeverThere@3")
        known = loads.unfinished(SHOP, "orders")
        assert known is not None
        assert known.bulk_operations == {"CustomersBulk@2": "gid://shopify/BulkOperation/2"}

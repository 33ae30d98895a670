"""Trap 7: ``>`` on a time behaves like ``>=``, so that the last row comes again in every run."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from shopify_pipeline.schemas import judging
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.shopify.sandboxed import sandbox_shop
from shopify_pipeline_tests.steps.shops import pipeline_of, shop_settings


def test_what_comes_again_is_read_and_changes_nothing(
    tmp_path: Path, warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sandbox_shop(tmp_path / "store", orders=30) as shop:
        last = shop.sandbox.store.advance(new_orders=2)[-1]["order_id"]
        pipeline = pipeline_of(tmp_path, warehouse_dsn, shop_settings(shop))
        pipeline.extract("orders")
        first = pipeline.load("orders")
        assert first is not None
        assert first.new_versions == 32

        def marks() -> list[tuple[object, ...]]:
            with connect(warehouse_dsn) as conn:
                return conn.execute("select external_id, seq from ops.dirty order by 1").fetchall()

        owed = marks()
        assert str(last) in {str(each[0]).rpartition("/")[2] for each in owed}

        def check() -> None:
            pipeline.extract("orders")
            again = pipeline.load("orders")
            assert again is not None
            assert again.received >= 1
            assert again.new_versions == 0
            assert marks() == owed

        check()
        serial = count()
        monkeypatch.setattr(judging, "_hashes", lambda rows, lines, roots: [f"{next(serial)}" for _ in range(roots)])
        with pytest.raises(AssertionError):
            check()

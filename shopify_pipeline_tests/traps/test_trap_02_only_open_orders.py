"""Trap 2: a filter on the status, given or defaulted, returns open orders only; closed and cancelled ones are lost."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from shopify_pipeline.shopify.windows import Window
from shopify_pipeline_tests.shopify.sandboxed import NOW, sandbox_shop
from shopify_pipeline_tests.traps.reading import orders_between, orders_changed_between

FROM, TO = NOW - timedelta(days=3650), NOW


def test_closed_and_cancelled_orders_are_read_like_open_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sandbox_shop(tmp_path, orders=60) as shop:
        held = shop.sandbox.store.state.orders.values()
        assert [order for order in held if order.closed_at]
        assert [order for order in held if order.cancelled_at]

        def check() -> None:
            assert orders_between(shop, FROM, TO) == orders_changed_between(shop, FROM, TO)

        check()
        whole = Window.query.fget  # type: ignore[attr-defined]
        monkeypatch.setattr(Window, "query", property(lambda window: f"{whole(window)} AND status:open"))
        with pytest.raises(AssertionError):
            check()

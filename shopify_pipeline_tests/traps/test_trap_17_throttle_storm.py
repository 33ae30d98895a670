"""Trap 17: a client that expects its queries to cost nothing is refused again and again."""

from __future__ import annotations

from pathlib import Path

import pytest

from shopify_pipeline.shopify.streams import READINGS
from shopify_pipeline.shopify.throttle import Governor
from shopify_pipeline.shopify.windows import Window
from shopify_pipeline_tests.shopify.sandboxed import NOW, SHOP
from shopify_pipeline_tests.shopify.simulated.wired import StillWorld, WiredShop, wired_shop
from shopify_sandbox.store import Store
from shopify_sandbox.world.arguments import Arguments


def read_three_times(world: StillWorld) -> WiredShop:
    shop = wired_shop(world, plan="standard")
    api = shop.client("load")
    shop.timeline.run(
        lambda: [
            None
            for _ in range(3)
            for _ in shop.reader(api, page_size=20).window(READINGS["orders"].roots[0], Window(None, NOW), counted=0)
        ]
    )
    return shop


def check(shop: WiredShop) -> None:
    assert shop.throttled_share() <= 0.01


def test_pacing_by_what_a_query_requests_is_hardly_ever_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store.create(tmp_path, Arguments(seed=11, orders=60, days=30, now=NOW, shop=SHOP))
    check(read_three_times(StillWorld(tmp_path)))

    monkeypatch.setattr(Governor, "_expected", lambda self, operation, size: 0.0)
    stormed = read_three_times(StillWorld(tmp_path))
    with pytest.raises(AssertionError):
        check(stormed)

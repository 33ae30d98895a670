"""The benchmark reads everything it says it has read; how fast is not a test's business."""

from pathlib import Path

import pytest

from shopify_sandbox.bench import NOW, SHOP, measured
from shopify_sandbox.world.arguments import MIXES, Arguments


@pytest.mark.parametrize("mix", MIXES)
def test_all_orders_are_read_by_every_way_that_is_measured(mix: str, tmp_path: Path) -> None:
    figures = measured(tmp_path, Arguments(seed=7, orders=30, days=90, now=NOW, shop=SHOP, mix=mix))
    held = figures["world"]["orders_held"]
    assert held == 30 if mix == "plain" else 0 < held <= 30
    assert [figures["pages"][way]["orders"] for way in ("plain", "searched", "served")] == [held] * 3
    for run in ("cold", "cached"):
        assert (figures["bulk"][run]["status"], figures["bulk"][run]["orders"]) == ("COMPLETED", held)
    assert figures["bulk"]["cold"]["bytes"] == figures["bulk"]["cached"]["bytes"]

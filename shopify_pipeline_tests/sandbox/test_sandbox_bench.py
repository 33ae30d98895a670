"""The benchmark reads everything it says it has read; how fast is not a test's business."""

from pathlib import Path

from shopify_sandbox.bench import measured


def test_all_orders_are_read_by_every_way_that_is_measured(tmp_path: Path) -> None:
    figures = measured(tmp_path, orders=30, seed=7)
    assert [figures["pages"][way]["orders"] for way in ("plain", "searched", "served")] == [30, 30, 30]
    for run in ("cold", "cached"):
        assert (figures["bulk"][run]["status"], figures["bulk"][run]["orders"]) == ("COMPLETED", 30)
    assert figures["bulk"]["cold"]["bytes"] == figures["bulk"]["cached"]["bytes"]

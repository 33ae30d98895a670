"""The benchmark reads everything it says it has read, by the way it says; how fast is not a test's business."""

from shopify_pipeline_tests.bench.extract import measured


def test_all_orders_are_landed_by_pages_and_by_bulk() -> None:
    figures = measured(orders=30, seed=7, plan="enterprise")
    assert [figures[way]["roots"] for way in ("pages", "bulk")] == [30, 30]
    assert figures["pages"]["cost_points"] > figures["bulk"]["cost_points"]

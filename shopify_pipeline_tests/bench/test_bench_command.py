"""``bench extract`` measures a real run: from a store over HTTPS into rows, every order of it."""

from __future__ import annotations

from pathlib import Path

from shopify_pipeline.local.bench_extract import bench_extract


def test_all_orders_of_the_store_are_loaded_and_every_stage_is_measured(home: Path) -> None:
    figures = bench_extract(home, orders=25, seed=7, mix="plain", progress=lambda line: None)

    assert (figures["received"], figures["loaded"], figures["quarantined"]) == (25, 25, 0)
    assert set(figures["cpu_seconds"]) == {"download", "parse", "validate", "copy", "merge"}
    assert set(figures["postgres_cpu_seconds"]) == set(figures["cpu_seconds"])
    assert figures["rows"] > 25 * 5
    assert figures["bytes_per_order"] > 5_000
    assert 50 < figures["peak_rss_mb"] < 1_000
    assert figures["orders_per_cpu_second_with_download"] <= figures["orders_per_cpu_second"]

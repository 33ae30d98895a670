"""``bench push`` measures a real push: from a store's rows into an empty Tryton, every order of it."""

from __future__ import annotations

from pathlib import Path

from shopify_pipeline.local.bench_push import bench_push


def test_all_orders_are_booked_and_client_tryton_and_warehouse_are_measured_apart(tmp_path: Path) -> None:
    figures = bench_push(tmp_path, orders=12, seed=7, mix="plain", progress=lambda line: None)

    assert figures["booked"]["orders"] > 0
    assert figures["documents"] >= figures["booked"]["orders"]
    assert figures["not_taken"] == 0
    assert figures["batches"] == -(-figures["booked"]["orders"] // figures["batch_size"])
    spent = figures["cpu_seconds"]
    assert set(spent) == {"client", "tryton", "database", "in_all"}
    assert spent["tryton"] > 0
    assert figures["cpu_seconds_per_order"]["in_all"] > figures["cpu_seconds_per_order"]["tryton"] > 0

"""``bench push`` measures a real push: from a store's rows into an empty Tryton, every order of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from shopify_pipeline.local.bench_push import bench_push


def test_all_orders_are_booked_and_client_tryton_and_warehouse_are_measured_apart(home: Path) -> None:
    figures = bench_push(home, orders=12, seed=7, mix="plain", database="sqlite", progress=lambda line: None)

    assert figures["booked"]["orders"] > 0
    assert figures["documents"] >= figures["booked"]["orders"]
    assert figures["not_taken"] == 0
    assert figures["batches"] == -(-figures["booked"]["orders"] // figures["batch_size"])
    spent = figures["cpu_seconds"]
    assert set(spent) == {"client", "tryton", "database", "in_all"}
    assert spent["tryton"] > 0
    assert figures["cpu_seconds_per_order"]["in_all"] > figures["cpu_seconds_per_order"]["tryton"] > 0
    resources = figures["by_resource"]
    assert resources["orders"]["records"] == figures["booked"]["orders"]
    assert resources["products"]["records"] == figures["booked"]["products"]
    assert resources["orders"]["cpu_seconds_per_record"] < figures["cpu_seconds_per_order"]["in_all"]
    of_all = sum(resource["cpu_seconds"]["in_all"] for resource in resources.values())
    assert of_all == pytest.approx(spent["in_all"], abs=0.05 * (len(resources) + 1))

"""``bench burst`` follows real orders: told of by webhooks, read from the store, booked in Tryton."""

from __future__ import annotations

from pathlib import Path

from shopify_pipeline.local.bench_burst import bench_burst


def test_every_order_of_the_hour_is_told_of_and_booked_and_its_lag_is_measured(home: Path) -> None:
    figures = bench_burst(home, orders=10, seed=7, progress=lambda line: None)

    assert (figures["placed"], figures["not_booked"]) == (10, 0)
    assert figures["hints"] >= 10
    hour = figures["placed_within"]
    assert 3600 <= hour["simulated_seconds"] < 3720
    to_warehouse, to_back_office = figures["lag_seconds"]["to_warehouse"], figures["lag_seconds"]["to_back_office"]
    assert 0 < to_warehouse["median"] <= to_warehouse["p95"] <= to_warehouse["max"]
    assert to_warehouse["median"] < to_back_office["median"] <= to_back_office["max"]
    assert to_back_office["max"] <= hour["seconds"] + figures["drain_seconds"] + 0.1
    pace, volume = figures["orders_per_second"], figures["keeps_up_with_orders_per_hour"]
    assert pace["pushing"] > pace["reading_and_pushing"] > 0
    assert volume["pushing"] > volume["reading_and_pushing"] > 0

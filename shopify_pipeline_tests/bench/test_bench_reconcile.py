"""``bench reconcile`` measures real rules on readings that agree but where it says they do not."""

from __future__ import annotations

from pathlib import Path

from shopify_pipeline.local.bench_reconcile import bench_reconcile


def test_the_rules_find_what_is_wrong_and_nothing_else_and_each_is_measured(home: Path) -> None:
    figures = bench_reconcile(home, orders=2000, progress=lambda line: None)

    small, large = figures["runs"]
    assert (small["orders"], small["wrong_documents"], small["breaks"]) == (200, 0, {})
    assert (large["orders"], large["wrong_documents"]) == (2000, 2)
    assert (large["breaks"]["O5"], large["breaks"]["L1"]) == (2, 4)
    assert set(large["breaks"]) <= {"O5", "L1", "O12", "T1"}
    assert set(large["by_rule"]) == set(small["by_rule"]) > {"O1", "P1", "Y6", "I1"}
    assert large["cpu_seconds"]["database"] > 0
    assert figures["growth"] > 0

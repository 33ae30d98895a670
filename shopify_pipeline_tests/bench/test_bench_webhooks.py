"""The benchmark of the receiver fails when a delivery is lost or the receiver is slow."""

from __future__ import annotations

from typing import Any

import pytest

from shopify_pipeline_tests.bench.webhooks import LOST, SLOW, exit_code

FINE = {"p99_ms": 1000.0, "statuses": {"200": 100}, "kept": 100}


def report(**changed: Any) -> dict[str, Any]:
    """A burst that went well, and one that is changed."""
    return {"deliveries": 100, "keep_alive": FINE, "new_connections": FINE | changed}


def test_a_burst_that_was_acknowledged_and_kept_in_time_is_fine() -> None:
    assert exit_code(report()) == 0


@pytest.mark.parametrize(
    "changed",
    [{"statuses": {"200": 99, "503": 1}}, {"statuses": {"200": 99}}, {"kept": 99}, {"kept": 101}],
    ids=["refused", "unanswered", "not kept", "kept twice"],
)
def test_a_lost_delivery_fails_however_fast_it_was(changed: dict[str, Any]) -> None:
    assert exit_code(report(**changed)) == LOST
    assert exit_code(report(**changed, p99_ms=2000.0)) == LOST


def test_a_slow_receiver_fails() -> None:
    assert exit_code(report(p99_ms=1000.1)) == SLOW

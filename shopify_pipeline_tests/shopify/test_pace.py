"""The lines people watch say how fast it goes and how long it will take, once that can be known."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.shopify.pace import Pace


@pytest.mark.parametrize(
    ("seconds", "done", "total", "said"),
    [
        (10, 500, 2000, ", 50 a second, 30 s to go"),
        (10, 500, None, ", 50 a second"),
        (10, 500, 500, ", 50 a second"),
        (10, 500, 400, ", 50 a second"),
        (0, 500, 2000, ""),
        (10, 0, 2000, ""),
    ],
)
def test_rate_and_remaining_time(seconds: float, done: int, total: int | None, said: str) -> None:
    clock = SimulatedClock(datetime(2026, 11, 20, tzinfo=UTC))
    pace = Pace(clock)
    clock.sleep(seconds)
    assert pace.of(done, total) == said

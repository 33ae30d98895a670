"""Windows: cut so that pages reach the end of every part, nothing left out and nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopify_pipeline.shopify.windows import CrowdedSecondError, Window, cut

START = datetime(2026, 11, 20, tzinfo=UTC)
stamps = st.lists(st.integers(0, 5_000), max_size=60).map(
    lambda offsets: [START + timedelta(seconds=o) for o in offsets]
)


def inside(window: Window, at: datetime) -> bool:
    return (window.since is None or window.since <= at) and at <= window.until


def parts_of(window: Window, changed: list[datetime], *, roots_max: int) -> list[Window]:
    def count(part: Window) -> int:
        return sum(inside(part, at) for at in changed)

    return list(cut(window, count(window), count, roots_max=roots_max))


def test_a_window_that_is_small_enough_is_left_alone_and_not_counted_again() -> None:
    window = Window(START, START + timedelta(days=1))
    assert list(cut(window, 10, lambda part: pytest.fail("counted again"), roots_max=10)) == [window]


@given(changed=stamps, open_start=st.booleans())
def test_every_root_is_in_exactly_one_part_and_no_part_holds_too_many(
    changed: list[datetime], open_start: bool
) -> None:
    most = max((changed.count(at) for at in changed), default=1)
    window = Window(None if open_start else START, START + timedelta(seconds=5_000))
    parts = parts_of(window, changed, roots_max=most)
    assert [sum(inside(part, at) for part in parts) for at in changed] == [1] * len(changed)
    assert max(sum(inside(part, at) for at in changed) for part in parts) <= most
    assert [part.until for part in parts] == sorted(part.until for part in parts)


def test_a_second_that_holds_too_many_says_how_to_read_them() -> None:
    changed = [START + timedelta(seconds=7)] * 3
    with pytest.raises(CrowdedSecondError, match=r"2026-11-20T00:00:07Z.*extract\.bulk_threshold lower"):
        parts_of(Window(START, START + timedelta(hours=1)), changed, roots_max=2)

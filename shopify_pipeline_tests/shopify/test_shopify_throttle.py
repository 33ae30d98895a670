"""The bucket's arithmetic and the governor's waits, for any bucket and any neighbour."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.shopify.throttle import QUERY_POINTS_MAX, WAIT_SECONDS_MAX, Bucket, Governor
from shopify_pipeline_tests.shopify.sandboxed import NOW

points = st.floats(0, 20_000)
buckets = st.builds(
    lambda maximum, share, restore: Bucket(maximum, maximum * share, restore),
    st.floats(1, 40_000),
    st.floats(0, 1),
    st.floats(1, 2_000),
)


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(NOW)


def told(governor: Governor, operation: str, requested: float, bucket: Bucket, *, size: int = 0) -> None:
    """One call of an operation that was answered at once."""
    with governor.turn(operation, size) as turn:
        turn.answered(requested, bucket)


@given(bucket=buckets, cost=points)
def test_after_the_wait_the_bucket_holds_the_cost_or_is_full(bucket: Bucket, cost: float) -> None:
    later = bucket.after(bucket.wait_seconds(cost))
    assert later.available >= min(cost, bucket.maximum) - 1e-6


@given(bucket=buckets, cost=points)
def test_a_moment_less_would_have_been_too_short(bucket: Bucket, cost: float) -> None:
    seconds = bucket.wait_seconds(cost)
    if seconds > 0.01:
        assert bucket.after(seconds - 0.01).available < min(cost, bucket.maximum)


@given(bucket=buckets, seconds=st.floats(0, 1e6))
def test_a_bucket_never_overflows(bucket: Bucket, seconds: float) -> None:
    assert bucket.available <= bucket.after(seconds).available <= bucket.maximum


def test_the_first_call_of_all_is_let_through_at_once(clock: SimulatedClock) -> None:
    with Governor(clock).turn("Anything", 250):
        assert clock.slept_seconds == 0


def test_an_operation_never_asked_is_expected_to_be_as_dear_as_shopify_allows(clock: SimulatedClock) -> None:
    governor = Governor(clock)
    told(governor, "Other", 900, Bucket(4000, 0, 100))
    with governor.turn("New"):
        assert clock.slept_seconds == pytest.approx((QUERY_POINTS_MAX + 2000) / 100)


def test_a_dear_call_leaves_half_a_bucket_to_other_processes(clock: SimulatedClock) -> None:
    governor = Governor(clock)
    told(governor, "Page", 600, Bucket(2000, 0, 100))
    with governor.turn("Page"):
        assert clock.slept_seconds == pytest.approx((600 + 1000) / 100)


def test_a_cheap_call_is_not_kept_waiting_for_half_a_bucket(clock: SimulatedClock) -> None:
    governor = Governor(clock)
    told(governor, "Poll", 1, Bucket(2000, 0, 100))
    with governor.turn("Poll"):
        assert clock.slept_seconds == pytest.approx(0.11)


def test_a_call_that_needs_most_of_a_bucket_waits_until_it_is_full(clock: SimulatedClock) -> None:
    governor = Governor(clock)
    told(governor, "Page", 800, Bucket(1000, 0, 50))
    with governor.turn("Page"):
        assert clock.slept_seconds == pytest.approx(20)


def test_a_full_bucket_is_used_down_to_its_half_without_a_wait(clock: SimulatedClock) -> None:
    governor = Governor(clock)
    told(governor, "Page", 500, Bucket(2000, 1500, 100))
    with governor.turn("Page"):
        assert clock.slept_seconds == 0


def test_a_smaller_page_is_expected_to_request_no_more_than_a_larger_one(clock: SimulatedClock) -> None:
    governor = Governor(clock)
    told(governor, "Page", 600, Bucket(2000, 1000, 100), size=250)
    with governor.turn("Page", 125):
        assert clock.slept_seconds == pytest.approx(6)


def test_a_larger_page_is_not_expected_to_request_as_little_as_a_smaller_one(clock: SimulatedClock) -> None:
    governor = Governor(clock)
    told(governor, "Page", 50, Bucket(2000, 1000, 100), size=5)
    with governor.turn("Page", 250):
        assert clock.slept_seconds == pytest.approx(10)


def test_fractions_of_a_second_are_waited_as_such(clock: SimulatedClock) -> None:
    governor = Governor(clock)
    told(governor, "Page", 130, Bucket(2000, 1100, 200))
    with governor.turn("Page"):
        assert clock.slept_seconds == pytest.approx(0.15)


def test_time_that_passed_anyway_is_not_waited_again(clock: SimulatedClock) -> None:
    governor = Governor(clock)
    told(governor, "Page", 500, Bucket(2000, 1100, 50))
    clock.sleep(5)
    with governor.turn("Page"):
        assert governor.waited_seconds == pytest.approx(3)


def test_a_new_plan_is_followed_with_the_first_answer_that_tells_it(clock: SimulatedClock) -> None:
    governor = Governor(clock)
    told(governor, "Page", 500, Bucket(2000, 0, 100))
    told(governor, "Page", 500, Bucket(20_000, 5_000, 1000))
    before = clock.slept_seconds
    with governor.turn("Page"):
        assert clock.slept_seconds - before == pytest.approx(0.5)


def test_what_is_under_way_counts_as_taken_until_it_is_answered(clock: SimulatedClock) -> None:
    governor = Governor(clock)
    told(governor, "Page", 600, Bucket(10_000, 6_000, 100))
    with governor.turn("Page") as first:
        assert clock.slept_seconds == 0
        with governor.turn("Page"):
            assert clock.slept_seconds == pytest.approx(2)
        first.answered(600, Bucket(10_000, 5_600, 100))


def test_a_refused_call_waits_for_what_it_needs_and_leaves_nothing(clock: SimulatedClock) -> None:
    governor = Governor(clock)
    with governor.turn("Page") as turn:
        turn.answered(600, Bucket(2000, 100, 100), refused=True)
    with governor.turn("Page") as turn:
        assert clock.slept_seconds == pytest.approx(5)
        turn.answered(600, Bucket(2000, 0, 100))
    with governor.turn("Page"):
        assert clock.slept_seconds == pytest.approx(5 + 16)


def test_a_call_that_was_never_run_gives_its_points_back(clock: SimulatedClock) -> None:
    governor = Governor(clock)
    told(governor, "Page", 600, Bucket(2000, 1600, 100))
    with governor.turn("Page") as turn:
        turn.not_run(None)
    with governor.turn("Page"):
        assert clock.slept_seconds == 0


def test_a_call_that_was_never_run_still_tells_what_the_bucket_holds(clock: SimulatedClock) -> None:
    governor = Governor(clock)
    told(governor, "Page", 600, Bucket(2000, 2000, 100))
    with governor.turn("Page") as turn:
        turn.not_run(Bucket(2000, 1500, 100))
    with governor.turn("Page"):
        assert clock.slept_seconds == pytest.approx(1)


def test_a_call_that_was_never_answered_counts_as_paid(clock: SimulatedClock) -> None:
    governor = Governor(clock)
    told(governor, "Page", 600, Bucket(2000, 1600, 100))
    with pytest.raises(ConnectionError), governor.turn("Page"):
        raise ConnectionError
    with governor.turn("Page"):
        assert clock.slept_seconds == pytest.approx(6)


@given(
    answers=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 250), points, buckets), min_size=1, max_size=12)
)
def test_no_call_ever_waits_longer_than_a_minute_whatever_was_reported(
    answers: list[tuple[str, int, float, Bucket]],
) -> None:
    clock = SimulatedClock(NOW)
    governor = Governor(clock)
    for operation, size, requested, bucket in answers:
        before = clock.slept_seconds
        with governor.turn(operation, size) as turn:
            assert clock.slept_seconds - before <= WAIT_SECONDS_MAX + 1e-6
            turn.answered(requested, bucket)


@pytest.mark.parametrize("restore", [0.0, -1.0, 1e-9])
def test_a_bucket_that_does_not_refill_stops_nobody_for_ever(restore: float, clock: SimulatedClock) -> None:
    governor = Governor(clock)
    told(governor, "Page", 400, Bucket(2000, 0, restore))
    with governor.turn("Page"):
        assert clock.slept_seconds <= WAIT_SECONDS_MAX

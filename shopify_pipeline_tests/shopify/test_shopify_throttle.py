"""The bucket's arithmetic, for any bucket."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.shopify.throttle import Bucket, Governor
from shopify_pipeline_tests.shopify.sandboxed import NOW

points = st.floats(0, 20_000)
buckets = st.builds(
    lambda maximum, share, restore: Bucket(maximum, maximum * share, restore),
    st.floats(1, 20_000),
    st.floats(0, 1),
    st.floats(1, 2_000),
)


@given(bucket=buckets, cost=points)
def test_after_the_wait_the_bucket_holds_the_cost_or_is_full(bucket: Bucket, cost: float) -> None:
    later = bucket.after(bucket.wait_seconds(cost))
    assert later.available >= min(cost, bucket.maximum) - 1e-6


@given(bucket=buckets, cost=points)
def test_a_second_less_would_have_been_too_short(bucket: Bucket, cost: float) -> None:
    seconds = bucket.wait_seconds(cost)
    if seconds >= 1:
        assert bucket.after(seconds - 1).available < min(cost, bucket.maximum)


@given(bucket=buckets, seconds=st.floats(0, 1e6))
def test_a_bucket_never_overflows(bucket: Bucket, seconds: float) -> None:
    assert bucket.available <= bucket.after(seconds).available <= bucket.maximum


def test_an_operation_never_seen_is_sent_at_once() -> None:
    clock = SimulatedClock(NOW)
    governor = Governor(clock)
    governor.observe("Other", 900, Bucket(1000, 0, 50))
    governor.pace("New")
    assert clock.slept_seconds == 0


def test_time_that_passed_anyway_is_not_waited_again() -> None:
    clock = SimulatedClock(NOW)
    governor = Governor(clock)
    governor.observe("Page", 500, Bucket(1000, 100, 50))
    clock.sleep(5)
    governor.pace("Page")
    assert governor.waited_seconds == 3

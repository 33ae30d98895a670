"""The world's clock: frozen between events, or moving with real time; never backwards."""

from datetime import timedelta
from pathlib import Path

import pytest

from shopify_pipeline_tests.sandbox.serving import NOW, make_world
from shopify_sandbox.store import Store
from shopify_sandbox.worldclock import WorldClock


@pytest.fixture
def store(tmp_path: Path) -> Store:
    make_world(tmp_path, orders=3)
    return Store.open(tmp_path)


def test_frozen_clock_moves_only_when_the_world_does(store: Store) -> None:
    clock = WorldClock(store)
    assert clock.now() == NOW
    clock.advance(hours=2)
    assert clock.now() == NOW + timedelta(hours=2)


def test_living_clock_follows_real_time_in_whole_seconds(store: Store) -> None:
    moment = [100.0]
    clock = WorldClock(store, lambda: moment[0])
    moment[0] = 107.9
    assert clock.now() == NOW + timedelta(seconds=7)
    assert store.now == NOW


@pytest.mark.parametrize("seconds", [1, 7, 59, 3_599, 3_601, 100_000])
def test_nothing_happens_before_the_time_already_shown(store: Store, seconds: int) -> None:
    moment = [0.0]
    clock = WorldClock(store, lambda: moment[0])
    moment[0] = seconds + 0.9
    shown = clock.now()
    assert shown == NOW + timedelta(seconds=seconds)
    event = clock.advance(new_orders=1)[0]
    assert event["at"] > f"{shown:%Y-%m-%dT%H:%M:%SZ}"
    assert clock.now() == store.now


def test_time_goes_on_where_the_last_event_left_it(store: Store) -> None:
    moment = [0.0]
    clock = WorldClock(store, lambda: moment[0])
    moment[0] = 10.5
    clock.tick()
    happened = store.now
    moment[0] = 13.6
    assert clock.now() == happened + timedelta(seconds=3)

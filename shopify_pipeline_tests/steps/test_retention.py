"""Retention: what a rebuilding needs stays; what nothing needs goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline.landing import Manifest, Stored
from shopify_pipeline.steps.from_landing import replay_all
from shopify_pipeline.steps.retention import judge, prune, survey
from shopify_pipeline.warehouse.loads import Loads, Remembered
from shopify_pipeline_tests.builders import SHOP, an_order, page
from shopify_pipeline_tests.steps.landed import LandedShop, landed_shop

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def verdict(
    *,
    state: str | None = "merged",
    days: float = 100,
    mode: Any = "window",
    whole: bool = True,
    keep_days: int | None = 30,
    full_after_days: float | None = None,
    full_state: str = "merged",
    full_stream: str = "orders",
    another_load_there: bool = False,
) -> str:
    """What is said of one load landed so many days ago, with another full load perhaps landed so many days ago."""
    landed_at = NOW - timedelta(days=days)
    at = "shop/orders/1/"
    stored = [Stored(at, 2, 10, landed_at, whole)]
    manifests = {at: _manifest("orders", mode, landed_at)} if whole else {}
    known_as = landed_at + timedelta(hours=1) if another_load_there else landed_at
    loads = {} if state is None else {at: Remembered(at, known_as, state)}  # type: ignore[arg-type]
    if full_after_days is not None:
        other, full_at = f"shop/{full_stream}/2/", NOW - timedelta(days=full_after_days)
        stored.append(Stored(other, 2, 10, full_at, True))
        manifests[other] = _manifest(full_stream, "full", full_at)
        loads[other] = Remembered(other, full_at, full_state)  # type: ignore[arg-type]
    found = judge(stored, manifests, loads, now=NOW, keep_days=keep_days)
    return next(each.verdict for each in found if each.stored.prefix == at)


def _manifest(stream: str, mode: Any, landed_at: datetime) -> Manifest:
    return Manifest(SHOP, stream, 1, mode, None, landed_at, landed_at, landed_at, ())


VERDICTS: dict[str, tuple[dict[str, Any], str]] = {
    "a window before a later full load goes when it is old": ({"full_after_days": 1}, "superseded"),
    "so does a full load before a later one": ({"mode": "full", "full_after_days": 1}, "superseded"),
    "not before its time": ({"days": 29, "full_after_days": 1}, "needed"),
    "and never without a time": ({"keep_days": None, "full_after_days": 1}, "needed"),
    "a later full load that is not merged replaces nothing": (
        {"full_after_days": 1, "full_state": "landed"},
        "old",
    ),
    "nor does one of another stream": ({"full_after_days": 1, "full_stream": "customers"}, "old"),
    "nor an earlier one": ({"full_after_days": 200}, "old"),
    "the newest full load is needed however old": ({"mode": "full"}, "old"),
    "what is not merged is in work": ({"state": "landed", "full_after_days": 1}, "in work"),
    "what was given up is abandoned": ({"state": "abandoned", "days": 1}, "abandoned"),
    "a whole load the warehouse does not know is needed": ({"state": None, "days": 1}, "needed"),
    "also where a given-up attempt stands in its place": (
        {"state": "abandoned", "days": 1, "another_load_there": True},
        "needed",
    ),
    "and not replaced by a later full load": ({"state": None, "full_after_days": 1}, "old"),
    "parts being written are in work": ({"whole": False, "state": "extracting"}, "in work"),
    "parts of an attempt that was given up are abandoned": (
        {"whole": False, "state": "abandoned", "days": 0},
        "abandoned",
    ),
    "parts nobody knows of are abandoned after two days": ({"whole": False, "state": None, "days": 3}, "abandoned"),
    "and may be in work before": ({"whole": False, "state": None, "days": 1}, "in work"),
}


@pytest.mark.parametrize(("case", "said"), VERDICTS.values(), ids=VERDICTS.keys())
def test_what_is_kept_and_why(case: dict[str, Any], said: str) -> None:
    assert verdict(**case) == said


@pytest.fixture
def shop(tmp_path: Path, warehouse_dsn: str) -> LandedShop:
    """Two full loads three minutes apart, a window after each, and an attempt that was given up."""
    shop = landed_shop(tmp_path, warehouse_dsn, keep_days=1)
    shop("orders", page("orders", an_order(1)))
    shop("orders", page("orders", an_order(2)))
    shop("orders", page("orders", an_order(1), an_order(2, tags=["vip"])), mode="full")
    shop("orders", page("orders", an_order(3)))
    given_up = shop.land("orders", page("orders", an_order(4)))
    with shop.pipeline.connect() as conn:
        Loads(conn).abandon(given_up.load_id)
    return shop


def left(shop: LandedShop) -> list[tuple[int | None, str]]:
    return [(each.manifest and each.manifest.load_id, each.verdict) for each in survey(shop.pipeline)]


def test_what_nothing_needs_goes_and_the_tables_can_still_be_rebuilt(shop: LandedShop) -> None:
    shop.pipeline.clock.sleep(10 * 86400)
    rows = "select order_id, name from shopify.orders order by 1"
    before = shop.rows(rows)

    dry = prune(shop.pipeline, dry_run=True)
    assert len(left(shop)) == 5
    gone = prune(shop.pipeline)

    assert [each.stored.prefix for each in gone] == [each.stored.prefix for each in dry]
    assert sorted(each.verdict for each in gone) == ["abandoned", "superseded", "superseded"]
    assert left(shop) == [(3, "old"), (4, "old")]
    assert replay_all(shop.pipeline).loads == 2
    assert shop.rows(rows) == before


def test_what_is_needed_goes_only_when_somebody_says_so(shop: LandedShop) -> None:
    shop.pipeline.clock.sleep(10 * 86400)

    prune(shop.pipeline, needed_too=True)

    assert left(shop) == []


def test_young_loads_stay(shop: LandedShop) -> None:
    assert [each.verdict for each in prune(shop.pipeline)] == ["abandoned"]
    assert len(left(shop)) == 4


def test_other_shops_are_left_alone(shop: LandedShop, tmp_path: Path, warehouse_dsn: str) -> None:
    other = landed_shop(tmp_path, warehouse_dsn, "b-shop.myshopify.com")
    other("orders", page("orders", an_order(1)))
    shop.pipeline.clock.sleep(10 * 86400)

    prune(shop.pipeline, needed_too=True)

    assert left(other) == [(6, "needed")]


def test_a_load_that_is_given_up_because_the_cursor_moved_is_not_rebuilt_from(shop: LandedShop) -> None:
    shop.land("orders", page("orders", an_order(9)))
    shop.pipeline.rewind("orders", NOW - timedelta(days=9))
    shop.run("delete from ops.loads where state = 'abandoned'")

    replay_all(shop.pipeline)

    assert shop.rows("select order_id from shopify.orders where order_id = 9") == []

"""Shopify's search syntax: what a query keeps, and the traps it sets."""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopify_sandbox.search import Search, compile_search

NEW_YORK = ZoneInfo("America/New_York")
START = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass(frozen=True)
class Thing:
    id: int
    updated_at: datetime | None
    tags: tuple[str, ...] = ()
    test: bool = False
    total: Decimal = Decimal(0)


FILTERS = {
    "id": ("id", lambda thing: thing.id),
    "updated_at": ("time", lambda thing: thing.updated_at),
    "tag": ("text", lambda thing: thing.tags),
    "test": ("bool", lambda thing: thing.test),
    "total": ("number", lambda thing: thing.total),
}
HOURLY = [
    Thing(hour, START + timedelta(hours=hour), ("vip", "Big Spender") if hour % 2 else (), hour > 5, Decimal(hour) / 2)
    for hour in range(10)
]


def search(text: str) -> Search:
    return compile_search(text, FILTERS, {"status": "string"}, NEW_YORK)


def kept(text: str) -> list[int]:
    keeps = search(text).keeps
    return [thing.id for thing in HOURLY if keeps(thing)]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", list(range(10))),
        ("id:3", [3]),
        ("id:3,5", [3, 5]),
        ("id:gid://shopify/Thing/4", [4]),
        ("id:>=8", [8, 9]),
        ("id:>8", [9]),
        ("tag:vip", [1, 3, 5, 7, 9]),
        ("tag:'big spender'", [1, 3, 5, 7, 9]),
        ("tag:spen*", [1, 3, 5, 7, 9]),
        ("tag:spen", []),
        ("-tag:vip", [0, 2, 4, 6, 8]),
        ("NOT tag:*", [0, 2, 4, 6, 8]),
        ("test:true", [6, 7, 8, 9]),
        ("test:false id:<2", [0, 1]),
        ("total:>=4.5", [9]),
        ("spender id:<4", [1, 3]),
    ],
)
def test_terms_keep(text: str, ids: list[int]) -> None:
    assert kept(text) == ids


def test_or_binds_tighter_than_and() -> None:
    assert kept("id:1 OR id:7 AND test:true") == [7]
    assert kept("id:1 OR (id:7 AND test:true)") == [1, 7]


def test_quoted_utc_time_is_exact() -> None:
    assert kept("updated_at:>='2026-11-22T07:00:00Z'") == [7, 8, 9]
    assert kept("updated_at:'2026-11-22T07:00:00Z'") == [7]
    assert kept("updated_at:<='2026-11-22T01:00:00Z'") == [0, 1]
    assert kept("updated_at:<'2026-11-22T01:00:00Z'") == [0]


def test_greater_than_a_time_includes_it() -> None:
    assert kept("updated_at:>'2026-11-22T07:00:00Z'") == [7, 8, 9]


def test_unquoted_time_loses_its_time_of_day_and_means_the_shops_midnight() -> None:
    # Midnight in New York is 05:00 UTC, whatever time was written.
    assert kept("updated_at:>=2026-11-22T09:00:00Z") == [5, 6, 7, 8, 9]


def test_time_with_an_offset_finds_nothing() -> None:
    assert kept("updated_at:>='2026-11-22T00:00:00-05:00'") == []


def test_bare_date_is_a_day_of_the_shop() -> None:
    assert kept("updated_at:2026-11-21") == [0, 1, 2, 3, 4]


def test_unknown_field_is_ignored_with_a_warning() -> None:
    found = search("colour:red id:3")
    assert [thing.id for thing in HOURLY if found.keeps(thing)] == [3]
    assert found.warnings == [
        {"field": "colour", "message": "Invalid search field for this query.", "code": "invalid_field"}
    ]
    assert kept("colour:red") == list(range(10))


def test_unreadable_value_is_ignored_with_a_warning() -> None:
    found = search("test:perhaps")
    assert all(found.keeps(thing) for thing in HOURLY)
    assert [(each["field"], each["code"]) for each in found.warnings] == [("test", "invalid_value")]


def test_documented_filter_without_a_model_is_reported() -> None:
    assert search("status:open id:1").not_modelled == ["status"]
    assert search("status:open id:1").warnings == []


def test_thing_without_a_time_is_in_no_window() -> None:
    keeps = search("updated_at:>='2000-01-01T00:00:00Z'").keeps
    assert not keeps(Thing(1, None))


def test_parsed_form_shows_how_a_query_was_read() -> None:
    assert search("id:>=2 tag:vip OR tag:new").parsed == {
        "and": [
            {"field": "id", "range": {"gte": "2"}},
            {"or": [{"field": "tag", "match_all": "vip"}, {"field": "tag", "match_all": "new"}]},
        ]
    }


@given(
    # Few distinct seconds, so that moments fall on the cuts.
    cuts=st.lists(st.integers(min_value=-1, max_value=6), min_size=1, max_size=5, unique=True),
    moments=st.lists(st.integers(min_value=0, max_value=5), max_size=30),
)
def test_adjacent_half_open_windows_see_every_moment_exactly_once(cuts: list[int], moments: list[int]) -> None:
    things = [Thing(place, START + timedelta(seconds=moment)) for place, moment in enumerate(moments)]
    texts = [f"'{START + timedelta(seconds=cut):%Y-%m-%dT%H:%M:%SZ}'" for cut in sorted(cuts)]
    windows = [
        f"updated_at:<{texts[0]}",
        *(f"updated_at:>={low} updated_at:<{high}" for low, high in itertools.pairwise(texts)),
        f"updated_at:>={texts[-1]}",
    ]
    seen = [thing.id for window in windows for thing in things if search(window).keeps(thing)]
    assert sorted(seen) == [thing.id for thing in things]


@given(st.text(max_size=60))
def test_any_text_is_a_query(text: str) -> None:
    found = search(text)
    assert {found.keeps(thing) for thing in HOURLY} <= {True, False}

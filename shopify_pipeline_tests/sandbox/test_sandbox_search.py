"""Shopify's search syntax: what a query keeps, and the traps it sets."""

import itertools
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopify_sandbox.search.compiled import Search, compile_search
from shopify_sandbox.search.grammar import Group, Term, parse

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
        ("id:'gid://shopify/Thing/4'", [4]),
        (r"id:gid\://shopify/Thing/4", [4]),
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
        ("id:>2 id:<=4", [3, 4]),
        ("tag:new,vip id:1", [1]),
        ("-tag:*", [0, 2, 4, 6, 8]),
        ("NOT (id:1 OR id:2) id:<4", [0, 3]),
        ("-(tag:vip OR id:<4)", [4, 6, 8]),
        ("not id:1", []),
        ("tag:>small", [1, 3, 5, 7, 9]),
        ("updated_at:*", list(range(10))),
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


def test_rest_of_an_unquoted_time_is_read_as_an_unknown_field_and_warned_of() -> None:
    found = search("updated_at:>=2026-09-25T02:45:22.433Z")
    first, rest = found.parsed["and"]
    assert first == {"field": "updated_at", "range": {"gte": "2026-09-25T02"}}
    assert rest == {"field": "45", "match_all": "22.433Z"}
    assert [(each["field"], each["code"]) for each in found.warnings] == [("45", "invalid_field")]


def test_two_unquoted_times_of_one_day_leave_nothing_between_them() -> None:
    assert kept("updated_at:>=2026-11-22T06:00:00Z AND updated_at:<=2026-11-22T08:00:00Z") == [5]


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


@given(st.text(alphabet="()-'\"\\:*<>= ANDORNOTidtag1", max_size=80))
def test_any_heap_of_special_characters_is_a_query(text: str) -> None:
    found = search(text)
    assert {found.keeps(thing) for thing in HOURLY} <= {True, False}


def test_ten_thousand_brackets_are_no_harm() -> None:
    assert kept("(" * 10_000 + "id:3") == [3]
    assert kept("-" * 10_000 + "id:3") == [3]


@pytest.mark.parametrize(
    "text",
    ["(id:3", "id:3 OR", "OR id:3", "id:3)", ") id:3", "AND id:3 AND", "((id:3)", "() id:3", "id:3 \\"],
)
def test_what_is_left_open_or_dangles_is_forgiven(text: str) -> None:
    assert kept(text) == [3]


@pytest.mark.parametrize("text", ["tag:(vip", 'tag:("vip"', "id:(3"])
def test_bracket_that_begins_a_value_belongs_to_it_and_so_it_is_not_found(text: str) -> None:
    assert kept(text) == []
    assert search(text).warnings == []


def quoted(value: str, mark: str) -> str:
    return mark + re.sub(rf"([{mark}\\\\])", r"\\\1", value) + mark


@given(value=st.text(max_size=30), mark=st.sampled_from("'\""))
def test_quoted_value_is_read_back_as_it_was(value: str, mark: str) -> None:
    assert parse(f"tag:{quoted(value, mark)}") == Term("tag", "", value, True)


@given(st.text(alphabet=": \\()ab'", min_size=1, max_size=20))
def test_special_characters_escaped_by_a_backslash_are_part_of_the_value(value: str) -> None:
    escaped = re.sub(r"([:\\()'\s])", r"\\\1", value)
    assert parse(f"tag:{escaped}") == Term("tag", "", value, False)


terms = st.integers(min_value=0, max_value=9).map(lambda number: f"id:{number}")


@given(first=terms, second=terms, third=terms)
def test_or_binds_tighter_than_and_wherever_it_stands(first: str, second: str, third: str) -> None:
    for loose, tight in (
        (f"{first} OR {second} AND {third}", f"({first} OR {second}) AND {third}"),
        (f"{first} AND {second} OR {third}", f"{first} AND ({second} OR {third})"),
        (f"{first} {second} OR {third}", f"{first} AND ({second} OR {third})"),
    ):
        assert parse(loose) == parse(tight)
        assert kept(loose) == kept(tight)


queries = st.recursive(
    st.sampled_from(["id:1", "id:>4", "tag:vip", "test:true", "total:<2"]),
    lambda inner: st.builds(
        lambda left, word, right: f"({left} {word} {right})", inner, st.sampled_from(("AND", "OR")), inner
    ),
    max_leaves=6,
)


@given(queries)
def test_negation_keeps_exactly_what_the_query_does_not(text: str) -> None:
    everything = [thing.id for thing in HOURLY]
    for negated in (f"-{text}", f"NOT {text}"):
        assert sorted(kept(negated) + kept(text)) == everything
    assert kept(f"NOT -{text}") == kept(text)


@given(queries, queries)
def test_and_meets_and_or_joins(left: str, right: str) -> None:
    assert set(kept(f"({left}) AND ({right})")) == set(kept(left)) & set(kept(right))
    assert set(kept(f"({left}) OR ({right})")) == set(kept(left)) | set(kept(right))


def test_tree_of_a_query_holds_its_terms() -> None:
    assert parse("NOT tag:vip") == Group("not", [Term("tag", "", "vip", False)])
    assert parse("   ") is None

"""Pages of a connection: complete, in order, and no more than Shopify gives."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopify_sandbox.errors import FieldError
from shopify_sandbox.search.paging import Keyed, Ordered, Page, decode_cursor, encode_cursor, listed_page
from shopify_sandbox.search.paging import sorted_page as page_of

START = datetime(2026, 11, 22, tzinfo=UTC)


def sorted_page(records: Sequence[Keyed], arguments: dict[str, Any]) -> Page:
    return page_of(Ordered.by_place(records), arguments)


def stamped(seconds: Sequence[int]) -> list[Keyed]:
    return [Keyed(START + timedelta(seconds=each), number, f"r{number}") for number, each in enumerate(seconds, 1)]


def walked(records: Sequence[Keyed], size: int, *, reverse: bool = False) -> list[Any]:
    seen: list[Any] = []
    arguments: dict[str, Any] = {"first": size, "reverse": reverse}
    for _ in range(len(records) + 1):
        page = sorted_page(records, arguments)
        seen += [keyed.record for keyed in page.items]
        if not page.has_next:
            return seen
        arguments["after"] = encode_cursor(page.items[-1])
    raise AssertionError("the pages never end")


@given(
    seconds=st.lists(st.integers(min_value=0, max_value=4), max_size=25),
    size=st.integers(min_value=1, max_value=7),
    reverse=st.booleans(),
)
def test_walking_the_pages_sees_every_record_once_in_order_even_with_ties(
    seconds: list[int], size: int, reverse: bool
) -> None:
    records = stamped(seconds)
    expected = [keyed.record for keyed in sorted(records, key=lambda keyed: (keyed.value, keyed.id), reverse=reverse)]
    assert walked(records, size, reverse=reverse) == expected


@given(
    seconds=st.lists(st.integers(min_value=0, max_value=4), min_size=1, max_size=25),
    size=st.integers(min_value=1, max_value=7),
    reverse=st.booleans(),
)
def test_walking_back_with_last_and_before_sees_the_same(seconds: list[int], size: int, reverse: bool) -> None:
    records = stamped(seconds)
    arguments: dict[str, Any] = {"last": size, "reverse": reverse}
    seen: list[Any] = []
    for _ in range(len(records) + 1):
        page = sorted_page(records, arguments)
        seen = [keyed.record for keyed in page.items] + seen
        if not page.has_previous:
            break
        arguments["before"] = encode_cursor(page.items[0])
    assert seen == walked(records, 25, reverse=reverse)


def test_cursor_is_base64_json_of_id_and_sort_value() -> None:
    cursor = encode_cursor(Keyed(datetime(2026, 6, 22, 23, 1, 16, tzinfo=UTC), 6832, None))
    assert decode_cursor(cursor) == (6832, "2026-06-22 23:01:16.000000")


def test_cursor_of_a_record_sorted_by_id_holds_the_id_twice_once_as_text() -> None:
    assert decode_cursor(encode_cursor(Keyed(8808624750849, 8808624750849, None))) == (8808624750849, "8808624750849")


def test_cursor_of_a_searched_connection_holds_the_time_in_milliseconds() -> None:
    records = [Keyed(datetime(2025, 3, 26, 19, 51, 38, tzinfo=UTC), 9522206998834, "found"), Keyed(START, 7, "other")]
    found = Ordered.by_place(records).only(lambda record: record == "found")
    cursor = encode_cursor(page_of(found, {"first": 1}).items[0])
    assert decode_cursor(cursor) == (9522206998834, 1743018698000)
    assert ids(page_of(found, {"first": 1, "after": cursor})) == []


@pytest.mark.parametrize(
    "values",
    [[3, 1, 2, 2], ["b", "a", "a", None], [("Chen", "Ava"), ("Brooks", "Ben"), ("Chen", "Ava"), ("Chen", "Ben")]],
    ids=["numbers", "texts", "names"],
)
def test_pages_can_be_walked_whatever_is_sorted_by(values: list[Any]) -> None:
    records = [Keyed(value, number, number) for number, value in enumerate(values)]
    expected = [keyed.record for keyed in sorted(records, key=lambda keyed: keyed.place)]
    assert walked(records, 1) == expected
    assert walked(records, 1, reverse=True) == expected[::-1]


def test_record_that_moves_behind_the_cursor_is_seen_again_and_one_that_moves_before_it_is_missed() -> None:
    before = stamped([1, 2, 3, 4])
    cursor = encode_cursor(sorted_page(before, {"first": 2}).items[-1])
    moved_later = [Keyed(START + timedelta(seconds=9), 1, "r1"), *before[1:]]
    assert ids(sorted_page(moved_later, {"first": 9, "after": cursor})) == [3, 4, 1]
    moved_earlier = [*before[:3], Keyed(START, 4, "r4")]
    assert ids(sorted_page(moved_earlier, {"first": 9, "after": cursor})) == [3]


def test_records_without_a_sort_value_come_first() -> None:
    records = [Keyed(START, 1, "dated"), Keyed(None, 2, "undated")]
    assert walked(records, 1) == ["undated", "dated"]


def test_nothing_beyond_the_25_000th_record_can_be_reached() -> None:
    records = [Keyed(number, number, None) for number in range(25_003)]
    page = sorted_page(records, {"first": 250, "after": encode_cursor(records[24_899])})
    assert (len(page.items), page.has_next) == (100, False)
    backwards = sorted_page(records, {"first": 250, "after": encode_cursor(records[103]), "reverse": True})
    assert (ids(backwards)[-1], backwards.has_next) == (3, False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "you must provide one of first or last"),
        ({"first": 1, "last": 1}, "providing both first and last is not supported"),
        ({"first": 251}, "first must be between 0 and 250"),
        ({"last": -1}, "last must be between 0 and 250"),
        ({"first": 1, "after": "nonsense"}, "Invalid cursor"),
        ({"first": 1, "after": encode_cursor(Keyed("a title", 1, None))}, "Invalid cursor"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(FieldError, match=message) as caught:
        sorted_page(stamped([1, 2]), arguments)
    assert caught.value.code == "BAD_REQUEST"


@given(count=st.integers(min_value=0, max_value=20), size=st.integers(min_value=1, max_value=6), reverse=st.booleans())
def test_listed_children_keep_their_own_order(count: int, size: int, reverse: bool) -> None:
    records = list(range(count, 0, -1))
    seen: list[Any] = []
    arguments: dict[str, Any] = {"first": size, "reverse": reverse}
    for _ in range(count + 1):
        page = listed_page(records, lambda number, place: f"tail-{number}", arguments)
        seen += [keyed.record for keyed in page.items]
        if not page.has_next:
            break
        arguments["after"] = encode_cursor(page.items[-1])
    assert seen == (records[::-1] if reverse else records)


def ids(page: Page) -> list[int | str]:
    return [keyed.id for keyed in page.items]

"""Verification names every row and value in which the warehouse differs, and nothing that is equal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.steps.verify import Difference, differences

TAGS = next(table for table in STREAMS["orders"].tables if table.name == "order_tags")

rows = st.dictionaries(
    st.tuples(st.integers(1, 4), st.integers(0, 2)), st.sampled_from(["vip", "gift", None]), max_size=8
)


def row(order_id: int, position: int, tag: str | None) -> dict[str, str | None]:
    return {"order_id": str(order_id), "position": str(position), "tag": tag}


def as_rows(held: dict[tuple[int, int], str | None]) -> list[dict[str, str | None]]:
    return [row(*key, tag) for key, tag in held.items()]


def test_a_value_that_differs_is_named_with_both_sides() -> None:
    found = list(differences(TAGS, [row(1, 0, "vip")], [row(1, 0, "gift")]))

    assert found == [Difference("order_tags", "order_id=1,position=0", "tag", "vip", "gift")]
    assert str(found[0]) == "order_tags (order_id=1,position=0).tag: 'vip' there, 'gift' in the warehouse"


def test_a_row_on_one_side_only_is_named_as_such() -> None:
    found = list(differences(TAGS, [row(1, 0, "vip")], [row(2, 0, "vip")]))

    assert [str(one) for one in found] == [
        "order_tags (order_id=1,position=0): missing in the warehouse",
        "order_tags (order_id=2,position=0): in the warehouse only",
    ]


def test_a_missing_value_is_not_an_empty_text() -> None:
    assert list(differences(TAGS, [row(1, 0, None)], [row(1, 0, "")])) != []


@given(told=rows, held=rows)
def test_nothing_is_named_exactly_when_both_sides_are_equal(
    told: dict[tuple[int, int], str | None], held: dict[tuple[int, int], str | None]
) -> None:
    found = list(differences(TAGS, as_rows(told), as_rows(held)))

    only = set(told) ^ set(held)
    changed = {key for key in set(told) & set(held) if told[key] != held[key]}
    assert len(found) == len(only) + len(changed)

"""Groups of whole roots: however large a load is and in whatever order its lines come, each root comes whole, once."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopify_pipeline.errors import IncompleteError
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.schemas.grouping import Groups
from shopify_pipeline.schemas.records import Assembly, assemble
from shopify_pipeline_tests.builders import a_line, a_sale, an_agreement, an_order, as_bulk, page

ORDERS = STREAMS["orders"]
ENOUGH = 10**9

Content = dict[str, list[tuple[bytes, list[bytes]]]]


def many_orders(number: int) -> list[dict[str, object]]:
    return [
        an_order(n, lines=(a_line(n * 10),), agreements=(an_agreement(n, a_sale(n * 2), a_sale(n * 2 + 1)),))
        for n in range(1, number + 1)
    ]


def content(*assemblies: Assembly) -> Content:
    """Readings by root: the root's JSON and its children's, in no order."""
    found: Content = {}
    for assembly in assemblies:
        for document in assembly.documents:
            children = sorted(child.raw for child in document.children)
            found.setdefault(document.gid, []).append((document.raw, children))
    return found


@settings(max_examples=20, deadline=None)
@given(st.integers(min_value=0, max_value=2**32), st.sampled_from([1, 3_000, 20_000, ENOUGH]))
def test_shuffled_lines_of_any_amount_give_the_same_roots_with_the_same_children(seed: int, group_bytes: int) -> None:
    lines = as_bulk(*many_orders(12))
    whole = assemble(ORDERS, [("bulk", lines)])
    shuffled = random.Random(seed).sample(lines, len(lines))

    with Groups(ORDERS, [("bulk", shuffled)], group_bytes=group_bytes) as groups:
        assemblies = list(groups)

    assert groups.roots == 12
    assert content(*assemblies) == content(whole)
    assert [each.orphans for each in assemblies if each.orphans] == []


def test_a_large_load_is_given_in_groups_and_a_small_one_at_once() -> None:
    lines = as_bulk(*many_orders(200))
    size = sum(map(len, lines))

    with Groups(ORDERS, [("bulk", lines)], group_bytes=size // 10) as groups:
        sizes = [len(each.documents) for each in groups]
    with Groups(ORDERS, [("bulk", lines)], group_bytes=ENOUGH) as groups:
        at_once = [len(each.documents) for each in groups]

    assert sum(sizes) == 200
    assert len(sizes) >= 10
    assert max(sizes) <= 40
    assert at_once == [200]


def test_children_of_children_find_a_root_that_is_in_another_part() -> None:
    order = an_order(1, agreements=(an_agreement(5, a_sale(7)),))
    root, *children = as_bulk(order)

    with Groups(ORDERS, [("bulk", children), ("bulk", [root])], group_bytes=1) as groups:
        [assembly] = [each for each in groups if each.documents]

    assert {child.node for child in assembly.documents[0].children} == {"LineItem", "SalesAgreement", "Sale"}
    assert assembly.orphans == []


def test_children_that_nobody_holds_are_orphans_in_a_large_load_too() -> None:
    sale = b'{"id":"gid://shopify/Sale/9","__parentId":"gid://shopify/SalesAgreement/404"}'
    line = b'{"id":"gid://shopify/LineItem/9","__parentId":"gid://shopify/Order/404"}'

    with Groups(ORDERS, [("bulk", [sale, *as_bulk(*many_orders(3)), line])], group_bytes=1) as groups:
        orphans = sorted(orphan.raw for each in groups for orphan in each.orphans)

    assert orphans == sorted([sale, line])


def test_two_readings_of_a_root_stay_in_the_order_they_were_read_and_in_one_group() -> None:
    bodies = [("page", [page("orders", an_order(1, note=note), *many_orders(30)[1:])]) for note in ("first", "second")]

    with Groups(ORDERS, bodies, group_bytes=2_000) as groups:
        readings = [[document.raw for document in each.documents if document.gid.endswith("/1")] for each in groups]

    [[first, second]] = [each for each in readings if each]
    assert b"first" in first
    assert b"second" in second


def test_the_stamp_details_were_read_at_follows_its_root_into_its_group() -> None:
    detail = b'{"data":{"nodes":[{"id":"gid://shopify/Order/2","updatedAt":"2026-11-20T12:00:01Z","refunds":[]}]}}'
    bodies = [("bulk", as_bulk(*many_orders(20))), ("detail", [detail])]

    with Groups(ORDERS, bodies, group_bytes=1) as groups:
        stamped = [(each.versions, [document.gid for document in each.documents]) for each in groups if each.versions]

    [(versions, gids)] = stamped
    assert versions == {"gid://shopify/Order/2": "2026-11-20T12:00:01Z"}
    assert "gid://shopify/Order/2" in gids


def test_an_open_connection_gives_no_group_at_all() -> None:
    order = an_order(1)
    order["lineItems"]["pageInfo"]["hasNextPage"] = True

    with pytest.raises(IncompleteError, match="lineItems of gid://shopify/Order/1"):
        Groups(ORDERS, [("page", [page("orders", order)])], group_bytes=1)

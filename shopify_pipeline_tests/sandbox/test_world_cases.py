"""Hard cases: a full world holds enough of each for every reader to meet it, each by a name of its own."""

from __future__ import annotations

from collections import Counter

from shopify_pipeline_tests.sandbox.world_cases import a_world
from shopify_sandbox.world.cases import CASES, cases
from shopify_sandbox.world.happenings import HAPPENINGS
from shopify_sandbox.world.world import World


def test_a_full_world_of_2000_orders_holds_every_hard_case_at_least_twenty_times(full_world: World):
    assert {name: number for name, number in cases(full_world.state).items() if number < 20} == {}


def test_every_case_and_every_happening_has_a_name_of_its_own():
    for declared in (CASES, HAPPENINGS):
        assert [name for name, times in Counter(one.name for one in declared).items() if times > 1] == []
        assert all(one.what.endswith(".") for one in declared)


def test_a_plain_world_holds_none_of_what_only_full_worlds_know():
    plain = cases(a_world(orders=300, days=60).state)

    for name in ("deleted order", "order with metafields", "gift card from a sale", "foreign currency", "return open"):
        assert plain[name] == 0

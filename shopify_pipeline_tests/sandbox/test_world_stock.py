"""Stock is conserved: every unit on a shelf, promised or gone is explained by an event."""

from __future__ import annotations

from collections import Counter

import pytest

from shopify_pipeline_tests.sandbox.world_cases import a_world
from shopify_sandbox.world.entries import Facts
from shopify_sandbox.world.world import World


@pytest.fixture(scope="module")
def lived() -> tuple[World, list[Facts]]:
    world = a_world(orders=200, days=40)
    world.advance(new_orders=15, capture=5, fulfill=10, edit=6, refund=8, cancel=5, stock_adjust=10)
    world.advance(refund=8, restock=False)
    return world, world.take()


def test_units_promised_are_the_units_that_wait_to_be_shipped(lived: tuple[World, list[Facts]]):
    state = lived[0].state
    waiting: Counter[int] = Counter()
    for order in state.orders.values():
        for line in order.lines:
            if line.variant:
                waiting[state.level(line.variant.item, order.location).id] += line.unfulfilled

    assert {level.id: level.quantities["committed"] for level in state.levels.values()} == {
        level_id: waiting[level_id] for level_id in state.levels
    }


def test_units_on_hand_are_first_stock_less_shipped_plus_returned_plus_counted(lived: tuple[World, list[Facts]]):
    world, events = lived
    state = world.state
    expected: Counter[int] = Counter()
    for event in events:
        if event["event"] == "product_created":
            for variant in event["product"]["variants"]:
                for level_id, _, quantities in variant["levels"]:
                    expected[level_id] += sum(quantities.values()) - quantities["incoming"]
        elif event["event"] == "stock_adjusted":
            for level_id, moves in event["stock"]:
                expected[level_id] += sum(moves.values())
    for order in state.orders.values():
        shipped = Counter({(row.line.id): row.quantity for one in order.fulfillments for row in one.lines})
        for refund in order.refunds:
            for row in refund.lines:
                if row.restock == "RETURN":
                    shipped[row.line.id] -= row.quantity
        for line in order.lines:
            if line.variant:
                expected[state.level(line.variant.item, order.location).id] -= shipped[line.id]

    assert {level.id: level.on_hand for level in state.levels.values()} == dict(expected)


def test_nothing_is_ever_oversold(lived: tuple[World, list[Facts]]):
    assert min(min(level.quantities.values()) for level in lived[0].state.levels.values()) >= 0


def test_each_quantity_change_moves_the_stamp_of_its_level(lived: tuple[World, list[Facts]]):
    world, events = lived
    last: dict[int, str] = {}
    for event in events:
        for level_id, _ in event.get("stock", ()):
            last[level_id] = event["at"]

    assert {level_id: f"{world.state.levels[level_id].updated_at:%Y-%m-%dT%H:%M:%SZ}" for level_id in last} == last

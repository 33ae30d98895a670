"""A world is repeatable, keeps its history on disk, and does what it is told."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path

import pytest

from shopify_pipeline_tests.sandbox.world_cases import NOW, SHOP, a_world, refund_pending, snapshot
from shopify_sandbox.store import ActionRefused, Change, StateError, Store
from shopify_sandbox.world.arguments import Arguments
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.state import ID_STEP
from shopify_sandbox.world.world import line_of


def _store(path: Path, *, orders: int = 60) -> Store:
    return Store.create(path, Arguments(seed=5, orders=orders, days=20, now=NOW, shop=SHOP))


def test_same_arguments_give_the_same_files_byte_for_byte(tmp_path: Path):
    for name in ("one", "two"):
        store = _store(tmp_path / name)
        store.advance(new_orders=5, fulfill=3, refund=2, hours=2)
        store.tick()

    for file in ("world.json", "events.jsonl"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_another_seed_gives_another_world():
    assert a_world(seed=1, orders=3).take() != a_world(seed=2, orders=3).take()


def test_reopened_store_is_the_store_that_was_left(tmp_path: Path):
    store = _store(tmp_path)
    for _ in range(40):
        store.tick()
    store.advance(edit=3, cancel=2, settle=2, customer_update=3, product_update=3, hours=0.5)

    again = Store.open(tmp_path)

    assert snapshot(again.state) == snapshot(store.state)


def test_reopened_store_goes_on_exactly_as_the_one_that_stayed_open(tmp_path: Path):
    stayed = _store(tmp_path / "stayed")
    _store(tmp_path / "left")

    assert Store.open(tmp_path / "left").advance(new_orders=3, refund=1) == stayed.advance(new_orders=3, refund=1)


def test_events_are_in_time_order_and_ids_of_a_kind_grow(tmp_path: Path):
    world = a_world(orders=80)
    events = world.take()
    orders = list(world.state.orders)

    assert [event["at"] for event in events] == sorted(event["at"] for event in events)
    assert {after - before for before, after in itertools.pairwise(orders)} == {ID_STEP}
    assert events[-1] == {"at": "2026-11-20T12:00:00Z", "event": "clock"}


def test_order_names_count_from_1001():
    assert [order.name for order in a_world(orders=3).state.orders.values()] == ["#1001", "#1002", "#1003"]


def test_each_action_moves_the_clock_at_least_a_second_per_event(tmp_path: Path):
    store = _store(tmp_path)

    rows = store.advance(new_orders=4, fulfill=3, stock_adjust=2)

    assert len({row["at"] for row in rows}) == len(rows)
    assert store.now == NOW + timedelta(seconds=len(rows))


def test_hours_only_move_the_clock(tmp_path: Path):
    store = _store(tmp_path)
    before = snapshot(store.state)

    rows = store.advance(hours=1.5)

    assert rows == [{"event": "clock", "at": "2026-11-20T13:30:00Z"}]
    assert Store.open(tmp_path).now == NOW + timedelta(hours=1.5)
    assert before != snapshot(store.state)


def test_changed_orders_carry_the_time_of_the_event_and_others_do_not(tmp_path: Path):
    store = _store(tmp_path)
    before = {order.id: order.updated_at for order in store.state.orders.values()}

    rows = store.advance(refund=2, edit=1, cancel=1)

    changed = {row["order_id"]: row["at"] for row in rows if "order_id" in row}
    for order in store.state.orders.values():
        if order.id in changed:
            assert f"{order.updated_at:%Y-%m-%dT%H:%M:%SZ}" == changed[order.id]
        else:
            assert order.updated_at == before[order.id]


def test_named_order_is_the_one_acted_on(tmp_path: Path):
    store = _store(tmp_path)
    wanted = next(order for order in reversed(store.state.orders.values()) if order.unfulfilled and not order.refunds)

    rows = store.advance(cancel=1, order=wanted.name)

    assert [(row["event"], row["order_name"]) for row in rows] == [("order_cancelled", wanted.name)]
    assert wanted.cancelled_at == store.now


def test_action_that_does_not_fit_the_named_order_says_why(tmp_path: Path):
    store = _store(tmp_path)
    shipped = next(order for order in store.state.orders.values() if order.fulfillments)

    with pytest.raises(ActionRefused, match=f"order {shipped.name} does not allow cancel: .*shipped"):
        store.advance(cancel=1, order=shipped.name)
    with pytest.raises(ActionRefused, match="there is no order #9"):
        store.advance(refund=1, order="#9")


def test_fewer_fitting_orders_give_fewer_events(tmp_path: Path):
    store = _store(tmp_path, orders=0)

    assert store.advance(fulfill=5, refund=5, edit=5, settle=5) == []


def test_capture_takes_the_authorised_or_owed_money(tmp_path: Path):
    store = _store(tmp_path)
    rows = store.advance(new_orders=30, capture=1)
    paid = store.state.orders[rows[-1]["order_id"]]

    assert (figures(paid).total_outstanding, figures(paid).total_capturable) == (0, 0)
    assert figures(paid).net_payment == figures(paid).current_total_price


def test_refund_without_restock_leaves_the_shelf_as_it_is(tmp_path: Path):
    store = _store(tmp_path)
    before = {level.id: level.on_hand for level in store.state.levels.values()}

    store.advance(refund=3, restock=False)

    assert {level.id: level.on_hand for level in store.state.levels.values()} == before


def test_settled_refund_counts_as_paid_back_and_its_held_sale_vanishes():
    world = a_world(orders=60)
    pending = refund_pending(world, 1)[0]
    order, money = pending.order, sum(one.amount for one in pending.transactions)
    refunded, sales = figures(order).total_refunded, {sale.id for sale in order.sales()}

    world.advance(settle=1, order=order.name)

    assert figures(order).total_refunded == refunded + money
    assert len(sales - {sale.id for sale in order.sales()}) == 1
    assert pending.updated_at == order.updated_at == world.state.now


def test_listeners_hear_of_a_new_order(tmp_path: Path):
    store = _store(tmp_path)
    heard: list[Change] = []
    store.listeners.append(heard.extend)

    row = store.advance(new_orders=1)[-1]

    created = next(change for change in heard if change.topic == "orders/create")
    assert created.gid == f"gid://shopify/Order/{row['order_id']}"
    assert created.record is store.state.orders[row["order_id"]]
    assert {change.topic for change in heard} >= {"orders/updated", "inventory_levels/update"}


def test_each_kind_of_event_touches_its_topics(tmp_path: Path):
    store = _store(tmp_path)
    heard: list[Change] = []
    store.listeners.append(heard.extend)

    store.advance(new_orders=3, capture=2, fulfill=3, refund=2, edit=1, cancel=1, customer_update=1, product_update=1)

    assert {change.topic for change in heard} >= {
        "orders/create",
        "orders/paid",
        "orders/fulfilled",
        "orders/cancelled",
        "orders/updated",
        "customers/update",
        "products/update",
        "inventory_levels/update",
        "refunds/create",
        "fulfillments/create",
        "tender_transactions/create",
    }
    assert all(store.node(change.gid) == change.record for change in heard)


def test_directory_without_a_world_is_refused_with_what_to_do(tmp_path: Path):
    with pytest.raises(StateError, match="holds no world; run `shopify-sandbox serve"):
        Store.open(tmp_path)


def test_existing_world_is_not_overwritten(tmp_path: Path):
    _store(tmp_path, orders=1)

    with pytest.raises(StateError, match="already holds a world"):
        _store(tmp_path, orders=2)


def test_damaged_line_is_refused_by_number(tmp_path: Path):
    _store(tmp_path, orders=2)
    log = tmp_path / "events.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join([lines[0], "{broken\n", *lines[1:]]))

    with pytest.raises(StateError, match="line 2 is damaged"):
        Store.open(tmp_path)


def test_line_a_crash_left_unfinished_is_dropped(tmp_path: Path):
    store = _store(tmp_path, orders=5)
    whole = snapshot(store.state)
    log = tmp_path / "events.jsonl"
    log.write_text(log.read_text() + line_of({"at": "2026-11-20T12:00:01Z", "event": "clock"})[:-5])

    again = Store.open(tmp_path)

    assert snapshot(again.state) == whole
    again.advance(hours=1)
    assert Store.open(tmp_path).now == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"orders": -1}, "orders"),
        ({"days": 0}, "days"),
        ({"shop": "example.com"}, "myshopify.com"),
        ({"profile": "atlantis"}, "profile"),
        ({"mix": "wild"}, "mix"),
    ],
    ids=["negative orders", "no days", "foreign domain", "unknown profile", "unknown mix"],
)
def test_impossible_arguments_are_refused(change: dict[str, object], message: str):
    arguments = {"seed": 1, "orders": 1, "days": 1, "now": NOW, "shop": SHOP, **change}

    with pytest.raises(ValueError, match=message):
        Arguments(**arguments)

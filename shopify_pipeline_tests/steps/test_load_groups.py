"""What a load of many groups promises beside what any load does, and when too many bad roots stop it."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from psycopg import sql

from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.errors import QuarantineBudgetError
from shopify_pipeline.schemas import STREAMS, Stream
from shopify_pipeline.schemas import frames as rules
from shopify_pipeline.schemas.kinds import Source, Table, gid, text
from shopify_pipeline.steps.load import Budget, Loaded, load_landed
from shopify_pipeline.warehouse.ddl import table_sql
from shopify_pipeline.warehouse.loads import Loads
from shopify_pipeline_tests.builders import SHOP, a_line, a_sale, an_agreement, an_order, as_bulk, bag, page
from shopify_pipeline_tests.steps.conftest import BEGIN, Loading

ORDERS = STREAMS["orders"]


def load(loading: Loading, *bodies: tuple[str, list[bytes]], stream: Stream = ORDERS, **how: Any) -> Loaded:
    """One more load of a stream, a minute later."""
    loading.minute += 1
    now = BEGIN + timedelta(minutes=loading.minute)
    loads = Loads(loading.conn)
    said: list[str] = how.pop("said", [])
    mode = how.pop("mode", "full")
    opened = loads.open(shop=SHOP, stream=stream.name, mode=mode, window_from=None, window_to=now, started_at=now)
    loads.mark_landed(opened.load_id, now)
    return load_landed(
        loading.conn,
        bodies,
        load=loads.find(opened.load_id),
        stream=stream,
        clock=SimulatedClock(now),
        progress=said.append,
        **how,
    )


def many(number: int, **fields: Any) -> list[dict[str, Any]]:
    return [
        an_order(n, lines=(a_line(n * 10),), agreements=(an_agreement(n, a_sale(n, line=n * 10)),), **fields)
        for n in range(1, number + 1)
    ]


def test_groups_load_what_one_group_loads_and_call_it_the_same_version(loading: Loading) -> None:
    lines = as_bulk(*many(40))
    at_once = load(loading, ("bulk", lines))

    in_groups = load(loading, ("bulk", random.Random(3).sample(lines, len(lines))), group_bytes=5_000)

    assert (at_once.new_versions, in_groups.received, in_groups.new_versions) == (40, 40, 0)
    assert in_groups.rows == at_once.rows
    assert loading.rows("select count(*), count(distinct order_id) from shopify.order_sales") == [(40, 40)]


def test_a_bad_root_in_one_group_leaves_every_other_group_alone(loading: Loading) -> None:
    orders = many(40)
    orders[17] |= {"totalPriceSet": bag("12.x4")}

    loaded = load(loading, ("bulk", as_bulk(*orders)), group_bytes=5_000)

    assert (loaded.received, loaded.loaded, loaded.quarantined) == (40, 39, 1)
    assert loading.rows("select count(*) from shopify.order_lines where order_id = 18") == [(0,)]
    assert loading.rows("select message from ops.quarantine") == [
        ("order #1018: total price in shop currency is '12.x4', not an amount",)
    ]


def test_a_record_that_moved_to_another_root_belongs_to_its_newest_reading(loading: Loading) -> None:
    load(loading, ("page", [page("orders", an_order(1, lines=(a_line(10),)))]))

    load(loading, ("page", [page("orders", an_order(2, lines=(a_line(10), a_line(11))))]))

    assert loading.rows("select order_line_id, order_id from shopify.order_lines order by 1") == [(10, 2), (11, 2)]


BAD = {"totalPriceSet": bag("12.x4")}


def test_too_many_bad_roots_stop_the_load_before_anything_is_written(loading: Loading) -> None:
    orders = [an_order(n, **(BAD if n <= 3 else {})) for n in range(1, 101)]

    with pytest.raises(QuarantineBudgetError) as stopped:
        load(loading, ("page", [page("orders", *orders)]), budget=Budget(50, 0.02))

    assert "would withhold 3 of 100 roots, 2 are allowed" in str(stopped.value)
    assert "wrong_type at $.totalPriceSet.shopMoney.amount (3)" in str(stopped.value)
    assert "--accept-quarantine" in str(stopped.value)
    for table in ("shopify.orders", "ops.quarantine", "ops.dirty", "ops.cursors"):
        assert loading.rows(f"select count(*) from {table}") == [(0,)], table
    assert loading.rows("select state from ops.loads") == [("landed",)]


def test_so_many_bad_roots_are_loaded_once_somebody_accepts_them(loading: Loading) -> None:
    body = ("page", [page("orders", an_order(1, **BAD), an_order(2, **BAD), an_order(3))])

    loaded = load(loading, body, budget=None)

    assert (loaded.loaded, loaded.quarantined) == (1, 2)


def test_roots_that_are_withheld_already_spend_no_budget(loading: Loading) -> None:
    load(loading, ("page", [page("orders", an_order(1, **BAD), an_order(2, **BAD))]), budget=None)

    again = load(
        loading, ("page", [page("orders", an_order(1, **BAD), an_order(2, **BAD), an_order(3, **BAD))]), budget=Budget()
    )

    assert (again.quarantined, again.newly_quarantined, again.allowed) == (3, 1, 1)


def test_roots_read_again_by_name_have_no_budget(loading: Loading) -> None:
    body = ("page", [page("orders", an_order(1, **BAD), an_order(2, **BAD))])

    assert load(loading, body, budget=Budget(), mode="roots").quarantined == 2


@pytest.mark.parametrize(("received", "allowed"), [(0, 1), (1, 1), (100, 1), (300, 3), (5_000, 50), (100_000, 50)])
def test_the_budget_is_one_percent_at_most_fifty_and_never_less_than_one(received: int, allowed: int) -> None:
    assert Budget().allowed(received) == allowed


def test_a_rule_of_ours_that_breaks_stops_the_load_and_withholds_nobody(
    loading: Loading, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(frame: Any) -> Any:
        raise KeyError("no_such_column")

    rules.pandera_schema.cache_clear()
    monkeypatch.setitem(rules._ROW_RULES, "orders", (("always", "$", broken),))
    try:
        with pytest.raises(AssertionError, match="rule always broke instead of judging"):
            load(loading, ("page", [page("orders", an_order(1))]))
    finally:
        rules.pandera_schema.cache_clear()

    assert loading.rows("select count(*) from ops.quarantine") == [(0,)]
    assert loading.rows("select state from ops.loads") == [("landed",)]


def test_an_enum_value_nobody_knows_is_kept_and_said(loading: Loading) -> None:
    said: list[str] = []
    orders = [an_order(1, returnStatus="ON_ITS_WAY"), an_order(2, returnStatus="ON_ITS_WAY"), an_order(3)]

    loaded = load(loading, ("page", [page("orders", *orders)]), said=said)

    assert loaded.unknown_values == {"orders.return_status=ON_ITS_WAY": 2}
    assert any("orders.return_status=ON_ITS_WAY" in line for line in said)
    assert loading.rows("select return_status from shopify.orders where order_id = 1") == [("ON_ITS_WAY",)]


THINGS = Table(
    name="things",
    grain="One row per thing, which has no stamp.",
    key=("thing_id",),
    root_column="thing_id",
    sources=(Source("Thing"),),
    columns=(gid("thing_id", "id", "Its id."), text("name", "name", "Its name.")),
)
STAMPLESS = Stream(name="things", roots=(("Thing", THINGS),))


def a_thing(name: str) -> bytes:
    return f'{{"id":"gid://shopify/Thing/1","name":"{name}"}}'.encode()


@pytest.fixture
def things(loading: Loading) -> Loading:
    with loading.conn.transaction():
        loading.conn.execute(sql.SQL(table_sql(STAMPLESS, THINGS)))  # type: ignore[arg-type]
    return loading


def test_a_root_without_a_stamp_is_as_new_as_its_reading(things: Loading) -> None:
    load(things, ("bulk", [a_thing("first")]), stream=STAMPLESS)
    changed = load(things, ("bulk", [a_thing("second")]), stream=STAMPLESS)
    things.minute -= 2
    late = load(things, ("bulk", [a_thing("first")]), stream=STAMPLESS)

    assert (changed.new_versions, late.new_versions, late.superseded) == (1, 0, 1)
    assert things.rows("select name from shopify.things") == [("second",)]


def test_of_two_readings_without_a_stamp_in_one_load_the_later_wins(things: Loading) -> None:
    loaded = load(things, ("bulk", [a_thing("first"), a_thing("second")]), stream=STAMPLESS)

    assert (loaded.received, loaded.superseded) == (2, 1)
    assert things.rows("select name from shopify.things") == [("second",)]


def test_amounts_written_differently_are_one_version(loading: Loading) -> None:
    load(loading, ("page", [page("orders", an_order(1, totalPriceSet=bag("10.0")))]))

    again = load(loading, ("page", [page("orders", an_order(1, totalPriceSet=bag("10.00")))]))

    assert again.new_versions == 0
    assert loading.rows("select total_price_shop from shopify.orders") == [(Decimal("10"),)]

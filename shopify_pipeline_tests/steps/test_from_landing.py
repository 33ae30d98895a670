"""Replay from landing: what was landed is enough to make every row again, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from shopify_pipeline.errors import ConfigError, IncompleteError, PermanentError
from shopify_pipeline.schemas import decode
from shopify_pipeline.steps.from_landing import replay_all, replay_load, replay_quarantined
from shopify_pipeline.warehouse.loads import Loads
from shopify_pipeline_tests.builders import (
    SHOP,
    a_level,
    a_line,
    a_location,
    a_sale,
    an_agreement,
    an_order,
    as_bulk,
    bag,
    page,
)
from shopify_pipeline_tests.steps.landed import BEGIN, LandedShop, landed_shop

OTHER = "b-shop.myshopify.com"


@pytest.fixture
def shop(tmp_path: Path, warehouse_dsn: str) -> LandedShop:
    return landed_shop(tmp_path, warehouse_dsn)


def live_a_while(shop: LandedShop) -> None:
    """A full load, edits, a late older version, an overlap, a withheld root, and roots read by name."""
    shop("inventory", page("locations", a_location(1, a_level(5, 1, available=3), a_level(6, 1, available=8))))
    first = [an_order(n, agreements=(an_agreement(n, a_sale(n, line=n * 10)),)) for n in range(1, 6)]
    shop("orders", lines=as_bulk(*first))
    shop("orders", page("orders", an_order(2, total="20.0", updated="12:01:00", lines=(a_line(20), a_line(21)))))
    shop("orders", page("orders", an_order(2, total="15.0", updated="12:00:30"), first[0]))
    shop("inventory", page("locations", a_location(1, a_level(5, 1, available=1, updated="12:04:00"))))
    shop("orders", page("orders", an_order(3, updated="12:04:00", totalPriceSet=bag("12.x4")), an_order(7)))
    shop("orders", page("orders", an_order(3, total="12.4", updated="12:04:00")), mode="roots")
    shop("orders", page("orders", an_order(4, tags=["vip"]), an_order(8, totalPriceSet=bag("x"))))


def owed(shop: LandedShop) -> list[tuple[object, ...]]:
    return shop.rows("select resource, external_id, seq, marked_at from ops.dirty order by 1, 2")


def cursors(shop: LandedShop) -> list[tuple[object, ...]]:
    return shop.rows("select shop, stream, cursor_at, load_id, backfill_at from ops.cursors order by 1, 2")


def withheld(shop: LandedShop) -> list[tuple[object, ...]]:
    return shop.rows(
        "select root_id, rule, path, raw, load_id, released_at is null from ops.quarantine order by root_id, rule, path"
    )


def test_rebuilding_gives_the_same_rows_byte_for_byte_and_owes_nothing_new(shop: LandedShop) -> None:
    live_a_while(shop)
    shop.run("delete from ops.dirty where external_id <> '7'")
    before, owed_before, cursors_before, withheld_before = shop.dump(), owed(shop), cursors(shop), withheld(shop)
    assert before["orders"].count(b"\n") == 6
    assert before["inventory_levels_history"].count(b"\n") == 3

    rebuilt = replay_all(shop.pipeline)

    assert (rebuilt.loads, rebuilt.differing, rebuilt.quarantined) == (8, 0, 1)
    assert shop.dump() == before
    assert (owed(shop), cursors(shop), withheld(shop)) == (owed_before, cursors_before, withheld_before)


def test_rebuilding_needs_nothing_but_the_landing_zone(shop: LandedShop) -> None:
    live_a_while(shop)
    before, cursors_before, withheld_before = shop.dump(), cursors(shop), withheld(shop)
    tables = ", ".join(f"shopify.{name}" for name in before)
    shop.run(f"truncate {tables}, ops.loads, ops.cursors, ops.quarantine, ops.dirty cascade")
    shop.run("alter sequence ops.landing_seq restart; alter table ops.loads alter load_id restart")

    rebuilt = replay_all(shop.pipeline)

    assert shop.dump() == before
    assert (cursors(shop), withheld(shop)) == (cursors_before, withheld_before)
    assert rebuilt.differing == len(owed(shop)) == 6 + 2 + 1
    shop.minute = 30
    assert shop("orders", page("orders", an_order(9))).loaded == 1
    assert replay_all(shop.pipeline).differing == 0


def test_a_restored_older_warehouse_is_brought_to_where_the_landing_zone_is(shop: LandedShop) -> None:
    shop("orders", page("orders", an_order(1)))
    older = cursors(shop)
    shop("orders", page("orders", an_order(1, total="20.0", updated="12:01:00"), an_order(2)))
    newest, cursors_newest = shop.dump(), cursors(shop)
    shop.run("delete from shopify.orders where order_id = 2; delete from shopify.order_lines where order_id = 2")
    shop.run("update shopify.orders set total_price_shop = 10, _root_hash = 'older', _load_id = 1")
    shop.run(f"update ops.cursors set cursor_at = '{older[0][2]}', load_id = 1")
    shop.run("delete from ops.loads where load_id = 2; delete from ops.dirty")
    shop.run("alter sequence ops.landing_seq restart with 2; alter table ops.loads alter load_id restart with 2")

    with pytest.raises(PermanentError, match="replay --all"):
        shop.land("orders", page("orders", an_order(3)))
    replay_all(shop.pipeline)

    assert (shop.dump(), cursors(shop)) == (newest, cursors_newest)
    assert [row[:2] for row in owed(shop)] == [("orders", "1"), ("orders", "2")]


def test_the_landing_zone_of_another_warehouse_is_not_taken_for_ours(
    shop: LandedShop, tmp_path: Path, warehouse_dsn: str
) -> None:
    shop("orders", page("orders", an_order(1)))
    elsewhere = landed_shop(tmp_path / "elsewhere", warehouse_dsn, OTHER)
    shop.run("alter sequence ops.landing_seq restart; alter table ops.loads alter load_id restart with 40")
    elsewhere("orders", page("orders", an_order(2)))
    theirs = tmp_path / "elsewhere" / "landing" / OTHER / "orders" / "1"
    ours = tmp_path / "landing" / SHOP / "orders" / "7"
    theirs.rename(ours)

    with pytest.raises(PermanentError, match="filled by another warehouse"):
        replay_all(shop.pipeline)

    assert shop.rows("select shop, order_id from shopify.orders order by 1") == [(SHOP, 1), (OTHER, 2)]


def test_rebuilding_leaves_other_shops_alone(shop: LandedShop, tmp_path: Path, warehouse_dsn: str) -> None:
    other = landed_shop(tmp_path, warehouse_dsn, OTHER)
    other("orders", page("orders", an_order(1)))
    shop("orders", page("orders", an_order(2)))
    before = shop.dump()
    shop.run(f"update shopify.orders set note = 'touched' where shop = '{OTHER}'")

    replay_all(shop.pipeline)

    assert shop.rows("select shop, note from shopify.orders order by 1") == [
        (shop.shop, None),
        (OTHER, "touched"),
    ]
    replay_all(other.pipeline)
    assert shop.dump() == before


def test_readers_see_the_tables_before_or_after_never_between(
    shop: LandedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop("orders", page("orders", an_order(1), an_order(2)))
    shop("orders", page("orders", an_order(3)))
    seen = []
    monkeypatch.setattr(
        shop.pipeline, "progress", lambda line: seen.append(shop.rows("select count(*) from shopify.orders")[0][0])
    )

    replay_all(shop.pipeline)

    assert len(seen) > 2
    assert set(seen) == {3}


def test_a_damaged_part_stops_the_rebuilding_and_everything_stays(shop: LandedShop, tmp_path: Path) -> None:
    live_a_while(shop)
    before = shop.dump()
    victim = sorted((tmp_path / "landing").rglob("*.json.gz"))[1]
    victim.write_bytes(victim.read_bytes()[:-9])

    with pytest.raises(IncompleteError, match="extract that load again"):
        replay_all(shop.pipeline)

    assert shop.dump() == before
    assert shop.rows("select distinct state from ops.loads") == [("merged",)]


def test_a_rebuilding_that_would_lose_a_root_is_refused(shop: LandedShop) -> None:
    shop("orders", page("orders", an_order(1)))
    lost = shop.land("orders", page("orders", an_order(2)))
    shop.pipeline.load("orders")
    before = shop.dump()
    shop.pipeline.landing.remove(lost.landing_prefix)

    with pytest.raises(IncompleteError, match="1 orders, such as 2, are in the warehouse and not in the landing zone"):
        replay_all(shop.pipeline)

    assert shop.dump() == before


def test_what_is_not_merged_or_given_up_takes_no_part_in_a_rebuilding(shop: LandedShop) -> None:
    shop("orders", page("orders", an_order(1)))
    given_up = shop.land("orders", page("orders", an_order(2)))
    with shop.pipeline.connect() as conn:
        Loads(conn).abandon(given_up.load_id)
    shop.land("orders", page("orders", an_order(3)))

    assert replay_all(shop.pipeline).loads == 1

    assert shop.rows("select order_id from shopify.orders") == [(1,)]
    assert shop.rows("select load_id, state from ops.loads order by 1") == [
        (1, "merged"),
        (2, "abandoned"),
        (3, "landed"),
    ]


def test_a_shop_that_never_landed_anything_cannot_be_rebuilt(shop: LandedShop) -> None:
    with pytest.raises(ConfigError, match=r"nothing of a-shop\.myshopify\.com is landed"):
        replay_all(shop.pipeline)


def test_a_load_merged_again_changes_nothing(shop: LandedShop) -> None:
    live_a_while(shop)
    before, owed_before, cursors_before, withheld_before = shop.dump(), owed(shop), cursors(shop), withheld(shop)

    again = [replay_load(shop.pipeline, number) for number in (2, 4, 6, 8)]

    assert [each.new_versions for each in again] == [0, 0, 0, 0]
    assert [each.superseded for each in again] == [3, 1, 0, 0]
    assert (shop.dump(), owed(shop), cursors(shop), withheld(shop)) == (
        before,
        owed_before,
        cursors_before,
        withheld_before,
    )


def test_a_load_is_merged_again_behind_a_cursor_that_was_moved_back_by_hand(shop: LandedShop) -> None:
    shop("orders", page("orders", an_order(1)))
    shop("orders", page("orders", an_order(2)))
    rewound = BEGIN - timedelta(days=3)
    assert shop.pipeline.rewind("orders", rewound)

    replay_load(shop.pipeline, 2)

    assert cursors(shop)[0][2] == rewound


def test_a_backfill_on_its_way_goes_on_where_it_was(shop: LandedShop) -> None:
    newest = BEGIN - timedelta(days=30)
    shop("orders", page("orders", an_order(1)), mode="window", since=newest)
    shop("orders", page("orders", an_order(2)), mode="backfill", since=newest - timedelta(days=30))
    shop("orders", page("orders", an_order(3)))
    before, cursors_before = shop.dump(), cursors(shop)
    assert cursors_before[0][4] == newest - timedelta(days=30)

    replay_load(shop.pipeline, 2)
    replay_all(shop.pipeline)
    assert (shop.dump(), cursors(shop)) == (before, cursors_before)

    shop.run("truncate ops.loads, ops.cursors, ops.quarantine cascade")
    replay_all(shop.pipeline)
    assert (shop.dump(), cursors(shop)) == (before, cursors_before)


@pytest.mark.parametrize("number", [2, 99], ids=["given up", "unknown"])
def test_only_a_merged_load_can_be_merged_again(number: int, shop: LandedShop) -> None:
    shop("orders", page("orders", an_order(1)))
    given_up = shop.land("orders", page("orders", an_order(2)))
    with shop.pipeline.connect() as conn:
        Loads(conn).abandon(given_up.load_id)

    with pytest.raises(ConfigError, match="load"):
        replay_load(shop.pipeline, number)


def test_a_sweep_is_not_acted_on_again(shop: LandedShop) -> None:
    shop("orders", page("orders", an_order(1)))
    sweep = shop.land("orders_ids")
    with shop.pipeline.connect() as conn:
        shop.pipeline.merge(conn, sweep)

    with pytest.raises(ConfigError, match=r"load 2 is a sweep.* shopify-pipeline sweep orders asks anew"):
        replay_load(shop.pipeline, sweep.load_id)

    assert shop.rows("select order_id from shopify.orders where _deleted") == []
    assert shop.rows("select root_id, load_id from ops.missing") == [("1", 2)]


@pytest.mark.parametrize("replay", [lambda shop: replay_load(shop.pipeline, 2), lambda shop: replay_all(shop.pipeline)])
def test_what_waits_to_be_read_again_still_does_after_a_load_that_once_asked_for_it(
    shop: LandedShop, replay: Callable[[LandedShop], object]
) -> None:
    shop("orders", page("orders", an_order(1)))
    shop("orders", page("orders", an_order(1)), mode="roots", asked=["gid://shopify/Order/1"])
    shop.run(f"insert into ops.reread values ('{SHOP}', 'orders', 'Order', '1')")

    replay(shop)

    assert shop.rows("select root_type, root_id from ops.reread") == [("Order", "1")]


def test_a_load_of_another_shop_is_not_merged(shop: LandedShop, tmp_path: Path, warehouse_dsn: str) -> None:
    landed_shop(tmp_path, warehouse_dsn, OTHER)("orders", page("orders", an_order(1)))

    with pytest.raises(ConfigError, match="is of b-shop"):
        replay_load(shop.pipeline, 1)


def test_after_a_correction_of_ours_what_was_landed_is_enough_to_release_roots(
    shop: LandedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        # Our mistake: the decoder takes no id above six.
        broken.setattr(decode, "BIGINT_MAX", 6)
        shop("orders", page("orders", an_order(1), an_order(7)))
    shop("orders", page("orders", an_order(8, totalPriceSet=bag("x"))))
    assert [row[0] for row in withheld(shop)] == ["7", "8"]
    cursors_before = cursors(shop)

    counts = replay_quarantined(shop.pipeline)

    assert counts == {"replayed": 2, "released": 1, "remaining": 1}
    assert shop.rows("select order_id, _load_id from shopify.orders order by 1") == [(1, 1), (7, 1)]
    assert cursors(shop) == cursors_before

"""What windows, cursors and version guards must survive, with the whole pipeline on a shop that goes on living.

Elsewhere: an index that is late (``test_moving_windows.py``), a cursor in the future (``test_extract.py``), stamps that
do not move and an older version after a newer one (``test_load.py``), a load replayed alone (``test_from_landing.py``).
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from shopify_pipeline.errors import PermanentError, TransientError
from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.shopify import pages
from shopify_pipeline.shopify.answers import Answer
from shopify_pipeline.shopify.pages import PageReader
from shopify_pipeline.shopify.queries import Operation
from shopify_pipeline.steps.from_landing import replay_all
from shopify_pipeline.warehouse.loads import Loads
from shopify_pipeline_tests.shopify.sandboxed import SHOP, sandbox_shop
from shopify_pipeline_tests.steps.shops import pipeline_of, shop_settings
from shopify_pipeline_tests.traps.followed import FollowedShop, followed_shop
from shopify_sandbox.search import paging
from shopify_sandbox.world.evolution import FITS

THREE_YEARS = 3 * 365
SLICE_DAYS = 270


@pytest.fixture
def shop(tmp_path: Path, warehouse_dsn: str) -> Iterator[FollowedShop]:
    with followed_shop(tmp_path, warehouse_dsn, orders=40, mix="plain") as running:
        yield running


def loaded(shop: FollowedShop) -> dict[int, datetime]:
    """When each order in the warehouse was last changed."""
    return dict(shop.rows("select order_id, updated_at from shopify.orders"))


def held(shop: FollowedShop) -> dict[int, datetime]:
    """When each order in the store was last changed."""
    return {order.id: order.updated_at for order in shop.orders}


def cursor(shop: FollowedShop) -> datetime:
    with shop.pipeline.connect() as conn:
        found = Loads(conn).cursor(SHOP, "orders")
    assert found is not None
    return found


def landed_orders(shop: FollowedShop) -> Counter[str]:
    """How often each order is in the pages that were landed."""
    found: Counter[str] = Counter()
    with shop.pipeline.connect() as conn:
        prefixes = [prefix for (prefix,) in conn.execute("select landing_prefix from ops.loads").fetchall()]
    for prefix in prefixes:
        for part in shop.pipeline.landing.manifest(prefix).parts:
            if part.operation == "OrdersPage":
                nodes = json.loads(shop.pipeline.landing.body(prefix, part))["data"]["orders"]["nodes"]
                found.update(node["id"] for node in nodes)
    return found


def in_one_second(shop: FollowedShop) -> None:
    """Every order there is was last changed in the same second, as after an import."""
    for order in shop.orders:
        order.updated_at = shop.store.now


def test_orders_changed_in_one_second_are_read_once_each_wherever_a_page_ends(
    shop: FollowedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_one_second(shop)
    shop.read(page_size=7)
    shop.sync("orders")
    assert loaded(shop) == held(shop)
    assert set(landed_orders(shop).values()) == {1}

    with shop.pipeline.connect() as conn:
        conn.execute("truncate shopify.orders cascade")
        conn.execute("delete from ops.cursors")
        conn.commit()
    monkeypatch.setattr(PageReader, "_connection", _after_the_last_stamp)
    shop.sync("orders")
    assert len(loaded(shop)) == 7


def _after_the_last_stamp(
    self: PageReader, document: str, root: str, variables: Mapping[str, object], size: int
) -> Iterator[Answer]:
    """The first two pages as a reader asks for them who goes on a second after the last stamp he has seen."""
    first, _ = self._sized(document, variables, size)
    yield first
    last = datetime.fromisoformat(first.data[root]["nodes"][-1]["updatedAt"])
    query = f"updated_at:>='{last + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}'"
    yield self._sized(document, {**variables, "query": query}, size)[0]


def test_a_change_in_the_very_second_a_window_ended_is_in_the_next_one(shop: FollowedShop) -> None:
    shop.read(overlap_seconds=0)
    shop.sync("orders")
    late = shop.orders[3]
    late.updated_at = cursor(shop)
    assert loaded(shop)[late.id] < late.updated_at
    shop.sync("orders")
    assert loaded(shop) == held(shop)


def test_a_window_of_more_changes_than_pages_reach_is_read_whole_and_its_cursor_moves(
    shop: FollowedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shopify pages 25,000 deep; here 12, so that thirty changes are too many."""
    shop.sync("orders")
    before = cursor(shop)
    fulfilled = shop.store.advance(fulfill=12)
    shop.store.advance(new_orders=18)
    monkeypatch.setattr(paging, "DEEPEST_RECORD", 12)
    monkeypatch.setattr(pages, "PAGED_ROOTS_MAX", 12)
    with monkeypatch.context() as uncut:
        uncut.setattr(pages, "WINDOW_ROOTS_MAX", 10**6)
        with pytest.raises(PermanentError, match="grew beyond what pages reach"):
            shop.sync("orders")
    assert cursor(shop) == before

    monkeypatch.setattr(pages, "WINDOW_ROOTS_MAX", 10)
    received = shop.sync("orders").new_versions
    assert received == len({row["order_name"] for row in fulfilled}) + 18
    assert loaded(shop) == held(shop)
    assert cursor(shop) == shop.store.now


def test_as_many_changes_by_a_bulk_operation_are_the_same(shop: FollowedShop) -> None:
    shop.sync("orders")
    shop.store.advance(fulfill=12)
    shop.store.advance(new_orders=18)
    shop.read(bulk_threshold=20)
    shop.sync("orders")
    assert loaded(shop) == held(shop)
    assert shop.rows("select bulk_operations <> '{}' from ops.loads order by load_id") == [(False,), (True,)]


def test_of_two_runs_that_overlap_the_second_reads_nothing_and_the_first_ends_whole(shop: FollowedShop) -> None:
    second = pipeline_of(shop.pipeline.settings.home, shop.dsn, shop.settings)
    met: list[str] = []
    execute = shop.pipeline.api.execute

    def while_a_page_is_read(document: Operation, variables: Mapping[str, object] | None = None) -> Answer:
        if document.name == "OrdersPage" and not met:
            with pytest.raises(TransientError, match="another process is reading orders") as refused:
                second.sync("orders")
            met.append(str(refused.value))
        return execute(document, variables)

    with pytest.MonkeyPatch.context() as watched:
        watched.setattr(shop.pipeline.api, "execute", while_a_page_is_read)
        shop.sync("orders")
    assert len(met) == 1
    assert loaded(shop) == held(shop)
    assert shop.rows("select state, received from ops.loads") == [("merged", 40)]
    second.sync("orders")
    assert shop.rows("select state, new_versions from ops.loads order by load_id") == [("merged", 40), ("merged", 0)]


def test_of_two_processes_that_merge_one_load_one_does(shop: FollowedShop) -> None:
    assert shop.pipeline.extract("orders") is not None
    pipelines = [pipeline_of(shop.pipeline.settings.home, shop.dsn, shop.settings) for _ in range(2)]
    start, outcomes = threading.Barrier(2), []

    def merge(number: int) -> None:
        start.wait()
        outcomes.append(pipelines[number].load("orders"))

    threads = [threading.Thread(target=merge, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(each is not None and not each.skipped for each in outcomes) == 1
    assert loaded(shop) == held(shop)
    assert shop.rows("select state, new_versions from ops.loads") == [("merged", 40)]


def test_a_warehouse_restored_from_an_older_copy_catches_up_from_landing_zone_and_shop(
    shop: FollowedShop, postgres: LocalPostgres
) -> None:
    shop.sync("orders")
    live = psycopg.conninfo.conninfo_to_dict(shop.dsn)["dbname"]
    older = f"{live}_older"
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as server:
        server.execute(sql.SQL("create database {} template {}").format(*map(sql.Identifier, (older, str(live)))))
        try:
            fitting = next(order for order in shop.orders if FITS["fulfill"](order))
            shop.store.advance(fulfill=1, order=fitting.name)
            shop.sync("orders")
            shop.store.advance(new_orders=2)
            newest = loaded(shop)

            restored = shop.on(postgres.dsn(older))
            assert loaded(restored) != newest
            with pytest.raises(PermanentError, match="replay --all"):
                restored.sync("orders")
            replay_all(restored.pipeline)
            assert loaded(restored) == newest != held(shop)
            restored.sync("orders")
            assert loaded(restored) == held(shop)
        finally:
            server.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(older)))


def test_three_years_are_backfilled_while_increments_go_on_and_no_change_waits_for_them(
    tmp_path: Path, warehouse_dsn: str
) -> None:
    with sandbox_shop(tmp_path / "shop", orders=24, days=THREE_YEARS) as served:
        shop = FollowedShop(served, pipeline_of(tmp_path, warehouse_dsn, shop_settings(served)))
        shop.read(backfill_days=SLICE_DAYS)
        modes: list[str] = []
        changed: dict[int, datetime] = {}
        while not modes or _is_backfilling(shop):
            landed = shop.pipeline.extract("orders")
            assert landed is not None
            assert shop.pipeline.load("orders") is not None
            modes.append(landed.mode)
            if landed.mode == "window":
                assert changed.items() <= loaded(shop).items()
                changed = _live_on(shop)
        assert modes[:4] == ["window", "backfill", "window", "backfill"]
        assert Counter(modes)["backfill"] >= THREE_YEARS // SLICE_DAYS - 1
        shop.sync("orders")
        assert loaded(shop) == held(shop)
        assert shop.rows("select count(*) from shopify.order_lines") == [(len(shop.store.state.lines),)]


def _is_backfilling(shop: FollowedShop) -> bool:
    with shop.pipeline.connect() as conn:
        return "orders" in Loads(conn).backfilling(SHOP)


def _live_on(shop: FollowedShop) -> dict[int, datetime]:
    """One more order, and the oldest order there is that can still change: its slice has not come yet."""
    oldest = next((order for order in shop.orders if FITS["edit"](order)), None)
    if oldest is not None:
        shop.store.advance(edit=1, order=oldest.name)
    shop.store.advance(new_orders=1, hours=1)
    since = shop.store.now - timedelta(hours=1, seconds=5)
    return {order.id: order.updated_at for order in shop.orders if order.updated_at >= since}

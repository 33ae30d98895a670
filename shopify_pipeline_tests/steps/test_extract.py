"""Extracting a stream from a served sandbox shop: which way it is read, what is landed, and what a restart does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline.errors import IncompleteError, PermanentError, TransientError
from shopify_pipeline.landing import Landing
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.shopify.pages import PageReader
from shopify_pipeline.shopify.queries import operation
from shopify_pipeline.shopify.streams import READINGS
from shopify_pipeline.shopify.windows import Window
from shopify_pipeline.steps.extract import CursorAheadError
from shopify_pipeline.steps.extract_reading import roots_with_details
from shopify_pipeline_tests.shopify.sandboxed import NOW, SHOP, SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.extracting import Bench, KeptLoads, contents

AGES = timedelta(days=3650)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxShop]:
    """A shop of 120 orders that nobody changes."""
    with sandbox_shop(tmp_path_factory.mktemp("shop"), orders=120) as running:
        yield running


@pytest.fixture
def bench(shop: SandboxShop, tmp_path: Path) -> Bench:
    return Bench(shop, Landing.at(tmp_path / "landing"))


@pytest.fixture(scope="module")
def rich_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxShop]:
    """A shop that has something in every stream, and grants everything."""
    with sandbox_shop(tmp_path_factory.mktemp("rich"), orders=60, mix="full") as running:
        running.sandbox.tokens.set_scopes(least_privilege())
        yield running


@pytest.fixture
def rich(rich_shop: SandboxShop, tmp_path: Path) -> Bench:
    return Bench(rich_shop, Landing.at(tmp_path / "landing"))


@pytest.fixture
def own_bench(tmp_path: Path) -> Iterator[Bench]:
    """A shop of 30 orders that belongs to one test."""
    with sandbox_shop(tmp_path / "shop", orders=30) as running:
        yield Bench(running, Landing.at(tmp_path / "landing"))


def test_a_first_load_of_many_roots_reads_them_by_bulk_operation(bench: Bench) -> None:
    loads = KeptLoads()
    extracted = bench.extract("orders", loads, bulk_threshold=120)
    assert (extracted.mode, extracted.window_from, extracted.window_to, extracted.roots) == ("full", None, NOW, 120)
    assert loads.loads[0].state == "landed"
    manifest = bench.manifest("orders", 1)
    assert [part.kind for part in manifest.parts] == ["bulk"] + ["detail"] * (len(manifest.parts) - 1)
    assert (manifest.mode, manifest.window_to, manifest.shop_now) == ("full", NOW, NOW)
    assert (extracted.parts, extracted.bytes) == (len(manifest.parts), manifest.bytes)
    assembly = bench.assembled("orders", 1)
    assert len({document.gid for document in assembly.documents}) == 120
    assert assembly.orphans == []


@pytest.mark.parametrize("stream", STREAMS)
def test_bulk_and_pages_land_the_same_records(stream: str, rich: Bench) -> None:
    bench = rich
    bench.extract(stream, KeptLoads(), bulk_threshold=1)
    by_bulk = contents(bench.assembled(stream, 1))
    extracted = bench.extract(
        stream, KeptLoads(cursor=NOW), overlap_seconds=int(AGES.total_seconds()), bulk_threshold=10**6
    )
    assert {part.kind for part in bench.manifest(stream, 1).parts} <= {"page", "detail", "nested"}
    by_pages = contents(bench.assembled(stream, 1))
    assert extracted.roots == len(by_pages) > 0
    assert by_pages == by_bulk


def test_a_later_load_reads_from_an_overlap_before_the_cursor_to_the_shops_clock(bench: Bench) -> None:
    cursor = NOW - timedelta(days=5)
    extracted = bench.extract("orders", KeptLoads(cursor=cursor), overlap_seconds=3600)
    assert extracted.mode == "window"
    assert extracted.window_from == cursor - timedelta(hours=1)
    assert extracted.window_to == NOW
    stamps = [
        datetime.fromisoformat(json.loads(document.raw)["updatedAt"])
        for document in bench.assembled("orders", 1).documents
    ]
    assert 0 < len(stamps) < 120
    assert min(stamps) >= cursor - timedelta(hours=1)


@pytest.mark.parametrize(("threshold", "kind"), [(1, "bulk"), (1000, "page")])
def test_a_window_with_many_changes_is_read_by_bulk_operation(threshold: int, kind: str, bench: Bench) -> None:
    cursor = NOW - timedelta(days=5)
    bench.extract("orders", KeptLoads(cursor=cursor), bulk_threshold=threshold)
    assert bench.manifest("orders", 1).parts[0].kind == kind


@pytest.mark.parametrize("threshold", [1, 1000])
def test_a_window_of_inventory_is_the_same_whichever_way_it_is_read(threshold: int, bench: Bench) -> None:
    loads = KeptLoads(cursor=NOW - timedelta(days=1))
    bench.extract("inventory", loads, bulk_threshold=threshold)
    kinds = {(part.operation, part.kind) for part in bench.manifest("inventory", 1).parts}
    assert (("LocationsBulk", "bulk") in kinds) == (threshold == 1)
    documents = bench.assembled("inventory", 1).documents
    found = Counter(document.node for document in documents)
    assert found["Location"] == 3
    since = NOW - timedelta(days=1, seconds=600)
    levels = [json.loads(document.raw) for document in documents if document.node == "InventoryLevel"]
    assert all(datetime.fromisoformat(level["updatedAt"]) >= since for level in levels)
    full = [json.loads(d.raw) for d in full_inventory(bench) if d.node == "InventoryLevel"]
    expected = {level["id"] for level in full if datetime.fromisoformat(level["updatedAt"]) >= since}
    assert {level["id"] for level in levels} == expected
    assert 0 < len(expected) < len(full)


@pytest.mark.parametrize("threshold", [1, 10**6], ids=["much", "little"])
@pytest.mark.parametrize("stream", STREAMS)
def test_a_misspelt_filter_is_an_error_before_anything_is_read_by_it(
    stream: str, threshold: int, rich: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shopify ignores what it does not know and gives everything; a bulk operation would not even warn."""
    bench = rich
    monkeypatch.setattr(Window, "query", property(lambda window: "updatedat:>='2026-11-19T12:00:00Z'"))
    loads = KeptLoads(cursor=NOW - timedelta(days=1))
    before = bench.asked()
    with pytest.raises(PermanentError, match="ignored the search filter on updatedat"):
        bench.extract(stream, loads, bulk_threshold=threshold)
    assert loads.loads[0].state == "extracting"
    assert (bench.asked() - before)["BulkRun"] == 0


def test_a_misspelt_filter_on_the_levels_of_a_location_is_an_error(bench: Bench) -> None:
    reader = PageReader(bench.shop.api(), page_size=50, progress=lambda line: None)
    (locations,) = (reading for reading in READINGS["inventory"].roots if reading.inner is not None)
    with pytest.raises(PermanentError, match="ignored the search filter on updatedat"):
        list(reader.window(locations, Window(None, NOW, "updatedat"), counted=None))


def full_inventory(bench: Bench) -> list[Any]:
    loads = KeptLoads()
    loads.open(shop=SHOP, stream="inventory", mode="full", window_from=None, window_to=NOW, started_at=NOW)
    loads.abandon(1)
    bench.extract("inventory", loads)
    return bench.assembled("inventory", 2).documents


def test_a_window_without_changes_lands_nothing_but_a_manifest(bench: Bench) -> None:
    extracted = bench.extract("customers", KeptLoads(cursor=NOW), overlap_seconds=0)
    assert extracted.roots == 0
    assert bench.assembled("customers", 1).documents == []


def test_a_cursor_in_the_shops_future_is_an_error_that_says_what_to_do_and_begins_no_load(bench: Bench) -> None:
    loads = KeptLoads(cursor=NOW + timedelta(days=1))
    with pytest.raises(CursorAheadError) as refused:
        bench.extract("customers", loads)
    said = str(refused.value)
    assert "the cursor 2026-11-21T12:00:00Z lies in the future of the shop" in said
    assert "whose clock says 2026-11-20T12:00:00Z" in said
    assert "shopify-pipeline cursor rewind customers --to" in said
    assert loads.loads == []


def test_a_clock_of_the_shop_that_went_back_a_year_is_noticed_too(own_bench: Bench) -> None:
    loads = KeptLoads(cursor=NOW - timedelta(hours=1))
    own_bench.plant(answers={"kind": "skewed_date", "operation": "ShopCheck", "seconds": -365 * 86_400, "count": 9})
    with pytest.raises(CursorAheadError, match="whose clock says 2025-11-20T12:00:00Z"):
        own_bench.extract("orders", loads)
    assert loads.loads == []


@pytest.mark.parametrize("overlap_seconds", [0, 600])
def test_machines_of_the_shop_whose_clocks_differ_by_a_moment_are_no_error_and_no_window_ends_before_it_begins(
    overlap_seconds: int, bench: Bench
) -> None:
    loads = KeptLoads(cursor=NOW + timedelta(seconds=30))
    extracted = bench.extract("customers", loads, overlap_seconds=overlap_seconds)
    assert extracted.window_to == NOW
    assert extracted.window_from == min(NOW, NOW + timedelta(seconds=30 - overlap_seconds))


def test_a_load_that_is_landed_is_given_back_untouched(bench: Bench) -> None:
    loads = KeptLoads()
    first = bench.extract("products", loads)
    before = bench.asked()
    assert bench.extract("products", loads) == first
    assert bench.asked() == before


def test_an_interrupted_load_is_resumed_in_its_own_window(bench: Bench) -> None:
    loads = KeptLoads(cursor=NOW - timedelta(days=1))
    since, until = NOW - timedelta(days=9), NOW - timedelta(days=6)
    kept = loads.open(shop=SHOP, stream="orders", mode="window", window_from=since, window_to=until, started_at=NOW)
    half = bench.landing.begin(kept.landing_prefix)
    half.add("page", b"half", operation="OrdersPage", query_hash="x", api_version="2026-10", roots=9)
    extracted = bench.extract("orders", loads)
    assert (extracted.load_id, extracted.window_from, extracted.window_to) == (1, since, until)
    stamps = [datetime.fromisoformat(json.loads(d.raw)["updatedAt"]) for d in bench.assembled("orders", 1).documents]
    assert stamps
    assert since <= min(stamps) <= max(stamps) <= until


def test_a_first_load_of_few_roots_reads_them_by_pages_and_gets_the_same(bench: Bench) -> None:
    by_bulk, by_pages = KeptLoads(), KeptLoads()
    bench.extract("orders", by_bulk, bulk_threshold=120)
    from_bulk = contents(bench.assembled("orders", 1))
    extracted = bench.extract("orders", by_pages, bulk_threshold=121)
    assert (extracted.mode, extracted.window_from, extracted.roots) == ("full", None, 120)
    assert "bulk" not in {part.kind for part in bench.manifest("orders", 1).parts}
    assert contents(bench.assembled("orders", 1)) == from_bulk


def test_a_bulk_operation_is_adopted_after_a_restart(bench: Bench) -> None:
    loads = KeptLoads()
    loads.fail_at_landed = True
    before = bench.asked()
    with pytest.raises(TransientError):
        bench.extract("orders", loads, bulk_threshold=1)
    (remembered,) = loads.loads[0].bulk_operations.values()
    loads.fail_at_landed = False
    extracted = bench.extract("orders", loads, bulk_threshold=1)
    assert extracted.roots == 120
    assert list(loads.loads[0].bulk_operations.values()) == [remembered]
    assert (bench.asked() - before)["BulkRun"] == 1


def test_a_load_that_fails_is_not_there_for_a_reader(own_bench: Bench) -> None:
    own_bench.plant(answers={"kind": "status", "status": 403, "on": "bulk_download", "count": 2})
    loads = KeptLoads()
    with pytest.raises(TransientError, match="expired"):
        own_bench.extract("orders", loads, bulk_threshold=1)
    assert loads.loads[0].state == "extracting"
    with pytest.raises(PermanentError, match="nothing whole is landed"):
        own_bench.manifest("orders", 1)


def test_a_file_that_is_gone_is_made_again_and_the_load_is_whole(own_bench: Bench) -> None:
    own_bench.plant(bulk={"kind": "expired"})
    assert own_bench.extract("orders", KeptLoads(), bulk_threshold=1).roots == 30
    assert own_bench.asked()["BulkRun"] == 2
    assert len(own_bench.assembled("orders", 1).documents) == 30


def test_a_file_on_another_host_stops_the_load_and_the_next_run_asks_for_another(own_bench: Bench) -> None:
    own_bench.plant(bulk={"kind": "elsewhere"})
    loads = KeptLoads()
    with pytest.raises(PermanentError, match=r"storage\.elsewhere\.invalid"):
        own_bench.extract("orders", loads, bulk_threshold=1)
    assert (loads.loads[0].state, loads.loads[0].bulk_operations) == ("extracting", {})
    assert own_bench.extract("orders", loads, bulk_threshold=1).roots == 30


def test_a_missing_scope_opens_no_load(own_bench: Bench) -> None:
    own_bench.shop.sandbox.tokens.set_scopes(["read_orders", "read_customers"])
    loads = KeptLoads()
    with pytest.raises(PermanentError, match="lacks the scopes"):
        own_bench.extract("orders", loads)
    assert loads.loads == []


def test_what_changed_after_the_cursor_is_in_the_next_window(own_bench: Bench) -> None:
    loads = KeptLoads()
    full = own_bench.extract("orders", loads)
    loads.abandon(full.load_id)
    loads.cursor_at = full.window_to
    store = own_bench.shop.sandbox.store
    with store.lock:
        store.advance(hours=2)
        events = store.advance(new_orders=2, fulfill=1)
    changed = {event["order_id"] for event in events if event.get("order_id")}
    extracted = own_bench.extract("orders", loads)
    assert extracted.window_to > full.window_to
    documents = own_bench.assembled("orders", extracted.load_id).documents
    assert {document.gid.rsplit("/", 1)[-1] for document in documents} == {str(order) for order in changed}


@pytest.mark.parametrize("cursor", [None, NOW], ids=["bulk", "pages"])
@pytest.mark.parametrize("kind", ["huge_id", "bad_money", "missing_currency", "orphan_child"])
def test_one_bad_record_does_not_keep_the_others_from_landing(
    kind: str, cursor: datetime | None, own_bench: Bench
) -> None:
    sandbox = own_bench.shop.sandbox
    sandbox.faults.plant({"malformed": [{"root": "orders", "kind": kind, "name": "#1003"}]}, sandbox.gid_of)
    extracted = own_bench.extract("orders", KeptLoads(cursor=cursor), overlap_seconds=int(AGES.total_seconds()))
    assert extracted.roots == 30
    assert len(own_bench.assembled("orders", 1).documents) == 30


def test_a_location_with_a_mangled_id_does_not_keep_the_others_from_landing(own_bench: Bench) -> None:
    sandbox = own_bench.shop.sandbox
    name = own_bench.shop.api().execute(operation("LocationsPage"), {"first": 1}).data["locations"]["nodes"][0]["name"]
    sandbox.faults.plant({"malformed": [{"root": "locations", "kind": "huge_id", "name": name}]}, sandbox.gid_of)
    own_bench.extract(
        "inventory", KeptLoads(cursor=NOW), overlap_seconds=int(AGES.total_seconds()), bulk_threshold=10**6
    )
    found = Counter(document.node for document in own_bench.assembled("inventory", 1).documents)
    assert found["Location"] == 3
    # Of the location nobody can ask for, only what came with it.
    assert 3 * found["InventoryItem"] > found["InventoryLevel"] >= 2 * found["InventoryItem"] > 0


def bulk_order(number: int, **fields: Any) -> bytes:
    """An order's line of a bulk file, as far as it is read here."""
    lists: dict[str, Any] = {name: [] for name in ("transactions", "refunds", "fulfillments")}
    return json.dumps({"id": f"gid://shopify/Order/{number}", "updatedAt": "t", **lists, **fields}).encode()


def test_details_are_wanted_for_every_order_that_can_be_asked_for() -> None:
    lines = [
        bulk_order(2),
        bulk_order(3, refunds=[{"id": "r"}]),
        bulk_order(2**63, refunds=[{"id": "r"}]),
        b'{"id":"gid://shopify/LineItem/4","__parentId":"gid://shopify/Order/2"}',
        bulk_order(5, id=5, refunds=[1]),
        b"not JSON",
    ]
    assert list(roots_with_details(lines)) == [("gid://shopify/Order/2", "t"), ("gid://shopify/Order/3", "t")]


@pytest.mark.parametrize("name", ["transactions", "fulfillments"])
def test_a_bulk_line_is_held_against_what_it_counts(name: str) -> None:
    counted = {name: [{"id": "a"}, {"id": "b"}], f"{name}Count": {"count": 2}}
    roots = [gid for gid, _ in roots_with_details([bulk_order(1, **counted)])]
    assert roots == ["gid://shopify/Order/1"]
    with pytest.raises(IncompleteError, match=f"Order/2: 2 of 3 came in the list {name}"):
        list(roots_with_details([bulk_order(2, **counted | {f"{name}Count": {"count": 3}})]))


@pytest.mark.parametrize("name", ["transactions", "fulfillments"])
def test_a_list_cut_short_by_a_bulk_operation_is_never_landed(name: str, own_bench: Bench) -> None:
    resolvers = own_bench.shop.sandbox.model.resolvers["Order"]
    whole = resolvers[name]
    loads = KeptLoads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(resolvers, name, lambda *asked: whole(*asked)[:-1])  # type: ignore[arg-type]
        with pytest.raises(IncompleteError, match=f"came in the list {name}"):
            own_bench.extract("orders", loads, bulk_threshold=1)
    assert loads.loads[0].state == "extracting"
    with pytest.raises(PermanentError, match="nothing whole is landed"):
        own_bench.manifest("orders", 1)


def test_named_roots_are_read_again_whole(bench: Bench) -> None:
    bench.extract("orders", KeptLoads())
    everything = contents(bench.assembled("orders", 1))
    wanted = sorted(everything)[:7]
    loads = KeptLoads(cursor=NOW)
    extracted = bench.roots("orders", loads, [*wanted, "gid://shopify/Order/1"])
    assert (extracted.mode, extracted.roots, extracted.window_from) == ("roots", 7, None)
    assert contents(bench.assembled("orders", 1)) == {gid: everything[gid] for gid in wanted}


@pytest.mark.parametrize("stream", ["customers", "products", "inventory"])
def test_roots_of_every_stream_can_be_read_again(stream: str, bench: Bench) -> None:
    bench.extract(stream, KeptLoads())
    everything = contents(bench.assembled(stream, 1))
    wanted = [*list(everything)[:2], *list(everything)[-2:]]
    bench.roots(stream, KeptLoads(), wanted)
    assert contents(bench.assembled(stream, 1)) == {gid: everything[gid] for gid in wanted}


def test_an_interrupted_reading_of_named_roots_is_abandoned(bench: Bench) -> None:
    loads = KeptLoads(cursor=NOW)
    loads.open(shop=SHOP, stream="customers", mode="roots", window_from=None, window_to=NOW, started_at=NOW)
    extracted = bench.extract("customers", loads)
    assert loads.abandoned == [1]
    assert (extracted.load_id, extracted.mode) == (2, "window")


def test_progress_is_told_in_lines(bench: Bench) -> None:
    bench.extract("customers", KeptLoads())
    assert bench.lines[-1].startswith("customers: landed ")
    assert all("\n" not in line for line in bench.lines)

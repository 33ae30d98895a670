"""The landing zone: what went in comes out, whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shopify_pipeline.errors import IncompleteError, PermanentError
from shopify_pipeline.failpoints import KILL_AT, Failpoint
from shopify_pipeline.landing import Landing, LandingWriter, Manifest, Part

PREFIX = "shop.myshopify.com/orders/7/"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PAGE = b'{"data": {"orders": {"nodes": []}}}\n'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "landing"


@pytest.fixture
def landing(place: Path) -> Landing:
    return Landing.at(place)


def add_page(writer: LandingWriter, raw: bytes = PAGE, roots: int = 3) -> Part:
    return writer.add("page", raw, operation="OrdersPage", query_hash="abc", api_version="2026-10", roots=roots)


def add_file(writer: LandingWriter, chunks: Iterator[bytes], lines: int) -> Part:
    return writer.add_lines(
        chunks, operation="OrdersBulk", query_hash="def", api_version="2026-10", lines=lines, roots=lines
    )


def finish(writer: LandingWriter) -> Manifest:
    return writer.finish(
        shop="shop.myshopify.com",
        stream="orders",
        load_id=7,
        mode="window",
        window_from=NOW,
        window_to=NOW,
        shop_now=NOW,
        landed_at=NOW,
    )


def numbered(count: int) -> Iterator[bytes]:
    """Lines in chunks that end anywhere."""
    content = b"".join(b'{"n": %d, "filler": "%x"}\n' % (n, n * 2654435761 % 2**64) for n in range(count))
    for begin in range(0, len(content), 1000):
        yield content[begin : begin + 1000]


def files(place: Path) -> list[str]:
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())


def test_bodies_come_back_byte_for_byte_in_the_order_landed(landing: Landing) -> None:
    writer = landing.begin(PREFIX)
    first, second = add_page(writer), add_page(writer, b"\x00\xff not even JSON", roots=1)
    finish(writer)
    manifest = landing.manifest(PREFIX)
    assert manifest.parts == (first, second)
    assert [landing.body(PREFIX, part) for part in manifest.parts] == [PAGE, b"\x00\xff not even JSON"]


def test_the_manifest_says_what_was_landed(landing: Landing) -> None:
    writer = landing.begin(PREFIX)
    add_page(writer)
    add_file(writer, numbered(10), lines=10)
    given = finish(writer)
    manifest = landing.manifest(PREFIX)
    assert manifest == given
    assert (manifest.shop, manifest.stream, manifest.load_id, manifest.mode) == (
        "shop.myshopify.com",
        "orders",
        7,
        "window",
    )
    assert (manifest.window_from, manifest.window_to, manifest.shop_now) == (NOW, NOW, NOW)
    page, bulk = manifest.parts
    assert (page.kind, page.operation, page.query_hash, page.api_version, page.lines) == (
        "page",
        "OrdersPage",
        "abc",
        "2026-10",
        1,
    )
    assert (bulk.kind, bulk.lines, bulk.roots) == ("bulk", 10, 10)
    assert manifest.bytes == len(PAGE) + len(b"".join(numbered(10)))
    assert manifest.roots == 13


def test_lines_come_back_wherever_the_chunks_were_cut(landing: Landing) -> None:
    writer = landing.begin(PREFIX)
    part = add_file(writer, numbered(20_000), lines=20_000)
    finish(writer)
    assert list(landing.lines(PREFIX, part)) == b"".join(numbered(20_000)).splitlines()
    assert list(writer.lines(part)) == list(landing.lines(PREFIX, part))


def test_a_last_line_without_an_end_comes_back(landing: Landing) -> None:
    writer = landing.begin(PREFIX)
    part = add_file(writer, iter([b"a\nb"]), lines=2)
    assert list(writer.lines(part)) == [b"a", b"b"]


def test_an_empty_file_has_no_lines(landing: Landing) -> None:
    writer = landing.begin(PREFIX)
    part = add_file(writer, iter(()), lines=0)
    assert (list(writer.lines(part)), part.bytes) == ([], 0)


def test_without_a_manifest_there_is_no_load(landing: Landing) -> None:
    add_page(landing.begin(PREFIX))
    with pytest.raises(PermanentError, match="nothing whole is landed"):
        landing.manifest(PREFIX)


def test_a_file_that_breaks_off_leaves_nothing(landing: Landing, place: Path) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise IncompleteError("cut")

    writer = landing.begin(PREFIX)
    with pytest.raises(IncompleteError, match="cut"):
        add_file(writer, breaking(), lines=1)
    assert files(place) == []
    assert finish(writer).parts == ()


def test_beginning_again_removes_what_was_left_of_that_load_only(landing: Landing, place: Path) -> None:
    other = landing.begin("shop.myshopify.com/orders/70/")
    add_page(other)
    finish(other)
    writer = landing.begin(PREFIX)
    add_page(writer)
    add_page(writer)
    finish(writer)
    add_page(landing.begin(PREFIX), b"new")
    assert files(place) == [
        PREFIX + "00000-OrdersPage.json.gz",
        "shop.myshopify.com/orders/70/00000-OrdersPage.json.gz",
        "shop.myshopify.com/orders/70/manifest.json",
    ]


def test_landing_the_same_twice_gives_the_same_files(tmp_path: Path) -> None:
    def landed(place: Path) -> dict[str, bytes]:
        writer = Landing.at(place).begin(PREFIX)
        add_page(writer)
        add_file(writer, numbered(5000), lines=5000)
        finish(writer)
        return {name: (place / name).read_bytes() for name in files(place)}

    assert landed(tmp_path / "one") == landed(tmp_path / "two")


@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "swap"])
def test_a_damaged_part_is_noticed(damage: str, landing: Landing, place: Path) -> None:
    writer = landing.begin(PREFIX)
    part = add_file(writer, numbered(5000), lines=5000)
    finish(writer)
    path = place / PREFIX / part.name
    content = path.read_bytes()
    if damage == "flip":
        path.write_bytes(content[:-3000] + bytes([content[-3000] ^ 1]) + content[-2999:])
    elif damage == "cut":
        path.write_bytes(content[:-100])
    elif damage == "remove":
        path.unlink()
    else:
        swapped = landing.begin("elsewhere/")
        path.write_bytes((place / "elsewhere" / add_file(swapped, numbered(4999), lines=4999).name).read_bytes())
    with pytest.raises(IncompleteError, match="extract that load again"):
        list(landing.lines(PREFIX, part))
    with pytest.raises(IncompleteError, match="extract that load again"):
        landing.body(PREFIX, part)


def test_a_manifest_that_cannot_be_read_says_what_to_do(landing: Landing, place: Path) -> None:
    finish(landing.begin(PREFIX))
    (place / PREFIX / "manifest.json").write_bytes(b'{"shop": "x"}')
    with pytest.raises(PermanentError, match="extract that load again"):
        landing.manifest(PREFIX)


def test_an_address_opens_the_store_it_names() -> None:
    landing = Landing.at("memory:///")
    writer = landing.begin(PREFIX)
    part = add_page(writer)
    finish(writer)
    assert landing.body(PREFIX, part) == PAGE


DYING = """
import sys
from shopify_pipeline.landing import Landing
def chunks():
    yield b"x" * 1_000_000
    print("second chunk", flush=True)
    yield b"y" * 1_000_000
writer = Landing.at(sys.argv[1]).begin("load/")
writer.add_lines(chunks(), operation="O", query_hash="h", api_version="v", lines=1, roots=1)
print("landed", flush=True)
"""


def test_a_process_killed_in_the_middle_of_a_file_leaves_no_part(landing: Landing, place: Path) -> None:
    environment = os.environ | {KILL_AT: Failpoint.LANDING_HALF_FILE.value}
    killed = subprocess.run(
        [sys.executable, "-c", DYING, str(place)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert "landed" not in killed.stdout
    assert [name for name in files(place) if name.endswith(".gz")] == []
    writer = landing.begin("load/")
    part = add_file(writer, numbered(10), lines=10)
    finish(writer)
    assert list(landing.lines("load/", part)) == b"".join(numbered(10)).splitlines()
    assert files(place) == [f"load/{part.name}", "load/manifest.json"]

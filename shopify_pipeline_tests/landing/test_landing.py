"""The landing zone: what went in comes out, whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import obstore
import pytest

from shopify_pipeline.errors import IncompleteError, PermanentError
from shopify_pipeline.failpoints import KILL_AT, Failpoint
from shopify_pipeline.landing import Landing, LandingWriter, Manifest, Part
from shopify_pipeline_tests.landing.conftest import S3

PREFIX = "shop.myshopify.com/orders/7/"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PAGE = b'{"data": {"orders": {"nodes": []}}}\n'


class Place:
    """Where parts are kept, looked at from outside the landing zone."""

    def landing(self) -> Landing:
        raise NotImplementedError

    def files(self) -> list[str]:
        raise NotImplementedError

    def read(self, name: str) -> bytes:
        raise NotImplementedError

    def write(self, name: str, content: bytes | None) -> None:
        """Replace a file; None removes it."""
        raise NotImplementedError


class Directory(Place):
    def __init__(self, path: Path) -> None:
        self.path = path

    def landing(self) -> Landing:
        return Landing.at(self.path)

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.path)) for path in self.path.rglob("*") if path.is_file())

    def read(self, name: str) -> bytes:
        return (self.path / name).read_bytes()

    def write(self, name: str, content: bytes | None) -> None:
        if content is None:
            (self.path / name).unlink()
        else:
            (self.path / name).write_bytes(content)


class Bucket(Place):
    def __init__(self, s3: S3) -> None:
        self.s3, self.name = s3, s3.bucket()

    def landing(self) -> Landing:
        return Landing.at(f"s3://{self.name}/kept/here", self.s3.settings())

    def files(self) -> list[str]:
        return [name.removeprefix("kept/here/") for name in self.s3.objects(self.name)]

    def read(self, name: str) -> bytes:
        return bytes(obstore.get(self.s3.store(self.name), f"kept/here/{name}").bytes())

    def write(self, name: str, content: bytes | None) -> None:
        store, key = self.s3.store(self.name), f"kept/here/{name}"
        if content is None:
            obstore.delete(store, key)
        else:
            obstore.put(store, key, content)


@pytest.fixture(params=["directory", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "bucket":
        return Bucket(request.getfixturevalue("s3"))
    return Directory(tmp_path / "landing")


@pytest.fixture
def landing(place: Place) -> Landing:
    return place.landing()


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


def test_a_file_that_breaks_off_leaves_nothing(landing: Landing, place: Place) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise IncompleteError("cut")

    writer = landing.begin(PREFIX)
    with pytest.raises(IncompleteError, match="cut"):
        add_file(writer, breaking(), lines=1)
    assert place.files() == []
    assert finish(writer).parts == ()


def test_beginning_again_removes_what_was_left_of_that_load_only(landing: Landing, place: Place) -> None:
    other = landing.begin("shop.myshopify.com/orders/70/")
    add_page(other)
    finish(other)
    writer = landing.begin(PREFIX)
    add_page(writer)
    add_page(writer)
    finish(writer)
    add_page(landing.begin(PREFIX), b"new")
    assert place.files() == [
        PREFIX + "00000-OrdersPage.json.gz",
        "shop.myshopify.com/orders/70/00000-OrdersPage.json.gz",
        "shop.myshopify.com/orders/70/manifest.json",
    ]


def test_landing_the_same_twice_gives_the_same_files(place: Place) -> None:
    def landed() -> dict[str, bytes]:
        writer = place.landing().begin(PREFIX)
        add_page(writer)
        add_file(writer, numbered(5000), lines=5000)
        finish(writer)
        return {name: place.read(name) for name in place.files()}

    assert landed() == landed()


@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "swap"])
def test_a_damaged_part_is_noticed(damage: str, landing: Landing, place: Place) -> None:
    writer = landing.begin(PREFIX)
    part = add_file(writer, numbered(5000), lines=5000)
    finish(writer)
    content = place.read(PREFIX + part.name)
    damaged: bytes | None
    if damage == "flip":
        damaged = content[:-3000] + bytes([content[-3000] ^ 1]) + content[-2999:]
    elif damage == "cut":
        damaged = content[:-100]
    elif damage == "remove":
        damaged = None
    else:
        swapped = landing.begin("elsewhere/")
        damaged = place.read("elsewhere/" + add_file(swapped, numbered(4999), lines=4999).name)
    place.write(PREFIX + part.name, damaged)
    with pytest.raises(IncompleteError, match="extract that load again"):
        list(landing.lines(PREFIX, part))
    with pytest.raises(IncompleteError, match="extract that load again"):
        landing.body(PREFIX, part)


def test_a_manifest_that_cannot_be_read_says_what_to_do(landing: Landing, place: Place) -> None:
    finish(landing.begin(PREFIX))
    place.write(PREFIX + "manifest.json", b'{"shop": "x"}')
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


def test_a_half_written_part_of_many_megabytes_leaves_nothing(landing: Landing, place: Place) -> None:
    def breaking() -> Iterator[bytes]:
        # Beyond what an upload in several parts begins with, and nothing that could be compressed.
        yield from (Random(number).randbytes(1 << 20) for number in range(12))
        raise IncompleteError("cut")

    writer = landing.begin(PREFIX)
    with pytest.raises(IncompleteError, match="cut"):
        add_file(writer, breaking(), lines=1)
    assert place.files() == []


def test_a_part_of_many_megabytes_comes_back(landing: Landing) -> None:
    lines = [Random(number).randbytes(1 << 19).hex().encode() for number in range(24)]
    writer = landing.begin(PREFIX)
    part = add_file(writer, (line + b"\n" for line in lines), lines=24)
    finish(writer)
    assert list(landing.lines(PREFIX, part)) == lines


def test_what_a_shop_has_landed_is_listed_whole_or_not(landing: Landing) -> None:
    writer = landing.begin(PREFIX)
    add_page(writer)
    finish(writer)
    add_page(landing.begin("shop.myshopify.com/customers/8/"))
    add_page(landing.begin("shop.myshopify.com.evil/orders/1/"))
    found = {each.prefix: each for each in landing.stored("shop.myshopify.com")}
    assert {prefix: (each.objects, each.is_whole) for prefix, each in found.items()} == {
        PREFIX: (2, True),
        "shop.myshopify.com/customers/8/": (1, False),
    }
    assert all(each.bytes > 0 for each in found.values())
    assert [(prefix, manifest.load_id) for prefix, manifest in landing.manifests("shop.myshopify.com")] == [(PREFIX, 7)]


def test_a_load_that_is_given_up_is_whole_no_more(landing: Landing, place: Place) -> None:
    writer = landing.begin(PREFIX)
    add_page(writer)
    finish(writer)
    landing.disown(PREFIX)
    landing.disown(PREFIX)
    with pytest.raises(IncompleteError):
        landing.manifest(PREFIX)
    assert place.files() == [PREFIX + "00000-OrdersPage.json.gz"]
    landing.remove(PREFIX)
    assert place.files() == []


def test_a_whole_load_of_another_window_is_not_landed_over(landing: Landing) -> None:
    writer = landing.begin(PREFIX, window_to=NOW)
    add_page(writer)
    finish(writer)
    with pytest.raises(PermanentError, match="replay --all"):
        landing.begin(PREFIX, window_to=NOW + timedelta(seconds=1))
    assert landing.manifest(PREFIX).window_to == NOW
    landing.begin(PREFIX, window_to=NOW)
    with pytest.raises(IncompleteError):
        landing.manifest(PREFIX)


def test_a_process_killed_in_the_middle_of_a_file_leaves_no_part(tmp_path: Path) -> None:
    place = Directory(tmp_path / "landing")
    environment = os.environ | {KILL_AT: Failpoint.LANDING_HALF_FILE.value}
    killed = subprocess.run(
        [sys.executable, "-c", DYING, str(place.path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert "landed" not in killed.stdout
    assert [name for name in place.files() if name.endswith(".gz")] == []
    landing = place.landing()
    writer = landing.begin("load/")
    part = add_file(writer, numbered(10), lines=10)
    finish(writer)
    assert list(landing.lines("load/", part)) == b"".join(numbered(10)).splitlines()
    assert place.files() == [f"load/{part.name}", "load/manifest.json"]

"""Where landed parts are kept: any object store, a local directory by default.

Here: bytes in, bytes out, checksums, and the order of writes that makes a load whole or absent.
"""

from __future__ import annotations

import gzip
import hashlib
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import obstore
from obstore.store import ObjectStore

from shopify_pipeline.config_sections import LandingSettings
from shopify_pipeline.errors import IncompleteError, PermanentError
from shopify_pipeline.failpoints import Failpoint, reached
from shopify_pipeline.landing.manifest import MANIFEST_NAME, Kind, Manifest, Part, from_json, to_json
from shopify_pipeline.landing.objects import open_store, speaking_to
from shopify_pipeline.load_mode import LoadMode

# Bodies are text that shrinks tenfold; higher levels cost far more time than they save space.
_COMPRESSION_LEVEL = 4
_READ_BYTES = 256 * 1024


@dataclass(frozen=True)
class Stored:
    """What lies under one load's prefix.

    Attributes:
        prefix: ``{shop}/{stream}/{number}/``.
        bytes: As stored, compressed.
        modified_at: When the newest object was written, by the store's clock, UTC.
        is_whole: Whether there is a manifest, which is written last.
    """

    prefix: str
    objects: int
    bytes: int
    modified_at: datetime
    is_whole: bool


class Landing:
    """The landing zone.

    Args:
        store: An obstore store; ``Landing.at`` makes one from a directory or an address.
        place: How it is called in messages.
        monotonic: Seconds that never run backwards.

    Attributes:
        writing_seconds: What writing parts has taken so far, without the reading of what is written.
    """

    def __init__(self, store: ObjectStore, place: str, monotonic: Callable[[], float]) -> None:
        self.store = store
        self.place = place
        self.writing_seconds = 0.0
        self._monotonic = monotonic

    @classmethod
    def at(
        cls,
        place: str | Path,
        settings: LandingSettings | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> Landing:
        """Open a directory or an object store's address; see ``objects.open_store``."""
        return cls(open_store(place, settings or LandingSettings()), str(place), monotonic)

    def begin(self, prefix: str, *, window_to: datetime | None = None) -> LandingWriter:
        """Start landing a load; what an unfinished attempt left under its prefix is removed first.

        Args:
            window_to: The end of its window. A whole load with another end is not an attempt at this one.

        Raises:
            PermanentError: Another load is whole there: the warehouse is older than the landing zone.
        """
        if window_to is not None and self._is_of_another(prefix, window_to):
            raise PermanentError(
                f"{prefix} holds a load this warehouse knows nothing of, so it is older than the landing zone: run "
                "shopify-pipeline replay --all, which brings it to where the landing zone is"
            )
        self.remove(prefix)
        return LandingWriter(self, prefix)

    def _is_of_another(self, prefix: str, window_to: datetime) -> bool:
        try:
            return self.manifest(prefix).window_to != window_to
        except IncompleteError:
            return False

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Count the time inside as spent writing."""
        begun_at = self._monotonic()
        try:
            yield
        finally:
            self.writing_seconds += self._monotonic() - begun_at

    def remove(self, prefix: str) -> None:
        """Remove everything under a load's prefix."""
        # The manifest goes first: a load half removed must not look whole.
        self.disown(prefix)
        with speaking_to(self.place):
            left = [item["path"] for batch in obstore.list(self.store, prefix) for item in batch]
            if left:
                obstore.delete(self.store, left)

    def disown(self, prefix: str) -> None:
        """Remove the manifest alone: nothing whole is there any more; what is left waits for ``landing prune``."""
        with speaking_to(self.place), suppress(FileNotFoundError):
            obstore.delete(self.store, prefix + MANIFEST_NAME)

    def stored(self, shop: str) -> Iterator[Stored]:
        """Everything a shop has landed, in no particular order of loads."""
        found: dict[str, Stored] = {}
        with speaking_to(self.place):
            for batch in obstore.list(self.store, f"{shop}/"):
                for item in batch:
                    prefix, _, name = item["path"].rpartition("/")
                    known = found.get(prefix)
                    found[prefix] = Stored(
                        prefix=f"{prefix}/",
                        objects=1 + (known.objects if known else 0),
                        bytes=item["size"] + (known.bytes if known else 0),
                        modified_at=max(item["last_modified"], known.modified_at if known else item["last_modified"]),
                        is_whole=name == MANIFEST_NAME or (known is not None and known.is_whole),
                    )
        yield from found.values()

    def manifests(self, shop: str) -> list[tuple[str, Manifest]]:
        """Prefix and manifest of every whole load of a shop, oldest first."""
        whole = [(each.prefix, self.manifest(each.prefix)) for each in self.stored(shop) if each.is_whole]
        return sorted(whole, key=lambda each: each[1].load_id)

    def manifest(self, prefix: str) -> Manifest:
        """Read what a load landed.

        Raises:
            IncompleteError: There is no whole load under this prefix.
            PermanentError: Its manifest cannot be read.
        """
        try:
            with speaking_to(self.place):
                raw = bytes(obstore.get(self.store, prefix + MANIFEST_NAME).bytes())
        except FileNotFoundError as exc:
            raise IncompleteError(f"nothing whole is landed under {prefix}: extract that load again") from exc
        return from_json(raw, prefix)

    def body(self, prefix: str, part: Part) -> bytes:
        """Read one part whole.

        Raises:
            IncompleteError: It is missing, or not what was landed.
        """
        return b"".join(self._verified(prefix, part))

    def lines(self, prefix: str, part: Part) -> Iterator[bytes]:
        """Read the lines of a bulk part in a stream; without their line ends, empty ones left out.

        Raises:
            IncompleteError: At the end, when it is not what was landed: throw away what was read.
        """
        rest = b""
        for chunk in self._verified(prefix, part):
            *whole, rest = (rest + chunk).split(b"\n")
            yield from filter(None, whole)
        if rest:
            yield rest

    def _verified(self, prefix: str, part: Part) -> Iterator[bytes]:
        digest, length = hashlib.sha256(), 0
        inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            for stored in self._stored_chunks(prefix + part.name):
                chunk = inflate.decompress(stored)
                digest.update(chunk)
                length += len(chunk)
                yield chunk
        except (FileNotFoundError, zlib.error) as exc:
            raise IncompleteError(f"{prefix}{part.name} is missing or damaged: extract that load again") from exc
        if not inflate.eof or (length, digest.hexdigest()) != (part.bytes, part.sha256):
            raise IncompleteError(f"{prefix}{part.name} is not what was landed: extract that load again")

    def _stored_chunks(self, path: str) -> Iterator[bytes]:
        with speaking_to(self.place):
            chunks = iter(obstore.get(self.store, path).stream(min_chunk_size=_READ_BYTES))
        while True:
            with speaking_to(self.place):
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield bytes(chunk)


class LandingWriter:
    """Writes the parts of one load; nothing exists for a reader before ``finish``."""

    def __init__(self, landing: Landing, prefix: str) -> None:
        self._landing = landing
        self._prefix = prefix
        self._parts: list[Part] = []

    def add(self, kind: Kind, raw: bytes, *, operation: str, query_hash: str, api_version: str, roots: int) -> Part:
        """Land one answer."""
        part = Part(
            name=self._name(operation, "json"),
            kind=kind,
            operation=operation,
            query_hash=query_hash,
            api_version=api_version,
            bytes=len(raw),
            sha256=hashlib.sha256(raw).hexdigest(),
            lines=1,
            roots=roots,
        )
        with self._landing.writing():
            self._put(part.name, gzip.compress(raw, _COMPRESSION_LEVEL, mtime=0))
        self._parts.append(part)
        return part

    def add_lines(
        self, chunks: Iterable[bytes], *, operation: str, query_hash: str, api_version: str, lines: int, roots: int
    ) -> Part:
        """Land a bulk file while it is being read; it becomes a part only when its last chunk came without an error."""
        name = self._name(operation, "jsonl")
        digest, length = hashlib.sha256(), 0
        with (
            speaking_to(self._landing.place),
            obstore.open_writer(self._landing.store, self._prefix + name) as stored,
            gzip.GzipFile(filename="", fileobj=stored, mode="wb", compresslevel=_COMPRESSION_LEVEL, mtime=0) as packed,
        ):
            for chunk in chunks:
                digest.update(chunk)
                length += len(chunk)
                with self._landing.writing():
                    packed.write(chunk)
                reached(Failpoint.LANDING_HALF_FILE)
        part = Part(name, "bulk", operation, query_hash, api_version, length, digest.hexdigest(), lines, roots)
        self._parts.append(part)
        return part

    def bodies(self) -> list[tuple[str, bytes]]:
        """Kind and content of every answer landed here, in order; raises what ``Landing.body`` raises."""
        return [(part.kind, self._landing.body(self._prefix, part)) for part in self._parts]

    def lines(self, part: Part) -> Iterator[bytes]:
        """Read back the lines of a bulk part landed here; raises what ``Landing.lines`` raises."""
        return self._landing.lines(self._prefix, part)

    def finish(
        self,
        *,
        shop: str,
        stream: str,
        load_id: int,
        mode: LoadMode,
        window_from: datetime | None,
        window_to: datetime,
        shop_now: datetime,
        landed_at: datetime,
    ) -> Manifest:
        """Write the manifest: from now on the load is whole, with the parts landed here, in order."""
        manifest = Manifest(
            shop, stream, load_id, mode, window_from, window_to, shop_now, landed_at, tuple(self._parts)
        )
        self._put(MANIFEST_NAME, to_json(manifest))
        return manifest

    def _put(self, name: str, raw: bytes) -> None:
        with speaking_to(self._landing.place):
            obstore.put(self._landing.store, self._prefix + name, raw)

    def _name(self, operation: str, suffix: str) -> str:
        return f"{len(self._parts):05d}-{operation}.{suffix}.gz"

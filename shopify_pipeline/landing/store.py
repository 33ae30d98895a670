"""Where landed parts are kept: any object store, a local directory by default.

Here: bytes in, bytes out, checksums, and the order of writes that makes a load whole or absent.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import obstore
from obstore.store import LocalStore, ObjectStore, from_url

from shopify_pipeline.errors import IncompleteError
from shopify_pipeline.failpoints import Failpoint, reached
from shopify_pipeline.landing.manifest import MANIFEST_NAME, Kind, Manifest, Mode, Part, from_json, to_json

# Bodies are text that shrinks tenfold; higher levels cost far more time than they save space.
_COMPRESSION_LEVEL = 4
_READ_BYTES = 256 * 1024


class Landing:
    """The landing zone.

    Args:
        store: An obstore store; ``Landing.at`` makes one from a directory or an address.
    """

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    @classmethod
    def at(cls, place: str | Path) -> Landing:
        """Open a directory (made when missing) or any address obstore knows (``s3://bucket/prefix``, ``gs://…``, ``az://…``)."""
        if isinstance(place, str) and "://" in place:
            return cls(from_url(place))
        directory = Path(place)
        directory.mkdir(parents=True, exist_ok=True)
        return cls(LocalStore(directory))

    def begin(self, prefix: str) -> LandingWriter:
        """Start landing a load; what an unfinished attempt left under its prefix is removed first."""
        # The manifest goes first: a load half removed must not look whole.
        left = [item["path"] for batch in obstore.list(self.store, prefix) for item in batch]
        for path in sorted(left, key=lambda path: not path.endswith(MANIFEST_NAME)):
            obstore.delete(self.store, path)
        return LandingWriter(self, prefix)

    def manifest(self, prefix: str) -> Manifest:
        """Read what a load landed.

        Raises:
            PermanentError: There is no whole load under this prefix.
        """
        try:
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
            for stored in obstore.get(self.store, prefix + part.name).stream(min_chunk_size=_READ_BYTES):
                chunk = inflate.decompress(bytes(stored))
                digest.update(chunk)
                length += len(chunk)
                yield chunk
        except (FileNotFoundError, zlib.error) as exc:
            raise IncompleteError(f"{prefix}{part.name} is missing or damaged: extract that load again") from exc
        if not inflate.eof or (length, digest.hexdigest()) != (part.bytes, part.sha256):
            raise IncompleteError(f"{prefix}{part.name} is not what was landed: extract that load again")


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
        packed = gzip.compress(raw, _COMPRESSION_LEVEL, mtime=0)
        obstore.put(self._landing.store, self._prefix + part.name, packed)
        self._parts.append(part)
        return part

    def add_lines(
        self, chunks: Iterable[bytes], *, operation: str, query_hash: str, api_version: str, lines: int, roots: int
    ) -> Part:
        """Land a bulk file while it is being read; it becomes a part only when its last chunk came without an error."""
        name = self._name(operation, "jsonl")
        digest, length = hashlib.sha256(), 0
        with (
            obstore.open_writer(self._landing.store, self._prefix + name) as stored,
            gzip.GzipFile(filename="", fileobj=stored, mode="wb", compresslevel=_COMPRESSION_LEVEL, mtime=0) as packed,
        ):
            for chunk in chunks:
                digest.update(chunk)
                length += len(chunk)
                packed.write(chunk)
                reached(Failpoint.LANDING_HALF_FILE)
        part = Part(name, "bulk", operation, query_hash, api_version, length, digest.hexdigest(), lines, roots)
        self._parts.append(part)
        return part

    def lines(self, part: Part) -> Iterator[bytes]:
        """Read back the lines of a bulk part landed here; raises what ``Landing.lines`` raises."""
        return self._landing.lines(self._prefix, part)

    def finish(
        self,
        *,
        shop: str,
        stream: str,
        load_id: int,
        mode: Mode,
        window_from: datetime | None,
        window_to: datetime,
        shop_now: datetime,
        landed_at: datetime,
    ) -> Manifest:
        """Write the manifest: from now on the load is whole, with the parts landed here, in order."""
        manifest = Manifest(
            shop, stream, load_id, mode, window_from, window_to, shop_now, landed_at, tuple(self._parts)
        )
        obstore.put(self._landing.store, self._prefix + MANIFEST_NAME, to_json(manifest))
        return manifest

    def _name(self, operation: str, suffix: str) -> str:
        return f"{len(self._parts):05d}-{operation}.{suffix}.gz"

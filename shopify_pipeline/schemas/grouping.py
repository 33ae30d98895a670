"""The records of a load as groups of whole roots: a large load is held on disk and in memory only a group at a time.

Here: which group a record is in, and where it waits. Not here: reading (``records.py``) or judging (``judging.py``).
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import IO

import msgspec

from shopify_pipeline.schemas.kinds import Stream
from shopify_pipeline.schemas.records import (
    Assembly,
    Kin,
    Record,
    adopted,
    assembled,
    node_type,
    parents_of,
    read_records,
)

#: JSON held in memory at a time. Smaller groups cost more: judging a frame has a fixed price.
GROUP_BYTES = 32 * 1024 * 1024
#: Files a large load is spread over, by root; neighbours are read together up to a group's size.
_FILES = 64
#: Records that go into a file in one piece.
_WRITTEN_TOGETHER = 32
#: What a record costs in memory beside its JSON.
_RECORD_BYTES = 200
_LENGTH_BYTES = 4


class Groups:
    """All records of a load, read once and given root by root.

    Args:
        bodies: As ``records.read_records`` takes them.
        group_bytes: JSON held in memory at a time.

    Raises:
        IncompleteError: A nested connection was not read to its end; nothing of the load counts.
    """

    def __init__(
        self, stream: Stream, bodies: Iterable[tuple[str, Iterable[bytes]]], *, group_bytes: int = GROUP_BYTES
    ) -> None:
        self._stream = stream
        self._records = _Shelf(group_bytes)
        self.roots = 0
        root_types = {node for node, _ in stream.roots}
        waiting = _Shelf(group_bytes)
        try:
            for record in read_records(stream, bodies):
                if record.root is None:
                    waiting.add(record, record.parent)
                else:
                    self._records.add(record, record.root)
                    self.roots += record.node in root_types and record.gid == record.root
            if waiting.size:
                self._adopt(waiting)
        except BaseException:
            # An interruption, too: nobody holds these files yet, so nobody else would give them up.
            self._records.close()
            raise
        finally:
            waiting.close()

    def __enter__(self) -> Groups:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._records.close()

    def __iter__(self) -> Iterator[Assembly]:
        for records in self._records.groups():
            yield assembled(self._stream, records)

    def _adopt(self, waiting: _Shelf) -> None:
        """Bring records that only named their parent to their roots; what holds them may be anywhere in the load."""
        wanted = {node_type(record.parent or "") for record in waiting.kin()}
        parents = parents_of(self._records.kin(), wanted) | parents_of(waiting.kin(), wanted)
        for group in waiting.groups():
            for record in adopted(self._stream, group, parents):
                self._records.add(record, record.root or record.parent)


class _Shelf:
    """Records by what they belong to, in memory until they are too many, then in files nobody else can open."""

    def __init__(self, group_bytes: int) -> None:
        self.size = 0
        self._group_bytes = group_bytes
        self._held: list[Record] = []
        self._keys: list[str] = []
        self._opened = ExitStack()
        self._files: list[IO[bytes]] = []
        self._unwritten: list[list[Record]] = [[] for _ in range(_FILES)]
        self._encoder = msgspec.msgpack.Encoder()
        self._records = msgspec.msgpack.Decoder(list[Record])
        self._kin = msgspec.msgpack.Decoder(list[Kin])

    def add(self, record: Record, key: str | None) -> None:
        """Keep a record; all records of one key are given in one group, in the order they were added."""
        self.size += len(record.raw) + _RECORD_BYTES
        if self._files:
            self._write(record, key or "")
            return
        self._held.append(record)
        self._keys.append(key or "")
        if self.size > self._group_bytes:
            # Without a name on disk: whatever happens to this process, no personal data is left behind.
            self._files = [
                self._opened.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed together
                for _ in range(_FILES)
            ]
            for held, its_key in zip(self._held, self._keys, strict=True):
                self._write(held, its_key)
            self._held, self._keys = [], []

    def groups(self) -> Iterator[list[Record]]:
        """All records, some files at a time; none of them is empty."""
        if self._held:
            yield self._held
        group: list[IO[bytes]] = []
        size = 0
        for place, file in enumerate(self._files):
            self._flush(place)
            length = file.tell()
            if group and size + length > self._group_bytes:
                yield self._records_of(group)
                group, size = [], 0
            group.append(file)
            size += length
        if size:
            yield self._records_of(group)

    def kin(self) -> Iterator[Kin]:
        """Where each record belongs, without its JSON."""
        yield from self._held
        for place, file in enumerate(self._files):
            self._flush(place)
            for piece in self._read(file):
                yield from self._kin.decode(piece)

    def close(self) -> None:
        """Give the files up."""
        self._opened.close()

    def _write(self, record: Record, key: str) -> None:
        place = zlib.crc32(key.encode()) % _FILES
        unwritten = self._unwritten[place]
        unwritten.append(record)
        if len(unwritten) >= _WRITTEN_TOGETHER:
            self._flush(place)

    def _flush(self, place: int) -> None:
        if self._unwritten[place]:
            packed = self._encoder.encode(self._unwritten[place])
            self._files[place].write(len(packed).to_bytes(_LENGTH_BYTES, "little") + packed)
            self._unwritten[place] = []

    def _records_of(self, files: Iterable[IO[bytes]]) -> list[Record]:
        return [record for file in files for piece in self._read(file) for record in self._records.decode(piece)]

    def _read(self, file: IO[bytes]) -> Iterator[bytes]:
        """The pieces of one file; it can be written on afterwards."""
        length = file.tell()
        file.seek(0)
        while length > 0:
            size = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            yield file.read(size)
            length -= _LENGTH_BYTES + size

"""The file below the journal: entries appended under a lock, synced, read back, a torn tail cut off.

Here: bytes and order. Not here: what an entry means (``journal.py``).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from shopify_pipeline.errors import PermanentError

Key = tuple[str, str, str]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the file; a later line of the same key wins.

    Attributes:
        order_id: Empty for what belongs to no order.
        party: Who owes it, as it was when it was booked; empty for what nobody owes.
    """

    shop: str
    resource: str
    external_id: str
    order_id: str
    fingerprint: str
    record: msgspec.Raw
    party: str = ""

    @property
    def key(self) -> Key:
        return self.shop, self.resource, self.external_id


class JournalFile:
    """An append-only file of entries and what they add up to.

    Args:
        path: Created when the first entry is written.

    Attributes:
        entries: The last entry of each key, in the order the keys first appeared; current after ``catch_up`` and
            inside ``appending``.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_bytes = 0
        self.entries: dict[Key, Entry] = {}

    def catch_up(self) -> None:
        """Read what was appended since, by us or by another process; a half line is not there yet.

        Raises:
            PermanentError: A whole line cannot be read.
        """
        if self._path.exists():
            with self._path.open("rb") as file:
                self._read_from(file)

    @contextmanager
    def appending(self) -> Iterator[Callable[[Sequence[Entry]], None]]:
        """Give a function that appends entries; others wait, and everything is on disk when the block ends.

        Raises:
            PermanentError: A whole line cannot be read.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self._read_from(file)
            file.truncate(self._read_bytes)
            file.seek(self._read_bytes)

            def append(entries: Sequence[Entry]) -> None:
                for entry in entries:
                    self._read_bytes += file.write(msgspec.json.encode(entry) + b"\n")
                    self.entries[entry.key] = entry

            try:
                yield append
                file.flush()
                os.fsync(file.fileno())
            except BaseException:
                # Even Ctrl-C: half a line may be on disk, and what was not written must not be taken for written.
                self._forget()
                raise

    def _forget(self) -> None:
        """What is on disk is not known any more: the next reading begins at the start."""
        self._read_bytes = 0
        self.entries.clear()

    def _read_from(self, file: BinaryIO) -> None:
        file.seek(self._read_bytes)
        for line in file:
            if not line.endswith(b"\n"):
                break
            try:
                entry = msgspec.json.decode(line, type=Entry)
            except msgspec.DecodeError as exc:
                raise PermanentError(
                    f"{self._path} is damaged at byte {self._read_bytes}: restore it from a copy"
                ) from exc
            self.entries[entry.key] = entry
            self._read_bytes += len(line)

"""What a sync remembers: loads, cursors, quarantine, shops and stage runs, on one connection.

Here: one-line calls of ``loads.sql`` and the row types around them. Not here: typed rows (``merge.py``) or a decision.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from psycopg.types.json import Jsonb

from shopify_pipeline.errors import ConfigError, IncompleteError
from shopify_pipeline.load_mode import LoadMode
from shopify_pipeline.schemas.decode import Rejection
from shopify_pipeline.statements import statements
from shopify_pipeline.warehouse.connect import Connection

SQL = statements(Path(__file__).with_name("loads.sql"))


@dataclass(frozen=True)
class Load:
    """One row of ``ops.loads`` that is not merged yet.

    Attributes:
        mode: ``full`` reads everything, ``window`` what changed between the two instants, ``backfill`` a slice of what
            is older than the first window, ``roots`` named roots again.
        window_from: Start of the window, UTC, an overlap behind the cursor, or of the slice; None: no start.
        window_to: The shop's clock when the load began, UTC; what the cursor becomes.
        bulk_operations: Gid of every bulk operation this load submitted, by query name; ``submitting`` before it is
            known.
        landed_at: Our clock when it was landed; None while it is being extracted.
    """

    load_id: int
    shop: str
    stream: str
    mode: LoadMode
    window_from: datetime | None
    window_to: datetime
    state: Literal["extracting", "landed"]
    landing_prefix: str
    bulk_operations: Mapping[str, str]
    landed_at: datetime | None


@dataclass(frozen=True)
class Remembered:
    """What became of a load."""

    landing_prefix: str
    window_to: datetime
    state: Literal["extracting", "landed", "merged", "abandoned"]


@dataclass(frozen=True)
class Backfill:
    """What of a stream is still to be loaded.

    Attributes:
        until: It was last changed before this, by the shop's clock, UTC.
        was_last: Whether the load merged last was a slice of it: a window's turn is next.
    """

    until: datetime
    was_last: bool


@dataclass(frozen=True)
class Quarantined:
    """An open complaint: why a root is withheld.

    Attributes:
        window_from: Start of the window whose load complained; None when that load read no window.
    """

    stream: str
    root_type: str
    root_id: str
    rule: str
    path: str
    message: str
    raw: bytes
    load_id: int
    quarantined_at: datetime
    window_from: datetime | None


class Loads:
    """Loads and cursors of one database; each call of the extracting side commits by itself."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def cursor(self, shop: str, stream: str) -> datetime | None:
        """The instant up to which everything is loaded; None before the first load."""
        with self._conn.transaction():
            row = self._conn.execute(SQL["cursor"], {"shop": shop, "stream": stream}).fetchone()
        return row[0] if row else None

    def backfill(self, shop: str, stream: str) -> Backfill | None:
        """What is still to be loaded of a stream whose first load read only what is new; None when nothing is."""
        with self._conn.transaction():
            row = self._conn.execute(SQL["backfill"], {"shop": shop, "stream": stream}).fetchone()
        return Backfill(row[0], bool(row[1])) if row else None

    def backfilling(self, shop: str) -> list[str]:
        """Streams of which something older is still to be loaded."""
        with self._conn.transaction():
            return [row[0] for row in self._conn.execute(SQL["backfilling"], {"shop": shop})]

    def unfinished(self, shop: str, stream: str) -> Load | None:
        """The oldest load that is extracting or landed, if any."""
        with self._conn.transaction():
            row = self._conn.execute(SQL["unfinished"], {"shop": shop, "stream": stream}).fetchone()
        return Load(*row) if row else None

    def find(self, load_id: int) -> Load:
        """A load by its number, whatever became of it.

        Raises:
            ConfigError: There is none.
        """
        with self._conn.transaction():
            row = self._conn.execute(SQL["find"], {"load_id": load_id}).fetchone()
        if row is None:
            raise ConfigError(f"there is no load {load_id}; see: shopify-pipeline loads")
        return Load(*row)

    def remembered(self, shop: str) -> list[Remembered]:
        """Every load of a shop there ever was."""
        with self._conn.transaction():
            return [Remembered(*row) for row in self._conn.execute(SQL["remembered"], {"shop": shop})]

    def open(
        self,
        *,
        shop: str,
        stream: str,
        mode: LoadMode,
        window_from: datetime | None,
        window_to: datetime,
        started_at: datetime,
    ) -> Load:
        """Begin a load in state ``extracting``; its landing prefix is ``{shop}/{stream}/{number}/``."""
        values = {
            "shop": shop,
            "stream": stream,
            "mode": mode,
            "window_from": window_from,
            "window_to": window_to,
            "started_at": started_at,
        }
        with self._conn.transaction():
            row = self._conn.execute(SQL["open"], values).fetchone()
        if row is None:
            raise AssertionError("an insert that returns its row returned none")
        return Load(*row)

    def remember_bulk(self, load_id: int, name: str, gid: str) -> None:
        """Keep the gid of a submitted bulk operation, so that a restart adopts it."""
        with self._conn.transaction():
            self._conn.execute(SQL["remember_bulk"], {"load_id": load_id, "name": name, "gid": gid})

    def forget_bulk(self, load_id: int, name: str) -> None:
        """Keep no bulk operation under this name any more."""
        with self._conn.transaction():
            self._conn.execute(SQL["forget_bulk"], {"load_id": load_id, "name": name})

    def mark_landed(self, load_id: int, landed_at: datetime) -> None:
        """extracting → landed."""
        with self._conn.transaction():
            self._conn.execute(SQL["mark_landed"], {"load_id": load_id, "landed_at": landed_at})

    def note_extraction(
        self, load_id: int, *, size_bytes: int, api_points: float, api_requests: int, seconds: Mapping[str, float]
    ) -> None:
        """Keep what reading a load cost; ``size_bytes`` are those of Shopify's bodies before compression."""
        values = {
            "load_id": load_id,
            "bytes": size_bytes,
            "api_points": api_points,
            "api_requests": api_requests,
            "seconds": _rounded(seconds),
        }
        with self._conn.transaction():
            self._conn.execute(SQL["note_extraction"], values)

    def note_merge(
        self, load_id: int, *, rows: int, seconds: Mapping[str, float], newest_change_at: datetime | None
    ) -> None:
        """Keep how long merging a load took, and the newest of its roots' own stamps."""
        values = {
            "load_id": load_id,
            "rows": rows,
            "seconds": _rounded(seconds),
            "newest_change_at": newest_change_at,
        }
        with self._conn.transaction():
            self._conn.execute(SQL["note_merge"], values)

    def abandon(self, load_id: int) -> None:
        """Give a load up: its landing stays, nothing of it was merged."""
        with self._conn.transaction():
            self._conn.execute(SQL["abandon"], {"load_id": load_id})

    def abandon_dead_roots(self, shop: str, stream: str) -> None:
        """Give up loads of named roots that whoever began them did not land; only while the stream is held."""
        with self._conn.transaction():
            self._conn.execute(SQL["abandon_dead_roots"], {"shop": shop, "stream": stream})

    def set_cursor(self, shop: str, stream: str, cursor_at: datetime) -> bool:
        """Move a cursor by hand; False when the stream was never loaded."""
        values = {"shop": shop, "stream": stream, "cursor_at": cursor_at}
        with self._conn.transaction():
            return self._conn.execute(SQL["set_cursor"], values).fetchone() is not None

    def last_merged_at(self, shop: str) -> datetime | None:
        """When a load of this shop was last merged, by our clock."""
        with self._conn.transaction():
            row = self._conn.execute(SQL["last_merged_at"], {"shop": shop}).fetchone()
        return row[0] if row else None

    def all_read_since(self, shop: str, streams: Collection[str]) -> datetime | None:
        """The instant, by our clock, since which every one of these streams has been read; None before all were."""
        values = {"shop": shop, "streams": list(streams)}
        with self._conn.transaction():
            row = self._conn.execute(SQL["all_read_since"], values).fetchone()
        return row[0] if row else None

    def not_granted(self, shop: str, streams: Collection[str]) -> frozenset[str]:
        """Those of these streams that were last skipped, because the shop does not grant what they need."""
        values = {"shop": shop, "streams": list(streams)}
        with self._conn.transaction():
            return frozenset(row[0] for row in self._conn.execute(SQL["not_granted"], values))

    def is_owed(self, shop: str) -> bool:
        """Whether anything that changed has not been looked at by a push."""
        with self._conn.transaction():
            row = self._conn.execute(SQL["owed"], {"shop": shop}).fetchone()
        return row is not None and bool(row[0])

    def open_quarantine(self, shop: str, stream: str | None = None) -> list[Quarantined]:
        """Every open complaint of a shop, or of one of its streams."""
        with self._conn.transaction():
            rows = self._conn.execute(SQL["open_quarantine"], {"shop": shop, "stream": stream}).fetchall()
        return [Quarantined(*row) for row in rows]


def _rounded(seconds: Mapping[str, float]) -> Jsonb:
    return Jsonb({name: round(value, 3) for name, value in seconds.items()})


def hold_for_reading(conn: Connection, shop: str, stream: str) -> bool:
    """Keep other processes from extracting this stream until the connection closes; False when one is at it."""
    with conn.transaction():
        row = conn.execute(SQL["hold_for_reading"], {"shop": shop, "stream": stream}).fetchone()
    return row is not None and bool(row[0])


def claim(conn: Connection, load: Load) -> bool:
    """Take the load for this transaction; False when another process has it or finished it."""
    row = conn.execute(SQL["claim"], {"shop": load.shop, "stream": load.stream}).fetchone()
    if row is None or not row[0]:
        return False
    state = conn.execute(SQL["state"], {"load_id": load.load_id}).fetchone()
    return state is not None and state[0] == "landed"


def withheld_roots(conn: Connection, load: Load) -> set[tuple[str, str]]:
    """(type, id) of every root of the load's stream that is withheld already."""
    rows = conn.execute(SQL["withheld_roots"], {"shop": load.shop, "stream": load.stream}).fetchall()
    return {(root_type, root_id) for root_type, root_id in rows}


def quarantine(conn: Connection, load: Load, rejections: Iterable[Rejection], at: datetime) -> None:
    """Write down why roots are withheld; the same complaint again replaces itself."""
    rows = [
        {
            "shop": load.shop,
            "stream": load.stream,
            "load_id": load.load_id,
            "at": at,
            "root_type": r.root_type,
            "root_id": r.root_id,
            "rule": r.rule,
            "path": r.path,
            "message": r.message,
            "raw": r.raw,
        }
        for r in rejections
    ]
    if rows:
        conn.cursor().executemany(SQL["quarantine"], rows)


def release(conn: Connection, load: Load, root_type: str, root_ids: Sequence[str], at: datetime) -> None:
    """Close older complaints about roots that were just loaded whole."""
    values = {
        "shop": load.shop,
        "stream": load.stream,
        "root_type": root_type,
        "root_ids": list(root_ids),
        "load_id": load.load_id,
        "at": at,
    }
    conn.execute(SQL["release"], values)


def finish(conn: Connection, load: Load, counts: Mapping[str, int], at: datetime) -> None:
    """landed → merged, and the cursor with it.

    Args:
        counts: ``received, loaded, superseded, quarantined, new_versions``, in roots.

    Raises:
        IncompleteError: The cursor was moved back behind this window by hand; nothing of the load is kept.
    """
    if load.mode == "backfill":
        values = {"shop": load.shop, "stream": load.stream, "window_from": load.window_from}
        conn.execute(SQL["move_backfill"], values)
    elif load.mode != "roots":
        moved = conn.execute(
            SQL["move_cursor"],
            {
                "shop": load.shop,
                "stream": load.stream,
                "window_from": load.window_from,
                "window_to": load.window_to,
                "load_id": load.load_id,
            },
        ).fetchone()
        if moved is None:
            raise IncompleteError(
                f"{load.shop} {load.stream}: the cursor was moved before {load.window_from}, where load {load.load_id} "
                "began: abandon the load and extract again"
            )
    conn.execute(SQL["mark_merged"], {"load_id": load.load_id, "merged_at": at, **counts})


def register_shop(
    conn: Connection, *, shop: str, time_zone: str, currency: str, plan: str, go_live_on: date | None, at: datetime
) -> None:
    """Keep what the shop says of itself, and the first day of its books."""
    values = {
        "shop": shop,
        "time_zone": time_zone,
        "currency": currency,
        "plan": plan,
        "go_live_on": go_live_on,
        "registered_at": at,
    }
    with conn.transaction():
        conn.execute(SQL["register_shop"], values)


def record_stage(
    conn: Connection,
    *,
    shop: str,
    stage: str,
    started_at: datetime,
    finished_at: datetime,
    outcome: Literal["success", "skipped", "failed"],
    message: str | None,
    counts: Mapping[str, Any],
) -> None:
    """One row of ``ops.stages``: what dashboards and alerts read."""
    values = {
        "shop": shop,
        "stage": stage,
        "started_at": started_at,
        "finished_at": finished_at,
        "outcome": outcome,
        "message": message,
        "counts": Jsonb(dict(counts)),
    }
    with conn.transaction():
        conn.execute(SQL["record_stage"], values)

"""Merging landed loads again: what has to be put aside for it, and put back, inside the caller's transaction.

Here: loads reopened or adopted, cursors, complaints and dirty set kept as they were, tables emptied and compared. Not
here: the transaction, and the merging itself (``steps/``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from psycopg import sql

from shopify_pipeline.errors import ConfigError, IncompleteError, PermanentError
from shopify_pipeline.schemas import STREAMS, Table
from shopify_pipeline.statements import statements
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline.warehouse.loads import Load, Loads

SQL = statements(Path(__file__).with_name("replaying.sql"))


class Landed(Protocol):
    """As much of a manifest as a load can be rebuilt from."""

    @property
    def shop(self) -> str: ...
    @property
    def stream(self) -> str: ...
    @property
    def load_id(self) -> int: ...
    @property
    def mode(self) -> str: ...
    @property
    def window_from(self) -> datetime | None: ...
    @property
    def window_to(self) -> datetime: ...
    @property
    def landed_at(self) -> datetime: ...


@dataclass(frozen=True)
class Cursor:
    """How far a stream was loaded, and by which load.

    Attributes:
        backfill_at: What was last changed before this is still to be loaded; None: nothing is.
    """

    cursor_at: datetime
    load_id: int
    backfill_at: datetime | None


def reopen(conn: Connection, shop: str, load_id: int) -> Load:
    """merged → landed, for this transaction only: merging it again makes it merged.

    Raises:
        ConfigError: This shop has no merged load of this number.
    """
    if not conn.execute(SQL["reopen"], {"shop": shop, "load_id": load_id}).rowcount:
        raise ConfigError(f"{shop} has no merged load {load_id}; see: shopify-pipeline loads")
    return Loads(conn).find(load_id)


def adopt(conn: Connection, shop: str, landed: Collection[tuple[str, Landed]]) -> tuple[list[int], set[str]]:
    """Make the warehouse know every load that is landed, as landed and not merged.

    Args:
        landed: Prefix and manifest of the shop's whole loads.

    Returns:
        Numbers of the loads that are or were merged, in the order given, and the streams of those adopted now.

    Raises:
        PermanentError: A number is that of another load here: the landing zone is of another warehouse.
    """
    load_ids = [manifest.load_id for _, manifest in landed]
    known = {row[0]: row[1:] for row in conn.execute(SQL["known"], {"load_ids": load_ids})}
    wanted, adopted = [], set()
    for prefix, manifest in landed:
        state, *known_as = known.get(manifest.load_id, (None,))
        is_same = known_as == [prefix, manifest.window_to]
        if state is None or not is_same:
            _give_way(conn, prefix, manifest)
            conn.execute(SQL["adopt"], _as_load(prefix, manifest))
            adopted.add(manifest.stream)
        elif state == "merged":
            reopen(conn, shop, manifest.load_id)
        else:
            continue
        wanted.append(manifest.load_id)
    if landed:
        numbers = [int(prefix.rstrip("/").rpartition("/")[2]) for prefix, _ in landed]
        conn.execute(SQL["begin_after"], {"load_id": max(load_ids), "landing": max(numbers)})
    return wanted, adopted


def _give_way(conn: Connection, prefix: str, manifest: Landed) -> None:
    """Free a number that an attempt took when the warehouse did not know it was taken."""
    conn.execute(SQL["give_way"], {"load_id": manifest.load_id})
    if conn.execute(SQL["known"], {"load_ids": [manifest.load_id]}).fetchone() is not None:
        raise PermanentError(
            f"load {manifest.load_id} in {prefix} is another one in this warehouse: this landing zone was filled by "
            "another warehouse; nothing was changed"
        )


def _as_load(prefix: str, manifest: Landed) -> dict[str, object]:
    names = ("shop", "stream", "load_id", "mode", "window_from", "window_to", "landed_at")
    return {name: getattr(manifest, name) for name in names} | {"landing_prefix": prefix}


def take_turns(conn: Connection, shop: str, streams: Iterable[str]) -> None:
    """Wait until nothing else merges these streams, and keep it so until the transaction ends."""
    for stream in sorted(streams):
        conn.execute(SQL["take_turns"], {"shop": shop, "stream": stream})


def take_cursors(conn: Connection, shop: str, streams: Collection[str]) -> dict[str, Cursor]:
    """Put the cursors aside: a load that is merged again meets none that is ahead of it."""
    values = {"shop": shop, "streams": list(streams)}
    found = {stream: Cursor(*rest) for stream, *rest in conn.execute(SQL["cursors"], values)}
    conn.execute(SQL["take_cursors"], values)
    return found


def put_cursor(conn: Connection, shop: str, stream: str, cursor: Cursor) -> None:
    """Set a cursor that was put aside."""
    conn.execute(SQL["put_cursor"], {"shop": shop, "stream": stream, **asdict(cursor)})


def newest_complaint(conn: Connection) -> int:
    """The number of the last complaint, for ``forget_complaints_since``."""
    row = conn.execute(SQL["newest_complaint"]).fetchone()
    return int(row[0]) if row else 0


def forget_complaints_since(conn: Connection, load_id: int, newest: int) -> None:
    """Forget what an old load complains of only now: what it had withheld, later loads may long have brought."""
    conn.execute(SQL["forget_complaints_since"], {"load_id": load_id, "newest": newest})


def keep_reread(conn: Connection, shop: str) -> None:
    """Keep in mind which roots wait to be read again: a load that is merged again asked for some of them long ago."""
    conn.execute(SQL["keep_reread"], {"shop": shop})


def put_reread_back(conn: Connection) -> None:
    """Let them wait as before, beside those that were found meanwhile."""
    conn.execute(SQL["put_reread_back"])


def empty_tables(conn: Connection, shop: str) -> None:
    """Remove every row of a shop, and keep in mind what its roots and its dirty set were; readers see it at COMMIT."""
    values = {"shop": shop}
    conn.execute(SQL["keep_dirty"], values)
    conn.execute(SQL["forget_complaints"], values)
    conn.execute(SQL["forget_missing"], values)
    for stream in STREAMS.values():
        for _, root in stream.roots:
            conn.execute(
                sql.SQL(
                    "create temporary table {} on commit drop as "
                    "select {}, _root_hash, _deleted from {} where shop = %(shop)s"
                ).format(_before(root), _key(root), _target(root.name)),
                values,
            )
        for table in stream.tables:
            names = [table.name, f"{table.name}_history"] if table.tracked else [table.name]
            for name in names:
                conn.execute(sql.SQL("delete from {} where shop = %(shop)s").format(_target(name)), values)


def drop_temporary(conn: Connection) -> None:
    """Drop what one merge left until the transaction ends, for the next one makes its own."""
    names = [row[0] for row in conn.execute(SQL["temporary_tables"]).fetchall()]
    for name in names:
        conn.execute(sql.SQL("drop table {}").format(sql.Identifier("pg_temp", name)))


def refuse_losses(conn: Connection, shop: str) -> int:
    """Compare with what was held before.

    Returns:
        How many tombstones are not there any more: what was landed of them went by retention.

    Raises:
        IncompleteError: A root the shop has would be lost.
    """
    tombstones = 0
    for stream in STREAMS.values():
        for _, root in stream.roots:
            row = conn.execute(
                sql.SQL(
                    "select count(*) filter (where not held._deleted), min({tail}) filter (where not held._deleted), "
                    "count(*) filter (where held._deleted) from {before} as held "
                    "left join {target} as now on now.shop = %(shop)s and {same} where now.shop is null"
                ).format(tail=_tail(root), before=_before(root), target=_target(root.name), same=_same(root)),
                {"shop": shop},
            ).fetchone()
            if row is not None and row[0]:
                raise IncompleteError(
                    f"{shop}: {row[0]} {root.name}, such as {row[1]}, are in the warehouse and not in the landing "
                    "zone, or would be withheld now: nothing was changed; land them again: shopify-pipeline cursor "
                    f"rewind {stream.name}, then shopify-pipeline sync"
                )
            tombstones += row[2] if row else 0
    return tombstones


def settle_dirty(conn: Connection, shop: str, now: datetime) -> int:
    """Owe what was owed before, and what came out differently; nothing else, however often it was merged.

    Returns:
        How many roots differ from what was held.
    """
    conn.execute(SQL["forget_dirty"], {"shop": shop})
    conn.execute(SQL["put_dirty_back"])
    differing = 0
    for stream in STREAMS.values():
        for _, root in stream.roots:
            differing += conn.execute(
                sql.SQL(
                    """
                    insert into ops.dirty (shop, resource, external_id, seq, marked_at)
                    select %(shop)s, %(resource)s, {tail}, nextval('ops.dirty_seq'), %(now)s
                    from {target} as held
                    left join {before} as now on {same}
                    where held.shop = %(shop)s
                        and (held._root_hash, held._deleted) is distinct from (now._root_hash, now._deleted)
                    on conflict (shop, resource, external_id) do update
                    set seq = excluded.seq, marked_at = excluded.marked_at
                    """
                ).format(tail=_tail(root), target=_target(root.name), before=_before(root), same=_same(root)),
                {"shop": shop, "resource": root.name, "now": now},
            ).rowcount
    return differing


def settle_cursors(
    conn: Connection, shop: str, before: Mapping[str, Cursor], after: Mapping[str, Cursor], adopted: Collection[str]
) -> None:
    """Leave each cursor where it was, unless loads were adopted that lead further, or there was none."""
    for stream in {*before, *after}:
        held, found = before.get(stream), after.get(stream)
        known = [cursor for cursor in (held, found) if cursor is not None]
        is_kept = held is not None and stream not in adopted
        put_cursor(conn, shop, stream, known[0] if is_kept else max(known, key=lambda cursor: cursor.cursor_at))


def _tail(table: Table) -> sql.Composed:
    """What identifies a root outside the warehouse; the number in a level's gid needs its item beside it."""
    number = sql.SQL("held.{}::text").format(sql.Identifier(table.root_column))
    if table.root_column in table.key:
        return sql.Composed([number])
    return number + sql.SQL(" || '?inventory_item_id=' || held.inventory_item_id::text")


def _same(table: Table) -> sql.Composed:
    return sql.SQL(" and ").join(sql.SQL("now.{0} = held.{0}").format(sql.Identifier(name)) for name in table.key)


def _key(table: Table) -> sql.Composed:
    names = dict.fromkeys((*table.key, table.root_column))
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _before(table: Table) -> sql.Identifier:
    return sql.Identifier(f"before_replay_{table.name}")


def _target(name: str) -> sql.Identifier:
    return sql.Identifier("shopify", name)

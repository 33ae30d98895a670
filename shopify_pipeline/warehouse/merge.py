"""Incoming → merge: the part of a load that touches typed rows, inside the caller's transaction.

Here: COPY into ``incoming_*`` tables, the versioned upsert of roots, the replacement of their children, histories.
Not here: the transaction, the cursor, the dirty set (``loads.py``) and any judgement (``steps/load.py``).
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import pyarrow as arrow
import pyarrow.csv as arrow_csv
from psycopg import sql

from shopify_pipeline.schemas import Stream, Table
from shopify_pipeline.warehouse.connect import Connection

#: Columns of an incoming root table that are not Shopify's.
ROOT_EXTRAS = ("_root_hash", "root_id")


@dataclass(frozen=True)
class Merged:
    """Roots of one stream by what became of them.

    Attributes:
        accepted: Newly written or changed: a new version each.
        unchanged: The warehouse already held exactly this version.
        superseded: The warehouse already held a newer one.
    """

    accepted: int
    unchanged: int
    superseded: int


def copy_incoming(conn: Connection, stream: Stream, frames: Mapping[str, pd.DataFrame]) -> None:
    """Fill one temporary table per table of the stream; they vanish with the transaction.

    Args:
        frames: Frame by table name; those of root tables carry ``_root_hash`` and ``root_id``, too.
    """
    for table in stream.tables:
        extras = [sql.SQL("{} text").format(sql.Identifier(n)) for n in ROOT_EXTRAS] if _is_root(stream, table) else []
        conn.execute(
            sql.SQL(
                "create temporary table {incoming} on commit drop as select {columns} from {table} with no data"
            ).format(incoming=_incoming(table), columns=_names(table), table=_target(table))
        )
        for extra in extras:
            conn.execute(sql.SQL("alter table {} add column {}").format(_incoming(table), extra))
        frame = frames[table.name]
        if not frame.empty:
            names = [sql.Identifier(str(name)) for name in frame.columns]
            statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(
                _incoming(table), sql.SQL(", ").join(names)
            )
            with conn.cursor().copy(statement) as copy:
                copy.write(_csv(frame))
        conn.execute(sql.SQL("analyze {}").format(_incoming(table)))


def merge(
    conn: Connection, stream: Stream, *, shop: str, load_id: int, loaded_at: datetime, observed_at: datetime
) -> Merged:
    """Bring incoming roots, newest version wins, then replace the children of what was accepted.

    Newer means ``(updated_at, observed_at)``: Shopify's stamps are whole seconds, and some fields change without one.
    """
    parameters = {"shop": shop, "load_id": load_id, "loaded_at": loaded_at, "observed_at": observed_at}
    totals = [0, 0, 0]
    for _, table in stream.roots:
        accepted = _accepted(table)
        conn.execute(
            sql.SQL(
                "create temporary table {} on commit drop as select {}, ''::text as root_id from {} with no data"
            ).format(accepted, _key(table), _target(table))
        )
        conn.execute(_accept_sql(table), parameters)
        total, new, superseded = _counts(conn, table, parameters)
        conn.execute(sql.SQL("analyze {}").format(accepted))
        for child in stream.children_of(table):
            _replace_children(conn, table, child, parameters)
        for tracked in (table, *stream.children_of(table)):
            if tracked.tracked:
                conn.execute(_history_sql(table, tracked), parameters)
        conn.execute(_dirty_sql(table), {**parameters, "resource": table.name})
        totals = [totals[0] + new, totals[1] + total - new - superseded, totals[2] + superseded]
    return Merged(*totals)


def _accept_sql(table: Table) -> sql.Composed:
    names = [sql.Identifier(c.name) for c in table.columns]
    key = [sql.Identifier(name) for name in table.key]
    rest = [name for name in names if name not in key]
    written = [*rest, *map(sql.Identifier, ("_load_id", "_loaded_at", "_deleted", "_observed_at", "_root_hash"))]
    return sql.SQL(
        """
        with written as (
            insert into {target} as held (shop, {names}, _load_id, _loaded_at, _observed_at, _root_hash)
            select %(shop)s, {names}, %(load_id)s, %(loaded_at)s, %(observed_at)s, _root_hash
            from {incoming}
            on conflict (shop, {key}) do update
            set {assignments}
            where (excluded.updated_at, excluded._observed_at) >= (held.updated_at, held._observed_at)
                and (excluded._root_hash <> held._root_hash or held._deleted)
            returning {held_key}
        )
        insert into {accepted}
        select {key}, incoming.root_id
        from written
        inner join {incoming} as incoming using ({key})
        """
    ).format(
        accepted=_accepted(table),
        target=_target(table),
        incoming=_incoming(table),
        names=sql.SQL(", ").join(names),
        key=sql.SQL(", ").join(key),
        held_key=sql.SQL(", ").join(sql.SQL("held.{}").format(k) for k in key),
        assignments=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(name) for name in written),
    )


def _counts(conn: Connection, table: Table, parameters: Mapping[str, object]) -> tuple[int, int, int]:
    """(incoming, accepted, superseded) roots of one table."""
    row = conn.execute(
        sql.SQL(
            """
            select
                (select count(*) from {incoming}),
                (select count(*) from {accepted}),
                (
                    select count(*)
                    from {incoming} as incoming
                    inner join {target} as held using ({key})
                    where held.shop = %(shop)s
                        and held._root_hash <> incoming._root_hash
                        and (held.updated_at, held._observed_at) > (incoming.updated_at, %(observed_at)s::timestamptz)
                )
            """
        ).format(incoming=_incoming(table), accepted=_accepted(table), target=_target(table), key=_key(table)),
        parameters,
    ).fetchone()
    if row is None:
        raise AssertionError("a query of three counts returned no row")
    return row[0], row[1], row[2]


def _replace_children(conn: Connection, root: Table, child: Table, parameters: Mapping[str, object]) -> None:
    conn.execute(
        sql.SQL(
            "delete from {target} as held using {accepted} as root "
            "where held.shop = %(shop)s and held.{key} = root.{key}"
        ).format(target=_target(child), accepted=_accepted(root), key=sql.Identifier(root.root_column)),
        parameters,
    )
    names = [sql.Identifier(c.name) for c in child.columns]
    conn.execute(
        sql.SQL(
            "insert into {target} (shop, {names}, _load_id, _loaded_at) "
            "select %(shop)s, {incoming_names}, %(load_id)s, %(loaded_at)s "
            "from {incoming} as incoming inner join {accepted} as root on root.{key} = incoming.{key}"
        ).format(
            target=_target(child),
            names=sql.SQL(", ").join(names),
            incoming_names=sql.SQL(", ").join(sql.SQL("incoming.{}").format(name) for name in names),
            incoming=_incoming(child),
            accepted=_accepted(root),
            key=sql.Identifier(root.root_column),
        ),
        parameters,
    )


def _history_sql(root: Table, table: Table) -> sql.Composed:
    """Append the tracked columns of rows whose newest kept values differ."""
    kept = [sql.Identifier(name) for name in (*table.key, *table.tracked)]
    tracked = [sql.Identifier(name) for name in table.tracked]
    joined = root.key if table is root else (root.root_column,)
    return sql.SQL(
        """
        insert into {history} (shop, {kept}, _load_id, _loaded_at, _observed_at)
        select %(shop)s, {incoming_kept}, %(load_id)s, %(loaded_at)s, %(observed_at)s
        from {incoming} as incoming
        inner join {accepted} as root on {same_root}
        left join lateral (
            select {tracked}, true as is_known
            from {history} as past
            where past.shop = %(shop)s and {same_row}
            order by past._load_id desc
            limit 1
        ) as newest on true
        where newest.is_known is null or ({incoming_tracked}) is distinct from ({newest_tracked})
        """
    ).format(
        history=sql.Identifier("shopify", f"{table.name}_history"),
        kept=sql.SQL(", ").join(kept),
        incoming_kept=sql.SQL(", ").join(sql.SQL("incoming.{}").format(name) for name in kept),
        incoming=_incoming(table),
        accepted=_accepted(root),
        same_root=sql.SQL(" and ").join(sql.SQL("root.{0} = incoming.{0}").format(sql.Identifier(n)) for n in joined),
        tracked=sql.SQL(", ").join(sql.SQL("past.{}").format(name) for name in tracked),
        same_row=sql.SQL(" and ").join(sql.SQL("past.{0} = incoming.{0}").format(sql.Identifier(n)) for n in table.key),
        incoming_tracked=sql.SQL(", ").join(sql.SQL("incoming.{}").format(name) for name in tracked),
        newest_tracked=sql.SQL(", ").join(sql.SQL("newest.{}").format(name) for name in tracked),
    )


def _dirty_sql(table: Table) -> sql.Composed:
    return sql.SQL(
        """
        insert into ops.dirty (shop, resource, external_id, seq, marked_at)
        select %(shop)s, %(resource)s, root_id, nextval('ops.dirty_seq'), %(observed_at)s
        from {accepted}
        on conflict (shop, resource, external_id) do update
        set seq = excluded.seq, marked_at = excluded.marked_at
        """
    ).format(accepted=_accepted(table))


def _csv(frame: pd.DataFrame) -> bytes:
    """CSV as COPY reads it: a null is nothing, an empty text is ``""``."""
    buffer = io.BytesIO()
    options = arrow_csv.WriteOptions(include_header=False, quoting_style="needed")
    arrow_csv.write_csv(arrow.Table.from_pandas(frame, preserve_index=False), buffer, options)
    return buffer.getvalue()


def _is_root(stream: Stream, table: Table) -> bool:
    return any(root is table for _, root in stream.roots)


def _incoming(table: Table) -> sql.Identifier:
    return sql.Identifier(f"incoming_{table.name}")


def _accepted(table: Table) -> sql.Identifier:
    return sql.Identifier(f"accepted_{table.name}")


def _target(table: Table) -> sql.Identifier:
    return sql.Identifier("shopify", table.name)


def _key(table: Table) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in table.key)


def _names(table: Table) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(c.name) for c in table.columns)

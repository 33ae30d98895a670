"""Tombstones: rows of roots that are gone from the shop stay, marked; and what full id sweeps have found missing.

Here: the part of a load that marks rows, inside the caller's transaction. Not here: how somebody knows that a root is
gone (``steps/load.py`` for roots asked for by id, ``steps/sweep.py`` for sweeps).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg import sql

from shopify_pipeline.schemas import STREAMS, Stream, Table
from shopify_pipeline.statements import statements
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline.warehouse.loads import Load
from shopify_pipeline.warehouse.root_ids import has_item, tail_sql

SQL = statements(Path(__file__).with_name("tombstones.sql"))


@dataclass(frozen=True)
class Found:
    """What one sweep of one kind of root found.

    Attributes:
        present: Roots the shop has.
        held: Roots the warehouse held when the sweep began.
        missing: Held, and not in the shop.
    """

    present: int
    held: int
    missing: int


def mark_gone(conn: Connection, load: Load, stream: Stream, node: str, tails: Iterable[str]) -> int:
    """Mark these roots with all their rows, unless the warehouse knows something newer; their dirty set with them.

    Args:
        load: The landed load that knows it; its ``window_to`` is when they were seen to be gone, by the shop's clock.
        node: GraphQL type of the roots.
        tails: What identifies each, as ``decode.tail`` gives it.

    Returns:
        How many were marked; one that was marked before or never held is not among them.
    """
    _fill(conn, "gone", tails)
    return _mark(conn, load, stream, node)


def find_missing(
    conn: Connection, load: Load, stream: Stream, node: str, present: Iterable[str], *, begun_at: datetime
) -> Found:
    """Compare every root of a kind with what the shop has; ``settle_missing`` then acts on it.

    Args:
        present: Tails of all roots the shop has.
        begun_at: The shop's clock before the sweep; a root read since then is not judged by it.
    """
    table = stream.root_table(node)
    values = {"shop": load.shop, "begun_at": begun_at}
    found = _fill(conn, "present", present)
    held = _one(conn, _held_sql(table), values)
    missing = conn.execute(_missing_sql(table), values).rowcount
    return Found(found, held, missing)


def settle_missing(conn: Connection, load: Load, stream: Stream, node: str) -> int:
    """Mark what was found missing now and in the sweep before, and remember the rest for the next one.

    Returns:
        How many were marked.
    """
    names = {"shop": load.shop, "stream": load.stream, "root_type": node, "load_id": load.load_id}
    conn.execute(SQL["begin_gone"])
    conn.execute(SQL["keep_second"], names)
    conn.execute(SQL["forget_found"], names)
    conn.execute(SQL["remember_missing"], names)
    gone = _mark(conn, load, stream, node)
    conn.execute(SQL["forget_gone"], names)
    return gone


def to_read_again(conn: Connection, shop: str, stream: str, roots_max: int) -> list[str]:
    """Gids of roots that name something which is gone and have not been read since."""
    values = {"shop": shop, "stream": stream, "roots_max": roots_max}
    return [gid for (gid,) in conn.execute(SQL["to_read_again"], values).fetchall()]


def read_again(conn: Connection, load: Load, gids: Sequence[str]) -> None:
    """These roots have been asked for: they wait no more."""
    conn.execute(SQL["read_again"], {"shop": load.shop, "stream": load.stream, "gids": list(gids)})


def gone_with(conn: Connection, shop: str, topic: str, stream: str, numbers: Sequence[int]) -> list[str]:
    """Gids of roots of a stream that go when the roots a deletion topic names do."""
    query = SQL.get(f"gone_with_{topic.replace('/', '_')}_{stream}")
    if query is None:
        return []
    return [gid for (gid,) in conn.execute(query, {"shop": shop, "numbers": list(numbers)}).fetchall()]


def read_again_what_names(conn: Connection, shop: str, vanished: str, table: Table) -> None:
    """Let every root be read again that names a row which has gone; Shopify moves no stamp for it.

    Args:
        vanished: A temporary table of this transaction whose ``number`` column holds the keys that are gone.
        table: The table they were in; ``named_in`` says who names them.
    """
    for place in table.named_in:
        stream, root, child, column = _place(place)
        conn.execute(
            sql.SQL(
                """
                insert into ops.reread (shop, stream, root_type, root_id)
                select distinct %(shop)s, %(stream)s, %(root_type)s, held.{root}::text
                from {child} as held
                inner join {vanished} as vanished on held.{column} = vanished.number
                where held.shop = %(shop)s and not held._deleted
                on conflict (shop, stream, root_type, root_id) do nothing
                """
            ).format(
                root=sql.Identifier(child.root_column),
                child=_target(child),
                vanished=sql.Identifier(vanished),
                column=sql.Identifier(column),
            ),
            {"shop": shop, "stream": stream.name, "root_type": root},
        )


def read_again_what_went_with(conn: Connection, shop: str, vanished: str, table: Table) -> None:
    """Let the roots be asked for that go when rows of this table do; their ids are in ``goes_with``."""
    if table.goes_with is None:
        return
    _, stream, node = table.goes_with
    conn.execute(
        sql.SQL(
            """
            insert into ops.reread (shop, stream, root_type, root_id)
            select distinct %(shop)s, %(stream)s, %(root_type)s, goes_with::text
            from {vanished}
            where goes_with is not null
            on conflict (shop, stream, root_type, root_id) do nothing
            """
        ).format(vanished=sql.Identifier(vanished)),
        {"shop": shop, "stream": stream, "root_type": node},
    )


def _place(place: str) -> tuple[Stream, str, Table, str]:
    """Stream, root type, table and column of ``table.column``."""
    name, _, column = place.partition(".")
    for stream in STREAMS.values():
        for node, root in stream.roots:
            for table in (root, *stream.children_of(root)):
                if table.name == name:
                    return stream, node, table, column
    raise KeyError(f"{place} is in no stream")


def _mark(conn: Connection, load: Load, stream: Stream, node: str) -> int:
    root = stream.root_table(node)
    values = {
        "shop": load.shop,
        "stream": stream.name,
        "root_type": node,
        "resource": root.name,
        "load_id": load.load_id,
        "loaded_at": load.landed_at,
        "observed_at": load.window_to,
    }
    marked = conn.execute(_mark_root_sql(root), values).rowcount
    if not marked:
        return 0
    for child in stream.children_of(root):
        conn.execute(_mark_children_sql(root, child), values)
    for tracked in (root, *stream.children_of(root)):
        if tracked.tracked:
            conn.execute(_history_sql(root, tracked), values)
    conn.execute(SQL["dirty"], values)
    conn.execute(SQL["release"], values)
    if root.named_in:
        conn.execute(SQL["keep_marked"])
        read_again_what_names(conn, load.shop, "vanished_roots", root)
    return marked


def _fill(conn: Connection, name: str, tails: Iterable[str]) -> int:
    """A temporary table of ids: ``123``, or ``123?inventory_item_id=456`` for a level, which has both."""
    conn.execute(SQL[f"begin_{name}"])
    with conn.cursor().copy(SQL[f"copy_{name}"]) as copy:
        for tail in tails:
            number, _, rest = tail.partition("?")
            copy.write_row((int(number), int(rest.partition("=")[2]) if rest else None, tail))
    return _one(conn, SQL[f"count_{name}"], {})


def _one(conn: Connection, query: sql.Composed | str, values: Mapping[str, object]) -> int:
    row = conn.execute(query, values).fetchone()
    if row is None:
        raise AssertionError("a query of one count returned no row")
    return int(row[0])


def _held_sql(table: Table) -> sql.Composed:
    return sql.SQL(
        "select count(*) from {target} as held "
        "where held.shop = %(shop)s and not held._deleted and held._observed_at < %(begun_at)s"
    ).format(target=_target(table))


def _missing_sql(table: Table) -> sql.Composed:
    """Held before the sweep and not in it, into the temporary table ``missing``."""
    return sql.SQL(
        """
        create temporary table missing on commit drop as
        select
            held.{root} as number,
            {item} as item,
            {tail} as root_id
        from {target} as held
        left join present
            on held.{root} = present.number
            and {same_item}
        where held.shop = %(shop)s and not held._deleted and held._observed_at < %(begun_at)s
            and present.number is null
        """
    ).format(
        root=sql.Identifier(table.root_column),
        item=sql.SQL("held.inventory_item_id") if has_item(table) else sql.SQL("null::bigint"),
        tail=tail_sql(table),
        target=_target(table),
        same_item=_same_item(table, "present"),
    )


def _mark_root_sql(table: Table) -> sql.Composed:
    return sql.SQL(
        """
        with marked as (
            update {target} as held
            set _deleted = true, _load_id = %(load_id)s, _loaded_at = %(loaded_at)s, _observed_at = %(observed_at)s
            from gone
            where held.shop = %(shop)s and held.{root} = gone.number and {same_item}
                and not held._deleted and held._observed_at <= %(observed_at)s
            returning gone.root_id
        )
        insert into marked_gone select root_id from marked
        """
    ).format(target=_target(table), root=sql.Identifier(table.root_column), same_item=_same_item(table, "gone"))


def _mark_children_sql(root: Table, child: Table) -> sql.Composed:
    return sql.SQL(
        """
        update {target} as held
        set _deleted = true, _load_id = %(load_id)s, _loaded_at = %(loaded_at)s
        from gone
        inner join marked_gone on gone.root_id = marked_gone.root_id
        where held.shop = %(shop)s and held.{root} = gone.number
        """
    ).format(target=_target(child), root=sql.Identifier(root.root_column))


def _history_sql(root: Table, table: Table) -> sql.Composed:
    """The last known values once more, marked."""
    kept = sql.SQL(", ").join(sql.SQL("held.{}").format(sql.Identifier(n)) for n in (*table.key, *table.tracked))
    names = sql.SQL(", ").join(map(sql.Identifier, (*table.key, *table.tracked)))
    return sql.SQL(
        """
        insert into {history} (shop, {names}, _load_id, _loaded_at, _observed_at, _deleted)
        select held.shop, {kept}, %(load_id)s, %(loaded_at)s, %(observed_at)s, true
        from {target} as held
        inner join gone on held.{root} = gone.number and {same_item}
        inner join marked_gone on gone.root_id = marked_gone.root_id
        where held.shop = %(shop)s
        """
    ).format(
        history=sql.Identifier("shopify", f"{table.name}_history"),
        names=names,
        kept=kept,
        target=_target(table),
        root=sql.Identifier(root.root_column),
        same_item=_same_item(root, "gone"),
    )


def _same_item(table: Table, other: str) -> sql.Composable:
    if not has_item(table):
        return sql.SQL("true")
    return sql.SQL("held.inventory_item_id = {}").format(sql.Identifier(other, "item"))


def _target(table: Table) -> sql.Identifier:
    return sql.Identifier("shopify", table.name)

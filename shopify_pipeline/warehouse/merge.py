"""Incoming → merge: the part of a load that touches typed rows, inside the caller's transaction.

Here: the versioned upsert of roots, the replacement of the children of those that are new, histories, dirty set. Not
here: the transaction, the cursor (``loads.py``) and any judgement (``steps/load.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as arrow
import pyarrow.compute as compute
from psycopg import sql
from psycopg.errors import UniqueViolation

from shopify_pipeline.schemas import Stream, Table
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline.warehouse.tombstones import read_again_what_names, read_again_what_went_with

#: Columns of an incoming root that are not Shopify's.
ROOT_EXTRAS = ("_root_hash", "root_id")


@dataclass
class Merged:
    """Roots of one load by what became of them.

    Attributes:
        accepted: Newly written or changed: a new version each.
        unchanged: The warehouse already held exactly this version.
        superseded: The warehouse already held a newer one.
    """

    accepted: int = 0
    unchanged: int = 0
    superseded: int = 0


@dataclass(frozen=True)
class Merge:
    """One load on its way into the tables of its stream, a group of whole roots at a time.

    Children go straight into their table: most of a load is new, and a row written twice costs twice.

    Args:
        loaded_at: When the load was landed, by our clock.
        observed_at: When its roots were read, by the shop's clock.
    """

    conn: Connection
    stream: Stream
    shop: str
    load_id: int
    loaded_at: datetime
    observed_at: datetime
    merged: Merged = field(default_factory=Merged)

    def begin(self) -> None:
        """Make the temporary tables; they vanish with the transaction."""
        for _, root in self.stream.roots:
            self._run(
                "create temporary table {incoming} on commit drop as "
                "select {columns}, ''::text as _root_hash, ''::text as root_id from {target} with no data",
                root,
                columns=_names(root),
            )
            self._run(
                "create temporary table {accepted} on commit drop as "
                "select {key}, ''::text as root_id, true as is_new from {target} with no data",
                root,
                key=_listed(root.key),
            )
        self._run("create temporary table touched (resource text not null, root_id text not null) on commit drop")

    def roots(self, root: Table, lines: arrow.ChunkedArray) -> set[str]:
        """Bring roots, newest version wins: newer means ``(updated_at, observed_at)``.

        Shopify's stamps are whole seconds, and some fields change without one. A root without a stamp is as new as
        its reading.

        Args:
            lines: Rows in COPY's text format without line ends, in the field map's order, then ``ROOT_EXTRAS``.

        Returns:
            ``root_id`` of those that are a new version; their children are to be replaced.
        """
        self._run("truncate {incoming}, {accepted}", root)
        self._copy(_incoming(root), (*_column_names(root), *ROOT_EXTRAS), lines)
        # The join needs to know of the key alone, and looking at a hundred other columns costs more than the join.
        self._run("analyze {incoming} ({key})", root, key=_listed(root.key))
        self._accept(root)
        taken = [row[0] for row in self.conn.execute(_sql("select root_id from {accepted}", root)).fetchall()]
        superseded = self._superseded(root)
        self.merged.accepted += len(taken)
        self.merged.superseded += superseded
        self.merged.unchanged += len(lines) - len(taken) - superseded
        self._run("insert into touched select %(resource)s, root_id from {accepted}", root, resource=root.name)
        return set(taken)

    def children(self, root: Table, child: Table, lines: arrow.ChunkedArray) -> None:
        """Replace the children of what ``roots`` has just accepted.

        Args:
            lines: As for ``roots``, without extras, of accepted roots only.
        """
        if child.named_in:
            self._note_keys(root, child)
        self._run(
            "delete from {child} as held using {accepted} as root "
            "where not root.is_new and held.shop = %(shop)s and held.{root_column} = root.{root_column}",
            root,
            child=_target(child),
            root_column=sql.Identifier(root.root_column),
        )
        if len(lines):
            self._write_children(child, lines)
        if child.named_in:
            self._let_vanished_be_read_again(child)

    def _write_children(self, child: Table, lines: arrow.ChunkedArray) -> None:
        ours = (self.shop, str(self.load_id), self.loaded_at.isoformat())
        written = compute.binary_join_element_wise(lines, *ours, "\t")
        names = (*_column_names(child), "shop", "_load_id", "_loaded_at")
        try:
            with self.conn.transaction():
                self._copy(_target(child), names, written)
        except UniqueViolation:
            # A record can move to another root, as addresses do when customers are merged: the newest reading has it.
            self._take_over(child, names, written)

    def _note_keys(self, root: Table, child: Table) -> None:
        """Keys of the children that are about to be replaced, of roots that were held before."""
        self._run("drop table if exists vanished_children")
        self._run(
            "create temporary table vanished_children on commit drop as "
            "select held.{key} as number, {goes_with} as goes_with from {child} as held inner join {accepted} as root "
            "on held.{root_column} = root.{root_column} where not root.is_new and held.shop = %(shop)s",
            root,
            key=sql.Identifier(child.key[0]),
            goes_with=sql.Identifier("held", child.goes_with[0]) if child.goes_with else sql.SQL("null::bigint"),
            child=_target(child),
            root_column=sql.Identifier(root.root_column),
        )

    def _let_vanished_be_read_again(self, child: Table) -> None:
        self._run(
            "delete from vanished_children as gone using {child} as held "
            "where held.shop = %(shop)s and held.{key} = gone.number",
            child=_target(child),
            key=sql.Identifier(child.key[0]),
        )
        read_again_what_names(self.conn, self.shop, "vanished_children", child)
        read_again_what_went_with(self.conn, self.shop, "vanished_children", child)

    def histories(self, root: Table) -> None:
        """Append the tracked columns of what ``roots`` has just accepted, and of its children, where they changed."""
        for tracked in (root, *self.stream.children_of(root)):
            if tracked.tracked:
                self.conn.execute(_history_sql(root, tracked), self._values())

    def end(self) -> Merged:
        """Mark every new version as owed to the back office."""
        self._run(
            """
            insert into ops.dirty (shop, resource, external_id, seq, marked_at)
            select %(shop)s, resource, root_id, nextval('ops.dirty_seq'), %(observed_at)s
            from touched
            on conflict (shop, resource, external_id) do update
            set seq = excluded.seq, marked_at = excluded.marked_at
            """
        )
        return self.merged

    def _accept(self, root: Table) -> None:
        key = set(root.key)
        written = [name for name in _column_names(root) if name not in key]
        written += ["_load_id", "_loaded_at", "_deleted", "_observed_at", "_root_hash"]
        self._run(
            """
            with written as (
                insert into {target} as held (shop, {names}, _load_id, _loaded_at, _observed_at, _root_hash)
                select %(shop)s, {names}, %(load_id)s, %(loaded_at)s, %(observed_at)s, _root_hash
                from {incoming}
                on conflict (shop, {key}) do update
                set {assignments}
                where {excluded_version} >= {held_version}
                    and (excluded._root_hash <> held._root_hash or held._deleted)
                returning {held_key}, held.xmax = 0 as is_new
            )
            insert into {accepted} ({key}, root_id, is_new)
            select {key}, incoming.root_id, written.is_new
            from written
            inner join {incoming} as incoming using ({key})
            """,
            root,
            names=_names(root),
            key=_listed(root.key),
            held_key=_listed(root.key, "held"),
            assignments=sql.SQL(", ").join(
                sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in written
            ),
            excluded_version=_version(root, "excluded", "excluded._observed_at"),
            held_version=_version(root, "held", "held._observed_at"),
        )
        self._run("analyze {accepted}", root)

    def _superseded(self, root: Table) -> int:
        """Incoming roots that the warehouse holds in a newer version."""
        query = _sql(
            """
            select count(*)
            from {incoming} as incoming
            inner join {target} as held using ({key})
            where held.shop = %(shop)s
                and held._root_hash <> incoming._root_hash
                and {held_version} > {incoming_version}
            """,
            root,
            key=_listed(root.key),
            held_version=_version(root, "held", "held._observed_at"),
            incoming_version=_version(root, "incoming", "%(observed_at)s::timestamptz"),
        )
        row = self.conn.execute(query, self._values()).fetchone()
        if row is None:
            raise AssertionError("a query of one count returned no row")
        return int(row[0])

    def _take_over(self, child: Table, names: tuple[str, ...], lines: arrow.ChunkedArray) -> None:
        self._run(
            "create temporary table {incoming} on commit drop as select {names} from {target} with no data",
            child,
            names=_listed(names),
        )
        self._copy(_incoming(child), names, lines)
        self._run(
            "delete from {target} as held using {incoming} as incoming where held.shop = %(shop)s and {same}",
            child,
            same=sql.SQL(" and ").join(
                sql.SQL("held.{0} = incoming.{0}").format(sql.Identifier(name)) for name in child.key
            ),
        )
        self._run("insert into {target} ({names}) select {names} from {incoming}", child, names=_listed(names))
        self._run("drop table {incoming}", child)

    def _copy(self, into: sql.Identifier, names: tuple[str, ...], lines: arrow.ChunkedArray) -> None:
        statement = sql.SQL("copy {} ({}) from stdin").format(into, _listed(names))
        ended = compute.binary_join_element_wise(lines, "", "\n")
        with self.conn.cursor().copy(statement) as copy:
            for chunk in ended.chunks:
                # The texts of an Arrow array lie one behind the other: what COPY reads is already there.
                held = chunk.buffers()[2]
                if len(chunk) and held is not None:
                    copy.write(held.to_pybytes())

    def _run(self, query: str, table: Table | None = None, *, resource: str = "", **parts: sql.Composable) -> None:
        self.conn.execute(_sql(query, table, **parts), self._values() | {"resource": resource})

    def _values(self) -> dict[str, object]:
        return {
            "shop": self.shop,
            "load_id": self.load_id,
            "loaded_at": self.loaded_at,
            "observed_at": self.observed_at,
        }


def _sql(query: str, table: Table | None = None, **parts: sql.Composable) -> sql.Composed:
    """A statement with the names of a table and its temporary ones filled in."""
    if table is not None:
        parts |= {"target": _target(table), "incoming": _incoming(table), "accepted": _accepted(table)}
    return sql.SQL(query).format(**parts)


def _version(table: Table, alias: str, observed_at: str) -> sql.Composable:
    """What tells the newer of two readings: Shopify's stamp if the root has one, then when it was read."""
    observed = sql.SQL(observed_at)
    if "updated_at" not in _column_names(table):
        return observed
    return sql.SQL("({}, {})").format(sql.Identifier(alias, "updated_at"), observed)


def _history_sql(root: Table, table: Table) -> sql.Composed:
    """Append the tracked columns of rows whose newest kept values differ."""
    tracked = table.tracked
    joined = root.key if table is root else (root.root_column,)
    return sql.SQL(
        """
        insert into {history} (shop, {kept}, _load_id, _loaded_at, _observed_at)
        select %(shop)s, {now_kept}, %(load_id)s, %(loaded_at)s, %(observed_at)s
        from {target} as now
        inner join {accepted} as root on {same_root}
        left join lateral (
            select {past_tracked}, true as is_known
            from {history} as past
            where past.shop = %(shop)s and {same_row}
            order by past._load_id desc
            limit 1
        ) as newest on true
        where now.shop = %(shop)s
            and (newest.is_known is null or ({now_tracked}) is distinct from ({newest_tracked}))
        """
    ).format(
        history=sql.Identifier("shopify", f"{table.name}_history"),
        target=_target(table),
        accepted=_accepted(root),
        kept=_listed((*table.key, *tracked)),
        now_kept=_listed((*table.key, *tracked), "now"),
        same_root=sql.SQL(" and ").join(sql.SQL("root.{0} = now.{0}").format(sql.Identifier(n)) for n in joined),
        past_tracked=_listed(tracked, "past"),
        same_row=sql.SQL(" and ").join(sql.SQL("past.{0} = now.{0}").format(sql.Identifier(n)) for n in table.key),
        now_tracked=_listed(tracked, "now"),
        newest_tracked=_listed(tracked, "newest"),
    )


def _incoming(table: Table) -> sql.Identifier:
    return sql.Identifier(f"incoming_{table.name}")


def _accepted(table: Table) -> sql.Identifier:
    return sql.Identifier(f"accepted_{table.name}")


def _target(table: Table) -> sql.Identifier:
    return sql.Identifier("shopify", table.name)


def _column_names(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)


def _names(table: Table) -> sql.Composed:
    return _listed(_column_names(table))


def _listed(names: tuple[str, ...], alias: str | None = None) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(alias, name) if alias else sql.Identifier(name) for name in names)

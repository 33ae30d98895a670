"""Is the warehouse what somebody else says it is? Table by table by counts, hashes and sums, or row by row.

Here: the warehouse's side of the comparison, in the canonical text both sides share. Not here: who the other side is;
the shop itself is asked in ``verify_roots.py``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from psycopg import sql

from shopify_pipeline.money import plain
from shopify_pipeline.schemas import STREAMS, Table
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline.warehouse.root_ids import has_item, number_of, tail_sql

TABLES: dict[str, Table] = {table.name: table for stream in STREAMS.values() for table in stream.tables}


@dataclass(frozen=True)
class Compared:
    """One table held against what the other side says of it.

    Attributes:
        differs: Which of ``count``, ``ids``, ``rows`` and ``money`` are not equal; empty when the table is right.
    """

    table: str
    shop: int
    warehouse: int
    differs: tuple[str, ...]


@dataclass(frozen=True, order=True)
class Difference:
    """One way in which the warehouse is not what the other side says.

    Attributes:
        key: The row's key, ``column=value`` joined by commas.
        column: None when the whole row is on one side only.
        told, held: Canonical texts of the other side and of the warehouse; None where there is no value, or no row.
    """

    table: str
    key: str
    column: str | None = None
    told: str | None = None
    held: str | None = None

    def __str__(self) -> str:
        if self.column is None:
            side = "in the warehouse only" if self.told is None else "missing in the warehouse"
            return f"{self.table} ({self.key}): {side}"
        return f"{self.table} ({self.key}).{self.column}: {self.told!r} there, {self.held!r} in the warehouse"


def differences(
    table: Table, told: Iterable[Mapping[str, str | None]], held: Iterable[Mapping[str, str | None]]
) -> Iterator[Difference]:
    """Compare rows of one table by its key, in canonical text; only columns the other side tells of are compared."""
    ours = {_key(table, row): row for row in held}
    for theirs in told:
        key = _key(table, theirs)
        row = ours.pop(key, None)
        if row is None:
            yield Difference(table.name, key, told=key)
            continue
        for name, value in theirs.items():
            if row[name] != value:
                yield Difference(table.name, key, name, value, row[name])
    for key in ours:
        yield Difference(table.name, key, held=key)


def held_rows(
    conn: Connection, shop: str, table: Table, columns: Sequence[str], roots: tuple[Table, Sequence[str]] | None = None
) -> Iterator[dict[str, str | None]]:
    """Rows of a table in canonical text, without those of roots that are gone.

    Args:
        roots: Only rows of these roots: their table, and the tails of their gids; None means all of them.
    """
    for row in _rows(conn, shop, table, columns, roots):
        yield dict(zip(columns, map(canonical, row), strict=True))


def _key(table: Table, row: Mapping[str, str | None]) -> str:
    return ",".join(f"{name}={row[name]}" for name in table.key)


def compare(conn: Connection, shop: str, told: Mapping[str, Mapping[str, Any]]) -> list[Compared]:
    """Hold every table the other side tells of against the warehouse.

    Args:
        told: By table ``count``, ``columns``, ``ids_sha256``, ``rows_sha256`` and ``money`` (column, currency, amount).
    """
    return [_compare(conn, shop, TABLES[name], summary) for name, summary in told.items()]


def _compare(conn: Connection, shop: str, table: Table, told: Mapping[str, Any]) -> Compared:
    columns = list(told["columns"])
    rows = _rows(conn, shop, table, columns)
    texts = [dict(zip(columns, map(canonical, row), strict=True)) for row in rows]
    keys = [{name: row[name] for name in table.key} for row in texts]
    differs = [
        ("count", len(rows) != told["count"]),
        ("ids", _sha256(keys) != told["ids_sha256"]),
        ("rows", _sha256(texts) != told["rows_sha256"]),
        ("money", any(_sums(rows, columns, name, sums) != sums for name, sums in told["money"].items())),
    ]
    return Compared(table.name, told["count"], len(rows), tuple(name for name, is_different in differs if is_different))


def _rows(
    conn: Connection, shop: str, table: Table, columns: Sequence[str], roots: tuple[Table, Sequence[str]] | None = None
) -> list[tuple[Any, ...]]:
    """Rows as the warehouse holds them; those of roots that are gone from the shop are not compared."""
    query = sql.SQL("select {} from {} as held where shop = %(shop)s and not _deleted").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier("shopify", table.name)
    )
    tails: Sequence[str] = ()
    if roots is not None:
        root, tails = roots
        query += sql.SQL(" and {} = any(%(numbers)s)").format(sql.Identifier(table.root_column))
        if table is root and has_item(root):
            query += sql.SQL(" and {} = any(%(tails)s)").format(tail_sql(root))
    return conn.execute(
        query, {"shop": shop, "numbers": [number_of(tail) for tail in tails], "tails": list(tails)}
    ).fetchall()


def canonical(value: Any) -> str | None:
    """A value as text both sides share: UTC seconds, plain decimals, ``true``/``false``."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)


def _sums(rows: Sequence[Sequence[Any]], columns: Sequence[str], name: str, told: Iterable[str]) -> dict[str, str]:
    """Sum of a money column by currency, as the row says it; a row that says none is in the only one told of."""
    ways = ("presentment_currency",) if name.endswith("_presentment") else ("currency", "value_currency")
    says = next((columns.index(way) for way in ways if way in columns), None)
    sums = dict.fromkeys(told, Decimal(0))
    (only, *_) = sums
    for row in rows:
        value = row[columns.index(name)]
        if value is not None:
            currency = only if says is None else row[says]
            sums[currency] = sums.get(currency, Decimal(0)) + value
    return {currency: plain(total) for currency, total in sums.items()}


def _sha256(records: Sequence[Mapping[str, str | None]]) -> str:
    """Hash of the records whatever their order: sorted JSON lines, keys sorted, no spaces, UTF-8."""
    lines = sorted(json.dumps(one, sort_keys=True, ensure_ascii=False, separators=(",", ":")) for one in records)
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()

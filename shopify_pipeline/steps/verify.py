"""Is the warehouse what somebody else says it is? Counts, ids, field hashes and money sums, table by table.

Here: the warehouse's side of the comparison, in the canonical text both sides share. Not here: who the other side is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from psycopg import sql

from shopify_pipeline.money import plain
from shopify_pipeline.schemas import STREAMS, Table
from shopify_pipeline.warehouse.connect import Connection

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


def compare(conn: Connection, shop: str, told: Mapping[str, Mapping[str, Any]]) -> list[Compared]:
    """Hold every table the other side tells of against the warehouse.

    Args:
        told: By table ``count``, ``columns``, ``ids_sha256``, ``rows_sha256`` and ``money`` (column, currency, amount).
    """
    return [_compare(conn, shop, TABLES[name], summary) for name, summary in told.items()]


def _compare(conn: Connection, shop: str, table: Table, told: Mapping[str, Any]) -> Compared:
    columns = list(told["columns"])
    rows = _rows(conn, shop, table, columns)
    canonical = [dict(zip(columns, map(_text, row), strict=True)) for row in rows]
    keys = [{name: row[name] for name in table.key} for row in canonical]
    money = {name: _sum([row[columns.index(name)] for row in rows]) for name in told["money"]}
    differs = [
        ("count", len(rows) != told["count"]),
        ("ids", _sha256(keys) != told["ids_sha256"]),
        ("rows", _sha256(canonical) != told["rows_sha256"]),
        ("money", any(dict.fromkeys(sums, money[name]) != sums for name, sums in told["money"].items())),
    ]
    return Compared(table.name, told["count"], len(rows), tuple(name for name, is_different in differs if is_different))


def _rows(conn: Connection, shop: str, table: Table, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """Rows as the warehouse holds them; tombstoned roots are gone from the shop and not compared."""
    is_root = any(root is table for stream in STREAMS.values() for _, root in stream.roots)
    query = sql.SQL("select {} from {} where shop = %s").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier("shopify", table.name)
    )
    if is_root:
        query += sql.SQL(" and not _deleted")
    return conn.execute(query, (shop,)).fetchall()


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)


def _sum(values: Sequence[Decimal | None]) -> str:
    return plain(sum((value for value in values if value is not None), Decimal(0)))


def _sha256(records: Sequence[Mapping[str, str | None]]) -> str:
    """Hash of the records whatever their order: sorted JSON lines, keys sorted, no spaces, UTF-8."""
    lines = sorted(json.dumps(one, sort_keys=True, ensure_ascii=False, separators=(",", ":")) for one in records)
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()

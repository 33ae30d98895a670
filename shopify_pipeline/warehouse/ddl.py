"""The field map as PostgreSQL tables: the text of ``migrations/shopify.sql``.

Here: pure text from ``schemas/``. ``python -m shopify_pipeline.warehouse.ddl`` rewrites the file; a test compares it and the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from shopify_pipeline.schemas import STREAMS, Column, Kind, Stream, Table

FILE = Path(__file__).parent / "migrations" / "shopify.sql"

POSTGRES_TYPES = {
    Kind.GID: "bigint",
    Kind.TEXT: "text",
    Kind.INT: "bigint",
    Kind.UNSIGNED: "bigint",
    Kind.BOOL: "boolean",
    Kind.INSTANT: "timestamptz",
    Kind.MONEY: "numeric(20, 6)",
    Kind.RATE: "numeric(12, 8)",
}

#: What every root carries beside Shopify's columns: which reading wins, and whether anything changed.
ROOT_COLUMNS = (
    ("observed_at", "timestamptz", "not null", "The shop's clock when this version was read; breaks ties of updated_at."),
    ("root_hash", "text", "not null", "Hash of the root with all its children; equal hashes are the same version."),
    ("deleted_at", "timestamptz", "", "Tombstone: when the root was found gone from the shop."),
)


def is_root(stream: Stream, table: Table) -> bool:
    """Whether rows of this table are roots, judged and versioned as a whole."""
    return any(root is table for _, root in stream.roots)


def system_columns(stream: Stream, table: Table) -> tuple[tuple[str, str, str, str], ...]:
    """(name, type, constraint, description) of the columns that are ours, after Shopify's."""
    load = ("load_id", "bigint", "not null", "The load that brought this version.")
    return (load, *ROOT_COLUMNS) if is_root(stream, table) else (load,)


def table_sql(stream: Stream, table: Table) -> str:
    """One table with key, index by root and comments."""
    lines = ["    shop text not null"]
    lines += [_column_sql(column) for column in table.columns]
    lines += [f"    {name} {kind} {rule}".rstrip() for name, kind, rule, _ in system_columns(stream, table)]
    lines.append(f"    constraint {table.name}_pkey primary key (shop, {', '.join(table.key)})")
    parts = [f"create table shopify.{table.name} (\n" + ",\n".join(lines) + "\n);"]
    if not is_root(stream, table) and table.key[0] != table.root_column:
        parts.append(f"create index {table.name}_by_root on shopify.{table.name} (shop, {table.root_column});")
    parts.append(f"comment on table shopify.{table.name} is {_literal(table.grain)};")
    if table.tracked:
        parts.append(history_sql(table))
    return "\n".join(parts)


def history_sql(table: Table) -> str:
    """The append-only history of a table's tracked columns."""
    kept = [table.column(name) for name in (*table.key, *table.tracked)]
    lines = ["    shop text not null", *(_column_sql(column) for column in kept)]
    lines += ["    observed_at timestamptz not null", "    load_id bigint not null"]
    lines.append(f"    constraint {table.name}_history_pkey primary key (shop, {', '.join(table.key)}, load_id)")
    comment = f"Every change of {', '.join(table.tracked)} seen; append-only, because Shopify keeps no past."
    return (
        f"create table shopify.{table.name}_history (\n"
        + ",\n".join(lines)
        + f"\n);\ncomment on table shopify.{table.name}_history is {_literal(comment)};"
    )


def shopify_sql() -> str:
    """All tables of the field map."""
    return "\n\n".join(_statements()) + "\n"


def _statements() -> Iterator[str]:
    yield "-- Generated from shopify_pipeline/schemas by `python -m shopify_pipeline.warehouse.ddl`; edit the field map instead."
    yield "create schema shopify;"
    for stream in STREAMS.values():
        for table in stream.tables:
            yield table_sql(stream, table)


def _column_sql(column: Column) -> str:
    return f"    {column.name} {POSTGRES_TYPES[column.kind]}" + ("" if column.nullable else " not null")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    FILE.write_text(shopify_sql())

"""The catalogue and the field map are the same thing."""

from __future__ import annotations

import pytest

from shopify_pipeline.errors import ConfigError, TransientError
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline.warehouse.ddl import FILE, POSTGRES_TYPES, shopify_sql, system_columns
from shopify_pipeline.warehouse.migrate import migrate, newest


def test_the_committed_sql_is_what_the_field_map_says() -> None:
    assert FILE.read_text() == shopify_sql(), "run python -m shopify_pipeline.warehouse.ddl"


def test_the_catalogue_has_exactly_the_columns_of_the_field_map(warehouse_dsn: str) -> None:
    with connect(warehouse_dsn) as conn:
        found = conn.execute(
            """
            select table_name, column_name, is_nullable = 'YES'
            from information_schema.columns
            where table_schema = 'shopify' and table_name not like '%\\_history'
            """
        ).fetchall()
    expected = {
        (table.name, name, nullable)
        for stream in STREAMS.values()
        for table in stream.tables
        for name, nullable in [
            ("shop", False),
            *((c.name, c.nullable) for c in table.columns),
            *((n, not rule) for n, _, rule, _ in system_columns(stream, table)),
        ]
    }
    assert set(found) == expected


def test_no_money_column_is_a_float(warehouse_dsn: str) -> None:
    with connect(warehouse_dsn) as conn:
        floats = conn.execute(
            """
            select table_schema, table_name, column_name
            from information_schema.columns
            where data_type in ('real', 'double precision', 'money', 'timestamp without time zone')
                and table_schema in ('shopify', 'ops', 'backoffice', 'recon')
            """
        ).fetchall()
    assert floats == []
    assert not any("float" in kind or "double" in kind for kind in POSTGRES_TYPES.values())


def test_migrating_twice_changes_nothing(warehouse_dsn: str) -> None:
    assert migrate(warehouse_dsn) == migrate(warehouse_dsn) == newest()


def test_shop_is_the_first_part_of_every_key(warehouse_dsn: str) -> None:
    with connect(warehouse_dsn) as conn:
        keys = conn.execute(
            """
            select conrelid::regclass::text, pg_get_constraintdef(oid)
            from pg_constraint
            where contype = 'p' and connamespace = 'shopify'::regnamespace
            """
        ).fetchall()
    assert len(keys) > 20
    assert [table for table, key in keys if not key.startswith("PRIMARY KEY (shop, ")] == []


def test_an_unreachable_server_is_one_line_that_names_the_setting() -> None:
    with pytest.raises(TransientError, match=r"check \[warehouse\] dsn"):
        connect("postgresql://u:p@127.0.0.1:1/x", connect_timeout_seconds=2)


def test_a_wrong_password_and_a_wrong_database_are_settings_to_fix(warehouse_dsn: str) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        connect(warehouse_dsn.rsplit("/", 1)[0] + "/nowhere")
    with pytest.raises(ConfigError, match="postgresql://"):
        connect("not a dsn")

"""What is written down for others is what the field map says, and what the catalogue holds."""

from __future__ import annotations

import pytest
import yaml

from shopify_pipeline.schemas import STREAMS, Source
from shopify_pipeline.schemas.emit import (
    COMMAND,
    FIELD_MAP_FILE,
    OTHER_RELATIONS,
    SOURCES_FILE,
    field_map_markdown,
    origin,
    relations,
    sources_yaml,
)
from shopify_pipeline.warehouse.connect import connect

EVERYTHING = (*relations(), *OTHER_RELATIONS)


def test_the_committed_files_are_current() -> None:
    assert SOURCES_FILE.read_text(encoding="utf-8") == sources_yaml(), f"run {COMMAND}"
    assert FIELD_MAP_FILE.read_text(encoding="utf-8") == field_map_markdown(), f"run {COMMAND}"


def test_every_described_table_is_the_catalogues_column_for_column(warehouse_dsn: str) -> None:
    with connect(warehouse_dsn) as conn:
        for relation in EVERYTHING:
            found = conn.execute(
                """
                select attname, format_type(atttypid, atttypmod), not attnotnull
                from pg_attribute
                where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
                order by attnum
                """,
                (f"{relation.schema}.{relation.name}",),
            ).fetchall()
            expected = [(column.name, column.type, column.nullable) for column in relation.columns]
            assert found == expected, relation.name


def test_every_described_key_is_the_primary_key(warehouse_dsn: str) -> None:
    with connect(warehouse_dsn) as conn:
        found = conn.execute(
            """
            select c.conrelid::regclass::text, array_agg(a.attname::text order by place.ordinality)
            from pg_constraint as c
            cross join lateral unnest(c.conkey) with ordinality as place (number, ordinality)
            inner join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = place.number
            where c.contype = 'p'
            group by c.conrelid
            """
        ).fetchall()
    keys = {name: tuple(key) for name, key in found}
    tables = [relation for relation in EVERYTHING if relation.key]
    assert {f"{r.schema}.{r.name}": r.key for r in tables} == {
        name: key for name, key in keys.items() if name in {f"{r.schema}.{r.name}" for r in EVERYTHING}
    }


def test_no_table_of_shopify_is_left_out(warehouse_dsn: str) -> None:
    with connect(warehouse_dsn) as conn:
        found = conn.execute("select tablename from pg_tables where schemaname = 'shopify'").fetchall()
    assert {name for (name,) in found} == {relation.name for relation in relations()}


def test_sources_are_yaml_with_an_asset_key_and_a_description_everywhere() -> None:
    sources = {source["name"]: source["tables"] for source in yaml.safe_load(sources_yaml())["sources"]}
    assert set(sources) == {"shopify", "ops", "backoffice", "recon"}
    orders = next(table for table in sources["shopify"] if table["name"] == "orders")
    assert orders["config"]["meta"] == {
        "dagster": {"asset_key": ["warehouse", "orders"]},
        "key": ["shop", "order_id"],
    }
    email = next(column for column in orders["columns"] if column["name"] == "email")
    assert email == {
        "name": "email",
        "description": "E-mail given at checkout.",
        "data_type": "text",
        "config": {"meta": {"pii": "personal"}},
    }
    for table in (table for tables in sources.values() for table in tables):
        assert table["description"].endswith("."), table["name"]
        assert all(column["description"] for column in table["columns"]), table["name"]


def test_the_field_map_has_one_row_per_column() -> None:
    rows = [line for line in field_map_markdown().splitlines() if line.startswith("| `")]
    assert len(rows) == sum(len(relation.columns) for relation in relations())
    assert (
        "| `total_price_presentment` | numeric(20,6) | presentment currency | no | none | "
        "Order.totalPriceSet.presentmentMoney.amount | "
        "Sum of ORDER and UPDATE sales; does not fall when units are removed. In presentment currency. |"
    ) in rows


@pytest.mark.parametrize(
    ("source", "path", "expected"),
    [
        pytest.param(Source("Order"), "totalTaxSet.shopMoney.amount", "Order.totalTaxSet.shopMoney.amount", id="node"),
        pytest.param(Source("LineItem", "taxLines"), "title", "LineItem.taxLines[].title", id="item of a list"),
        pytest.param(Source("LineItem", "taxLines"), "/id", "LineItem.id", id="the node that holds the list"),
        pytest.param(
            Source("Order", "transactions[].fees"), "..id", "Order.transactions[].id", id="owner of an inner list"
        ),
        pytest.param(Source("Order", "tags"), ".", "Order.tags[]", id="the item itself"),
        pytest.param(Source("Order", "tags"), "@position", "place in Order.tags[]", id="position"),
        pytest.param(Source("Sale"), "@parent", "id of what holds the Sale", id="parent"),
        pytest.param(Source("Sale"), "@root", "id of the document's root", id="root"),
        pytest.param(Source("LineItem"), "=", "tells LineItem from the table's other sources", id="constant"),
    ],
)
def test_an_origin_reads_from_the_graphql_type_down(source: Source, path: str, expected: str) -> None:
    assert origin(source, path) == expected


def test_every_column_of_the_field_map_has_an_origin() -> None:
    declared = {
        (table.name, column.name) for stream in STREAMS.values() for table in stream.tables for column in table.columns
    }
    with_origin = {
        (relation.name, column.name) for relation in relations() for column in relation.columns if column.origin
    }
    assert declared <= with_origin

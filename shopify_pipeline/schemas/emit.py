"""What the field map says, written down for others: dbt's sources and ``docs/field-map.md``.

Here: pure text from the declarations. Not here: a declaration of a Shopify column (one module per stream) or any SQL.
``python -m shopify_pipeline.schemas.emit`` rewrites both files; a test compares them with the map and the catalogue.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from shopify_pipeline.schemas import STREAMS, Column, Kind, Source, Stream, Table
from shopify_pipeline.schemas.books_tables import BOOKS_RELATIONS
from shopify_pipeline.schemas.census_tables import CENSUS_RELATIONS
from shopify_pipeline.schemas.described import INSTANT, SHOP, Described, Relation
from shopify_pipeline.schemas.kinds import CONSTANT, NODE, OWNER, PARENT, POSITION, ROOT
from shopify_pipeline.schemas.ledger_tables import LEDGER_RELATIONS

REPOSITORY = Path(__file__).parents[2]
SOURCES_FILE = REPOSITORY / "dbt_project" / "models" / "sources.yml"
FIELD_MAP_FILE = REPOSITORY / "docs" / "field-map.md"

COMMAND = "python -m shopify_pipeline.schemas.emit"

_TYPES = {
    Kind.GID: "bigint",
    Kind.TEXT: "text",
    Kind.INT: "bigint",
    Kind.UNSIGNED: "bigint",
    Kind.BOOL: "boolean",
    Kind.INSTANT: INSTANT,
    Kind.MONEY: "numeric(20,6)",
    Kind.RATE: "numeric(24,20)",
    Kind.DECIMAL: "numeric(30,12)",
    Kind.DATE: "date",
    Kind.JSON: "jsonb",
}

#: What every table carries beside Shopify's columns.
OWN_COLUMNS = (
    Described("_load_id", "bigint", "The load that brought this version."),
    Described("_loaded_at", INSTANT, "When that load was landed, by our clock."),
    Described("_deleted", _TYPES[Kind.BOOL], "Tombstone: the root was found gone from the shop."),
)
#: What every root carries beside those: which reading wins, and whether anything changed.
ROOT_COLUMNS = (
    Described("_observed_at", INSTANT, "The shop's clock when this version was read; breaks ties of updated_at."),
    Described("_root_hash", "text", "Hash of the root with all its children; equal hashes are the same version."),
)

#: Tables the marts read that are not Shopify's.
OTHER_RELATIONS = (*BOOKS_RELATIONS, *CENSUS_RELATIONS, *LEDGER_RELATIONS)

#: Schema → (what it holds, first part of its tables' asset keys in Dagster).
_SCHEMAS = {
    "shopify": ("Typed rows of what Shopify sent, newest version.", "warehouse"),
    "ops": ("What the pipeline remembers about its own work.", "ops"),
    "backoffice": ("What the back office says of itself: snapshots.", "backoffice"),
    "recon": ("The census and the break ledger.", "recon"),
}


def relations() -> Iterator[Relation]:
    """Every table of schema ``shopify``: the field map's, each followed by its history where it keeps one."""
    for stream in STREAMS.values():
        for table in stream.tables:
            yield from stream_relations(stream, table)


def stream_relations(stream: Stream, table: Table) -> Iterator[Relation]:
    """The table itself, and its append-only history where Shopify keeps no past."""
    is_root = any(root is table for _, root in stream.roots)
    own = (*OWN_COLUMNS, *ROOT_COLUMNS) if is_root else OWN_COLUMNS
    columns = tuple(_described(table, column) for column in table.columns)
    yield Relation("shopify", table.name, table.grain, ("shop", *table.key), (SHOP, *columns, *own))
    if table.tracked:
        kept = tuple(_described(table, table.column(name)) for name in (*table.key, *table.tracked))
        yield Relation(
            "shopify",
            f"{table.name}_history",
            f"One row per change seen of {', '.join(table.tracked)}; append-only, because Shopify keeps no past.",
            ("shop", *table.key, "_load_id"),
            (SHOP, *kept, *OWN_COLUMNS, ROOT_COLUMNS[0]),
        )


def origin(source: Source, path: str) -> str:
    """Where a value sits in Shopify's answer, from the GraphQL type down (``LineItem.taxLines[].title``)."""
    if path.startswith(CONSTANT):
        return f"tells {source.node} from the table's other sources"
    if path == ROOT:
        return "id of the document's root"
    if path == PARENT:
        return f"id of what holds the {source.node}"
    if path == POSITION:
        return f"place in {_place(source.node, source.items)}"
    if path.startswith(NODE):
        return f"{source.node}.{path.removeprefix(NODE)}"
    if path.startswith(OWNER):
        above = source.items.rpartition(".")[0].removesuffix("[]")
        return f"{_place(source.node, above)}.{path.removeprefix(OWNER)}"
    item = _place(source.node, source.items)
    return item if path == "." else f"{item}.{path}"


def sources_yaml() -> str:
    """Text of ``dbt_project/models/sources.yml``. Every scalar is written as JSON, which is YAML."""
    by_schema: dict[str, list[Relation]] = {schema: [] for schema in _SCHEMAS}
    for relation in (*relations(), *OTHER_RELATIONS):
        by_schema[relation.schema].append(relation)
    lines = [f"# Generated from shopify_pipeline/schemas by `{COMMAND}`; edit the field map instead.", "sources:"]
    for schema, held in by_schema.items():
        lines += [f"  - name: {schema}", f"    schema: {schema}", f"    description: {json.dumps(_SCHEMAS[schema][0])}"]
        lines.append("    tables:")
        for relation in held:
            lines += _source_table(relation)
    return "\n".join(lines) + "\n"


def field_map_markdown() -> str:
    """Text of ``docs/field-map.md``: one table per warehouse table."""
    lines = [
        "# Field map",
        "",
        f"Generated from `shopify_pipeline/schemas` by `{COMMAND}`; edit the declarations instead.",
        "",
        "Money is in major units of the currency its unit names; instants are UTC; ids are Shopify's 64-bit numbers.",
        "PII: `none`, `pseudonym` (stands for a person) or `personal`; anything but `none` is masked for analysts.",
        "From: the GraphQL type and the path inside it, Admin API.",
    ]
    for stream in STREAMS.values():
        lines += ["", f"## Stream `{stream.name}`"]
        for table in stream.tables:
            for relation in stream_relations(stream, table):
                lines += ["", *_markdown_table(relation)]
    return "\n".join(lines) + "\n"


def _described(table: Table, column: Column) -> Described:
    places = dict.fromkeys(origin(source, source.path(column)) for source in table.sources)
    return Described(
        column.name,
        _TYPES[column.kind],
        column.description,
        column.nullable,
        column.unit,
        column.pii,
        " or ".join(places),
    )


def _place(node: str, items: str) -> str:
    return f"{node}.{items}[]" if items else node


def _source_table(relation: Relation) -> list[str]:
    asset_key = json.dumps(relation.asset or (_SCHEMAS[relation.schema][1], relation.name))
    lines = [
        f"      - name: {relation.name}",
        f"        description: {json.dumps(relation.grain, ensure_ascii=False)}",
        "        config:",
        f"          meta: {{dagster: {{asset_key: {asset_key}}}, key: {json.dumps(list(relation.key))}}}",
        "        columns:",
    ]
    for column in relation.columns:
        meta = {"pii": column.pii.value} | ({"unit": column.unit} if column.unit else {})
        lines += [
            f"          - name: {column.name}",
            f"            description: {json.dumps(column.description, ensure_ascii=False)}",
            f"            data_type: {column.type}",
            f"            config: {{meta: {json.dumps(meta)}}}",
        ]
    return lines


def _markdown_table(relation: Relation) -> list[str]:
    rows = [
        f"### `{relation.schema}.{relation.name}`",
        "",
        f"{relation.grain} Key: {', '.join(f'`{name}`' for name in relation.key)}.",
        "",
        "| column | type | unit | null | PII | from | description |",
        "|---|---|---|---|---|---|---|",
    ]
    for column in relation.columns:
        cells = (
            f"`{column.name}`",
            column.type,
            column.unit or "",
            "yes" if column.nullable else "no",
            column.pii.value,
            column.origin or "the pipeline",
            column.description,
        )
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return rows


def main() -> None:
    """Rewrite both files in the checkout this module belongs to."""
    for file, text in ((SOURCES_FILE, sources_yaml()), (FIELD_MAP_FILE, field_map_markdown())):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

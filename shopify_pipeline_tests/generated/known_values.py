"""Generates ``shopify_pipeline/schemas/known_values.json``: the values of every column of an enum type.

Here: walking the field map's text columns over the published schema of the pinned version. Run
``python -m shopify_pipeline_tests.generated.known_values`` after the field map or the pinned version has changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import cast

from graphql import GraphQLEnumType, GraphQLInterfaceType, GraphQLNamedType, GraphQLSchema, GraphQLUnionType
from graphql import get_named_type as named

from shopify_pipeline.schemas import STREAMS, Column, Kind, Source
from shopify_pipeline.schemas.kinds import CONSTANT, NODE, OWNER, PARENT, POSITION, ROOT
from shopify_pipeline.schemas.known_values import FILE
from shopify_pipeline.schemas.shapes import steps_of
from shopify_pipeline.shopify.versions import PINNED
from shopify_sandbox.admin.schema import load_schema

COMMAND = "python -m shopify_pipeline_tests.generated.known_values"


def content() -> str:
    """The file as it should be."""
    schema = load_schema(PINNED).schema
    values = {
        f"{table.name}.{column.name}": found
        for stream in STREAMS.values()
        for table in stream.tables
        for column in table.columns
        if column.kind is Kind.TEXT
        for found in [_values(schema, table.sources, column)]
        if found
    }
    return json.dumps(values, indent=1, sort_keys=True) + "\n"


def _values(schema: GraphQLSchema, sources: tuple[Source, ...], column: Column) -> list[str]:
    """Every value the column may have, if all its sources are enums."""
    types = [_leaf(schema, source, source.path(column)) for source in sources]
    if not all(isinstance(found, GraphQLEnumType) for found in types):
        return []
    return sorted({name for found in types for name in cast(GraphQLEnumType, found).values})


def _leaf(schema: GraphQLSchema, source: Source, path: str) -> GraphQLNamedType | None:
    if path in (PARENT, ROOT, POSITION) or path.startswith(CONSTANT):
        return None
    steps = list(steps_of(source))
    if path.startswith(NODE):
        steps = path[1:].split(".")
    elif path.startswith(OWNER):
        steps = [*steps[:-1], *path[2:].split(".")]
    elif path != ".":
        steps += path.split(".")
    found = schema.type_map.get(source.node)
    for step in steps:
        found = next(_field_types(schema, found, step.split("[")[0]), None)
    return found


def _field_types(schema: GraphQLSchema, owner: GraphQLNamedType | None, name: str) -> Iterator[GraphQLNamedType]:
    """Type of a field, which may be of one of an interface's own types only."""
    fields = getattr(owner, "fields", {})
    if name in fields:
        yield named(fields[name].type)
    elif isinstance(owner, (GraphQLInterfaceType, GraphQLUnionType)):
        for concrete in schema.get_possible_types(owner):
            if name in concrete.fields:
                yield named(concrete.fields[name].type)


if __name__ == "__main__":
    FILE.write_text(content())

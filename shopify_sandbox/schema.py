"""The published Admin API schema, loaded: types, scope requirements and documented search filters.

Belongs here: what Shopify publishes. What the sandbox's world can answer is in ``model.py``; how the file was made, in
``schema_build.py``.
"""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

from graphql import GraphQLField, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, build_client_schema
from graphql import get_named_type as named
from graphql.utilities import IntrospectionQuery

DATA = Path(__file__).parent / "data"


class UnknownVersion(LookupError):
    """No published schema of that Admin API version is in the package."""


@dataclass(frozen=True)
class Requirement:
    """Scopes of which one suffices, and the sentence Shopify answers when none is granted."""

    scopes: frozenset[str]
    text: str

    def met_by(self, granted: frozenset[str]) -> bool:
        return not self.scopes.isdisjoint(granted)


@dataclass(frozen=True)
class PublishedSchema:
    """One Admin API version as published."""

    version: str
    schema: GraphQLSchema
    access: Mapping[str, Requirement]
    filters: Mapping[str, Mapping[str, str]]

    @property
    def query(self) -> GraphQLObjectType:
        return cast(GraphQLObjectType, self.schema.query_type)

    @property
    def mutation(self) -> GraphQLObjectType:
        return cast(GraphQLObjectType, self.schema.mutation_type)

    def denied(self, parent: str, field: str, granted: frozenset[str]) -> Requirement | None:
        """Tell which requirement of ``parent.field`` the granted scopes do not meet, if any.

        A field needs what it says itself and what the type it returns says; a connection stands for its nodes.
        """
        returned = self.returned_type(parent, field)
        for key in (f"{parent}.{field}", returned):
            requirement = self.access.get(key)
            if requirement is not None and not requirement.met_by(granted):
                return requirement
        return None

    def returned_type(self, parent: str, field: str) -> str:
        """Name the type of ``parent.field``; for a connection, the type of its nodes."""
        owner = self.schema.type_map[parent]
        if not isinstance(owner, GraphQLObjectType | GraphQLInterfaceType):
            raise TypeError(f"{parent} has no fields")
        returned = named(owner.fields[field].type)
        nodes = connection_nodes(returned) if isinstance(returned, GraphQLObjectType) else None
        return named(nodes.type).name if nodes is not None else returned.name


def connection_nodes(type_: GraphQLObjectType) -> GraphQLField | None:
    """Give the ``nodes`` field of a connection type; None when the type is no connection."""
    return type_.fields.get("nodes") if type_.name.endswith("Connection") else None


@lru_cache(maxsize=4)
def load_schema(version: str) -> PublishedSchema:
    """Load one version; takes about a second the first time.

    Raises:
        UnknownVersion: The package has no such version.
    """
    path = DATA / f"admin_{version}.json.gz"
    if not path.exists():
        raise UnknownVersion(f"no published schema for Admin API version {version}")
    content = json.loads(gzip.decompress(path.read_bytes()))
    return PublishedSchema(
        version=version,
        schema=build_client_schema(cast(IntrospectionQuery, content["data"]), assume_valid=True),
        access={key: Requirement(frozenset(scopes), text) for key, (scopes, text) in content["access"].items()},
        filters=content["filters"],
    )


def published_versions() -> list[str]:
    """List the Admin API versions this package can serve, oldest first."""
    return sorted(path.name.removeprefix("admin_").removesuffix(".json.gz") for path in DATA.glob("admin_*.json.gz"))

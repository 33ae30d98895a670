"""The published Admin API schema, loaded: types, scope requirements and documented search filters.

Belongs here: what Shopify publishes. What the sandbox's world can answer is in ``model.py``; how the file was made, in
``schema_build.py``.
"""

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import cast

from graphql import GraphQLField, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, build_client_schema
from graphql import get_named_type as named
from graphql.utilities import IntrospectionQuery

DATA = Path(__file__).parents[1] / "data"

_SCOPE = re.compile(r"`(\w+)`")
# A few requirements ask for two things at once; everywhere else one of the scopes suffices.
_AND = re.compile(r" as well as | and \(")
_MUTATIONS_TOO = " for queries and both "
# What follows is about the person at the shop, whom an app's own token does not speak for.
_PERSON = ". Also:"


class UnknownVersion(LookupError):
    """No published schema of that Admin API version is in the package."""


@dataclass(frozen=True)
class Requirement:
    """What it takes to see a type, or to use a field.

    Attributes:
        scopes: Every access scope that counts towards it.
        text: The sentence Shopify answers when it is not met.
        clauses: Sets of scopes; of each set one scope is needed.
    """

    scopes: frozenset[str]
    text: str
    clauses: tuple[frozenset[str], ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        parts = _AND.split(self.text.partition(_PERSON)[0].partition(_MUTATIONS_TOO)[0])
        found = tuple(clause for part in parts if (clause := self.scopes.intersection(_SCOPE.findall(part))))
        object.__setattr__(self, "clauses", found or (self.scopes,))

    def met_by(self, granted: frozenset[str]) -> bool:
        """Tell whether these scopes do; whoever may write may read."""
        readable = {scope.replace("write_", "read_", 1) for scope in granted if scope.startswith("write_")}
        return all(not clause.isdisjoint(granted | readable) for clause in self.clauses)


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
        """Tell which requirement of ``parent.field`` the granted scopes do not meet, if any."""
        return next((each for each in self.requirements(parent, field) if not each.met_by(granted)), None)

    def requirements(self, parent: str, field: str) -> list[Requirement]:
        """List what ``parent.field`` needs: what it says itself and what the type it returns says.

        A connection stands for its nodes.
        """
        keys = (f"{parent}.{field}", self.returned_type(parent, field))
        return [self.access[key] for key in keys if key in self.access]

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

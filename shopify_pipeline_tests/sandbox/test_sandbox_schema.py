"""The published schema file: what it keeps, what it drops, and that it can be made again."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from shopify_sandbox.admin.schema import DATA, Requirement, UnknownVersion, load_schema, published_versions
from shopify_sandbox.admin.schema_build import build, fetch
from shopify_sandbox.admin.versions import Versions, answering

VERSIONS = ["2026-07", "2026-10"]


def committed(version: str) -> Path:
    return DATA / f"admin_{version}.json.gz"


def keys_of(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for each in value.values() for key in keys_of(each)}
    if isinstance(value, list):
        return {key for each in value for key in keys_of(each)}
    return set()


def test_two_versions_are_published() -> None:
    assert published_versions() == VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_committed_schema_builds_and_knows_the_roots_of_the_streams(version: str) -> None:
    published = load_schema(version)
    assert published.version == version
    assert {"orders", "customers", "products", "inventoryItems", "locations"} <= published.query.fields.keys()
    assert "bulkOperationRunQuery" in published.mutation.fields


@pytest.mark.parametrize("version", VERSIONS)
def test_committed_schema_holds_structure_and_no_prose(version: str) -> None:
    content = json.loads(gzip.decompress(committed(version).read_bytes()))
    assert "description" not in keys_of(content["data"])
    reasons = {
        field["deprecationReason"] for type_ in content["data"]["__schema"]["types"] for field in type_["fields"] or ()
    }
    assert reasons == {None, "deprecated"}


@pytest.mark.parametrize("version", VERSIONS)
def test_committed_schema_stays_small(version: str) -> None:
    assert committed(version).stat().st_size < 400_000


def test_field_is_denied_by_the_scope_of_the_type_it_returns() -> None:
    published = load_schema("2026-10")
    assert published.denied("QueryRoot", "orders", frozenset({"read_orders"})) is None
    requirement = published.denied("QueryRoot", "orders", frozenset({"read_products"}))
    assert requirement is not None
    assert "`read_orders` access scope" in requirement.text


def test_field_is_denied_by_its_own_scope() -> None:
    published = load_schema("2026-10")
    assert published.denied("Location", "isActive", frozenset({"read_inventory"})) is not None
    assert published.denied("Location", "id", frozenset({"read_inventory"})) is None


@pytest.mark.parametrize(
    ("text", "granted", "met"),
    [
        ("`a` access scope or `b` access scope.", {"b"}, True),
        ("`a` access scope or `b` access scope.", {"c"}, False),
        ("`a` access scope and (`b` access scope or `c` access scope).", {"a", "c"}, True),
        ("`a` access scope and (`b` access scope or `c` access scope).", {"b", "c"}, False),
        ("`a` access scope as well as any of `b`, `c` access scopes.", {"a"}, False),
        ("`a` for queries and both `a` as well as `b` for mutations.", {"a"}, True),
        ("`a` for queries and both `a` as well as `b` for mutations.", {"b"}, False),
        ("`a` access scope. Also: The user must have `b` as well as `c`.", {"a"}, True),
        ("The user must have a permission.", {"b"}, True),
        ("`read_a` access scope.", {"write_a"}, True),
        ("`write_a` access scope.", {"read_a"}, False),
    ],
)
def test_requirement_is_read_from_its_sentence(text: str, granted: set[str], met: bool) -> None:
    assert Requirement(frozenset({"a", "b", "c", "read_a", "write_a"}), text).met_by(frozenset(granted)) is met


def test_documented_search_filters_are_kept_with_their_types() -> None:
    filters = load_schema("2026-10").filters["QueryRoot.orders"]
    assert (filters["updated_at"], filters["id"], filters["test"]) == ("time", "id", "boolean")


def test_version_that_is_not_published_is_refused() -> None:
    with pytest.raises(UnknownVersion, match="2019-01"):
        load_schema("2019-01")


@pytest.mark.parametrize(
    ("asked", "answers"),
    [
        ("2026-10", "2026-10"),
        ("2026-07", "2026-07"),
        ("2025-10", "2026-07"),
        ("2019-04", "2026-07"),
        ("2026-08", None),
        ("2027-01", None),
        ("unstable", None),
        ("2026-7", None),
        ("../2026-10", None),
    ],
)
def test_an_old_version_falls_forward_to_the_oldest_that_is_served(asked: str, answers: str | None) -> None:
    assert answering(asked, VERSIONS) == answers


def test_a_version_is_built_when_it_is_first_asked_for_and_once() -> None:
    built: list[str] = []
    versions: Versions = Versions(VERSIONS, lambda version: built.append(version) or version)  # type: ignore[arg-type, return-value]
    assert built == []
    assert [versions.api("2026-07"), versions.api("2026-07"), versions.api("2026-10")] == [
        "2026-07",
        "2026-07",
        "2026-10",
    ]
    assert built == VERSIONS


def test_building_drops_prose_and_is_repeatable() -> None:
    leaf = {"kind": "SCALAR", "name": "String", "ofType": None}
    argument = {
        "name": "query",
        "description": "| name | type |\n| ---- | ---- |\n| updated_at | time | When it moved. |",
        "type": leaf,
        "defaultValue": None,
        "isDeprecated": False,
        "deprecationReason": None,
    }
    field = {
        "name": "orders",
        "description": "Orders.",
        "args": [argument],
        "type": leaf,
        "isDeprecated": True,
        "deprecationReason": "Use something else.",
    }
    root = {
        "kind": "OBJECT",
        "name": "QueryRoot",
        "description": "The root.",
        "fields": [field],
        "inputFields": None,
        "interfaces": [],
        "possibleTypes": None,
        "enumValues": None,
    }
    schema = {
        "queryType": {"name": "QueryRoot", "kind": "OBJECT"},
        "mutationType": None,
        "subscriptionType": None,
        "types": [root],
        "directives": [],
    }
    access = [
        {
            "type": "type",
            "typeName": "Order",
            "requiredAccess": "`read_orders` access scope. Also: more.\n",
            "offlineScopes": ["read_orders"],
        },
        {"type": "field", "typeName": "Order", "fieldName": "id", "requiredAccess": "", "offlineScopes": []},
    ]
    source = json.dumps({"data": {"__schema": schema}, "offline_scopes": {"items": access}}).encode()
    first, second = (build("2026-10", gzip.compress(source, mtime=moment)) for moment in (1, 2))
    assert first == second
    content = json.loads(gzip.decompress(first))
    assert content["data"]["__schema"]["types"][0]["fields"][0]["deprecationReason"] == "deprecated"
    assert "description" not in keys_of(content)
    assert content["access"] == {"Order": [["read_orders"], "`read_orders` access scope. Also: more."]}
    assert content["filters"] == {"QueryRoot.orders": {"updated_at": "time"}}


@pytest.mark.npm
@pytest.mark.parametrize("version", VERSIONS)
def test_rebuilding_from_the_registry_gives_the_committed_bytes(version: str) -> None:
    assert build(version, fetch(version)) == committed(version).read_bytes()

"""The published schema file: what it keeps, what it drops, and that it can be made again."""

import gzip
import json
from typing import Any

import pytest

from shopify_sandbox.schema import DATA, UnknownVersion, load_schema, published_versions
from shopify_sandbox.schema_build import build, fetch

COMMITTED = DATA / "admin_2026-10.json.gz"


def keys_of(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for each in value.values() for key in keys_of(each)}
    if isinstance(value, list):
        return {key for each in value for key in keys_of(each)}
    return set()


def test_committed_schema_builds_and_knows_the_roots_of_the_streams() -> None:
    published = load_schema("2026-10")
    assert published.version == "2026-10"
    assert {"orders", "customers", "products", "inventoryItems", "locations"} <= published.query.fields.keys()
    assert "bulkOperationRunQuery" in published.mutation.fields


def test_committed_schema_holds_structure_and_no_prose() -> None:
    content = json.loads(gzip.decompress(COMMITTED.read_bytes()))
    assert "description" not in keys_of(content["data"])
    reasons = {
        field["deprecationReason"] for type_ in content["data"]["__schema"]["types"] for field in type_["fields"] or ()
    }
    assert reasons == {None, "deprecated"}


def test_committed_schema_stays_small() -> None:
    assert COMMITTED.stat().st_size < 400_000


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


def test_documented_search_filters_are_kept_with_their_types() -> None:
    filters = load_schema("2026-10").filters["QueryRoot.orders"]
    assert (filters["updated_at"], filters["id"], filters["test"]) == ("time", "id", "boolean")


def test_version_that_is_not_published_is_refused() -> None:
    with pytest.raises(UnknownVersion, match="2019-01"):
        load_schema("2019-01")
    assert "2026-10" in published_versions()


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
            "requiredAccess": "`read_orders` access scope. Also: more.",
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
    assert content["access"] == {"Order": [["read_orders"], "`read_orders` access scope."]}
    assert content["filters"] == {"QueryRoot.orders": {"updated_at": "time"}}


@pytest.mark.npm
def test_rebuilding_from_the_registry_gives_the_committed_bytes() -> None:
    assert build("2026-10", fetch("2026-10")) == COMMITTED.read_bytes()

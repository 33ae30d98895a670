"""The list of access scopes our operations need: it is current, minimal, and what a store really asks for."""

from __future__ import annotations

import json

import pytest

from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.shopify.queries import operation_names
from shopify_pipeline_tests.generated.access import COMMAND, TARGET, generated, needed
from shopify_sandbox.admin.schema import PublishedSchema, load_schema

LISTED: dict[str, list[list[str]]] = json.loads(TARGET.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def published() -> PublishedSchema:
    return load_schema("2026-10")


@pytest.mark.parametrize("version", ["2026-07", "2026-10"])
def test_the_list_is_what_the_generator_writes_for_both_versions(version: str) -> None:
    assert TARGET.read_text(encoding="utf-8") == generated(version), f"run {COMMAND}"


def test_every_operation_is_listed() -> None:
    assert sorted(LISTED) == list(operation_names())


def test_no_requirement_of_an_operation_follows_from_another() -> None:
    for name, clauses in LISTED.items():
        sets = [frozenset(clause) for clause in clauses]
        assert not [(one, other) for one in sets for other in sets if one < other], name


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("{ shop { name } }", []),
        ("{ customers(first: 1) { nodes { id } } }", [["read_customers"]]),
        (
            "{ locations(first: 1) { nodes { id } } }",
            [["read_inventory", "read_locations", "read_markets_home"]],
        ),
        # The narrower requirement of the field implies the wider one of the type.
        ("{ locations(first: 1) { nodes { id isActive } } }", [["read_locations"]]),
        ('{ node(id: "gid://shopify/Customer/1") { id ... on Customer { id } } }', [["read_customers"]]),
        ("mutation { inventorySetQuantities(input: $i) { userErrors { field } } }", [["write_inventory"]]),
    ],
)
def test_requirements_come_from_fields_types_and_fragments(
    published: PublishedSchema, text: str, clauses: list[list[str]]
) -> None:
    assert needed(published, text) == clauses


def test_a_requirement_of_two_things_at_once_is_two(published: PublishedSchema) -> None:
    both = published.access["Fee"].clauses
    assert sorted(map(sorted, both)) == [["read_marketplace_orders", "read_orders"], ["read_returns"]]


def test_the_least_privilege_meets_every_operation() -> None:
    held = set(least_privilege())
    assert {name for name in operation_names() if not all(held & set(clause) for clause in LISTED[name])} == set()

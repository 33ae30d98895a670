"""Generates ``shopify_pipeline/shopify/access.json``: the access scopes each of our operations needs.

Here: walking the documents over the scope requirements Shopify publishes. Comparing them with what was granted is the
client's. Run ``python -m shopify_pipeline_tests.generated.access`` after a document or the pinned version has changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from graphql import FieldNode, InlineFragmentNode, TypeInfo, TypeInfoVisitor, Visitor, parse, visit

import shopify_pipeline.shopify
from shopify_pipeline.shopify.queries import operation, operation_names
from shopify_pipeline.shopify.versions import PINNED
from shopify_sandbox.admin.schema import PublishedSchema, load_schema

TARGET = Path(shopify_pipeline.shopify.__file__).with_name("access.json")
COMMAND = "python -m shopify_pipeline_tests.generated.access"


def needed(published: PublishedSchema, text: str) -> list[list[str]]:
    """List what one operation needs: of each inner list, one scope.

    What any of the others implies is left out, so each is needed.

    Args:
        text: A document of one operation and no named fragments.
    """
    info = TypeInfo(published.schema)
    clauses: set[frozenset[str]] = set()

    class Walker(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            owner = info.get_parent_type()
            if owner is not None and not node.name.value.startswith("__"):
                for requirement in published.requirements(owner.name, node.name.value):
                    clauses.update(requirement.clauses)

        def enter_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> None:
            requirement = published.access.get(node.type_condition.name.value) if node.type_condition else None
            clauses.update(requirement.clauses if requirement else ())

    visit(parse(text), TypeInfoVisitor(info, Walker()))
    return _minimal(clauses)


def generated(version: str = PINNED) -> str:
    """The text of the file as it should be."""
    published = load_schema(version)
    access = {name: needed(published, operation(name).text) for name in operation_names()}
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(access[name])}" for name in sorted(access))
    return f"{{\n{lines}\n}}\n"


def _minimal(clauses: Iterable[frozenset[str]]) -> list[list[str]]:
    kept = set(clauses)
    return sorted(sorted(clause) for clause in kept if not any(other < clause for other in kept))


if __name__ == "__main__":
    TARGET.write_text(generated(), encoding="utf-8")

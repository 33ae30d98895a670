"""Generates ``shopify_pipeline/shopify/contract.json``: what our documents ask of the pinned Admin API version.

Here: walking the documents over the published schema. Comparing the result with a newer version is ``radar.py``.
Run ``python -m shopify_pipeline_tests.generated.contract`` after a document or the pinned version has changed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from graphql import (
    EnumValueNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    Node,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    print_ast,
    visit,
)

import shopify_pipeline.shopify
from shopify_pipeline.shopify.queries import operation, operation_names
from shopify_pipeline.shopify.subscriptions import TOPICS_OF_STREAMS, topics_of
from shopify_pipeline.shopify.versions import PINNED
from shopify_sandbox.admin.schema import PublishedSchema, load_schema

TARGET = Path(shopify_pipeline.shopify.__file__).with_name("contract.json")
COMMAND = "python -m shopify_pipeline_tests.generated.contract"
TOPIC_TYPE = "WebhookSubscriptionTopic"
_TOPICS = [topic.replace("/", "_").upper() for topic in topics_of(TOPICS_OF_STREAMS)]

Asked = dict[str, dict[str, Any]]


class Contract:
    """Gathers what operations ask of one published schema."""

    def __init__(self, published: PublishedSchema) -> None:
        self.published = published
        self.fields: Asked = {}
        self.inputs: Asked = {}
        self.enums: Asked = {}
        self.members: Asked = {}
        self.access: Asked = {}
        self._used_by: dict[int, set[str]] = defaultdict(set)

    def add(self, name: str, text: str) -> None:
        """Add one operation."""
        document = parse(text)
        info = TypeInfo(self.published.schema)
        declared = {
            each.variable.name.value: print_ast(each.type)
            for definition in document.definitions
            if isinstance(definition, OperationDefinitionNode)
            for each in definition.variable_definitions or ()
        }
        contract = self

        class Walker(Visitor):
            def enter_field(self, node: FieldNode, *_: Any) -> None:
                owner, definition = info.get_parent_type(), info.get_field_def()
                if owner is not None and definition is not None and not node.name.value.startswith("__"):
                    contract._field(name, owner, node, declared)

            def enter_enum_value(self, node: EnumValueNode, *_: Any) -> None:
                type_ = get_named_type(info.get_input_type())
                if isinstance(type_, GraphQLEnumType):
                    contract._enum(name, type_, given=[node.value])

            def enter_variable_definition(self, node: Any, *_: Any) -> bool:
                type_ = get_named_type(info.get_input_type())
                if isinstance(type_, GraphQLEnumType):
                    contract._enum(name, type_, given=_TOPICS if type_.name == TOPIC_TYPE else [])
                return False

            def enter_object_field(self, node: Node, *_: Any) -> None:
                type_ = get_named_type(info.get_parent_input_type())
                if isinstance(type_, GraphQLInputObjectType):
                    contract._input(name, type_, str(cast(Any, node).name.value))

        visit(document, TypeInfoVisitor(info, Walker()))

    def content(self) -> dict[str, Any]:
        """The contract as JSON, in one order."""
        sections = ("fields", "inputs", "enums", "members", "access")
        return {"version": self.published.version} | {name: _settled(getattr(self, name)) for name in sections}

    def _field(self, name: str, owner: GraphQLNamedType, node: FieldNode, declared: dict[str, str]) -> None:
        where = f"{owner.name}.{node.name.value}"
        definition = cast("GraphQLObjectType | GraphQLInterfaceType", owner).fields[node.name.value]
        entry = self.fields.setdefault(
            where,
            {
                "type": str(definition.type),
                "deprecated": definition.deprecation_reason is not None,
                "arguments": {},
                "deprecated_arguments": set(),
                "operations": set(),
            },
        )
        entry["operations"].add(name)
        for argument in node.arguments:
            key = argument.name.value
            # A literal fits the type as it stands; a variable must still be allowed there.
            kind = declared.get(argument.value.name.value) if argument.value.kind == "variable" else None  # type: ignore[attr-defined]
            entry["arguments"][key] = kind or str(definition.args[key].type)
            if definition.args[key].deprecation_reason is not None:
                entry["deprecated_arguments"].add(key)
        returned = get_named_type(definition.type)
        if isinstance(returned, GraphQLEnumType):
            self._enum(name, returned, read=True)
        # What `node(id:)` can be is as wide as the schema; we ask for ids whose type we know.
        if isinstance(returned, GraphQLInterfaceType | GraphQLUnionType) and returned.name != "Node":
            possible = {each.name for each in self.published.schema.get_possible_types(returned)}
            member = self.members.setdefault(returned.name, {"possible": possible, "operations": set()})
            member["operations"].add(name)
        for place in (where, self.published.returned_type(owner.name, node.name.value)):
            requirement = self.published.access.get(place)
            if requirement is not None:
                entry = self.access.setdefault(place, {"scopes": set(requirement.scopes), "operations": set()})
                entry["operations"].add(name)

    def _enum(self, name: str, type_: GraphQLEnumType, *, read: bool = False, given: Iterable[str] = ()) -> None:
        entry = self.enums.setdefault(
            type_.name, {"read": False, "values": set(), "given": set(), "deprecated": set(), "operations": set()}
        )
        entry["operations"].add(name)
        entry["read"] |= read
        entry["given"] |= set(given)
        entry["values"] |= set(type_.values) if read else set(given)
        entry["deprecated"] |= {
            value for value in entry["values"] if type_.values[value].deprecation_reason is not None
        }

    def _input(self, name: str, type_: GraphQLInputObjectType, field: str) -> None:
        entry = self.inputs.setdefault(type_.name, {"fields": {}, "deprecated": set(), "operations": set()})
        entry["operations"].add(name)
        entry["fields"][field] = str(type_.fields[field].type)
        if type_.fields[field].deprecation_reason is not None:
            entry["deprecated"].add(field)


def generated() -> str:
    """The text of the file as it should be."""
    contract = Contract(load_schema(PINNED))
    for name in operation_names():
        contract.add(name, operation(name).text)
    return json.dumps(contract.content(), indent=1, sort_keys=True) + "\n"


def _settled(section: Asked) -> Asked:
    return {
        where: {key: sorted(value) if isinstance(value, set) else value for key, value in said.items()}
        for where, said in section.items()
    }


if __name__ == "__main__":
    TARGET.write_text(generated(), encoding="utf-8")

"""Where the nodes of a document stand: response path, operation, and the argument a value belongs to.

Belongs here: reading a syntax tree. What is wrong at a place is said in ``wording.py``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_location,
    get_named_type,
    print_ast,
    visit,
)
from graphql.language import FormattedSourceLocation

Slot = ArgumentNode | ObjectFieldNode


@dataclass(frozen=True)
class Place:
    """Where one node stands.

    Attributes:
        path: Labels of the operation, its fields and arguments down to the node.
        lineage: The node itself and all nodes around it, the outermost first.
        slot: The argument or input field the node is, or is the value of.
        owner: Kind (``Field``, ``Directive`` or ``InputObject``) and name of what that argument belongs to.
        expected: The type that argument must have.
    """

    path: tuple[str, ...] = ()
    lineage: tuple[Node, ...] = ()
    slot: Slot | None = None
    owner: tuple[str, str] = ("", "")
    expected: str = ""

    @property
    def operation(self) -> str:
        """How messages name the operation, or the fragment, the node is in."""
        kind, _, name = self.path[0].partition(" ") if self.path else ("", "", "")
        return name or f"anonymous {kind}"

    @property
    def field(self) -> str:
        return next((node.name.value for node in reversed(self.lineage) if isinstance(node, FieldNode)), "")

    @property
    def owner_node(self) -> Node | None:
        """The field, directive or input object the argument is given to."""
        above = self.lineage[: self.lineage.index(self.slot)] if self.slot else ()
        wanted = (FieldNode, DirectiveNode, ObjectValueNode)
        return next((node for node in reversed(above) if isinstance(node, wanted)), None)

    def inside(self, kind: type[Node]) -> bool:
        return any(isinstance(node, kind) for node in self.lineage)

    def root(self) -> Node | None:
        """The operation or fragment definition the node is in."""
        definitions = (OperationDefinitionNode, FragmentDefinitionNode)
        return next((node for node in self.lineage if isinstance(node, definitions)), None)


def places(schema: GraphQLSchema, document: DocumentNode) -> dict[int, Place]:
    """Find the place of every node, keyed by ``id(node)``."""
    info = TypeInfo(schema)
    found: dict[int, Place] = {}
    slots: list[tuple[Slot, tuple[str, str], str]] = []

    class Finder(Visitor):
        def enter(self, node: Node, _key: Any, parent: Any, _path: Any, ancestors: list[Any]) -> None:
            lineage = tuple(each for each in [*ancestors, parent, node] if isinstance(each, Node))
            if isinstance(node, Slot):
                slots.append((node, _owner(node, lineage, info), str(info.get_input_type() or "")))
            slot, owner, expected = slots[-1] if slots else (None, ("", ""), "")
            path = tuple(part for each in lineage for part in _step(each))
            found[id(node)] = Place(path, lineage, slot, owner, expected)

        def leave(self, node: Node, *_: Any) -> None:
            if isinstance(node, Slot):
                slots.pop()

    visit(document, TypeInfoVisitor(info, Finder()))
    return found


def location(node: Node | None) -> list[FormattedSourceLocation]:
    """Give line and column of a node, both from 1, in a list; empty without a node."""
    if node is None or node.loc is None:
        return []
    return [get_location(node.loc.source, node.loc.start).formatted]


def printed(node: Node | None) -> str:
    """Print a value as it may stand in a document."""
    return print_ast(node) if node is not None else ""


def names(nodes: Sequence[Node]) -> str:
    """Write the fields among some selections as a list of texts."""
    return ", ".join(f'"{node.name.value}"' for node in nodes if isinstance(node, FieldNode))


def _owner(slot: Slot, lineage: Sequence[Node], info: TypeInfo) -> tuple[str, str]:
    if isinstance(slot, ObjectFieldNode):
        type_ = get_named_type(info.get_parent_input_type())
        return "InputObject", type_.name if type_ is not None else ""
    above: Any = lineage[-2]
    return ("Directive" if isinstance(above, DirectiveNode) else "Field"), above.name.value


def _step(node: Node) -> list[str]:
    label: Callable[[Any], str] | None = _LABELS.get(type(node))
    return [] if label is None else [label(node)]


_LABELS: dict[type[Node], Callable[[Any], str]] = {
    OperationDefinitionNode: lambda node: " ".join([node.operation.value, *([node.name.value] if node.name else [])]),
    FragmentDefinitionNode: lambda node: f"fragment {node.name.value}",
    InlineFragmentNode: lambda node: f"... on {node.type_condition.name.value}" if node.type_condition else "...",
    FieldNode: lambda node: node.alias.value if node.alias else node.name.value,
    ArgumentNode: lambda node: node.name.value,
    ObjectFieldNode: lambda node: node.name.value,
}

"""Which values a table takes out of decoded nodes, a whole column at a time: the field map's paths, compiled once.

Here: walking structs. Not here: what the values must look like (``columns.py``) or who is rejected (``decode.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from shopify_pipeline.schemas.kinds import CONSTANT, NODE, OWNER, PARENT, POSITION, ROOT, Source, Table
from shopify_pipeline.schemas.shapes import Shape, attribute, steps_of


@dataclass(slots=True)
class Nodes:
    """Decoded nodes of one GraphQL type, in the order they were taken; all lists have one entry per node.

    Attributes:
        values: The structs.
        documents: Place of each node's document in the batch.
        roots: Numeric id of each node's root.
        parents: Gid of what holds each node; None for a root.
        positions: Place among the nodes of this type with the same parent, from 0.
        raws: JSON of each node.
    """

    values: list[Any] = field(default_factory=list)
    documents: list[int] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)
    parents: list[str | None] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    raws: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class _Items:
    """Items of one source: what they are, which node holds each, and the element whose inner list does."""

    values: list[Any]
    nodes: Sequence[int]
    owners: list[Any]
    positions: list[int]
    held: dict[tuple[str, ...], list[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Step:
    """One attribute, or several that cannot be null on the way; ``name`` tells it from others."""

    name: str
    get: Callable[[Any], Any]


Pull = Callable[[Nodes, _Items], list[Any]]


class TablePlan:
    """How one table's columns come out of the nodes of one source.

    Args:
        shape: What is read of the node's type, by all tables.
    """

    def __init__(self, table: Table, source: Source, shape: Shape) -> None:
        self.table = table
        self._steps = tuple(attribute(name) for name in steps_of(source))
        self._single = source.single
        owner = item = shape
        for name in steps_of(source):
            below = item.fields[name]
            owner, item = item, below if isinstance(below, Shape) else Shape()
        self._pulls = tuple(_pull(source.path(column), shape, owner, item) for column in table.columns)

    def columns(self, nodes: Nodes) -> tuple[list[list[Any]], Sequence[int]]:
        """Values by column, in the field map's order, and for every row the place of its node."""
        items = self._items(nodes)
        return [pull(nodes, items) for pull in self._pulls], items.nodes

    def _items(self, nodes: Nodes) -> _Items:
        if not self._steps:
            return _Items(nodes.values, range(len(nodes.values)), nodes.values, nodes.positions)
        items = _Items(nodes.values, range(len(nodes.values)), nodes.values, [])
        for place, step in enumerate(self._steps):
            items = _below(items, attrgetter(step), single=self._single and place == len(self._steps) - 1)
        return items


def _below(above: _Items, get: Callable[[Any], Any], *, single: bool) -> _Items:
    """The elements of one list of each element above; a list that is null holds nothing."""
    values: list[Any] = []
    nodes: list[int] = []
    owners: list[Any] = []
    positions: list[int] = []
    for node, owner in zip(above.nodes, above.values, strict=True):
        found = get(owner)
        if not found:
            continue
        for position, value in enumerate((found,) if single else found):
            values.append(value)
            nodes.append(node)
            owners.append(owner)
            positions.append(position)
    return _Items(values, nodes, owners, positions)


def _pull(path: str, shape: Shape, owner: Shape, item: Shape) -> Pull:
    if path.startswith(CONSTANT):
        constant = path.removeprefix(CONSTANT)
        return lambda nodes, items: [constant] * len(items.values)
    if path == ROOT:
        return lambda nodes, items: [nodes.roots[place] for place in items.nodes]
    if path == PARENT:
        return lambda nodes, items: [nodes.parents[place] for place in items.nodes]
    if path == POSITION:
        return lambda nodes, items: items.positions
    if path == ".":
        return lambda nodes, items: items.values
    if path.startswith(NODE):
        steps = _steps(path[1:], shape)
        return lambda nodes, items: _walked([nodes.values[place] for place in items.nodes], steps, {})
    if path.startswith(OWNER):
        steps = _steps(path[2:], owner)
        return lambda nodes, items: _walked(items.owners, steps, {})
    steps = _steps(path, item)
    return lambda nodes, items: _walked(items.values, steps, items.held)


def _steps(path: str, shape: Shape) -> tuple[_Step, ...]:
    """A path cut where something on the way may be null."""
    steps: list[_Step] = []
    joined: list[str] = []
    inner: Any = shape
    for part in path.split("."):
        name = part.split("[")[0]
        if "[" in part:
            steps += [*_joined(joined), _Step(part, _selector(part))]
            joined = []
        else:
            joined.append(attribute(name))
            if isinstance(inner, Shape) and inner.optional.get(name):
                steps += _joined(joined)
                joined = []
        inner = inner.fields.get(name) if isinstance(inner, Shape) else None
    return (*steps, *_joined(joined))


def _joined(names: Sequence[str]) -> list[_Step]:
    return [_Step(".".join(names), attrgetter(".".join(names)))] if names else []


def _selector(part: str) -> Callable[[Any], Any]:
    """The element of a list whose field has a value: ``quantities[name=available]``."""
    name, selector = part.rstrip("]").split("[")
    key, wanted = selector.split("=")
    return lambda value: next((one for one in getattr(value, name) if getattr(one, key) == wanted), None)


def _walked(values: list[Any], steps: tuple[_Step, ...], held: dict[tuple[str, ...], list[Any]]) -> list[Any]:
    """One value per start; null as soon as something on the way is. What columns have in common is walked once."""
    key: tuple[str, ...] = ()
    for place, step in enumerate(steps):
        key += (step.name,)
        known = held.get(key)
        if known is None:
            get = step.get
            known = list(map(get, values)) if place == 0 else [None if v is None else get(v) for v in values]
            held[key] = known
        values = known
    return values

"""The lines of a bulk file: those of one root together, and the orders Shopify writes them in.

Here: trees of lines. Not here: how a record becomes a line (``query.py``).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import Any

BLOCK_ROOTS = 100

Line = dict[str, Any]


@dataclass
class Tree:
    """The lines of one root: its own, and those of its descendants by depth."""

    line: Line
    levels: list[list[Line]] = field(default_factory=list)


def interleaved(trees: Iterable[Tree], seed: int) -> Iterator[tuple[Line, bool]]:
    """Order lines as Shopify may: a child comes after its parent, but not next to it. Gives (line, is a root)."""
    random = Random(seed)
    remaining = iter(trees)
    while block := list(islice(remaining, BLOCK_ROOTS)):
        yield from ((tree.line, True) for tree in block)
        for depth in range(max(len(tree.levels) for tree in block)):
            lines = [line for tree in block if depth < len(tree.levels) for line in tree.levels[depth]]
            random.shuffle(lines)
            yield from ((line, False) for line in lines)


def grouped(trees: Iterable[Tree]) -> Iterator[tuple[Line, bool]]:
    """Order lines with every root followed by its own descendants (``groupObjects: true``)."""
    for tree in trees:
        yield tree.line, True
        yield from ((line, False) for level in tree.levels for line in level)

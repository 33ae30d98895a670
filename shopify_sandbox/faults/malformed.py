"""How a record is spoiled on its way out: malformed amounts, currencies, ids and children.

Belongs here: the spoiling itself, on copies that leave the server. Which record is to be spoiled is in ``plan.py``.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

BAD_AMOUNT = "12.x4"
HUGE_NUMBER = 2**64 + 1
UNKNOWN_NUMBER = 1  # the world numbers its records from far above
MALFORMED_GID_TAIL = "not-a-number"


class Lines(Protocol):
    """The lines of one bulk root: its own, and those of its descendants by depth."""

    line: dict[str, Any]
    levels: list[list[dict[str, Any]]]


RootLines = TypeVar("RootLines", bound=Lines)


def spoiled(data: dict[str, Any], kinds: Sequence[str]) -> dict[str, Any]:
    """Spoil a projected root record in place, once for each kind."""
    for kind in kinds:
        if kind == "bad_money":
            _first_money(data, lambda money: money.update(amount=BAD_AMOUNT))
        elif kind == "missing_currency":
            _first_money(data, lambda money: money.pop("currencyCode"), needs="currencyCode")
        elif kind == "huge_id":
            _huge_id(data)
        else:
            _malform_child(data)
    return data


def spoiled_tree(tree: RootLines, kinds: Sequence[str]) -> RootLines:
    """Spoil the lines of a bulk root in place, once for each kind; children follow a spoiled id."""
    for kind in kinds:
        if kind == "orphan_child":
            if tree.levels:
                orphan = copy.deepcopy(tree.levels[0][0])
                orphan["__parentId"] = _renumbered(tree.line["id"], UNKNOWN_NUMBER)
                tree.levels[0].append(orphan)
            continue
        before = tree.line.get("id")
        spoiled(tree.line, [kind])
        for line in tree.levels[0] if tree.levels else ():
            if line["__parentId"] == before:
                line["__parentId"] = tree.line["id"]
    return tree


def _first_money(data: Any, spoil: Callable[[dict[str, Any]], Any], needs: str = "amount") -> bool:
    if isinstance(data, list):
        return any(_first_money(each, spoil, needs) for each in data)
    if not isinstance(data, dict):
        return False
    if "amount" in data and needs in data:
        spoil(data)
        return True
    return any(_first_money(each, spoil, needs) for each in data.values())


def _huge_id(data: dict[str, Any]) -> None:
    if "id" in data:
        data["id"] = _renumbered(data["id"], HUGE_NUMBER)
    if "legacyResourceId" in data:
        data["legacyResourceId"] = str(HUGE_NUMBER)


def _malform_child(data: dict[str, Any]) -> None:
    """Spoil the id of the first child in a connection: pages nest, so a child cannot name a wrong parent there."""
    for value in data.values():
        if not isinstance(value, dict):
            continue
        nodes = value.get("nodes") or [edge["node"] for edge in value.get("edges", ()) if "node" in edge]
        if nodes and "id" in nodes[0]:
            nodes[0]["id"] = _renumbered(nodes[0]["id"], MALFORMED_GID_TAIL)
            return


def _renumbered(gid: str, tail: int | str) -> str:
    return f"{gid.rsplit('/', 1)[0]}/{tail}"

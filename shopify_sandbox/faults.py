"""Planted faults: records that come out malformed, and requests that go wrong.

Belongs here: what is planted, until when, and how a record is spoiled. The world itself stays sound: a fault is put on
what leaves the server, so clearing it heals the record.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from shopify_sandbox.bulk_query import Tree
from shopify_sandbox.errors import SandboxError
from shopify_sandbox.state import read_json, write_json

MALFORMED_KINDS = ("bad_money", "missing_currency", "huge_id", "orphan_child")
ANSWER_KINDS = ("status", "reset", "throttled", "garbage")
REQUEST_KINDS = ("graphql", "bulk_download", "oauth", "any")
BAD_AMOUNT = "12.x4"
HUGE_NUMBER = 2**64 + 1
UNKNOWN_NUMBER = 1  # the world numbers its records from far above
MALFORMED_GID_TAIL = "not-a-number"
GARBAGE = "<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>"


@dataclass(frozen=True)
class Malformed:
    """One root record that leaves the server spoiled."""

    root: str
    gid: str
    kind: str


@dataclass(frozen=True)
class BadAnswer:
    """The next ``count`` requests of kind ``on`` are answered wrongly."""

    kind: str
    on: str
    count: int
    status: int | None = None


class Faults:
    """The planted faults of one sandbox, kept in a file; thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        content = read_json(path, {"malformed": [], "answers": []})
        self._malformed = [Malformed(**each) for each in content["malformed"]]
        self._answers = [BadAnswer(**each) for each in content["answers"]]

    def content(self) -> dict[str, list[dict[str, Any]]]:
        with self._lock:
            return {
                "malformed": [asdict(each) for each in self._malformed],
                "answers": [asdict(each) for each in self._answers],
            }

    def plant(self, content: Mapping[str, Any], gid_of: Callable[[str, str], str]) -> None:
        """Add faults to those already planted.

        Args:
            content: ``{"malformed": [{root, kind, id | name}], "answers": [{kind, on?, count?, status?}]}``.
            gid_of: Finds the gid of a record by (root, name).

        Raises:
            SandboxError: A kind, root or record is unknown; nothing was planted.
        """
        malformed = [_malformed(each, gid_of) for each in content.get("malformed", ())]
        answers = [_answer(each) for each in content.get("answers", ())]
        with self._lock:
            self._malformed += [each for each in malformed if each not in self._malformed]
            self._answers += answers
            self._save()

    def clear(self) -> None:
        with self._lock:
            self._malformed, self._answers = [], []
            self._save()

    def next_answer(self, request_kind: str) -> BadAnswer | None:
        """Use up one planted bad answer for a request of this kind, if there is one."""
        with self._lock:
            for place, planted in enumerate(self._answers):
                if planted.on not in (request_kind, "any") or (
                    planted.kind == "throttled" and request_kind != "graphql"
                ):
                    continue
                if planted.count > 1:
                    self._answers[place] = BadAnswer(planted.kind, planted.on, planted.count - 1, planted.status)
                else:
                    del self._answers[place]
                self._save()
                return planted
        return None

    def spoil_page(self) -> Callable[[str, dict[str, Any]], dict[str, Any]] | None:
        """Give what spoils a projected root record, or None when no record is to be spoiled."""
        kinds = self._kinds()
        return None if not kinds else lambda gid, data: _spoiled(data, kinds.get(gid, ()))

    def spoil_bulk(self) -> Callable[[Tree], Tree]:
        """Give what spoils the lines of a bulk root; a root without a planted fault passes unchanged."""
        kinds = self._kinds()
        return lambda tree: _spoiled_tree(tree, kinds.get(tree.line.get("id", ""), ()))

    def _kinds(self) -> dict[str, list[str]]:
        kinds: dict[str, list[str]] = {}
        with self._lock:
            for each in self._malformed:
                kinds.setdefault(each.gid, []).append(each.kind)
        return kinds

    def _save(self) -> None:
        write_json(
            self._path,
            {
                "malformed": [asdict(each) for each in self._malformed],
                "answers": [asdict(each) for each in self._answers],
            },
        )


def _malformed(given: Mapping[str, Any], gid_of: Callable[[str, str], str]) -> Malformed:
    root, kind = str(given.get("root")), given.get("kind")
    if kind not in MALFORMED_KINDS:
        raise SandboxError(f"unknown kind of malformed record {kind!r}; known: {', '.join(MALFORMED_KINDS)}")
    if not given.get("id") and not given.get("name"):
        raise SandboxError("a malformed record needs an id (gid) or a name")
    return Malformed(root, given.get("id") or gid_of(root, str(given["name"])), kind)


def _answer(given: Mapping[str, Any]) -> BadAnswer:
    planted = BadAnswer(
        str(given.get("kind")), given.get("on", "graphql"), int(given.get("count", 1)), given.get("status")
    )
    if planted.kind not in ANSWER_KINDS:
        raise SandboxError(f"unknown kind of answer {planted.kind!r}; known: {', '.join(ANSWER_KINDS)}")
    if planted.on not in REQUEST_KINDS:
        raise SandboxError(f"unknown kind of request {planted.on!r}; known: {', '.join(REQUEST_KINDS)}")
    if planted.kind == "throttled" and planted.on != "graphql":
        raise SandboxError("only graphql requests can be throttled")
    if planted.count < 1 or (planted.kind == "status") != (planted.status is not None):
        raise SandboxError("an answer needs count >= 1, and a status exactly when its kind is status")
    return planted


def _spoiled(data: dict[str, Any], kinds: list[str] | tuple[str, ...]) -> dict[str, Any]:
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


def _spoiled_tree(tree: Tree, kinds: list[str] | tuple[str, ...]) -> Tree:
    for kind in kinds:
        if kind == "orphan_child":
            if tree.levels:
                orphan = copy.deepcopy(tree.levels[0][0])
                orphan["__parentId"] = _renumbered(tree.line["id"], UNKNOWN_NUMBER)
                tree.levels[0].append(orphan)
            continue
        before = tree.line.get("id")
        _spoiled(tree.line, [kind])
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

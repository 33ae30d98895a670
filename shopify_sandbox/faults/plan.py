"""Planted faults as data: what goes wrong, on which request, how often; and the log of what did.

Belongs here: the plan, its file, and who is hit next. The world itself stays sound: a fault is put on what leaves the
server, so clearing it heals everything. What kinds there are is in ``kinds.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from random import Random
from threading import Lock
from time import time
from typing import Any, TypeVar

import msgspec

from shopify_sandbox.errors import SandboxError
from shopify_sandbox.faults.kinds import kinds
from shopify_sandbox.faults.malformed import RootLines, spoiled, spoiled_tree
from shopify_sandbox.state import JsonLines, read_json, write_json

REQUEST_KINDS = ("graphql", "bulk_download", "oauth", "any")
#: Kinds that change what GraphQL answers; other requests have nothing they could change.
GRAPHQL_KINDS = frozenset({"throttled", "partial", "internal_error", "string_errors"})


class Planted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A fault and when it strikes: scripted (``nth``, ``count``), or drawn (``rate``) from the plan's seed.

    Attributes:
        operation: Name of the only GraphQL operation it strikes; None: any.
        nth: The first of the requests it fits that is hit, from 1.
        count: How many are hit in a row; the fault is then used up.
        rate: Share of the requests it fits that are hit, until it is cleared; in place of nth and count.
        seen: How many requests it fitted so far.
    """

    kind: str
    operation: str | None = None
    nth: int = 1
    count: int = 1
    rate: float | None = None
    seen: int = 0

    def hits(self, seed: int) -> bool:
        """Whether the next request it fits is hit; the same plan and requests give the same hits."""
        if self.rate is None:
            return self.seen + 1 >= self.nth
        return Random(f"{seed}/{self.kind}/{self.operation}/{self.seen}").random() < self.rate

    @property
    def used_up(self) -> bool:
        return self.rate is None and self.seen >= self.nth + self.count - 1


class BadAnswer(Planted, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A request of kind ``on`` is answered wrongly.

    Attributes:
        status: HTTP status, for the kind ``status`` alone.
        retry_after: Text of the Retry-After header beside a status.
        seconds: How far a skewed date is off; ahead when positive.
    """

    on: str = "graphql"
    status: int | None = None
    retry_after: str | None = None
    seconds: float = 600.0


class BulkFault(Planted, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A bulk operation goes wrong.

    Attributes:
        error_code: ``BulkOperationErrorCode``, for the kind ``failed`` alone.
        share: Share of the rows that were written before it did.
    """

    error_code: str | None = None
    share: float = 0.5


class Malformed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One root record that leaves the server spoiled, until cleared."""

    root: str
    gid: str
    kind: str


AnyPlanted = TypeVar("AnyPlanted", BadAnswer, BulkFault)


class _Plan(msgspec.Struct):
    malformed: list[Malformed] = []
    answers: list[BadAnswer] = []
    bulk: list[BulkFault] = []
    seed: int = 0


class Faults:
    """The planted faults of one sandbox, kept in a file; thread-safe.

    Args:
        log: Takes one entry for each hit.
        now: The world's clock, UTC.
    """

    def __init__(self, path: Path, *, log: JsonLines, now: Callable[[], datetime]) -> None:
        self.log = log
        self._path = path
        self._now = now
        self._lock = Lock()
        self._plan = msgspec.convert(read_json(path, {}), _Plan)

    def content(self) -> dict[str, Any]:
        """The plan as it stands: used up faults are gone, the others say how many requests they have seen."""
        with self._lock:
            content: dict[str, Any] = msgspec.to_builtins(self._plan)
            return content

    def plant(self, content: Mapping[str, Any], gid_of: Callable[[str, str], str]) -> None:
        """Add faults to those already planted.

        Args:
            content: ``{"seed": …, "answers": [BadAnswer …], "bulk": [BulkFault …], "malformed": [{root, kind,
                id | name} …]}``, every section optional.
            gid_of: Finds the gid of a record by (root, name).

        Raises:
            SandboxError: A section, kind, root or record is unknown, or a value is wrong; nothing was planted.
        """
        unknown = sorted(set(content) - set(_Plan.__struct_fields__))
        if unknown:
            raise SandboxError(f"unknown section {unknown[0]!r}; known: {', '.join(_Plan.__struct_fields__)}")
        malformed = [_malformed(each, gid_of) for each in content.get("malformed", ())]
        answers = [_answer(each) for each in content.get("answers", ())]
        bulk = [_bulk(each) for each in content.get("bulk", ())]
        with self._lock:
            self._plan.seed = int(content.get("seed", self._plan.seed))
            self._plan.malformed += [each for each in malformed if each not in self._plan.malformed]
            self._plan.answers += answers
            self._plan.bulk += bulk
            self._save()

    def clear(self) -> None:
        """Take every fault away; the log of hits stays."""
        with self._lock:
            self._plan = _Plan()
            self._save()

    def next_answer(self, request: str, operation: str | None = None) -> BadAnswer | None:
        """Give the fault that hits this request, if one does.

        Args:
            request: One of ``REQUEST_KINDS``.
            operation: Name of the GraphQL operation.
        """

        def fits(each: BadAnswer) -> bool:
            return each.on in (request, "any") and not (each.kind in GRAPHQL_KINDS and request != "graphql")

        hit = self._next(self._plan.answers, fits, operation)
        if hit is not None:
            self.record("answers", hit.kind, request=request, operation=operation)
        return hit

    def next_bulk(self, name: str | None) -> BulkFault | None:
        """Give the fault that hits a new bulk operation, if one does.

        Args:
            name: Name of the query's operation.
        """
        hit = self._next(self._plan.bulk, lambda each: True, name)
        if hit is not None:
            self.record("bulk", hit.kind, request="bulk", operation=name)
        return hit

    def spoil_page(self) -> Callable[[str, dict[str, Any]], dict[str, Any]] | None:
        """Give what spoils a projected root record, or None when no record is to be spoiled."""
        planted = self._spoiled_records()

        def spoil(gid: str, data: dict[str, Any]) -> dict[str, Any]:
            return spoiled(data, self._recorded(planted.get(gid, ()), "graphql"))

        return spoil if planted else None

    def spoil_bulk(self) -> Callable[[RootLines], RootLines] | None:
        """Give what spoils the lines of a bulk root, or None when no record is to be spoiled."""
        planted = self._spoiled_records()

        def spoil(tree: RootLines) -> RootLines:
            return spoiled_tree(tree, self._recorded(planted.get(tree.line.get("id", ""), ()), "bulk"))

        return spoil if planted else None

    def record(self, section: str, kind: str, *, request: str, operation: str | None = None) -> None:
        """Append one hit to the log; it holds names, never content."""
        self.log.append(
            {
                "world_time": self._now().strftime("%Y-%m-%dT%H:%M:%SZ"),
                "wall_time": time(),
                "section": section,
                "fault": kind,
                "request": request,
                "operation": operation,
            }
        )

    def _recorded(self, planted: Sequence[str], request: str) -> Sequence[str]:
        for kind in planted:
            self.record("malformed", kind, request=request)
        return planted

    def _spoiled_records(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        with self._lock:
            for each in self._plan.malformed:
                found.setdefault(each.gid, []).append(each.kind)
        return found

    def _next(
        self, planted: list[AnyPlanted], fits: Callable[[AnyPlanted], bool], operation: str | None
    ) -> AnyPlanted | None:
        with self._lock:
            found, changed = None, False
            for place, each in enumerate(planted):
                if not fits(each) or each.operation not in (None, operation):
                    continue
                changed = True
                planted[place] = met = msgspec.structs.replace(each, seen=each.seen + 1)
                if each.hits(self._plan.seed):
                    # The first to hit has the request to itself: what was planted after it has not seen it.
                    found = each
                    if met.used_up:
                        del planted[place]
                    break
            if changed:
                self._save()
            return found

    def _save(self) -> None:
        write_json(self._path, msgspec.to_builtins(self._plan))


def _malformed(given: Mapping[str, Any], gid_of: Callable[[str, str], str]) -> Malformed:
    root, kind = str(given.get("root")), given.get("kind")
    if kind not in kinds("malformed"):
        raise SandboxError(f"unknown kind of malformed record {kind!r}; known: {', '.join(kinds('malformed'))}")
    if not given.get("id") and not given.get("name"):
        raise SandboxError("a malformed record needs an id (gid) or a name")
    return Malformed(root, given.get("id") or gid_of(root, str(given["name"])), kind)


def _answer(given: Mapping[str, Any]) -> BadAnswer:
    planted = _converted(given, BadAnswer, "answer", kinds("answers"))
    if planted.on not in REQUEST_KINDS:
        raise SandboxError(f"unknown kind of request {planted.on!r}; known: {', '.join(REQUEST_KINDS)}")
    if planted.kind in GRAPHQL_KINDS and planted.on != "graphql":
        raise SandboxError(f"only graphql requests can be answered {planted.kind}")
    if (planted.kind == "status") != (planted.status is not None):
        raise SandboxError("an answer needs a status exactly when its kind is status")
    if planted.status is not None and not 400 <= planted.status <= 599:
        raise SandboxError(f"a status must be between 400 and 599, not {planted.status}")
    return planted


def _bulk(given: Mapping[str, Any]) -> BulkFault:
    planted = _converted(given, BulkFault, "bulk operation", kinds("bulk"))
    if not 0 <= planted.share <= 1:
        raise SandboxError(f"a share must be between 0 and 1, not {planted.share}")
    return planted


def _converted(given: Mapping[str, Any], into: type[AnyPlanted], name: str, known: tuple[str, ...]) -> AnyPlanted:
    try:
        planted = msgspec.convert(given, into)
    except msgspec.ValidationError as exc:
        raise SandboxError(f"{name}: {exc}") from exc
    if planted.kind not in known:
        raise SandboxError(f"unknown kind of {name} {planted.kind!r}; known: {', '.join(known)}")
    if planted.nth < 1 or planted.count < 1 or not 0 <= (planted.rate or 0) <= 1:
        raise SandboxError(f"{name}: nth and count must be at least 1, a rate between 0 and 1")
    return planted

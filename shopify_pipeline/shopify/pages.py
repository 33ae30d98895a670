"""Reading by pages: a window of roots with everything nested in them, drained to the end.

Here: walking connections and proving that none is cut short. Not here: what is done with the bodies, or why a
window was chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, TypeVar

from shopify_pipeline.errors import IncompleteError, PipelineError, QueryCostError, SlowAnswerError, TransientError
from shopify_pipeline.schemas.records import is_exact_gid, node_type
from shopify_pipeline.shopify.answers import Answer
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.nested import FILTERED, Node, open_connections
from shopify_pipeline.shopify.pace import Pace
from shopify_pipeline.shopify.queries import operation
from shopify_pipeline.shopify.streams import READINGS, RootReading
from shopify_pipeline.shopify.whole import check_lists, refunds_named
from shopify_pipeline.shopify.windows import PAGED_ROOTS_MAX, WINDOW_ROOTS_MAX, Window, crowded, cut

T = TypeVar("T")

PAGE_SIZE_MIN = 5
NESTED_PAGE_SIZE = 100
NODES_CHUNK = 50
REREADS_MAX = 3

#: Where a node below a root names the root it belongs to.
_CARRIERS = ("order", "product")


@dataclass(frozen=True)
class Body:
    """One answer to be landed as it came.

    Attributes:
        kind: ``page``: roots with what is nested in them, under the root connection or (read by id) the list ``nodes``.
            ``detail``: ``nodes`` of orders with only id, updatedAt and what a bulk operation cannot carry.
            ``nested``: ``node`` with one connection continued.
        roots: How many roots are in it.
        versions: Gid and ``updatedAt`` of the roots in it that have one.
    """

    kind: Literal["page", "detail", "nested"]
    operation: str
    query_hash: str
    api_version: str
    raw: bytes
    roots: int
    versions: tuple[tuple[str, str], ...] = ()


class PageReader:
    """Reads pages of one shop.

    Args:
        page_size: Roots per page to begin with; halved for good when Shopify finds a page too dear or too slow.
        progress: Told one line per page.
    """

    def __init__(self, api: AdminApi, *, page_size: int, progress: Callable[[str], None]) -> None:
        self._api = api
        self._page_size = page_size
        self._bearable: dict[str, int] = {}
        self._progress = progress

    def by_id(self, stream: str, gids: Iterable[str]) -> Iterator[Body]:
        """Read these roots of a stream, whole; one that is gone leaves nothing behind.

        Raises:
            TransientError: As ``window``.
        """
        by_operation: dict[str, list[str]] = {}
        for gid in gids:
            by_operation.setdefault(READINGS[stream].by_id(node_type(gid)), []).append(gid)
        for document, wanted in by_operation.items():
            yield from self._by_id(document, wanted, 0)

    def count(self, reading: RootReading, query: str | None, *, limit: int | None = None) -> int:
        """Count roots; ``limit`` or more are said to be that many, and without one no more than 25,001."""
        if reading.count is None:
            raise AssertionError(f"Shopify does not count {reading.root}")
        answer = self._api.execute(operation(reading.count), {"query": query, "limit": limit})
        counted: int = answer.data[f"{reading.root}Count"]["count"]
        return counted

    def has_any(self, reading: RootReading, window: Window) -> bool:
        """Whether a window holds any root."""
        answer = next(self._connection(reading.page, reading.root, {"query": window.query}, 1), None)
        if answer is None:
            return False
        nodes: list[Node] = (_found(answer.data, reading.root) or {})["nodes"]
        inner = reading.inner
        return any(node[inner]["nodes"] for node in nodes) if inner is not None else bool(nodes)

    def window(self, reading: RootReading, window: Window, *, counted: int | None) -> Iterator[Body]:
        """Read every root of a window, whole; cut into parts when it holds more than pages reach.

        Args:
            counted: How many roots the window holds, as just counted; None where Shopify counts none.

        Raises:
            CrowdedSecondError: One second holds more than pages reach.
            IncompleteError: The paging is broken: it would repeat itself or lose its place, or a list is cut short.
            TransientError: A root changed each time it was read, or vanished meanwhile; read the window again.
        """
        if counted is None:
            yield from self._part(reading, window, "")
            return
        for part in cut(window, counted, lambda part: self.count(reading, part.query), roots_max=WINDOW_ROOTS_MAX):
            yield from self._part(reading, part, f" of about {counted}")

    def _part(self, reading: RootReading, window: Window, of: str) -> Iterator[Body]:
        """Read a window that pages should reach the end of; one that was not counted is halved when they do not."""
        read, pace = 0, Pace(self._api.clock)
        for answer in self._connection(reading.page, reading.root, {"query": window.query}, self._page_size):
            nodes: list[Node] = (_found(answer.data, reading.root) or {})["nodes"]
            read += len(nodes)
            self._progress(f"{reading.root}: {read}{of} read by pages{pace.of(read)}")
            yield from self._whole(reading.by_id, _page(reading, answer, nodes), nodes, 0, window.query)
            if reading.detail is not None:
                exact = [node for node in nodes if is_exact_gid(node["id"])]
                versions = [(node["id"], node["updatedAt"]) for node in exact]
                yield from self.details(reading.detail, reading.by_id, versions)
            if read >= PAGED_ROOTS_MAX:
                break
        else:
            return
        if reading.count is not None:
            raise IncompleteError(f"{reading.root}: a window grew beyond what pages reach while it was read")
        halves = window.halves()
        if halves is None:
            raise crowded(window, read)
        for half in halves:
            yield from self._part(reading, half, "")

    def details(
        self, document: str, by_id: str, versions: Iterable[tuple[str, str]], given: Mapping[str, object] | None = None
    ) -> Iterator[Body]:
        """Read what a bulk operation or a page does not carry of these roots.

        A root that has changed since it was seen is read anew and whole: its parts belong to one version.

        Args:
            document: Operation that reads it.
            by_id: Operation that reads such roots whole.
            versions: Gid and ``updatedAt`` of each root, as they were seen.
            given: What the operation wants to know beside the gids.
        """
        expected = dict(versions)
        seen, pace = 0, Pace(self._api.clock)
        for gids, answer in self._nodes(document, list(expected), given or {}):
            nodes = dict(zip(gids, answer.data["nodes"], strict=True))
            moved = [gid for gid, node in nodes.items() if node and node["updatedAt"] != expected[gid]]
            seen += len(gids)
            self._progress(f"{document}: {seen} of {len(expected)} read{pace.of(seen, len(expected))}")
            if moved:
                yield from self._by_id(by_id, moved, 1)
                kept = [(gid, expected[gid]) for gid in gids if gid not in moved]
                yield from self.details(document, by_id, kept, given)
            else:
                present = [node for node in nodes.values() if node]
                yield from self._whole(by_id, _body("detail", answer, 0), present, 0)

    def _by_id(self, document: str, gids: Sequence[str], rereads: int) -> Iterator[Body]:
        for _, answer in self._nodes(document, gids, {}):
            present = [node for node in answer.data["nodes"] if node]
            body = _body("page", answer, len(present), _versions(present))
            yield from self._whole(document, body, present, rereads)

    def _nodes(
        self, document: str, gids: Sequence[str], given: Mapping[str, object]
    ) -> Iterator[tuple[list[str], Answer]]:
        """Ask for nodes by id, in chunks; a chunk that is too dear or too slow is halved."""
        pending = list(_chunks(gids, NODES_CHUNK))[::-1]
        while pending:
            chunk = pending.pop()
            try:
                answer = self._api.execute(operation(document), {**given, "ids": chunk})
            except (QueryCostError, SlowAnswerError):
                if len(chunk) == 1:
                    raise
                pending += list(_chunks(chunk, (len(chunk) + 1) // 2))[::-1]
            else:
                yield chunk, answer

    def _whole(
        self, by_id: str, body: Body, nodes: Sequence[Node], rereads: int, query: str | None = None
    ) -> Iterator[Body]:
        """Give a body with all continuations of its roots; roots that changed in between are read anew, whole.

        What was given of such a root stays landed: it is an older version of it, which the newer one supersedes.

        Args:
            query: The filter of a connection whose nodes are roots of their own.
        """
        yield body
        moved: list[str] = []
        for node in nodes:
            unmoved = yield from self._rest(node, query)
            if not unmoved:
                moved.append(node["id"])
        if not moved:
            return
        if rereads == REREADS_MAX:
            raise TransientError(f"{moved[0]} changed each time it was read: the next run reads the window again")
        yield from self._by_id(by_id, moved, rereads + 1)

    def _rest(self, root: Node, query: str | None) -> Generator[Body, None, bool]:
        """Give everything nested in a root that its page cut short; returns False when the root changed meanwhile."""
        pending = list(open_connections(root))
        refunds = refunds_named(root)
        while pending:
            opened = pending.pop()
            if not is_exact_gid(opened.owner_id):
                continue
            variables = opened.variables() | ({"query": query} if opened.operation in FILTERED else {})
            answer, _ = self._sized(opened.operation, variables, NESTED_PAGE_SIZE)
            owner = answer.data["node"]
            if owner is None:
                raise TransientError(
                    f"{opened.owner_id} vanished while it was read: the next run reads the window again"
                )
            if not _is_of_version(owner, root):
                return False
            yield _body("nested", answer, len(owner["inventoryLevels"]["nodes"]) if "inventoryLevels" in owner else 0)
            refunds |= refunds_named(owner)
            going_on = list(open_connections(owner, opened))
            if opened in going_on:
                raise IncompleteError(
                    f"{opened.operation} gives the same cursor again: its connection cannot be drained"
                )
            pending += going_on
        check_lists(root, refunds)
        return True

    def _connection(self, document: str, root: str, variables: Mapping[str, object], size: int) -> Iterator[Answer]:
        after: str | None = None
        while True:
            answer, size = self._sized(document, {**variables, "after": after}, size)
            connection = _found(answer.data, root)
            if connection is None:
                return
            yield answer
            after = next_cursor(document, connection, after)
            if after is None:
                return

    def _sized(self, document: str, variables: Mapping[str, object], size: int) -> tuple[Answer, int]:
        size = min(size, self._bearable.get(document, size))
        while True:
            try:
                return self._api.execute(operation(document), {**variables, "first": size}), size
            except (QueryCostError, SlowAnswerError) as exc:
                if size <= PAGE_SIZE_MIN:
                    raise _unbearable(exc, document, size) from exc
                size = self._bearable[document] = max(PAGE_SIZE_MIN, size // 2)
                self._progress(f"{document}: too dear or too slow, going on with pages of {size}")


def _unbearable(exc: QueryCostError | SlowAnswerError, document: str, size: int) -> PipelineError:
    if isinstance(exc, QueryCostError):
        return QueryCostError(f"{document}: even a page of {size} costs more than Shopify allows: it must select less")
    return SlowAnswerError(f"{document}: even a page of {size} is not answered in time: the next run reads it again")


def next_cursor(document: str, connection: Node, after: str | None) -> str | None:
    """Where the next page begins; None at the end.

    Raises:
        IncompleteError: There is more, but the page does not say where, or where it began itself.
    """
    info = connection["pageInfo"]
    if not info["hasNextPage"]:
        return None
    cursor: str | None = info["endCursor"]
    if cursor is None or cursor == after:
        raise IncompleteError(f"{document} promises more but gives no new cursor: the rest cannot be read")
    return cursor


def _found(data: Node, root: str) -> Node | None:
    """The connection at a dotted place; None when what holds it is not there."""
    found: Node | None = data
    for name in root.split("."):
        found = None if found is None else found[name]
    return found


def _is_of_version(owner: Node, root: Node) -> bool:
    """Whether a continuation was read of the root's version, as far as anything tells."""
    carrier = next((owner[name] for name in _CARRIERS if owner.get(name)), owner)
    return "updatedAt" not in carrier or bool(carrier["updatedAt"] == root["updatedAt"])


def _page(reading: RootReading, answer: Answer, nodes: Sequence[Node]) -> Body:
    """A page of a root connection; nodes that only hold roots are none themselves."""
    inner = sum(len(node[reading.inner]["nodes"]) for node in nodes) if reading.inner else 0
    if reading.holders or "." in reading.root:
        return _body("nested", answer, inner if reading.holders else len(nodes))
    return _body("page", answer, len(nodes) + inner, _versions(nodes))


def _versions(nodes: Iterable[Node]) -> tuple[tuple[str, str], ...]:
    return tuple((node["id"], node["updatedAt"]) for node in nodes if "updatedAt" in node)


def _body(
    kind: Literal["page", "detail", "nested"],
    answer: Answer,
    roots: int,
    versions: tuple[tuple[str, str], ...] = (),
) -> Body:
    return Body(kind, answer.operation, answer.query_hash, answer.api_version, answer.raw, roots, versions)


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk

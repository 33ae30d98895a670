"""Reading by pages: a window of roots with everything nested in them, drained to the end.

Here: walking connections and proving that none is cut short. Not here: what is done with the bodies, or why a
window was chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, TypeVar

from shopify_pipeline.errors import IncompleteError, PipelineError, QueryCostError, SlowAnswerError, TransientError
from shopify_pipeline.shopify.answers import Answer
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.queries import operation
from shopify_pipeline.shopify.streams import BY_ID, StreamReading
from shopify_pipeline.shopify.whole import check_lists, refunds_named
from shopify_pipeline.shopify.windows import PAGED_ROOTS_MAX, WINDOW_ROOTS_MAX, Window, cut

Node = dict[str, Any]
T = TypeVar("T")

PAGE_SIZE_MIN = 5
NESTED_PAGE_SIZE = 100
NODES_CHUNK = 50
REREADS_MAX = 3

#: Nested connection → the operation that continues it from ``node(id:)``.
_CONTINUATIONS = {
    "lineItems": "OrderLineItems",
    "shippingLines": "OrderShippingLines",
    "agreements": "OrderAgreements",
    "sales": "OrderSales",
    "refundLineItems": "RefundLineItems",
    "refundShippingLines": "RefundShippingLines",
    "orderAdjustments": "RefundAdjustments",
    "fulfillmentLineItems": "FulfillmentLines",
    "addressesV2": "CustomerAddresses",
    "variants": "ProductVariants",
}


@dataclass(frozen=True)
class Body:
    """One answer to be landed as it came.

    Attributes:
        kind: ``page``: roots with what is nested in them, under the root connection or (read by id) the list ``nodes``.
            ``detail``: ``nodes`` of orders with only id, updatedAt and what a bulk operation cannot carry.
            ``nested``: ``node`` with one connection continued.
        roots: How many roots are in it.
    """

    kind: Literal["page", "detail", "nested"]
    operation: str
    query_hash: str
    api_version: str
    raw: bytes
    roots: int


@dataclass(frozen=True)
class _Open:
    """A nested connection that goes on: what continues it.

    Attributes:
        agreement_after: Cursor of the agreement before the one whose sales go on.
    """

    operation: str
    owner_id: str
    after: str
    agreement_after: str | None = None

    def agreement_before(self) -> str | None:
        """Cursor of the agreement before the first one in the continuation."""
        return self.agreement_after if self.operation == "OrderSales" else self.after

    def variables(self) -> dict[str, object]:
        said: dict[str, object] = {"id": self.owner_id, "after": self.after}
        return said | {"agreementAfter": self.agreement_after} if self.operation == "OrderSales" else said


def is_exact_gid(gid: str) -> bool:
    """Whether Shopify can be asked for this id. A root with a mangled one is quarantined later; the others are read."""
    number = gid.partition("?")[0].rpartition("/")[2]
    return gid.startswith("gid://shopify/") and number.isascii() and number.isdigit() and int(number) < 2**63


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
        yield from self._by_id(BY_ID[stream], list(gids), 0)

    def count(self, reading: StreamReading, query: str | None, *, limit: int | None = None) -> int:
        """Count roots; ``limit`` or more are said to be that many, and without one no more than 25,001."""
        answer = self._api.execute(operation(reading.count), {"query": query, "limit": limit})
        counted: int = answer.data[f"{reading.root}Count"]["count"]
        return counted

    def window(self, reading: StreamReading, window: Window, *, counted: int) -> Iterator[Body]:
        """Read every root of a window, whole; cut into parts when it holds more than pages reach.

        Args:
            counted: How many roots the window holds, as just counted.

        Raises:
            CrowdedSecondError: One second holds more than pages reach.
            IncompleteError: The paging is broken: it would repeat itself or lose its place, or a list is cut short.
            TransientError: A root changed each time it was read, or vanished meanwhile; read the window again.
        """
        parts = cut(window, counted, lambda part: self.count(reading, part.query), roots_max=WINDOW_ROOTS_MAX)
        read = 0
        for part in parts:
            in_part = 0
            for answer in self._connection(reading.page, reading.root, {"query": part.query}, self._page_size):
                nodes: list[Node] = answer.data[reading.root]["nodes"]
                in_part += len(nodes)
                self._progress(f"{reading.root}: {read + in_part} of about {counted} read by pages")
                yield from self._whole(BY_ID[reading.root], _body("page", answer, len(nodes)), nodes, 0)
            if in_part >= PAGED_ROOTS_MAX:
                raise IncompleteError(f"{reading.root}: a window grew beyond what pages reach while it was read")
            read += in_part

    def roots_only(self, document: str, root: str, query: str | None = None) -> Iterator[tuple[Body, list[Node]]]:
        """Read a root connection whose nodes nest nothing; each page with its nodes."""
        variables = {} if query is None else {"query": query}
        for answer in self._connection(document, root, variables, self._page_size):
            nodes: list[Node] = answer.data[root]["nodes"]
            yield _body("page", answer, len(nodes)), nodes

    def under(self, document: str, owner_id: str, connection: str, query: str) -> Iterator[Body]:
        """Read one connection of one node, filtered; its nodes are roots of their own."""
        after: str | None = None
        size = self._page_size
        while True:
            variables = {"id": owner_id, "query": query, "after": after}
            answer, size = self._sized(document, variables, size)
            owner = answer.data["node"]
            if owner is None:
                raise TransientError(f"{owner_id} vanished while {connection} was read: the next run reads again")
            yield _body("nested", answer, len(owner[connection]["nodes"]))
            after = next_cursor(document, owner[connection], after)
            if after is None:
                return

    def details(self, reading: StreamReading, versions: Iterable[tuple[str, str]]) -> Iterator[Body]:
        """Read what a bulk operation cannot carry for these roots.

        A root that has changed since the bulk operation saw it is read anew and whole: its parts belong to one version.

        Args:
            versions: Gid and ``updatedAt`` of each root, as the bulk operation gave them.
        """
        if reading.detail is None:
            return
        expected = dict(versions)
        seen = 0
        for gids, answer in self._nodes(reading.detail, list(expected)):
            given = dict(zip(gids, answer.data["nodes"], strict=True))
            moved = [gid for gid, node in given.items() if node and node["updatedAt"] != expected[gid]]
            seen += len(gids)
            self._progress(f"{reading.root}: details of {seen} of {len(expected)} read")
            if moved:
                yield from self._by_id(BY_ID[reading.root], moved, 1)
                yield from self.details(reading, [(gid, expected[gid]) for gid in gids if gid not in moved])
            else:
                present = [node for node in given.values() if node]
                yield from self._whole(BY_ID[reading.root], _body("detail", answer, 0), present, 0)

    def _by_id(self, document: str, gids: Sequence[str], rereads: int) -> Iterator[Body]:
        for _, answer in self._nodes(document, gids):
            present = [node for node in answer.data["nodes"] if node]
            yield from self._whole(document, _body("page", answer, len(present)), present, rereads)

    def _nodes(self, document: str, gids: Sequence[str]) -> Iterator[tuple[list[str], Answer]]:
        """Ask for nodes by id, in chunks; a chunk that is too dear or too slow is halved."""
        pending = list(_chunks(gids, NODES_CHUNK))[::-1]
        while pending:
            chunk = pending.pop()
            try:
                answer = self._api.execute(operation(document), {"ids": chunk})
            except (QueryCostError, SlowAnswerError):
                if len(chunk) == 1:
                    raise
                pending += list(_chunks(chunk, (len(chunk) + 1) // 2))[::-1]
            else:
                yield chunk, answer

    def _whole(self, by_id: str, body: Body, nodes: Sequence[Node], rereads: int) -> Iterator[Body]:
        """Give a body with all continuations of its roots; roots that changed in between are read anew, whole.

        What was given of such a root stays landed: it is an older version of it, which the newer one supersedes.
        """
        yield body
        moved: list[str] = []
        for node in nodes:
            unmoved = yield from self._rest(node)
            if not unmoved:
                moved.append(node["id"])
        if not moved:
            return
        if rereads == REREADS_MAX:
            raise TransientError(f"{moved[0]} changed each time it was read: the next run reads the window again")
        yield from self._by_id(by_id, moved, rereads + 1)

    def _rest(self, root: Node) -> Generator[Body, None, bool]:
        """Give everything nested in a root that its page cut short; returns False when the root changed meanwhile."""
        pending = list(_open_connections(root))
        refunds = refunds_named(root)
        while pending:
            opened = pending.pop()
            if not is_exact_gid(opened.owner_id):
                continue
            answer, _ = self._sized(opened.operation, opened.variables(), NESTED_PAGE_SIZE)
            owner = answer.data["node"]
            if owner is None:
                raise TransientError(
                    f"{opened.owner_id} vanished while it was read: the next run reads the window again"
                )
            if (owner.get("order") or owner)["updatedAt"] != root["updatedAt"]:
                return False
            yield _body("nested", answer, 0)
            refunds |= refunds_named(owner)
            going_on = list(_open_connections(owner, opened))
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
            yield answer
            after = next_cursor(document, answer.data[root], after)
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


def _open_connections(node: Node, continued: _Open | None = None) -> Iterator[_Open]:
    """Find every nested connection that goes on, however deep.

    Args:
        continued: What the node continues: the agreement before its first one is where that began.
    """
    before = continued.agreement_before() if continued else None
    for name, value in node.items():
        if isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    yield from _open_connections(item)
        elif isinstance(value, dict) and "nodes" in value:
            if value.get("pageInfo", {}).get("hasNextPage"):
                yield _Open(_CONTINUATIONS[name], node["id"], value["pageInfo"]["endCursor"])
            if name == "agreements":
                yield from _open_sales(node["id"], value, before)
            else:
                for child in value["nodes"]:
                    yield from _open_connections(child)


def _open_sales(order_id: str, agreements: Node, before: str | None) -> Iterator[_Open]:
    befores = [before, *(edge["cursor"] for edge in agreements.get("edges", ()))]
    for agreement, agreement_after in zip(agreements["nodes"], befores, strict=False):
        info = agreement["sales"]["pageInfo"]
        if info["hasNextPage"]:
            yield _Open("OrderSales", order_id, info["endCursor"], agreement_after)


def _body(kind: Literal["page", "detail", "nested"], answer: Answer, roots: int) -> Body:
    return Body(kind, answer.operation, answer.query_hash, answer.api_version, answer.raw, roots)


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk

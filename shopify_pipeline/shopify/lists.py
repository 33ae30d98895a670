"""Plain lists read to their end by pages: every node of one connection, and one connection of nodes known by id.

Here: asking page by page, and proving that nothing is left behind. Not here: windows and roots of streams, and what is
landed of them (``pages.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from shopify_pipeline.errors import TransientError
from shopify_pipeline.shopify.nested import Node
from shopify_pipeline.shopify.pages import next_cursor
from shopify_pipeline.shopify.queries import Operation, operation

PAGE_SIZE = 250
OWNERS_PER_PAGE = 50
#: Most owners hold fewer; whoever holds more is read on.
ITEMS_PER_OWNER = 20


class Answered(Protocol):
    """An answer, whole."""

    @property
    def data(self) -> dict[str, Any]: ...


class Api(Protocol):
    """What asks the shop."""

    def execute(self, document: Operation, variables: Mapping[str, object]) -> Answered:
        """Send one operation until it is answered whole."""


def nodes(api: Api, name: str, place: str) -> Iterator[Node]:
    """Give every node of a connection.

    Args:
        name: Operation with ``$first`` and ``$after``.
        place: Where its connection is, dotted (``shopifyPaymentsAccount.payouts``); where what holds it is null, there
            are no nodes.

    Raises:
        IncompleteError: It promises more and does not say where.
        PipelineError: As the API does.
    """
    after: str | None = None
    while True:
        found: Any = api.execute(operation(name), {"first": PAGE_SIZE, "after": after}).data
        for step in place.split("."):
            found = None if found is None else found[step]
        if found is None:
            return
        yield from found["nodes"]
        after = next_cursor(name, found, after)
        if after is None:
            return


def items(api: Api, name: str, connection: str, gids: Iterable[str]) -> Iterator[tuple[Node, list[Node]]]:
    """Give each of these nodes with everything its connection holds.

    Args:
        name: Operation with ``$ids``, ``$first`` and ``$after``, which selects one connection of ``nodes``.
        connection: That connection's name.

    Raises:
        TransientError: A node is gone: the shop changed while it was read.
        IncompleteError, PipelineError: As ``nodes``.
    """
    waiting = iter(gids)
    while chunk := list(islice(waiting, OWNERS_PER_PAGE)):
        for owner in _owners(api, name, chunk, None):
            held: list[Node] = list(owner[connection]["nodes"])
            after = next_cursor(name, owner[connection], None)
            while after is not None:
                (more,) = _owners(api, name, [owner["id"]], after)
                held += more[connection]["nodes"]
                after = next_cursor(name, more[connection], after)
            yield owner, held


def _owners(api: Api, name: str, gids: Sequence[str], after: str | None) -> list[Node]:
    asked = {"ids": list(gids), "first": ITEMS_PER_OWNER, "after": after}
    found: list[Node | None] = api.execute(operation(name), asked).data["nodes"]
    owners = [owner for owner in found if owner is not None]
    if len(owners) < len(gids):
        raise TransientError(
            f"{name}: {len(gids) - len(owners)} are gone since they were counted; count the shop again"
        )
    return owners

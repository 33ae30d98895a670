"""Explain a break: both sides' records, what its rule compares, and the path from it to the JSON that Shopify sent.

Here: putting that together, and finding a root in the landing zone. Not here: reading either side
(``reconcile/explain.py``), and printing (``cli_breaks.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from shopify_pipeline.errors import IncompleteError
from shopify_pipeline.landing import Landing, Part
from shopify_pipeline.reconcile import explain
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline.warehouse.loads import Loads

#: Who a line is and what it hangs on.
ID, PARENT = "id", "__parentId"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a root is in the landing zone.

    Attributes:
        file: Under the landing zone.
        line: Of a bulk file, from 1; None for an answer.
        path: Inside an answer: ``data.orders.nodes[3]``.
        raw: Its JSON, as Shopify sent it.
    """

    file: str
    line: int | None
    path: str | None
    raw: bytes


def explain_break(
    conn: Connection, landing: Landing, *, shop: str, found: dict[str, Any], with_raw: bool
) -> dict[str, Any]:
    """Everything there is about one break.

    Args:
        conn: A connection outside any transaction; it only reads.
        found: The break, as ``reconcile.explain.breaks`` tells it.
        with_raw: With the raw JSON and columns that may hold personal data.
    """
    with conn.transaction():
        return {
            "break": found,
            "history": explain.history(conn, shop, found["break_id"]),
            "rule": explain.compared(found["rule"]),
            **explain.both_sides(conn, shop, found["entity"], personal=with_raw),
            "landed": _landed(conn, landing, shop, found["entity"], with_raw=with_raw),
        }


def _landed(conn: Connection, landing: Landing, shop: str, entity: str, *, with_raw: bool) -> dict[str, Any] | None:
    """The load that brought the last version of what the break is about, and where it lies; None: nothing did."""
    root = explain.root_of(conn, shop, entity)
    load_id = explain.load_of(conn, shop, root[0], root[2]) if root else None
    if root is None or load_id is None:
        return None
    table, node, number = root
    load = Loads(conn).find(load_id)
    told = {
        "root": f"{table}/{number}",
        "load": load_id,
        "stream": load.stream,
        "mode": load.mode,
        "window_to": load.window_to,
        "folder": f"{landing.place}/{load.landing_prefix}",
    }
    try:
        places = list(_places(landing, load.landing_prefix, f"gid://shopify/{node}/{number}"))
    except IncompleteError as exc:
        return told | {"places": [], "missing": str(exc)}
    shown = [{"file": place.file, "line": place.line, "path": place.path} for place in places]
    if with_raw:
        shown = [each | {"raw": msgspec.json.decode(place.raw)} for each, place in zip(shown, places, strict=True)]
    return told | {"places": shown}


def _places(landing: Landing, prefix: str, gid: str) -> Iterator[Place]:
    """Where the root itself is, and in a bulk file the lines that hang on it."""
    for part in landing.manifest(prefix).parts:
        if part.kind == "bulk":
            yield from _in_lines(landing.lines(prefix, part), part, gid)
        elif part.kind != "asked" and gid.encode() in (body := landing.body(prefix, part)):
            for path, node in _nodes(msgspec.json.decode(body), gid, ""):
                yield Place(file=part.name, line=None, path=path, raw=msgspec.json.encode(node))


def _in_lines(lines: Iterable[bytes], part: Part, gid: str) -> Iterator[Place]:
    for number, line in enumerate(lines, start=1):
        if gid.encode() not in line:
            continue
        read = msgspec.json.decode(line)
        if gid in (read.get(ID), read.get(PARENT)):
            yield Place(file=part.name, line=number, path=None, raw=line)


def _nodes(value: Any, gid: str, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Objects with this id, each with the way to it; what is below one is part of it."""
    if isinstance(value, dict):
        if value.get(ID) == gid:
            yield path, value
            return
        for name, below in value.items():
            yield from _nodes(below, gid, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for place, below in enumerate(value):
            yield from _nodes(below, gid, f"{path}[{place}]")

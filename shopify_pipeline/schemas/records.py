"""From a landed body to records: one GraphQL node each, with its parent and its root.

Here: taking pages, details and bulk lines apart. Not here: typing a value (``decode.py``); nothing is judged but shape.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from shopify_pipeline.errors import IncompleteError
from shopify_pipeline.schemas.kinds import Stream

#: Connection field → GraphQL type of its nodes, for nodes whose id may be null or does not name the type.
NODE_TYPES = {
    "orders": "Order",
    "customers": "Customer",
    "products": "Product",
    "locations": "Location",
    "inventoryItems": "InventoryItem",
    "inventoryLevels": "InventoryLevel",
    "lineItems": "LineItem",
    "shippingLines": "ShippingLine",
    "agreements": "SalesAgreement",
    "sales": "Sale",
    "refundLineItems": "RefundLineItem",
    "refundShippingLines": "RefundShippingLine",
    "orderAdjustments": "OrderAdjustment",
    "fulfillmentLineItems": "FulfillmentLineItem",
    "addressesV2": "MailingAddress",
    "variants": "ProductVariant",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One node as Shopify sent it.

    Attributes:
        node: GraphQL type.
        gid: Its id; None where Shopify gives none.
        parent: Gid of what holds it, None for a root.
        root: Gid of its root; None until the parents are known (bulk lines).
        raw: Its JSON, without the connections that hang on it.
    """

    node: str
    gid: str | None
    parent: str | None
    root: str | None
    raw: bytes


@dataclass(slots=True)
class Document:
    """A root with all its children, as read; the unit that is judged."""

    node: str
    gid: str
    raw: bytes
    children: list[Record] = field(default_factory=list)


@dataclass(slots=True)
class Assembly:
    """What came out of the bodies of one load.

    Attributes:
        documents: Every reading of a root, in the order read; a root read twice is there twice.
        orphans: Records whose parent is nowhere in the load.
        versions: Root gid → ``updatedAt`` the details of its latest document were read at; a document with another
            stamp is torn.
    """

    documents: list[Document] = field(default_factory=list)
    orphans: list[Record] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)


def assemble(stream: Stream, bodies: Iterable[tuple[str, Iterable[bytes]]]) -> Assembly:
    """Put the records of a load together, root by root.

    Args:
        bodies: (kind, chunks) per landed part in the order landed; ``bulk`` chunks are JSON lines, all others
            one JSON body.

    Raises:
        IncompleteError: A nested connection was not read to its end; nothing of the load counts.
    """
    assembly = Assembly()
    latest: dict[str, Document] = {}
    owners: dict[str, str] = {}
    waiting: list[Record] = []
    open_connections: set[tuple[str, str]] = set()
    root_types = {node for node, _ in stream.roots}
    for kind, chunks in bodies:
        if kind == "bulk":
            records: Iterable[Record] = (_bulk_record(line, root_types) for line in chunks)
        else:
            walk = _Walk(root_types, emit_roots=kind == "page", open_connections=open_connections)
            records = walk.records(b"".join(chunks))
        for record in records:
            if record.parent is None or record.node in root_types:
                document = Document(record.node, record.gid or "", record.raw)
                assembly.documents.append(document)
                # What was read of an older version of it says nothing about this one.
                assembly.versions.pop(document.gid, None)
                latest[document.gid] = document
                owners[document.gid] = document.gid
            elif record.root is None:
                waiting.append(record)
            elif record.root in latest:
                latest[record.root].children.append(record)
            else:
                assembly.orphans.append(record)
        if kind != "bulk":
            assembly.versions.update(walk.versions)
    if open_connections:
        gid, name = min(open_connections)
        raise IncompleteError(f"{stream.name}: {name} of {gid} was not read to its end; the load does not count")
    _adopt(waiting, owners, latest, assembly.orphans)
    return assembly


def _adopt(waiting: list[Record], owners: dict[str, str], latest: dict[str, Document], orphans: list[Record]) -> None:
    """Hand bulk children to their roots: parents are looked up by id, never by order."""
    parents = {record.gid: record.parent for record in waiting if record.gid is not None}
    for record in waiting:
        above = record.parent
        for _ in range(4):
            if above is None or above in owners:
                break
            above = parents.get(above)
        if above is not None and above in owners:
            latest[owners[above]].children.append(record)
        else:
            orphans.append(record)


class _Line(msgspec.Struct):
    id: str | None = None
    parent: str | None = msgspec.field(default=None, name="__parentId")


_LINE = msgspec.json.Decoder(_Line)


#: Node type of a line nobody can read; its parent is named after its hash, so that it is an orphan of its own.
UNREADABLE = "unreadable"


def _bulk_record(line: bytes, root_types: set[str]) -> Record:
    try:
        head = _LINE.decode(line)
    except msgspec.DecodeError:
        return Record(UNREADABLE, None, f"line/{hashlib.sha256(line).hexdigest()[:16]}", None, line)
    node = node_type(head.id or "")
    parent = head.parent
    return Record(node, head.id, parent, None if parent is not None and node not in root_types else head.id, line)


def node_type(gid: str) -> str:
    """GraphQL type inside a gid ("" when it is none)."""
    parts = gid.split("/")
    return parts[3] if len(parts) >= 5 and parts[0] == "gid:" else ""


class _Walk:
    """One pass over one JSON body, taking connections off their parents."""

    def __init__(self, root_types: set[str], *, emit_roots: bool, open_connections: set[tuple[str, str]]) -> None:
        self._root_types = root_types
        self._emit_roots = emit_roots
        self._open = open_connections
        self.versions: dict[str, str] = {}

    def records(self, body: bytes) -> Iterator[Record]:
        data = msgspec.json.decode(body).get("data") or {}
        for name, value in data.items():
            if isinstance(value, dict) and isinstance(value.get("nodes"), list):
                for node in value["nodes"]:
                    yield from self._root(NODE_TYPES.get(name, ""), node)
            elif isinstance(value, list):
                for node in value:
                    if node is not None:
                        yield from self._root("", node)
            elif isinstance(value, dict):
                yield from self._root("", value)

    def _root(self, node: str, value: dict[str, Any]) -> Iterator[Record]:
        gid = value["id"]
        node = node or node_type(gid)
        # A continuation below a refund or a fulfillment carries the order it belongs to.
        carrier = value["order"] if not self._emit_roots and isinstance(value.get("order"), dict) else value
        children = list(self._detach(value, gid, carrier["id"]))
        if self._emit_roots:
            parent = None if node in self._root_types else gid
            yield Record(node, gid, parent, gid, msgspec.json.encode(value))
        elif isinstance(carrier.get("updatedAt"), str):
            self.versions[carrier["id"]] = carrier["updatedAt"]
        yield from children

    def _detach(self, value: dict[str, Any], holder: str, root: str) -> Iterator[Record]:
        """Take every connection below ``value`` off it; ``holder`` is the nearest node with an id."""
        for name in list(value):
            inner = value[name]
            if isinstance(inner, dict) and isinstance(inner.get("pageInfo"), dict):
                del value[name]
                yield from self._connection(name, inner, holder, root)
            elif isinstance(inner, dict):
                yield from self._detach(inner, inner.get("id") or holder, root)
            elif isinstance(inner, list):
                for item in inner:
                    if isinstance(item, dict):
                        yield from self._detach(item, item.get("id") or holder, root)

    def _connection(self, name: str, connection: dict[str, Any], holder: str, root: str) -> Iterator[Record]:
        nodes = connection.get("nodes")
        if nodes is None:
            nodes = [edge["node"] for edge in connection.get("edges", ())]
        key = (holder, name)
        if connection["pageInfo"].get("hasNextPage"):
            self._open.add(key)
        else:
            self._open.discard(key)
        node = NODE_TYPES.get(name, "")
        for child in nodes:
            gid = child.get("id")
            own_root = gid if node in self._root_types else root
            grandchildren = list(self._detach(child, gid or holder, own_root))
            yield Record(node or node_type(gid or ""), gid, holder, own_root, msgspec.json.encode(child))
            yield from grandchildren

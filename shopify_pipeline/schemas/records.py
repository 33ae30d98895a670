"""From a landed body to records: one GraphQL node each, with its parent and its root.

Here: taking pages, details and bulk lines apart. Not here: typing a value (``decode.py``); nothing is judged but shape.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from shopify_pipeline.errors import IncompleteError
from shopify_pipeline.schemas.kinds import Stream

#: Connection field → GraphQL type of its nodes, for nodes whose id may be missing or does not name the type. Line items
#: name theirs, and hang on orders, fulfillment orders and reverse fulfillment orders under one name.
NODE_TYPES = {
    "orders": "Order",
    "customers": "Customer",
    "products": "Product",
    "locations": "Location",
    "inventoryItems": "InventoryItem",
    "inventoryLevels": "InventoryLevel",
    "fulfillmentOrders": "FulfillmentOrder",
    "shippingLines": "ShippingLine",
    "discountApplications": "DiscountApplication",
    "agreements": "SalesAgreement",
    "sales": "Sale",
    "refundLineItems": "RefundLineItem",
    "refundShippingLines": "RefundShippingLine",
    "orderAdjustments": "OrderAdjustment",
    "fulfillmentLineItems": "FulfillmentLineItem",
    "addressesV2": "MailingAddress",
    "variants": "ProductVariant",
}


class Kin(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where a node belongs.

    Attributes:
        node: GraphQL type.
        gid: Its id; None where Shopify gives none.
        parent: Gid of what holds it, None for a root.
        root: Gid of its root; None until the parents are known (bulk lines).
    """

    node: str
    gid: str | None
    parent: str | None
    root: str | None


class Record(Kin, frozen=True, array_like=True, gc=False):
    """One node as Shopify sent it.

    Attributes:
        raw: Its JSON, without the connections that hang on it; the stamp of a ``STAMP``.
        is_line: From a bulk file, where a child may come before its root.
    """

    raw: bytes
    is_line: bool = False


#: How deep a record may be below its root; a bulk query nests at most two connections.
LEVELS_MAX = 4
#: Node type of what is no node: the ``updatedAt`` that a root's details were read at.
STAMP = "stamp"
#: Node type of a line nobody can read; its parent is named after its hash, so that it is an orphan of its own.
UNREADABLE = "unreadable"


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


def read_records(stream: Stream, bodies: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[Record]:
    """Every record of a load, in the order landed.

    Args:
        bodies: (kind, chunks) per landed part in the order landed; ``bulk`` chunks are JSON lines, all others
            one JSON body.

    Raises:
        IncompleteError: At the end, when a nested connection was not read to its end: throw away what was read.
    """
    open_connections: set[tuple[str, str]] = set()
    root_types = {node for node, _ in stream.roots}
    for kind, chunks in bodies:
        if kind == "bulk":
            for line in chunks:
                record = _bulk_record(line, root_types)
                if record.node not in stream.holders:
                    yield record
        else:
            walk = _Walk(root_types, emit_roots=kind == "page", open_connections=open_connections)
            yield from walk.records(b"".join(chunks))
    if open_connections:
        gid, name = min(open_connections)
        raise IncompleteError(f"{stream.name}: {name} of {gid} was not read to its end; the load does not count")


def assemble(stream: Stream, bodies: Iterable[tuple[str, Iterable[bytes]]]) -> Assembly:
    """Put the records of a small load together in memory; a load of any size: ``grouping.Groups``.

    Raises:
        IncompleteError: As ``read_records``.
    """
    records: list[Record] = []
    waiting: list[Record] = []
    for record in read_records(stream, bodies):
        (records if record.root is not None else waiting).append(record)
    wanted = {node_type(record.parent or "") for record in waiting}
    parents = parents_of([*records, *waiting], wanted)
    return assembled(stream, [*records, *adopted(stream, waiting, parents)])


def parents_of(records: Iterable[Kin], wanted: Container[str]) -> dict[str, str]:
    """The next gid on the way to its root, by gid, for records of the wanted types."""
    return {
        record.gid: record.root or record.parent or record.gid
        for record in records
        if record.gid is not None and record.node in wanted
    }


def adopted(stream: Stream, waiting: Iterable[Record], parents: Mapping[str, str]) -> Iterator[Record]:
    """Records with the root they belong to: parents are looked up by id, never by order; without one, an orphan."""
    root_types = {node for node, _ in stream.roots}
    for record in waiting:
        above = record.parent
        for _ in range(LEVELS_MAX):
            if above is None or node_type(above) in root_types or parents.get(above) == above:
                break
            above = parents.get(above)
        yield msgspec.structs.replace(record, root=above)


def assembled(stream: Stream, records: Iterable[Record]) -> Assembly:
    """Put records together, root by root; every record must say its root, but those that have none in the load."""
    assembly = Assembly()
    latest: dict[str, Document] = {}
    lines: list[Record] = []
    root_types = {node for node, _ in stream.roots}
    for record in records:
        if record.node == STAMP:
            assembly.versions[record.root or ""] = record.raw.decode()
        elif record.parent is None or record.node in root_types:
            document = Document(record.node, record.gid or "", record.raw)
            assembly.documents.append(document)
            # What was read of an older version of it says nothing about this one.
            assembly.versions.pop(document.gid, None)
            latest[document.gid] = document
        elif record.is_line:
            lines.append(record)
        elif record.root in latest:
            latest[record.root].children.append(record)
        else:
            assembly.orphans.append(record)
    for record in lines:
        owner = latest.get(record.root) if record.root is not None else None
        (assembly.orphans if owner is None else owner.children).append(record)
    return assembly


class _Line(msgspec.Struct):
    id: str | None = None
    parent: str | None = msgspec.field(default=None, name="__parentId")
    typename: str | None = msgspec.field(default=None, name="__typename")


_LINE = msgspec.json.Decoder(_Line)


#: How a line of Shopify's begins: with the record's id.
_BEGINNING = re.compile(rb'\{"id":"(gid://shopify/\w+/[^"\\]+)"')
_PARENT_KEY = b'"__parentId":"'


def _bulk_record(line: bytes, root_types: set[str]) -> Record:
    head = _glance(line)
    if head is None:
        try:
            head = _LINE.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Record(UNREADABLE, None, f"line/{hashlib.sha256(line).hexdigest()[:16]}", None, line, True)
    node = node_type(head.id or "") or head.typename or ""
    parent = head.parent
    is_root = parent is None or node in root_types
    above = head.id if is_root else parent
    knows_root = is_root or node_type(parent or "") in root_types
    return Record(node, head.id, parent, above if knows_root else None, line, True)


def _glance(line: bytes) -> _Line | None:
    """What a line is without reading all of it: its id comes first and its parent last. None: it has to be read."""
    begins = _BEGINNING.match(line)
    if begins is None or not line.endswith(b"}"):
        return None
    gid = begins[1].decode()
    at = line.rfind(_PARENT_KEY)
    if at < 0:
        return _Line(gid) if b'"__parentId"' not in line else None
    parent = line[at + len(_PARENT_KEY) : -2]
    # Between two quotes, the second of which closes the line's last value, there is only that value.
    if not line.endswith(b'"}') or line[at - 1 : at] != b"," or b'"' in parent or b"\\" in parent:
        return None
    return _Line(gid, parent.decode("ascii")) if parent.isascii() else None


def node_type(gid: str) -> str:
    """GraphQL type inside a gid ("" when it is none)."""
    parts = gid.split("/")
    return parts[3] if len(parts) >= 5 and parts[0] == "gid:" else ""


def is_exact_gid(gid: str) -> bool:
    """Whether Shopify can be asked for this id. A root with a mangled one is quarantined later; the others are read."""
    number = gid.partition("?")[0].rpartition("/")[2]
    return gid.startswith("gid://shopify/") and number.isascii() and number.isdigit() and int(number) < 2**63


#: Every connection has one; looking for it in the JSON is faster than going through every object.
_CONNECTED = b'"pageInfo"'


class _Walk:
    """One pass over one JSON body, taking connections off their parents."""

    def __init__(self, root_types: set[str], *, emit_roots: bool, open_connections: set[tuple[str, str]]) -> None:
        self._root_types = root_types
        self._emit_roots = emit_roots
        self._open = open_connections
        self._stamps: list[Record] = []

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
        yield from self._stamps

    def _root(self, node: str, value: dict[str, Any]) -> Iterator[Record]:
        gid = value["id"]
        node = node or node_type(gid)
        # A continuation below a refund, a fulfillment or a variant carries the order or the product it belongs to.
        above = () if self._emit_roots else (value.get("order"), value.get("product"))
        carrier = next((each for each in above if isinstance(each, dict)), value)
        children = list(self._detach(value, gid, carrier["id"]))
        if self._emit_roots:
            parent = None if node in self._root_types else gid
            yield Record(node, gid, parent, gid, msgspec.json.encode(value))
        elif isinstance(carrier.get("updatedAt"), str):
            self._stamps.append(Record(STAMP, None, None, carrier["id"], carrier["updatedAt"].encode()))
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
        # What hangs on an id nobody can ask for cannot be read on; whatever has such an id is withheld anyway.
        if connection["pageInfo"].get("hasNextPage") and is_exact_gid(holder):
            self._open.add(key)
        else:
            self._open.discard(key)
        for child in nodes:
            gid = child.get("id")
            node = NODE_TYPES.get(name) or node_type(gid or "") or child.get("__typename", "")
            own_root = gid if node in self._root_types else root
            raw = msgspec.json.encode(child)
            grandchildren: list[Record] = []
            if _CONNECTED in raw:
                grandchildren = list(self._detach(child, gid or holder, own_root))
                raw = msgspec.json.encode(child)
            yield Record(node, gid, holder, own_root, raw)
            yield from grandchildren

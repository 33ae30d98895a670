"""From documents to typed rows: a batch of roots with their children becomes one set of columns per table.

Here: reading JSON into structs, and who is rejected for what. Not here: struct types (``shapes.py``), paths
(``pulling.py``), values (``columns.py``), rules between values (``frames.py``) or anything that writes.
A wrong value is one rejection with its path; it withholds its whole root and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import pyarrow as arrow
import pyarrow.compute as compute

from shopify_pipeline.errors import DataError
from shopify_pipeline.schemas.columns import ARROW_TYPES, Bad, BadValuesError, Values, expected, gathered, to_values
from shopify_pipeline.schemas.kinds import ROOT, Column, Kind, Source, Stream, Table, in_words
from shopify_pipeline.schemas.pulling import Nodes, TablePlan
from shopify_pipeline.schemas.records import UNREADABLE, Assembly, Document, Record
from shopify_pipeline.schemas.shapes import Shape

BIGINT_MAX = 2**63 - 1
#: Documents whose structs live at one time: what is read again while it is in the processor's cache is read faster.
_AT_A_TIME = 400

Row = tuple[Any, ...]
Places = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why one root is withheld.

    Attributes:
        root_id: The gid's tail, such as ``450789469``.
        path: Where in the bad record, such as ``$.totalPriceSet.shopMoney.amount``.
        message: For a person: which root, what is wrong with it.
        raw: The bad record's JSON as Shopify sent it.
    """

    root_type: str
    root_id: str
    rule: str
    path: str
    message: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table in a batch.

    Attributes:
        typed: One Arrow column per column of the field map, in its order.
        text: The same values as COPY's text format reads them.
        owners: Place of each row's document in the batch.
    """

    table: Table
    typed: arrow.Table
    text: arrow.Table
    owners: Places

    def of(self, documents: Places) -> Rows:
        """Only the rows of documents that are marked true."""
        wanted = documents[self.owners]
        if wanted.all():
            return self
        mask = arrow.array(wanted)
        return Rows(self.table, self.typed.filter(mask), self.text.filter(mask), self.owners[wanted])


@dataclass(slots=True)
class Batch:
    """Documents read together.

    Attributes:
        rejections: By place of the document; a rejected one may still have rows, which say nothing.
        rows: By table name; every table of the stream is there.
    """

    documents: Sequence[Document]
    rejections: dict[int, Rejection]
    rows: dict[str, Rows]


@dataclass(slots=True)
class Decoded:
    """Rows of one document, by table name, columns in the field map's order; ``raw`` is the root's own JSON.

    Attributes:
        updated_at: Shopify's version stamp; None for a root that has none.
    """

    node: str
    gid: str
    updated_at: datetime | None
    raw: bytes
    rows: dict[str, list[Row]]


def tail(gid: str) -> str:
    """What identifies a record inside its type: ``123``, or ``123?inventory_item_id=456``."""
    return gid.rsplit("/", 1)[-1]


def orphan_rejections(assembly: Assembly) -> Iterator[Rejection]:
    """A child that names a parent nobody sent: nothing of it can be judged, so it is shown as it came."""
    for record in assembly.orphans:
        parent = record.parent or ""
        if record.node == UNREADABLE:
            yield Rejection(record.node, tail(parent), "not_json", "$", "the line is not a JSON object", record.raw)
            continue
        message = f"{record.node or 'record'} names parent {parent}, which is not in this load"
        yield Rejection(
            record.node or "unknown", tail(record.gid or parent), "orphan", "$.__parentId", message, record.raw
        )


class Decoder:
    """Decodes documents of one stream."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._roots = frozenset(node for node, _ in stream.roots)
        sources: dict[str, list[tuple[Table, Source]]] = {}
        for table in stream.tables:
            for source in table.sources:
                sources.setdefault(source.node, []).append((table, source))
        self._plans = {node: _NodePlan(node, taken) for node, taken in sources.items()}
        self._empty = {table.name: _no_rows(table) for table in stream.tables}

    def batch(self, documents: Sequence[Document]) -> Batch:
        """Typed rows of these documents, and for each that cannot be typed the first reason found."""
        rejections: dict[int, Rejection] = {}
        held = {table.name: _Held(table) for table in self._stream.tables}
        for start in range(0, len(documents), _AT_A_TIME):
            nodes = {name: Nodes() for name in self._plans}
            for place, document in enumerate(documents[start : start + _AT_A_TIME], start):
                try:
                    self._take(place, document, nodes)
                except _BadRecordError as bad:
                    rejections[place] = _rejection(document, bad.rule, bad.path, bad.says, bad.raw)
            for table in self._stream.tables:
                self._gather(held[table.name], nodes, documents, rejections)
        rows = {
            name: each.rows(documents, rejections) if each.owners else self._empty[name] for name, each in held.items()
        }
        return Batch(documents, rejections, rows)

    def decode(self, documents: Sequence[Document]) -> list[Decoded | Rejection]:
        """The same, document by document, as Python values."""
        batch = self.batch(documents)
        results = [
            batch.rejections.get(place) or Decoded(document.node, document.gid, None, document.raw, {})
            for place, document in enumerate(documents)
        ]
        for name, rows in batch.rows.items():
            for owner, row in zip(rows.owners, rows.typed.to_pylist(), strict=True):
                result = results[owner]
                if isinstance(result, Decoded):
                    result.rows.setdefault(name, []).append(tuple(row.values()))
                    if name == self._stream.root_table(result.node).name:
                        result.updated_at = row.get("updated_at")
        return results

    def _take(self, place: int, document: Document, nodes: Mapping[str, Nodes]) -> None:
        """Read one root and its children into structs."""
        if document.node not in self._roots:
            raise _BadRecordError("unknown_node", "$.id", _stranger(document.node), document.raw)
        root_id = _root_id(document)
        positions: dict[tuple[str, str | None], int] = {}
        root = Record(document.node, document.gid, None, document.gid, document.raw)
        for record in (root, *document.children):
            plan = self._plans.get(record.node)
            if plan is None:
                raise _BadRecordError("unknown_node", "$.id", _stranger(record.node), record.raw)
            value = plan.struct_of(record.raw)
            taken = nodes[record.node]
            among = (record.node, record.parent)
            position = positions.get(among, 0)
            positions[among] = position + 1
            taken.values.append(value)
            taken.documents.append(place)
            taken.roots.append(root_id)
            taken.parents.append(record.parent)
            taken.positions.append(position)
            taken.raws.append(record.raw)

    def _gather(
        self,
        held: _Held,
        nodes: Mapping[str, Nodes],
        documents: Sequence[Document],
        rejections: dict[int, Rejection],
    ) -> None:
        """Add one table's values of these nodes to what is held of it."""
        for source in held.table.sources:
            taken = nodes[source.node]
            if taken.values:
                columns, places = self._plans[source.node].tables[held.table.name, source].columns(taken)
                owners = [taken.documents[place] for place in places]
                held.add(columns, owners, [taken.raws[place] for place in places], documents, rejections)


def _no_rows(table: Table) -> Rows:
    names = [column.name for column in table.columns]
    typed = arrow.table([arrow.array([], ARROW_TYPES[column.kind]) for column in table.columns], names=names)
    text = arrow.table([arrow.array([], arrow.string()) for _ in table.columns], names=names)
    return Rows(table, typed, text, np.empty(0, dtype=np.int64))


class _Held:
    """Values of one table, from a few documents at a time; who owns each row and which record it came from."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.owners: list[int] = []
        self._records: list[bytes] = []
        self._columns: list[list[arrow.Array]] = [[] for _ in table.columns]

    def add(
        self,
        columns: Sequence[list[Any]],
        owners: Sequence[int],
        records: Sequence[bytes],
        documents: Sequence[Document],
        rejections: dict[int, Rejection],
    ) -> None:
        """Take rows over; a value that cannot be held rejects its document and is null from then on."""
        for column, parts, raw in zip(self.table.columns, self._columns, columns, strict=True):
            try:
                part = _gathered(column, raw)
            except BadValuesError as exc:
                for bad in exc.bad:
                    raw[bad.place] = None
                    _reject(column, bad, owners[bad.place], records[bad.place], documents, rejections)
                part = _gathered(column, raw)
            parts.append(part)
        self.owners += owners
        self._records += records

    def rows(self, documents: Sequence[Document], rejections: dict[int, Rejection]) -> Rows:
        """All of them, typed; a value that is not what it claims to be rejects its document and is null."""
        values: list[Values] = []
        for column, parts in zip(self.table.columns, self._columns, strict=True):
            held = arrow.concat_arrays(parts)
            try:
                values.append(_typed(column, held))
            except BadValuesError as exc:
                is_good = np.ones(len(held), dtype=bool)
                for bad in exc.bad:
                    is_good[bad.place] = False
                    _reject(column, bad, self.owners[bad.place], self._records[bad.place], documents, rejections)
                values.append(_typed(column, compute.if_else(arrow.array(is_good), held, None)))
        names = [column.name for column in self.table.columns]
        return Rows(
            self.table,
            arrow.table([value.typed for value in values], names=names),
            arrow.table([value.text for value in values], names=names),
            np.asarray(self.owners, dtype=np.int64),
        )


def _gathered(column: Column, raw: Sequence[Any]) -> arrow.Array:
    # The root's id was read when its document was taken.
    return arrow.array(raw, arrow.int64()) if column.path == ROOT else gathered(column.kind, raw)


def _typed(column: Column, held: arrow.Array) -> Values:
    return to_values(Kind.INT if column.path == ROOT else column.kind, held)


def _reject(
    column: Column, bad: Bad, owner: int, record: bytes, documents: Sequence[Document], rejections: dict[int, Rejection]
) -> None:
    """Withhold a document for a bad value, unless it is withheld already."""
    if owner not in rejections:
        path = "$." + column.path.lstrip("/.@")
        says = f"{in_words(column)} is {bad.says}"
        rejections[owner] = _rejection(documents[owner], bad.rule, path, says, record)


class _BadRecordError(DataError):
    """A record that cannot be what it claims; carries what quarantine shows."""

    def __init__(self, rule: str, path: str, says: str, raw: bytes) -> None:
        super().__init__(says)
        self.rule, self.path, self.says, self.raw = rule, path, says, raw


class _OrderName(msgspec.Struct):
    name: str


def root_in_words(document: Document) -> str:
    """A root as a person knows it: an order by its name, anything else by its number."""
    if document.node == "Order":
        try:
            return f"order {msgspec.json.decode(document.raw, type=_OrderName).name}"
        except msgspec.DecodeError:
            pass
    return f"{re.sub(r'(?<!^)(?=[A-Z])', ' ', document.node).lower()} {tail(document.gid)}"


def _rejection(document: Document, rule: str, path: str, says: str, raw: bytes) -> Rejection:
    return Rejection(document.node, tail(document.gid), rule, path, f"{root_in_words(document)}: {says}", raw)


def _stranger(node: str) -> str:
    return f"a {node or 'record without type'} does not belong to this stream"


def _root_id(document: Document) -> int:
    digits = tail(document.gid).partition("?")[0]
    if not (digits.isascii() and digits.isdigit()):
        raise _BadRecordError("bad_id", "$.id", f"{document.gid!r} is not a Shopify id", document.raw)
    if int(digits) > BIGINT_MAX:
        raise _BadRecordError("id_out_of_range", "$.id", f"{digits} does not fit 64 bits", document.raw)
    return int(digits)


class _NodePlan:
    """Everything taken from one GraphQL type: one struct, and one plan per table and source."""

    def __init__(self, node: str, taken: Sequence[tuple[Table, Source]]) -> None:
        shape = Shape()
        for table, source in taken:
            shape.add_source(table, source)
        self._decoder = msgspec.json.Decoder(shape.struct(node))
        self._columns = {
            column.path.lstrip("/."): column for table, source in taken if not source.items for column in table.columns
        }
        self.tables = {(table.name, source): TablePlan(table, source, shape) for table, source in taken}

    def struct_of(self, raw: bytes) -> Any:
        """One record as its struct.

        Raises:
            _BadRecordError: It is not JSON, or a field is missing or of another type.
        """
        try:
            return self._decoder.decode(raw)
        except msgspec.ValidationError as exc:
            message, _, path = str(exc).partition(" - at `")
            path = path.rstrip("`") or "$"
            rule = "missing_field" if "missing required field" in message else "wrong_type"
            raise _BadRecordError(rule, path, self._in_words(message, path), raw) from exc
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise _BadRecordError("not_json", "$", f"it is not JSON: {exc}", raw) from exc

    def _in_words(self, message: str, path: str) -> str:
        """What msgspec says, for a person."""
        where = path.removeprefix("$").lstrip(".")
        missing = re.search(r"missing required field `(\w+)`", message)
        if missing:
            return f"{where or 'it'} has no {missing[1]}"
        column = self._columns.get(where)
        got = re.search(r"got `(\w+)`", message)
        if column is None or got is None:
            return f"{where}: {message}"
        if got[1] == "null":
            return f"{in_words(column)} is missing"
        return f"{in_words(column)} is a JSON {got[1]}, {expected(column.kind)}"

"""From records to typed rows: the field map, compiled once into msgspec structs and getters.

Here: types, paths, exact decimals and ids. Not here: rules between values (``frames.py``) or anything that writes.
A wrong value is one rejection with its path; it withholds its whole root and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Annotated, Any

import msgspec

from shopify_pipeline.errors import DataError
from shopify_pipeline.schemas.kinds import (
    CONSTANT,
    NODE,
    OWNER,
    PARENT,
    POSITION,
    ROOT,
    Column,
    Kind,
    Source,
    Stream,
    Table,
)
from shopify_pipeline.schemas.records import UNREADABLE, Assembly, Document, Record

BIGINT_MAX = 2**63 - 1

#: Decimals the warehouse keeps of an amount; ISO 4217 needs at most four.
MONEY_SCALE = 6
#: Decimals kept of a rate: a computed one comes as a float of up to 17 digits.
RATE_SCALE = 20
_MONEY_STEP = Decimal(1).scaleb(-MONEY_SCALE)
_RATE_STEP = Decimal(1).scaleb(-RATE_SCALE)

Gid = Annotated[str, msgspec.Meta(pattern=r"^gid://shopify/[A-Za-z]+/[0-9]+(\?.*)?$")]
Amount = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,14}(\.[0-9]+)?$")]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Digits = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,19}$")]

_JSON_TYPES: dict[Kind, Any] = {
    Kind.GID: Gid,
    Kind.TEXT: str,
    Kind.INT: int,
    Kind.UNSIGNED: Digits,
    Kind.BOOL: bool,
    Kind.INSTANT: Instant,
    Kind.MONEY: Amount,
    Kind.RATE: float,
}

#: Inside an object that is there, these may not be missing, whatever the column allows.
_ALWAYS = frozenset({"id", "amount", "currencyCode", "shopMoney", "presentmentMoney"})

#: Fields only some concrete types of an interface have; everywhere else a missing key is an error.
_MAY_BE_ABSENT = frozenset(
    {
        ("discountApplication", "code"),
        ("discountApplication", "title"),
        ("SalesAgreement", "refund"),
        ("SalesAgreement", "return"),
        ("Sale", "lineItem"),
        ("Sale", "shippingLine"),
    }
)

Row = tuple[Any, ...]
Get = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why one root is withheld.

    Attributes:
        root_id: The gid's tail, such as ``450789469``.
        path: Where in the bad record, such as ``$.totalPriceSet.shopMoney.amount``.
        raw: The bad record's JSON as Shopify sent it.
    """

    root_type: str
    root_id: str
    rule: str
    path: str
    message: str
    raw: bytes


@dataclass(slots=True)
class Decoded:
    """Rows of one document, by table name, columns in the field map's order; ``raw`` is the root's own JSON."""

    node: str
    gid: str
    updated_at: datetime
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
        self._plans: dict[str, _NodePlan] = {}
        for table in stream.tables:
            for source in table.sources:
                self._plans.setdefault(source.node, _NodePlan(source.node)).add(table, source)

    def decode(self, document: Document) -> Decoded | Rejection:
        """Typed rows of one root with its children, or the first reason to withhold it."""
        rows: dict[str, list[Row]] = {}
        root = Record(document.node, document.gid, None, document.gid, document.raw)
        positions: dict[tuple[str, str], int] = {}
        current = root
        try:
            root_id = _gid_int(document.gid, "$.id")
            for current in (root, *document.children):
                place = (current.node, current.parent or "")
                position = positions.get(place, 0)
                positions[place] = position + 1
                plan = self._plans.get(current.node)
                if plan is None:
                    raise _Bad("unknown_node", "$.id", f"a {current.node or 'record'} does not belong to this stream")
                plan.extract(current, root_id, position, rows)
        except _Bad as bad:
            return Rejection(document.node, tail(document.gid), bad.rule, bad.path, bad.message, current.raw)
        table = self._plans[document.node].root_table
        stamp = rows[table.name][0][[c.name for c in table.columns].index("updated_at")]
        return Decoded(document.node, document.gid, stamp, document.raw, rows)


class _Bad(DataError):
    """A value that cannot be what it claims; carries what quarantine shows."""

    def __init__(self, rule: str, path: str, message: str) -> None:
        super().__init__(message)
        self.rule, self.path, self.message = rule, path, message


class _NodePlan:
    """Everything taken from one GraphQL type: one struct, and per table a list of getters."""

    def __init__(self, node: str) -> None:
        self.node = node
        self._tables: list[tuple[Table, Source]] = []
        self._compiled: tuple[msgspec.json.Decoder[Any], list[_TablePlan]] | None = None

    @property
    def root_table(self) -> Table:
        return self._tables[0][0]

    def add(self, table: Table, source: Source) -> None:
        self._tables.append((table, source))

    def extract(self, record: Record, root_id: int, position: int, rows: dict[str, list[Row]]) -> None:
        decoder, plans = self._compile()
        try:
            value = decoder.decode(record.raw)
        except msgspec.ValidationError as exc:
            message, _, path = str(exc).partition(" - at `")
            rule = "missing_field" if "missing required field" in message else "wrong_type"
            raise _Bad(rule, path.rstrip("`") or "$", message) from exc
        except msgspec.DecodeError as exc:
            raise _Bad("not_json", "$", str(exc)) from exc
        context = _Context(value, record.parent, root_id, position)
        for plan in plans:
            rows.setdefault(plan.table_name, []).extend(plan.rows(context))

    def _compile(self) -> tuple[msgspec.json.Decoder[Any], list[_TablePlan]]:
        if self._compiled is None:
            shape = _Shape()
            for table, source in self._tables:
                shape.add_source(table, source)
            self._compiled = (
                msgspec.json.Decoder(shape.struct(self.node)),
                [_TablePlan(table, source) for table, source in self._tables],
            )
        return self._compiled


class _Shape:
    """The part of a GraphQL type we read, as a tree that becomes a struct."""

    def __init__(self) -> None:
        self.fields: dict[str, _Shape | Any] = {}
        self.optional: dict[str, bool] = {}
        self.lists: set[str] = set()

    def add_source(self, table: Table, source: Source) -> None:
        shape, owners = self, [self]
        for name in filter(None, source.items.replace("[]", "").split(".")):
            shape.lists.add(name)
            if table.columns and all(c.path != "." for c in table.columns):
                shape = shape._child(name, optional=False)
            else:
                shape.fields[name] = str
                shape.optional[name] = False
            owners.append(shape)
        for column in table.columns:
            path = column.path
            if path in (PARENT, ROOT, POSITION, ".") or path.startswith(CONSTANT):
                continue
            if path.startswith(NODE):
                self._add_path(path[1:], column)
            elif path.startswith(OWNER):
                owners[-2]._add_path(path[2:], column)
            else:
                shape._add_path(path, column)

    def _child(self, name: str, *, optional: bool) -> _Shape:
        child = self.fields.setdefault(name, _Shape())
        self.optional[name] = self.optional.get(name, True) and optional
        return child

    def _add_path(self, path: str, column: Column) -> None:
        shape: _Shape = self
        *above, leaf = path.split(".")
        for name in above:
            if "[" in name:
                name, selector = name.rstrip("]").split("[")
                shape.lists.add(name)
                shape = shape._child(name, optional=False)
                shape.fields[selector.split("=")[0]] = str
                shape.optional[selector.split("=")[0]] = False
            else:
                shape = shape._child(name, optional=column.nullable and name not in _ALWAYS)
        shape.fields[leaf] = _JSON_TYPES[column.kind]
        optional = column.nullable and not (above and leaf in _ALWAYS)
        shape.optional[leaf] = shape.optional.get(leaf, True) and optional
        if leaf == "amount" and above:
            shape.fields.setdefault("currencyCode", str)
            shape.optional.setdefault("currencyCode", False)

    def struct(self, name: str) -> type[msgspec.Struct]:
        """The struct type; every field must be present in the JSON, nullable ones may be null."""
        fields: list[Any] = []
        for field, inner in self.fields.items():
            name_in_struct = field.lstrip("_")
            kind: Any = inner.struct(f"{name}_{field}") if isinstance(inner, _Shape) else inner
            if field in self.lists:
                kind = list[kind]
            if self.optional[field]:
                kind = kind | None
            if (name.rsplit("_", 1)[-1], field) in _MAY_BE_ABSENT:
                fields.append((name_in_struct, kind, None))
            else:
                fields.append((name_in_struct, kind))
        fields.sort(key=len)
        return msgspec.defstruct(name, fields, frozen=True, rename={"typename": "__typename"})


@dataclass(frozen=True, slots=True)
class _Context:
    node: Any
    parent: str | None
    root_id: int
    position: int


class _TablePlan:
    """How one table's rows come out of one decoded node."""

    def __init__(self, table: Table, source: Source) -> None:
        self.table_name = table.name
        self._steps = tuple(filter(None, source.items.replace("[]", "").split(".")))
        constants = dict(source.constants)
        self._getters = tuple(_getter(column, constants) for column in table.columns)

    def rows(self, context: _Context) -> Iterator[Row]:
        if not self._steps:
            yield self._row(context, context.node, context.node, context.position)
            return
        owners = [context.node]
        for step in self._steps[:-1]:
            owners = [inner for owner in owners for inner in getattr(owner, step)]
        for owner in owners:
            for position, item in enumerate(getattr(owner, self._steps[-1])):
                yield self._row(context, owner, item, position)

    def _row(self, context: _Context, owner: Any, item: Any, position: int) -> Row:
        return tuple(get(context, owner, item, position) for get in self._getters)


def _getter(column: Column, constants: dict[str, str]) -> Callable[[_Context, Any, Any, int], Any]:
    path, convert = column.path, _converter(column)
    if path.startswith(CONSTANT):
        constant = constants[column.name]
        return lambda context, owner, item, position: constant
    if path == ROOT:
        return lambda context, owner, item, position: context.root_id
    if path == PARENT:
        return lambda context, owner, item, position: _gid_int(context.parent or "", "$.__parentId")
    if path == POSITION:
        return lambda context, owner, item, position: position
    if path == ".":
        return lambda context, owner, item, position: item
    if path.startswith(NODE):
        get = _path_getter(path[1:])
        return lambda context, owner, item, position: convert(get(context.node))
    if path.startswith(OWNER):
        get = _path_getter(path[2:])
        return lambda context, owner, item, position: convert(get(owner))
    get = _path_getter(path)
    return lambda context, owner, item, position: convert(get(item))


def _path_getter(path: str) -> Get:
    steps = tuple(_step(name) for name in path.split("."))

    def get(value: Any) -> Any:
        for step in steps:
            if value is None:
                return None
            value = step(value)
        return value

    return get


def _step(name: str) -> Get:
    if "[" not in name:
        return attrgetter(name.lstrip("_"))
    field, selector = name.rstrip("]").split("[")
    key, wanted = selector.split("=")
    return lambda value: next((item for item in getattr(value, field) if getattr(item, key) == wanted), None)


def _converter(column: Column) -> Get:
    """Text to its Python value; the path in a rejection is the column's."""
    where = "$." + column.path.lstrip("/.")
    kind = column.kind
    if kind is Kind.GID:
        return lambda text: None if text is None else _gid_int(text, where)
    if kind is Kind.MONEY:
        return lambda text: None if text is None else _money(text, where)
    if kind is Kind.RATE:
        return lambda number: None if number is None else _rate(number, where)
    if kind is Kind.UNSIGNED:
        return lambda text: None if text is None else _bigint(int(text), where)
    if kind is Kind.INT:
        return lambda number: None if number is None else _bigint(number, where)
    if kind is Kind.INSTANT:
        return lambda instant: None if instant is None else instant.astimezone(UTC)
    if kind is Kind.TEXT:
        return lambda text: None if text is None else _storable(text)
    return lambda value: value


def _gid_int(gid: str, where: str) -> int:
    digits = tail(gid).partition("?")[0]
    if not digits.isdecimal():
        raise _Bad("bad_id", where, f"{gid!r} is not a Shopify id")
    return _bigint(int(digits), where)


def _bigint(number: int, where: str) -> int:
    if not -BIGINT_MAX - 1 <= number <= BIGINT_MAX:
        raise _Bad("id_out_of_range", where, f"{number} does not fit 64 bits")
    return number


def _money(text: str, where: str) -> Decimal:
    amount = Decimal(text)
    exponent = amount.normalize().as_tuple().exponent
    if isinstance(exponent, int) and exponent < -MONEY_SCALE:
        raise _Bad("money_precision", where, f"{text} has more than {MONEY_SCALE} decimals")
    return amount.quantize(_MONEY_STEP)


def _rate(number: float, where: str) -> Decimal:
    """The shortest decimal that is this number, as Shopify wrote it."""
    rate = Decimal(repr(number))
    if not rate.is_finite() or abs(rate) >= 1000:
        raise _Bad("rate_out_of_range", where, f"{number} is no rate")
    return rate.quantize(_RATE_STEP)


def _storable(text: str) -> str:
    """PostgreSQL holds every character but NUL, which is kept visible as U+FFFD."""
    return text.replace("\x00", "\ufffd") if "\x00" in text else text

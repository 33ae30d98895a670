"""The part of a GraphQL type that the field map reads, as a msgspec struct: what must be there, and of which JSON type.

Here: shape and JSON types. Not here: what a text means (``columns.py``) and which rows come of it (``decode.py``).
"""

from __future__ import annotations

from typing import Any

import msgspec

from shopify_pipeline.schemas.kinds import CONSTANT, NODE, OWNER, PARENT, POSITION, ROOT, Column, Kind, Source, Table

#: How each kind is written in JSON. Whether a text is an id, an amount or an instant is judged a column at a time.
_JSON_TYPES: dict[Kind, Any] = {
    Kind.GID: str,
    Kind.TEXT: str,
    Kind.INT: int,
    Kind.UNSIGNED: str,
    Kind.BOOL: bool,
    Kind.INSTANT: str,
    Kind.MONEY: str,
    Kind.RATE: float,
    Kind.DECIMAL: str | float,
    Kind.DATE: str,
    Kind.JSON: msgspec.Raw,
}

#: Inside an object that is there, these may not be missing, whatever the column allows.
_ALWAYS = frozenset({"id", "amount", "currencyCode", "shopMoney", "presentmentMoney"})
#: But for these: a balance transaction tells of its payout before there is one.
_NOT_YET = frozenset({("associatedPayout", "id")})

#: Fields only some concrete types of an interface have; everywhere else a missing key is an error.
_MAY_BE_ABSENT = frozenset(
    {
        ("paymentDetails", "paymentMethodName"),
        ("purchasingEntity", "company"),
        ("purchasingEntity", "contact"),
        ("purchasingEntity", "location"),
        ("DiscountApplication", "code"),
        ("DiscountApplication", "description"),
        ("DiscountApplication", "title"),
        ("value", "amount"),
        ("value", "currencyCode"),
        ("value", "percentage"),
        ("returnShippingFees", "percentage"),
        ("ReturnLineItem", "unitPrice"),
        ("UnverifiedReturnLineItem", "fulfillmentLineItem"),
        ("UnverifiedReturnLineItem", "withCodeDiscountedTotalPriceSet"),
        ("SalesAgreement", "refund"),
        ("SalesAgreement", "return"),
        ("Sale", "additionalFee"),
        ("Sale", "duty"),
        ("Sale", "fee"),
        ("Sale", "lineItem"),
        ("Sale", "shippingLine"),
        ("StoreCreditAccountDebitTransaction", "expiresAt"),
        ("StoreCreditAccountDebitTransaction", "remainingAmount"),
        ("StoreCreditAccountDebitRevertTransaction", "expiresAt"),
        ("StoreCreditAccountDebitRevertTransaction", "remainingAmount"),
        ("StoreCreditAccountExpirationTransaction", "expiresAt"),
        ("StoreCreditAccountExpirationTransaction", "remainingAmount"),
    }
)

#: Columns that are not read from the item itself.
ELSEWHERE = frozenset({PARENT, ROOT, POSITION, "."})


def steps_of(source: Source) -> tuple[str, ...]:
    """The names on the way from a node to the items of a source; none when the node is the item."""
    return tuple(filter(None, source.items.replace("[]", "").split(".")))


class Shape:
    """One object type as a tree: what every column of every table reads of it."""

    def __init__(self) -> None:
        self.fields: dict[str, Shape | Any] = {}
        self.optional: dict[str, bool] = {}
        self._lists: set[str] = set()

    def add_source(self, table: Table, source: Source) -> None:
        """Add what one table takes from one source."""
        shape, owners = self, [self]
        steps = steps_of(source)
        for place, name in enumerate(steps):
            is_last = place == len(steps) - 1
            if not (is_last and source.single):
                shape._lists.add(name)
            may_be_null = is_last and (source.single or source.nullable)
            if is_last and any(column.path == "." for column in table.columns):
                shape._leaf(name, str, optional=may_be_null)
            else:
                shape = shape._child(name, optional=may_be_null)
            owners.append(shape)
        for column in table.columns:
            path = source.path(column)
            if path in ELSEWHERE or path.startswith(CONSTANT):
                continue
            if path.startswith(NODE):
                self._add_path(path[1:], column)
            elif path.startswith(OWNER):
                owners[-2]._add_path(path[2:], column)
            else:
                shape._add_path(path, column)

    def _child(self, name: str, *, optional: bool) -> Shape:
        child = self.fields.setdefault(name, Shape())
        self.optional[name] = self.optional.get(name, True) and optional
        return child

    def _leaf(self, name: str, kind: Any, *, optional: bool) -> None:
        self.fields[name] = kind
        self.optional[name] = self.optional.get(name, True) and optional

    def _add_path(self, path: str, column: Column) -> None:
        shape: Shape = self
        *above, leaf = path.split(".")
        for name in above:
            if "[" in name:
                name, selector = name.rstrip("]").split("[")
                shape._lists.add(name)
                shape = shape._child(name, optional=False)
                shape._leaf(selector.split("=")[0], str, optional=False)
            else:
                shape = shape._child(name, optional=column.nullable and name not in _ALWAYS)
        is_always = bool(above) and leaf in _ALWAYS and (above[-1], leaf) not in _NOT_YET
        shape._leaf(leaf, _JSON_TYPES[column.kind], optional=column.nullable and not is_always)
        if leaf == "amount" and above and "currencyCode" not in shape.fields:
            shape._leaf("currencyCode", str, optional=False)

    def struct(self, name: str) -> type[msgspec.Struct]:
        """The struct type; every field must be present in the JSON, nullable ones may be null."""
        required: list[Any] = []
        absent: list[Any] = []
        for field, inner in self.fields.items():
            kind: Any = inner.struct(f"{name}_{field}") if isinstance(inner, Shape) else inner
            if field in self._lists:
                kind = list[kind]
            if self.optional[field]:
                kind = kind | None
            if (name.rsplit("_", 1)[-1], field) in _MAY_BE_ABSENT:
                absent.append((attribute(field), kind, None))
            else:
                required.append((attribute(field), kind))
        return msgspec.defstruct(name, required + absent, frozen=True, gc=False, rename={"typename": "__typename"})


def attribute(field: str) -> str:
    """A GraphQL field as an attribute of its struct."""
    return field.lstrip("_")

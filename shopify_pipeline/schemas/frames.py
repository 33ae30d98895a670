"""Typed rows as frames, and the pandera schema that judges each of them.

Here: Arrow-backed frames and the rules between values. Money never meets a float and an integer never becomes one.
Not here: parsing (``decode.py``) and what happens to a rejected root (``steps/load.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow
from iso4217 import Currency

from shopify_pipeline.schemas.decode import MONEY_SCALE, RATE_SCALE, Row
from shopify_pipeline.schemas.kinds import Kind, Table

ARROW_TYPES: dict[Kind, arrow.DataType] = {
    Kind.GID: arrow.int64(),
    Kind.TEXT: arrow.string(),
    Kind.INT: arrow.int64(),
    Kind.UNSIGNED: arrow.int64(),
    Kind.BOOL: arrow.bool_(),
    Kind.INSTANT: arrow.timestamp("us", tz="UTC"),
    Kind.MONEY: arrow.decimal128(20, MONEY_SCALE),
    Kind.RATE: arrow.decimal128(24, RATE_SCALE),
}

_CURRENCIES = frozenset(currency.code for currency in Currency)

_ZERO = Decimal(0)

#: Value rules a column may name.
_VALUE_RULES: dict[str, Callable[[pd.Series], pd.Series]] = {
    "currency": lambda series: series.isin(_CURRENCIES),
    "not_negative": lambda series: series >= 0,
}

#: Row rules per table: name → (columns it is about, expression). Money identities hold in presentment currency
#: (sales-ledger I7, I2, I3); in shop currency conversion may leave a residual.
RowRule = tuple[str, str, Callable[[pd.DataFrame], pd.Series]]
_ROW_RULES: dict[str, tuple[RowRule, ...]] = {
    "orders": (
        (
            "net_payment_is_received_less_refunded",
            "$.netPaymentSet.presentmentMoney.amount",
            lambda f: f.net_payment_presentment == f.total_received_presentment - f.total_refunded_presentment,
        ),
    ),
    "order_lines": (
        (
            "current_quantity_within_quantity",
            "$.currentQuantity",
            lambda f: f.current_quantity <= f.quantity,
        ),
    ),
    "order_transactions": (
        ("amount_not_negative", "$.amountSet", lambda f: (f.amount_shop >= _ZERO) & (f.amount_presentment >= _ZERO)),
    ),
    "inventory_levels": (
        (
            "on_hand_is_the_sum_of_its_states",
            "$.quantities",
            lambda f: (
                f.on_hand
                == f[["available", "committed", "reserved", "damaged", "quality_control", "safety_stock"]]
                .fillna(0)
                .sum(axis=1)
            ),
        ),
    ),
}


@dataclass(frozen=True, slots=True, order=True)
class Failure:
    """A rule that one row of a frame breaks."""

    row: int
    rule: str
    path: str
    message: str


def to_frame(table: Table, rows: Sequence[Row]) -> pd.DataFrame:
    """Rows of one table as an Arrow-backed frame, columns in the field map's order.

    Raises:
        AssertionError: A decoded value does not fit its Arrow type: our bug, never a rejected root.
    """
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(table.columns)
    try:
        arrays = [arrow.array(v, ARROW_TYPES[c.kind]) for c, v in zip(table.columns, columns, strict=True)]
    except arrow.ArrowException as exc:
        raise AssertionError(f"{table.name}: a decoded value does not fit its column: {exc}") from exc
    frame: pd.DataFrame = arrow.table(arrays, names=[c.name for c in table.columns]).to_pandas(
        types_mapper=pd.ArrowDtype
    )
    return frame


@cache
def pandera_schema(table: Table) -> pa.DataFrameSchema:
    """The pandera schema of a table, generated from the field map."""
    columns = {
        column.name: pa.Column(
            pd.ArrowDtype(ARROW_TYPES[column.kind]),
            checks=[pa.Check(_VALUE_RULES[name], name=name, ignore_na=True) for name in column.checks],
            nullable=column.nullable,
            description=column.description,
        )
        for column in table.columns
    }
    rules = [pa.Check(rule, name=name, ignore_na=False) for name, _, rule in _ROW_RULES.get(table.name, ())]
    return pa.DataFrameSchema(columns, checks=rules, unique=list(table.key), strict=True, name=table.name)


def judge(table: Table, frame: pd.DataFrame) -> list[Failure]:
    """Every rule a row of this frame breaks; empty when the frame is good.

    Raises:
        AssertionError: pandera failed on something that is no row of the frame: a bug in a rule, not bad data.
    """
    try:
        pandera_schema(table).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as exc:
        # A frame-wide rule is reported once per column of each bad row; a set makes it one failure again.
        return sorted({_failure(table, case) for case in exc.failure_cases.to_dict("records")})
    return []


def _failure(table: Table, case: Mapping[str, object]) -> Failure:
    row, rule, column = case["index"], str(case["check"]), str(case["column"])
    if row is None or pd.isna(row):  # type: ignore[call-overload]
        raise AssertionError(f"{table.name}: rule {rule} broke instead of judging: {case['failure_case']}")
    paths = {name: path for name, path, _ in _ROW_RULES.get(table.name, ())}
    if rule in paths:
        return Failure(int(str(row)), rule, paths[rule], f"{table.name} breaks {rule}")
    if rule.startswith(("multiple_fields_uniqueness", "field_uniqueness")):
        return Failure(int(str(row)), "duplicate_key", "$.id", f"{table.name}: the same key twice in one load")
    path = "$." + table.column(column).path.lstrip("/.") if column in {c.name for c in table.columns} else "$"
    return Failure(int(str(row)), rule, path, f"{table.name}.{column} breaks {rule}")

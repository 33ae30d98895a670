"""Typed rows as frames, and the pandera schema that judges each of them.

Here: Arrow-backed frames and the rules between values. Money never meets a float and an integer never becomes one.
Not here: parsing (``decode.py``) and what happens to a rejected root (``steps/load.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow
from iso4217 import Currency

from shopify_pipeline.schemas.columns import ARROW_TYPES
from shopify_pipeline.schemas.kinds import Table, in_words

_CURRENCIES = frozenset(currency.code for currency in Currency)

_ZERO = Decimal(0)

#: Value rules a column may name.
_VALUE_RULES: dict[str, Callable[[pd.Series], pd.Series]] = {
    "currency": lambda series: series.isin(_CURRENCIES),
    "not_negative": lambda series: series >= 0,
}

#: What a value is that breaks its rule.
_BROKEN = {"currency": "no ISO 4217 currency", "not_negative": "below zero"}

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


def to_frame(typed: arrow.Table) -> pd.DataFrame:
    """Typed columns as an Arrow-backed frame; an integer with a null stays an integer."""
    frame: pd.DataFrame = typed.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


@cache
def pandera_schema(table: Table, *, rules_alone: bool = False) -> pa.DataFrameSchema:
    """The pandera schema of a table, generated from the field map.

    Args:
        rules_alone: Only what is to be said of values: types, nulls and keys were looked at before.
    """
    columns = {
        column.name: pa.Column(
            None if rules_alone else pd.ArrowDtype(ARROW_TYPES[column.kind]),
            checks=[pa.Check(_VALUE_RULES[name], name=name, ignore_na=True) for name in column.checks],
            nullable=rules_alone or column.nullable,
            description=column.description,
        )
        for column in table.columns
        if column.checks or not rules_alone
    }
    rules = [pa.Check(rule, name=name, ignore_na=False) for name, _, rule in _ROW_RULES.get(table.name, ())]
    keys = None if rules_alone else list(table.key)
    return pa.DataFrameSchema(columns, checks=rules, unique=keys, strict=not rules_alone, name=table.name)


def judge(table: Table, typed: arrow.Table) -> list[Failure]:
    """Every rule a row of these columns breaks; empty when they are good.

    Raises:
        AssertionError: pandera failed on something that is no row of the frame: a bug in a rule, not bad data.
    """
    is_whole = _is_whole(table, typed)
    if is_whole and table.name not in _ROW_RULES:
        typed = typed.select([column.name for column in table.columns if column.checks])
    if not typed.num_columns:
        return []
    try:
        pandera_schema(table, rules_alone=is_whole).validate(to_frame(typed), lazy=True)
    except pa.errors.SchemaErrors as exc:
        # A frame-wide rule is reported once per column of each bad row; a set makes it one failure again.
        return sorted({_failure(table, case) for case in exc.failure_cases.to_dict("records")})
    return []


def _is_whole(table: Table, typed: arrow.Table) -> bool:
    """Whether every column is of its type, none lacks a value it must have and no key is there twice.

    Arrow tells it of a whole table at once; pandera, which has a price per column, need only say what is wrong if not.
    """
    columns = zip(table.columns, typed.schema, typed.columns, strict=True)
    return all(
        held.name == column.name
        and held.type == ARROW_TYPES[column.kind]
        and (column.nullable or not values.null_count)
        for column, held, values in columns
    ) and (typed.select(table.key).group_by(table.key, use_threads=False).aggregate([]).num_rows == typed.num_rows)


def _failure(table: Table, case: Mapping[str, object]) -> Failure:
    row, rule, name = case["index"], str(case["check"]), str(case["column"])
    if row is None or pd.isna(row):  # type: ignore[call-overload]
        raise AssertionError(f"{table.name}: rule {rule} broke instead of judging: {case['failure_case']}")
    place, what = int(str(row)), table.name.replace("_", " ")
    paths = {rule: path for rule, path, _ in _ROW_RULES.get(table.name, ())}
    if rule in paths:
        return Failure(place, rule, paths[rule], f"{what}: it does not hold that {rule.replace('_', ' ')}")
    if rule.startswith(("multiple_fields_uniqueness", "field_uniqueness")):
        return Failure(place, "duplicate_key", "$.id", f"{what}: the same key twice in one load")
    if name not in {column.name for column in table.columns}:
        raise AssertionError(f"{table.name}: rule {rule} judged {name}, which is no column")
    column = table.column(name)
    path = "$." + column.path.lstrip("/.@")
    if rule == "not_nullable":
        return Failure(place, rule, path, f"{what}: {in_words(column)} is missing")
    shown = case["failure_case"] if column.checks else "its value"
    return Failure(place, rule, path, f"{what}: {in_words(column)} is {shown}, {_BROKEN.get(rule, 'against ' + rule)}")

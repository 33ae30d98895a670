"""Judging the rows of a reading before they are kept: of the census, and of a snapshot.

Here: rows to Arrow-backed frames, and what is said of one that is not as its table declares. Not here: the declarations
(``frames_census.py``, ``frames_snapshot.py``). Money never meets a float, an integer never becomes one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow

from shopify_pipeline.errors import DataError
from shopify_pipeline.reconcile.frame_kinds import Frame
from shopify_pipeline.reconcile.frames_census import CENSUS
from shopify_pipeline.reconcile.frames_snapshot import SNAPSHOT

__all__ = ["CENSUS", "SNAPSHOT", "check", "columns"]

Row = Sequence[object]

#: pandera has a price per frame, not per row; a frame of so many rows is a few megabytes.
ROWS_PER_FRAME = 20_000
_SHOWN = 3
#: How Arrow says that a value does not fit.
_REFUSALS = (arrow.ArrowException, TypeError, ValueError, OverflowError)


def check(frames: Mapping[str, type[Frame]], table: str, rows: Sequence[Row]) -> None:
    """Let rows pass that are as their table declares them.

    Args:
        frames: ``CENSUS`` or ``SNAPSHOT``.
        rows: In the order of the table's columns.

    Raises:
        DataError: One is not; names table, column and the first few ids, never a value.
    """
    for start in range(0, len(rows), ROWS_PER_FRAME):
        _check(frames[table], table, rows[start : start + ROWS_PER_FRAME])


def columns(frame: type[Frame]) -> tuple[str, ...]:
    """Names of a table's columns, in order."""
    return tuple(_types(frame))


@cache
def _types(frame: type[Frame]) -> dict[str, arrow.DataType]:
    return {name: column.dtype.type.pyarrow_dtype for name, column in frame.to_schema().columns.items()}


def _check(frame: type[Frame], table: str, rows: Sequence[Row]) -> None:
    types = _types(frame)
    held = {
        name: _array(values, kind, table, name, rows)
        for (name, kind), values in zip(types.items(), zip(*rows, strict=True), strict=True)
    }
    try:
        frame.validate(arrow.table(held).to_pandas(types_mapper=pd.ArrowDtype), lazy=True)
    except pa.errors.SchemaErrors as exc:
        raise _refused(table, *_first_of(exc.failure_cases, rows)) from exc


def _first_of(found: pd.DataFrame, rows: Sequence[Row]) -> tuple[str, list[Row]]:
    """The first rule that is broken, in words, and the rows that break it."""
    first = found.iloc[0]
    rule = str(first["check"]).partition("(")[0].strip("_").replace("_", " ")
    is_of_column = first["schema_context"] == "Column"
    places = found.loc[(found["check"] == first["check"]) & (found["column"] == first["column"]), "index"]
    bad = [rows[int(place)] for place in places.dropna().unique()]
    return f"{first['column']} against {rule}" if is_of_column else f"rows against {rule}", bad


def _array(values: Sequence[object], kind: arrow.DataType, table: str, name: str, rows: Sequence[Row]) -> arrow.Array:
    try:
        return _typed(values, kind)
    except _REFUSALS as exc:
        bad = [row for row, value in zip(rows, values, strict=True) if not _fits(value, kind)]
        raise _refused(table, f"{name} with a value that is no {kind}", bad) from exc


def _typed(values: Sequence[object], kind: arrow.DataType) -> arrow.Array:
    """The values as they are: Arrow would take a flag for a number, and a time without a zone for one in UTC."""
    if arrow.types.is_decimal(kind) or arrow.types.is_timestamp(kind) or arrow.types.is_integer(kind):
        values = [_exact(value) for value in values]
    return arrow.array(values, kind)


def _exact(value: object) -> object:
    """Refuse what would only seem to fit.

    Raises:
        ValueError: A flag or a float among numbers, or a time without its zone.
    """
    if isinstance(value, (bool, float)) or (isinstance(value, datetime) and value.tzinfo is None):
        raise ValueError(type(value).__name__)
    return value


def _fits(value: object, kind: arrow.DataType) -> bool:
    try:
        _typed([value], kind)
    except _REFUSALS:
        return False
    return True


def _refused(table: str, what: str, bad: Sequence[Row]) -> DataError:
    """The first few rows are named by the numbers and names they begin with, after the shop's."""
    named = ", ".join("/".join(map(str, row[1:3])) for row in bad[:_SHOWN])
    more = f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
    return DataError(f"a reading of {table} holds {what} ({named}{more}): nothing of it is kept, the last one stands")

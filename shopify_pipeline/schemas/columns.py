"""Values to columns: texts and numbers of JSON as typed Arrow columns, a whole column at a time.

Here: what each kind's values must look like, exactly; money never meets a float, an id never loses a digit.
Not here: where values come from (``decode.py``) and rules between them (``frames.py``).
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec
import pyarrow as arrow
import pyarrow.compute as compute

from shopify_pipeline.schemas.kinds import Kind

#: Decimals the warehouse keeps of an amount; ISO 4217 needs at most four.
MONEY_SCALE = 6
#: Decimals kept of a rate: a computed one comes as a float of up to 17 digits.
RATE_SCALE = 20
#: Decimals kept of any other number: an exchange rate, a weight.
DECIMAL_SCALE = 12

ARROW_TYPES: dict[Kind, arrow.DataType] = {
    Kind.GID: arrow.int64(),
    Kind.TEXT: arrow.string(),
    Kind.INT: arrow.int64(),
    Kind.UNSIGNED: arrow.int64(),
    Kind.BOOL: arrow.bool_(),
    Kind.INSTANT: arrow.timestamp("us", tz="UTC"),
    Kind.MONEY: arrow.decimal128(20, MONEY_SCALE),
    Kind.RATE: arrow.decimal128(24, RATE_SCALE),
    Kind.DECIMAL: arrow.decimal128(30, DECIMAL_SCALE),
    Kind.DATE: arrow.date32(),
    Kind.JSON: arrow.string(),
}

_GID_PREFIX = "gid://shopify/"
_GID_LETTERS = string.ascii_letters + ":/"
#: How Arrow, Decimal and Unicode say that a value does not fit.
_REFUSALS = (arrow.ArrowException, ValueError, ArithmeticError)
#: What COPY's text format writes otherwise; the backslash goes first.
_ESCAPES = (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


@dataclass(frozen=True, slots=True)
class Values:
    """One column of a batch.

    Attributes:
        typed: As its kind says, see ``ARROW_TYPES``.
        text: As COPY's text format reads it; the same value is always the same text.
    """

    typed: arrow.Array
    text: arrow.Array


@dataclass(frozen=True, slots=True)
class Bad:
    """A value that is not what its column says.

    Attributes:
        place: Which value of the column.
        says: What is wrong, ready to follow "is".
    """

    place: int
    rule: str
    says: str


class BadValuesError(ValueError):
    """Some values of a column are not what they claim to be; ``bad`` names each."""

    def __init__(self, bad: list[Bad]) -> None:
        super().__init__(f"{len(bad)} bad values")
        self.bad = bad


def gathered(kind: Kind, raw: Sequence[Any]) -> arrow.Array:
    """JSON values of one column side by side, None where Shopify sent null, not yet read as what they stand for.

    Cheap for a few values as well as for many, which ``to_values`` is not.

    Raises:
        BadValuesError: With every value that cannot be of this kind.
        AssertionError: As ``to_values``.
    """
    gather = _GATHERERS[kind]
    try:
        return gather(raw)
    except _REFUSALS as exc:
        raise _refusal(kind, gather, ([value] for value in raw), exc) from exc


def to_values(kind: Kind, held: arrow.Array) -> Values:
    """One column of values that were ``gathered``.

    Raises:
        BadValuesError: With every value that is not of this kind.
        AssertionError: The column cannot be built though each of its values can: a bug of ours.
    """
    convert = _CONVERTERS[kind]
    try:
        return convert(held)
    except _REFUSALS as exc:
        raise _refusal(kind, convert, (held.slice(place, 1) for place in range(len(held))), exc) from exc


def _refusal(
    kind: Kind, build: Callable[[Any], object], singles: Iterable[Sequence[Any]], cause: Exception
) -> BadValuesError:
    """Which values it was that could not be built together."""
    bad: list[Bad] = []
    for place, single in enumerate(singles):
        try:
            build(single)
        except _REFUSALS:
            value = single[0].as_py() if isinstance(single, arrow.Array) else single[0]
            rule, what = _complaint(kind, value)
            # What is written in a text may be personal; an amount or a stamp is not.
            bad.append(Bad(place, rule, f"{'its value' if kind is Kind.TEXT else repr(value)[:40]}, {what}"))
    if not bad:
        raise AssertionError(f"a column of kind {kind} cannot be built: {cause}") from cause
    return BadValuesError(bad)


def _complaint(kind: Kind, value: Any) -> tuple[str, str]:
    text = str(value)
    if kind in (Kind.GID, Kind.UNSIGNED, Kind.INT):
        is_number = re.fullmatch(r"(gid://shopify/[A-Za-z]+/)?-?[0-9]+(\?.*)?", text) is not None
        rule = "id_out_of_range" if is_number and not text.startswith("-") else "wrong_type"
        return rule, "which does not fit 64 bits" if rule == "id_out_of_range" else _EXPECTED[kind]
    if kind is Kind.MONEY and re.fullmatch(rf"-?[0-9]{{1,14}}\.[0-9]{{{MONEY_SCALE + 1},}}", text):
        return "money_precision", f"with more than {MONEY_SCALE} decimals"
    if kind is Kind.RATE:
        return "rate_out_of_range", "no rate below 1000"
    return "wrong_type", _EXPECTED[kind]


_EXPECTED: dict[Kind, str] = {
    Kind.GID: "not a Shopify id",
    Kind.TEXT: "not a text",
    Kind.INT: "not a whole number",
    Kind.UNSIGNED: "not a whole number above 0",
    Kind.BOOL: "not true or false",
    Kind.INSTANT: "not an instant with its zone",
    Kind.MONEY: "not an amount",
    Kind.DECIMAL: "not a number",
    Kind.DATE: "not a day",
    Kind.JSON: "not JSON",
}


def expected(kind: Kind) -> str:
    """What a value of this kind should have been, ready to follow the value: ``not an amount``."""
    return _EXPECTED.get(kind, "not a number")


def _as(kind: arrow.DataType) -> Callable[[Sequence[Any]], arrow.Array]:
    return lambda raw: arrow.array(raw, kind)


def _rates(raw: Sequence[Any]) -> arrow.Array:
    return arrow.array([None if number is None else _rate_of(number) for number in raw], ARROW_TYPES[Kind.RATE])


@lru_cache(maxsize=10_000)
def _rate_of(number: float) -> Decimal:
    """The shortest decimal that is this number, as Shopify wrote it."""
    rate = Decimal(repr(number))
    if not rate.is_finite() or abs(rate) >= 1000:
        raise ValueError("no rate")
    return rate.quantize(_RATE_STEP)


def _decimals(raw: Sequence[Any]) -> arrow.Array:
    numbers = [None if n is None else Decimal(n if isinstance(n, str) else repr(n)) for n in raw]
    return arrow.array([None if n is None else n.quantize(_DECIMAL_STEP) for n in numbers], ARROW_TYPES[Kind.DECIMAL])


_RATE_STEP = Decimal(1).scaleb(-RATE_SCALE)
_DECIMAL_STEP = Decimal(1).scaleb(-DECIMAL_SCALE)


def _json(raw: Sequence[Any]) -> arrow.Array:
    """JSON in one writing: keys sorted, no blanks; PostgreSQL's jsonb cannot hold NUL either."""
    texts = [None if v is None else msgspec.json.encode(msgspec.json.decode(v), order="sorted").decode() for v in raw]
    return arrow.array([None if t is None else t.replace("\\u0000", "\\ufffd") for t in texts], arrow.string())


_GATHERERS: dict[Kind, Callable[[Sequence[Any]], arrow.Array]] = {
    Kind.GID: _as(arrow.string()),
    Kind.TEXT: _as(arrow.string()),
    Kind.INT: _as(arrow.int64()),
    Kind.UNSIGNED: _as(arrow.string()),
    Kind.BOOL: _as(arrow.bool_()),
    Kind.INSTANT: _as(arrow.string()),
    Kind.MONEY: _as(arrow.string()),
    Kind.RATE: _rates,
    Kind.DECIMAL: _decimals,
    Kind.DATE: _as(arrow.string()),
    Kind.JSON: _json,
}


def _bytes(texts: arrow.Array) -> bytes:
    """The memory of a column of texts, one behind the other: where one look tells what is in none of them."""
    held = texts.buffers()[2]
    return b"" if held is None else held.to_pybytes()


def _text(typed: arrow.Array) -> Values:
    held = _bytes(typed)
    if b"\x00" in held:
        # PostgreSQL holds every character but NUL, which is kept visible as U+FFFD.
        typed = compute.replace_substring(typed, "\x00", "\ufffd")
    text = typed
    for character, escaped in _ESCAPES:
        if character.encode() in held:
            text = compute.replace_substring(text, character, escaped)
    return Values(typed, text)


def _gid(texts: arrow.Array) -> Values:
    if not compute.all(compute.starts_with(texts, _GID_PREFIX), min_count=0).as_py():
        raise ValueError("not all are Shopify ids")
    if b"?" in _bytes(texts):
        texts = compute.replace_substring_regex(texts, r"\?.*$", "")
    digits = compute.ascii_ltrim(texts, characters=_GID_LETTERS)
    return Values(compute.cast(digits, arrow.int64()), digits)


def _plain(typed: arrow.Array) -> Values:
    return Values(typed, compute.cast(typed, arrow.string()))


def _unsigned(texts: arrow.Array) -> Values:
    return _plain(compute.cast(compute.cast(texts, arrow.uint64()), arrow.int64()))


def _bool(typed: arrow.Array) -> Values:
    return Values(typed, compute.if_else(typed, "t", "f"))


def _instant(texts: arrow.Array) -> Values:
    typed = compute.cast(texts, ARROW_TYPES[Kind.INSTANT])
    is_utc = compute.ends_with(texts, "Z")
    if not compute.all(is_utc, min_count=0).as_py():
        texts = compute.if_else(is_utc, texts, compute.strftime(typed, "%Y-%m-%dT%H:%M:%SZ"))
    return Values(typed, texts)


def _money(texts: arrow.Array) -> Values:
    return Values(compute.cast(texts, ARROW_TYPES[Kind.MONEY]), _trimmed(texts))


def _trimmed(texts: arrow.Array) -> arrow.Array:
    """Amounts without the zeros that say nothing: ``10``, ``10.0`` and ``10.00`` are one amount."""
    trimmed = compute.ascii_rtrim(compute.ascii_rtrim(texts, characters="0"), characters=".")
    has_point = compute.match_substring(texts, ".")
    if compute.all(has_point, min_count=0).as_py():
        return trimmed
    return compute.if_else(has_point, trimmed, texts)


def _date(texts: arrow.Array) -> Values:
    return Values(compute.cast(texts, arrow.date32()), texts)


_CONVERTERS: dict[Kind, Callable[[arrow.Array], Values]] = {
    Kind.GID: _gid,
    Kind.TEXT: _text,
    Kind.INT: _plain,
    Kind.UNSIGNED: _unsigned,
    Kind.BOOL: _bool,
    Kind.INSTANT: _instant,
    Kind.MONEY: _money,
    Kind.RATE: _plain,
    Kind.DECIMAL: _plain,
    Kind.DATE: _date,
    Kind.JSON: _text,
}

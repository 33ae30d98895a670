"""What another system booked, from a CSV file, beside what we would book: order by order, figure by figure.

Here: reading the file, and pure comparison. Not here: reading the warehouse, printing, any write.
Amounts are Decimal in major units of the shop's currency; on accounts a debit is positive.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec

from shopify_pipeline.backoffice.protocol import Order
from shopify_pipeline.errors import ConfigError

Status = Literal["equal", "differs", "missing", "extra", "unmapped"]

#: Figures that are no account.
TOTAL, TAX, DAYS = "total", "tax", "days"
COLUMNS = "order, date and either total (and tax) or account and amount"
_AMOUNT = re.compile(r"[+-]?\d+(\.\d+)?")

#: Amount by order and figure; an order is its id where we know it, else as the file names it.
Figures = dict[str, dict[str, Decimal]]


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the file; ``order`` is a name or an id, ``figure`` an account, ``total`` or ``tax``."""

    order: str
    on: date
    figure: str
    amount: Decimal


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One order and figure; ``status`` tells which side lacks the order, or that both have it.

    Attributes:
        ours: What we would book, or the days we would book on; empty when we book nothing.
    """

    order: str
    status: Status
    figure: str = ""
    ours: str = ""
    theirs: str = ""
    difference: Decimal | None = None
    reason: str = ""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Orders by status, and every figure that is not the same."""

    orders: Mapping[str, int]
    rows: tuple[Difference, ...]

    @property
    def is_equal(self) -> bool:
        return set(self.orders) <= {"equal"}


def read_booked(path: Path) -> list[Booked]:
    """Read the file: one row per document and order with its total, or one per order and account.

    Raises:
        ConfigError: It cannot be read, lacks a column, or a cell is no date or amount; the message names the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path} cannot be read as UTF-8 text") from exc
    head = text.partition("\n")[0]
    reader = csv.DictReader(text.splitlines(), delimiter=";" if ";" in head and "," not in head else ",", restval="")
    names = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
    by_account = {"account", "amount"} <= names.keys()
    if not ({"order", "date"} <= names.keys() and (by_account or "total" in names)):
        raise ConfigError(f"{path} needs the columns {COLUMNS}; it has {', '.join(sorted(names)) or 'none'}")
    booked: list[Booked] = []
    for row in reader:
        cells = {name: (row[own] or "").strip() for name, own in names.items()}
        where = f"{path} line {reader.line_num}"
        if not cells["order"]:
            raise ConfigError(f"{where}: no order")
        on = _day(cells["date"], where)
        figures = {cells["account"]: "amount"} if by_account else {name: name for name in (TOTAL, TAX) if name in names}
        for figure, column in figures.items():
            if not figure:
                raise ConfigError(f"{where}: no account")
            booked.append(
                Booked(order=cells["order"], on=on, figure=figure, amount=_amount(cells[column], f"{where}: {column}"))
            )
    if not booked:
        raise ConfigError(f"{path} holds no rows")
    return booked


def our_figures(
    order: Order, until: date, *, by_account: bool, receivable: str, tax_accounts: Mapping[str, str]
) -> Iterator[tuple[str, date, Decimal]]:
    """(figure, day, amount) of everything of an order up to a day; with accounts, payments and entries too.

    Args:
        tax_accounts: Account by tax code.
    """
    for document in order.documents:
        if document.on > until:
            continue
        taxes = [(each.tax, each.amount) for line in document.lines for each in line.taxes]
        whole = sum((amount for _, amount in taxes), Decimal(0))
        if not by_account:
            yield TOTAL, document.on, document.total
            yield TAX, document.on, whole
            continue
        yield receivable, document.on, document.total
        for code, amount in taxes:
            yield tax_accounts[code], document.on, -amount
        for line in document.lines:
            yield line.account, document.on, -line.net
    for payment in order.payments if by_account else ():
        if payment.on <= until:
            yield payment.account, payment.on, payment.amount + payment.rounding
            yield receivable, payment.on, -payment.amount
            if payment.rounding and payment.rounding_account:
                yield payment.rounding_account, payment.on, -payment.rounding
    for entry in order.entries if by_account else ():
        if entry.on <= until:
            for side in entry.lines:
                yield side.account, entry.on, side.amount


def compare(
    ours: Mapping[str, Iterable[tuple[str, date, Decimal]]],
    theirs: Iterable[Booked],
    names: Mapping[str, str],
    unmapped: Mapping[str, str],
) -> Compared:
    """Compare both sides, order by order.

    Args:
        ours: (figure, day, amount) by order id.
        names: Order id by name, for files that name orders.
        unmapped: Why we could not book an order, by id.
    """
    our_sums, our_days = _sums((order, *each) for order, figures in ours.items() for each in figures)
    booked = list(theirs)
    has_tax = any(each.figure == TAX for each in booked) or all(each.figure != TOTAL for each in booked)
    their_sums, their_days = _sums((_id(each.order, names), each.figure, each.on, each.amount) for each in booked)
    shown = {order_id: name for name, order_id in names.items()}
    counts: defaultdict[str, int] = defaultdict(int)
    rows: list[Difference] = []
    for order in sorted(our_sums.keys() | their_sums.keys() | unmapped.keys(), key=lambda each: shown.get(each, each)):
        found = _of_order(order, our_sums, our_days, their_sums, their_days, unmapped, has_tax)
        counts[found[0].status if found else "equal"] += 1
        rows += [msgspec.structs.replace(each, order=shown.get(order, order)) for each in found]
    return Compared(orders=dict(counts), rows=tuple(rows))


def _of_order(
    order: str,
    our_sums: Figures,
    our_days: Mapping[str, set[date]],
    their_sums: Figures,
    their_days: Mapping[str, set[date]],
    unmapped: Mapping[str, str],
    has_tax: bool,
) -> list[Difference]:
    if order in unmapped:
        return [Difference(order=order, status="unmapped", reason=unmapped[order])]
    ours, theirs = our_sums.get(order, {}), their_sums.get(order, {})
    status: Status = "missing" if not theirs else "extra" if not ours else "differs"
    found = []
    for figure in sorted(ours.keys() | theirs.keys()):
        our, their = ours.get(figure, Decimal(0)), theirs.get(figure, Decimal(0))
        if our != their and (figure != TAX or has_tax):
            found.append(
                Difference(
                    order=order,
                    status=status,
                    figure=figure,
                    ours=str(our) if ours else "",
                    theirs=str(their) if theirs else "",
                    difference=their - our,
                )
            )
    if status == "differs" and our_days[order] != their_days[order]:
        days = [" ".join(map(str, sorted(each))) for each in (our_days[order], their_days[order])]
        found.append(Difference(order=order, status=status, figure=DAYS, ours=days[0], theirs=days[1]))
    return found


def _sums(rows: Iterable[tuple[str, str, date, Decimal]]) -> tuple[Figures, Mapping[str, set[date]]]:
    sums: Figures = {}
    days: defaultdict[str, set[date]] = defaultdict(set)
    for order, figure, on, amount in rows:
        figures = sums.setdefault(order, {})
        figures[figure] = figures.get(figure, Decimal(0)) + amount
        days[order].add(on)
    return sums, days


def _id(order: str, names: Mapping[str, str]) -> str:
    return names.get(order) or names.get(f"#{order}") or order.rpartition("/")[2]


def _day(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise ConfigError(f"{where}: date must be written 2026-11-30") from exc


def _amount(text: str, where: str) -> Decimal:
    if not _AMOUNT.fullmatch(text):
        raise ConfigError(f"{where} must be written 1234.50 or -1234.50")
    return Decimal(text)

"""The journal as files another program imports: double-entry lines and stock movements, CSV or XLSX, by a layout.

Here: which documents, the files, and remembering what was exported. Not here: how a row is made (``journal_rows.py``).
"""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
from openpyxl import Workbook

from shopify_pipeline.backoffice import journal_rows as rows
from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.backoffice.journal_books import Movement, Posting
from shopify_pipeline.backoffice.journal_file import Entry
from shopify_pipeline.backoffice.journal_rows import Key, Names, Row
from shopify_pipeline.backoffice.layouts import Layout
from shopify_pipeline.backoffice.protocol import Order, Party, Product
from shopify_pipeline.errors import ConfigError

EXPORTS = "exports"
Format = Literal["csv", "xlsx"]
Line = TypeVar("Line", Posting, Movement)


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What one export brought that no export by the same layout had brought before."""

    layout: str
    first: date
    last: date
    documents: tuple[Key, ...]


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """Debits and credits of one account, in the journal's currency."""

    debit: Decimal
    credit: Decimal


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What was written.

    Attributes:
        files: Their paths; none when there was nothing to export.
        documents: Documents, payments and entries with at least one line.
        lines: Rows of the double-entry journal.
        movements: Rows of stock movements.
        new: Documents and movements that no export by this layout had brought before.
        accounts: By code.
        currency: Of every amount, ISO 4217.
    """

    files: tuple[str, ...]
    documents: int
    lines: int
    movements: int
    new: int
    debit: Decimal
    credit: Decimal
    accounts: dict[str, Balance]
    currency: str


def export(
    journal: JournalBackOffice,
    shop: str,
    layout: Layout,
    *,
    first: date,
    last: date,
    folder: Path,
    file_format: Format = "csv",
    new_only: bool = False,
) -> Exported:
    """Write what is booked from one day to another, by day and in the order of the journal, and remember it.

    The same days give the same rows again, and what was booked in them since. Files come first, the memory after: after
    a crash in between, the next ``new_only`` brings the same documents again.

    Args:
        last: Included.
        folder: Made when missing; a file of the same days is replaced.
        new_only: Leave out what an export by this layout has brought before.

    Raises:
        ConfigError: The days are the wrong way round.
        PermanentError: The journal is damaged or out of balance, or a document does not fit into one file.
    """
    if last < first:
        raise ConfigError(f"--to {last} is before --from {first}")
    marks = [mark for _, mark in journal.records(shop, EXPORTS, Mark) if mark.layout == layout.name]
    seen = {key for mark in marks for key in mark.documents}
    postings = _wanted(journal.postings(shop), first, last, seen if new_only else set())
    movements = _wanted(journal.movements(shop), first, last, seen if new_only else set())
    names = _names(journal, shop)
    stem = f"{layout.name}-{first}-{last}" + (f"-new-{len(marks) + 1}" if new_only else "")
    documents = list(rows.journal_rows(postings, layout.journal, names, journal.currency))
    moved = list(rows.movement_rows(movements, layout.movements, names))
    files = [
        *_write(
            folder, f"journal-{stem}", layout.journal.lines_max, rows.headings(layout.journal), documents, file_format
        ),
        *_write(
            folder, f"movements-{stem}", layout.movements.lines_max, rows.headings(layout.movements), moved, file_format
        ),
    ]
    new = _keys([*postings, *movements], seen)
    if new:
        _remember(journal, shop, Mark(layout=layout.name, first=first, last=last, documents=new))
    accounts = _accounts(postings)
    return Exported(
        files=tuple(map(str, files)),
        documents=len(documents),
        lines=sum(map(len, documents)),
        movements=sum(map(len, moved)),
        new=len(new),
        debit=sum((account.debit for account in accounts.values()), Decimal(0)),
        credit=sum((account.credit for account in accounts.values()), Decimal(0)),
        accounts=accounts,
        currency=journal.currency,
    )


def _wanted(lines: Iterable[Line], first: date, last: date, but: set[Key]) -> list[Line]:
    """Lines of these days by day; ``sorted`` keeps the journal's order within one."""
    found = (line for line in lines if first <= line.on <= last and (line.resource, line.external_id) not in but)
    return sorted(found, key=lambda line: line.on)


def _keys(lines: Iterable[Posting | Movement], seen: set[Key]) -> tuple[Key, ...]:
    return tuple(dict.fromkeys(key for line in lines if (key := (line.resource, line.external_id)) not in seen))


def _remember(journal: JournalBackOffice, shop: str, mark: Mark) -> None:
    body = msgspec.json.encode(mark)
    fingerprint = sha256(body).hexdigest()
    entry = Entry(
        shop=shop,
        resource=EXPORTS,
        external_id=f"{mark.layout}/{fingerprint}",
        order_id="",
        fingerprint=fingerprint,
        record=msgspec.Raw(body),
    )
    journal.append([entry])


def _names(journal: JournalBackOffice, shop: str) -> Names:
    return Names(
        parties={party.external_id: party.name for _, party in journal.records(shop, "parties", Party)},
        orders={order.external_id: order.name for _, order in journal.records(shop, "orders", Order)},
        products={product.external_id: product for _, product in journal.records(shop, "products", Product)},
    )


def _accounts(postings: Iterable[Posting]) -> dict[str, Balance]:
    debits: dict[str, Decimal] = defaultdict(Decimal)
    credits: dict[str, Decimal] = defaultdict(Decimal)
    for line in postings:
        side = debits if line.amount > 0 else credits
        side[line.account] += abs(line.amount)
    return {account: Balance(debit=debits[account], credit=credits[account]) for account in sorted({*debits, *credits})}


def _write(
    folder: Path, stem: str, lines_max: int | None, heading: Row, documents: Sequence[list[Row]], file_format: Format
) -> list[Path]:
    write = {"csv": _write_csv, "xlsx": _write_xlsx}[file_format]
    parts = rows.parts(documents, lines_max)
    found = []
    for number, part in enumerate(parts, start=1):
        path = folder / f"{stem}{f'-part-{number}' if len(parts) > 1 else ''}.{file_format}"
        _replace(path, write, [heading, *part])
        found.append(path)
    return found


def _replace(path: Path, write: Callable[[Path, Sequence[Row]], None], table: Sequence[Row]) -> None:
    """Nobody sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}")
    write(half, table)
    os.replace(half, path)


def _write_csv(path: Path, table: Sequence[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(table)


def _write_xlsx(path: Path, table: Sequence[Row]) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    for row in table:
        sheet.append(row)
    book.save(path)

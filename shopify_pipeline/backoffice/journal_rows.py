"""From the journal to the rows of an import file, by a layout.

Here: pure functions; a cell is a text or a number. Not here: files (``journal_export.py``), what a column is called
(``layouts/``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import groupby

import msgspec

from shopify_pipeline.backoffice.journal_books import Movement, Posting
from shopify_pipeline.backoffice.layouts import JournalSheet, MovementSheet, Text
from shopify_pipeline.backoffice.protocol import Product
from shopify_pipeline.errors import PermanentError
from shopify_pipeline.money import digits

Cell = str | Decimal | int | None
Row = list[Cell]
#: Resource and external id: what is exported whole, or not at all.
Key = tuple[str, str]

SINGULAR = {
    "documents": "document",
    "payments": "payment",
    "entries": "entry",
    "stock_counts": "count",
    "shipments": "shipment",
    "restocks": "restock",
    "reversals": "reversal",
}
#: What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What people call what the journal names by id.

    Attributes:
        parties: Name by external id.
        orders: Shopify's name of an order (``#1001``) by external id.
        products: Product by external id.
    """

    parties: Mapping[str, str]
    orders: Mapping[str, str]
    products: Mapping[str, Product]


def headings(sheet: JournalSheet | MovementSheet) -> Row:
    """The first row of a file."""
    return list(sheet.columns)


def journal_rows(postings: Iterable[Posting], sheet: JournalSheet, names: Names, currency: str) -> Iterator[list[Row]]:
    """The rows of each document, in the order given; a line of nothing has none.

    Raises:
        PermanentError: The lines of a document do not sum to zero.
    """
    minor = Decimal(1).scaleb(-digits(currency))
    for key, group in groupby(postings, key=lambda line: (line.resource, line.external_id)):
        lines = list(group)
        rest = sum((line.amount for line in lines), Decimal(0))
        if rest:
            raise PermanentError(f"{document_name(key)} is out of balance by {rest}: restore the journal from a copy")
        rows = [_row(sheet, _posting(line, sheet, names, currency, minor)) for line in lines if line.amount]
        if rows:
            yield rows


def movement_rows(movements: Iterable[Movement], sheet: MovementSheet, names: Names) -> Iterator[list[Row]]:
    """The rows of each document that moved units, in the order given."""
    for _, group in groupby(movements, key=lambda movement: (movement.resource, movement.external_id)):
        yield [_row(sheet, _movement(movement, sheet, names)) for movement in group]


def parts(documents: Iterable[list[Row]], lines_max: int | None) -> list[list[Row]]:
    """The rows of each file: as many documents as fit, none of them split.

    Raises:
        PermanentError: One document alone has more rows than a file may have.
    """
    found: list[list[Row]] = []
    for rows in documents:
        if lines_max is not None and len(rows) > lines_max:
            raise PermanentError(f"{rows[0][0]} has {len(rows)} rows and a file of this layout {lines_max} at most")
        if not found or (lines_max is not None and len(found[-1]) + len(rows) > lines_max):
            found.append([])
        found[-1] += rows
    return found


def document_name(key: Key) -> str:
    """Unique name of a document among all kinds: ``payment/123``."""
    return f"{SINGULAR[key[0]]}/{key[1]}"


def harmless(text: str) -> str:
    """A text that no spreadsheet runs: what would begin a formula begins with an apostrophe."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _posting(line: Posting, sheet: JournalSheet, names: Names, currency: str, minor: Decimal) -> dict[str, Cell]:
    document = document_name((line.resource, line.external_id))
    amount = line.amount.quantize(minor)
    if amount != line.amount:
        raise PermanentError(
            f"{document} books {line.amount}, which {currency} has no coins for: correct it in the shop"
        )
    signed = amount if sheet.amount_sign == "debit" else -amount
    return {
        "date": line.on.strftime(sheet.date_format),
        "due": (line.due_on or line.on).strftime(sheet.date_format),
        "document": document,
        "number": f"{sheet.number_prefix}{line.number}",
        "kind": line.kind,
        "order": names.orders.get(line.order_id, line.order_id),
        "account": sheet.accounts.get(line.account, line.account),
        "debit": amount if amount > 0 else None,
        "credit": -amount if amount < 0 else None,
        "amount": signed,
        "tax": line.tax,
        "party": line.party,
        "party_name": names.parties.get(line.party, line.party),
        "narration": _narration(document, line.order_id, names),
        "description": line.description,
        "currency": currency,
    }


def _movement(movement: Movement, sheet: MovementSheet, names: Names) -> dict[str, Cell]:
    document = document_name((movement.resource, movement.external_id))
    product = names.products[movement.product]
    return {
        "date": movement.on.strftime(sheet.date_format),
        "document": document,
        "kind": SINGULAR[movement.resource],
        "order": names.orders.get(movement.order_id, movement.order_id),
        "product": product.code,
        "product_name": product.name,
        "location": sheet.locations.get(movement.location, movement.location),
        "quantity": movement.quantity,
        "narration": _narration(document, movement.order_id, names),
    }


def _narration(document: str, order_id: str, names: Names) -> str:
    order = names.orders.get(order_id, order_id)
    return f"Shopify {order} {document}" if order else f"Shopify {document}"


def _row(sheet: JournalSheet | MovementSheet, fields: Mapping[str, Cell]) -> Row:
    cells = (column.text if isinstance(column, Text) else fields[column] for column in sheet.columns.values())
    return [harmless(cell) if isinstance(cell, str) else cell for cell in cells]

"""The truth about a sandbox world: what a warehouse of it has to hold, told by an auditor of its own.

Read from ``events.jsonl`` alone, by a fold that shares nothing with the world's state, its figures or the GraphQL view.
Tables and columns have the warehouse's names; ``shop`` is left out. Not here: any comparison.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from shopify_sandbox.truth import catalog_rows, movement_rows, order_rows
from shopify_sandbox.truth.books import Books
from shopify_sandbox.truth.cells import Row

__all__ = ["KEYS", "TruthError", "rows", "truth"]

#: Table → its key columns; the keys are the tables there are.
KEYS: dict[str, tuple[str, ...]] = {
    "orders": ("order_id",),
    "order_lines": ("order_line_id",),
    "order_line_discounts": ("order_line_id", "position"),
    "order_taxes": ("owner_type", "owner_id", "position"),
    "order_shipping_lines": ("shipping_line_id",),
    "order_attributes": ("order_id", "position"),
    "order_tags": ("order_id", "position"),
    "order_agreements": ("agreement_id",),
    "order_sales": ("sale_id",),
    "order_sale_taxes": ("sale_tax_id",),
    "order_transactions": ("transaction_id",),
    "transaction_fees": ("transaction_id", "position"),
    "refunds": ("refund_id",),
    "refund_lines": ("refund_id", "position"),
    "refund_shipping_lines": ("refund_id", "position"),
    "refund_adjustments": ("adjustment_id",),
    "fulfillments": ("fulfillment_id",),
    "fulfillment_lines": ("fulfillment_line_id",),
    "fulfillment_tracking": ("fulfillment_id", "position"),
    "customers": ("customer_id",),
    "customer_addresses": ("customer_id", "address_id"),
    "products": ("product_id",),
    "product_tags": ("product_id", "position"),
    "variants": ("variant_id",),
    "inventory_items": ("inventory_item_id",),
    "inventory_levels": ("inventory_item_id", "location_id"),
    "locations": ("location_id",),
}

_LINES = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class TruthError(Exception):
    """The log cannot be audited; the message says why."""


def truth(state: Path) -> dict[str, Any]:
    """Count, hash and sum every table.

    Returns:
        ``shop``, ``as_of`` (time of the last event) and ``tables``: by table ``count``, ``columns``, ``ids_sha256``,
        ``rows_sha256`` and ``money``, the sum of each money column by currency. A hash is over the sorted canonical
        JSON lines of the key columns, or of all columns (keys sorted, no spaces, UTF-8, each line ended).

    Raises:
        TruthError: The log is missing, damaged or holds an unknown event.
    """
    books = _books(state)
    tables = {table: _summary(books, table) for table in KEYS}
    return {"shop": books.shop["domain"], "as_of": books.as_of, "tables": tables}


def rows(state: Path, table: str) -> Iterator[dict[str, str | None]]:
    """The canonical rows of a table, by key.

    Raises:
        TruthError: There is no such table, or the log cannot be audited.
    """
    if table not in KEYS:
        raise TruthError(f"there is no table {table}; there are {', '.join(KEYS)}")
    found = [_canonical(row) for row in _rows(table)(_books(state))]
    yield from sorted(found, key=lambda row: [_sortable(row[name]) for name in KEYS[table]])


def _books(state: Path) -> Books:
    path = state / "events.jsonl"
    books = Books()
    try:
        with path.open(encoding="utf-8", newline="\n") as log:
            for line in log:
                if line.endswith("\n"):
                    books.read(json.loads(line))
    except (OSError, ValueError, KeyError) as problem:
        raise TruthError(f"{path} cannot be audited: {problem!r}") from problem
    return books


def _rows(table: str) -> Callable[[Books], Iterator[Row]]:
    for module in (order_rows, movement_rows, catalog_rows):
        found: Callable[[Books], Iterator[Row]] | None = getattr(module, table, None)
        if found is not None:
            return found
    raise KeyError(table)


def _summary(books: Books, table: str) -> dict[str, Any]:
    found = list(_rows(table)(books))
    canonical = [_canonical(row) for row in found]
    keys = [{name: row[name] for name in KEYS[table]} for row in canonical]
    return {
        "count": len(found),
        "columns": sorted(canonical[0]) if canonical else sorted(KEYS[table]),
        "ids_sha256": _sha256(keys),
        "rows_sha256": _sha256(canonical),
        "money": _sums(found, books.shop["currency"]),
    }


def _sums(found: list[Row], currency: str) -> dict[str, dict[str, str]]:
    sums: dict[str, Decimal] = {}
    for row in found:
        for name, value in row.items():
            if isinstance(value, Decimal):
                sums[name] = sums.get(name, Decimal()) + value
    return {name: {currency: _text(sums[name])} for name in sorted(sums)}


def _sha256(records: list[dict[str, str | None]]) -> str:
    lines = sorted(map(_LINES.encode, records))
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def _canonical(row: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: None if value is None else _text(value) for name, value in row.items()}


def _text(value: Any) -> str:
    """Whole numbers and text as they are, flags ``true``/``false``, money without trailing zeros or exponent."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    return str(value)


def _sortable(text: str | None) -> tuple[int, int, str]:
    """Numbers by value, before text."""
    if text is not None and text.isdigit():
        return (0, int(text), "")
    return (1, 0, text or "")

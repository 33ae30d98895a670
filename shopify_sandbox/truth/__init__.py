"""The truth about a sandbox world: what a warehouse of it has to hold, told by an auditor of its own.

Read from ``events.jsonl`` alone, by a fold that shares nothing with the world's state, its figures or the GraphQL view.
Tables and columns have the warehouse's names; ``shop`` is left out. Not here: any comparison.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from shopify_sandbox.truth import (
    catalog_rows,
    clearing_figures,
    credit_rows,
    customer_rows,
    inventory_rows,
    ledger_rows,
    line_rows,
    movement_rows,
    order_rows,
    payout_rows,
    return_rows,
    shipment_rows,
)
from shopify_sandbox.truth.books import Books
from shopify_sandbox.truth.cells import Row
from shopify_sandbox.truth.facts import Facts
from shopify_sandbox.truth.holdings import Holdings

__all__ = ["KEYS", "TruthError", "clearing", "owed", "rows", "rows_of", "truth"]

#: Table → its key columns; the keys are the tables there are.
KEYS: dict[str, tuple[str, ...]] = {
    "orders": ("order_id",),
    "order_lines": ("order_line_id",),
    "order_line_attributes": ("order_line_id", "position"),
    "order_line_discounts": ("owner_type", "owner_id", "position"),
    "order_taxes": ("owner_type", "owner_id", "position"),
    "order_duties": ("duty_id",),
    "order_shipping_lines": ("shipping_line_id",),
    "order_attributes": ("order_id", "position"),
    "order_tags": ("order_id", "position"),
    "order_metafields": ("order_id", "namespace", "key"),
    "discount_applications": ("order_id", "application_index"),
    "additional_fees": ("additional_fee_id",),
    "order_agreements": ("agreement_id",),
    "order_sales": ("sale_id",),
    "order_sale_taxes": ("sale_tax_id",),
    "order_transactions": ("transaction_id",),
    "transaction_fees": ("fee_id",),
    "refunds": ("refund_id",),
    "refund_lines": ("refund_id", "position"),
    "refund_shipping_lines": ("refund_id", "position"),
    "refund_adjustments": ("adjustment_id",),
    "refund_duties": ("refund_id", "position"),
    "fulfillments": ("fulfillment_id",),
    "fulfillment_lines": ("fulfillment_line_id",),
    "fulfillment_tracking": ("fulfillment_id", "position"),
    "returns": ("return_id",),
    "return_lines": ("line_type", "return_line_id"),
    "exchange_lines": ("exchange_line_id",),
    "exchange_order_lines": ("exchange_line_id", "position"),
    "return_fees": ("fee_type", "fee_id"),
    "reverse_fulfillment_orders": ("reverse_fulfillment_order_id",),
    "reverse_fulfillment_lines": ("reverse_fulfillment_line_id",),
    "reverse_dispositions": ("disposition_id",),
    "fulfillment_orders": ("fulfillment_order_id",),
    "fulfillment_order_lines": ("fulfillment_order_line_id",),
    "fulfillment_holds": ("fulfillment_order_id", "hold_id"),
    "fulfillment_order_fulfillments": ("fulfillment_order_id", "fulfillment_id"),
    "customers": ("customer_id",),
    "customer_addresses": ("customer_id", "address_id"),
    "customer_tags": ("customer_id", "position"),
    "customer_tax_exemptions": ("customer_id", "position"),
    "customer_metafields": ("customer_id", "namespace", "key"),
    "products": ("product_id",),
    "product_tags": ("product_id", "position"),
    "product_options": ("product_id", "option_id"),
    "product_option_values": ("product_id", "option_id", "position"),
    "product_metafields": ("product_id", "namespace", "key"),
    "variants": ("variant_id",),
    "variant_options": ("variant_id", "position"),
    "bundle_components": ("bundle_component_id",),
    "inventory_items": ("inventory_item_id",),
    "inventory_levels": ("inventory_item_id", "location_id"),
    "locations": ("location_id",),
    "gift_cards": ("gift_card_id",),
    "gift_card_transactions": ("gift_card_id", "transaction_type", "transaction_id"),
    "store_credit_accounts": ("store_credit_account_id",),
    "store_credit_transactions": ("store_credit_account_id", "transaction_type", "transaction_id"),
    "tender_transactions": ("tender_transaction_id",),
    "payouts": ("payout_id",),
    "balance_transactions": ("balance_transaction_id",),
    "balance_transaction_adjustment_orders": ("balance_transaction_id", "position"),
    "disputes": ("dispute_id",),
}

_OF_ORDERS = (order_rows, line_rows, ledger_rows, movement_rows, shipment_rows, return_rows)
_OF_HOLDINGS = (catalog_rows, inventory_rows, customer_rows, credit_rows, payout_rows)

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
    audit = Audit()
    _read(state, audit.orders, audit.holdings)
    tables = {table: _summary(audit, table) for table in KEYS}
    return {"shop": audit.holdings.goods.shop["domain"], "as_of": audit.holdings.as_of, "tables": tables}


def clearing(state: Path, as_of: str | None = None) -> dict[str, dict[str, Any]]:
    """What waits at each gateway, as ``clearing_figures.by_gateway`` tells it.

    Args:
        as_of: Instant (UTC, as the log writes it) after which events are passed over; None takes all.

    Raises:
        TruthError: The log cannot be audited.
    """
    audit = Audit()
    _read(state, audit.orders, audit.holdings, until=as_of)
    return clearing_figures.by_gateway(audit.orders, audit.holdings)


def owed(state: Path, as_of: str | None = None) -> dict[str, dict[str, Any]]:
    """What is owed on gift cards and as store credit, as ``clearing_figures.owed`` tells it.

    Args:
        as_of: As for ``clearing``.

    Raises:
        TruthError: The log cannot be audited.
    """
    audit = Audit()
    _read(state, audit.orders, audit.holdings, until=as_of)
    return clearing_figures.owed(audit.orders, audit.holdings)


def rows(state: Path, table: str) -> Iterator[dict[str, str | None]]:
    """The canonical rows of a table, by key.

    Raises:
        TruthError: There is no such table, or the log cannot be audited.
    """
    yield from rows_of(state, (table,))[table]


def rows_of(state: Path, tables: Collection[str]) -> dict[str, list[dict[str, str | None]]]:
    """The canonical rows of some tables, each by key; the log is read once.

    Raises:
        TruthError: There is no such table, or the log cannot be audited.
    """
    for table in tables:
        if table not in KEYS:
            raise TruthError(f"there is no table {table}; there are {', '.join(KEYS)}")
    audit = Audit()
    needed: dict[bool, Books | Holdings] = {True: audit.orders, False: audit.holdings}
    _read(state, *(needed[which] for which in sorted({_is_of_orders(table) for table in tables})))
    return {table: _by_key(table, map(_canonical, _rows(audit, table))) for table in tables}


def _by_key(table: str, found: Iterable[dict[str, str | None]]) -> list[dict[str, str | None]]:
    return sorted(found, key=lambda row: [_sortable(row[name]) for name in KEYS[table]])


@dataclass
class Audit:
    """All books."""

    orders: Books = field(default_factory=Books)
    holdings: Holdings = field(default_factory=Holdings)


def _read(state: Path, *books: Books | Holdings, until: str | None = None) -> None:
    """Read the log into some books, up to an instant."""
    path = state / "events.jsonl"
    try:
        with path.open(encoding="utf-8", newline="\n") as log:
            for line in log:
                if line.endswith("\n"):
                    event: Facts = json.loads(line)
                    if until is not None and event["at"] > until:
                        continue
                    for book in books:
                        book.read(event)
    except (OSError, ValueError, KeyError) as problem:
        raise TruthError(f"{path} cannot be audited: {problem!r}") from problem


def _is_of_orders(table: str) -> bool:
    return any(hasattr(module, table) for module in _OF_ORDERS)


def _rows(audit: Audit, table: str) -> Iterator[Row]:
    held: Books | Holdings = audit.orders if _is_of_orders(table) else audit.holdings
    told: list[Callable[[Any], Iterator[Row]]] = [
        getattr(module, table) for module in (*_OF_ORDERS, *_OF_HOLDINGS) if hasattr(module, table)
    ]
    return told[0](held)


def _summary(audit: Audit, table: str) -> dict[str, Any]:
    """What a table holds, in one pass: of a row only its line is kept, because rows are many and large."""
    columns, ids, lines = KEYS[table], [], []
    sums: dict[str, dict[str, Decimal]] = {}
    for row in _rows(audit, table):
        canonical = _canonical(row)
        columns = tuple(canonical)
        ids.append(_line({name: canonical[name] for name in KEYS[table]}))
        lines.append(_line(canonical))
        _add(sums, row, audit.holdings.currency)
    return {
        "count": len(lines),
        "columns": sorted(columns),
        "ids_sha256": _sha256(ids),
        "rows_sha256": _sha256(lines),
        "money": {
            name: {currency: _text(total) for currency, total in sorted(totals.items())}
            for name, totals in sorted(sums.items())
        },
    }


def _add(sums: dict[str, dict[str, Decimal]], row: Row, currency: str) -> None:
    """Add the amounts of a row; where it says nothing of currencies they are in the shop's."""
    own = row.get("currency") or row.get("value_currency") or currency
    for name, value in row.items():
        if isinstance(value, Decimal):
            totals = sums.setdefault(name, {})
            into = row["presentment_currency"] if name.endswith("_presentment") else own
            totals[into] = totals.get(into, Decimal()) + value


def _line(canonical: dict[str, str | None]) -> bytes:
    return f"{_LINES.encode(canonical)}\n".encode()


def _sha256(lines: list[bytes]) -> str:
    digest = hashlib.sha256()
    for line in sorted(lines):
        digest.update(line)
    return digest.hexdigest()


def _canonical(row: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: None if value is None else _text(value) for name, value in row.items()}


def _text(value: Any) -> str:
    """Whole numbers and text as they are, flags ``true``/``false``, money without trailing zeros or exponent."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    # PostgreSQL holds every character but NUL, which a warehouse keeps visible.
    return str(value).replace("\x00", "\ufffd")


def _sortable(text: str | None) -> tuple[int, int, str]:
    """Numbers by value, before text."""
    if text is not None and text.isdigit():
        return (0, int(text), "")
    return (1, 0, text or "")

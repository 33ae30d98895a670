"""Rows of one order as the warehouse gives them, and what they map to; everything not named is ordinary."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from shopify_pipeline.backoffice.mapping import Books, Recognition, order
from shopify_pipeline.backoffice.owed import (
    AgreementRow,
    LineRow,
    MovedRow,
    OrderFacts,
    OrderRow,
    RefundedRow,
    SaleRow,
    TaxRow,
    TransactionRow,
)
from shopify_pipeline.backoffice.protocol import Order
from shopify_pipeline.backoffice.value_map import ValueMap

BOOKS = Books(date(2026, 11, 1), ZoneInfo("America/New_York"))
NOON = datetime(2026, 11, 6, 17, tzinfo=UTC)
LINE_TYPES = ("PRODUCT", "SHIPPING", "TIP", "FEE", "ADJUSTMENT")
VALUE_MAP = ValueMap(
    source="value_map.toml",
    lines={"PRODUCT": "4000", "SHIPPING": "4100", "TIP": "4200", "FEE": "4400", "ADJUSTMENT": "4900"},
    gateways={"shopify_payments": "1100", "cash": "1140", "gift_card": "2300", "shopify_store_credit": "2310"},
    taxes={"State Tax 4%": "STATE", "City Tax 4.5%": "CITY"},
    locations={"Brooklyn": "EAST", "Oakland": "WEST"},
    accounts={"receivable": "1200", "tax": "2200", "rounding": "4910", "deferred": "2400"},
    product_types={"Book": "4010"},
)
HEADER = OrderRow(order_id=1, name="#1001", customer_id=9, processed_at=NOON, currency="USD")
LINE = LineRow(
    order_id=1,
    order_line_id=31,
    title="Mug - Blue",
    variant_id=51,
    unfulfilled_quantity=3,
    is_stocked=True,
    is_variant_known=True,
)


def agreement(
    number: int,
    kind: str = "OrderAgreement",
    *,
    at: datetime = NOON,
    refund: int | None = None,
    returned: int | None = None,
) -> AgreementRow:
    return AgreementRow(
        order_id=1, agreement_id=number, agreement_type=kind, happened_at=at, refund_id=refund, return_id=returned
    )


def sale(
    number: int,
    of: int,
    total: str,
    tax: str = "0",
    *,
    action: str = "ORDER",
    line_type: str = "PRODUCT",
    quantity: int | None = 1,
    line: int | None = None,
) -> SaleRow:
    return SaleRow(
        order_id=1,
        agreement_id=of,
        sale_id=number,
        action_type=action,
        line_type=line_type,
        quantity=quantity,
        order_line_id=line,
        total=Decimal(total),
        presentment_total=Decimal(total),
        presentment_tax=Decimal(tax),
    )


def state_tax(of: int, amount: str) -> TaxRow:
    return TaxRow(
        order_id=1,
        sale_id=of,
        title="State Tax",
        rate=Decimal("0.04"),
        is_channel_liable=False,
        amount=Decimal(amount),
        presentment_amount=Decimal(amount),
    )


def money(
    number: int, kind: str, amount: str, gateway: str = "shopify_payments", *, rounding: str = "0", at: datetime = NOON
) -> TransactionRow:
    return TransactionRow(
        order_id=1,
        transaction_id=number,
        kind=kind,
        gateway=gateway,
        amount=Decimal(amount),
        rounding=Decimal(rounding),
        processed_at=at,
    )


def refunded_units(refund: int, units: int, line: int = 31) -> RefundedRow:
    """Units of a refund that had left."""
    return RefundedRow(order_id=1, refund_id=refund, order_line_id=line, quantity=units)


def moved(
    source: int,
    units: int,
    *,
    line: int = 31,
    at: datetime = NOON,
    location: str = "Brooklyn",
    location_id: int = 71,
    cancelled_at: datetime | None = None,
    is_disposition: bool = False,
) -> MovedRow:
    return MovedRow(
        order_id=1,
        source_id=source,
        moved_at=at,
        location_id=location_id,
        location=location,
        order_line_id=line,
        quantity=units,
        cancelled_at=cancelled_at,
        is_disposition=is_disposition,
    )


def owed(header: OrderRow = HEADER, recognition: Recognition = "order", **parts: Sequence[object]) -> Order:
    """The order with these parts; it must owe something."""
    mapped = order(msgspec.structs.replace(facts(**parts), order=header), VALUE_MAP, BOOKS, recognition)
    assert mapped is not None
    return mapped


def facts(**parts: Sequence[object]) -> OrderFacts:
    return msgspec.structs.replace(OrderFacts(order=HEADER), **{name: tuple(rows) for name, rows in parts.items()})


def totals(mapped: Order | None) -> dict[str, str]:
    return {document.external_id: str(document.total) for document in mapped.documents} if mapped else {}

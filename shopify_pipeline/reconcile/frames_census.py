"""What the rows of the census must look like, table by table, before they are kept.

Here: declarations; a value is known only where Shopify's enum is closed. Not here: judging (``frames.py``).
"""

from __future__ import annotations

from typing import ClassVar

import pandera.pandas as pa

from shopify_pipeline.reconcile.frame_kinds import (
    Day,
    Flag,
    Frame,
    Instant,
    Money,
    Rate,
    Text,
    Whole,
    a_currency,
    an_id,
)

_STREAMS = ("orders", "customers", "products", "locations", "inventory_levels")
_ACTIONS = ("ORDER", "RETURN", "UPDATE", "UNKNOWN")
_LINE_TYPES = (
    "ADDITIONAL_FEE",
    "ADJUSTMENT",
    "DUTY",
    "FEE",
    "GIFT_CARD",
    "PRODUCT",
    "SHIPPING",
    "TIP",
    "UNKNOWN",
)
_TRANSACTION_KINDS = (
    "AUTHORIZATION",
    "CAPTURE",
    "CHANGE",
    "EMV_AUTHORIZATION",
    "REFUND",
    "SALE",
    "SUGGESTED_REFUND",
    "VOID",
)
_TRANSACTION_STATUSES = ("AWAITING_RESPONSE", "ERROR", "FAILURE", "PENDING", "SUCCESS", "UNKNOWN")
_FULFILLMENT_STATUSES = ("CANCELLED", "ERROR", "FAILURE", "OPEN", "PENDING", "SUCCESS")
_PAYOUT_STATUSES = ("CANCELED", "FAILED", "IN_TRANSIT", "PAID", "SCHEDULED")
_SUMS = (
    "original_total",
    "total",
    "current_total",
    "current_tax",
    "current_shipping",
    "current_discounts",
    "total_received",
    "total_refunded",
    "total_outstanding",
)


class Roots(Frame):
    """recon.census_roots."""

    shop: Text
    stream: Text = pa.Field(isin=_STREAMS)
    root_id: Text = pa.Field(str_matches=r"^[0-9]+(/[0-9]+)?$")
    updated_at: Instant = pa.Field(nullable=True)


class Orders(Frame):
    """recon.census_orders."""

    _amounts: ClassVar[dict[str, tuple[str, ...]]] = {
        "currency": _SUMS,
        "presentment_currency": tuple(f"presentment_{name}" for name in _SUMS),
    }

    shop: Text
    order_id: Whole = an_id()
    name: Text
    created_at: Instant
    processed_at: Instant
    updated_at: Instant
    cancelled_at: Instant = pa.Field(nullable=True)
    is_test: Flag
    taxes_included: Flag
    source_name: Text = pa.Field(nullable=True)
    customer_id: Whole = an_id(nullable=True)
    company_id: Whole = an_id(nullable=True)
    financial_status: Text = pa.Field(nullable=True)
    fulfillment_status: Text
    currency: Text = a_currency()
    presentment_currency: Text = a_currency()
    original_total: Money
    total: Money
    current_total: Money
    current_tax: Money
    current_shipping: Money
    current_discounts: Money
    total_received: Money
    total_refunded: Money
    total_outstanding: Money
    presentment_original_total: Money
    presentment_total: Money
    presentment_current_total: Money
    presentment_current_tax: Money
    presentment_current_shipping: Money
    presentment_current_discounts: Money
    presentment_total_received: Money
    presentment_total_refunded: Money
    presentment_total_outstanding: Money


class Lines(Frame):
    """recon.census_lines."""

    shop: Text
    order_id: Whole = an_id()
    order_line_id: Whole = an_id()
    variant_id: Whole = an_id(nullable=True)
    product_type: Text = pa.Field(nullable=True)
    is_gift_card: Flag
    requires_shipping: Flag
    quantity: Whole = pa.Field(ge=0)
    current_quantity: Whole = pa.Field(ge=0)
    unfulfilled_quantity: Whole = pa.Field(ge=0)


class Agreements(Frame):
    """Agreements as they come; their sales are joined to them."""

    agreement_id: Whole = an_id()
    order_id: Whole = an_id()
    agreement_type: Text
    happened_at: Instant
    refund_id: Whole = an_id(nullable=True)


class Sales(Frame):
    """Sales as they come; with their agreement they are recon.census_sales."""

    shop: Text
    sale_id: Whole = an_id()
    agreement_id: Whole = an_id()
    action_type: Text = pa.Field(isin=_ACTIONS)
    line_type: Text = pa.Field(isin=_LINE_TYPES)
    order_line_id: Whole = an_id(nullable=True)
    quantity: Whole = pa.Field(nullable=True)
    total: Money
    tax: Money
    channel_tax: Money
    discount: Money
    presentment_total: Money
    presentment_tax: Money
    presentment_discount: Money
    presentment_discount_with_tax: Money


class SaleTaxes(Frame):
    """Taxes of sales as they come; with their order they are recon.census_sale_taxes. rate is a fraction."""

    shop: Text
    sale_id: Whole = an_id()
    position: Whole = pa.Field(ge=0)
    title: Text
    rate: Rate = pa.Field(ge=0, nullable=True)
    channel_liable: Flag = pa.Field(nullable=True)
    amount: Money


class Transactions(Frame):
    """recon.census_transactions: amounts are never negative, their kind says where the money went."""

    shop: Text
    order_id: Whole = an_id()
    transaction_id: Whole = an_id()
    parent_id: Whole = an_id(nullable=True)
    kind: Text = pa.Field(isin=_TRANSACTION_KINDS)
    status: Text = pa.Field(isin=_TRANSACTION_STATUSES)
    gateway: Text = pa.Field(nullable=True)
    amount: Money = pa.Field(ge=0)
    presentment_amount: Money = pa.Field(ge=0)
    rounding: Money
    processed_at: Instant


class Refunds(Frame):
    """recon.census_refunds."""

    shop: Text
    refund_id: Whole = an_id()
    order_id: Whole = an_id()
    created_at: Instant
    total_refunded: Money = pa.Field(ge=0)


class Fulfillments(Frame):
    """recon.census_fulfillments."""

    shop: Text
    fulfillment_id: Whole = an_id()
    order_id: Whole = an_id()
    status: Text = pa.Field(isin=_FULFILLMENT_STATUSES)
    created_at: Instant
    updated_at: Instant
    location_id: Whole = an_id(nullable=True)


class FulfillmentLines(Frame):
    """recon.census_fulfillment_lines."""

    shop: Text
    fulfillment_id: Whole = an_id()
    order_id: Whole = an_id()
    order_line_id: Whole = an_id()
    quantity: Whole = pa.Field(ge=0)


class Restocks(Frame):
    """recon.census_restocks: location 0 is one Shopify does not name."""

    shop: Text
    order_id: Whole = an_id()
    source: Text = pa.Field(isin=("refund", "disposition"))
    source_id: Whole = an_id()
    order_line_id: Whole = an_id()
    location_id: Whole = pa.Field(ge=0)
    quantity: Whole = pa.Field(gt=0)
    restocked_at: Instant


class Variants(Frame):
    """recon.census_variants."""

    shop: Text
    variant_id: Whole = an_id()
    product_id: Whole = an_id()
    inventory_item_id: Whole = an_id()
    sku: Text = pa.Field(nullable=True)
    is_tracked: Flag


class Locations(Frame):
    """recon.census_locations."""

    shop: Text
    location_id: Whole = an_id()
    name: Text
    is_active: Flag


class Levels(Frame):
    """recon.census_levels: a shop may sell more than it has."""

    shop: Text
    inventory_item_id: Whole = an_id()
    location_id: Whole = an_id()
    on_hand: Whole
    available: Whole
    committed: Whole
    reserved: Whole
    damaged: Whole
    quality_control: Whole
    safety_stock: Whole
    updated_at: Instant


class GiftCards(Frame):
    """recon.census_gift_cards."""

    _amounts: ClassVar[dict[str, tuple[str, ...]]] = {"currency": ("initial_value", "balance")}

    shop: Text
    gift_card_id: Whole = an_id()
    order_line_id: Whole = an_id(nullable=True)
    currency: Text = a_currency()
    initial_value: Money = pa.Field(ge=0)
    balance: Money = pa.Field(ge=0)
    created_at: Instant
    expires_on: Day = pa.Field(nullable=True)
    deactivated_at: Instant = pa.Field(nullable=True)
    updated_at: Instant


class StoreCredit(Frame):
    """recon.census_store_credit."""

    _amounts: ClassVar[dict[str, tuple[str, ...]]] = {"currency": ("balance",)}

    shop: Text
    store_credit_account_id: Whole = an_id()
    currency: Text = a_currency()
    balance: Money
    moved_at: Instant = pa.Field(nullable=True)


class Balance(Frame):
    """recon.census_balance."""

    _amounts: ClassVar[dict[str, tuple[str, ...]]] = {"currency": ("amount", "fee", "net")}

    shop: Text
    balance_transaction_id: Whole = an_id()
    type: Text
    is_test: Flag
    transaction_at: Instant
    currency: Text = a_currency()
    amount: Money
    fee: Money
    net: Money
    payout_id: Whole = an_id(nullable=True)
    order_id: Whole = an_id(nullable=True)
    order_transaction_id: Whole = an_id(nullable=True)
    source_type: Text = pa.Field(nullable=True)
    source_id: Whole = an_id(nullable=True)


class Payouts(Frame):
    """recon.census_payouts: a withdrawal is negative."""

    _amounts: ClassVar[dict[str, tuple[str, ...]]] = {"currency": ("net",)}

    shop: Text
    payout_id: Whole = an_id()
    status: Text = pa.Field(isin=_PAYOUT_STATUSES)
    direction: Text = pa.Field(isin=("DEPOSIT", "WITHDRAWAL"))
    issued_at: Instant
    currency: Text = a_currency()
    net: Money


class Disputes(Frame):
    """recon.census_disputes."""

    _amounts: ClassVar[dict[str, tuple[str, ...]]] = {"currency": ("amount",)}

    shop: Text
    dispute_id: Whole = an_id()
    order_id: Whole = an_id(nullable=True)
    type: Text = pa.Field(isin=("CHARGEBACK", "INQUIRY"))
    status: Text
    currency: Text = a_currency()
    amount: Money = pa.Field(ge=0)
    initiated_at: Instant
    finalized_on: Instant = pa.Field(nullable=True)


class Funds(Frame):
    """recon.census_funds."""

    _amounts: ClassVar[dict[str, tuple[str, ...]]] = {"currency": ("balance",)}

    shop: Text
    currency: Text = a_currency()
    balance: Money


CENSUS: dict[str, type[Frame]] = {
    "roots": Roots,
    "orders": Orders,
    "lines": Lines,
    "agreements": Agreements,
    "sales": Sales,
    "sale_taxes": SaleTaxes,
    "transactions": Transactions,
    "refunds": Refunds,
    "fulfillments": Fulfillments,
    "fulfillment_lines": FulfillmentLines,
    "restocks": Restocks,
    "variants": Variants,
    "locations": Locations,
    "levels": Levels,
    "gift_cards": GiftCards,
    "store_credit": StoreCredit,
    "balance": Balance,
    "payouts": Payouts,
    "disputes": Disputes,
    "funds": Funds,
}

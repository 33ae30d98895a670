"""The field map of an order's money movements: transactions with their fees, and refunds with all their parts.

Here: declarations only. A refund's parts say what it was for; its money is in its transactions.
"""

from __future__ import annotations

from shopify_pipeline.schemas.kinds import (
    OWNER,
    PARENT,
    POSITION,
    Column,
    Kind,
    Pii,
    Source,
    Table,
    amount,
    bag,
    count,
    currencies,
    currency,
    decimal,
    flag,
    gid,
    instant,
    text,
)
from shopify_pipeline.schemas.order_lines import ORDER_ID

ORDER_TRANSACTIONS = Table(
    name="order_transactions",
    grain="One row per payment transaction of an order, whatever its status.",
    key=("transaction_id",),
    root_column="order_id",
    sources=(Source("Order", "transactions"),),
    columns=(
        gid("transaction_id", "id", "Shopify's numeric transaction id."),
        ORDER_ID,
        gid("parent_transaction_id", "parentTransaction.id", "What a capture, void or refund acts on.", nullable=True),
        text("kind", "kind", "AUTHORIZATION, CAPTURE, SALE, VOID, REFUND, CHANGE or another.", nullable=False),
        text("status", "status", "SUCCESS, FAILURE, PENDING, ERROR or another.", nullable=False),
        text("gateway", "gateway", "Payment gateway."),
        text("formatted_gateway", "formattedGateway", "Payment gateway as the admin shows it."),
        text("payment_id", "paymentId", "The payment's id at the gateway, shared by the transactions of one payment."),
        text("payment_method", "paymentDetails.paymentMethodName", "Method the customer paid with."),
        text(
            "account_number",
            "accountNumber",
            "Masked number of the card or gift card; its last characters tell gift cards apart.",
            pii=Pii.PSEUDONYM,
        ),
        text("error_code", "errorCode", "Why it failed."),
        flag("is_test", "test", "Test gateway."),
        flag("is_manual_gateway", "manualPaymentGateway", "Paid outside Shopify and marked by hand."),
        flag("is_multi_capturable", "multiCapturable", "Whether an authorisation may be captured in parts."),
        instant("created_at", "createdAt", "When it was created.", nullable=False),
        instant("processed_at", "processedAt", "When it was processed; dates the payment in the books."),
        instant("authorization_expires_at", "authorizationExpiresAt", "When an authorisation lapses."),
        *currencies("amountSet"),
        *bag("amount", "amountSet", "Amount, never negative; a void is 0."),
        *bag("rounding", "amountRoundingSet", "Cash rounding, outside the amount.", nullable=True),
        *bag("total_unsettled", "totalUnsettledSet", "Authorised and not yet captured.", nullable=True),
        text("settlement_currency", "settlementCurrency", "Currency the gateway settles in."),
        decimal(
            "settlement_rate",
            "settlementCurrencyRate",
            "Rate from the amount's currency to the settlement currency.",
            unit="settlement currency per unit of the amount's currency",
        ),
        Column(
            "exchange_adjustment_currency",
            "currencyExchangeAdjustment.adjustment.currencyCode",
            Kind.TEXT,
            "Currency of the exchange adjustment's amounts.",
        ),
        *(
            amount(name, f"currencyExchangeAdjustment.{path}.amount", description, nullable=True, unit=unit)
            for name, path, description, unit in (
                (
                    "exchange_adjustment",
                    "adjustment",
                    "Gained (positive) or lost by the exchange rate since the payment.",
                    "exchange_adjustment_currency",
                ),
                (
                    "exchange_original",
                    "originalAmountSet",
                    "The refund in shop currency at the payment's rate.",
                    "exchange_adjustment_currency",
                ),
                (
                    "exchange_final",
                    "finalAmountSet",
                    "The refund in shop currency at its own rate.",
                    "exchange_adjustment_currency",
                ),
            )
        ),
    ),
)

TRANSACTION_FEES = Table(
    name="transaction_fees",
    grain="One row per fee Shopify Payments charged on a transaction.",
    key=("fee_id",),
    root_column="order_id",
    sources=(Source("Order", "transactions[].fees"),),
    columns=(
        gid("fee_id", "id", "Shopify's numeric fee id."),
        gid("transaction_id", f"{OWNER}id", "The charged transaction."),
        ORDER_ID,
        text("fee_type", "type", "Kind of fee.", nullable=False),
        text("rate_name", "rateName", "Name of the rate."),
        text("flat_fee_name", "flatFeeName", "Name of the flat part."),
        decimal("rate", "rate", "The part that grows with the amount.", unit="percent", nullable=False),
        currency("currency", "amount.currencyCode", "Currency of the fee."),
        amount("amount", "amount.amount", "The fee, positive.", unit="the row's currency"),
        amount("flat_fee", "flatFee.amount", "The flat part of it.", unit="the row's currency"),
        amount("tax", "taxAmount.amount", "Tax on the fee.", unit="the row's currency"),
    ),
)

REFUNDS = Table(
    name="refunds",
    grain="One row per refund of an order.",
    key=("refund_id",),
    root_column="order_id",
    sources=(Source("Order", "refunds"),),
    columns=(
        gid("refund_id", "id", "Shopify's numeric refund id."),
        ORDER_ID,
        gid("return_id", "return.id", "The return it refunds.", nullable=True),
        text("note", "note", "Why it was refunded.", pii=Pii.PERSONAL),
        instant("created_at", "createdAt", "When it was created; dates its agreement."),
        instant("processed_at", "processedAt", "When it was processed; may be back-dated.", nullable=False),
        instant("updated_at", "updatedAt", "When it last changed.", nullable=False),
        *currencies("totalRefundedSet"),
        *bag("total_refunded", "totalRefundedSet", "Sum of its successful transactions; not the credit note."),
    ),
)

REFUND_LINES = Table(
    name="refund_lines",
    grain="One row per refunded line of a refund.",
    key=("refund_id", "position"),
    root_column="order_id",
    sources=(Source("RefundLineItem"),),
    columns=(
        gid("refund_id", PARENT, "The refund."),
        count("position", POSITION, "Place in the refund, from 0; Shopify's id may be null."),
        ORDER_ID,
        gid("refund_line_id", "id", "Shopify's numeric id, where it gives one.", nullable=True),
        gid("order_line_id", "lineItem.id", "The refunded line."),
        count("quantity", "quantity", "Units refunded.", checks=("not_negative",)),
        text("restock_type", "restockType", "CANCEL, LEGACY_RESTOCK, NO_RESTOCK or RETURN.", nullable=False),
        flag("is_restocked", "restocked", "Whether the units went back to stock."),
        gid("location_id", "location.id", "Where they went back.", nullable=True),
        *currencies("subtotalSet"),
        *bag("price", "priceSet", "Price of one refunded unit."),
        *bag("subtotal", "subtotalSet", "Refunded value after discounts, before tax when taxes are excluded."),
        *bag("total_tax", "totalTaxSet", "Refunded tax."),
    ),
)

REFUND_SHIPPING_LINES = Table(
    name="refund_shipping_lines",
    grain="One row per refunded shipping line of a refund.",
    key=("refund_id", "position"),
    root_column="order_id",
    sources=(Source("RefundShippingLine"),),
    columns=(
        gid("refund_id", PARENT, "The refund."),
        count("position", POSITION, "Place in the refund, from 0."),
        ORDER_ID,
        gid("shipping_line_id", "shippingLine.id", "The refunded shipping line.", nullable=True),
        *currencies("subtotalAmountSet"),
        *bag("subtotal", "subtotalAmountSet", "Refunded shipping before tax, positive."),
        *bag("tax", "taxAmountSet", "Refunded tax on shipping, positive."),
    ),
)

REFUND_ADJUSTMENTS = Table(
    name="refund_adjustments",
    grain="One row per order adjustment of a refund: what was refunded beside the value of its lines.",
    key=("adjustment_id",),
    root_column="order_id",
    sources=(Source("OrderAdjustment"),),
    columns=(
        gid("adjustment_id", "id", "Shopify's numeric adjustment id."),
        gid("refund_id", PARENT, "The refund."),
        ORDER_ID,
        text(
            "reason", "reason", "REFUND_DISCREPANCY, PENDING_REFUND_DISCREPANCY, CUSTOMER, DAMAGE, RESTOCK or another."
        ),
        *currencies("amountSet"),
        *bag("amount", "amountSet", "Amount; positive in the merchant's favour."),
        *bag("tax", "taxAmountSet", "Tax inside the amount."),
    ),
)

REFUND_DUTIES = Table(
    name="refund_duties",
    grain="One row per refunded duty of a refund.",
    key=("refund_id", "position"),
    root_column="order_id",
    sources=(Source("Order", "refunds[].duties", nullable=True),),
    columns=(
        gid("refund_id", f"{OWNER}id", "The refund."),
        count("position", POSITION, "Place in the refund, from 0."),
        ORDER_ID,
        gid("duty_id", "originalDuty.id", "The duty that was charged.", nullable=True),
        *currencies("amountSet"),
        *bag("amount", "amountSet", "Refunded duty, positive."),
    ),
)

TABLES = (
    ORDER_TRANSACTIONS,
    TRANSACTION_FEES,
    REFUNDS,
    REFUND_LINES,
    REFUND_SHIPPING_LINES,
    REFUND_ADJUSTMENTS,
    REFUND_DUTIES,
)

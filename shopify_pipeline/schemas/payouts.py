"""The field map of the ``payouts`` stream: Shopify Payments' payouts, what they are made of, and disputes.

Here: declarations only. None of these has a version stamp: of two readings the later one is the newer. Which payout a
balance transaction belongs to is decided after it was made, so it is read again until that is settled.
"""

from __future__ import annotations

from shopify_pipeline.schemas.kinds import (
    POSITION,
    ROOT,
    Column,
    Source,
    Stream,
    Table,
    amount,
    count,
    currency,
    flag,
    gid,
    instant,
    legacy_id,
    text,
)

_CURRENCY = "the row's currency"


def _amount(name: str, path: str, description: str) -> Column:
    return amount(name, f"{path}.amount", description, unit=_CURRENCY)


PAYOUTS = Table(
    name="payouts",
    grain="One row per payout to the merchant's bank, or withdrawal from it.",
    key=("payout_id",),
    root_column="payout_id",
    sources=(Source("ShopifyPaymentsPayout"),),
    columns=(
        gid("payout_id", "id", "Shopify's numeric payout id."),
        text("status", "status", "SCHEDULED, PAID, FAILED or CANCELED.", nullable=False),
        text("direction", "transactionType", "DEPOSIT or WITHDRAWAL.", nullable=False),
        instant("issued_at", "issuedAt", "When it was issued.", nullable=False),
        currency("currency", "net.currencyCode", "Currency of the payout."),
        _amount("net", "net", "What reaches the bank: the sum of net of its balance transactions but the transfer."),
        _amount("charges_gross", "summary.chargesGross", "Charges."),
        _amount("charges_fee", "summary.chargesFee", "Fees of charges."),
        _amount("refunds_gross", "summary.refundsFeeGross", "Refunds; Shopify's name for it speaks of fees."),
        _amount("refunds_fee", "summary.refundsFee", "Fees of refunds."),
        _amount("adjustments_gross", "summary.adjustmentsGross", "Adjustments: disputes, corrections."),
        _amount("adjustments_fee", "summary.adjustmentsFee", "Fees of adjustments."),
        _amount("reserved_funds_gross", "summary.reservedFundsGross", "Held back or released."),
        _amount("reserved_funds_fee", "summary.reservedFundsFee", "Fees of what was held back."),
        _amount("retried_payouts_gross", "summary.retriedPayoutsGross", "Payouts that had failed before."),
        _amount("retried_payouts_fee", "summary.retriedPayoutsFee", "Fees of those."),
        _amount("advance_gross", "summary.advanceGross", "Paid in advance."),
        _amount("advance_fees", "summary.advanceFees", "Fees of what was paid in advance."),
        _amount("usdc_rebate", "summary.usdcRebateCreditAmount", "Rebate for payments in USDC."),
        text("external_trace_id", "externalTraceId", "The bank's reference."),
        gid("business_entity_id", "businessEntity.id", "Which of the merchant's companies is paid."),
    ),
)

BALANCE_TRANSACTIONS = Table(
    name="balance_transactions",
    grain="One row per change of the Shopify Payments balance.",
    key=("balance_transaction_id",),
    root_column="balance_transaction_id",
    sources=(Source("ShopifyPaymentsBalanceTransaction"),),
    columns=(
        gid("balance_transaction_id", "id", "Shopify's numeric balance transaction id."),
        gid("payout_id", "associatedPayout.id", "The payout it is part of; null until it is decided.", nullable=True),
        text("payout_status", "associatedPayout.status", "Status of that payout; PENDING before there is one."),
        text("type", "type", "CHARGE, REFUND, TRANSFER, … in Shopify's words.", nullable=False),
        flag("is_test", "test", "Whether no money moved."),
        instant("transaction_at", "transactionDate", "When it happened.", nullable=False),
        currency("currency", "net.currencyCode", "Currency of the balance."),
        _amount("amount", "amount", "Gross amount, positive when the balance grows."),
        _amount("fee", "fee", "Fee taken off the amount."),
        _amount("net", "net", "Amount less fee."),
        text("source_type", "sourceType", "What it came from."),
        legacy_id("source_id", "sourceId", "Id of what it came from."),
        legacy_id(
            "order_transaction_id", "sourceOrderTransactionId", "The order transaction it came from; joins the order."
        ),
        gid("order_id", "associatedOrder.id", "The order.", nullable=True),
        text("order_name", "associatedOrder.name", "The order's name."),
        text("adjustment_reason", "adjustmentReason", "Why the balance was adjusted."),
    ),
)

ADJUSTMENT_ORDERS = Table(
    name="balance_transaction_adjustment_orders",
    grain="One row per order a balance adjustment is about.",
    key=("balance_transaction_id", "position"),
    root_column="balance_transaction_id",
    sources=(Source("ShopifyPaymentsBalanceTransaction", "adjustmentsOrders"),),
    columns=(
        gid("balance_transaction_id", ROOT, "The balance transaction."),
        count("position", POSITION, "Place among its orders, from 0."),
        legacy_id("order_transaction_id", "orderTransactionId", "The order transaction.", nullable=False),
        text("order_name", "name", "The order's name.", nullable=False),
        currency("currency", "net.currencyCode", "Currency of the amounts."),
        _amount("amount", "amount", "Gross amount."),
        _amount("fees", "fees", "Fees."),
        _amount("net", "net", "Amount less fees."),
    ),
)

DISPUTES = Table(
    name="disputes",
    grain="One row per chargeback or inquiry.",
    key=("dispute_id",),
    root_column="dispute_id",
    sources=(Source("ShopifyPaymentsDispute"),),
    columns=(
        gid("dispute_id", "id", "Shopify's numeric dispute id."),
        gid("order_id", "order.id", "The order that is disputed.", nullable=True),
        text("type", "type", "CHARGEBACK moves money, INQUIRY does not.", nullable=False),
        text("status", "status", "NEEDS_RESPONSE, UNDER_REVIEW, WON, LOST, ACCEPTED, PREVENTED.", nullable=False),
        text("reason", "reasonDetails.reason", "Why, in Shopify's words.", nullable=False),
        text("network_reason_code", "reasonDetails.networkReasonCode", "Why, in the card network's code."),
        currency("currency", "amount.currencyCode", "Currency of the amount."),
        _amount("amount", "amount", "What is disputed."),
        instant("initiated_at", "initiatedAt", "When it was opened.", nullable=False),
        instant("evidence_due_by", "evidenceDueBy", "Until when evidence is taken."),
        instant("evidence_sent_on", "evidenceSentOn", "When evidence was sent."),
        instant("finalized_on", "finalizedOn", "When it was decided."),
    ),
)

STREAM = Stream(
    name="payouts",
    roots=(
        ("ShopifyPaymentsPayout", PAYOUTS),
        ("ShopifyPaymentsBalanceTransaction", BALANCE_TRANSACTIONS),
        ("ShopifyPaymentsDispute", DISPUTES),
    ),
    children=(ADJUSTMENT_ORDERS,),
    scopes=("read_shopify_payments_accounts", "read_shopify_payments_payouts", "read_shopify_payments_disputes"),
)

"""The GraphQL view of payments: an order's transactions, their fees, and the cards they were made with.

Here: ``OrderTransaction``. Not here: what was agreed (``ledger.py``), what is still owed (``world/figures.py``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from shopify_sandbox.resources.values import Fields, attributes, derived, fixed, moment, money_text, never, only_id
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.paying import refundable
from shopify_sandbox.world.records import Transaction
from shopify_sandbox.world.times import stamp

GATEWAY_NAMES = {"shopify_payments": "Shopify Payments", "paypal": "PayPal", "bank_deposit": "Bank Deposit"}
BANK_DIGITS = "424242"
#: How long Shopify Payments holds an authorisation.
#: Source: https://help.shopify.com/en/manual/payments/payment-authorization
AUTHORIZATION_DAYS = 7


@dataclass(frozen=True)
class Card:
    """The card a transaction was made with; it follows from the first transaction of the chain."""

    GRAPHQL_TYPE = "CardPaymentDetails"
    holder: str
    number: str
    month: int
    year: int


def card_of(transaction: Transaction) -> Card | None:
    """The card of a payment by Shopify Payments; None for every other gateway."""
    if transaction.gateway != "shopify_payments":
        return None
    origin = transaction
    while origin.parent is not None:
        origin = origin.parent
    payer = transaction.order.billing
    step = origin.id // 32_768
    return Card(
        holder=f"{payer.first_name} {payer.last_name}",
        number=f"•••• •••• •••• {step % 10_000:04d}",
        month=1 + step % 12,
        year=origin.created_at.year + 1 + step % 4,
    )


def _card_number(transaction: Transaction) -> str | None:
    card = card_of(transaction)
    return card.number if card else None


def _authorization(transaction: Transaction) -> str | None:
    """What the gateway calls the payment; a transaction that failed has none."""
    return transaction.payment_id if transaction.gateway != "bank_deposit" else None


def _expiry(transaction: Transaction) -> datetime | None:
    """When an authorisation by card ends (UTC)."""
    holds = (transaction.gateway, transaction.kind, transaction.status) == (
        "shopify_payments",
        "AUTHORIZATION",
        "SUCCESS",
    )
    return transaction.created_at + timedelta(days=AUTHORIZATION_DAYS) if holds else None


def _expiry_text(transaction: Transaction) -> str | None:
    at = _expiry(transaction)
    return None if at is None else stamp(at)


def _refundable(transaction: Transaction) -> int | None:
    """What of a payment can still be given back; null for what is no payment."""
    if transaction.status != "SUCCESS" or transaction.kind not in ("SALE", "CAPTURE"):
        return None
    return next((left for payment, left in refundable(transaction.order) if payment is transaction), 0)


def _receipt(transaction: Transaction) -> str:
    """The gateway's own words, as the text of a JSON object."""
    paid = {"paid_amount": money_text(transaction.amount)} if transaction.status == "SUCCESS" else {}
    return json.dumps(paid)


def _unsettled(transaction: Transaction) -> int:
    return figures(transaction.order).total_capturable if transaction.kind == "AUTHORIZATION" else 0


TRANSACTION: Fields = {
    **only_id("OrderTransaction"),
    **attributes(
        kind="kind",
        status="status",
        gateway="gateway",
        amountSet="amount",
        parentTransaction="parent",
        paymentId="payment_id",
        errorCode="error_code",
        fees="fees",
        order="order",
    ),
    "formattedGateway": derived(lambda transaction: GATEWAY_NAMES[transaction.gateway]),
    "manualPaymentGateway": derived(lambda transaction: transaction.gateway == "bank_deposit"),
    "createdAt": moment("created_at"),
    "processedAt": moment("processed_at"),
    "totalUnsettledSet": derived(_unsettled),
    "manuallyCapturable": derived(lambda transaction: _unsettled(transaction) > 0),
    "multiCapturable": fixed(False),
    "test": fixed(False),
    # Cash does not occur in this world, so nothing is rounded.
    "amountRoundingSet": fixed(None),
    "amount": derived(lambda transaction: money_text(transaction.amount)),
    "accountNumber": derived(_card_number),
    "paymentDetails": derived(card_of),
    "authorizationCode": derived(_authorization),
    "authorizationExpiresAt": derived(_expiry_text),
    "maximumRefundableV2": derived(_refundable),
    "receiptJson": derived(_receipt),
    # Everything is paid and settled in the shop's currency, and Shopify Payments adds nothing to it.
    "settlementCurrency": fixed(None),
    "settlementCurrencyRate": fixed(None),
    "shopifyPaymentsSet": fixed(None),
}

TRANSACTION_FEE: Fields = {
    **only_id("TransactionFee"),
    **attributes(amount="amount", flatFee="flat"),
    "rate": derived(lambda fee: f"{fee.rate_ppm / 1_000_000:g}"),
    "rateName": fixed("shopify_payments_fee"),
    "flatFeeName": fixed("shopify_payments_flat_fee"),
    "taxAmount": fixed(0),
    "type": fixed("processing_fee"),
}

TYPES: dict[str, Fields] = {
    "OrderTransaction": TRANSACTION,
    "TransactionFee": TRANSACTION_FEE,
    "CardPaymentDetails": {
        **attributes(name="holder", number="number", expirationMonth="month", expirationYear="year"),
        "bin": fixed(BANK_DIGITS),
        "company": fixed("Visa"),
        "paymentMethodName": fixed("card"),
        "avsResultCode": fixed("Y"),
        "cvvResultCode": fixed("M"),
        "wallet": fixed(None),
    },
    "ShopifyPaymentsTransactionSet": never("extendedAuthorizationSet", "refundSet"),
    "ShopifyPaymentsExtendedAuthorization": never("extendedAuthorizationExpiresAt", "standardAuthorizationExpiresAt"),
    "ShopifyPaymentsRefundSet": never("acquirerReferenceNumber"),
}

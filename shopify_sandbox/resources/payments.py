"""The GraphQL view of payments: an order's transactions, their fees, and the cards they were made with.

Here: ``OrderTransaction``. Not here: what was agreed (``ledger.py``), what is still owed (``world/figures.py``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shopify_sandbox.resources.values import (
    Fields,
    attribute,
    attributes,
    derived,
    fixed,
    moment,
    money_text,
    never,
    only_id,
    shop_money_text,
)
from shopify_sandbox.store import Store
from shopify_sandbox.world.currency import Money, digits
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.paying import refundable
from shopify_sandbox.world.records import Transaction
from shopify_sandbox.world.times import stamp

GATEWAY_NAMES = {
    "shopify_payments": "Shopify Payments",
    "paypal": "PayPal",
    "bank_deposit": "Bank Deposit",
    "cash": "Cash",
    "gift_card": "Gift Card",
    "shopify_store_credit": "Store Credit",
    "bogus": "(for testing) Bogus Gateway",
}
#: Gateways that are only written down: nobody else knows of the money.
MANUAL = ("bank_deposit", "cash")
BANK_DIGITS = "424242"
#: How long Shopify Payments holds an authorisation.
#: Source: https://help.shopify.com/en/manual/payments/payment-authorization
AUTHORIZATION_DAYS = 7


@dataclass(frozen=True)
class Card:
    """The card a transaction was made with; it follows from the first transaction of the chain."""

    GRAPHQL_TYPE = "CardPaymentDetails"
    holder: str | None
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
        holder=payer.name,
        number=f"•••• •••• •••• {step % 10_000:04d}",
        month=1 + step % 12,
        year=origin.created_at.year + 1 + step % 4,
    )


def _card_number(transaction: Transaction) -> str | None:
    card = card_of(transaction)
    return card.number if card else None


def _authorization(transaction: Transaction) -> str | None:
    """What the gateway calls the payment; a transaction that failed has none."""
    return transaction.payment_id if transaction.gateway not in MANUAL else None


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


def _of_payment(transaction: Transaction, minor: int) -> int | Money:
    """An amount in the currency of the payment."""
    return Money(minor, transaction.exchange.presentment) if transaction.exchange else minor


def _refundable(transaction: Transaction) -> int | Money | None:
    """What of a payment can still be given back; null for what is no payment."""
    if transaction.status != "SUCCESS" or transaction.kind not in ("SALE", "CAPTURE"):
        return None
    left = next((left for payment, left in refundable(transaction.order) if payment is transaction), 0)
    return _of_payment(transaction, left)


def _amount(store: Store, transaction: Transaction, arguments: Mapping[str, Any]) -> str:
    """The amount in the shop's currency."""
    minor = transaction.exchange.to_shop(transaction.amount) if transaction.exchange else transaction.amount
    return shop_money_text(store, minor)


def _receipt(store: Store, transaction: Transaction, arguments: Mapping[str, Any]) -> str:
    """The gateway's own words, as the text of a JSON object."""
    currency = transaction.exchange.presentment if transaction.exchange else store.shop.currency
    text = money_text(transaction.amount, digits(currency))
    return json.dumps({"paid_amount": text} if transaction.status == "SUCCESS" else {})


def _settles_abroad(transaction: Transaction) -> bool:
    return transaction.exchange is not None and transaction.gateway == "shopify_payments"


def _unsettled(transaction: Transaction) -> int:
    return figures(transaction.order).total_capturable if transaction.kind == "AUTHORIZATION" else 0


def _converted_again(transaction: Transaction) -> Transaction | None:
    """A refund of a payment that was made at another rate; None for what no rate has touched since."""
    parent = transaction.parent
    is_refund = transaction.kind == "REFUND" and transaction.exchange is not None
    return transaction if is_refund and parent is not None and parent.exchange is not None else None


def _at_both_rates(transaction: Transaction) -> tuple[int, int]:
    """A refund in the shop's currency, leaving the shop: at its payment's rate, and at its own."""
    exchanges = (transaction.parent.exchange, transaction.exchange) if transaction.parent else ()
    original, final = (-each.to_shop(transaction.amount) for each in exchanges if each)
    return original, final


def _exchange_loss(transaction: Transaction) -> int:
    original, final = _at_both_rates(transaction)
    return final - original


#: What a refund cost or brought beside its payment, because the rate had moved.
#: Source: https://shopify.dev/docs/api/admin-rest/latest/resources/transaction (``currency_exchange_adjustment``).
CURRENCY_EXCHANGE_ADJUSTMENT: Fields = {
    "adjustment": derived(_exchange_loss),
    "originalAmountSet": derived(lambda one: _at_both_rates(one)[0]),
    "finalAmountSet": derived(lambda one: _at_both_rates(one)[1]),
}

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
    "manualPaymentGateway": derived(lambda transaction: transaction.gateway in MANUAL),
    "createdAt": moment("created_at"),
    "processedAt": moment("processed_at"),
    "totalUnsettledSet": derived(_unsettled),
    "manuallyCapturable": derived(lambda transaction: _unsettled(transaction) > 0),
    "multiCapturable": fixed(False),
    "test": attribute("order.particulars.is_test"),
    "amountRoundingSet": attribute("rounding"),
    "amount": _amount,
    "accountNumber": derived(_card_number),
    "paymentDetails": derived(card_of),
    "authorizationCode": derived(_authorization),
    "authorizationExpiresAt": derived(_expiry_text),
    "maximumRefundableV2": derived(_refundable),
    "receiptJson": _receipt,
    # Shopify Payments settles in the shop's currency, which is said where the customer paid in another.
    "settlementCurrency": derived(lambda one: one.exchange.shop if _settles_abroad(one) else None),
    "settlementCurrencyRate": derived(lambda one: str(one.exchange.rate) if _settles_abroad(one) else None),
    "shopifyPaymentsSet": fixed(None),
    "currencyExchangeAdjustment": derived(_converted_again),
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
    "CurrencyExchangeAdjustment": CURRENCY_EXCHANGE_ADJUSTMENT,
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

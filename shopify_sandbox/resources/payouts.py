"""The GraphQL view of Shopify Payments: the account, its balance transactions, payouts and disputes.

Here: how they look. Not here: when payouts are made (``world/payouts.py``), how they are listed (``money_roots.py``).
Amounts of balance and payouts are whole minor units of the account's currency, which is the shop's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shopify_sandbox.resources.values import Fields, attributes, derived, fixed, gid, identity, itself, moment, only_id
from shopify_sandbox.store import Store
from shopify_sandbox.world.currency import Money
from shopify_sandbox.world.payout_records import BalanceTransaction, Dispute, PaymentsAccount, Payout
from shopify_sandbox.world.records import Order

#: Which amount of a payout's summary a type of balance transaction counts towards; all others are adjustments.
GROUPS = {
    "CHARGE": "charges",
    "REFUND": "refunds",
    "RESERVED_FUNDS": "reserved",
    "RESERVED_FUNDS_REVERSAL": "reserved",
    "TRANSFER_FAILURE": "retried",
}
ADJUSTMENTS = "adjustments"


@dataclass(frozen=True)
class Summary:
    """The amounts and fees of a payout by group, minor units."""

    amounts: Mapping[str, int]
    fees: Mapping[str, int]

    @classmethod
    def of(cls, held: Iterable[BalanceTransaction]) -> Summary:
        amounts: dict[str, int] = {}
        fees: dict[str, int] = {}
        for one in held:
            group = GROUPS.get(one.type, ADJUSTMENTS)
            amounts[group] = amounts.get(group, 0) + one.amount
            fees[group] = fees.get(group, 0) + one.fee
        return cls(amounts, fees)


def account(store: Store, record: Any, arguments: Mapping[str, Any]) -> PaymentsAccount | None:
    """The shop's account; null for a shop that has none."""
    return store.state.payments


def disputes_of(store: Store, order: Order, arguments: Mapping[str, Any]) -> list[Dispute]:
    """An order's disputes, oldest first."""
    return store.state.payments.disputed.get(order.id, []) if store.state.payments else []


def _payouts(store: Store, record: PaymentsAccount, arguments: Mapping[str, Any]) -> list[Payout]:
    kind = arguments.get("transactionType")
    return [payout for payout in record.payouts.values() if kind in (None, payout.kind)]


def _balance_transactions(
    store: Store, record: PaymentsAccount, arguments: Mapping[str, Any]
) -> list[BalanceTransaction]:
    return record.listed if arguments.get("hideTransfers") else list(record.transactions.values())


def _order(store: Store, one: BalanceTransaction | Dispute, arguments: Mapping[str, Any]) -> Order | None:
    """Null when it is about no order, or about a deleted one."""
    return one.order if one.order is not None and one.order.id in store.state.orders else None


def _summed(group: str) -> Fields:
    """The amount and fee fields of a group whose names follow the usual pattern."""
    return {
        f"{group}Gross": derived(lambda summary: summary.amounts.get(group, 0)),
        f"{group}Fee": derived(lambda summary: summary.fees.get(group, 0)),
    }


TYPES: dict[str, Fields] = {
    "ShopifyPaymentsAccount": {
        **only_id("ShopifyPaymentsAccount"),
        **attributes(country="country", defaultCurrency="currency"),
        "activated": fixed(True),
        "onboardable": fixed(False),
        "balance": derived(lambda record: [record.balance]),
        "payoutSchedule": itself,
        "payouts": _payouts,
        "balanceTransactions": _balance_transactions,
        "disputes": derived(lambda record: list(record.disputes.values())),
    },
    "ShopifyPaymentsPayoutSchedule": {
        "interval": fixed("DAILY"),
        "monthlyAnchor": fixed(None),
        "weeklyAnchor": fixed(None),
    },
    "ShopifyPaymentsPayout": {
        **identity("ShopifyPaymentsPayout"),
        **attributes(status="status", transactionType="kind", net="net", gross="net"),
        "issuedAt": moment("issued_at"),
        "businessEntity": lambda store, payout, arguments: store.shop,
        # The bank names a payment once it has it.
        "externalTraceId": derived(lambda payout: payout.trace if payout.status == "PAID" else None),
        "summary": derived(lambda payout: Summary.of(payout.held())),
    },
    "ShopifyPaymentsPayoutSummary": {
        **_summed("charges"),
        **_summed("adjustments"),
        "refundsFeeGross": derived(lambda summary: summary.amounts.get("refunds", 0)),
        "refundsFee": derived(lambda summary: summary.fees.get("refunds", 0)),
        "reservedFundsGross": derived(lambda summary: summary.amounts.get("reserved", 0)),
        "reservedFundsFee": derived(lambda summary: summary.fees.get("reserved", 0)),
        "retriedPayoutsGross": derived(lambda summary: summary.amounts.get("retried", 0)),
        "retriedPayoutsFee": derived(lambda summary: summary.fees.get("retried", 0)),
        # Nobody lends this shop money or pays it in USDC.
        **dict.fromkeys(("advanceGross", "advanceFees", "usdcRebateCreditAmount"), fixed(0)),
    },
    "ShopifyPaymentsBalanceTransaction": {
        **only_id("ShopifyPaymentsBalanceTransaction"),
        **attributes(
            type="type",
            test="test",
            amount="amount",
            fee="fee",
            net="net",
            sourceType="source_type",
            adjustmentReason="reason",
            adjustmentsOrders="shares",
        ),
        "transactionDate": moment("at"),
        "sourceId": derived(lambda one: None if one.source_id is None else str(one.source_id)),
        "sourceOrderTransactionId": derived(lambda one: str(one.transaction.id) if one.transaction else None),
        "associatedOrder": _order,
        "associatedPayout": itself,
    },
    "ShopifyPaymentsAssociatedOrder": {**only_id("Order"), **attributes(name="name")},
    "ShopifyPaymentsBalanceTransactionAssociatedPayout": {
        "id": derived(lambda one: gid("ShopifyPaymentsPayout", one.payout.id) if one.payout else None),
        "status": derived(lambda one: one.payout.status if one.payout else "PENDING"),
    },
    "ShopifyPaymentsAdjustmentOrder": {
        **attributes(amount="amount", fees="fee", name="transaction.order.name"),
        "net": derived(lambda share: share.amount - share.fee),
        "orderTransactionId": derived(lambda share: str(share.transaction.id)),
    },
    "ShopifyPaymentsDispute": {
        **identity("ShopifyPaymentsDispute"),
        **attributes(status="status", type="type"),
        "amount": lambda store, one, arguments: Money(one.amount, one.currency or store.shop.currency),
        "initiatedAt": moment("initiated_at"),
        "evidenceDueBy": moment("evidence_due_by"),
        "evidenceSentOn": moment("evidence_sent_on"),
        "finalizedOn": moment("finalized_on"),
        "order": _order,
        "reasonDetails": itself,
    },
    "ShopifyPaymentsDisputeReasonDetails": attributes(reason="reason", networkReasonCode="code"),
    "OrderDisputeSummary": {
        **only_id("OrderDisputeSummary"),
        **attributes(initiatedAs="initiated_as", status="status"),
    },
}

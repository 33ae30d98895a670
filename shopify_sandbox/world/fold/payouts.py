"""What events do to the Shopify Payments account: its balance, payouts and disputes.

Here: one small function per event. Not here: when payouts run and what they hold (``world/payouts.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from sys import intern
from typing import Any

from shopify_sandbox.world.fold.events import Event, Fold
from shopify_sandbox.world.payout_records import (
    TRANSFER,
    BalanceTransaction,
    Dispute,
    PaymentsAccount,
    Payout,
    Share,
)
from shopify_sandbox.world.state import State
from shopify_sandbox.world.times import instant


@lru_cache(maxsize=4_096)
def _day(text: str) -> date:
    """One object per day, however many rows have it."""
    return date.fromisoformat(text)


def opened(state: State) -> PaymentsAccount:
    """The account; every event about it comes after the one that opens it."""
    if state.payments is None:
        raise KeyError("the shop has no payments account")
    return state.payments


def _payments_opened(state: State, event: Event, at: datetime) -> None:
    facts = dict(event["account"])
    state.payments = PaymentsAccount(next_run=instant(facts.pop("next_run")), **facts)
    state.seen("ShopifyPaymentsAccount", state.payments.id)


def _balance_changed(state: State, event: Event, at: datetime) -> None:
    """Balance transactions, and the payout that takes them at once when there is one."""
    account = opened(state)
    for facts in event["balance"]:
        _add(state, account, facts, at)
    if "payout" in event:
        _issue(state, account, event["payout"], at)


def _add(state: State, account: PaymentsAccount, facts: Mapping[str, Any], at: datetime) -> BalanceTransaction:
    rest = dict(facts)
    transaction_id = rest.pop("transaction_id")
    kind, source_type = intern(rest.pop("type")), rest.pop("source_type")
    available_on, shares = _day(rest.pop("available_on")), rest.pop("shares", ())
    made = BalanceTransaction(
        type=kind,
        source_type=intern(source_type) if source_type else None,
        transaction=state.others["OrderTransaction", transaction_id] if transaction_id else None,
        available_on=available_on,
        at=at,
        shares=tuple(Share(state.others["OrderTransaction", one], amount, fee) for one, amount, fee in shares),
        **rest,
    )
    account.transactions[made.id] = made
    state.seen("ShopifyPaymentsBalanceTransaction", made.id)
    if made.type in ("CHARGE", "REFUND"):
        account.settled[transaction_id] = made
    if made.type == "RESERVED_FUNDS":
        account.reserved[made.id] = made
    elif made.type == "RESERVED_FUNDS_REVERSAL":
        account.reserved.pop(made.source_id or 0)
    if made.type != TRANSFER:
        account.listed.append(made)
    if not made.test:
        account.balance += made.net
        account.waiting.append(made)
    return made


def _issue(state: State, account: PaymentsAccount, facts: Mapping[str, Any], at: datetime) -> None:
    """A payout with the balance transactions it holds, and the transfer that moves their sum."""
    held = [account.transactions[one] for one in facts["transaction_ids"]]
    issued_at = instant(facts["issued_at"])
    payout = Payout(facts["id"], account.currency, issued_at, facts["kind"], "SCHEDULED", facts["trace"])
    account.payouts[payout.id] = payout
    account.underway.append(payout)
    state.seen("ShopifyPaymentsPayout", payout.id)
    held.append(_add(state, account, facts["transfer"], at))
    for one in held:
        one.payout = payout
    payout.transactions = held
    account.waiting = [one for one in account.waiting if one.payout is None]


def _payouts_ran(state: State, event: Event, at: datetime) -> None:
    account = opened(state)
    for payout_id in event["paid"]:
        account.payouts[payout_id].status = "PAID"
    account.underway = [payout for payout in account.underway if payout.status == "SCHEDULED"]
    if "payout" in event:
        _issue(state, account, event["payout"], at)
    account.next_run = instant(event["next_run"])


def _payout_failed(state: State, event: Event, at: datetime) -> None:
    """The bank sent the money back: it is in the balance again, for a later payout."""
    account = opened(state)
    payout = account.payouts[event["payout_id"]]
    payout.status = "FAILED"
    account.underway.remove(payout)
    for facts in event["balance"]:
        _add(state, account, facts, at)


def _dispute_opened(state: State, event: Event, at: datetime) -> None:
    account = opened(state)
    facts = dict(event["dispute"])
    due_by = facts.pop("evidence_due_by")
    dispute = Dispute(
        payment=state.others["OrderTransaction", facts.pop("transaction_id")],
        initiated_at=at,
        evidence_due_by=instant(due_by) if due_by else None,
        initiated_as=facts["type"],
        **facts,
    )
    account.disputes[dispute.id] = dispute
    account.disputed.setdefault(dispute.order.id, []).append(dispute)
    state.keep("ShopifyPaymentsDispute", dispute.id, dispute)
    _balance_changed(state, event, at)


def _dispute_updated(state: State, event: Event, at: datetime) -> None:
    account = opened(state)
    dispute = account.disputes[event["dispute_id"]]
    dispute.type, dispute.status = event["type"], event["status"]
    if event["evidence_sent"]:
        dispute.evidence_sent_on = at
    if event["final"]:
        dispute.finalized_on = at
    _balance_changed(state, event, at)


FOLDS: dict[str, Fold] = {
    "payments_opened": _payments_opened,
    "balance_changed": _balance_changed,
    "payouts_ran": _payouts_ran,
    "payout_failed": _payout_failed,
    "dispute_opened": _dispute_opened,
    "dispute_updated": _dispute_updated,
}

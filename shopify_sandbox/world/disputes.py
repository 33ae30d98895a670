"""Disputes: a cardholder asks about a payment or takes it back, the shop answers, the bank decides.

Here: the events of a dispute and what they do to the balance. Not here: the balance and its payouts (``payouts.py``).
A dispute writes nothing on its order: sales stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice

from shopify_sandbox.world.case import Case
from shopify_sandbox.world.entries import Facts, Mint, event
from shopify_sandbox.world.happening import Happening, Scene
from shopify_sandbox.world.paying import refundable
from shopify_sandbox.world.payout_records import Dispute
from shopify_sandbox.world.payouts import payout_of, row, settled_amount
from shopify_sandbox.world.records import Order, Transaction
from shopify_sandbox.world.state import State
from shopify_sandbox.world.times import stamp

#: What a chargeback costs, minor units of the account's currency.
FEE = 1_500
DAYS_TO_ANSWER = 10
#: Reason, and the card network's code for it.
REASONS = (
    ("FRAUDULENT", "4837"),
    ("PRODUCT_NOT_RECEIVED", "4855"),
    ("PRODUCT_UNACCEPTABLE", "4853"),
    ("CREDIT_NOT_PROCESSED", "4860"),
    ("UNRECOGNIZED", "4863"),
)
FINAL = ("ACCEPTED", "CHARGE_REFUNDED", "LOST", "PREVENTED", "WON")
#: Payments looked at for one that can be disputed, newest first.
LOOKED_AT = 120


def disputable(state: State) -> list[tuple[Transaction, int]]:
    """Late payments nobody has disputed, with what they still hold (minor units, presentment currency)."""
    account = state.payments
    if account is None:
        return []
    found = []
    for one in reversed(list(islice(reversed(account.settled.values()), LOOKED_AT))):
        payment = one.transaction
        if one.type == "CHARGE" and payment is not None and not one.test and payment.order.id not in account.disputed:
            left = next((left for each, left in refundable(payment.order) if each is payment), 0)
            if left:
                found.append((payment, left))
    return found


def open_dispute(
    state: State,
    at: datetime,
    payment: Transaction,
    amount: int,
    *,
    kind: str,
    reason: tuple[str, str],
    from_bank: bool = False,
) -> Facts:
    """The event ``dispute_opened``; a chargeback takes the amount and a fee at once, an inquiry nothing.

    Args:
        amount: Minor units of the order's presentment currency.
        from_bank: Whether the bank account pays by a withdrawal of its own, instead of the next payout.
    """
    mint = state.minter()
    dispute_id = mint("ShopifyPaymentsDispute")
    facts = event(
        "dispute_opened",
        at,
        dispute={
            "id": dispute_id,
            "type": kind,
            "status": "NEEDS_RESPONSE",
            "reason": reason[0],
            "code": reason[1],
            "amount": amount,
            "transaction_id": payment.id,
            "evidence_due_by": stamp(at + timedelta(days=DAYS_TO_ANSWER)),
        },
        balance=[],
    )
    if kind == "CHARGEBACK":
        facts["balance"] = _taken(mint, at, payment, amount, dispute_id)
        if from_bank:
            held = [(one["id"], one["amount"] - one["fee"]) for one in facts["balance"]]
            facts["payout"] = payout_of(mint, at, held)
    return facts


def update_dispute(
    state: State,
    at: datetime,
    dispute: Dispute,
    status: str,
    *,
    kind: str | None = None,
    evidence_sent: bool = False,
) -> Facts:
    """The event ``dispute_updated``: a won chargeback gives amount and fee back, an inquiry may become a chargeback.

    Args:
        kind: CHARGEBACK when an inquiry becomes one; None leaves what it is.
    """
    mint = state.minter()
    rows: list[Facts] = []
    if kind == "CHARGEBACK" and dispute.type == "INQUIRY":
        rows = _taken(mint, at, dispute.payment, dispute.amount, dispute.id)
    elif status == "WON" and dispute.type == "CHARGEBACK":
        rows = _returned(mint, at, dispute.payment, dispute.amount, dispute.id)
    return event(
        "dispute_updated",
        at,
        dispute_id=dispute.id,
        type=kind or dispute.type,
        status=status,
        evidence_sent=evidence_sent,
        final=status in FINAL,
        balance=rows,
    )


def _taken(mint: Mint, at: datetime, payment: Transaction, amount: int, dispute_id: int) -> list[Facts]:
    day, source = at.date(), ("DISPUTE", dispute_id)
    return [
        row(mint, "DISPUTE_WITHDRAWAL", -settled_amount(payment, amount), day, source=source, payment=payment),
        row(mint, "CHARGEBACK_FEE", 0, day, fee=FEE, source=source, payment=payment),
    ]


def _returned(mint: Mint, at: datetime, payment: Transaction, amount: int, dispute_id: int) -> list[Facts]:
    day, source = at.date(), ("DISPUTE", dispute_id)
    return [
        row(mint, "DISPUTE_REVERSAL", settled_amount(payment, amount), day, source=source, payment=payment),
        row(mint, "CHARGEBACK_FEE_REFUND", 0, day, fee=-FEE, source=source, payment=payment),
    ]


def _disputes(state: State, *statuses: str) -> list[Dispute]:
    known = state.payments.disputes.values() if state.payments else ()
    return [dispute for dispute in known if dispute.status in statuses]


def _open(scene: Scene, order: Order | None) -> None:
    rng = scene.rng
    payment, left = rng.choice(disputable(scene.state))
    kind = "INQUIRY" if rng.random() < 0.5 else "CHARGEBACK"
    facts = open_dispute(
        scene.state,
        scene.clock(),
        payment,
        left,
        kind=kind,
        reason=rng.choice(REASONS),
        from_bank=rng.random() < 0.4,
    )
    scene.record(facts)


def _answer(scene: Scene, order: Order | None) -> None:
    """The shop sends evidence, or accepts."""
    dispute = scene.rng.choice(_disputes(scene.state, "NEEDS_RESPONSE"))
    status = "ACCEPTED" if scene.rng.random() < 0.3 else "UNDER_REVIEW"
    facts = update_dispute(scene.state, scene.clock(), dispute, status, evidence_sent=status == "UNDER_REVIEW")
    scene.record(facts)


def _resolve(scene: Scene, order: Order | None) -> None:
    """The bank decides; an inquiry that is not won becomes a chargeback."""
    dispute = scene.rng.choice(_disputes(scene.state, "UNDER_REVIEW"))
    won = scene.rng.random() < 0.5
    if dispute.type == "INQUIRY" and not won:
        facts = update_dispute(scene.state, scene.clock(), dispute, "NEEDS_RESPONSE", kind="CHARGEBACK")
    else:
        facts = update_dispute(scene.state, scene.clock(), dispute, "WON" if won else "LOST")
    scene.record(facts)


HAPPENINGS = (
    Happening(
        "open_dispute",
        "A cardholder asks about a payment, or takes it back.",
        _open,
        possible=lambda state: bool(disputable(state)),
        weight=1.0,
        per_day=2.6,
    ),
    Happening(
        "answer_dispute",
        "The shop answers a dispute, or accepts it.",
        _answer,
        possible=lambda state: bool(_disputes(state, "NEEDS_RESPONSE")),
        weight=0.8,
        per_day=2.4,
    ),
    Happening(
        "resolve_dispute",
        "The bank decides a dispute.",
        _resolve,
        possible=lambda state: bool(_disputes(state, "UNDER_REVIEW")),
        weight=0.8,
        per_day=2.2,
    ),
)


def _is(status: str) -> Callable[[Dispute], bool]:
    return lambda dispute: dispute.type == "CHARGEBACK" and dispute.status == status


def _disputes_that(name: str, what: str, is_one: Callable[[Dispute], bool]) -> Case:
    return Case(
        name,
        what,
        lambda state: sum(map(is_one, state.payments.disputes.values())) if state.payments else 0,
    )


CASES = (
    _disputes_that("inquiry", "A question that moved no money.", lambda dispute: dispute.type == "INQUIRY"),
    _disputes_that("open dispute", "Nobody has decided it.", lambda dispute: dispute.status not in FINAL),
    _disputes_that("chargeback won", "The money came back.", _is("WON")),
    _disputes_that("chargeback lost", "The money is gone.", _is("LOST")),
    _disputes_that("chargeback accepted", "The shop did not answer.", _is("ACCEPTED")),
    _disputes_that(
        "inquiry that became a chargeback", "It was not believed.", lambda dispute: dispute.type != dispute.initiated_as
    ),
)

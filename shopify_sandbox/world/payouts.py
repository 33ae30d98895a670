"""Shopify Payments: what payments do to the balance, when payouts are made and what they hold.

Here: balance transactions and the payout run of a business day. Not here: what else moves the balance
(``payout_happenings.py``), disputes (``disputes.py``).

Source of the timing: help.shopify.com, payout schedule: a pay period counts from capture, Friday to Sunday travel
together. Bank holidays are not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from shopify_sandbox.world.entries import SHOPIFY_PAYMENTS, Facts, Mint, event
from shopify_sandbox.world.payout_records import TRANSFER, PaymentsAccount
from shopify_sandbox.world.records import Order, Transaction
from shopify_sandbox.world.state import State
from shopify_sandbox.world.times import stamp

#: Business days from capture to payout.
DELAY = 3
RUN_AT = time(9, tzinfo=UTC)
FRIDAY = 4


def is_business_day(day: date) -> bool:
    return day.weekday() <= FRIDAY


def available_on(captured: date) -> date:
    """First day (UTC) a payout can hold money captured on that day; a weekend counts as its Friday."""
    day = captured - timedelta(days=max(0, captured.weekday() - FRIDAY))
    left = DELAY
    while left:
        day += timedelta(days=1)
        left -= is_business_day(day)
    return day


def next_run(after: datetime) -> datetime:
    """The first run (UTC) later than an instant."""
    run = datetime.combine(after.date(), RUN_AT)
    while run <= after or not is_business_day(run.date()):
        run += timedelta(days=1)
    return run


def open_account(state: State, at: datetime) -> Facts:
    """The event ``payments_opened``: a shop that takes cards has an account in its currency."""
    account = {
        "id": state.minter()("ShopifyPaymentsAccount"),
        "currency": state.shop.currency,
        "country": state.shop.country,
        "next_run": stamp(next_run(at)),
    }
    return event("payments_opened", at, account=account)


def row(
    mint: Mint,
    kind: str,
    amount: int,
    available: date,
    *,
    fee: int = 0,
    source: tuple[str, int] | None = None,
    payment: Transaction | None = None,
    reason: str | None = None,
    shares: Sequence[Sequence[int]] = (),
) -> Facts:
    """A balance transaction as an event holds it.

    Args:
        kind: A ``ShopifyPaymentsTransactionType``.
        amount: Minor units of the account's currency before the fee, negative when money leaves.
        source: ``ShopifyPaymentsSourceType`` and id of what it comes from.
        payment: The order's transaction it settles or is about.
        shares: Of an adjustment over several orders: transaction id, amount, fee.
    """
    return {
        "id": mint("ShopifyPaymentsBalanceTransaction"),
        "type": kind,
        "amount": amount,
        "fee": fee,
        "source_type": source[0] if source else None,
        "source_id": source[1] if source else None,
        "transaction_id": payment.id if payment else None,
        "test": payment is not None and payment.order.particulars.is_test,
        "available_on": available.isoformat(),
        "reason": reason,
        "shares": [list(share) for share in shares],
    }


def settled_amount(payment: Transaction, minor: int) -> int:
    """What an amount of a payment is in the account's currency, by the rate of the payment's day."""
    return payment.exchange.to_shop(minor) if payment.exchange else minor


def settlements(state: State, at: datetime, order: Order) -> Iterator[Facts]:
    """The event ``balance_changed`` for payments and refunds of the order that have not reached the balance yet."""
    account = state.payments
    if account is None:
        return
    mint, rows = state.minter(), []
    for one in order.transactions:
        if one.gateway == SHOPIFY_PAYMENTS and one.status == "SUCCESS" and one.id not in account.settled:
            if one.kind in ("SALE", "CAPTURE"):
                amount, fee = settled_amount(one, one.amount), sum(fee.amount for fee in one.fees)
                source, available = ("CHARGE", one.id), available_on(at.date())
                rows.append(row(mint, "CHARGE", amount, available, fee=fee, source=source, payment=one))
            elif one.kind == "REFUND":
                amount = -settled_amount(one, one.amount)
                rows.append(row(mint, "REFUND", amount, at.date(), source=("REFUND", one.id), payment=one))
    if rows:
        yield event("balance_changed", at, balance=rows)


def due_runs(state: State) -> Iterator[Facts]:
    """The event ``payouts_ran`` for every run that is due and has something to do; fold each before the next."""
    account = state.payments
    if account is None or account.next_run > state.now or not (account.waiting or account.underway):
        return
    run = account.next_run
    if not account.underway:
        first = min(one.available_on for one in account.waiting)
        run = max(run, next_run(datetime.combine(first, RUN_AT) - timedelta(seconds=1)))
    while run <= state.now:
        if account.underway or _payable(account, run.date()):
            yield _run(state, account, run)
        run = next_run(run)


def payout_of(mint: Mint, issued_at: datetime, held: Sequence[tuple[int, int]]) -> Facts:
    """A payout with its transfer, as an event holds it.

    Args:
        held: Id and net of the balance transactions it holds, minor units; their sum must not be 0.
    """
    payout_id, net = mint("ShopifyPaymentsPayout"), sum(net for _, net in held)
    return {
        "id": payout_id,
        "issued_at": stamp(issued_at),
        "kind": "DEPOSIT" if net > 0 else "WITHDRAWAL",
        "trace": f"{payout_id * 7_919 % 10**12:012d}",
        "transaction_ids": [transaction_id for transaction_id, _ in held],
        "transfer": row(mint, TRANSFER, -net, issued_at.date(), source=(TRANSFER, payout_id)),
    }


def _payable(account: PaymentsAccount, day: date) -> list[tuple[int, int]]:
    return [(one.id, one.net) for one in account.waiting if one.available_on <= day]


def _run(state: State, account: PaymentsAccount, run: datetime) -> Facts:
    """Earlier payouts have arrived; what has become available is paid out, or taken from the bank when it is owed."""
    held = _payable(account, run.date())
    facts = event("payouts_ran", state.now, next_run=stamp(next_run(run)), paid=[one.id for one in account.underway])
    if sum(net for _, net in held):
        facts["payout"] = payout_of(state.minter(), run, held)
    return facts

"""What else moves the balance of Shopify Payments: payouts that fail, reserves, labels, corrections; and their cases.

Here: happenings and the hard cases they and the payouts make. Not here: the rules of a payout (``payouts.py``).
"""

from __future__ import annotations

from collections.abc import Callable

from shopify_sandbox.world.case import Case
from shopify_sandbox.world.entries import Facts, event
from shopify_sandbox.world.happening import Happening, Scene
from shopify_sandbox.world.payout_records import TRANSFER, BalanceTransaction, Payout
from shopify_sandbox.world.payouts import FRIDAY, row
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.state import State

#: A reserve holds one part in this many of the charges that wait.
RESERVED_SHARE = 10
#: Minor units of the account's currency.
LABEL, TAX = 745, 320


def _failing(state: State) -> list[Payout]:
    underway = state.payments.underway if state.payments else []
    return [payout for payout in underway if payout.kind == "DEPOSIT"]


def _fail(scene: Scene, order: Order | None) -> None:
    payout, at = scene.rng.choice(_failing(scene.state)), scene.clock()
    back = row(scene.state.minter(), "TRANSFER_FAILURE", payout.net, at.date(), source=(TRANSFER, payout.id))
    scene.record(event("payout_failed", at, payout_id=payout.id, balance=[back]))


def _changed(scene: Scene, *rows: Facts) -> None:
    scene.record(event("balance_changed", scene.clock(), balance=list(rows)))


def _reserve(scene: Scene, order: Order | None) -> None:
    """A tenth of the charges that wait is held back."""
    held = sum(one.amount for one in _waiting_charges(scene.state)) // RESERVED_SHARE
    _changed(scene, row(scene.state.minter(), "RESERVED_FUNDS", -held, scene.clock().date(), reason="Reserve"))


def _release(scene: Scene, order: Order | None) -> None:
    held = scene.rng.choice(_reserved(scene.state))
    day, source = scene.clock().date(), ("ADJUSTMENT_REVERSAL", held.id)
    _changed(scene, row(scene.state.minter(), "RESERVED_FUNDS_REVERSAL", -held.amount, day, source=source))


def _buy_label(scene: Scene, order: Order | None) -> None:
    amount = LABEL + scene.rng.randrange(900)
    _changed(scene, row(scene.state.minter(), "SHIPPING_LABEL", -amount, scene.clock().date()))


def _adjust_tax(scene: Scene, order: Order | None) -> None:
    reason = "Correction of taxes on fees"
    _changed(scene, row(scene.state.minter(), "TAX_ADJUSTMENT_DEBIT", -TAX, scene.clock().date(), reason=reason))


def _adjust_orders(scene: Scene, order: Order | None) -> None:
    """The fees of two payments are corrected by one adjustment."""
    chosen = scene.rng.sample(_waiting_charges(scene.state), 2)
    shares = [[one.transaction.id, 0, -max(1, one.fee // 10)] for one in chosen if one.transaction]
    fee, day = sum(share[2] for share in shares), scene.clock().date()
    reason = "Correction of processing fees"
    _changed(scene, row(scene.state.minter(), "ADJUSTMENT", 0, day, fee=fee, reason=reason, shares=shares))


def _waiting_charges(state: State) -> list[BalanceTransaction]:
    waiting = state.payments.waiting if state.payments else []
    return [one for one in waiting if one.type == "CHARGE"]


def _reserved(state: State) -> list[BalanceTransaction]:
    return list(state.payments.reserved.values()) if state.payments else []


HAPPENINGS = (
    Happening(
        "payout_failure",
        "The bank sends a payout back; it is tried again with a later one.",
        _fail,
        possible=lambda state: bool(_failing(state)),
        weight=0.4,
        per_day=0.5,
    ),
    Happening(
        "hold_reserve",
        "Part of the balance is held back.",
        _reserve,
        possible=lambda state: len(_waiting_charges(state)) > 1,
        weight=0.4,
        per_day=0.4,
    ),
    Happening(
        "release_reserve",
        "What was held back is free again.",
        _release,
        possible=lambda state: bool(_reserved(state)),
        weight=0.4,
        per_day=0.4,
    ),
    Happening(
        "buy_shipping_label",
        "A shipping label is paid from the balance.",
        _buy_label,
        possible=lambda state: state.payments is not None,
        weight=0.6,
        per_day=0.8,
    ),
    Happening(
        "adjust_fee_tax",
        "Taxes on fees are corrected.",
        _adjust_tax,
        possible=lambda state: state.payments is not None,
        weight=0.3,
        per_day=0.4,
    ),
    Happening(
        "adjust_orders",
        "One adjustment corrects the fees of two orders.",
        _adjust_orders,
        possible=lambda state: len(_waiting_charges(state)) > 1,
        weight=0.3,
        per_day=0.4,
    ),
)


def _rows_that(name: str, what: str, is_one: Callable[[BalanceTransaction], bool]) -> Case:
    return Case(
        name,
        what,
        lambda state: sum(map(is_one, state.payments.transactions.values())) if state.payments else 0,
    )


def _payouts_that(name: str, what: str, is_one: Callable[[Payout], bool]) -> Case:
    return Case(name, what, lambda state: sum(map(is_one, state.payments.payouts.values())) if state.payments else 0)


CASES = (
    _payouts_that("failed payout", "The bank sent it back.", lambda payout: payout.status == "FAILED"),
    _payouts_that("withdrawal payout", "The bank was charged.", lambda payout: payout.kind == "WITHDRAWAL"),
    _payouts_that(
        "payout with a retried one",
        "It holds the money of a payout that failed.",
        lambda payout: any(one.type == "TRANSFER_FAILURE" for one in payout.transactions),
    ),
    _rows_that(
        "balance transaction no payout holds",
        "Its payout is not known yet.",
        lambda one: one.payout is None and not one.test,
    ),
    _rows_that("test balance transaction", "A test payment made it.", lambda one: one.test),
    _rows_that(
        "charge settled in another currency",
        "The customer paid in a currency of their own.",
        lambda one: one.type == "CHARGE" and one.transaction is not None and one.transaction.exchange is not None,
    ),
    _rows_that(
        "weekend charge", "Captured on a weekend.", lambda one: one.type == "CHARGE" and one.at.weekday() > FRIDAY
    ),
    _rows_that("reserve", "Part of the balance was held back.", lambda one: one.type == "RESERVED_FUNDS"),
    _rows_that("released reserve", "It was freed again.", lambda one: one.type == "RESERVED_FUNDS_REVERSAL"),
    _rows_that("adjustment over orders", "One adjustment about several orders.", lambda one: bool(one.shares)),
    _rows_that("shipping label", "Paid from the balance.", lambda one: one.type == "SHIPPING_LABEL"),
    _rows_that("tax adjustment", "Taxes on fees corrected.", lambda one: one.type == "TAX_ADJUSTMENT_DEBIT"),
)

"""Shopify Payments: every payment reaches the balance once, and payouts, balance and disputes add up to the cent."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopify_pipeline_tests.sandbox.world_cases import NOW, SHOP, a_draft, a_world, last_order, later
from shopify_sandbox.world import disputes, gift_cards, payout_happenings, store_credit
from shopify_sandbox.world.arguments import Arguments
from shopify_sandbox.world.disputes import FEE, open_dispute, update_dispute
from shopify_sandbox.world.entries import SHOPIFY_PAYMENTS
from shopify_sandbox.world.happening import Happening
from shopify_sandbox.world.payout_records import PaymentsAccount, Payout
from shopify_sandbox.world.payouts import available_on, next_run
from shopify_sandbox.world.placing import LineDraft, place_order
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.refunding import RefundDraft, refund
from shopify_sandbox.world.tender import of_state
from shopify_sandbox.world.world import World

PAYMENTS = ("SALE", "CAPTURE")


def a_full_world(*, seed: int = 3, orders: int = 0, days: int = 1, profile: str = "usd") -> World:
    return World.create(Arguments(seed=seed, orders=orders, days=days, now=NOW, shop=SHOP, mix="full", profile=profile))


@pytest.fixture(scope="module", params=["usd", "kwd"])
def lived(request: pytest.FixtureRequest) -> World:
    """A full shop of 400 orders over 60 days that has gone on since."""
    world = a_full_world(orders=400, days=60, profile=request.param)
    for _ in range(150):
        world.tick()
    return world


@pytest.fixture(scope="module")
def large() -> World:
    return a_full_world(seed=1, orders=400, days=90)


def account_of(world: World) -> PaymentsAccount:
    assert world.state.payments is not None
    return world.state.payments


def a_paid_order(world: World, units: int = 1) -> Order:
    variant = next(iter(world.state.variants.values()))
    world.record(place_order(world.state, later(world), a_draft(world, LineDraft(variant, units, 5_000))))
    return last_order(world)


def until_run(world: World, runs: int = 1) -> None:
    """Let the clock go on past so many payout runs."""
    for _ in range(runs):
        wait = next_run(world.state.now) - world.state.now
        world.advance(hours=wait.total_seconds() / 3_600)


def test_every_card_payment_and_refund_that_succeeded_made_one_balance_transaction(lived: World):
    account = account_of(lived)
    made = Counter(one.transaction.id for one in account.transactions.values() if one.type in ("CHARGE", "REFUND"))
    wanted = Counter(
        one.id
        for order in lived.state.orders.values()
        for one in order.transactions
        if (one.gateway, one.status) == (SHOPIFY_PAYMENTS, "SUCCESS") and one.kind in (*PAYMENTS, "REFUND")
    )
    assert wanted
    assert wanted <= made, "each one of them, and none twice"
    assert set((made - wanted).values()) <= {1}, "what a deleted order paid stays in the balance"


def test_a_charge_is_its_amount_in_the_shops_currency_with_the_fee_of_its_transaction(lived: World):
    for one in account_of(lived).transactions.values():
        if one.type in ("CHARGE", "REFUND"):
            paid = one.transaction
            worth = paid.exchange.to_shop(paid.amount) if paid.exchange else paid.amount
            assert one.amount == (worth if one.type == "CHARGE" else -worth)
            assert one.fee == sum(fee.amount for fee in paid.fees)
            assert one.net == one.amount - one.fee


@settings(max_examples=6)
@given(seed=st.integers(0, 10_000), profile=st.sampled_from(("usd", "gbp", "jpy", "kwd")))
def test_payouts_and_balance_add_up_in_any_world_at_any_moment(seed: int, profile: str):
    world = a_full_world(seed=seed, orders=30, days=15, profile=profile)
    for _ in range(4):
        for _ in range(8):
            world.tick()
        world.advance(hours=30)
        assert_adds_up(account_of(world))


def test_what_a_payout_holds_adds_up_to_it_and_with_the_transfer_to_nothing(lived: World):
    assert account_of(lived).payouts
    assert_adds_up(account_of(lived))


def assert_adds_up(account: PaymentsAccount) -> None:
    for payout in account.payouts.values():
        held = [one for one in account.transactions.values() if one.payout is payout]
        net = sum(one.net for one in held if one.type != "TRANSFER")
        assert net == payout.net != 0
        assert sum(one.net for one in held) == 0
        assert payout.kind == ("DEPOSIT" if net > 0 else "WITHDRAWAL")
        assert len([one for one in held if one.type == "TRANSFER"]) == 1

    real = [one for one in account.transactions.values() if not one.test]
    assert account.balance == sum(one.net for one in real)
    assert account.balance == sum(one.net for one in real if one.payout is None)


def test_test_payments_are_in_no_payout_and_no_balance(large: World):
    tests = [one for one in account_of(large).transactions.values() if one.test]
    assert tests
    assert {one.payout for one in tests} == {None}
    assert all(one.order.particulars.is_test for one in tests)


def test_nothing_is_paid_out_before_its_time_and_every_payout_is_of_a_business_day(lived: World):
    for payout in account_of(lived).payouts.values():
        assert payout.issued_at.weekday() < 5 or payout.kind == "WITHDRAWAL"
        assert all(one.available_on <= payout.issued_at.date() for one in payout.transactions)


def test_a_failed_payout_comes_back_once_and_is_in_a_later_one(lived: World):
    account = account_of(lived)
    failed = [payout for payout in account.payouts.values() if payout.status == "FAILED"]
    back = {one.source_id: one for one in account.transactions.values() if one.type == "TRANSFER_FAILURE"}
    assert failed
    assert set(back) == {payout.id for payout in failed}
    for payout in failed:
        again = back[payout.id]
        assert again.net == payout.net
        assert again.payout is None or again.payout.issued_at > payout.issued_at


def test_the_fold_alone_makes_the_same_account_again(lived: World):
    replayed = World.replay(lived.arguments, lived.recorded)

    assert _rows(account_of(replayed)) == _rows(account_of(lived))


def _rows(account: PaymentsAccount) -> Any:
    rows = [
        (one.id, one.type, one.net, one.payout and one.payout.id, one.available_on, one.at)
        for one in account.transactions.values()
    ]
    payouts = [(payout.id, payout.status, payout.net, payout.issued_at) for payout in account.payouts.values()]
    disputed = [(dispute.id, dispute.status, dispute.type) for dispute in account.disputes.values()]
    return rows, payouts, disputed, account.balance, account.next_run


@pytest.mark.parametrize(
    ("captured", "paid_out"),
    [
        (date(2026, 11, 16), date(2026, 11, 19)),  # Monday
        (date(2026, 11, 17), date(2026, 11, 20)),
        (date(2026, 11, 19), date(2026, 11, 24)),  # Thursday, over the weekend
        (date(2026, 11, 20), date(2026, 11, 25)),  # Friday to Sunday travel together
        (date(2026, 11, 21), date(2026, 11, 25)),
        (date(2026, 11, 22), date(2026, 11, 25)),
    ],
)
def test_a_payment_is_paid_out_three_business_days_after_its_capture(captured: date, paid_out: date):
    assert available_on(captured) == paid_out


def test_a_run_on_friday_is_followed_by_one_on_monday():
    friday = datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert next_run(friday) == friday + timedelta(days=3)
    assert next_run(friday - timedelta(seconds=1)) == friday


def test_a_charge_waits_then_is_scheduled_and_is_paid_when_the_next_run_comes():
    world = a_full_world()
    order = a_paid_order(world)
    account = account_of(world)
    charge = account.settled[order.transactions[-1].id]
    assert (charge.payout, account.balance) == (None, charge.net)

    while charge.payout is None:
        until_run(world)
    assert (charge.payout.status, charge.payout.issued_at.date()) == ("SCHEDULED", charge.available_on)
    assert account.balance == 0

    until_run(world)
    assert charge.payout.status == "PAID"


def test_refunds_larger_than_the_charges_are_taken_from_the_bank():
    world = a_full_world()
    order = a_paid_order(world)
    until_run(world, runs=6)

    world.record(refund(world.state, later(world), order, RefundDraft(money=2_000)))
    until_run(world)

    payout = list(account_of(world).payouts.values())[-1]
    assert (payout.kind, payout.net) == ("WITHDRAWAL", -2_000)
    assert account_of(world).balance == 0


def a_dispute(world: World, kind: str, *, from_bank: bool = False) -> tuple[Any, Order]:
    order = a_paid_order(world)
    facts = open_dispute(
        world.state,
        later(world),
        order.transactions[-1],
        3_000,
        kind=kind,
        reason=disputes.REASONS[0],
        from_bank=from_bank,
    )
    world.record(facts)
    return list(account_of(world).disputes.values())[-1], order


def answered(world: World, dispute: Any, status: str, **more: Any) -> None:
    world.record(update_dispute(world.state, later(world), dispute, status, **more))


def test_an_inquiry_moves_no_money_until_it_becomes_a_chargeback():
    world = a_full_world()
    dispute, order = a_dispute(world, "INQUIRY")
    charge = account_of(world).settled[order.transactions[-1].id]
    assert account_of(world).balance == charge.net

    answered(world, dispute, "NEEDS_RESPONSE", kind="CHARGEBACK")

    assert account_of(world).balance == charge.net - 3_000 - FEE
    assert (dispute.type, dispute.initiated_as) == ("CHARGEBACK", "INQUIRY")


@pytest.mark.parametrize(("outcome", "left"), [("WON", 0), ("LOST", -3_000 - FEE), ("ACCEPTED", -3_000 - FEE)])
def test_a_won_chargeback_returns_amount_and_fee_a_lost_one_neither(outcome: str, left: int):
    world = a_full_world()
    dispute, order = a_dispute(world, "CHARGEBACK")
    charge = account_of(world).settled[order.transactions[-1].id]
    before = len(order.agreements), len(order.refunds), len(order.transactions)

    answered(world, dispute, "UNDER_REVIEW", evidence_sent=True)
    answered(world, dispute, outcome)

    assert account_of(world).balance == charge.net + left
    assert dispute.finalized_on is not None
    assert (len(order.agreements), len(order.refunds), len(order.transactions)) == before, "the order is as it was"


def test_a_chargeback_the_bank_account_pays_is_a_withdrawal_of_its_own():
    world = a_full_world()
    dispute, _ = a_dispute(world, "CHARGEBACK", from_bank=True)

    payout: Payout = list(account_of(world).payouts.values())[-1]
    assert (payout.kind, payout.net) == ("WITHDRAWAL", -3_000 - FEE)
    assert {one.source_id for one in payout.held()} == {dispute.id}


def test_reserves_are_released_to_the_cent(lived: World):
    rows = account_of(lived).transactions
    released = [one for one in rows.values() if one.type == "RESERVED_FUNDS_REVERSAL"]
    assert released
    assert all(one.amount == -rows[one.source_id].amount for one in released)
    assert len({one.source_id for one in released}) == len(released)


def test_an_adjustment_over_orders_is_the_sum_of_its_shares(lived: World):
    adjusted = [one for one in account_of(lived).transactions.values() if one.shares]
    assert adjusted
    for one in adjusted:
        assert (one.amount, one.fee) == (sum(each.amount for each in one.shares), sum(each.fee for each in one.shares))


def test_tender_transactions_are_the_money_that_moved_without_cards_and_credit(lived: World):
    moved = {one.transaction.id: one.amount for one in of_state(lived.state)}
    wanted = {
        one.id: one.amount if one.kind in PAYMENTS else -one.amount
        for order in lived.state.orders.values()
        for one in order.transactions
        if one.status == "SUCCESS"
        and one.kind in (*PAYMENTS, "REFUND", "CHANGE")
        and one.gateway not in (gift_cards.GATEWAY, store_credit.GATEWAY)
        and one.amount
    }
    assert moved == wanted


def test_a_plain_shop_has_no_account_and_says_so_when_asked_for_what_needs_one():
    world = a_world(orders=20)
    assert world.state.payments is None
    for happening in (*payout_happenings.HAPPENINGS, *disputes.HAPPENINGS):
        with pytest.raises(ValueError, match="cannot happen now"):
            world.advance(happen={happening.name: 1})


@pytest.mark.parametrize("happening", [*payout_happenings.HAPPENINGS, *disputes.HAPPENINGS], ids=lambda one: one.name)
def test_what_can_happen_can_be_asked_for_by_name(large: World, happening: Happening):
    needs = {"release_reserve": "hold_reserve", "answer_dispute": "open_dispute", "resolve_dispute": "answer_dispute"}
    large.advance(new_orders=8)
    if happening.name in needs:
        large.advance(happen={needs[happening.name]: 1})
    if happening.name == "payout_failure":
        while not account_of(large).underway:
            until_run(large)
    before = large.state.event_count

    large.advance(happen={happening.name: 1})

    assert large.state.event_count > before

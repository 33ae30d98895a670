"""Gift cards and store credit: what is on them is what was put on them less what was taken, at every moment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shopify_pipeline_tests.sandbox.world_cases import NOW, SHOP, a_draft, a_world, last_order, later
from shopify_sandbox.world import gift_cards, store_credit
from shopify_sandbox.world.arguments import Arguments
from shopify_sandbox.world.buyer_records import Customer
from shopify_sandbox.world.credit import CARD_CASH_OUT, CARD_CREDIT, CARD_DEBIT, CREDIT, DEBIT, EXPIRATION, REVERT
from shopify_sandbox.world.entries import event, transaction
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.happening import Happening
from shopify_sandbox.world.placing import LineDraft, PaymentDraft, place_order
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.refunding import RefundDraft, refund
from shopify_sandbox.world.state import State
from shopify_sandbox.world.world import World


@pytest.fixture(scope="module")
def lived() -> World:
    """A full shop of 400 orders over 60 days."""
    return World.create(Arguments(seed=3, orders=400, days=60, now=NOW, shop=SHOP, mix="full"))


def an_owed_order(world: World, customer: Customer | None = None) -> Order:
    """One unit of something, to be paid by bank deposit."""
    variant = next(iter(world.state.variants.values()))
    payment = PaymentDraft("bank_deposit", "PENDING")
    draft = a_draft(world, LineDraft(variant, 1, 4_000), payment=payment, customer=customer)
    world.record(place_order(world.state, later(world), draft))
    return last_order(world)


def a_card(world: World, value: int) -> Any:
    world.record(gift_cards.issue(world.state.minter(), later(world), "USD", value))
    return list(world.state.gift_cards.values())[-1]


def pay_with_card(world: World, order: Order, card: Any, amount: int) -> None:
    paid = transaction(world.state.minter(), "SALE", amount, gift_cards.GATEWAY, later(world), gift_card_id=card.id)
    world.record(event("payment_recorded", later(world), order_id=order.id, transactions=[paid]))


def test_i19_what_is_on_a_card_is_its_first_value_and_all_that_moved(lived: World):
    for card in lived.state.gift_cards.values():
        assert card.balance == card.initial + sum(movement.amount for movement in card.movements)
        assert card.balance >= 0
        signs = {CARD_CREDIT: 1, CARD_DEBIT: -1, CARD_CASH_OUT: -1}
        assert all(movement.amount * signs[movement.type] > 0 for movement in card.movements)


def test_i19_what_is_in_an_account_is_the_last_balance_and_the_sum_of_all_that_moved(lived: World):
    for account in lived.state.store_credit.values():
        running = 0
        for movement in account.movements:
            running += movement.amount
            assert movement.balance_after == running >= 0
        assert account.balance == running
        assert running == sum(movement.left for movement in account.movements if movement.type == CREDIT)


def test_every_payment_and_refund_by_card_or_credit_moved_exactly_its_amount_once(lived: World):
    moved = {
        movement.origin.id: movement.amount
        for account in lived.state.store_credit.values()
        for movement in account.movements
        if movement.origin
    }
    on_orders = {
        one.id: one.amount if one.kind == "REFUND" else -one.amount
        for order in lived.state.orders.values()
        for one in order.transactions
        if one.gateway == store_credit.GATEWAY and one.status == "SUCCESS" and one.kind in ("SALE", "REFUND")
    }
    assert on_orders
    assert moved == on_orders


def test_cards_lose_and_get_back_what_orders_took_from_and_gave_back_to_them(lived: World):
    paid = given_back = 0
    for order in lived.state.orders.values():
        for one in order.transactions:
            if one.gateway == gift_cards.GATEWAY and one.status == "SUCCESS":
                paid += one.amount if one.kind in ("SALE", "CAPTURE") else 0
                given_back += one.amount if one.kind == "REFUND" else 0
    movements = [movement for card in lived.state.gift_cards.values() for movement in card.movements]
    assert (paid, given_back) == (_sum(movements, CARD_DEBIT, -1), _sum(movements, CARD_CREDIT, 1))
    assert paid > given_back > 0


def _sum(movements: list[Any], type_: str, sign: int) -> int:
    return sign * sum(movement.amount for movement in movements if movement.type == type_)


def test_a_card_that_pays_part_of_an_order_leaves_the_rest_owed_and_a_refund_comes_back_to_it():
    world = a_world()
    order, card = an_owed_order(world), a_card(world, 2_500)
    owed = figures(order).total_outstanding

    pay_with_card(world, order, card, 2_500)
    assert (card.balance, figures(order).total_outstanding) == (0, owed - 2_500)

    world.record(refund(world.state, later(world), order, RefundDraft(money=700)))
    assert card.balance == 700
    assert [movement.type for movement in card.movements] == [CARD_DEBIT, CARD_CREDIT]


def test_what_a_card_did_not_pay_is_paid_the_way_the_order_was_to_be_paid():
    world = a_world()
    order, card = an_owed_order(world), a_card(world, 1_000)
    pay_with_card(world, order, card, 1_000)

    world.advance(capture=1, order=order.name)

    assert order.transactions[-1].gateway == "bank_deposit"
    assert figures(order).total_outstanding == 0
    assert card.balance == 0


def test_a_pending_refund_reaches_the_card_when_it_is_settled():
    world = a_world()
    order, card = an_owed_order(world), a_card(world, 2_500)
    pay_with_card(world, order, card, 2_500)
    world.record(refund(world.state, later(world), order, RefundDraft(money=500, pending=True)))
    assert card.balance == 0

    world.advance(settle=1, order=order.name)

    assert card.balance == 500


def test_a_deactivated_or_expired_card_keeps_its_money_and_buys_nothing():
    world = a_world()
    state = world.state
    first = a_card(world, 1_000)
    world.record(gift_cards.deactivate(later(world), first))
    ends = later(world).date()
    world.record(gift_cards.issue(state.minter(), later(world), "USD", 1_500, expires_on=ends))
    second = list(state.gift_cards.values())[-1]
    assert gift_cards.redeemable(state, "USD") == [second]

    world.advance(hours=48)

    assert gift_cards.redeemable(state, "USD") == []
    assert (first.balance, second.balance, second.enabled) == (1_000, 1_500, True)


def an_account(world: World, *credits: tuple[int, int | None]) -> Any:
    """An account of the first customer with credits of (minor units, days until it ends)."""
    state = world.state
    owner = next(iter(state.customers.values()))
    world.record(store_credit.open_account(state, later(world), owner, "USD"))
    account = state.store_credit_of[owner.id][-1]
    for amount, days in credits:
        ends = later(world) + timedelta(days=days) if days else None
        world.record(store_credit.credit(state, later(world), account, amount, "ADJUSTMENT", expires_at=ends))
    return account


def test_the_credit_that_ends_first_is_spent_first_and_only_its_rest_expires():
    world = a_world()
    account = an_account(world, (1_000, None), (600, 20), (500, 5))

    world.record(store_credit.debit(world.state, later(world), account, 700, None))
    assert [movement.left for movement in account.movements[:3]] == [1_000, 400, 0]

    world.advance(hours=24 * 21)
    world.advance(happen={"expire_store_credit": 1})
    ended = account.movements[-1]
    assert (ended.type, ended.amount, ended.about, ended.id) == (EXPIRATION, -400, account.movements[1], None)
    assert account.balance == 1_000


def test_a_failed_payment_gives_every_credit_its_part_back():
    world = a_world()
    account = an_account(world, (1_000, None), (600, 20))
    spent = store_credit.debit(world.state, later(world), account, 900, None)
    world.record(spent)

    world.record(store_credit.revert(world.state, later(world), account.movements[-1], spent["movement"]["uses"]))

    assert [movement.left for movement in account.movements[:2]] == [1_000, 600]
    assert [movement.type for movement in account.movements] == [CREDIT, CREDIT, DEBIT, REVERT]
    assert account.balance == 1_600


def test_more_than_there_is_cannot_be_spent():
    world = a_world()
    account = an_account(world, (300, None))

    with pytest.raises(ValueError, match="holds less"):
        store_credit.debit(world.state, later(world), account, 301, None)


def test_an_order_paid_with_credit_and_refunded_moves_its_customers_account():
    world = a_world()
    account = an_account(world, (5_000, None))
    order = an_owed_order(world, customer=account.owner)
    paid = transaction(world.state.minter(), "SALE", 4_000, store_credit.GATEWAY, later(world))
    world.record(event("payment_recorded", later(world), order_id=order.id, transactions=[paid]))
    assert (account.balance, account.movements[-1].event) == (1_000, "ORDER_PAYMENT")

    world.record(refund(world.state, later(world), order, RefundDraft(money=1_500)))

    assert (account.balance, account.movements[-1].event) == (2_500, "ORDER_REFUND")
    assert account.movements[-1].origin is order.transactions[-1]


@pytest.fixture(scope="module")
def ready() -> World:
    """A full shop with cards and credit of every kind, some of them at their end."""
    world = World.create(Arguments(seed=5, orders=60, days=30, now=NOW, shop=SHOP, mix="full"))
    world.advance(new_orders=30, happen={"issue_gift_card": 15, "grant_store_credit": 15, "use_gift_card": 2})
    world.advance(hours=24 * 40)
    world.advance(new_orders=30, happen={"issue_gift_card": 15, "use_gift_card": 3})
    return world


@pytest.mark.parametrize("happening", [*gift_cards.HAPPENINGS, *store_credit.HAPPENINGS], ids=lambda one: one.name)
def test_what_can_happen_can_be_asked_for_by_name(ready: World, happening: Happening):
    before = ready.state.event_count

    ready.advance(happen={happening.name: 1})

    assert ready.state.event_count > before


def test_a_replayed_log_makes_the_same_cards_and_accounts(lived: World):
    replayed = World.replay(lived.arguments, lived.recorded).state

    assert _cards(replayed) == _cards(lived.state)
    assert _accounts(replayed) == _accounts(lived.state)


def _cards(state: State) -> list[Any]:
    return [
        (card.id, card.balance, card.deactivated_at, card.expires_on, [(one.id, one.amount) for one in card.movements])
        for card in state.gift_cards.values()
    ]


def _accounts(state: State) -> list[Any]:
    return [
        (account.id, account.owner.id, [(one.id, one.type, one.amount, one.left) for one in account.movements])
        for account in state.store_credit.values()
    ]

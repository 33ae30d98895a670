"""Gift cards: issued by a sale or by hand, spent, given back to, cashed out and deactivated.

Here: the events of a card, and what an order's lines and transactions mean for cards. Not here: the sale of a card or
the checkout paid with one (``placing.py``), store credit (``store_credit.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from shopify_sandbox.world.buyer_records import Customer
from shopify_sandbox.world.case import Case
from shopify_sandbox.world.credit import CARD_CASH_OUT, CARD_CREDIT, CARD_DEBIT, GiftCard
from shopify_sandbox.world.entries import Facts, Mint, event, transaction
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.happening import Happening, Scene, one_that
from shopify_sandbox.world.paying import refundable
from shopify_sandbox.world.records import Line, Order, Transaction
from shopify_sandbox.world.refunding import RefundDraft, can_refund, refund
from shopify_sandbox.world.state import State

GATEWAY = "gift_card"
#: Minor units; an amount a card may have in every currency there is.
VALUES = (1_000, 2_500, 5_000, 10_000)
#: A card with no more than this on it (minor units) may be paid out.
CASH_OUT_LIMIT = 2_500
_CODE = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def issue(
    mint: Mint,
    at: datetime,
    currency: str,
    value: int,
    *,
    customer: Customer | None = None,
    line: Line | None = None,
    expires_on: date | None = None,
    note: str | None = None,
) -> Facts:
    """The event ``gift_card_issued``; ``line`` is the line that sold it."""
    card_id = mint("GiftCard")
    return event(
        "gift_card_issued",
        at,
        gift_card={
            "id": card_id,
            "code_end": _code_end(card_id),
            "currency": currency,
            "initial": value,
            "note": note,
            "customer_id": customer.id if customer else None,
            "order_id": line.order.id if line else None,
            "line_id": line.id if line else None,
            "expires_on": expires_on.isoformat() if expires_on else None,
        },
    )


def move(
    state: State, at: datetime, card: GiftCard, type_: str, amount: int, *, cause: Transaction | None = None
) -> Facts:
    """The event ``gift_card_moved``.

    Args:
        type_: The movement's GraphQL type.
        amount: Minor units of the card's currency; negative when money leaves it.
        cause: The order's transaction it belongs to.
    """
    return event(
        "gift_card_moved",
        at,
        gift_card_id=card.id,
        movement={
            "id": state.minter()("GiftCardTransaction"),
            "type": type_,
            "amount": amount,
            "note": None,
            "transaction_id": cause.id if cause else None,
        },
    )


def deactivate(at: datetime, card: GiftCard) -> Facts:
    """The event ``gift_card_deactivated``; what is on the card stays on it."""
    return event("gift_card_deactivated", at, gift_card_id=card.id)


def redeemable(state: State, currency: str) -> list[GiftCard]:
    """Cards of that currency something can be bought with now."""
    today = state.now.date()
    return [card for card in state.gift_cards.values() if card.currency == currency and card.redeemable(today)]


def consequences(state: State, at: datetime, order: Order) -> Iterator[Facts]:
    """What the order's lines and transactions ask of gift cards and have not got yet; fold each before the next."""
    for line in order.lines:
        if line.line_type == "GIFT_CARD":
            yield from _of_line(state, at, line)
    for one in order.transactions:
        if one.gateway == GATEWAY and one.status == "SUCCESS" and one.id not in state.settled_in_credit:
            card_id = one.gift_card_id or (one.parent.gift_card_id if one.parent else None)
            card = state.gift_cards.get(card_id or 0)
            if card is not None and one.kind in ("SALE", "CAPTURE"):
                yield move(state, at, card, CARD_DEBIT, -one.amount, cause=one)
            elif card is not None and one.kind == "REFUND":
                yield move(state, at, card, CARD_CREDIT, one.amount, cause=one)


def _of_line(state: State, at: datetime, line: Line) -> Iterator[Facts]:
    """One card a unit once the order is paid; units taken back deactivate cards again."""
    order, cards = line.order, state.gift_cards_of_lines.get(line.id, ())
    money = figures(order)
    is_paid = money.total_outstanding <= 0 and money.total_capturable == 0 and money.net_payment > 0
    if not cards and is_paid and order.cancelled_at is None:
        for _ in range(line.current_quantity):
            yield issue(
                state.minter(), at, currency_of(state, order), line.unit_price, customer=order.customer, line=line
            )
    enabled = [card for card in cards if card.enabled]
    for card in enabled[: max(0, len(enabled) - line.current_quantity)]:
        yield deactivate(at, card)


def currency_of(state: State, order: Order) -> str:
    """The currency the order was placed in."""
    return order.exchange.presentment if order.exchange else state.shop.currency


def _code_end(card_id: int) -> str:
    """The last four characters of a code that looks drawn but follows from the id."""
    mixed = card_id * 6_364_136_223_846_793_005 % 2**63
    return "".join(_CODE[mixed >> 5 * place & 31] for place in range(3, 7)).lower()


def owes(order: Order) -> bool:
    """Whether the order can be paid with a card now."""
    money = figures(order)
    return order.cancelled_at is None and money.total_capturable == 0 and money.total_outstanding > 0


def _issue_one(scene: Scene, order: Order | None) -> None:
    rng, at = scene.rng, scene.clock()
    customer = one_that(rng, scene.state.customers, lambda customer: not customer.is_redacted)
    ends = at.date() + timedelta(days=rng.choice((7, 14, 30))) if rng.random() < 0.7 else None
    note = rng.choice(("Apology for a late parcel", "Prize draw", None))
    mint, currency = scene.state.minter(), scene.state.shop.currency
    scene.record(issue(mint, at, currency, rng.choice(VALUES), customer=customer, expires_on=ends, note=note))


def _use(scene: Scene, order: Order | None) -> None:
    """What is owed is paid with a card; when none can be, the shop issues one for it first."""
    if order is None:
        return
    state = scene.state
    currency, owed = currency_of(state, order), figures(order).total_outstanding
    cards = redeemable(state, currency)
    if not cards:
        scene.record(issue(state.minter(), scene.clock(), currency, owed, customer=order.customer))
        cards = redeemable(state, currency)
    card = scene.rng.choice(cards)
    at = scene.clock()
    amount, rate = min(owed, card.balance), order.exchange
    paid = transaction(state.minter(), "SALE", amount, GATEWAY, at, exchange=rate, gift_card_id=card.id)
    scene.record(event("payment_recorded", at, order_id=order.id, transactions=[paid]))


def held_on_cards(order: Order) -> int:
    """What the order's card payments still hold, minor units."""
    return sum(left for payment, left in refundable(order) if payment.gateway == GATEWAY)


def _give_back(scene: Scene, order: Order | None) -> None:
    """A goodwill refund, to the card first when that is what paid last."""
    if order is not None:
        draft = RefundDraft(money=min(held_on_cards(order), figures(order).net_payment), note="Goodwill")
        scene.record(refund(scene.state, scene.clock(), order, draft))


def _spendable(state: State) -> list[GiftCard]:
    return redeemable(state, state.shop.currency)


def _deactivate_one(scene: Scene, order: Order | None) -> None:
    scene.record(deactivate(scene.clock(), scene.rng.choice(_spendable(scene.state))))


def _small(state: State) -> list[GiftCard]:
    return [card for card in _spendable(state) if card.balance <= CASH_OUT_LIMIT]


def _cash_out(scene: Scene, order: Order | None) -> None:
    card = scene.rng.choice(_small(scene.state))
    scene.record(move(scene.state, scene.clock(), card, CARD_CASH_OUT, -card.balance))


def _moved(card: GiftCard, type_: str) -> bool:
    return any(one.type == type_ for one in card.movements)


HAPPENINGS = (
    Happening("issue_gift_card", "A gift card is issued by hand.", _issue_one, weight=0.6, per_day=1.2),
    Happening("use_gift_card", "What an order owes is paid with a gift card.", _use, owes, weight=0.8, per_day=0.6),
    Happening(
        "refund_to_gift_card",
        "Money goes back to the gift card that paid.",
        _give_back,
        lambda order: can_refund(order) and held_on_cards(order) > 0,
        weight=0.4,
        per_day=2.0,
    ),
    Happening(
        "deactivate_gift_card",
        "A gift card is deactivated.",
        _deactivate_one,
        possible=lambda state: bool(_spendable(state)),
        weight=0.3,
        per_day=0.4,
    ),
    Happening(
        "cash_out_gift_card",
        "What little is left on a gift card is paid out in cash.",
        _cash_out,
        possible=lambda state: bool(_small(state)),
        weight=0.3,
        per_day=0.8,
    ),
)


def _cards_that(name: str, what: str, is_one: Callable[[State, GiftCard], bool]) -> Case:
    return Case(name, what, lambda state: sum(is_one(state, card) for card in state.gift_cards.values()))


CASES = (
    _cards_that("gift card from a sale", "Issued by the sale of a line.", lambda state, card: card.line is not None),
    _cards_that("gift card issued by hand", "No order sold it.", lambda state, card: card.order is None),
    _cards_that("gift card spent", "Something was bought with it.", lambda state, card: _moved(card, CARD_DEBIT)),
    _cards_that("gift card refunded to", "Money came back to it.", lambda state, card: _moved(card, CARD_CREDIT)),
    _cards_that("gift card cashed out", "Its rest was paid out.", lambda state, card: _moved(card, CARD_CASH_OUT)),
    _cards_that("gift card deactivated", "It can no longer be used.", lambda state, card: not card.enabled),
    _cards_that(
        "gift card expired",
        "It ended with money on it.",
        lambda state, card: card.expired(state.now.date()) and card.balance > 0,
    ),
)

"""Kinds of order by how they are paid: cash, gift cards, several payments, on terms, never; and what becomes of them.

Here: the kinds, and the happenings payments that fail or end bring. Not here: refunds, and the cards' own books.
"""

from __future__ import annotations

from dataclasses import replace

from shopify_sandbox.world.drafts import OrderDraft, PaymentDraft, PurchaserDraft, TermsDraft
from shopify_sandbox.world.entries import SHOPIFY_PAYMENTS, event, transaction
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.gift_cards import redeemable
from shopify_sandbox.world.happening import Happening, Scene
from shopify_sandbox.world.kind import DAY, OrderKind
from shopify_sandbox.world.paying import can_pay, pay, void
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.shoppers import profile_of
from shopify_sandbox.world.state import FIRST_IDS, ID_STEP, State

COMPANIES = ("Harbor Hotels", "Meadow Clinics", "Northwind Offices", "Café Zwölf GmbH", "Riad & Sons")
TERMS = (TermsDraft("Net 30", 30), TermsDraft("Net 7", 7), TermsDraft("Due on receipt", None))


def _cash(scene: Scene, draft: OrderDraft) -> OrderDraft:
    profile = profile_of(scene.state)
    note = profile.note if scene.rng.random() < 0.5 else 0
    payment = PaymentDraft("cash", "SALE", coin=profile.coin, note=note)
    return replace(draft, source_name="pos", shipping=None, tip=0, code=None, payment=payment)


def _till(scene: Scene, draft: OrderDraft) -> OrderDraft:
    return replace(draft, source_name="pos", shipping=None, payment=PaymentDraft(SHOPIFY_PAYMENTS, "SALE"))


def _value(draft: OrderDraft) -> int:
    return sum(line.unit_price * line.quantity for line in draft.lines)


def _split(scene: Scene, draft: OrderDraft) -> OrderDraft:
    part = max(1, _value(draft) // scene.rng.choice((2, 3, 5)))
    return replace(
        draft, payments=[PaymentDraft("paypal", "SALE", amount=part)], payment=PaymentDraft(SHOPIFY_PAYMENTS, "SALE")
    )


def _deposit(scene: Scene, draft: OrderDraft) -> OrderDraft:
    part = max(1, _value(draft) // 4)
    return replace(draft, payments=[PaymentDraft(SHOPIFY_PAYMENTS, "SALE", amount=part)], payment=None)


def _card(scene: Scene, draft: OrderDraft) -> OrderDraft:
    card = scene.rng.choice(redeemable(scene.state, scene.state.shop.currency))
    part = PaymentDraft("gift_card", "SALE", amount=card.balance, gift_card_id=card.id)
    lines = [replace(line, quantity=line.quantity + 1) for line in draft.lines]
    return replace(draft, lines=lines, code=None, payments=[part], payment=PaymentDraft(SHOPIFY_PAYMENTS, "SALE"))


def _authorised(scene: Scene, draft: OrderDraft) -> OrderDraft:
    return replace(draft, payment=PaymentDraft(SHOPIFY_PAYMENTS, "AUTHORIZATION"))


def _for_company(scene: Scene, draft: OrderDraft) -> OrderDraft:
    rng = scene.rng
    place = rng.randrange(len(COMPANIES))
    company = PurchaserDraft(
        id=FIRST_IDS["Company"] + place * ID_STEP,
        name=COMPANIES[place],
        location_id=FIRST_IDS["CompanyLocation"] + place * ID_STEP,
        location=f"{COMPANIES[place]} (head office)",
    )
    return replace(
        draft,
        lines=[replace(line, quantity=line.quantity * 10) for line in draft.lines],
        purchaser=company,
        po_number=f"PO-{rng.randrange(10_000, 99_999)}",
        terms=rng.choice(TERMS),
        payment=None,
    )


def _on_terms(scene: Scene, draft: OrderDraft) -> OrderDraft:
    return replace(draft, source_name="shopify_draft_order", terms=TERMS[2], payment=None)


def _test(scene: Scene, draft: OrderDraft) -> OrderDraft:
    """Paid in the test mode of Shopify Payments, or at the gateway that is there for tests."""
    gateway = scene.rng.choice((SHOPIFY_PAYMENTS,) * 5 + ("bogus",))
    return replace(draft, is_test=True, payment=PaymentDraft(gateway, "SALE"))


def _has(order: Order, kind: str, status: str = "SUCCESS") -> bool:
    return any((one.kind, one.status) == (kind, status) for one in order.transactions)


def _gateways(order: Order) -> set[str]:
    """Gateways money came through, gift cards apart."""
    return {one.gateway for one in order.transactions if one.kind in ("SALE", "CAPTURE") and not one.gift_card_id}


def _was_part_paid(order: Order) -> bool:
    """Whether the first payments came with the order, and left something open."""
    first = [one for one in order.transactions if one.created_at == order.created_at and one.status == "SUCCESS"]
    return 0 < sum(one.amount for one in first) < figures(order).original_total_price


def _has_cards(state: State) -> bool:
    return bool(redeemable(state, state.shop.currency))


KINDS: tuple[OrderKind, ...] = (
    OrderKind(
        "cash sale",
        "Paid at the till in cash, rounded to the smallest coin.",
        _cash,
        lambda order: any(one.rounding for one in order.transactions),
        share=0.03,
        may_be_foreign=False,
    ),
    OrderKind("point of sale", "Bought in the shop, by card.", _till, lambda order: order.source_name == "pos"),
    OrderKind("split payment", "Paid through two gateways.", _split, lambda order: len(_gateways(order)) > 1),
    OrderKind(
        "part paid",
        "A part was paid with the order, the rest later or never.",
        _deposit,
        _was_part_paid,
        then=("pay_rest", DAY, 20 * DAY),
    ),
    OrderKind(
        "paid with a gift card",
        "A gift card paid for a part of it or all.",
        _card,
        lambda order: any(one.gift_card_id for one in order.transactions),
        share=0.018,
        may_be_foreign=False,
        possible=_has_cards,
    ),
    OrderKind(
        "expired authorisation",
        "Authorised and never captured.",
        _authorised,
        lambda order: order.particulars.has_expired,
        share=0.018,
        then=("expire_authorization", 7 * DAY, 8 * DAY),
    ),
    OrderKind(
        "voided authorisation",
        "Authorised and let go by the shop.",
        _authorised,
        lambda order: _has(order, "VOID"),
        share=0.018,
        then=("void_authorization", DAY, 5 * DAY),
    ),
    OrderKind(
        "failed capture",
        "Authorised, but the money did not come.",
        _authorised,
        lambda order: _has(order, "CAPTURE", "FAILURE"),
        share=0.018,
        then=("fail_capture", DAY, 5 * DAY),
    ),
    OrderKind(
        "order of a company",
        "A company bought on terms, with a number of its own.",
        _for_company,
        lambda order: order.particulars.purchaser is not None,
        share=0.018,
        may_be_foreign=False,
        then=("pay_rest", 5 * DAY, 60 * DAY),
    ),
    OrderKind(
        "order on terms",
        "Placed without any transaction, paid later.",
        _on_terms,
        lambda order: order.particulars.terms is not None,
        then=("pay_rest", 5 * DAY, 40 * DAY),
    ),
    OrderKind(
        "test order",
        "Placed to try the shop out; no money moved.",
        _test,
        lambda order: order.particulars.is_test,
        may_be_foreign=False,
    ),
)


def _is_authorised(order: Order) -> bool:
    return order.cancelled_at is None and figures(order).total_capturable > 0


def _expire(scene: Scene, order: Order | None) -> None:
    if order is not None:
        scene.record(event("authorization_expired", scene.clock(), order_id=order.id))


def _void(scene: Scene, order: Order | None) -> None:
    if order is not None:
        at = scene.clock()
        voids = void(scene.state.minter(), order, at)
        scene.record(event("payment_recorded", at, order_id=order.id, transactions=voids))


def _fail(scene: Scene, order: Order | None) -> None:
    """A capture that fails leaves the authorisation as it is (assumed)."""
    if order is not None:
        at = scene.clock()
        held = next(one for one in order.transactions if (one.kind, one.status) == ("AUTHORIZATION", "SUCCESS"))
        failed = transaction(
            scene.state.minter(),
            "CAPTURE",
            figures(order).total_capturable,
            held.gateway,
            at,
            status="FAILURE",
            parent=held,
            error_code="PAYMENT_METHOD_UNAVAILABLE",
        )
        scene.record(event("payment_recorded", at, order_id=order.id, transactions=[failed]))


def _pay_rest(scene: Scene, order: Order | None) -> None:
    if order is not None:
        scene.record(pay(scene.state, scene.clock(), order))


HAPPENINGS: tuple[Happening, ...] = (
    Happening("expire_authorization", "An authorisation runs out.", _expire, _is_authorised, weight=0.5),
    Happening("void_authorization", "The shop lets an authorisation go.", _void, _is_authorised, weight=0.5),
    Happening("fail_capture", "A capture fails.", _fail, _is_authorised, weight=0.5),
    Happening("pay_rest", "What an order still owes is paid.", _pay_rest, can_pay, weight=1.0),
)

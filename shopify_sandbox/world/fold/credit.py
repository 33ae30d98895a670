"""What events do to gift cards and store credit.

Here: one small function per event. Not here: what calls for them (``world/gift_cards.py``, ``world/store_credit.py``).
"""

from __future__ import annotations

from datetime import date, datetime

from shopify_sandbox.world.credit import CREDIT, CardMovement, CreditMovement, GiftCard, StoreCreditAccount
from shopify_sandbox.world.fold.events import Event, Fold
from shopify_sandbox.world.state import State
from shopify_sandbox.world.times import instant


def _gift_card_issued(state: State, event: Event, at: datetime) -> None:
    facts = dict(event["gift_card"])
    customer_id, order_id, line_id = facts.pop("customer_id"), facts.pop("order_id"), facts.pop("line_id")
    ends = facts.pop("expires_on")
    card = GiftCard(
        customer=state.customers[customer_id] if customer_id else None,
        order=state.orders[order_id] if order_id else None,
        line=state.lines[line_id] if line_id else None,
        expires_on=date.fromisoformat(ends) if ends else None,
        created_at=at,
        updated_at=at,
        **facts,
    )
    state.gift_cards[card.id] = card
    state.seen("GiftCard", card.id)
    if line_id:
        state.gift_cards_of_lines.setdefault(line_id, []).append(card)


def _gift_card_moved(state: State, event: Event, at: datetime) -> None:
    card = state.gift_cards[event["gift_card_id"]]
    facts = event["movement"]
    movement = CardMovement(facts["id"], card, facts["type"], facts["amount"], facts["note"], at)
    card.movements.append(movement)
    card.balance += movement.amount
    card.updated_at = at
    state.others[movement.type, movement.id] = movement
    state.seen("GiftCardTransaction", movement.id)
    if facts["transaction_id"]:
        state.settled_in_credit.add(facts["transaction_id"])


def _gift_card_deactivated(state: State, event: Event, at: datetime) -> None:
    card = state.gift_cards[event["gift_card_id"]]
    card.deactivated_at = card.updated_at = at


def _store_credit_opened(state: State, event: Event, at: datetime) -> None:
    facts = event["account"]
    account = StoreCreditAccount(facts["id"], state.customers[facts["owner_id"]], facts["currency"])
    state.store_credit[account.id] = account
    state.store_credit_of.setdefault(facts["owner_id"], []).append(account)
    state.seen("StoreCreditAccount", account.id)


def _store_credit_moved(state: State, event: Event, at: datetime) -> None:
    account = state.store_credit[event["account_id"]]
    facts = event["movement"]
    for credit_id, amount in facts["uses"]:
        state.others[CREDIT, credit_id].left -= amount
    transaction_id, expires_at = facts["transaction_id"], facts["expires_at"]
    movement = CreditMovement(
        id=facts["id"],
        account=account,
        type=facts["type"],
        amount=facts["amount"],
        balance_after=facts["balance_after"],
        event=facts["event"],
        created_at=at,
        origin=state.others["OrderTransaction", transaction_id] if transaction_id else None,
        about=state.others[facts["about_type"], facts["about_id"]] if facts["about_id"] else None,
        expires_at=instant(expires_at) if expires_at else None,
        left=facts["amount"] if facts["type"] == CREDIT else 0,
    )
    account.movements.append(movement)
    if movement.id:
        state.others[movement.type, movement.id] = movement
        state.seen("StoreCreditAccountTransaction", movement.id)
    if transaction_id:
        state.settled_in_credit.add(transaction_id)


FOLDS: dict[str, Fold] = {
    "gift_card_issued": _gift_card_issued,
    "gift_card_moved": _gift_card_moved,
    "gift_card_deactivated": _gift_card_deactivated,
    "store_credit_opened": _store_credit_opened,
    "store_credit_moved": _store_credit_moved,
}

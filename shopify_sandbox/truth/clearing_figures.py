"""Where the shop's money stands, gateway by gateway, and what the shop owes on gift cards and as store credit.

Here: figures a ledger of the shop has to come to, in the shop's currency. Not here: how it comes to them, and rows.
Money is Decimal in major units; test orders and test balance transactions move none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from shopify_sandbox.truth.books import Books
from shopify_sandbox.truth.credit_rows import OWED, TENDERED
from shopify_sandbox.truth.currencies import major
from shopify_sandbox.truth.holdings import Holdings
from shopify_sandbox.truth.order_book import OrderBook
from shopify_sandbox.truth.order_facts import Transaction

GIFT_CARD, STORE_CREDIT = OWED
SHOPIFY_PAYMENTS = "shopify_payments"
CASH = "cash"
CASHED_OUT = "GiftCardCashOutTransaction"
#: A payout the bank has not confirmed.
UNDER_WAY = "SCHEDULED"


def by_gateway(orders: Books, held: Holdings) -> dict[str, dict[str, Any]]:
    """What waits at each gateway that moves money.

    Returns:
        By gateway ``clearing``: what came in and did not go out again, cash with what it was rounded by. For Shopify
        Payments that is ``balance``, what Shopify says it holds, and the payouts ``in_transit``: ``payout_id``,
        ``amount`` (negative for a withdrawal), ``status`` and ``issued_at``.
    """
    minor: Counter[str] = Counter()
    for order, one in _moved(orders):
        if one.gateway not in OWED and one.gateway != SHOPIFY_PAYMENTS:
            sign = TENDERED[one.kind]
            minor[one.gateway] += sign * order.in_shop(one.amount + (one.rounding or 0), one.rate)
    for card in held.credit.cards.values():
        if card.facts["currency"] == held.currency:
            minor[CASH] += sum(move["amount"] for move in card.movements if move["type"] == CASHED_OUT)
    figures: dict[str, dict[str, Any]] = {
        gateway: {"clearing": major(amount, held.currency)} for gateway, amount in sorted(minor.items())
    }
    if held.balance.currency:
        figures[SHOPIFY_PAYMENTS] = _shopify_payments(held)
    return figures


def _shopify_payments(held: Holdings) -> dict[str, Any]:
    """A balance transaction counts with its transfer, so what was paid out has left the balance."""
    book = held.balance
    balance = sum(one["amount"] - one["fee"] for one in book.transactions.values() if not one["test"])
    in_transit = [
        {
            "payout_id": payout_id,
            "amount": -major(payout["transfer"]["amount"], book.currency),
            "status": payout["status"],
            "issued_at": payout["issued_at"],
        }
        for payout_id, payout in sorted(book.payouts.items())
        if payout["status"] == UNDER_WAY
    ]
    return {
        "clearing": major(balance, book.currency) + sum(payout["amount"] for payout in in_transit),
        "balance": major(balance, book.currency),
        "in_transit": in_transit,
    }


def owed(orders: Books, held: Holdings) -> dict[str, dict[str, Any]]:
    """What the shop owes to holders of gift cards and store credit.

    Returns:
        For ``gift_card`` and ``shopify_store_credit``: ``open``, what can be spent in the shop's currency; ``sold``,
        gift cards that were sold and are not made yet; ``abroad``, what orders in other currencies sold of cards and
        paid with them, each at its own rate; ``unvalued``, by other currency, what can be spent, which has no rate.
    """
    figures = {kind: {"open": 0, "sold": 0, "abroad": 0} for kind in OWED}
    unvalued: dict[str, Counter[str]] = {kind: Counter() for kind in OWED}
    for kind, currency, balance in _open_balances(held):
        if currency == held.currency:
            figures[kind]["open"] += balance
        else:
            unvalued[kind][currency] += balance
    for order, one in _moved(orders):
        if one.gateway in OWED and order.currency != order.shop_currency:
            figures[one.gateway]["abroad"] -= TENDERED[one.kind] * order.in_shop(one.amount, one.rate)
    made = Counter(card.facts["line_id"] for card in held.credit.cards.values())
    for order in _real(orders):
        for sale in order.sales():
            if sale.line_type == "GIFT_CARD":
                value = order.in_shop(sale.total - sale.tax, order.placed.rate)
                if order.currency != order.shop_currency:
                    figures[GIFT_CARD]["abroad"] += value
                elif not made[sale.line_id]:
                    figures[GIFT_CARD]["sold"] += value
    return {
        kind: {name: major(minor, held.currency) for name, minor in figures[kind].items()}
        | {"unvalued": {currency: major(minor, currency) for currency, minor in sorted(unvalued[kind].items())}}
        for kind in OWED
    }


def _open_balances(held: Holdings) -> Iterator[tuple[str, str, int]]:
    """Kind, currency and minor units of every card and account; a card ends with its last day in the shop's zone."""
    today = datetime.fromisoformat(held.as_of).astimezone(ZoneInfo(held.goods.shop["timezone"])).date().isoformat()
    for card in held.credit.cards.values():
        ends = card.facts["expires_on"]
        if card.deactivated_at is None and (ends is None or ends >= today):
            yield GIFT_CARD, card.facts["currency"], card.balance
    for account in held.credit.accounts.values():
        if account.movements:
            yield STORE_CREDIT, account.facts["currency"], account.movements[-1]["balance_after"]


def _real(orders: Books) -> Iterator[OrderBook]:
    return (order for order in orders.orders.values() if not order.placed.extras.is_test)


def _moved(orders: Books) -> Iterator[tuple[OrderBook, Transaction]]:
    """Every transaction that moved something, with its order."""
    for order in _real(orders):
        for one in order.transactions:
            if one.status == "SUCCESS" and one.kind in TENDERED:
                yield order, one

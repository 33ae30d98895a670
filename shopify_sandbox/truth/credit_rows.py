"""What a warehouse has to hold of what the shop owes its customers, and of money that really moved.

Here: rows of gift cards, store credit and tender transactions. Not here: Shopify Payments (``payout_rows.py``).
"""

from __future__ import annotations

from collections.abc import Iterator

from shopify_sandbox.truth.cells import Row
from shopify_sandbox.truth.credit_book import CREDIT, EXPIRATION
from shopify_sandbox.truth.currencies import major
from shopify_sandbox.truth.deals_book import Payment
from shopify_sandbox.truth.holdings import Holdings

#: How a payment counts as money the shop received; other kinds move none.
TENDERED = {"SALE": 1, "CAPTURE": 1, "REFUND": -1, "CHANGE": -1}
#: Gateways that move what the shop owes, and no money.
OWED = ("gift_card", "shopify_store_credit")
METHODS = {"shopify_payments": "credit_card", "paypal": "paypal", "cash": "cash"}
#: How far the id of a tender transaction is from that of its payment.
TENDER_OFFSET = 1_107_530_009


def gift_cards(held: Holdings) -> Iterator[Row]:
    today = held.as_of[:10]
    for card_id, card in held.credit.cards.items():
        facts, is_enabled = card.facts, card.deactivated_at is None
        ends, currency = facts["expires_on"], facts["currency"]
        is_sold = facts["order_id"] in held.deals.deals
        yield {
            "gift_card_id": card_id,
            "customer_id": facts["customer_id"] if facts["customer_id"] in held.people.customers else None,
            "order_id": facts["order_id"] if is_sold else None,
            "order_line_id": facts["line_id"] if is_sold else None,
            **dict.fromkeys(("recipient_id", "recipient_name", "recipient_message", "send_at", "template_suffix")),
            "masked_code": f"•••• •••• •••• {facts['code_end']}",
            "last_characters": facts["code_end"],
            "is_enabled": is_enabled,
            "is_redeemable": is_enabled and card.balance > 0 and (ends is None or ends >= today),
            "currency": currency,
            "initial_value": major(facts["initial"], currency),
            "balance_currency": currency,
            "balance": major(card.balance, currency),
            "expires_on": ends,
            "deactivated_at": card.deactivated_at,
            "note": facts["note"],
            "created_at": card.created_at,
            "updated_at": card.updated_at,
        }


def gift_card_transactions(held: Holdings) -> Iterator[Row]:
    for card_id, card in held.credit.cards.items():
        for one in card.movements:
            yield {
                "gift_card_id": card_id,
                "transaction_type": one["type"],
                "transaction_id": one["id"],
                "currency": card.facts["currency"],
                "amount": major(one["amount"], card.facts["currency"]),
                "note": one["note"],
                "processed_at": one["at"],
            }


def store_credit_accounts(held: Holdings) -> Iterator[Row]:
    for account_id, account in held.credit.accounts.items():
        balance = account.movements[-1]["balance_after"] if account.movements else 0
        yield {
            "store_credit_account_id": account_id,
            "owner_type": "Customer",
            "owner_id": account.facts["owner_id"],
            "currency": account.facts["currency"],
            "balance": major(balance, account.facts["currency"]),
        }


def store_credit_transactions(held: Holdings) -> Iterator[Row]:
    for account_id, account in held.credit.accounts.items():
        currency = account.facts["currency"]
        for one in account.movements:
            is_credit = one["type"] == CREDIT
            yield {
                "store_credit_account_id": account_id,
                "transaction_type": one["type"],
                "transaction_id": one["about_id"] if one["type"] == EXPIRATION else one["id"],
                "currency": currency,
                "amount": major(one["amount"], currency),
                "balance_after": major(one["balance_after"], currency),
                "remaining_amount": major(held.credit.left[one["id"]], currency) if is_credit else None,
                "event": one["event"],
                "order_transaction_id": one["transaction_id"],
                "expires_at": one["expires_at"] if is_credit else None,
                "created_at": one["at"],
            }


def tender_transactions(held: Holdings) -> Iterator[Row]:
    for deal in held.deals.deals.values():
        currency = deal.currency or held.currency
        for one in deal.payments:
            if not _moved_money(one):
                continue
            by_card = one.gateway == "shopify_payments"
            yield {
                "tender_transaction_id": one.id + TENDER_OFFSET,
                "order_id": deal.id,
                "processed_at": one.processed_at,
                "currency": currency,
                "amount": TENDERED[one.kind] * major(one.amount, currency),
                "payment_method": METHODS.get(one.gateway, "other"),
                "remote_reference": one.payment_id,
                "is_test": deal.is_test,
                "card_company": "Visa" if by_card else None,
                "card_number": _card_number(held, one) if by_card else None,
            }


def _moved_money(payment: Payment) -> bool:
    is_done = payment.status == "SUCCESS" and payment.kind in TENDERED and payment.amount > 0
    return is_done and payment.gateway not in OWED


def _card_number(held: Holdings, payment: Payment) -> str:
    """It follows from the id of the first payment made with the card."""
    while payment.parent_id:
        payment = held.deals.payments[payment.parent_id]
    return f"•••• •••• •••• {payment.id // 32_768 % 10_000:04d}"

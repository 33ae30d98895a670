"""What Shopify Payments did with the shop's money, as journal entries: fees, disputes, reserves, labels, payouts.

Here: pure functions from one row to one entry. Not here: payments and refunds themselves, which the order's push books;
an entry adds what the order does not know. Nothing depends on which payout holds a balance transaction.
Source: Admin API 2026-10, ``ShopifyPaymentsBalanceTransaction`` (net = amount - fee) and ``ShopifyPaymentsPayout``.
"""

from __future__ import annotations

from decimal import Decimal

from shopify_pipeline.backoffice.mapping import Books
from shopify_pipeline.backoffice.movement_entry import NotReadYet, journal_entry
from shopify_pipeline.backoffice.movement_rows import BalanceRow, DisputeRow, PayoutRow
from shopify_pipeline.backoffice.protocol import JournalEntry
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.errors import DataError

GATEWAY = "shopify_payments"
#: Word of ``[balance]`` for where a payment goes that the bank gave back to its cardholder for good.
DISPUTE_LOST = "DISPUTE_LOST"
WITHDRAWN = "DISPUTE_WITHDRAWAL"


def balance_entry(row: BalanceRow, value_map: ValueMap, books: Books) -> JournalEntry | None:
    """Everything a balance transaction moved that the order's push does not book.

    The clearing account changes by the net, less the payment the order books on it. The rest of the amount goes where
    ``[balance]`` says: all of it for anything but a payment, what conversion made of it for a payment.

    Raises:
        NotReadYet: The payment it settles is not in the warehouse, or not known to have succeeded.
        Unmapped: Its type has no entry in ``[balance]``.
        DataError: A payment is settled in another currency than the shop's.
    """
    paid = _paid(row)
    rest = row.amount - paid
    amounts = [(value_map.gateway(GATEWAY), rest - row.fee), (value_map.account("fees"), row.fee)]
    if rest or not row.is_of_payment:
        amounts.append((value_map.balance_type(row.type), -rest))
    about = f" of order {row.order_name}" if row.order_name else ""
    return journal_entry(
        f"balance/{row.balance_transaction_id}",
        row.type,
        books.day(row.transaction_at),
        row.currency,
        f"{row.type.replace('_', ' ').capitalize()}{about}",
        amounts,
        row.order_id,
    )


def _paid(row: BalanceRow) -> Decimal:
    if not row.is_of_payment:
        return Decimal(0)
    if row.paid is None:
        raise NotReadYet
    if row.paid_currency != row.currency:
        raise DataError(
            f"balance transaction {row.balance_transaction_id} settles in {row.currency} what is booked in "
            f"{row.paid_currency}"
        )
    return row.paid


def payout_entry(row: PayoutRow, value_map: ValueMap, books: Books) -> JournalEntry | None:
    """What reached the bank, or was taken from it; the way back when the bank returned it after it was booked.

    One that was issued before go-live and was under way then is in the books from their first day.

    Raises:
        NotReadYet: What says when the bank returned it is not in the warehouse.
    """
    moved = -abs(row.net) if row.direction == "WITHDRAWAL" else abs(row.net)
    is_back = row.status != "PAID"
    at = row.returned_at if is_back else row.issued_at
    if at is None:
        raise NotReadYet
    bank, clearing = value_map.account("bank"), value_map.gateway(GATEWAY)
    if is_back:
        bank, clearing = clearing, bank
    return journal_entry(
        f"{'payout_back' if is_back else 'payout'}/{row.payout_id}",
        f"PAYOUT_{row.status}" if is_back else "PAYOUT",
        max(books.day(at), books.go_live_on),
        row.currency,
        f"Payout {row.payout_id}{' came back' if is_back else ''}",
        [(bank, moved), (clearing, -moved)],
    )


def dispute_entry(row: DisputeRow, value_map: ValueMap, books: Books) -> JournalEntry | None:
    """A lost chargeback: what was withdrawn until the bank decided is gone.

    Raises:
        NotReadYet: What it withdrew is not in the warehouse.
        Unmapped: ``[balance]`` does not say where lost disputes go.
    """
    if row.withdrawn is None or row.currency is None:
        raise NotReadYet
    return journal_entry(
        f"dispute/{row.dispute_id}",
        DISPUTE_LOST,
        books.day(row.finalized_on),
        row.currency,
        f"Dispute {row.dispute_id} lost: {row.reason.replace('_', ' ').lower()}",
        [
            (value_map.balance_type(DISPUTE_LOST), row.withdrawn),
            (value_map.balance_type(WITHDRAWN), -row.withdrawn),
        ],
        row.order_id,
    )

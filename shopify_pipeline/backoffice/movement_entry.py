"""How an entry of money outside orders is put together: exact, balanced, without a line of nothing.

Here: the one function all of them are made with, and what it means that one cannot be made yet. Not here: which
movement goes to which account (``balance_entries.py``, ``credit_entries.py``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from shopify_pipeline.backoffice.protocol import EntryLine, JournalEntry
from shopify_pipeline.errors import DataError
from shopify_pipeline.money import digits, plain


class NotReadYet(Exception):
    """What decides how a movement is booked is not in the warehouse; it stays due."""


def journal_entry(
    external_id: str,
    kind: str,
    on: date,
    currency: str,
    description: str,
    amounts: Iterable[tuple[str, Decimal]],
    order: str | None = None,
) -> JournalEntry | None:
    """An entry, or None when nothing moved.

    Args:
        amounts: Account and amount, a debit positive; what falls on one account is one line.

    Raises:
        DataError: An amount has more decimals than its currency.
    """
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for account, amount in amounts:
        sums[account] += exact(amount, currency, external_id)
    lines = tuple(EntryLine(account=account, amount=amount) for account, amount in sums.items() if amount)
    if not lines:
        return None
    return JournalEntry(
        external_id=external_id, kind=kind, on=on, currency=currency, description=description, lines=lines, order=order
    )


def exact(amount: Decimal, currency: str, source: str) -> Decimal:
    """The amount with the digits of its currency. Raises DataError when it has more."""
    quantized = amount.quantize(Decimal(1).scaleb(-digits(currency)))
    if quantized != amount:
        raise DataError(f"{source}: {plain(amount)} has more decimals than {currency}")
    return quantized

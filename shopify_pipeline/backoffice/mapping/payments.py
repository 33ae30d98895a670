"""Payments: each successful movement of money, in or out, by gateway.

Here: which transactions move money, their sign, and what cash is rounded by. Not here: what a gateway keeps (payouts).
"""

from __future__ import annotations

from decimal import Decimal

from shopify_pipeline.backoffice.mapping.amounts import exact
from shopify_pipeline.backoffice.mapping.books import Books
from shopify_pipeline.backoffice.owed import OrderFacts, TransactionRow
from shopify_pipeline.backoffice.protocol import Payment
from shopify_pipeline.backoffice.value_map import ValueMap

#: Kinds by which money goes back (``OrderTransactionKind``): a refund, and what a till gives out of a larger note.
BACK = ("REFUND", "CHANGE")


def payments(facts: OrderFacts, value_map: ValueMap, books: Books) -> tuple[Payment, ...]:
    """Every payment of the books, in shop currency, oldest first.

    An authorisation moves nothing until it is captured, and a void nothing at all. Paid in another currency the shop's
    amounts may leave something of the order open: conversion's residual, which stays to be seen (``fx_residual``).

    Raises:
        Unmapped: A gateway has no entry.
        DataError: An amount is finer than the currency.
    """
    return tuple(_payment(row, facts, value_map, books) for row in facts.transactions if books.hold(row.processed_at))


def _payment(row: TransactionRow, facts: OrderFacts, value_map: ValueMap, books: Books) -> Payment:
    """Shopify says what moved, the kind says which way: amount and rounding both turn round when money goes back."""
    sign = -1 if row.kind in BACK else 1
    rounding = exact(sign * row.rounding, facts)
    return Payment(
        external_id=str(row.transaction_id),
        account=value_map.gateway(row.gateway),
        gateway=row.gateway,
        amount=exact(sign * row.amount, facts),
        on=books.day(row.processed_at),
        rounding=rounding or Decimal(0),
        rounding_account=value_map.account("rounding") if rounding else None,
    )

"""Adjustments that are not posted, because they stand for the money of a refund that has not moved.

Here: finding them among the sales of an order. Not here: what is posted (``documents.py``).
"""

from __future__ import annotations

from collections.abc import Sequence

from shopify_pipeline.backoffice.mapping.sales import grouped
from shopify_pipeline.backoffice.owed import AgreementRow, OrderFacts, SaleRow

ADJUSTMENT = "ADJUSTMENT"


def left_out(facts: OrderFacts) -> frozenset[int]:
    """Ids of adjustment sales that are not posted, because they stand for money that has not moved.

    While a refund is pending, Shopify holds its money back by a positive adjustment that later vanishes or is reversed
    by a second one. Neither is ever posted, so a document never changes once it is posted; one that would hold nothing
    but such a refund's adjustments waits until the refund settles. Amounts are matched in presentment currency, because
    a sale and its refund may be converted at the rates of different days.
    """
    agreements = {agreement.agreement_id: agreement for agreement in facts.agreements}
    adjustments = [sale for sale in facts.sales if sale.line_type == ADJUSTMENT and sale.agreement_id in agreements]
    adjustments.sort(key=lambda sale: (agreements[sale.agreement_id].happened_at, sale.sale_id))
    reversed_ids = _reversed(adjustments, agreements)
    held_ids = _held([sale for sale in adjustments if sale.sale_id not in reversed_ids], agreements, facts)
    waiting: set[int] = set()
    for sales in grouped(facts.sales).values():
        if all(sale.line_type == ADJUSTMENT for sale in sales) and any(sale.sale_id in held_ids for sale in sales):
            waiting |= {sale.sale_id for sale in sales}
    return frozenset(reversed_ids | held_ids | waiting)


def _refund_key(agreement: AgreementRow) -> tuple[str, int]:
    if agreement.refund_id is None:
        return "agreement", agreement.agreement_id
    return "refund", agreement.refund_id


def _reversed(adjustments: Sequence[SaleRow], agreements: dict[int, AgreementRow]) -> set[int]:
    """Pairs of one refund in two agreements: what was held, and the latest opposite that gave it free."""
    pairs: set[int] = set()
    for held in (sale for sale in adjustments if sale.presentment_total > 0):
        where = agreements[held.agreement_id]
        for back in reversed(adjustments):
            other = agreements[back.agreement_id]
            if (
                back.sale_id not in pairs
                and (back.presentment_total, back.presentment_tax) == (-held.presentment_total, -held.presentment_tax)
                and _refund_key(other) == _refund_key(where)
                and other.happened_at > where.happened_at
            ):
                pairs |= {held.sale_id, back.sale_id}
                break
    return pairs


def _held(adjustments: Sequence[SaleRow], agreements: dict[int, AgreementRow], facts: OrderFacts) -> set[int]:
    """The sales that mirror pending adjustments: same amount, in the refund's agreement or one that names no refund."""
    found: set[int] = set()
    for held in facts.held:
        for sale in adjustments:
            refund_id = agreements[sale.agreement_id].refund_id
            if (
                sale.sale_id not in found
                and sale.presentment_total == held.presentment_amount
                and refund_id in (held.refund_id, None)
            ):
                found.add(sale.sale_id)
                break
    return found

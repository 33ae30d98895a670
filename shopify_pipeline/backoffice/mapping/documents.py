"""Documents: each (agreement, action type) of an order with its own date, accounts and Shopify's own taxes.

Here: what a document says. Not here: which adjustments wait (``pending.py``), payments, units.
Source: Admin API 2026-10 ``SalesAgreement``/``Sale``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from shopify_pipeline.backoffice.mapping.amounts import exact
from shopify_pipeline.backoffice.mapping.books import Books, Recognition
from shopify_pipeline.backoffice.mapping.pending import left_out
from shopify_pipeline.backoffice.mapping.sales import (
    ACTIONS,
    goods_line,
    grouped,
    lines_by_id,
    net,
    refuse_unknown,
    taxes_by_sale,
)
from shopify_pipeline.backoffice.mapping.units import product_of
from shopify_pipeline.backoffice.owed import LineRow, OrderFacts, SaleRow, TaxRow
from shopify_pipeline.backoffice.protocol import Document, DocumentLine, SaleTax
from shopify_pipeline.backoffice.value_map import ValueMap

#: Where an order comes from when no one but the merchant can have sold it (``Order.sourceName``).
OWN_CHANNELS = frozenset({"web", "pos", "shopify_draft_order", "iphone", "android"})


def documents(facts: OrderFacts, value_map: ValueMap, books: Books, recognition: Recognition) -> tuple[Document, ...]:
    """Every document of the books, in the order of its agreement; an agreement without sales makes none.

    Raises:
        Unmapped: A line type or tax has no entry.
        DataError: A sale has a type this version does not know, or contradicts its taxes or currency.
    """
    skipped = left_out(facts)
    groups = grouped(sale for sale in facts.sales if sale.sale_id not in skipped)
    taxes, lines = taxes_by_sale(facts), lines_by_id(facts)
    made = []
    for agreement in facts.agreements:
        if not books.hold(agreement.happened_at):
            continue
        refuse_unknown((sale for sale in facts.sales if sale.agreement_id == agreement.agreement_id), facts)
        on = books.day(agreement.happened_at)
        for action in ACTIONS:
            sales = groups.get((agreement.agreement_id, action))
            if not sales:
                continue
            made.append(
                Document(
                    external_id=f"{agreement.agreement_id}/{action}",
                    action=action,
                    on=on,
                    total=sum((exact(sale.total, facts) for sale in sales), Decimal(0)),
                    lines=tuple(
                        _line(sale, taxes[sale.sale_id], lines, facts, value_map, recognition) for sale in sales
                    ),
                    due_on=_due_on(action, on, facts, books),
                )
            )
    return tuple(made)


def _due_on(action: str, on: date, facts: OrderFacts, books: Books) -> date | None:
    """Terms count from the order; what is added to it later is due with the rest, a credit at once."""
    if facts.order.due_in_days is None or action == "RETURN":
        return None
    due = books.day(facts.order.processed_at) + timedelta(days=facts.order.due_in_days)
    return due if due > on else None


def _line(
    sale: SaleRow,
    taxes: Sequence[TaxRow],
    lines: Mapping[int, LineRow],
    facts: OrderFacts,
    value_map: ValueMap,
    recognition: Recognition,
) -> DocumentLine:
    line = None if sale.order_line_id is None else lines.get(sale.order_line_id)
    goods = goods_line(sale, lines)
    if goods and recognition == "fulfillment":
        account = value_map.account("deferred")
    else:
        account = value_map.line(sale.line_type, line.product_type if line else "")
    return DocumentLine(
        sale_id=str(sale.sale_id),
        account=account,
        description=line.title if line else sale.line_type.replace("_", " ").capitalize(),
        net=net(sale, taxes, facts),
        quantity=sale.quantity,
        product=product_of(line, facts) if line else None,
        order_line=None if sale.order_line_id is None else str(sale.order_line_id),
        taxes=tuple(
            SaleTax(
                tax=value_map.tax(row.title, row.rate, is_channel_liable=_is_channel_liable(row, facts)),
                amount=exact(row.amount, facts),
            )
            for row in taxes
        ),
    )


def _is_channel_liable(tax: TaxRow, facts: OrderFacts) -> bool | None:
    """Who remits a tax; None when Shopify does not say and it may be somebody else.

    ``TaxLine.channelLiable`` is null where nobody said. On an order that no channel but the merchant's own can have
    taken there is nobody else to remit it; on any other the liability is unknown, which is a break.
    """
    if tax.is_channel_liable is None and (facts.order.source_name is None or facts.order.source_name in OWN_CHANNELS):
        return False
    return tax.is_channel_liable

"""What one sale of the ledger is worth, and which sales belong together.

Here: reading of sale and tax rows. Not here: documents (``documents.py``), when revenue is revenue (``releases.py``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from shopify_pipeline.backoffice.mapping.amounts import exact
from shopify_pipeline.backoffice.owed import LineRow, OrderFacts, SaleRow, TaxRow
from shopify_pipeline.errors import DataError
from shopify_pipeline.money import plain

#: Action types that make documents, in the order they are posted; any other is not understood (``SaleActionType``).
ACTIONS = ("ORDER", "UPDATE", "RETURN")
PRODUCT = "PRODUCT"
UNKNOWN = "UNKNOWN"


def grouped(sales: Iterable[SaleRow]) -> dict[tuple[int, str], list[SaleRow]]:
    """Sales by what makes one document: agreement and action type."""
    groups: defaultdict[tuple[int, str], list[SaleRow]] = defaultdict(list)
    for sale in sales:
        groups[sale.agreement_id, sale.action_type].append(sale)
    return dict(groups)


def taxes_by_sale(facts: OrderFacts) -> Mapping[int, Sequence[TaxRow]]:
    """Tax rows of every sale; a sale without any has none."""
    taxes: defaultdict[int, list[TaxRow]] = defaultdict(list)
    for tax in facts.taxes:
        taxes[tax.sale_id].append(tax)
    return taxes


def net(sale: SaleRow, taxes: Sequence[TaxRow], facts: OrderFacts) -> Decimal:
    """A sale after discounts and before tax, in shop currency.

    Total and taxes are Shopify's own amounts. Whether the taxes are the sale's tax is asked in presentment currency,
    where it is exact; converted one by one they may miss the converted tax by a unit, which is then in the net.

    Raises:
        DataError: The taxes do not add up, or an amount is finer than the currency.
    """
    if sum((row.presentment_amount for row in taxes), Decimal(0)) != sale.presentment_tax:
        tax = plain(sale.presentment_tax)
        raise DataError(f"order {facts.order.name}: taxes of sale {sale.sale_id} do not add up to its tax {tax}")
    return exact(sale.total, facts) - sum((exact(row.amount, facts) for row in taxes), Decimal(0))


def refuse_unknown(sales: Iterable[SaleRow], facts: OrderFacts) -> None:
    """A type Shopify adds later must be understood before it is posted, not guessed. Raises DataError."""
    for sale in sales:
        if sale.action_type not in ACTIONS or sale.line_type == UNKNOWN:
            raise DataError(
                f"order {facts.order.name}: sale {sale.sale_id} is of unknown type {sale.action_type} {sale.line_type}"
            )


def goods_line(sale: SaleRow, lines: Mapping[int, LineRow]) -> LineRow | None:
    """The order line a sale of goods is about; None for any other sale."""
    if sale.line_type != PRODUCT or sale.order_line_id is None:
        return None
    return lines.get(sale.order_line_id)


def lines_by_id(facts: OrderFacts) -> dict[int, LineRow]:
    """The lines of the order."""
    return {line.order_line_id: line for line in facts.lines}

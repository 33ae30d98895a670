"""The journal as the book's back office: the codes it may book on, and its stock moves.

Not here: expectations.
"""

from __future__ import annotations

from datetime import date

from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.backoffice.journal_books import Chart
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline_tests.golden.book import Moved

#: Taxes a channel remits stand on an account of their own.
CHANNEL_TAX = "2210"


def chart(value_map: ValueMap, currency: str) -> Chart:
    """A chart that knows what the value map names."""
    own = value_map.accounts["tax"]
    maps = (value_map.lines, value_map.gateways, value_map.accounts, value_map.balance)
    return Chart(
        currency=currency,
        receivable=value_map.accounts["receivable"],
        accounts=frozenset(code for codes in maps for code in codes.values()),
        taxes={code: CHANNEL_TAX if code.endswith("(channel)") else own for code in value_map.taxes.values()},
        locations=frozenset(value_map.locations.values()),
    )


def moved(journal: JournalBackOffice, shop: str) -> list[Moved]:
    """Stock moves of the shop's orders; a reversal puts units back where they were."""
    return [
        Moved(
            day=row.on,
            way="in" if row.quantity > 0 else "out",
            location=row.location,
            variant=int(row.product),
            units=abs(row.quantity),
        )
        for row in journal.movements(shop)
    ]


def due_days(journal: JournalBackOffice, shop: str) -> dict[str, date]:
    """Day each document of a shop is to be paid, where that is not the day it is dated."""
    return {row.external_id: row.due_on for row in journal.postings(shop) if row.due_on and row.due_on != row.on}

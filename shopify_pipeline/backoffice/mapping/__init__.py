"""From warehouse rows to what the back office is owed: pure functions, no connection, no clock.

Here: an order put together from its documents, payments, units and releases. Not here: SQL (``owed.py``), sending.
The books begin at go-live: every dated fact on or after that day is owed, whatever the age of its order.
"""

from __future__ import annotations

import hashlib

import msgspec

from shopify_pipeline.backoffice.mapping.books import Books, Recognition
from shopify_pipeline.backoffice.mapping.documents import documents
from shopify_pipeline.backoffice.mapping.masters import (
    GUEST,
    company,
    company_ids,
    customer_ids,
    opening_count,
    parties,
    party,
    party_id,
    product,
)
from shopify_pipeline.backoffice.mapping.payments import payments
from shopify_pipeline.backoffice.mapping.releases import releases
from shopify_pipeline.backoffice.mapping.units import order_lines, restocks, shipments
from shopify_pipeline.backoffice.owed import OrderFacts
from shopify_pipeline.backoffice.protocol import Order
from shopify_pipeline.backoffice.value_map import ValueMap

__all__ = [
    "GUEST",
    "Books",
    "Recognition",
    "company",
    "company_ids",
    "customer_ids",
    "fingerprint",
    "opening_count",
    "order",
    "parties",
    "party",
    "party_id",
    "product",
]


def order(facts: OrderFacts, value_map: ValueMap, books: Books, recognition: Recognition = "order") -> Order | None:
    """Everything owed for an order, or None when nothing is.

    Args:
        recognition: ``order``: a sale is revenue at once; ``fulfillment``: goods are when they leave.

    Raises:
        Unmapped: A word the value map has no entry for.
        DataError: The order contradicts itself, has a type this version does not know, or names a variant that was
            never loaded.
    """
    header = facts.order
    shipped = shipments(facts, value_map, books)
    owed = Order(
        external_id=str(header.order_id),
        name=header.name,
        party=party_id(header.customer_id, header.company_id),
        on=books.day(header.processed_at),
        currency=header.currency,
        warehouse=shipped[0].location if shipped else value_map.first_location,
        fingerprint="",
        lines=order_lines(facts, shipped),
        documents=documents(facts, value_map, books, recognition),
        payments=payments(facts, value_map, books),
        shipments=shipped,
        restocks=restocks(facts, value_map, books),
        entries=releases(facts, value_map, books) if recognition == "fulfillment" else (),
    )
    if not (owed.documents or owed.payments or owed.shipments or owed.restocks or owed.entries):
        return None
    return msgspec.structs.replace(owed, fingerprint=fingerprint(owed))


def fingerprint(record: msgspec.Struct) -> str:
    """SHA-256 of the record's canonical JSON: equal records, equal text."""
    return hashlib.sha256(msgspec.json.encode(record)).hexdigest()

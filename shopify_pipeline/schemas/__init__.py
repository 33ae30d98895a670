"""The field map: every column the warehouse takes from Shopify, declared once.

It drives the decoder (``decode.py``) and the frames' rules (``frames.py``); ``emit.py`` writes what others read of it.
"""

from shopify_pipeline.schemas import (
    customers,
    fulfillment_orders,
    gift_cards,
    inventory,
    orders,
    payouts,
    products,
    store_credit,
    tender_transactions,
)
from shopify_pipeline.schemas.kinds import Column, Kind, Pii, Source, Stream, Table

#: Every stream by name, in the order they are loaded: what others refer to comes first.
STREAMS: dict[str, Stream] = {
    stream.name: stream
    for stream in (
        products.STREAM,
        inventory.STREAM,
        customers.STREAM,
        orders.STREAM,
        fulfillment_orders.STREAM,
        gift_cards.STREAM,
        store_credit.STREAM,
        tender_transactions.STREAM,
        payouts.STREAM,
    )
}

__all__ = ["STREAMS", "Column", "Kind", "Pii", "Source", "Stream", "Table"]

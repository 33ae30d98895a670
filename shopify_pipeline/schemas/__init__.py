"""The field map: every column the warehouse takes from Shopify, declared once.

It drives the decoder (``decode.py``) and the frames' rules (``frames.py``); ``emit.py`` writes what others read of it.
"""

from shopify_pipeline.schemas import customers, inventory, orders, products
from shopify_pipeline.schemas.kinds import Column, Kind, Pii, Source, Stream, Table

#: Every stream by name, in the order they are loaded: what others refer to comes first.
STREAMS: dict[str, Stream] = {
    stream.name: stream for stream in (products.STREAM, inventory.STREAM, customers.STREAM, orders.STREAM)
}

__all__ = ["STREAMS", "Column", "Kind", "Pii", "Source", "Stream", "Table"]

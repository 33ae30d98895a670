"""The auditor's own reading of the event log, as far as orders need it: what was sold, paid, shipped and taken back.

Here: the books of all orders and what their rows say of shop, goods, places and customers. Not here: what each event
does to them (the ``*_reading.py`` beside this), and everything beside orders (``holdings.py``). Nothing is shared with
the world's state, its figures or the GraphQL view: that would share mistakes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from shopify_sandbox.truth import order_reading, return_reading, shipping_reading, surroundings_reading
from shopify_sandbox.truth.facts import Facts
from shopify_sandbox.truth.order_book import OrderBook
from shopify_sandbox.truth.order_reading import Reading
from shopify_sandbox.truth.surroundings_reading import Buyer, Goods, Place

#: By kind of event, what it does to an order.
READINGS: dict[str, Reading] = {**order_reading.READINGS, **shipping_reading.READINGS, **return_reading.READINGS}


@dataclass
class Books:
    """What the log says of orders, and of what they are made of.

    Attributes:
        gone: Products and variants that were deleted.
        forms: Forms of the sales ledger that are not as usual, by switch.
    """

    shop: Facts = field(default_factory=dict)
    forms: Mapping[str, str] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    goods: dict[int, Goods] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    buyers: dict[int, Buyer] = field(default_factory=dict)
    orders: dict[int, OrderBook] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        """The shop's."""
        return str(self.shop["currency"])

    def product_of(self, variant_id: int | None) -> int | None:
        """The product of what was sold, as long as the shop has it."""
        product_id = self.goods[variant_id].product_id if variant_id else None
        return None if product_id in self.gone else product_id

    def still_sold(self, variant_id: int | None) -> int | None:
        """What was sold, as long as the shop has it; a product takes its variants with it."""
        return None if variant_id in self.gone or self.product_of(variant_id) is None else variant_id

    def read(self, event: Facts) -> None:
        """Take one event into the books; those that mean nothing for an order are passed over.

        Raises:
            ValueError: An order's event says something the auditor does not know of, or leaves something out.
            KeyError: It names an order nobody has heard of.
        """
        kind = event["event"]
        if kind in READINGS:
            facts, take = READINGS[kind]
            take(self, msgspec.convert(event, facts))
        elif kind in surroundings_reading.READINGS:
            surroundings_reading.READINGS[kind](self, event)

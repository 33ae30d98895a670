"""The state of the world: every record by id, the world's clock, and the ids given out so far.

Here: registries and look-ups. Not here: what an event does to them (``fold.py``) and which events there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from shopify_sandbox.world.goods import AdjustmentGroup, InventoryItem, InventoryLevel, Location, Product, Shop, Variant
from shopify_sandbox.world.records import Customer, Line, Order

#: First id of each kind; far enough apart that a mixed-up id names nothing of another kind.
FIRST_IDS = {
    "Shop": 61_284_573_301,
    "Location": 70_418_391_157,
    "Product": 7_911_420_166_261,
    "ProductVariant": 43_867_001_094_261,
    "InventoryItem": 45_961_207_742_581,
    "InventoryLevel": 102_384_992_373,
    "InventoryAdjustmentGroup": 1_276_381_954_165,
    "Customer": 6_842_117_390_453,
    "MailingAddress": 8_233_569_419_381,
    "Order": 5_648_733_536_373,
    "LineItem": 14_276_090_855_541,
    "ShippingLine": 4_721_356_898_421,
    "OrderTransaction": 6_905_442_304_117,
    "TransactionFee": 1_408_327_794_805,
    "Refund": 903_817_265_269,
    "RefundLineItem": 517_920_817_269,
    "RefundShippingLine": 212_846_444_661,
    "OrderAdjustment": 318_540_693_621,
    "Fulfillment": 5_102_964_736_117,
    "FulfillmentLineItem": 12_870_446_973_045,
    "SalesAgreement": 2_684_209_594_485,
    "Sale": 20_157_803_233_397,
    "SaleTax": 27_418_035_290_229,
}
ID_STEP = 32_768
FIRST_ORDER_NUMBER = 1001
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(repr=False)
class State:
    """Everything the events so far add up to."""

    now: datetime = EPOCH
    event_count: int = 0
    shop: Shop = field(init=False)
    locations: dict[int, Location] = field(default_factory=dict)
    products: dict[int, Product] = field(default_factory=dict)
    variants: dict[int, Variant] = field(default_factory=dict)
    items: dict[int, InventoryItem] = field(default_factory=dict)
    levels: dict[int, InventoryLevel] = field(default_factory=dict)
    customers: dict[int, Customer] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    lines: dict[int, Line] = field(default_factory=dict)
    others: dict[tuple[str, int], Any] = field(default_factory=dict)
    last_ids: dict[str, int] = field(default_factory=dict)
    writes: dict[str, AdjustmentGroup] = field(default_factory=dict)

    def keep(self, kind: str, record_id: int, record: Any) -> None:
        """Make a child record findable by its GraphQL kind and id, and remember the id as given out."""
        self.others[kind, record_id] = record
        self.seen(kind, record_id)

    def seen(self, kind: str, record_id: int) -> None:
        """Remember an id as given out."""
        if record_id > self.last_ids.get(kind, 0):
            self.last_ids[kind] = record_id

    def minter(self) -> Callable[[str], int]:
        """A source of new ids for one event; ids count as given out only once the event is folded."""
        used: dict[str, int] = {}

        def mint(kind: str) -> int:
            last = used.get(kind) or self.last_ids.get(kind)
            used[kind] = FIRST_IDS[kind] if last is None else last + ID_STEP
            return used[kind]

        return mint

    def level(self, item: InventoryItem, location: Location) -> InventoryLevel:
        """The level of an item at a location; every item is stocked everywhere."""
        return next(level for level in item.levels if level.location is location)

    def next_order_number(self) -> int:
        return FIRST_ORDER_NUMBER + len(self.orders)

"""The state of the world: every record by id, the world's clock, and the ids given out so far.

Here: registries and look-ups. Not here: what an event does to them (``fold.py``) and which events there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from shopify_sandbox.world.buyer_records import Customer
from shopify_sandbox.world.credit import GiftCard, StoreCreditAccount
from shopify_sandbox.world.goods import AdjustmentGroup, InventoryItem, InventoryLevel, Location, Product, Shop, Variant
from shopify_sandbox.world.payout_records import PaymentsAccount
from shopify_sandbox.world.records import Deletion, Line, Order
from shopify_sandbox.world.return_records import ExchangeLine
from shopify_sandbox.world.shelf import Shelf
from shopify_sandbox.world.variants import USUAL, Variants

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
    "GiftCard": 574_902_436_981,
    "GiftCardTransaction": 419_038_265_461,
    "StoreCreditAccount": 68_452_909_173,
    "StoreCreditAccountTransaction": 213_760_278_645,
    "ShopifyPaymentsAccount": 39_874_256_117,
    "ShopifyPaymentsPayout": 98_734_022_773,
    "ShopifyPaymentsBalanceTransaction": 3_316_590_428_277,
    "ShopifyPaymentsDispute": 7_690_345_461,
    "Duty": 1_937_402_118_773,
    "AdditionalFee": 1_102_664_913_397,
    "LineItemGroup": 3_305_871_442_549,
    "PaymentTerms": 2_491_057_332_853,
    "PaymentSchedule": 1_764_228_903_541,
    "Company": 1_281_990_656_629,
    "CompanyLocation": 1_553_721_098_869,
    "Return": 6_137_905_414_261,
    "ReturnLineItem": 15_420_773_917_813,
    "ExchangeLineItem": 1_914_027_665_525,
    "ReturnFee": 733_409_812_597,
    "ReverseFulfillmentOrder": 8_906_214_637_685,
    "ReverseFulfillmentOrderLineItem": 17_350_492_258_421,
    "ReverseFulfillmentOrderDisposition": 2_098_437_120_117,
    "FulfillmentOrder": 6_851_902_234_805,
    "FulfillmentOrderLineItem": 16_578_067_832_565,
    "FulfillmentHold": 1_105_348_821_173,
    "ProductVariantComponent": 318_806_524_085,
    "Metafield": 24_103_885_242_549,
    "Event": 113_764_226_531_509,
}
ID_STEP = 32_768
FIRST_ORDER_NUMBER = 1001
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(repr=False)
class State:
    """Everything the events so far add up to.

    Attributes:
        exchanges: What still waits to go out instead of something that came back.
        changed: Orders that have changed since ``worklist.py`` looked at them last.
        fitting: By everyday action, the ids of the orders it fits, as far as ``worklist.py`` has looked.
        sellable: What is for sale, as long as it is known; these three follow from the rest and are not compared.
    """

    now: datetime = EPOCH
    event_count: int = 0
    shop: Shop = field(init=False)
    ledger_forms: Variants = USUAL
    locations: dict[int, Location] = field(default_factory=dict)
    products: dict[int, Product] = field(default_factory=dict)
    variants: dict[int, Variant] = field(default_factory=dict)
    items: dict[int, InventoryItem] = field(default_factory=dict)
    levels: dict[int, InventoryLevel] = field(default_factory=dict)
    customers: Shelf[Customer] = field(default_factory=Shelf)
    orders: dict[int, Order] = field(default_factory=dict)
    lines: dict[int, Line] = field(default_factory=dict)
    others: dict[tuple[str, int], Any] = field(default_factory=dict)
    deletions: dict[str, list[Deletion]] = field(default_factory=dict)
    gift_cards: dict[int, GiftCard] = field(default_factory=dict)
    gift_cards_of_lines: dict[int, list[GiftCard]] = field(default_factory=dict)
    store_credit: dict[int, StoreCreditAccount] = field(default_factory=dict)
    store_credit_of: dict[int, list[StoreCreditAccount]] = field(default_factory=dict)
    settled_in_credit: set[int] = field(default_factory=set)
    payments: PaymentsAccount | None = None
    last_ids: dict[str, int] = field(default_factory=dict)
    writes: dict[str, AdjustmentGroup] = field(default_factory=dict)
    exchanges: dict[int, ExchangeLine] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set, compare=False)
    fitting: dict[str, list[int]] = field(default_factory=dict, compare=False)
    sellable: Sequence[Variant] | None = field(default=None, compare=False)

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

    def for_sale(self) -> Sequence[Variant]:
        """What a customer can put into the basket; kept until the assortment changes."""
        if self.sellable is None:
            self.sellable = [variant for variant in self.variants.values() if variant.is_for_sale]
        return self.sellable

    def assortment_changed(self) -> None:
        """Look anew at what is for sale."""
        self.sellable = None

    def next_order_number(self) -> int:
        return FIRST_ORDER_NUMBER + len(self.orders) + len(self.deletions.get("Order", ()))

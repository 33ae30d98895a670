"""The records the world's state is made of: one compact object per thing in the shop.

Here: fields and what follows from one record alone. Money is int minor units of the shop currency; instants are UTC.
Not here: how records change (``fold.py``), an order's money fields (``figures.py``), GraphQL (``resources/``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shopify_sandbox.world.figures import Figures

#: Names of inventory quantities the world stores; ``on_hand`` is derived from them.
STORED_QUANTITIES = ("available", "committed", "incoming", "reserved", "damaged", "quality_control", "safety_stock")


class Record:
    """Records refer to each other in circles: they are compared by identity and shown by type and id alone."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {getattr(self, 'id', '')}>"


@dataclass(slots=True, eq=False, repr=False)
class Shop(Record):
    id: int
    name: str
    domain: str
    email: str
    timezone: str
    currency: str
    created_at: datetime


@dataclass(slots=True, eq=False, repr=False)
class Location(Record):
    id: int
    name: str
    address1: str
    city: str
    province: str
    province_code: str
    zip: str
    phone: str
    created_at: datetime
    updated_at: datetime
    levels: list[InventoryLevel] = field(default_factory=list)


@dataclass(slots=True, eq=False, repr=False)
class Product(Record):
    id: int
    title: str
    handle: str
    status: str
    vendor: str
    product_type: str
    tags: list[str]
    option: str
    created_at: datetime
    updated_at: datetime
    published_at: datetime
    variants: list[Variant] = field(default_factory=list)


@dataclass(slots=True, eq=False, repr=False)
class Variant(Record):
    id: int
    product: Product
    sku: str
    barcode: str
    title: str
    price: int
    compare_at: int | None
    position: int
    taxable: bool
    created_at: datetime
    updated_at: datetime
    item: InventoryItem = field(init=False)


@dataclass(slots=True, eq=False, repr=False)
class InventoryItem(Record):
    id: int
    variant: Variant
    unit_cost: int
    weight_grams: int
    origin: str
    hs_code: str
    created_at: datetime
    updated_at: datetime
    levels: list[InventoryLevel] = field(default_factory=list)


@dataclass(slots=True, eq=False, repr=False)
class InventoryLevel(Record):
    id: int
    item: InventoryItem
    location: Location
    quantities: dict[str, int]
    stamps: dict[str, datetime]
    created_at: datetime
    updated_at: datetime

    @property
    def on_hand(self) -> int:
        """Units physically there: every state but ``incoming`` (Shopify, "manage quantities and states")."""
        return sum(self.quantities.values()) - self.quantities["incoming"]


@dataclass(slots=True, eq=False, repr=False)
class QuantityChange(Record):
    """One quantity of one level changed by an app; ``after`` is what it was then, units."""

    level: InventoryLevel
    name: str
    delta: int
    after: int
    ledger: str | None


@dataclass(slots=True, eq=False, repr=False)
class AdjustmentGroup(Record):
    """What one write of an app changed.

    Attributes:
        key: Idempotency key of the write; ``fingerprint`` tells its parameters.
    """

    id: int
    created_at: datetime
    reason: str
    reference: str | None
    key: str
    fingerprint: str
    changes: list[QuantityChange]


@dataclass(slots=True, eq=False, repr=False)
class Address(Record):
    id: int
    first_name: str
    last_name: str
    company: str | None
    address1: str
    address2: str | None
    city: str
    province: str
    province_code: str
    zip: str
    phone: str | None


@dataclass(slots=True, eq=False, repr=False)
class Customer(Record):
    id: int
    first_name: str
    last_name: str
    email: str | None
    phone: str | None
    email_state: str
    sms_state: str
    tags: list[str]
    note: str | None
    locale: str
    state: str
    verified: bool
    tax_exempt: bool
    addresses: list[Address]
    created_at: datetime
    updated_at: datetime
    consented_at: datetime | None
    orders: list[Order] = field(default_factory=list)


@dataclass(slots=True, eq=False, repr=False)
class DiscountApplication(Record):
    """What was applied to the order; ``type`` is the GraphQL type. Exactly one of percent and amount is given."""

    type: str
    index: int
    name: str
    method: str
    target: str
    selection: str
    percent: int | None
    amount: int | None


@dataclass(slots=True, eq=False, repr=False)
class Allocation(Record):
    application: DiscountApplication
    amount: int


@dataclass(slots=True, eq=False, repr=False)
class TaxLine(Record):
    """A tax of a line; the amount follows ORDER and UPDATE sales and keeps removed units. Rate in millionths."""

    title: str
    rate_ppm: int
    amount: int


@dataclass(slots=True, eq=False, repr=False)
class Line(Record):
    """A line item. ``removed`` counts units taken off before they shipped, ``returned`` units taken back after."""

    id: int
    order: Order
    line_type: str
    variant: Variant | None
    title: str
    variant_title: str | None
    sku: str | None
    vendor: str | None
    quantity: int
    unit_price: int
    taxable: bool
    allocations: list[Allocation]
    taxes: list[TaxLine]
    fulfilled: int = 0
    removed: int = 0
    returned: int = 0

    @property
    def current_quantity(self) -> int:
        return self.quantity - self.removed - self.returned

    @property
    def unfulfilled(self) -> int:
        return self.quantity - self.removed - self.fulfilled if self.line_type == "PRODUCT" else 0

    @property
    def returnable(self) -> int:
        """Shipped units the customer still has."""
        return self.fulfilled - self.returned if self.line_type == "PRODUCT" else 0


@dataclass(slots=True, eq=False, repr=False)
class ShippingLine(Record):
    id: int
    order: Order
    title: str
    code: str
    price: int
    allocations: list[Allocation]
    taxes: list[TaxLine]


@dataclass(slots=True, eq=False, repr=False)
class Fee(Record):
    id: int
    amount: int
    flat: int
    rate_ppm: int


@dataclass(slots=True, eq=False, repr=False)
class Transaction(Record):
    id: int
    order: Order
    kind: str
    status: str
    gateway: str
    amount: int
    parent: Transaction | None
    created_at: datetime
    processed_at: datetime | None
    error_code: str | None
    payment_id: str | None
    fees: list[Fee]


@dataclass(slots=True, eq=False, repr=False)
class RefundLine(Record):
    id: int
    line: Line
    quantity: int
    restock: str
    location: Location | None
    subtotal: int
    tax: int


@dataclass(slots=True, eq=False, repr=False)
class RefundShippingLine(Record):
    id: int
    shipping_line: ShippingLine
    subtotal: int
    tax: int


@dataclass(slots=True, eq=False, repr=False)
class Adjustment(Record):
    id: int
    reason: str
    amount: int
    tax: int


@dataclass(slots=True, eq=False, repr=False)
class Refund(Record):
    id: int
    order: Order
    note: str | None
    created_at: datetime
    updated_at: datetime
    lines: list[RefundLine]
    shipping_lines: list[RefundShippingLine]
    adjustments: list[Adjustment]
    transactions: list[Transaction]

    @property
    def is_pending(self) -> bool:
        return any(transaction.status == "PENDING" for transaction in self.transactions)


@dataclass(slots=True, eq=False, repr=False)
class Tracking(Record):
    company: str
    number: str
    url: str


@dataclass(slots=True, eq=False, repr=False)
class FulfillmentLine(Record):
    id: int
    line: Line
    quantity: int


@dataclass(slots=True, eq=False, repr=False)
class Fulfillment(Record):
    id: int
    order: Order
    name: str
    location: Location
    created_at: datetime
    updated_at: datetime
    lines: list[FulfillmentLine]
    tracking: list[Tracking]


@dataclass(slots=True, eq=False, repr=False)
class SaleTax(Record):
    id: int
    amount: int
    tax_line: TaxLine


@dataclass(slots=True, eq=False, repr=False)
class Sale(Record):
    """One row of the sales ledger: after discounts, tax included, negative for RETURN."""

    id: int
    action: str
    line_type: str
    line: Line | ShippingLine | None
    quantity: int | None
    total: int
    tax: int
    discount: int
    discount_after_tax: int
    taxes: list[SaleTax]


@dataclass(slots=True, eq=False, repr=False)
class Agreement(Record):
    """A dated group of sales; ``type`` is the GraphQL type."""

    id: int
    order: Order
    type: str
    reason: str
    happened_at: datetime
    refund: Refund | None
    sales: list[Sale]


@dataclass(slots=True, eq=False, repr=False)
class Order(Record):
    id: int
    number: int
    customer: Customer | None
    email: str | None
    phone: str | None
    note: str | None
    tags: list[str]
    attributes: list[tuple[str, str]]
    source_name: str
    confirmation: str
    location: Location
    billing: Address
    shipping: Address
    applications: list[DiscountApplication]
    created_at: datetime
    processed_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    closed_at: datetime | None = None
    edited: bool = False
    lines: list[Line] = field(default_factory=list)
    shipping_lines: list[ShippingLine] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    fulfillments: list[Fulfillment] = field(default_factory=list)
    agreements: list[Agreement] = field(default_factory=list)
    cached_figures: Figures | None = None

    @property
    def name(self) -> str:
        return f"#{self.number}"

    @property
    def unfulfilled(self) -> int:
        return sum(line.unfulfilled for line in self.lines)

    def sales(self) -> list[Sale]:
        return [sale for agreement in self.agreements for sale in agreement.sales]

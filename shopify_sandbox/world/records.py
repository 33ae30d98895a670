"""Customers, orders and what belongs to an order, as the world's state holds them: one compact object per thing.

Here: fields and what follows from one record alone. Money is int minor units of the shop currency; instants are UTC.
Not here: shop, products and stock (``goods.py``), how records change (``fold.py``), an order's money fields
(``figures.py``), GraphQL (``resources/``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from shopify_sandbox.world.goods import Location, Record, Variant

if TYPE_CHECKING:
    from shopify_sandbox.world.figures import Figures


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

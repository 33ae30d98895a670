"""Orders and what belongs to an order, as the world's state holds them: one compact object per thing.

Here: fields and what follows from one record alone. Money is int minor units of the order's presentment currency, of
the shop's where nothing is ordered; instants are UTC.
Not here: shop, products and stock (``goods.py``), who buys (``buyer_records.py``), what is shipped
(``shipping_records.py``), how records change (``fold.py``), an order's money fields
(``figures.py``), GraphQL (``resources/``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from shopify_sandbox.world.buyer_records import Address, Customer, PurchasingCompany
from shopify_sandbox.world.currency import Exchange
from shopify_sandbox.world.goods import Location, Metafield, Product, Record, Variant
from shopify_sandbox.world.shipping_records import Fulfillment, FulfillmentOrder

if TYPE_CHECKING:
    from shopify_sandbox.world.figures import Figures
    from shopify_sandbox.world.return_records import Return, ReturnFee


@dataclass(slots=True, eq=False, repr=False)
class Deletion(Record):
    """That a record is gone for good; ``kind`` is its GraphQL type, ``title`` what people called it."""

    id: int
    kind: str
    record_id: int
    title: str
    created_at: datetime


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
class Duty(Record):
    """What customs asks for a line; ``country`` and ``hs_code`` are those of the goods."""

    id: int
    order: Order
    country: str
    hs_code: str
    price: int
    taxes: Sequence[TaxLine] = ()


@dataclass(slots=True, eq=False, repr=False)
class AdditionalFee(Record):
    """A fee on the order itself, such as for a wooden crate."""

    id: int
    order: Order
    name: str
    price: int
    taxes: Sequence[TaxLine] = ()


@dataclass(slots=True, eq=False, repr=False)
class LineGroup(Record):
    """The bundle a line is a component of; the lines of one bundle share the group."""

    id: int
    title: str
    quantity: int
    product_id: int | None
    variant_id: int | None
    sku: str | None


@dataclass(slots=True, eq=False, repr=False)
class LineParticulars(Record):
    """What few lines have; the others share ``ORDINARY_LINE``."""

    properties: Sequence[tuple[str, str]] = ()
    duties: Sequence[Duty] = ()
    group: LineGroup | None = None
    selling_plan: str | None = None


ORDINARY_LINE = LineParticulars()


@dataclass(slots=True, eq=False, repr=False)
class Line(Record):
    """A line item; ``line_type`` is that of its sales: PRODUCT, GIFT_CARD or TIP.

    ``removed`` counts units taken off before they shipped, ``returned`` units taken back after.
    """

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
    particulars: LineParticulars = ORDINARY_LINE

    @property
    def sold_variant(self) -> Variant | None:
        """Its variant, as long as the shop has it."""
        return self.variant if self.variant and not self.variant.is_deleted else None

    @property
    def sold_product(self) -> Product | None:
        """Its product, as long as the shop has it; a variant may be gone before its product."""
        return self.variant.product if self.variant and not self.variant.product.is_deleted else None

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
    """A movement of money.

    Attributes:
        exchange: What it is worth in the shop's currency by the rate of its day; None when it is in that currency.
        fees: Minor units of the shop's currency, in which the gateway settles.
        rounding: What cash in hand differs from the amount, because there are no coins for less.
        gift_card_id: The card that paid or was given back to.
    """

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
    exchange: Exchange | None = None
    rounding: int | None = None
    gift_card_id: int | None = None


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
    refund: Refund | None = None


@dataclass(slots=True, eq=False, repr=False)
class RefundDuty(Record):
    duty: Duty
    amount: int


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
    duties: Sequence[RefundDuty] = ()
    exchange: Exchange | None = None
    returned: Return | None = None

    @property
    def is_pending(self) -> bool:
        return any(transaction.status == "PENDING" for transaction in self.transactions)


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
    line: Line | ShippingLine | Duty | AdditionalFee | ReturnFee | None
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
    returned: Return | None = None


@dataclass(slots=True, eq=False, repr=False)
class PaymentTerms(Record):
    """When an order has to be paid; ``type`` is NET or RECEIPT, ``due_in_days`` counts from the order."""

    id: int
    schedule_id: int
    name: str
    type: str
    due_in_days: int | None
    due_at: datetime


@dataclass(slots=True, eq=False, repr=False)
class Particulars(Record):
    """What few orders have; the others share ``ORDINARY``."""

    is_test: bool = False
    po_number: str | None = None
    purchaser: PurchasingCompany | None = None
    terms: PaymentTerms | None = None
    fees: Sequence[AdditionalFee] = ()
    has_expired: bool = False


ORDINARY = Particulars()


@dataclass(slots=True, eq=False, repr=False)
class Order(Record):
    """An order.

    Attributes:
        accepts_marketing: Whether its customer did when it was placed.
        exchange: What its presentment currency is worth in the shop's; None when it is the shop's own.
        taxes_included: Whether its prices include tax.
        fulfillment_orders: None as long as all ships from one place and nobody touched that (``routing.py``).
    """

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
    fulfillment_orders: Sequence[FulfillmentOrder] = ()
    metafields: Sequence[Metafield] = ()
    agreements: list[Agreement] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    counts_adjustments: bool = False
    accepts_marketing: bool = False
    cached_figures: Figures | None = None
    exchange: Exchange | None = None
    taxes_included: bool = False
    particulars: Particulars = ORDINARY

    @property
    def name(self) -> str:
        return f"#{self.number}"

    @property
    def unfulfilled(self) -> int:
        return sum(line.unfulfilled for line in self.lines)

    def charges(self) -> list[Duty | AdditionalFee]:
        """Duties of the lines, then fees of the order."""
        duties = [duty for line in self.lines for duty in line.particulars.duties]
        return [*duties, *self.particulars.fees]

    def sales(self) -> list[Sale]:
        return [sale for agreement in self.agreements for sale in agreement.sales]

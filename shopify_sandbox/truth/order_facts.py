"""What events say of an order and its parts, as this auditor expects it: one type per part.

Here: shapes alone. A fact that is not here is refused, so that none is overlooked. Not here: what the facts add up to.
Money is minor units of the order's presentment currency, times are the log's own text.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class Fact(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """Facts are compact: an audit holds those of all orders at once."""


class Tax(NamedTuple):
    """Rate in millionths."""

    title: str
    rate_ppm: int
    amount: int


class Allocation(NamedTuple):
    """What a discount, named by its number, takes off."""

    application: int
    amount: int


class Duty(NamedTuple):
    id: int
    country: str
    hs_code: str
    price: int


class AdditionalFee(NamedTuple):
    id: int
    name: str
    price: int


class GatewayFee(NamedTuple):
    """Minor units of the shop's currency; the rate in millionths."""

    id: int
    amount: int
    flat: int
    rate_ppm: int


class SaleTax(NamedTuple):
    """``position`` is that of the tax among those of the line."""

    id: int
    position: int
    amount: int


class Address(Fact):
    id: int
    first_name: str | None
    last_name: str | None
    company: str | None
    address1: str | None
    address2: str | None
    city: str
    province: str
    province_code: str
    zip: str | None
    phone: str | None
    country: str = "US"


class Application(Fact):
    """A discount; exactly one of percent and amount is given."""

    type: str
    index: int
    name: str
    method: str
    target: str
    selection: str
    percent: int | None
    amount: int | None


class Group(Fact):
    id: int
    title: str
    quantity: int
    product_id: int | None
    variant_id: int | None
    sku: str | None


class LineExtras(Fact):
    properties: list[tuple[str, str]] = []
    duties: list[Duty] = []
    group: Group | None = None
    selling_plan: str | None = None


class Line(Fact):
    id: int
    line_type: str
    variant_id: int | None
    title: str
    variant_title: str | None
    sku: str | None
    vendor: str | None
    quantity: int
    unit_price: int
    taxable: bool
    allocations: list[Allocation]
    taxes: list[Tax]
    particulars: LineExtras | None = None

    @property
    def extras(self) -> LineExtras:
        return self.particulars or LineExtras()

    @property
    def ships(self) -> bool:
        return self.line_type == "PRODUCT"


class ShippingLine(Fact):
    id: int
    title: str
    code: str
    price: int
    allocations: list[Allocation]
    taxes: list[Tax]


class Purchaser(Fact):
    id: int
    name: str
    location_id: int
    location: str


class Terms(Fact):
    id: int
    schedule_id: int
    name: str
    type: str
    due_in_days: int | None
    due_at: str


class OrderExtras(Fact):
    is_test: bool = False
    po_number: str | None = None
    purchaser: Purchaser | None = None
    terms: Terms | None = None
    fees: list[AdditionalFee] = []


class Order(Fact):
    """An order as it was placed; ``rate`` is shop currency for one unit of ``presentment``."""

    id: int
    number: int
    customer_id: int | None
    email: str | None
    phone: str | None
    note: str | None
    tags: list[str]
    attributes: list[tuple[str, str]]
    source_name: str
    confirmation: str
    location_id: int
    billing: Address
    shipping: Address
    processed_at: str
    applications: list[Application]
    lines: list[Line]
    shipping_lines: list[ShippingLine]
    presentment: str | None = None
    rate: str | None = None
    taxes_included: bool = False
    particulars: OrderExtras | None = None

    @property
    def extras(self) -> OrderExtras:
        return self.particulars or OrderExtras()


class Sale(Fact):
    """One row of the ledger; ``line_id`` names what its line type says: a line, a shipping line, a duty, a fee."""

    id: int
    action: str
    line_type: str
    line_id: int | None
    quantity: int | None
    total: int
    tax: int
    discount: int
    discount_after_tax: int
    taxes: list[SaleTax]


class Agreement(Fact):
    id: int
    type: str
    reason: str
    happened_at: str
    refund_id: int | None
    sales: list[Sale]
    return_id: int | None = None


class Transaction(Fact):
    """``rate`` is that of its own day, ``settled_at`` when its gateway answered, if that was later."""

    id: int
    kind: str
    status: str
    gateway: str
    amount: int
    parent_id: int | None
    created_at: str
    error_code: str | None
    payment_id: str | None
    fees: list[GatewayFee]
    rate: str | None = None
    rounding: int | None = None
    gift_card_id: int | None = None
    settled_at: str | None = None


class RefundLine(NamedTuple):
    id: int
    line_id: int
    units: int
    restock: str
    location_id: int | None = None
    subtotal: int = 0
    tax: int = 0


class RefundShippingLine(NamedTuple):
    id: int
    shipping_line_id: int
    subtotal: int
    tax: int


class Adjustment(NamedTuple):
    id: int
    reason: str
    amount: int
    tax: int


class RefundDuty(NamedTuple):
    duty_id: int
    amount: int


class Refund(Fact):
    """A refund; ``kept_lines`` stay on the order although money goes back for them."""

    id: int
    note: str | None
    lines: list[RefundLine]
    shipping_lines: list[RefundShippingLine]
    adjustments: list[Adjustment]
    kept_lines: list[RefundLine] = []
    duties: list[RefundDuty] = []
    rate: str | None = None


class ShippedLine(NamedTuple):
    id: int
    line_id: int
    units: int


class Fulfillment(Fact):
    id: int
    name: str
    location_id: int
    lines: list[ShippedLine]
    tracking: list[tuple[str, str, str]]


class Hold(NamedTuple):
    id: int
    reason: str
    notes: str | None


class RoutedLine(NamedTuple):
    id: int
    line_id: int
    total: int
    remaining: int


class Routed(Fact):
    """A fulfillment order."""

    id: int
    status: str
    request_status: str
    location_id: int
    fulfill_at: str
    hold: Hold | None
    lines: list[RoutedLine]
    fulfillment_ids: list[int]


class RestockingFee(NamedTuple):
    id: int
    amount: int
    rate_ppm: int


class ReturnLine(NamedTuple):
    id: int
    fulfillment_line_id: int
    units: int
    reason: str
    note: str
    customer_note: str | None
    fee: RestockingFee | None


class Exchange(NamedTuple):
    id: int
    variant_id: int
    units: int
    unit_price: int


class ReturnShippingFee(NamedTuple):
    id: int
    amount: int


class Return(Fact):
    id: int
    name: str
    status: str
    lines: list[ReturnLine]
    exchanges: list[Exchange]
    fees: list[ReturnShippingFee]


class ReverseLine(NamedTuple):
    id: int
    fulfillment_line_id: int
    units: int


class Reverse(NamedTuple):
    id: int
    lines: list[ReverseLine]


class Disposition(NamedTuple):
    id: int
    reverse_line_id: int
    type: str
    units: int
    location_id: int


class Units(NamedTuple):
    """Units of a line of an order or of a return."""

    line_id: int
    units: int


class Sent(NamedTuple):
    """What goes out instead: a new line of the order, for units of an exchange line."""

    line: Line
    exchange_id: int
    units: int


class LineDiscount(NamedTuple):
    line_id: int
    application: int
    amount: int

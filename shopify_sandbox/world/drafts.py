"""What a customer chose, before it is an order: lines, discounts, shipping, payments.

Here: the drafts other modules fill in. Money is minor units of the order's currency. Not here: what an order of those
choices costs (``placing.py``, ``discounting.py``) and who chooses (``shoppers.py``, ``kinds.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from shopify_sandbox.world.buyer_records import Customer
from shopify_sandbox.world.currency import Exchange
from shopify_sandbox.world.goods import Location, Variant
from shopify_sandbox.world.tax_rates import TaxRate

Facts = dict[str, Any]


@dataclass(frozen=True)
class BundleDraft:
    """A bundle several lines are components of; lines with an equal draft are of the same one."""

    title: str
    quantity: int
    sku: str | None = None


@dataclass(frozen=True)
class LineDraft:
    """Units of something at a unit price.

    Attributes:
        variant: None for a custom line, which has a title instead.
        automatic: Percent of an automatic discount of this line.
        is_gift_card: Whether it is a gift card of that value.
        duty: What customs asks for the whole line.
        is_taxed: Whether it is taxed when it has no variant.
    """

    variant: Variant | None
    quantity: int
    unit_price: int
    automatic: int = 0
    title: str | None = None
    is_gift_card: bool = False
    duty: int = 0
    is_taxed: bool = True
    properties: Sequence[tuple[str, str]] = ()
    bundle: BundleDraft | None = None
    selling_plan: str | None = None

    @property
    def stocked(self) -> Variant | None:
        """The variant whose stock it takes."""
        return None if self.is_gift_card else self.variant


@dataclass(frozen=True)
class CodeDraft:
    """A discount code: percent or fixed amount off all lines, or (``frees_shipping``) all of shipping off."""

    code: str
    percent: int | None = None
    amount: int | None = None
    frees_shipping: bool = False


@dataclass(frozen=True)
class DiscountDraft:
    """A discount of any kind; it takes off what the ones before it left.

    Attributes:
        type: Its GraphQL type.
        percent: Whole percent; exactly one of percent and amount is given.
        lines: Positions of the lines it is for; None for all. Never a gift card.
        method: ACROSS spreads one amount over the lines, EACH takes from each line, ONE from the only line named.
        free_units: Of each line, how many units it is for (buy x, get y); 0 for all.
        is_for_shipping: Whether it takes off shipping instead.
    """

    type: str
    name: str
    percent: int | None = None
    amount: int | None = None
    lines: Sequence[int] | None = None
    method: str = "ACROSS"
    free_units: int = 0
    is_for_shipping: bool = False


@dataclass(frozen=True)
class ShippingDraft:
    title: str
    code: str
    price: int
    taxed: bool


@dataclass(frozen=True)
class PaymentDraft:
    """How the customer pays: ``kind`` SALE, AUTHORIZATION or PENDING; ``declined`` a failed try before it.

    Attributes:
        amount: At most how much; None for all that is left.
        gift_card_id: The card it is paid with.
        coin: Smallest coin of a payment in cash, to which it is rounded; 0 for no cash.
        note: What the customer hands over is the next multiple of it; 0 when it is exactly what is asked for.
    """

    gateway: str
    kind: str
    declined: bool = False
    amount: int | None = None
    gift_card_id: int | None = None
    coin: int = 0
    note: int = 0


@dataclass(frozen=True)
class TermsDraft:
    """When an order on terms has to be paid; None days means on receipt."""

    name: str
    days: int | None


@dataclass(frozen=True)
class PurchaserDraft:
    """A company, by the ids the shop knows it and its branch by."""

    id: int
    name: str
    location_id: int
    location: str


@dataclass(frozen=True)
class OrderDraft:
    """What a customer chose. Addresses are event facts without an id.

    Attributes:
        payment: The last payment, which takes all that is left; None when nothing is paid with the order.
        payments: Payments before it, each of a part.
        exchange: That of the day when the order is in another currency than the shop's.
        fees: Additional fees by name.
    """

    lines: Sequence[LineDraft]
    address: Facts
    location: Location
    payment: PaymentDraft | None
    taxes: Sequence[TaxRate] = ()
    shipping: ShippingDraft | None = None
    tip: int = 0
    code: CodeDraft | None = None
    customer: Customer | None = None
    email: str | None = None
    phone: str | None = None
    note: str | None = None
    tags: Sequence[str] = ()
    attributes: Sequence[tuple[str, str]] = ()
    source_name: str = "web"
    processed_early: int = 0
    discounts: Sequence[DiscountDraft] = ()
    payments: Sequence[PaymentDraft] = ()
    exchange: Exchange | None = None
    taxes_included: bool = False
    fees: Sequence[tuple[str, int]] = ()
    is_test: bool = False
    po_number: str | None = None
    purchaser: PurchaserDraft | None = None
    terms: TermsDraft | None = None


@dataclass
class Discounts:
    """Applications of an order, and allocations (index, amount) by line position and of shipping."""

    applications: list[Facts] = field(default_factory=list)
    lines: list[list[list[int]]] = field(default_factory=list)
    shipping: list[list[int]] = field(default_factory=list)

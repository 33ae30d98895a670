"""The shop and what it has to sell: products and variants, where they lie, and how many of them; one object per thing.

Here: fields and what follows from one record alone. Money is int minor units of the shop currency; instants are UTC.
Not here: customers and orders (``records.py``), how records change (``fold.py``), GraphQL (``resources/``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


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

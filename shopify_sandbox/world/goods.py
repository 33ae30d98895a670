"""The shop and what it has to sell: products and variants, where they lie, and how many of them; one object per thing.

Here: fields and what follows from one record alone. Money is int minor units of the shop currency; instants are UTC.
Not here: customers and orders (``records.py``), how records change (``fold.py``), GraphQL (``resources/``).
"""

from __future__ import annotations

from collections.abc import Sequence
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
    country: str = "US"
    taxes_included: bool = False
    presentments: list[str] = field(default_factory=list)


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
    country: str = "US"
    levels: list[InventoryLevel] = field(default_factory=list)
    deactivated_at: datetime | None = None
    service: str | None = None
    fulfills_online: bool = True

    @property
    def is_active(self) -> bool:
        return self.deactivated_at is None

    @property
    def service_handle(self) -> str:
        """What Shopify calls who ships from here: a service by its name, or the shop itself."""
        return self.service.lower().replace(" ", "-") if self.service else "manual"


@dataclass(slots=True, eq=False, repr=False)
class Metafield(Record):
    """A value a merchant or an app keeps on a record; ``value`` is text, whatever ``type`` says it means."""

    id: int
    namespace: str
    key: str
    type: str
    value: str
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True, eq=False, repr=False)
class Product(Record):
    """What a shop sells.

    Attributes:
        is_deleted: Whether it is gone from the shop; lines sold before still refer to it.
    """

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
    metafields: Sequence[Metafield] = ()
    is_deleted: bool = False


@dataclass(slots=True, eq=False, repr=False)
class Component(Record):
    """Units of a variant that one unit of a bundle is made of."""

    id: int
    variant: Variant
    quantity: int


@dataclass(slots=True, eq=False, repr=False)
class Variant(Record):
    """What a customer puts into the basket.

    Attributes:
        components: What a bundle is made of; what is no bundle has none.
        is_deleted: Whether it is gone from the shop; lines sold before still refer to it.
    """

    id: int
    product: Product
    sku: str | None
    barcode: str
    title: str
    price: int
    compare_at: int | None
    position: int
    taxable: bool
    created_at: datetime
    updated_at: datetime
    item: InventoryItem = field(init=False)
    components: Sequence[Component] = ()
    metafields: Sequence[Metafield] = ()
    is_deleted: bool = False

    @property
    def is_for_sale(self) -> bool:
        """Whether it can be put into a basket as it is: a bundle is sold as its components."""
        return self.product.status in ("ACTIVE", "UNLISTED") and not self.components


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
    tracked: bool = True


@dataclass(slots=True, eq=False, repr=False)
class InventoryLevel(Record):
    id: int
    item: InventoryItem
    location: Location
    quantities: dict[str, int]
    stamps: dict[str, datetime]
    created_at: datetime
    updated_at: datetime
    is_active: bool = True

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

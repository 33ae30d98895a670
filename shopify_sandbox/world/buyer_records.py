"""Who buys, as the world's state holds them: customers, their addresses, companies and their branches.

Here: fields and what follows from one record alone. Not here: what they order (``records.py``) or how they change
(``fold/``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from shopify_sandbox.world.goods import Metafield, Record

if TYPE_CHECKING:
    from shopify_sandbox.world.records import Order


def full_name(first_name: str | None, last_name: str | None) -> str | None:
    return " ".join(part for part in (first_name, last_name) if part) or None


@dataclass(slots=True, eq=False, repr=False)
class Address(Record):
    """An address; redaction leaves of it no more than city, province and country."""

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

    @property
    def name(self) -> str | None:
        """First and last name; None when nobody is known."""
        return full_name(self.first_name, self.last_name)


@dataclass(slots=True, eq=False, repr=False)
class Customer(Record):
    """Somebody who bought, or may; after redaction without a name, a way to reach them, addresses and orders."""

    id: int
    first_name: str | None
    last_name: str | None
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
    metafields: Sequence[Metafield] = ()
    is_redacted: bool = False

    @property
    def name(self) -> str | None:
        """First and last name; None when they are not known."""
        return full_name(self.first_name, self.last_name)


@dataclass(slots=True, eq=False, repr=False)
class Company(Record):
    id: int
    name: str


@dataclass(slots=True, eq=False, repr=False)
class CompanyLocation(Record):
    id: int
    name: str
    company: Company


@dataclass(slots=True, eq=False, repr=False)
class PurchasingCompany(Record):
    """The company an order was placed for, and the branch that pays."""

    company: Company
    location: CompanyLocation

"""Parties, products and opening counts: what orders refer to.

Here: one record from one row, and which party an order belongs to. Not here: orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from shopify_pipeline.backoffice.mapping.amounts import without_zeros
from shopify_pipeline.backoffice.mapping.books import Books
from shopify_pipeline.backoffice.owed import CompanyRow, LevelRow, PartyRow, ProductRow
from shopify_pipeline.backoffice.protocol import Party, Product, StockCount
from shopify_pipeline.backoffice.value_map import ValueMap

GUEST = "guest"
COMPANY = "company/"


def party_id(customer_id: int | None, company_id: int | None) -> str:
    """External id of who owes an order: the company that bought, else the customer, else all guests together.

    Guests share one party per shop, because matching is by order, never by a party's balance.
    """
    if company_id is not None:
        return f"{COMPANY}{company_id}"
    return GUEST if customer_id is None else str(customer_id)


def customer_ids(wanted: Iterable[str]) -> list[int]:
    """Shopify's ids of the customers among these parties."""
    return [int(external_id) for external_id in wanted if external_id.isdecimal()]


def company_ids(wanted: Iterable[str]) -> list[int]:
    """Shopify's ids of the companies among these parties."""
    return [int(external_id.removeprefix(COMPANY)) for external_id in wanted if external_id.startswith(COMPANY)]


def parties(wanted: Sequence[str], customers: Iterable[PartyRow], companies: Iterable[CompanyRow]) -> list[Party]:
    """These parties, in this order; the books do not wait for the name of one the warehouse does not hold."""
    known = {str(row.customer_id): party(row) for row in customers}
    known |= {f"{COMPANY}{row.company_id}": company(row) for row in companies}
    known[GUEST] = Party(external_id=GUEST, name="Guest")
    return [known.get(external_id) or _nameless(external_id) for external_id in wanted]


def party(row: PartyRow) -> Party:
    """A customer."""
    return Party(
        external_id=str(row.customer_id),
        name=row.display_name or f"Customer {row.customer_id}",
        email=row.email,
        phone=row.phone,
        street=row.street or None,
        city=row.city,
        postal_code=row.postal_code,
        country=row.country,
    )


def company(row: CompanyRow) -> Party:
    """A company, at the address its latest order is billed to."""
    return Party(
        external_id=f"{COMPANY}{row.company_id}",
        name=row.name or f"Company {row.company_id}",
        street=row.street or None,
        city=row.city,
        postal_code=row.postal_code,
        country=row.country,
    )


def _nameless(external_id: str) -> Party:
    kind, _, number = external_id.rpartition("/")
    return Party(external_id=external_id, name=f"{(kind or 'customer').capitalize()} {number}")


def product(row: ProductRow) -> Product:
    """A variant; a SKU that is missing or shared is made unique by the variant's id."""
    if not row.sku:
        code = str(row.variant_id)
    elif row.sku_uses > 1:
        code = f"{row.sku}~{row.variant_id}"
    else:
        code = row.sku
    return Product(
        external_id=str(row.variant_id),
        code=code,
        name=row.name,
        stocked=row.is_stocked,
        list_price=without_zeros(row.list_price),
        unit_cost=None if row.unit_cost is None else without_zeros(row.unit_cost),
    )


def opening_count(row: LevelRow, value_map: ValueMap, books: Books) -> StockCount:
    """What was on hand the day before the books begin. Raises Unmapped."""
    return StockCount(
        external_id=f"opening/{row.inventory_item_id}/{row.location_id}",
        product=str(row.variant_id),
        location=value_map.location(row.location),
        quantity=row.quantity,
        counted_on=books.go_live_on - timedelta(days=1),
    )

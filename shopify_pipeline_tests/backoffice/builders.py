"""Orders, documents and payments as a test needs them; everything not named is ordinary.

Not here: expectations.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from shopify_pipeline.backoffice.protocol import (
    BackOffice,
    Document,
    DocumentLine,
    MovedUnits,
    Order,
    OrderLine,
    Party,
    Payment,
    Product,
    Restock,
    SaleTax,
    Shipment,
    StockCount,
)

STATE_TAX = "New York State Tax 4%"
CITY_TAX = "New York City Tax 4.5%"
ORDERED_ON = date(2026, 3, 4)
COUNTED_ON = date(2026, 1, 1)


def a_party(external_id: str = "customer/1", **changes: object) -> Party:
    """A customer with an address."""
    party = Party(
        external_id=external_id,
        name="Ada Customer",
        email="ada@example.com",
        phone="+1 212 555 0100",
        street="1 Main Street",
        city="New York",
        postal_code="10001",
        country="US",
    )
    return msgspec.structs.replace(party, **changes)


def a_product(number: int, shop: str, *, stocked: bool = True) -> Product:
    """Variant ``variant/<number>``; its code is unique across shops, as the back office asks."""
    return Product(
        external_id=f"variant/{number}",
        code=f"{shop}-{number}",
        name=f"Shirt {number}",
        stocked=stocked,
        list_price=Decimal("10.00"),
        unit_cost=Decimal("4.00"),
    )


def open_shop(office: BackOffice, shop: str) -> None:
    """One customer, the goods ``variant/1`` and ``variant/2`` and the service ``variant/9``; nothing is counted."""
    office.push_parties(shop, [a_party()])
    office.push_products(shop, [a_product(1, shop), a_product(2, shop), a_product(9, shop, stocked=False)])


def stock_up(office: BackOffice, shop: str, *locations: str) -> None:
    """An open shop with 100 units of each of its goods at each location."""
    open_shop(office, shop)
    office.push_stock_counts(shop, [a_count(number, place) for number in (1, 2) for place in locations or ("MAIN",)])


def a_count(number: int, location: str, quantity: int = 100) -> StockCount:
    """An opening count of one variant at one location."""
    return StockCount(
        external_id=f"variant/{number}@{location}",
        product=f"variant/{number}",
        location=location,
        quantity=quantity,
        counted_on=COUNTED_ON,
    )


def goods(
    net: str, quantity: int | None, *, line: int = 1, state: str | None = None, city: str | None = None
) -> DocumentLine:
    """Units of ``variant/<line>`` on order line ``line/<line>``, with the New York taxes that are given."""
    taxes = [SaleTax(tax=STATE_TAX, amount=Decimal(state))] if state else []
    taxes += [SaleTax(tax=CITY_TAX, amount=Decimal(city))] if city else []
    return DocumentLine(
        sale_id=f"sale/{line}",
        account="4000",
        description=f"Shirt {line}",
        net=Decimal(net),
        quantity=quantity,
        product=f"variant/{line}",
        order_line=f"line/{line}",
        taxes=tuple(taxes),
    )


def charge(net: str, account: str) -> DocumentLine:
    """Money without goods: shipping, a tip, an adjustment, a sold gift card."""
    return DocumentLine(
        sale_id=f"sale/{account}",
        account=account,
        description=f"Charge {account}",
        net=Decimal(net),
        quantity=None,
        product=None,
        order_line=None,
        taxes=(),
    )


def a_document(
    external_id: str, *lines: DocumentLine, action: str = "ORDER", on: date = ORDERED_ON, total: str | None = None
) -> Document:
    """A document; its total is the sum of its lines unless another is given."""
    exact = sum((line.net + sum(tax.amount for tax in line.taxes) for line in lines), Decimal(0))
    return Document(
        external_id=external_id, action=action, on=on, total=exact if total is None else Decimal(total), lines=lines
    )


def a_payment(external_id: str, amount: str, *, account: str = "1100", on: date = ORDERED_ON) -> Payment:
    """Money through a gateway; negative when it went back."""
    return Payment(external_id=external_id, account=account, gateway="shopify_payments", amount=Decimal(amount), on=on)


def an_order_line(number: int, quantity: int) -> OrderLine:
    """Line ``line/<number>`` of ``variant/<number>``."""
    return OrderLine(
        external_id=f"line/{number}", product=f"variant/{number}", quantity=quantity, title=f"Shirt {number}"
    )


def a_shipment(external_id: str, *, location: str = "MAIN", on: date = date(2026, 3, 6), **units: int) -> Shipment:
    """Units that left: ``line_1=2`` means two units of ``line/1``."""
    return Shipment(external_id=external_id, location=location, on=on, units=_moved(units))


def a_restock(external_id: str, *, location: str = "MAIN", on: date = date(2026, 3, 20), **units: int) -> Restock:
    """Units that came back on the shelf, named as in ``a_shipment``."""
    return Restock(external_id=external_id, location=location, on=on, units=_moved(units))


def an_order(external_id: str = "order/1", **changes: object) -> Order:
    """Two units of one product for 20.00 and 1.70 tax, nothing paid and nothing sent."""
    order = Order(
        external_id=external_id,
        name=f"#{external_id.rpartition('/')[2]}",
        party="customer/1",
        on=ORDERED_ON,
        currency="USD",
        warehouse="MAIN",
        fingerprint="first",
        lines=(an_order_line(1, 2),),
        documents=(a_document(f"{external_id}/agreement/1", goods("20.00", 2, state="0.80", city="0.90")),),
        payments=(),
        shipments=(),
        restocks=(),
    )
    return msgspec.structs.replace(order, **changes)


def grown(order: Order, **changes: object) -> Order:
    """The order as it is pushed later, with another fingerprint."""
    return msgspec.structs.replace(order, **{"fingerprint": f"{order.fingerprint}+", **changes})


def _moved(units: dict[str, int]) -> tuple[MovedUnits, ...]:
    return tuple(MovedUnits(order_line=line.replace("_", "/"), quantity=quantity) for line, quantity in units.items())

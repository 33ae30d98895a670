"""Orders, documents and payments as a specification needs them, in the codes of the back office under test.

Everything that is not named is ordinary. Not here: expectations.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from shopify_pipeline.backoffice.protocol import (
    BackOffice,
    Document,
    DocumentLine,
    EntryLine,
    JournalEntry,
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

ORDERED_ON = date(2026, 3, 4)
COUNTED_ON = date(2026, 1, 1)


class CompanyCodes(msgspec.Struct, frozen=True, kw_only=True):
    """What the company of the back office under test has. All accounts differ; periods of the year 2026 are open.

    Attributes:
        currency: The company's; one with two decimal digits.
        receivable: Account customers owe on.
        clearing: Account of a gateway; money that is on its way.
        cash: Account of a cash drawer.
        bank: Where payouts arrive.
        fees: What a gateway keeps.
        revenue: What goods are sold for.
        shipping: What is charged for shipping.
        goodwill: Money given back without goods.
        rounding: What cash is rounded by.
        gift_cards: Gift cards that are sold and not used.
        deferred: Revenue whose goods have not left.
        count_differences: What a stock count was wrong by.
        tax: Account of ``state_tax`` and ``city_tax``.
        channel_tax: Account of ``remitted_tax``.
        state_tax: Code of a tax that is ours to remit.
        city_tax: Code of another one.
        remitted_tax: Code of a tax the sales channel remits.
        main: Location orders belong to.
        east: Another location.
        west: A third one.
    """

    currency: str
    receivable: str
    clearing: str
    cash: str
    bank: str
    fees: str
    revenue: str
    shipping: str
    goodwill: str
    rounding: str
    gift_cards: str
    deferred: str
    count_differences: str
    tax: str
    channel_tax: str
    state_tax: str
    city_tax: str
    remitted_tax: str
    main: str
    east: str
    west: str


class Samples:
    """Makes records of the codes.

    Args:
        codes: What the back office has.
    """

    def __init__(self, codes: CompanyCodes) -> None:
        self.codes = codes

    def party(self, external_id: str = "customer/1", **changes: object) -> Party:
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

    def product(self, number: int, shop: str, *, stocked: bool = True) -> Product:
        """Variant ``variant/<number>``; its code is unique across shops, as a back office asks."""
        return Product(
            external_id=f"variant/{number}",
            code=f"{shop}-{number}",
            name=f"Shirt {number}",
            stocked=stocked,
            list_price=Decimal("10.00"),
            unit_cost=Decimal("4.00"),
        )

    def open_shop(self, office: BackOffice, shop: str) -> None:
        """One customer, the goods ``variant/1`` and ``variant/2``, the service ``variant/9``; nothing is counted."""
        office.push_parties(shop, [self.party()])
        office.push_products(shop, [self.product(1, shop), self.product(2, shop), self.product(9, shop, stocked=False)])

    def stock_up(self, office: BackOffice, shop: str, *locations: str) -> None:
        """An open shop with 100 units of each of its goods at each location."""
        self.open_shop(office, shop)
        places = locations or (self.codes.main,)
        office.push_stock_counts(shop, [self.count(number, place) for number in (1, 2) for place in places])

    def count(self, number: int, location: str, quantity: int = 100) -> StockCount:
        """An opening count of one variant at one location."""
        return StockCount(
            external_id=f"variant/{number}@{location}",
            product=f"variant/{number}",
            location=location,
            quantity=quantity,
            counted_on=COUNTED_ON,
        )

    def recount(self, number: int, location: str, *, was: int, quantity: int) -> StockCount:
        """A later count of one variant at one location."""
        return StockCount(
            external_id=f"recount/{number}@{location}",
            product=f"variant/{number}",
            location=location,
            quantity=quantity,
            counted_on=date(2026, 3, 7),
            was=was,
            account=self.codes.count_differences,
        )

    def goods(
        self,
        net: str,
        quantity: int | None,
        *,
        line: int = 1,
        state: str | None = None,
        city: str | None = None,
        remitted: str | None = None,
    ) -> DocumentLine:
        """Units of ``variant/<line>`` on order line ``line/<line>``, with the taxes that are given."""
        given = {self.codes.state_tax: state, self.codes.city_tax: city, self.codes.remitted_tax: remitted}
        return DocumentLine(
            sale_id=f"sale/{line}",
            account=self.codes.revenue,
            description=f"Shirt {line}",
            net=Decimal(net),
            quantity=quantity,
            product=f"variant/{line}",
            order_line=f"line/{line}",
            taxes=tuple(SaleTax(tax=tax, amount=Decimal(amount)) for tax, amount in given.items() if amount),
        )

    def charge(self, net: str, account: str) -> DocumentLine:
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

    def document(
        self,
        external_id: str,
        *lines: DocumentLine,
        action: str = "ORDER",
        on: date = ORDERED_ON,
        total: str | None = None,
        due_on: date | None = None,
    ) -> Document:
        """A document; its total is the sum of its lines unless another is given."""
        exact = sum((line.net + sum(tax.amount for tax in line.taxes) for line in lines), Decimal(0))
        return Document(
            external_id=external_id,
            action=action,
            on=on,
            total=exact if total is None else Decimal(total),
            lines=lines,
            due_on=due_on,
        )

    def payment(
        self, external_id: str, amount: str, *, account: str | None = None, on: date = ORDERED_ON, **changes: object
    ) -> Payment:
        """Money through a gateway; negative when it went back."""
        payment = Payment(
            external_id=external_id,
            account=account or self.codes.clearing,
            gateway="shopify_payments",
            amount=Decimal(amount),
            on=on,
        )
        return msgspec.structs.replace(payment, **changes)

    def entry(self, external_id: str, *lines: tuple[str, str], **changes: object) -> JournalEntry:
        """An entry of (account, amount) lines, a debit being positive."""
        entry = JournalEntry(
            external_id=external_id,
            kind="FEE",
            on=ORDERED_ON,
            currency=self.codes.currency,
            description=f"Entry {external_id}",
            lines=tuple(EntryLine(account=account, amount=Decimal(amount)) for account, amount in lines),
        )
        return msgspec.structs.replace(entry, **changes)

    def order_line(self, number: int, quantity: int) -> OrderLine:
        """Line ``line/<number>`` of ``variant/<number>``."""
        return OrderLine(
            external_id=f"line/{number}", product=f"variant/{number}", quantity=quantity, title=f"Shirt {number}"
        )

    def shipment(
        self,
        external_id: str,
        *,
        location: str | None = None,
        on: date = date(2026, 3, 6),
        cancelled_on: date | None = None,
        **units: int,
    ) -> Shipment:
        """Units that left: ``line_1=2`` means two units of ``line/1``."""
        return Shipment(
            external_id=external_id,
            location=location or self.codes.main,
            on=on,
            units=_moved(units),
            cancelled_on=cancelled_on,
        )

    def restock(
        self, external_id: str, *, location: str | None = None, on: date = date(2026, 3, 20), **units: int
    ) -> Restock:
        """Units that came back on the shelf, named as in ``shipment``."""
        return Restock(external_id=external_id, location=location or self.codes.main, on=on, units=_moved(units))

    def order(self, external_id: str = "order/1", **changes: object) -> Order:
        """Two units of one product for 20.00 and 1.70 tax, nothing paid and nothing sent."""
        first = self.document(f"{external_id}/agreement/1", self.goods("20.00", 2, state="0.80", city="0.90"))
        order = Order(
            external_id=external_id,
            name=f"#{external_id.rpartition('/')[2]}",
            party="customer/1",
            on=ORDERED_ON,
            currency=self.codes.currency,
            warehouse=self.codes.main,
            fingerprint="first",
            lines=(self.order_line(1, 2),),
            documents=(first,),
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

"""From warehouse rows to what the back office is owed: pure functions, no connection, no clock.

Here: which facts are in the books, what makes a document, a payment, a shipment. Not here: SQL (``owed.py``), sending.
The books begin at go-live: every dated fact on or after that day is owed, whatever the age of its order.
Source: reference of Admin API 2026-10 ``SalesAgreement``/``Sale``; amounts are shop currency, days are the shop's.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from shopify_pipeline.backoffice.owed import (
    AgreementRow,
    LevelRow,
    LineRow,
    MovedRow,
    OrderFacts,
    PartyRow,
    ProductRow,
    SaleRow,
    TaxRow,
)
from shopify_pipeline.backoffice.protocol import (
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
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.errors import DataError
from shopify_pipeline.money import digits, plain

GUEST = "guest"

#: Action types that make documents, in the order they are posted; any other is not understood (``SaleActionType``).
ACTIONS = ("ORDER", "UPDATE", "RETURN")
ADJUSTMENT = "ADJUSTMENT"
UNKNOWN = "UNKNOWN"


class Books(msgspec.Struct, frozen=True):
    """When the books begin, and where a day begins.

    Attributes:
        go_live_on: First day of the books in ``zone``.
        zone: The shop's time zone.
    """

    go_live_on: date
    zone: ZoneInfo

    @property
    def go_live_at(self) -> datetime:
        """First instant of the books."""
        return datetime.combine(self.go_live_on, time(), self.zone)

    def day(self, instant: datetime) -> date:
        """The shop's day of an instant."""
        return instant.astimezone(self.zone).date()

    def hold(self, instant: datetime) -> bool:
        """Whether a fact of this instant is in the books."""
        return self.day(instant) >= self.go_live_on


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


def guest() -> Party:
    """The party all guests of a shop share; matching is by order, never by party balance."""
    return Party(external_id=GUEST, name="Guest")


def withheld_party(customer_id: int) -> Party:
    """A customer the warehouse does not hold (in quarantine, say): the books do not wait for a name."""
    return Party(external_id=str(customer_id), name=f"Customer {customer_id}")


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
        list_price=_plain(row.list_price),
        unit_cost=None if row.unit_cost is None else _plain(row.unit_cost),
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


def order(facts: OrderFacts, value_map: ValueMap, books: Books) -> Order | None:
    """Everything owed for an order, or None when nothing is.

    Raises:
        Unmapped: A word the value map has no entry for.
        DataError: The order contradicts itself, has a type this version does not know, or names a variant that was
            never loaded.
    """
    header = facts.order
    shipments = _shipments(facts, value_map, books)
    owed = Order(
        external_id=str(header.order_id),
        name=header.name,
        party=GUEST if header.customer_id is None else str(header.customer_id),
        on=books.day(header.processed_at),
        currency=header.currency,
        warehouse=shipments[0].location if shipments else value_map.first_location,
        fingerprint="",
        lines=_lines(facts, shipments),
        documents=_documents(facts, value_map, books),
        payments=_payments(facts, value_map, books),
        shipments=shipments,
        restocks=_restocks(facts, value_map, books),
    )
    if not (owed.documents or owed.payments or owed.shipments or owed.restocks):
        return None
    return msgspec.structs.replace(owed, fingerprint=fingerprint(owed))


def fingerprint(record: msgspec.Struct) -> str:
    """SHA-256 of the record's canonical JSON: equal records, equal text."""
    return hashlib.sha256(msgspec.json.encode(record)).hexdigest()


def left_out(facts: OrderFacts) -> frozenset[int]:
    """Ids of adjustment sales that are not posted, because they stand for money that has not moved.

    While a refund is pending, Shopify holds its money back by a positive adjustment that later vanishes or is reversed
    by a second one. Neither is ever posted, so a document never changes once it is posted; one that would hold nothing
    but such a refund's adjustments waits until the refund settles.
    """
    agreements = {agreement.agreement_id: agreement for agreement in facts.agreements}
    adjustments = [sale for sale in facts.sales if sale.line_type == ADJUSTMENT and sale.agreement_id in agreements]
    adjustments.sort(key=lambda sale: (agreements[sale.agreement_id].happened_at, sale.sale_id))
    reversed_ids = _reversed(adjustments, agreements)
    held_ids = _held([sale for sale in adjustments if sale.sale_id not in reversed_ids], agreements, facts)
    waiting: set[int] = set()
    for _, sales in _grouped(facts.sales):
        if all(sale.line_type == ADJUSTMENT for sale in sales) and any(sale.sale_id in held_ids for sale in sales):
            waiting |= {sale.sale_id for sale in sales}
    return frozenset(reversed_ids | held_ids | waiting)


def _refund_key(agreement: AgreementRow) -> tuple[str, int]:
    if agreement.refund_id is None:
        return "agreement", agreement.agreement_id
    return "refund", agreement.refund_id


def _reversed(adjustments: Sequence[SaleRow], agreements: dict[int, AgreementRow]) -> set[int]:
    """Pairs of one refund in two agreements: what was held, and the latest opposite that gave it free."""
    pairs: set[int] = set()
    for held in (sale for sale in adjustments if sale.total > 0):
        where = agreements[held.agreement_id]
        for back in reversed(adjustments):
            other = agreements[back.agreement_id]
            if (
                back.sale_id not in pairs
                and (back.total, back.tax) == (-held.total, -held.tax)
                and _refund_key(other) == _refund_key(where)
                and other.happened_at > where.happened_at
            ):
                pairs |= {held.sale_id, back.sale_id}
                break
    return pairs


def _held(adjustments: Sequence[SaleRow], agreements: dict[int, AgreementRow], facts: OrderFacts) -> set[int]:
    """The sales that mirror pending adjustments: same amount, in the refund's agreement or one that names no refund."""
    found: set[int] = set()
    for held in facts.held:
        for sale in adjustments:
            refund_id = agreements[sale.agreement_id].refund_id
            if sale.sale_id not in found and sale.total == held.amount and refund_id in (held.refund_id, None):
                found.add(sale.sale_id)
                break
    return found


def _grouped(sales: Iterable[SaleRow]) -> list[tuple[tuple[int, str], list[SaleRow]]]:
    groups: defaultdict[tuple[int, str], list[SaleRow]] = defaultdict(list)
    for sale in sales:
        groups[sale.agreement_id, sale.action_type].append(sale)
    return list(groups.items())


def _documents(facts: OrderFacts, value_map: ValueMap, books: Books) -> tuple[Document, ...]:
    skipped = left_out(facts)
    groups = dict(_grouped(sale for sale in facts.sales if sale.sale_id not in skipped))
    taxes: defaultdict[int, list[TaxRow]] = defaultdict(list)
    for tax in facts.taxes:
        taxes[tax.sale_id].append(tax)
    lines = {line.order_line_id: line for line in facts.lines}
    documents = []
    for agreement in facts.agreements:
        if not books.hold(agreement.happened_at):
            continue
        _refuse_unknown((sale for sale in facts.sales if sale.agreement_id == agreement.agreement_id), facts)
        for action in ACTIONS:
            sales = groups.get((agreement.agreement_id, action))
            if not sales:
                continue
            documents.append(
                Document(
                    external_id=f"{agreement.agreement_id}/{action}",
                    action=action,
                    on=books.day(agreement.happened_at),
                    total=sum((_exact(sale.total, facts) for sale in sales), Decimal(0)),
                    lines=tuple(_document_line(sale, taxes[sale.sale_id], lines, facts, value_map) for sale in sales),
                )
            )
    return tuple(documents)


def _refuse_unknown(sales: Iterable[SaleRow], facts: OrderFacts) -> None:
    """A type Shopify adds later must be understood before it is posted, not guessed."""
    for sale in sales:
        if sale.action_type not in ACTIONS or sale.line_type == UNKNOWN:
            raise DataError(
                f"order {facts.order.name}: sale {sale.sale_id} is of unknown type {sale.action_type} {sale.line_type}"
            )


def _document_line(
    sale: SaleRow, taxes: Sequence[TaxRow], lines: dict[int, LineRow], facts: OrderFacts, value_map: ValueMap
) -> DocumentLine:
    total, tax = _exact(sale.total, facts), _exact(sale.tax, facts)
    if sum((row.amount for row in taxes), Decimal(0)) != tax:
        raise DataError(f"order {facts.order.name}: taxes of sale {sale.sale_id} do not add up to its tax {plain(tax)}")
    line = None if sale.order_line_id is None else lines.get(sale.order_line_id)
    return DocumentLine(
        sale_id=str(sale.sale_id),
        account=value_map.line(sale.line_type),
        description=line.title if line else sale.line_type.replace("_", " ").capitalize(),
        net=total - tax,
        quantity=sale.quantity,
        product=_product_of(line, facts) if line else None,
        order_line=None if sale.order_line_id is None else str(sale.order_line_id),
        taxes=tuple(
            SaleTax(
                tax=value_map.tax(row.title, row.rate, is_channel_liable=row.is_channel_liable),
                amount=_exact(row.amount, facts),
            )
            for row in taxes
        ),
    )


def _product_of(line: LineRow, facts: OrderFacts) -> str | None:
    if line.variant_id is None:
        return None
    if not line.is_variant_known:
        raise DataError(
            f"order {facts.order.name}: variant {line.variant_id} is not in the warehouse; load products first"
        )
    return str(line.variant_id)


def _payments(facts: OrderFacts, value_map: ValueMap, books: Books) -> tuple[Payment, ...]:
    return tuple(
        Payment(
            external_id=str(row.transaction_id),
            account=value_map.gateway(row.gateway),
            gateway=row.gateway,
            amount=_exact(-row.amount if row.kind == "REFUND" else row.amount, facts),
            on=books.day(row.processed_at),
        )
        for row in facts.transactions
        if books.hold(row.processed_at)
    )


def _lines(facts: OrderFacts, shipments: Sequence[Shipment]) -> tuple[OrderLine, ...]:
    """Every stocked line, also one nothing is owed of: a returned or taken-off unit still points at it."""
    left: defaultdict[str, int] = defaultdict(int)
    for shipment in shipments:
        for units in shipment.units:
            left[units.order_line] += units.quantity
    return tuple(
        OrderLine(
            external_id=str(line.order_line_id),
            product=product_id,
            quantity=line.unfulfilled_quantity + left[str(line.order_line_id)],
            title=line.title,
        )
        for line in facts.lines
        if line.is_stocked and (product_id := _product_of(line, facts)) is not None
    )


def _shipments(facts: OrderFacts, value_map: ValueMap, books: Books) -> tuple[Shipment, ...]:
    return tuple(
        Shipment(
            external_id=str(first.source_id),
            location=value_map.location(first.location),
            on=books.day(first.moved_at),
            units=units,
        )
        for first, units in _moves(facts, facts.shipped, books)
    )


def _restocks(facts: OrderFacts, value_map: ValueMap, books: Books) -> tuple[Restock, ...]:
    """One per refund and location: a refund may put its units back in several places."""
    return tuple(
        Restock(
            external_id=f"{first.source_id}/{first.location_id}",
            location=value_map.location(first.location),
            on=books.day(first.moved_at),
            units=units,
        )
        for first, units in _moves(facts, facts.restocked, books)
    )


def _moves(facts: OrderFacts, rows: Iterable[MovedRow], books: Books) -> list[tuple[MovedRow, tuple[MovedUnits, ...]]]:
    """Stocked units by source and location: the first row of each group, and units by line."""
    stocked = {line.order_line_id for line in facts.lines if line.is_stocked}
    groups: defaultdict[tuple[int, int], list[MovedRow]] = defaultdict(list)
    for row in rows:
        if books.hold(row.moved_at) and row.order_line_id in stocked:
            groups[row.source_id, row.location_id].append(row)
    return [(group[0], _units(group)) for group in groups.values()]


def _units(rows: Iterable[MovedRow]) -> tuple[MovedUnits, ...]:
    quantities: defaultdict[int, int] = defaultdict(int)
    for row in rows:
        quantities[row.order_line_id] += row.quantity
    return tuple(MovedUnits(order_line=str(line_id), quantity=quantity) for line_id, quantity in quantities.items())


def _exact(amount: Decimal, facts: OrderFacts) -> Decimal:
    """The amount with the digits of the order's currency."""
    quantized = amount.quantize(Decimal(1).scaleb(-digits(facts.order.currency)))
    if quantized != amount:
        raise DataError(f"order {facts.order.name}: {plain(amount)} has more decimals than {facts.order.currency}")
    return quantized


def _plain(amount: Decimal) -> Decimal:
    return Decimal(plain(amount))

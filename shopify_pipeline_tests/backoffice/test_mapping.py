"""What an order owes the back office: documents by agreement and action, each fact on its own day, units, masters."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest

from shopify_pipeline.backoffice.mapping import opening_count, order, party, product
from shopify_pipeline.backoffice.owed import (
    LevelRow,
    PartyRow,
    ProductRow,
    SaleRow,
    TransactionRow,
)
from shopify_pipeline.backoffice.protocol import DocumentLine, MovedUnits, SaleTax, StockCount
from shopify_pipeline.backoffice.value_map import Unmapped
from shopify_pipeline.errors import DataError
from shopify_pipeline_tests.backoffice.mapping_facts import (
    BOOKS,
    LINE,
    NOON,
    VALUE_MAP,
    agreement,
    facts,
    moved,
    owed,
    sale,
    state_tax,
    totals,
)


def test_a_sale_becomes_a_line_with_its_net_its_account_and_shopifys_own_tax() -> None:
    mapped = owed(
        lines=[LINE],
        agreements=[agreement(11)],
        sales=[
            sale(21, 11, "20.80", "0.80", quantity=2, line=31),
            sale(22, 11, "5.00", line_type="SHIPPING", quantity=None),
        ],
        taxes=[state_tax(21, "0.80")],
    )
    (document,) = mapped.documents
    assert (document.external_id, document.action, document.on, document.total) == (
        "11/ORDER",
        "ORDER",
        date(2026, 11, 6),
        Decimal("25.80"),
    )
    assert document.lines == (
        DocumentLine(
            sale_id="21",
            account="4000",
            description="Mug - Blue",
            net=Decimal("20.00"),
            quantity=2,
            product="51",
            order_line="31",
            taxes=(SaleTax(tax="STATE", amount=Decimal("0.80")),),
        ),
        DocumentLine(
            sale_id="22",
            account="4100",
            description="Shipping",
            net=Decimal("5.00"),
            quantity=None,
            product=None,
            order_line=None,
            taxes=(),
        ),
    )


def test_an_event_belongs_to_the_day_of_the_shop_and_not_of_utc() -> None:
    late = datetime(2026, 11, 6, 4, 30, tzinfo=UTC)
    (document,) = owed(agreements=[agreement(11, at=late)], sales=[sale(21, 11, "1.00")]).documents
    assert document.on == date(2026, 11, 5)


@pytest.mark.parametrize(
    ("at", "is_owed"),
    [
        (datetime(2026, 11, 1, 3, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 1, 4, 0, 0, tzinfo=UTC), True),
    ],
    ids=["last second before", "first second of"],
)
def test_the_books_begin_at_midnight_of_the_shop(at: datetime, is_owed: bool) -> None:
    mapped = order(facts(agreements=[agreement(11, at=at)], sales=[sale(21, 11, "1.00")]), VALUE_MAP, BOOKS)
    assert (mapped is not None) is is_owed


def test_an_old_order_owes_only_what_happened_since_the_books_began() -> None:
    before = datetime(2026, 9, 1, 12, tzinfo=UTC)
    mapped = owed(
        lines=[LINE],
        agreements=[agreement(11, at=before), agreement(12, "RefundAgreement", refund=91)],
        sales=[
            sale(21, 11, "30.00", line=31, quantity=3),
            sale(22, 12, "-10.00", action="RETURN", line=31, quantity=-1),
        ],
        transactions=[
            TransactionRow(
                order_id=1, transaction_id=41, kind="SALE", gateway="old", amount=Decimal("30.00"), processed_at=before
            ),
            TransactionRow(
                order_id=1,
                transaction_id=42,
                kind="REFUND",
                gateway="shopify_payments",
                amount=Decimal("10.00"),
                processed_at=NOON,
            ),
        ],
        shipped=[moved(61, 1, at=before), moved(62, 2)],
    )
    assert totals(mapped) == {"12/RETURN": "-10.00"}
    assert [(payment.external_id, payment.amount) for payment in mapped.payments] == [("42", Decimal("-10.00"))]
    assert [shipment.external_id for shipment in mapped.shipments] == ["62"]
    assert mapped.on == date(2026, 11, 6)


def test_an_agreement_without_sales_makes_no_document() -> None:
    mapped = owed(agreements=[agreement(11), agreement(12, "RefundAgreement", refund=91)], sales=[sale(21, 11, "1.00")])
    assert list(totals(mapped)) == ["11/ORDER"]


def test_a_word_without_an_entry_refuses_the_order_and_names_the_entry() -> None:
    with pytest.raises(Unmapped, match=r"^no code for line 'DUTY': add it to \[lines\] of value_map.toml$") as refusal:
        owed(agreements=[agreement(11)], sales=[sale(21, 11, "1.00", line_type="DUTY")])
    assert (refusal.value.kind, refusal.value.key) == ("line", "DUTY")


def test_a_tax_the_channel_remits_is_another_word_than_our_own() -> None:
    taxed = msgspec.structs.replace(state_tax(21, "0.04"), is_channel_liable=True)
    with pytest.raises(Unmapped, match=r"State Tax 4% \(channel\)"):
        owed(agreements=[agreement(11)], sales=[sale(21, 11, "1.04", "0.04")], taxes=[taxed])


@pytest.mark.parametrize(
    "unknown",
    [
        sale(21, 11, "1.00", action="UNKNOWN"),
        sale(21, 11, "1.00", line_type="UNKNOWN"),
        sale(21, 11, "1.00", action="SWAP"),
    ],
    ids=["action", "line type", "new action"],
)
def test_a_type_nobody_knows_is_refused_and_not_guessed(unknown: SaleRow) -> None:
    with pytest.raises(DataError, match="order #1001: sale 21 is of unknown type"):
        owed(agreements=[agreement(11)], sales=[unknown])


def test_taxes_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(DataError, match=r"taxes of sale 21 do not add up to its tax 0\.8$"):
        owed(agreements=[agreement(11)], sales=[sale(21, 11, "20.80", "0.80")], taxes=[state_tax(21, "0.79")])


def test_an_amount_finer_than_its_currency_is_refused() -> None:
    with pytest.raises(DataError, match=r"20\.005 has more decimals than USD"):
        owed(agreements=[agreement(11)], sales=[sale(21, 11, "20.005")])


def test_a_variant_that_was_never_loaded_is_refused() -> None:
    line = msgspec.structs.replace(LINE, is_variant_known=False)
    with pytest.raises(DataError, match="variant 51 is not in the warehouse; load products first"):
        owed(lines=[line], agreements=[agreement(11)], sales=[sale(21, 11, "1.00", line=31)])


def test_a_line_owes_what_has_not_shipped_and_what_shipped_since_the_books_began() -> None:
    before = datetime(2026, 9, 1, 12, tzinfo=UTC)
    mapped = owed(lines=[LINE], shipped=[moved(61, 4, at=before), moved(62, 2), moved(62, 1)])
    (line,) = mapped.lines
    assert (line.external_id, line.product, line.quantity) == ("31", "51", 3 + 3)
    (shipment,) = mapped.shipments
    assert (shipment.location, shipment.units) == ("EAST", (MovedUnits(order_line="31", quantity=3),))


def test_units_that_come_back_to_two_places_are_two_restocks() -> None:
    rows = [moved(91, 1), moved(91, 2, location="Oakland", location_id=72)]
    restocks = owed(lines=[LINE], restocked=rows).restocks
    assert [(restock.external_id, restock.location) for restock in restocks] == [("91/71", "EAST"), ("91/72", "WEST")]


def test_what_is_not_stocked_is_sold_but_never_shipped() -> None:
    gift = msgspec.structs.replace(LINE, is_stocked=False)
    mapped = owed(
        lines=[gift], agreements=[agreement(11)], sales=[sale(21, 11, "1.00", line=31)], shipped=[moved(61, 1)]
    )
    assert (mapped.lines, mapped.shipments) == ((), ())
    assert mapped.documents[0].lines[0].product == "51"


def test_an_order_nothing_has_left_for_yet_belongs_to_the_first_location_of_the_map() -> None:
    sold = {"lines": [LINE], "agreements": [agreement(11)], "sales": [sale(21, 11, "1.00", line=31)]}
    assert owed(**sold).warehouse == "EAST"
    assert owed(**sold, shipped=[moved(61, 1, location="Oakland", location_id=72)]).warehouse == "WEST"


@pytest.mark.parametrize(
    ("sku", "uses", "code"),
    [("MUG", 1, "MUG"), ("MUG", 2, "MUG~51"), ("", 0, "51")],
    ids=["unique", "shared", "missing"],
)
def test_a_product_code_is_the_sku_where_that_is_unique(sku: str, uses: int, code: str) -> None:
    row = ProductRow(
        variant_id=51,
        name="Mug",
        sku=sku,
        sku_uses=uses,
        list_price=Decimal("10.000000"),
        unit_cost=None,
        is_stocked=True,
    )
    assert (product(row).code, product(row).list_price) == (code, Decimal("10"))


def test_a_customer_without_a_name_is_called_by_its_number() -> None:
    row = PartyRow(
        customer_id=9,
        display_name=None,
        email=None,
        phone=None,
        street="",
        city=None,
        postal_code=None,
        country=None,
    )
    assert (party(row).external_id, party(row).name, party(row).street) == ("9", "Customer 9", None)


def test_an_opening_count_is_dated_the_day_before_the_books() -> None:
    row = LevelRow(inventory_item_id=81, location_id=71, location="Brooklyn", variant_id=51, quantity=12)
    assert opening_count(row, VALUE_MAP, BOOKS) == StockCount(
        external_id="opening/81/71", product="51", location="EAST", quantity=12, counted_on=date(2026, 10, 31)
    )

"""What an order's money says: every kind of payment, cash, other currencies, who remits a tax, terms and companies."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from shopify_pipeline.backoffice.mapping import GUEST, company_ids, customer_ids, parties, party_id
from shopify_pipeline.backoffice.owed import CompanyRow, PartyRow
from shopify_pipeline.backoffice.value_map import Unmapped
from shopify_pipeline.errors import DataError
from shopify_pipeline_tests.backoffice.mapping_facts import (
    HEADER,
    LINE,
    NOON,
    agreement,
    money,
    owed,
    sale,
    state_tax,
)


@pytest.mark.parametrize(
    ("kind", "amount"),
    [("SALE", "10.00"), ("CAPTURE", "10.00"), ("REFUND", "-10.00"), ("CHANGE", "-10.00")],
)
def test_money_comes_in_or_goes_back_by_its_kind(kind: str, amount: str) -> None:
    (payment,) = owed(transactions=[money(41, kind, "10.00")]).payments
    assert payment.amount == Decimal(amount)


def test_change_is_money_given_back_so_that_the_order_is_paid_with_what_was_kept() -> None:
    payments = owed(transactions=[money(41, "SALE", "80.00", "cash"), money(42, "CHANGE", "7.75", "cash")]).payments
    assert [(payment.account, payment.amount) for payment in payments] == [
        ("1140", Decimal("80.00")),
        ("1140", Decimal("-7.75")),
    ]


@pytest.mark.parametrize(
    ("kind", "asked", "rounding", "in_the_drawer"),
    [
        ("SALE", "10.03", "0.02", "10.05"),
        ("SALE", "10.02", "-0.02", "10.00"),
        ("REFUND", "9.98", "0.02", "-10.00"),
        ("REFUND", "9.97", "-0.02", "-9.95"),
    ],
)
def test_cash_is_rounded_in_the_drawer_and_never_in_what_the_customer_owes(
    kind: str, asked: str, rounding: str, in_the_drawer: str
) -> None:
    (payment,) = owed(transactions=[money(41, kind, asked, "cash", rounding=rounding)]).payments
    assert abs(payment.amount) == Decimal(asked)
    assert payment.amount + payment.rounding == Decimal(in_the_drawer)
    assert payment.rounding_account == "4910"


def test_money_that_is_not_rounded_names_no_account_for_it() -> None:
    (payment,) = owed(transactions=[money(41, "SALE", "10.00", "cash")]).payments
    assert (payment.rounding, payment.rounding_account) == (Decimal(0), None)


def test_each_gateway_has_its_account_and_a_refund_may_go_to_another_than_the_payment() -> None:
    payments = owed(
        transactions=[
            money(41, "SALE", "25.00", "gift_card"),
            money(42, "CAPTURE", "75.00"),
            money(43, "REFUND", "100.00", "shopify_store_credit"),
        ]
    ).payments
    assert [(payment.account, payment.gateway, payment.amount) for payment in payments] == [
        ("2300", "gift_card", Decimal("25.00")),
        ("1100", "shopify_payments", Decimal("75.00")),
        ("2310", "shopify_store_credit", Decimal("-100.00")),
    ]


def test_sold_abroad_the_shops_money_is_posted_and_what_conversion_leaves_stays_open() -> None:
    """Recorded: an order of 13.50 (9.00 abroad) was paid with 12.77 (9.00 abroad) and nothing was outstanding."""
    abroad = msgspec.structs.replace(sale(21, 11, "13.50"), presentment_total=Decimal("9.00"))
    header = msgspec.structs.replace(HEADER, currency="CAD")
    mapped = owed(header, agreements=[agreement(11)], sales=[abroad], transactions=[money(41, "SALE", "12.77")])
    assert mapped.currency == "CAD"
    assert mapped.documents[0].total - mapped.payments[0].amount == Decimal("0.73")
    assert mapped.entries == ()


def converted(tax: str, *taxes: tuple[str, str]) -> dict[str, list[object]]:
    """A sale of 100.00 with taxes by (amount, amount abroad); ``tax`` is what they add up to abroad."""
    rows = [
        msgspec.structs.replace(state_tax(21, amount), presentment_amount=Decimal(abroad)) for amount, abroad in taxes
    ]
    sold = msgspec.structs.replace(sale(21, 11, "100.00"), presentment_tax=Decimal(tax))
    return {"agreements": [agreement(11)], "sales": [sold], "taxes": [*rows]}


def test_taxes_that_add_up_where_they_were_sold_are_posted_as_shopify_converted_them() -> None:
    (document,) = owed(**converted("3.01", ("1.61", "1.50"), ("1.62", "1.51"))).documents
    (line,) = document.lines
    assert [tax.amount for tax in line.taxes] == [Decimal("1.61"), Decimal("1.62")]
    assert line.net + Decimal("3.23") == document.total == Decimal("100.00")


def test_taxes_that_do_not_add_up_where_they_were_sold_are_refused() -> None:
    with pytest.raises(DataError, match=r"taxes of sale 21 do not add up to its tax 3\.01$"):
        owed(**converted("3.01", ("1.61", "1.50"), ("1.61", "1.50")))


@pytest.mark.parametrize("source", [None, "web", "pos", "shopify_draft_order"])
def test_a_tax_nobody_is_named_for_is_the_merchants_where_no_other_channel_sold(source: str | None) -> None:
    header = msgspec.structs.replace(HEADER, source_name=source)
    unsaid = msgspec.structs.replace(state_tax(21, "0.04"), is_channel_liable=None)
    (document,) = owed(
        header, agreements=[agreement(11)], sales=[sale(21, 11, "1.04", "0.04")], taxes=[unsaid]
    ).documents
    assert document.lines[0].taxes[0].tax == "STATE"


def test_a_tax_nobody_is_named_for_is_a_break_where_somebody_else_may_have_sold() -> None:
    header = msgspec.structs.replace(HEADER, source_name="marketplace-app")
    unsaid = msgspec.structs.replace(state_tax(21, "0.04"), is_channel_liable=None)
    with pytest.raises(Unmapped, match=r"'State Tax 4% \(liability unknown\)': add it to \[taxes\]"):
        owed(header, agreements=[agreement(11)], sales=[sale(21, 11, "1.04", "0.04")], taxes=[unsaid])


def test_net_terms_count_from_the_order_and_hold_for_what_is_added_to_it_but_not_for_credits() -> None:
    header = msgspec.structs.replace(HEADER, due_in_days=30)
    late = NOON + timedelta(days=40)
    documents = owed(
        header,
        agreements=[
            agreement(11),
            agreement(12, "OrderEditAgreement", at=NOON + timedelta(days=10)),
            agreement(13, "OrderEditAgreement", at=late),
        ],
        sales=[
            sale(21, 11, "10.00"),
            sale(22, 12, "5.00"),
            sale(23, 12, "-1.00", action="RETURN"),
            sale(24, 13, "2.00"),
        ],
    ).documents
    due = date(2026, 12, 6)
    assert {document.external_id: document.due_on for document in documents} == {
        "11/ORDER": due,
        "12/ORDER": due,
        "12/RETURN": None,
        "13/ORDER": None,
    }


def test_an_order_without_terms_is_to_be_paid_at_once() -> None:
    (document,) = owed(agreements=[agreement(11)], sales=[sale(21, 11, "1.00")]).documents
    assert document.due_on is None


@pytest.mark.parametrize(
    ("customer", "company", "expected"),
    [(9, 5, "company/5"), (None, 5, "company/5"), (9, None, "9"), (None, None, GUEST)],
    ids=["company and buyer", "company", "customer", "guest"],
)
def test_an_order_is_owed_by_the_company_before_the_person_who_bought_for_it(
    customer: int | None, company: int | None, expected: str
) -> None:
    header = msgspec.structs.replace(HEADER, customer_id=customer, company_id=company)
    assert owed(header, transactions=[money(41, "SALE", "1.00")]).party == expected
    assert party_id(customer, company) == expected


def test_parties_are_found_by_their_ids_and_one_the_warehouse_does_not_hold_is_called_by_its_number() -> None:
    wanted = ["9", "10", "company/5", "company/6", GUEST]
    address = {"street": "1 Quay", "city": "Cork", "postal_code": "T12", "country": "IE"}
    customer = PartyRow(customer_id=9, display_name="Ada", email="ada@example.com", phone=None, **address)
    company = CompanyRow(company_id=5, name="Harbor Hotels", **address)
    found = parties(wanted, [customer], [company])
    assert [(party.external_id, party.name, party.city) for party in found] == [
        ("9", "Ada", "Cork"),
        ("10", "Customer 10", None),
        ("company/5", "Harbor Hotels", "Cork"),
        ("company/6", "Company 6", None),
        (GUEST, "Guest", None),
    ]
    assert (customer_ids(wanted), company_ids(wanted)) == ([9, 10], [5, 6])


def test_goods_of_a_type_with_an_account_of_its_own_go_there() -> None:
    book = msgspec.structs.replace(LINE, product_type="Book")
    sold = {"agreements": [agreement(11)], "sales": [sale(21, 11, "1.00", line=31)]}
    assert owed(lines=[book], **sold).documents[0].lines[0].account == "4010"
    assert owed(lines=[LINE], **sold).documents[0].lines[0].account == "4000"


def test_what_happens_before_the_books_begin_moves_no_money_in_them() -> None:
    before = datetime(2026, 10, 31, 12, tzinfo=UTC)
    payments = owed(transactions=[money(41, "SALE", "10.00", at=before), money(42, "REFUND", "1.00")]).payments
    assert [payment.external_id for payment in payments] == ["42"]

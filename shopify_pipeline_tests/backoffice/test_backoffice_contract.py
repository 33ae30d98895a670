"""What every back office owes: each case runs on Tryton over HTTP and on the journal."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

import msgspec

from shopify_pipeline.backoffice.protocol import BackOffice, DocumentRow, Outcome, PaymentRow, Result, SaleTax, StockRow
from shopify_pipeline_tests.backoffice.builders import (
    ORDERED_ON,
    a_count,
    a_document,
    a_party,
    a_payment,
    a_product,
    a_restock,
    a_shipment,
    an_order,
    an_order_line,
    charge,
    goods,
    grown,
    open_shop,
    stock_up,
)

D = Decimal


def book(office: BackOffice, shop: str, external_id: str) -> dict[str, Decimal]:
    """Debit minus credit by account of one document or payment."""
    return {row.account: row.amount for row in office.ledger(shop) if row.external_id == external_id}


def balance(office: BackOffice, shop: str, order_id: str) -> dict[str, Decimal]:
    """Debit minus credit by account of everything booked for one order; settled accounts are left out."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in office.ledger(shop):
        if row.order_id == order_id:
            sums[row.account] += row.amount
    return {account: amount for account, amount in sums.items() if amount}


def on_hand(office: BackOffice, shop: str) -> dict[tuple[str, str], Decimal]:
    return {(row.product, row.location): row.quantity for row in office.stock(shop)}


def created(external_id: str, documents: int = 0) -> Result:
    return Result(external_id=external_id, outcome=Outcome.CREATED, documents=documents)


def test_a_paid_and_shipped_order_is_read_back_as_it_was_pushed(office: BackOffice, shop: str) -> None:
    stock_up(office, shop)
    document = a_document("agreement/1", goods("20.00", 2, state="0.80", city="0.90"), charge("5.00", "4100"))
    order = an_order(
        documents=(document,),
        payments=(a_payment("transaction/1", "26.70", on=date(2026, 3, 5)),),
        shipments=(a_shipment("fulfillment/1", line_1=2),),
    )

    assert office.push_orders(shop, [order]) == [created("order/1", documents=1)]

    (sale,) = office.orders(shop)
    assert (sale.order_id, sale.on) == ("order/1", ORDERED_ON)
    (row,) = office.documents(shop)
    assert row == DocumentRow(
        external_id="agreement/1",
        order_id="order/1",
        record=row.record,
        number=row.number,
        state=row.state,
        on=ORDERED_ON,
        booked_on=ORDERED_ON,
        currency="USD",
        total=D("26.70"),
        tax=D("1.70"),
    )
    assert row.number
    assert book(office, shop, "agreement/1") == {
        "1200": D("26.70"),
        "2200": D("-1.70"),
        "4000": D("-20.00"),
        "4100": D("-5.00"),
    }
    assert book(office, shop, "transaction/1") == {"1100": D("26.70"), "1200": D("-26.70")}
    assert office.payments(shop) == [
        PaymentRow(
            external_id="transaction/1", order_id="order/1", account="1100", amount=D("26.70"), on=date(2026, 3, 5)
        )
    ]
    assert office.stock(shop) == [
        StockRow(product="variant/1", location="MAIN", quantity=D(98)),
        StockRow(product="variant/2", location="MAIN", quantity=D(100)),
    ]


def test_pushing_the_same_order_again_changes_nothing(office: BackOffice, shop: str) -> None:
    stock_up(office, shop)
    order = an_order(
        payments=(a_payment("transaction/1", "21.70"),), shipments=(a_shipment("fulfillment/1", line_1=2),)
    )
    office.push_orders(shop, [order])
    before = (office.orders(shop), office.documents(shop), office.ledger(shop), office.stock(shop), office.counts(shop))

    assert office.push_orders(shop, [order]) == [Result(external_id="order/1", outcome=Outcome.UNCHANGED)]

    after = (office.orders(shop), office.documents(shop), office.ledger(shop), office.stock(shop), office.counts(shop))
    assert after == before
    assert office.counts(shop) == {
        "parties": 1,
        "products": 3,
        "stock_counts": 2,
        "orders": 1,
        "documents": 1,
        "payments": 1,
        "shipments": 1,
        "restocks": 0,
    }


def test_an_edited_order_gets_only_the_documents_that_are_new(office: BackOffice, shop: str) -> None:
    open_shop(office, shop)
    order = an_order()
    office.push_orders(shop, [order])
    added = a_document("agreement/2", goods("9.50", 1, line=2), action="ORDER", on=date(2026, 3, 9))
    taken = a_document(
        "agreement/3", goods("-10.00", -1, state="-0.40", city="-0.45"), action="RETURN", on=date(2026, 3, 9)
    )
    edited = grown(order, lines=(an_order_line(1, 1), an_order_line(2, 1)), documents=(*order.documents, added, taken))

    assert office.push_orders(shop, [edited]) == [Result(external_id="order/1", outcome=Outcome.UPDATED, documents=2)]

    assert [(row.external_id, row.total, row.on) for row in office.documents(shop)] == [
        ("order/1/agreement/1", D("21.70"), ORDERED_ON),
        ("agreement/2", D("9.50"), date(2026, 3, 9)),
        ("agreement/3", D("-10.85"), date(2026, 3, 9)),
    ]
    assert balance(office, shop, "order/1") == {"1200": D("20.35"), "2200": D("-0.85"), "4000": D("-19.50")}


def test_a_line_added_by_an_edit_is_shipped_in_the_same_push(office: BackOffice, shop: str) -> None:
    stock_up(office, shop)
    order = an_order(shipments=(a_shipment("fulfillment/1", line_1=2),))
    office.push_orders(shop, [order])
    edited = grown(
        order,
        lines=(an_order_line(1, 2), an_order_line(2, 1)),
        documents=(*order.documents, a_document("agreement/2", goods("9.50", 1, line=2))),
        shipments=(*order.shipments, a_shipment("fulfillment/2", line_2=1)),
    )

    office.push_orders(shop, [edited])

    assert on_hand(office, shop) == {("variant/1", "MAIN"): D(98), ("variant/2", "MAIN"): D(99)}
    assert office.counts(shop)["shipments"] == 2


def test_an_order_leaves_in_parts_from_several_places_even_where_nothing_was_counted(
    office: BackOffice, shop: str
) -> None:
    stock_up(office, shop, "MAIN", "WEST")
    order = an_order(
        lines=(an_order_line(1, 5),),
        documents=(a_document("agreement/1", goods("50.00", 5)),),
        shipments=(a_shipment("fulfillment/1", line_1=1),),
    )
    office.push_orders(shop, [order])
    assert on_hand(office, shop)["variant/1", "MAIN"] == 99

    east = a_shipment("fulfillment/2", location="EAST", line_1=1)
    west = a_shipment("fulfillment/3", location="WEST", line_1=2)
    office.push_orders(shop, [grown(order, shipments=(*order.shipments, east, west))])

    hand = on_hand(office, shop)
    assert [hand["variant/1", place] for place in ("MAIN", "EAST", "WEST")] == [99, -1, 98]
    assert office.counts(shop)["shipments"] == 3


def test_a_refund_with_restock_reverses_money_and_units(office: BackOffice, shop: str) -> None:
    stock_up(office, shop, "MAIN", "WEST")
    order = an_order(
        payments=(a_payment("transaction/1", "21.70"),), shipments=(a_shipment("fulfillment/1", line_1=2),)
    )
    office.push_orders(shop, [order])
    credit = a_document(
        "agreement/2", goods("-10.00", -1, state="-0.40", city="-0.45"), action="RETURN", on=date(2026, 3, 20)
    )
    refunded = grown(
        order,
        documents=(*order.documents, credit),
        payments=(*order.payments, a_payment("transaction/2", "-10.85", on=date(2026, 3, 20))),
        restocks=(a_restock("refund/1", location="WEST", line_1=1),),
    )

    office.push_orders(shop, [refunded])

    assert balance(office, shop, "order/1") == {"1100": D("10.85"), "2200": D("-0.85"), "4000": D("-10.00")}
    hand = on_hand(office, shop)
    assert (hand["variant/1", "MAIN"], hand["variant/1", "WEST"]) == (98, 101)
    assert office.counts(shop)["restocks"] == 1


def test_goodwill_goes_to_the_account_it_names(office: BackOffice, shop: str) -> None:
    open_shop(office, shop)
    order = an_order()
    goodwill = a_document("agreement/2", charge("-3.00", "4900"), action="RETURN", on=date(2026, 3, 12))
    payments = (a_payment("transaction/1", "21.70"), a_payment("transaction/2", "-3.00", on=date(2026, 3, 12)))

    office.push_orders(shop, [grown(order, documents=(*order.documents, goodwill), payments=payments)])

    assert book(office, shop, "agreement/2") == {"1200": D("-3.00"), "4900": D("3.00")}
    assert balance(office, shop, "order/1") == {
        "1100": D("18.70"),
        "2200": D("-1.70"),
        "4000": D("-20.00"),
        "4900": D("3.00"),
    }


def test_an_even_exchange_is_two_documents_of_one_agreement(office: BackOffice, shop: str) -> None:
    open_shop(office, shop)
    order = an_order(payments=(a_payment("transaction/1", "21.70"),))
    back = a_document("agreement/2/RETURN", goods("-10.00", -1, state="-0.40", city="-0.45"), action="RETURN")
    out = a_document("agreement/2/ORDER", goods("10.00", 1, line=2, state="0.40", city="0.45"))
    exchanged = grown(order, lines=(an_order_line(1, 1), an_order_line(2, 1)), documents=(*order.documents, back, out))

    assert office.push_orders(shop, [exchanged]) == [created("order/1", documents=3)]

    assert [row.total for row in office.documents(shop)] == [D("21.70"), D("-10.85"), D("10.85")]
    assert balance(office, shop, "order/1") == {"1100": D("21.70"), "2200": D("-1.70"), "4000": D("-20.00")}


def test_what_payments_leave_open_stays_with_the_customer(office: BackOffice, shop: str) -> None:
    open_shop(office, shop)
    short = an_order("order/short", payments=(a_payment("transaction/1", "15.00"),))
    large = an_order("order/large", payments=(a_payment("transaction/2", "30.00"),))

    office.push_orders(shop, [short, large])

    assert [row.amount for row in office.payments(shop)] == [D("15.00"), D("30.00")]
    assert balance(office, shop, "order/short")["1200"] == D("6.70")
    assert balance(office, shop, "order/large")["1200"] == D("-8.30")


def test_a_zero_rated_document_is_booked_without_tax(office: BackOffice, shop: str) -> None:
    open_shop(office, shop)
    exempt = a_document("agreement/1", goods("20.00", 2, state="0.00", city="0.00"))

    office.push_orders(shop, [an_order(documents=(exempt,))])

    (row,) = office.documents(shop)
    assert (row.total, row.tax) == (D("20.00"), D("0"))
    assert {a: m for a, m in book(office, shop, "agreement/1").items() if m} == {"1200": D(20), "4000": D(-20)}


def test_an_order_without_goods_is_an_order_too(office: BackOffice, shop: str) -> None:
    open_shop(office, shop)
    card = a_document("agreement/1", charge("50.00", "2300"))

    office.push_orders(shop, [an_order(lines=(), documents=(card,), payments=(a_payment("transaction/1", "50.00"),))])

    assert [row.order_id for row in office.orders(shop)] == ["order/1"]
    assert balance(office, shop, "order/1") == {"1100": D("50.00"), "2300": D("-50.00")}


def test_a_fulfilled_service_moves_no_stock(office: BackOffice, shop: str) -> None:
    stock_up(office, shop)
    order = an_order(
        lines=(an_order_line(9, 1),),
        documents=(a_document("agreement/1", goods("10.00", 1, line=9)),),
        shipments=(a_shipment("fulfillment/1", line_9=1),),
    )

    assert office.push_orders(shop, [order]) == [created("order/1", documents=1)]

    assert on_hand(office, shop) == {("variant/1", "MAIN"): D(100), ("variant/2", "MAIN"): D(100)}
    assert office.counts(shop)["shipments"] == 1


def test_orders_that_cannot_be_booked_are_rejected_whole_and_the_others_stand(office: BackOffice, shop: str) -> None:
    open_shop(office, shop)
    bad_line = (a_document("bad", charge("1.00", "4711")),)
    bad_tax = (
        a_document("bad", msgspec.structs.replace(charge("1.00", "4000"), taxes=(SaleTax(tax="?", amount=D(1)),))),
    )
    bad_total = (a_document("bad", charge("1.00", "4000"), total="1.01"),)
    unbookable: dict[str, dict[str, object]] = {
        "unmapped account 4711": {"documents": bad_line},
        "unmapped tax ?": {"documents": bad_tax},
        "unmapped account 4712": {"payments": (a_payment("bad", "1.00", account="4712"),)},
        "unmapped location NORTH": {"shipments": (a_shipment("bad", location="NORTH", line_1=1),)},
        "document bad sums to 1.00, not to its total 1.01": {"documents": bad_total},
        "unknown party customer/404: push it first": {"party": "customer/404"},
        "unknown product variant/404: push it first": {"lines": (an_order_line(404, 1),), "documents": ()},
        "bad moves units of line/7, which is not in the order": {"shipments": (a_shipment("bad", line_7=1),)},
    }
    bad = [an_order(f"bad/{number}", **changes) for number, changes in enumerate(unbookable.values())]

    results = office.push_orders(shop, [an_order("order/1"), *bad, an_order("order/2")])

    rejected = [
        Result(external_id=order.external_id, outcome=Outcome.REJECTED, reason=reason)
        for order, reason in zip(bad, unbookable, strict=True)
    ]
    assert results == [created("order/1", documents=1), *rejected, created("order/2", documents=1)]
    assert [row.order_id for row in office.orders(shop)] == ["order/1", "order/2"]
    assert {row.order_id for row in office.ledger(shop)} == {"order/1", "order/2"}


def test_a_rejected_order_is_booked_once_its_fault_is_gone(office: BackOffice, shop: str) -> None:
    open_shop(office, shop)
    office.push_orders(shop, [an_order(party="customer/2")])
    office.push_parties(shop, [a_party("customer/2")])

    assert office.push_orders(shop, [an_order(party="customer/2")]) == [created("order/1", documents=1)]


def test_what_is_booked_cannot_change_its_amount(office: BackOffice, shop: str) -> None:
    open_shop(office, shop)
    order = an_order(
        documents=(a_document("agreement/1", goods("20.00", 2)),), payments=(a_payment("transaction/1", "20.00"),)
    )
    office.push_orders(shop, [order])
    other_document = grown(order, documents=(a_document("agreement/1", goods("21.00", 2)),))
    other_payment = grown(order, payments=(a_payment("transaction/1", "19.00"),))

    results = [office.push_orders(shop, [changed])[0] for changed in (other_document, other_payment)]

    assert [(result.outcome, result.reason) for result in results] == [
        (Outcome.REJECTED, "document agreement/1 is posted with 20.00 and cannot become 21.00"),
        (Outcome.REJECTED, "payment transaction/1 is booked with 20.00 and cannot become 19.00"),
    ]
    assert [row.total for row in office.documents(shop)] == [D("20.00")]
    assert [row.amount for row in office.payments(shop)] == [D("20.00")]


def test_an_order_in_another_currency_is_rejected(office: BackOffice, shop: str) -> None:
    open_shop(office, shop)

    (result,) = office.push_orders(shop, [an_order(currency="EUR")])

    assert result.outcome is Outcome.REJECTED
    assert result.reason is not None
    assert result.reason.startswith("order is in EUR but the ")
    assert office.orders(shop) == []


def test_a_party_is_created_updated_and_left_alone(office: BackOffice, shop: str) -> None:
    moved = a_party(street="2 Side Street", email="ada@example.org")

    outcomes = [office.push_parties(shop, [party])[0].outcome for party in (a_party(), a_party(), moved, moved)]

    assert outcomes == [Outcome.CREATED, Outcome.UNCHANGED, Outcome.UPDATED, Outcome.UNCHANGED]
    assert office.counts(shop)["parties"] == 1


def test_a_product_is_created_updated_and_left_alone(office: BackOffice, shop: str) -> None:
    shirt, service = a_product(1, shop), a_product(2, shop, stocked=False)

    first = office.push_products(shop, [shirt, service])
    second = office.push_products(shop, [shirt, a_product(3, shop)])

    assert [result.outcome for result in first + second] == [
        Outcome.CREATED,
        Outcome.CREATED,
        Outcome.UNCHANGED,
        Outcome.CREATED,
    ]


def test_a_product_code_belongs_to_one_product(office: BackOffice, shop: str) -> None:
    first, second, third = a_product(1, shop), a_product(2, shop), a_product(3, shop)
    twin = msgspec.structs.replace(second, code=first.code)

    results = office.push_products(shop, [first, twin, third])

    assert [result.outcome for result in results] == [Outcome.CREATED, Outcome.REJECTED, Outcome.CREATED]
    assert results[1].reason is not None
    assert results[1].reason.startswith(f"product code {first.code} is taken by another product")


def test_an_opening_count_is_booked_once_and_never_overwritten(office: BackOffice, shop: str) -> None:
    stock_up(office, shop)

    again, other = office.push_stock_counts(shop, [a_count(1, "MAIN"), a_count(2, "MAIN", 90)])

    assert again.outcome is Outcome.UNCHANGED
    assert (other.outcome, other.reason) == (
        Outcome.REJECTED,
        "opening count of 100 is booked and cannot become 90",
    )
    assert on_hand(office, shop) == {("variant/1", "MAIN"): D(100), ("variant/2", "MAIN"): D(100)}


def test_shops_of_one_company_do_not_meet(office: BackOffice, shop: str) -> None:
    other = f"other-{shop}"
    stock_up(office, shop)
    stock_up(office, other, "WEST")

    assert office.push_orders(shop, [an_order()]) == office.push_orders(other, [an_order()])

    assert [len(rows) for rows in (office.orders(shop), office.documents(shop))] == [1, 1]
    assert on_hand(office, shop) == {("variant/1", "MAIN"): D(100), ("variant/2", "MAIN"): D(100)}
    assert on_hand(office, other) == {("variant/1", "WEST"): D(100), ("variant/2", "WEST"): D(100)}


def test_an_empty_shop_reads_as_nothing(office: BackOffice, shop: str) -> None:
    assert (office.orders(shop), office.documents(shop), office.ledger(shop)) == ([], [], [])
    assert (office.payments(shop), office.stock(shop)) == ([], [])
    assert set(office.counts(shop).values()) == {0}


def test_health_names_the_product_and_the_currency(office: BackOffice) -> None:
    health = office.health()

    assert health.product in ("Tryton", "journal")
    assert health.currency == "USD"

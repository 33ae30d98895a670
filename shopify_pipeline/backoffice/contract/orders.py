"""The life of an order: what is booked when it is placed, edited, refunded and exchanged."""

# ruff: noqa: S101

from __future__ import annotations

from datetime import date
from decimal import Decimal

from shopify_pipeline.backoffice.contract.reading import (
    Specification,
    balance,
    book,
    created,
    everything,
    on_hand,
    unchanged,
    without_zero,
)
from shopify_pipeline.backoffice.contract.samples import ORDERED_ON, CompanyCodes, Samples, grown
from shopify_pipeline.backoffice.protocol import BackOffice, DocumentRow, Outcome, PaymentRow, Result, StockRow

D = Decimal


class OrdersContract(Specification):
    """An order adds what is missing of it, and nothing twice."""

    def test_a_paid_and_shipped_order_is_read_back_as_it_was_pushed(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.stock_up(office, shop)
        document = a.document(
            "agreement/1", a.goods("20.00", 2, state="0.80", city="0.90"), a.charge("5.00", codes.shipping)
        )
        order = a.order(
            documents=(document,),
            payments=(a.payment("transaction/1", "26.70", on=date(2026, 3, 5)),),
            shipments=(a.shipment("fulfillment/1", line_1=2),),
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
            company=office.health(shop).company,
            currency=codes.currency,
            total=D("26.70"),
            tax=D("1.70"),
        )
        assert row.number
        assert book(office, shop, "agreement/1") == {
            codes.receivable: D("26.70"),
            codes.tax: D("-1.70"),
            codes.revenue: D("-20.00"),
            codes.shipping: D("-5.00"),
        }
        assert book(office, shop, "transaction/1") == {codes.clearing: D("26.70"), codes.receivable: D("-26.70")}
        assert office.payments(shop) == [
            PaymentRow(
                external_id="transaction/1",
                order_id="order/1",
                account=codes.clearing,
                amount=D("26.70"),
                on=date(2026, 3, 5),
                company=office.health(shop).company,
            )
        ]
        assert office.stock(shop) == [
            StockRow(product="variant/1", location=codes.main, quantity=D(98)),
            StockRow(product="variant/2", location=codes.main, quantity=D(100)),
        ]

    def test_pushing_the_same_order_again_changes_nothing(self, office: BackOffice, shop: str, a: Samples) -> None:
        a.stock_up(office, shop)
        order = a.order(
            payments=(a.payment("transaction/1", "21.70"),), shipments=(a.shipment("fulfillment/1", line_1=2),)
        )
        office.push_orders(shop, [order])
        before = everything(office, shop)

        assert office.push_orders(shop, [order]) == [unchanged("order/1")]

        assert everything(office, shop) == before
        assert office.counts(shop) == {
            "parties": 1,
            "products": 3,
            "stock_counts": 2,
            "orders": 1,
            "documents": 1,
            "payments": 1,
            "entries": 0,
            "shipments": 1,
            "restocks": 0,
        }

    def test_an_edited_order_gets_only_the_documents_that_are_new(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        order = a.order()
        office.push_orders(shop, [order])
        added = a.document("agreement/2", a.goods("9.50", 1, line=2), action="ORDER", on=date(2026, 3, 9))
        taken = a.document(
            "agreement/3", a.goods("-10.00", -1, state="-0.40", city="-0.45"), action="RETURN", on=date(2026, 3, 9)
        )
        edited = grown(
            order, lines=(a.order_line(1, 1), a.order_line(2, 1)), documents=(*order.documents, added, taken)
        )

        assert office.push_orders(shop, [edited]) == [
            Result(external_id="order/1", outcome=Outcome.UPDATED, documents=2)
        ]

        assert [(row.external_id, row.total, row.on) for row in office.documents(shop)] == [
            ("order/1/agreement/1", D("21.70"), ORDERED_ON),
            ("agreement/2", D("9.50"), date(2026, 3, 9)),
            ("agreement/3", D("-10.85"), date(2026, 3, 9)),
        ]
        assert balance(office, shop, "order/1") == {
            codes.receivable: D("20.35"),
            codes.tax: D("-0.85"),
            codes.revenue: D("-19.50"),
        }

    def test_a_refund_with_restock_reverses_money_and_units(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.stock_up(office, shop, codes.main, codes.west)
        order = a.order(
            payments=(a.payment("transaction/1", "21.70"),), shipments=(a.shipment("fulfillment/1", line_1=2),)
        )
        office.push_orders(shop, [order])
        credit = a.document(
            "agreement/2", a.goods("-10.00", -1, state="-0.40", city="-0.45"), action="RETURN", on=date(2026, 3, 20)
        )
        refunded = grown(
            order,
            documents=(*order.documents, credit),
            payments=(*order.payments, a.payment("transaction/2", "-10.85", on=date(2026, 3, 20))),
            restocks=(a.restock("refund/1", location=codes.west, line_1=1),),
        )

        office.push_orders(shop, [refunded])
        office.push_orders(shop, [grown(refunded)])

        assert balance(office, shop, "order/1") == {
            codes.clearing: D("10.85"),
            codes.tax: D("-0.85"),
            codes.revenue: D("-10.00"),
        }
        hand = on_hand(office, shop)
        assert (hand["variant/1", codes.main], hand["variant/1", codes.west]) == (D(98), D(101))
        assert office.counts(shop)["restocks"] == 1

    def test_goodwill_goes_to_the_account_it_names(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        order = a.order()
        goodwill = a.document("agreement/2", a.charge("-3.00", codes.goodwill), action="RETURN", on=date(2026, 3, 12))
        payments = (a.payment("transaction/1", "21.70"), a.payment("transaction/2", "-3.00", on=date(2026, 3, 12)))

        office.push_orders(shop, [grown(order, documents=(*order.documents, goodwill), payments=payments)])

        assert book(office, shop, "agreement/2") == {codes.receivable: D("-3.00"), codes.goodwill: D("3.00")}
        assert balance(office, shop, "order/1") == {
            codes.clearing: D("18.70"),
            codes.tax: D("-1.70"),
            codes.revenue: D("-20.00"),
            codes.goodwill: D("3.00"),
        }

    def test_an_even_exchange_is_two_documents_of_one_agreement(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        order = a.order(payments=(a.payment("transaction/1", "21.70"),))
        back = a.document("agreement/2/RETURN", a.goods("-10.00", -1, state="-0.40", city="-0.45"), action="RETURN")
        out = a.document("agreement/2/ORDER", a.goods("10.00", 1, line=2, state="0.40", city="0.45"))
        exchanged = grown(
            order, lines=(a.order_line(1, 1), a.order_line(2, 1)), documents=(*order.documents, back, out)
        )

        assert office.push_orders(shop, [exchanged]) == [created("order/1", documents=3)]

        assert [row.total for row in office.documents(shop)] == [D("21.70"), D("-10.85"), D("10.85")]
        assert balance(office, shop, "order/1") == {
            codes.clearing: D("21.70"),
            codes.tax: D("-1.70"),
            codes.revenue: D("-20.00"),
        }

    def test_what_payments_leave_open_stays_with_the_customer(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        short = a.order("order/short", payments=(a.payment("transaction/1", "15.00"),))
        large = a.order("order/large", payments=(a.payment("transaction/2", "30.00"),))

        office.push_orders(shop, [short, large])

        assert [row.amount for row in office.payments(shop)] == [D("15.00"), D("30.00")]
        assert balance(office, shop, "order/short")[codes.receivable] == D("6.70")
        assert balance(office, shop, "order/large")[codes.receivable] == D("-8.30")

    def test_a_zero_rated_document_is_booked_without_tax(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        exempt = a.document("agreement/1", a.goods("20.00", 2, state="0.00", city="0.00"))

        office.push_orders(shop, [a.order(documents=(exempt,))])

        (row,) = office.documents(shop)
        assert (row.total, row.tax) == (D("20.00"), D("0"))
        assert without_zero(book(office, shop, "agreement/1")) == {
            codes.receivable: D(20),
            codes.revenue: D(-20),
        }

    def test_an_order_without_goods_is_an_order_too(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        card = a.document("agreement/1", a.charge("50.00", codes.gift_cards))

        office.push_orders(
            shop, [a.order(lines=(), documents=(card,), payments=(a.payment("transaction/1", "50.00"),))]
        )

        assert [row.order_id for row in office.orders(shop)] == ["order/1"]
        assert balance(office, shop, "order/1") == {codes.clearing: D("50.00"), codes.gift_cards: D("-50.00")}

    def test_an_older_state_that_comes_late_takes_nothing_back(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.stock_up(office, shop)
        placed = a.order()
        shipped = grown(
            placed,
            payments=(a.payment("transaction/1", "21.70"),),
            shipments=(a.shipment("fulfillment/1", line_1=2),),
        )
        office.push_orders(shop, [shipped])

        office.push_orders(shop, [placed])
        office.push_orders(shop, [shipped])

        assert balance(office, shop, "order/1") == {
            codes.clearing: D("21.70"),
            codes.tax: D("-1.70"),
            codes.revenue: D("-20.00"),
        }
        assert on_hand(office, shop)["variant/1", codes.main] == 98
        counts = office.counts(shop)
        assert [counts[resource] for resource in ("documents", "payments", "shipments")] == [1, 1, 1]

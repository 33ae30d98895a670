"""Cash rounding, net terms, taxes and control totals: what the books say of money, to the minor unit."""

# ruff: noqa: S101

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from shopify_pipeline.backoffice.contract.reading import Specification, balance, book, everything, monthly
from shopify_pipeline.backoffice.contract.samples import ORDERED_ON, CompanyCodes, Samples, grown
from shopify_pipeline.backoffice.protocol import BackOffice, LedgerRow, Outcome, SaleTax, TaxedRow

D = Decimal


class MoneyContract(Specification):
    """Every amount is in the ledger once, under its account, day and party."""

    def test_cash_rounding_is_between_drawer_and_customer(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        sold = a.document("agreement/1", a.goods("19.98", 2))
        cash = a.payment(
            "transaction/1", "19.98", account=codes.cash, rounding=D("0.02"), rounding_account=codes.rounding
        )

        office.push_orders(shop, [a.order(documents=(sold,), payments=(cash,))])

        assert book(office, shop, "transaction/1") == {
            codes.cash: D("20.00"),
            codes.receivable: D("-19.98"),
            codes.rounding: D("-0.02"),
        }
        assert balance(office, shop, "order/1") == {
            codes.cash: D("20.00"),
            codes.revenue: D("-19.98"),
            codes.rounding: D("-0.02"),
        }
        (row,) = office.payments(shop)
        assert row.amount == D("19.98")

    def test_cash_that_goes_back_is_rounded_the_other_way(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        credit = a.document("agreement/1", a.charge("-4.99", codes.goodwill), action="RETURN")
        cash = a.payment(
            "transaction/1", "-4.99", account=codes.cash, rounding=D("-0.01"), rounding_account=codes.rounding
        )

        office.push_orders(shop, [a.order(lines=(), documents=(credit,), payments=(cash,))])

        assert balance(office, shop, "order/1") == {
            codes.cash: D("-5.00"),
            codes.goodwill: D("4.99"),
            codes.rounding: D("0.01"),
        }

    def test_an_order_on_net_terms_is_owed_until_it_is_paid(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        invoice = a.document("agreement/1", a.goods("20.00", 2), due_on=date(2026, 4, 3))
        order = a.order(documents=(invoice,))
        office.push_orders(shop, [order])
        assert balance(office, shop, "order/1") == {codes.receivable: D("20.00"), codes.revenue: D("-20.00")}

        paid = a.payment("transaction/1", "20.00", on=date(2026, 4, 2))
        office.push_orders(shop, [grown(order, payments=(paid,))])

        assert [row.on for row in office.documents(shop)] == [ORDERED_ON]
        assert balance(office, shop, "order/1") == {codes.clearing: D("20.00"), codes.revenue: D("-20.00")}

    def test_a_document_that_becomes_due_later_stays_the_document_it_is(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        invoice = a.document("agreement/1", a.goods("20.00", 2), due_on=date(2026, 4, 3))
        order = a.order(documents=(invoice,))
        office.push_orders(shop, [order])
        before = everything(office, shop)

        later = msgspec.structs.replace(invoice, due_on=date(2026, 5, 3))
        (result,) = office.push_orders(shop, [grown(order, documents=(later,))])

        assert (result.outcome, result.documents) == (Outcome.UPDATED, 0)
        assert everything(office, shop) == before
        assert office.edited(shop) == []

    def test_a_tax_the_channel_remits_is_not_on_our_tax_account(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        sold = a.document("agreement/1", a.goods("20.00", 2, state="0.80", remitted="1.20"))

        office.push_orders(shop, [a.order(documents=(sold,))])

        assert book(office, shop, "agreement/1") == {
            codes.receivable: D("22.00"),
            codes.revenue: D("-20.00"),
            codes.tax: D("-0.80"),
            codes.channel_tax: D("-1.20"),
        }

    def test_each_tax_is_reported_with_its_base(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        sold = a.document(
            "agreement/1", a.goods("20.00", 2, state="0.80", city="0.90"), a.goods("9.50", 1, line=2, state="0.38")
        )
        back = a.document("agreement/2", a.goods("-10.00", -1, state="-0.40", city="-0.45"), action="RETURN")

        office.push_orders(shop, [a.order(documents=(sold, back))])

        def row(document: str, tax: str, base: str, amount: str) -> TaxedRow:
            return TaxedRow(external_id=document, order_id="order/1", tax=tax, base=D(base), amount=D(amount))

        assert sorted(office.taxes(shop), key=lambda row: (row.external_id, row.amount)) == [
            row("agreement/1", codes.city_tax, "20.00", "0.90"),
            row("agreement/1", codes.state_tax, "29.50", "1.18"),
            row("agreement/2", codes.city_tax, "-10.00", "-0.45"),
            row("agreement/2", codes.state_tax, "-10.00", "-0.40"),
        ]

    def test_two_taxes_of_a_line_under_one_code_have_its_net_as_their_base_once(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        taxes = tuple(SaleTax(tax=codes.state_tax, amount=D(amount)) for amount in ("0.80", "0.90"))
        line = msgspec.structs.replace(a.goods("20.00", 2), taxes=taxes)
        office.push_orders(shop, [a.order(documents=(a.document("agreement/1", line),))])

        assert [(row.tax, row.base, row.amount) for row in office.taxes(shop)] == [
            (codes.state_tax, D("20.00"), D("1.70"))
        ]

    def test_the_ledger_names_resource_day_and_party(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        order = a.order(
            documents=(a.document("agreement/1", a.goods("20.00", 2)),),
            payments=(a.payment("transaction/1", "20.00", on=date(2026, 3, 5)),),
        )

        office.push_orders(shop, [order])

        def row(resource: str, name: str, account: str, amount: str, on: date, party: str = "") -> LedgerRow:
            return LedgerRow(
                resource=resource,
                external_id=name,
                order_id="order/1",
                account=account,
                amount=D(amount),
                booked_on=on,
                party=party,
            )

        ledger = {(row.resource, row.account): row for row in office.ledger(shop)}
        assert len(office.ledger(shop)) == 4
        assert ledger == {
            (line.resource, line.account): line
            for line in (
                row("documents", "agreement/1", codes.receivable, "20.00", ORDERED_ON, "customer/1"),
                row("documents", "agreement/1", codes.revenue, "-20.00", ORDERED_ON),
                row("payments", "transaction/1", codes.clearing, "20.00", date(2026, 3, 5)),
                row("payments", "transaction/1", codes.receivable, "-20.00", date(2026, 3, 5), "customer/1"),
            )
        }

    def test_control_totals_are_by_account_and_month(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        order = a.order(
            documents=(a.document("agreement/1", a.goods("20.00", 2, state="0.80")),),
            payments=(a.payment("transaction/1", "20.80", on=date(2026, 4, 1)),),
        )
        office.push_orders(shop, [order])
        office.push_entries(shop, [a.entry("fee/1", (codes.fees, "0.90"), (codes.clearing, "-0.90"))])

        march, april = date(2026, 3, 1), date(2026, 4, 1)
        assert monthly(office, shop) == {
            (codes.receivable, march): D("20.80"),
            (codes.revenue, march): D("-20.00"),
            (codes.tax, march): D("-0.80"),
            (codes.fees, march): D("0.90"),
            (codes.clearing, march): D("-0.90"),
            (codes.receivable, april): D("-20.80"),
            (codes.clearing, april): D("20.80"),
        }

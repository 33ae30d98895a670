"""Journal entries: fees, payouts, credit given, revenue released; with an order or without."""

# ruff: noqa: S101

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from shopify_pipeline.backoffice.contract.reading import (
    Specification,
    assert_rejected,
    balance,
    book,
    created,
    everything,
    unchanged,
)
from shopify_pipeline.backoffice.contract.samples import ORDERED_ON, CompanyCodes, Samples, grown
from shopify_pipeline.backoffice.protocol import BackOffice, Outcome

D = Decimal


class EntriesContract(Specification):
    """An entry is booked once, sums to zero and never changes."""

    def test_an_entry_is_booked_once(self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes) -> None:
        payout = a.entry("payout/1", (codes.bank, "97.10"), (codes.fees, "2.90"), (codes.clearing, "-100.00"))

        assert office.push_entries(shop, [payout]) == [created("payout/1")]
        before = everything(office, shop)
        assert office.push_entries(shop, [payout]) == [unchanged("payout/1")]

        assert everything(office, shop) == before
        assert book(office, shop, "payout/1") == {
            codes.bank: D("97.10"),
            codes.fees: D("2.90"),
            codes.clearing: D("-100.00"),
        }
        assert {(row.resource, row.order_id, row.booked_on) for row in office.ledger(shop)} == {
            ("entries", "", ORDERED_ON)
        }
        assert office.counts(shop)["entries"] == 1

    def test_an_entry_of_an_order_is_read_with_it(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        sold = a.document("agreement/1", a.goods("20.00", 2))
        office.push_orders(shop, [a.order(documents=(sold,), payments=(a.payment("transaction/1", "20.00"),))])
        fee = a.entry("balance/1", (codes.fees, "0.88"), (codes.clearing, "-0.88"), order="order/1")

        office.push_entries(shop, [fee])

        assert balance(office, shop, "order/1") == {
            codes.clearing: D("19.12"),
            codes.fees: D("0.88"),
            codes.revenue: D("-20.00"),
        }

    def test_an_entry_on_what_is_owed_is_owed_by_the_customer_of_its_order(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        office.push_orders(shop, [a.order(documents=())])
        lines = (codes.receivable, "15.00"), (codes.clearing, "-15.00")

        owed, nobodys = office.push_entries(
            shop, [a.entry("dispute/1", *lines, order="order/1"), a.entry("dispute/2", *lines)]
        )

        assert owed == created("dispute/1")
        assert nobodys.outcome is Outcome.REJECTED
        assert {(row.account, row.party) for row in office.ledger(shop)} == {
            (codes.receivable, "customer/1"),
            (codes.clearing, ""),
        }

    def test_revenue_waits_until_the_goods_leave(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.stock_up(office, shop)
        held = msgspec.structs.replace(a.goods("20.00", 2), account=codes.deferred)
        order = a.order(documents=(a.document("agreement/1", held),), payments=(a.payment("transaction/1", "20.00"),))
        office.push_orders(shop, [order])
        assert balance(office, shop, "order/1") == {codes.clearing: D("20.00"), codes.deferred: D("-20.00")}

        release = a.entry(
            "release/fulfillment/1",
            (codes.deferred, "10.00"),
            (codes.revenue, "-10.00"),
            order="order/1",
            on=date(2026, 3, 6),
        )
        shipped = grown(order, shipments=(a.shipment("fulfillment/1", line_1=1),), entries=(release,))
        office.push_orders(shop, [shipped])
        office.push_orders(shop, [grown(shipped)])

        assert balance(office, shop, "order/1") == {
            codes.clearing: D("20.00"),
            codes.deferred: D("-10.00"),
            codes.revenue: D("-10.00"),
        }
        assert office.counts(shop)["entries"] == 1

    def test_entries_that_cannot_be_booked_are_rejected_and_the_others_stand(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        fee = (codes.fees, "1.00"), (codes.clearing, "-1.00")
        unbookable = {
            "-0.01": a.entry("unbalanced", (codes.fees, "1.00"), (codes.clearing, "-1.01")),
            "4711?": a.entry("unmapped", (codes.fees, "1.00"), ("4711?", "-1.00")),
            "order/404": a.entry("early", *fee, order="order/404"),
            "empty": a.entry("empty"),
        }

        results = office.push_entries(shop, [a.entry("fee/1", *fee), *unbookable.values(), a.entry("fee/2", *fee)])

        first, *refusals, last = results
        assert (first, last) == (created("fee/1"), created("fee/2"))
        assert_rejected(refusals, {entry.external_id: word for word, entry in unbookable.items()})
        assert {row.external_id for row in office.ledger(shop)} == {"fee/1", "fee/2"}

    def test_an_entry_in_another_currency_is_rejected(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        fee = a.entry("fee/1", (codes.fees, "1.00"), (codes.clearing, "-1.00"), currency="XTS")

        (result,) = office.push_entries(shop, [fee])

        assert_rejected([result], {"fee/1": "XTS"})
        assert office.ledger(shop) == []

    def test_a_booked_entry_cannot_change(self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes) -> None:
        office.push_entries(shop, [a.entry("fee/1", (codes.fees, "1.00"), (codes.clearing, "-1.00"))])

        (result,) = office.push_entries(shop, [a.entry("fee/1", (codes.fees, "1.10"), (codes.clearing, "-1.10"))])

        assert_rejected([result], {"fee/1": "fee/1"})
        assert book(office, shop, "fee/1") == {codes.fees: D("1.00"), codes.clearing: D("-1.00")}

    def test_an_order_with_an_entry_that_does_not_balance_is_rejected_whole(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        bad = a.entry("release/1", (codes.deferred, "10.00"), (codes.revenue, "-9.99"), order="order/1")

        (result,) = office.push_orders(shop, [a.order(entries=(bad,))])

        assert result.outcome is Outcome.REJECTED
        assert (office.orders(shop), office.ledger(shop)) == ([], [])

"""What a back office must not take, and that it says why."""

# ruff: noqa: S101

from __future__ import annotations

from decimal import Decimal

import msgspec

from shopify_pipeline.backoffice.contract.reading import (
    Specification,
    assert_rejected,
    book,
    created,
    on_hand,
    unchanged,
)
from shopify_pipeline.backoffice.contract.samples import CompanyCodes, Samples, grown
from shopify_pipeline.backoffice.protocol import BackOffice, Outcome, SaleTax

D = Decimal


class RefusalsContract(Specification):
    """A record that cannot be booked exactly is rejected whole; the others of its batch stand."""

    def test_orders_that_cannot_be_booked_are_rejected_whole_and_the_others_stand(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        bad_line = (a.document("bad", a.charge("1.00", "4711?")),)
        bad_tax = (
            a.document(
                "bad",
                msgspec.structs.replace(
                    a.charge("1.00", codes.revenue), taxes=(SaleTax(tax="no such tax", amount=D(1)),)
                ),
            ),
        )
        bad_total = (a.document("bad", a.charge("1.00", codes.revenue), total="1.01"),)
        unbookable: dict[str, dict[str, object]] = {
            "4711?": {"documents": bad_line},
            "no such tax": {"documents": bad_tax},
            "4712?": {"payments": (a.payment("bad", "1.00", account="4712?"),)},
            "account": {"payments": (a.payment("bad", "1.00", rounding=D("0.01")),)},
            "NORTH?": {"shipments": (a.shipment("bad", location="NORTH?", line_1=1),)},
            "1.01": {"documents": bad_total},
            "customer/404": {"party": "customer/404"},
            "variant/404": {"lines": (a.order_line(404, 1),), "documents": ()},
            "line/7": {"shipments": (a.shipment("bad", line_7=1),)},
        }
        bad = [a.order(f"bad/{number}", **changes) for number, changes in enumerate(unbookable.values())]

        results = office.push_orders(shop, [a.order("order/1"), *bad, a.order("order/2")])

        first, *refusals, last = results
        assert (first, last) == (created("order/1", documents=1), created("order/2", documents=1))
        assert_rejected(refusals, {order.external_id: word for order, word in zip(bad, unbookable, strict=True)})
        assert [row.order_id for row in office.orders(shop)] == ["order/1", "order/2"]
        assert {row.order_id for row in office.ledger(shop)} == {"order/1", "order/2"}

    def test_a_rejected_order_is_booked_once_its_fault_is_gone(self, office: BackOffice, shop: str, a: Samples) -> None:
        a.open_shop(office, shop)
        office.push_orders(shop, [a.order(party="customer/2")])
        office.push_parties(shop, [a.party("customer/2")])

        assert office.push_orders(shop, [a.order(party="customer/2")]) == [created("order/1", documents=1)]

    def test_what_is_booked_cannot_change_its_amount(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.open_shop(office, shop)
        order = a.order(
            documents=(a.document("agreement/1", a.goods("20.00", 2)),), payments=(a.payment("transaction/1", "20.00"),)
        )
        office.push_orders(shop, [order])
        other_document = grown(order, documents=(a.document("agreement/1", a.goods("21.00", 2)),))
        other_payment = grown(order, payments=(a.payment("transaction/1", "19.00"),))

        rounded = a.payment("transaction/1", "20.00", rounding=D("0.02"), rounding_account=codes.rounding)
        other_rounding = grown(order, payments=(rounded,))

        results = [
            office.push_orders(shop, [changed])[0] for changed in (other_document, other_payment, other_rounding)
        ]

        assert_rejected(results[:1], {"order/1": "agreement/1"})
        assert_rejected(results[1:2], {"order/1": "transaction/1"})
        assert_rejected(results[2:], {"order/1": "transaction/1"})
        assert [row.total for row in office.documents(shop)] == [D("20.00")]
        assert [row.amount for row in office.payments(shop)] == [D("20.00")]

    def test_what_is_booked_does_not_stand_in_the_way_when_its_codes_have_changed(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        a.stock_up(office, shop)
        paid = a.payment(
            "transaction/1", "20.00", account=codes.cash, rounding=D("0.02"), rounding_account=codes.rounding
        )
        release = a.entry("release/1", (codes.deferred, "20.00"), (codes.revenue, "-15.00"), (codes.shipping, "-5.00"))
        order = a.order(payments=(paid,), entries=(release,), shipments=(a.shipment("fulfillment/1", line_1=1),))
        office.push_orders(shop, [order])
        known = "order/1/agreement/1", "transaction/1", "release/1"
        before = [book(office, shop, name) for name in known]

        moved = grown(
            order,
            documents=(a.document("order/1/agreement/1", a.charge("21.70", "4711?")),),
            payments=(
                msgspec.structs.replace(paid, account="4712?", rounding_account="4713?"),
                a.payment("transaction/2", "1.70"),
            ),
            entries=(a.entry("release/1", ("4714?", "20.00"), (codes.revenue, "-20.00")),),
            shipments=(
                a.shipment("fulfillment/1", location="NORTH?", line_1=1),
                a.shipment("fulfillment/2", line_1=1),
            ),
        )
        (result,) = office.push_orders(shop, [moved])
        (alone,) = office.push_entries(shop, moved.entries)

        assert (result.outcome, result.reason, alone) == (Outcome.UPDATED, None, unchanged("release/1"))
        assert [book(office, shop, name) for name in known] == before
        assert book(office, shop, "transaction/2") == {codes.clearing: D("1.70"), codes.receivable: D("-1.70")}
        assert on_hand(office, shop)["variant/1", codes.main] == 98

    def test_an_order_in_another_currency_is_rejected(self, office: BackOffice, shop: str, a: Samples) -> None:
        a.open_shop(office, shop)

        (result,) = office.push_orders(shop, [a.order(currency="XTS")])

        assert_rejected([result], {"order/1": "XTS"})
        assert office.orders(shop) == []

    def test_a_product_code_belongs_to_one_product(self, office: BackOffice, shop: str, a: Samples) -> None:
        first, second, third = a.product(1, shop), a.product(2, shop), a.product(3, shop)
        twin = msgspec.structs.replace(second, code=first.code)

        results = office.push_products(shop, [first, twin, third])

        assert (results[0], results[2]) == (created("variant/1"), created("variant/3"))
        assert_rejected(results[1:2], {"variant/2": first.code})

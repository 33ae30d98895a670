"""Parties and products, two shops of one company, and what an adapter says of itself."""

# ruff: noqa: S101

from __future__ import annotations

from decimal import Decimal

from shopify_pipeline.backoffice.contract.reading import Specification, on_hand
from shopify_pipeline.backoffice.contract.samples import CompanyCodes, Samples
from shopify_pipeline.backoffice.protocol import BackOffice, Codes, Outcome, contact_of

D = Decimal


class RecordsContract(Specification):
    """Master data follows the shop; what is read belongs to one shop."""

    def test_a_party_is_created_updated_and_left_alone(self, office: BackOffice, shop: str, a: Samples) -> None:
        moved = a.party(street="2 Side Street", email="ada@example.org")

        outcomes = [office.push_parties(shop, [party])[0].outcome for party in (a.party(), a.party(), moved, moved)]

        assert outcomes == [Outcome.CREATED, Outcome.UNCHANGED, Outcome.UPDATED, Outcome.UNCHANGED]
        assert office.counts(shop)["parties"] == 1

    def test_a_product_is_created_updated_and_left_alone(self, office: BackOffice, shop: str, a: Samples) -> None:
        shirt, service = a.product(1, shop), a.product(2, shop, stocked=False)

        first = office.push_products(shop, [shirt, service])
        second = office.push_products(shop, [shirt, a.product(3, shop)])

        assert [result.outcome for result in first + second] == [
            Outcome.CREATED,
            Outcome.CREATED,
            Outcome.UNCHANGED,
            Outcome.CREATED,
        ]

    def test_a_party_is_read_with_a_hash_of_its_address_and_a_product_with_its_code(
        self, office: BackOffice, shop: str, a: Samples
    ) -> None:
        office.push_parties(shop, [a.party(email="Ada@Example.com"), a.party("guest", email=None)])
        office.push_products(shop, [a.product(1, shop), a.product(9, shop, stocked=False)])

        assert {row.external_id: row.contact for row in office.parties(shop)} == {
            "customer/1": contact_of("ada@example.com"),
            "guest": "",
        }
        assert "ada" not in repr(office.parties(shop)).lower()
        assert {row.external_id: row.code for row in office.products(shop)} == {
            "variant/1": f"{shop}-1",
            "variant/9": f"{shop}-9",
        }

    def test_shops_of_one_company_do_not_meet(
        self, office: BackOffice, shop: str, a: Samples, codes: CompanyCodes
    ) -> None:
        other = f"other-{shop}"
        a.stock_up(office, shop)
        a.stock_up(office, other, codes.west)

        assert office.push_orders(shop, [a.order()]) == office.push_orders(other, [a.order()])

        assert [len(rows) for rows in (office.orders(shop), office.documents(shop))] == [1, 1]
        assert on_hand(office, shop) == {("variant/1", codes.main): D(100), ("variant/2", codes.main): D(100)}
        assert on_hand(office, other) == {("variant/1", codes.west): D(100), ("variant/2", codes.west): D(100)}

    def test_an_empty_shop_reads_as_nothing(self, office: BackOffice, shop: str) -> None:
        assert (office.orders(shop), office.documents(shop), office.ledger(shop)) == ([], [], [])
        assert (office.payments(shop), office.stock(shop)) == ([], [])
        assert (office.order_lines(shop), office.shipments(shop)) == ([], [])
        assert (office.parties(shop), office.products(shop)) == ([], [])
        assert (office.taxes(shop), office.totals(shop), office.edited(shop)) == ([], [], [])
        assert set(office.counts(shop).values()) == {0}

    def test_health_names_the_product_and_the_currency_of_the_shops_books(
        self, office: BackOffice, shop: str, codes: CompanyCodes
    ) -> None:
        health = office.health(shop)

        assert all((health.product, health.version, health.plugin))
        assert health.currency == codes.currency

    def test_it_says_which_ids_it_has_booked(self, office: BackOffice, shop: str, a: Samples) -> None:
        a.open_shop(office, shop)
        office.push_orders(shop, [a.order("order/1")])

        known = office.known(shop, "orders", ["order/1", "order/2"])

        assert known == {"order/1": "first"}
        assert set(office.known(shop, "documents", ["order/1/agreement/1", "?"])) == {"order/1/agreement/1"}
        assert set(office.known(shop, "parties", ["customer/1", "customer/2"])) == {"customer/1"}
        assert office.known(f"other-{shop}", "orders", ["order/1"]) == {}

    def test_a_reading_since_now_holds_what_is_booked_after(self, office: BackOffice, shop: str, a: Samples) -> None:
        a.open_shop(office, shop)
        office.push_orders(shop, [a.order("order/1")])
        since = office.health(shop).now
        office.push_orders(shop, [a.order("order/2", payments=(a.payment("transaction/2", "21.70"),))])

        whole, new = {row.order_id for row in office.ledger(shop)}, {row.order_id for row in office.ledger(shop, since)}

        assert "order/2" in new <= whole
        assert "order/2" in {row.order_id for row in office.orders(shop, since)}
        assert "order/2/agreement/1" in {row.external_id for row in office.documents(shop, since)}
        assert "order/2/agreement/1" in {row.external_id for row in office.taxes(shop, since)}
        assert "transaction/2" in {row.external_id for row in office.payments(shop, since)}

    def test_what_nobody_touched_is_not_said_to_be_edited(self, office: BackOffice, shop: str, a: Samples) -> None:
        a.stock_up(office, shop)
        office.push_orders(shop, [a.order(shipments=(a.shipment("fulfillment/1", line_1=2),))])

        assert office.edited(shop) == []
        assert office.edited(shop, {"documents": ["order/1/agreement/1"]}) == []

    def test_it_says_which_codes_it_does_not_have(self, office: BackOffice, shop: str, codes: CompanyCodes) -> None:
        asked = Codes(
            accounts=(codes.receivable, codes.revenue, "4711?", codes.channel_tax),
            taxes=("no such tax", codes.state_tax, codes.remitted_tax),
            locations=(codes.main, codes.west, "NORTH?"),
        )

        assert office.unknown_codes(shop, asked) == Codes(
            accounts=("4711?",), taxes=("no such tax",), locations=("NORTH?",)
        )

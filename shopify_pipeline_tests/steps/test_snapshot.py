"""The snapshot: what the back office says of itself, whole, or the last one stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.backoffice.protocol import (
    DocumentRow,
    Health,
    LedgerRow,
    OrderLineRow,
    OrderRow,
    PartyRow,
    PaymentRow,
    ShipmentRow,
    contact_of,
)
from shopify_pipeline.errors import DataError, PermanentError, TransientError
from shopify_pipeline.steps.snapshot import Snapshot, take_snapshot
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop, Placed
from shopify_pipeline_tests.reconcile.company import CHART, NOW
from shopify_pipeline_tests.reconcile.warehouse_rows import SHOP


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    with connect(warehouse_dsn) as conn:
        made = AShop.opened(conn, tmp_path)
        made.order((made.item(), 1, "10.00"))
        made.push()
        made.snapshot()
        yield made


class OddOffice(JournalBackOffice):
    """Holds a document that somebody renamed."""

    def documents(self, shop: str, since: datetime | None = None) -> list[DocumentRow]:
        return [
            DocumentRow(
                external_id="by hand",
                order_id="1",
                record="invoice/9",
                number="9",
                state="posted",
                on=date(2026, 11, 12),
                booked_on=date(2026, 11, 12),
                company="journal",
                currency="USD",
                total=Decimal(1),
                tax=Decimal(0),
            )
        ]


class NamelessOffice(JournalBackOffice):
    """Holds a party without a name of its own."""

    def parties(self, shop: str) -> list[PartyRow]:
        return [*super().parties(shop), PartyRow(external_id="7", record="", contact="")]


class EditedOffice(JournalBackOffice):
    """Somebody added a line by hand, shipped it, and sent a restock to another warehouse."""

    def order_lines(self, shop: str, since: datetime | None = None) -> list[OrderLineRow]:
        rows = super().order_lines(shop)
        return [*rows, msgspec.structs.replace(rows[0], external_id="", product="", quantity=Decimal("2.5"))]

    def shipments(self, shop: str, since: datetime | None = None) -> list[ShipmentRow]:
        rows = super().shipments(shop)
        by_hand = msgspec.structs.replace(rows[0], external_id="shipment/9", order_line="", product="", kind="shipment")
        changes = {"shipment": {}, "restock": {"location": "WEST"}}
        return [by_hand, *(msgspec.structs.replace(row, **changes[row.kind]) for row in rows)]


class SilentOffice(JournalBackOffice):
    """Stops answering in the middle."""

    def payments(self, shop: str, since: datetime | None = None) -> list[PaymentRow]:
        raise TransientError("no answer")


class ClockedOffice(JournalBackOffice):
    """Stamps its records: it is always five past ten, and nothing in ``old`` has changed since."""

    now = datetime(2026, 11, 20, 10, 5, tzinfo=UTC)
    old: frozenset[str] = frozenset()

    def health(self, shop: str) -> Health:
        return msgspec.structs.replace(super().health(shop), now=self.now)

    def orders(self, shop: str, since: datetime | None = None) -> list[OrderRow]:
        return [row for row in super().orders(shop) if self.is_told(row.record, since)]

    def order_lines(self, shop: str, since: datetime | None = None) -> list[OrderLineRow]:
        return [row for row in super().order_lines(shop) if self.is_told(f"orders/{row.order_id}", since)]

    def shipments(self, shop: str, since: datetime | None = None) -> list[ShipmentRow]:
        return [row for row in super().shipments(shop) if self.is_told(f"orders/{row.order_id}", since)]

    def documents(self, shop: str, since: datetime | None = None) -> list[DocumentRow]:
        return [row for row in super().documents(shop) if self.is_told(row.external_id, since)]

    def ledger(self, shop: str, since: datetime | None = None) -> list[LedgerRow]:
        return [row for row in super().ledger(shop) if self.is_told(row.external_id, since)]

    def payments(self, shop: str, since: datetime | None = None) -> list[PaymentRow]:
        return [row for row in super().payments(shop) if self.is_told(row.external_id, since)]

    def is_told(self, name: str, since: datetime | None) -> bool:
        assert since in (None, self.now - timedelta(minutes=5))
        return since is None or name not in self.old

    def age(self, shop: str) -> None:
        """Everything that is booked now is old from now on."""
        rows = (*self.documents(shop), *self.ledger(shop), *self.payments(shop))
        self.old = frozenset(row.external_id for row in rows) | {row.record for row in self.orders(shop)}


def test_every_table_holds_what_the_back_office_said(shop: AShop) -> None:
    ((order_id, agreement_id, transaction_id),) = shop.sql(
        "select a.order_id, a.agreement_id, t.transaction_id from shopify.order_agreements as a "
        "inner join shopify.order_transactions as t using (shop, order_id)"
    )
    name = f"{agreement_id}/ORDER"
    assert shop.sql(
        "select external_id, order_id, agreement_id, action_type, total, tax from backoffice.documents"
    ) == [(name, order_id, agreement_id, "ORDER", Decimal("10.50"), Decimal("0.50"))]
    assert shop.sql("select external_id, account, amount from backoffice.ledger order by 1, 2") == sorted(
        [
            (name, "1200", Decimal("10.50")),
            (name, "2200", Decimal("-0.50")),
            (name, "4000", Decimal("-10.00")),
            (str(transaction_id), "1100", Decimal("10.50")),
            (str(transaction_id), "1200", Decimal("-10.50")),
        ]
    )
    assert shop.sql("select transaction_id, order_id, amount from backoffice.payments") == [
        (transaction_id, order_id, Decimal("10.50"))
    ]
    assert shop.sql("select tax, base, amount from backoffice.taxes") == [("State Tax 5%", Decimal(10), Decimal("0.5"))]
    assert shop.sql("select account, month, amount from backoffice.totals where amount <> 0 order by 1") == [
        ("1100", date(2026, 11, 1), Decimal("10.50")),
        ("2200", date(2026, 11, 1), Decimal("-0.50")),
        ("4000", date(2026, 11, 1), Decimal("-10.00")),
    ]
    assert shop.sql("select as_of, product, mode, read_at from backoffice.snapshots") == [
        (NOW, "journal", "whole", None)
    ]


def test_lines_units_parties_and_products_are_told_by_id(shop: AShop) -> None:
    item, service = shop.item("CUP"), shop.item("GIFT", is_tracked=False)
    order = shop.order((item, 3, "30.00"), (service, 1, "5.00"), customer_id=7)
    shop.add("customers", customer_id=7, email="Ada@Example.com", updated_at=NOON)
    sent = shop.ship(order, NOON, [2, 1], location_id=72)
    refund_id, _ = shop.refund(order, NOON, units=1, net="10.00", money="10.50")
    shop.push()
    shop.snapshot()

    line, product = order.line_ids[0], str(item.variant_id)
    assert shop.sql("select * from backoffice.shipments order by kind") == [
        (SHOP, "restock", f"{refund_id}/71", order.order_id, line, product, "EAST", Decimal(1), NOON.date()),
        (SHOP, "shipment", str(sent), order.order_id, line, product, "WEST", Decimal(2), NOON.date()),
    ]
    assert shop.sql(
        "select order_line_id, product, quantity from backoffice.order_lines where order_id = %(id)s", id=order.order_id
    ) == [(line, product, Decimal(3))]
    assert shop.sql("select external_id, contact from backoffice.parties order by 1") == [
        ("7", contact_of("ada@example.com")),
        ("guest", ""),
    ]
    assert (product, "CUP") in shop.sql("select external_id, code from backoffice.products")
    assert shop.sql(
        "select distinct s.company, d.company, p.company from backoffice.snapshots as s "
        "cross join backoffice.documents as d cross join backoffice.payments as p"
    ) == [("journal", "journal", "journal")]


def test_what_a_person_made_is_kept_without_an_id_of_ours(shop: AShop) -> None:
    order = a_sent_order(shop)
    shop.refund(order, NOON, units=1, net="10.00", money="10.50")
    shop.push()

    snapshot(shop, EditedOffice(shop.folder / "journal.jsonl", CHART))

    assert shop.sql("select product, quantity from backoffice.order_lines where order_line_id = 0") == [
        ("", Decimal("2.5"))
    ]
    assert shop.sql("select kind, external_id from backoffice.shipments where order_line_id = 0") == [
        ("shipment", "shipment/9")
    ]
    assert shop.sql("select location from backoffice.shipments where kind = 'restock'") == [("WEST",)]


def test_taking_it_twice_changes_nothing(shop: AShop) -> None:
    before = shop.sql("select * from backoffice.ledger order by external_id, account")
    shop.snapshot()
    assert shop.sql("select * from backoffice.ledger order by external_id, account") == before


@pytest.mark.parametrize(
    ("office", "error", "complaint"),
    [
        (OddOffice, PermanentError, "calls document invoice/9 'by hand', not agreement/action"),
        (NamelessOffice, DataError, "parties"),
        (SilentOffice, TransientError, "no answer"),
    ],
)
def test_when_it_cannot_be_read_as_a_whole_the_last_one_stands(
    shop: AShop, office: type[JournalBackOffice], error: type[Exception], complaint: str
) -> None:
    with pytest.raises(error, match=complaint):
        take_snapshot(
            shop.conn,
            office(shop.folder / "journal.jsonl", CHART),
            shop=SHOP,
            clock=shop.clock,
            progress=shop.lines.append,
        )
    assert shop.sql("select count(*) from backoffice.documents") == [(1,)]


TABLES = (
    "orders",
    "order_lines",
    "shipments",
    "parties",
    "products",
    "documents",
    "ledger",
    "taxes",
    "payments",
    "totals",
)


def a_sent_order(shop: AShop) -> Placed:
    """Three units, of which two left."""
    order = shop.order((shop.item("CUP"), 3, "30.00"), name="#1002")
    shop.ship(order, NOON, [2])
    return order


def kept(shop: AShop) -> dict[str, list[tuple[object, ...]]]:
    return {table: sorted(shop.sql(f"select * from backoffice.{table}"), key=repr) for table in TABLES}


@pytest.fixture
def clocked(shop: AShop) -> ClockedOffice:
    """The shop's journal, with a clock, read once."""
    office = ClockedOffice(shop.folder / "journal.jsonl", CHART)
    assert snapshot(shop, office).mode == "whole"
    office.age(SHOP)
    return office


def snapshot(shop: AShop, office: JournalBackOffice) -> Snapshot:
    return take_snapshot(shop.conn, office, shop=SHOP, clock=shop.clock, progress=shop.lines.append)


def test_only_what_changed_is_read_and_what_is_kept_is_the_same_as_when_all_is_read(
    shop: AShop, clocked: ClockedOffice
) -> None:
    shop.order((shop.item("CUP"), 2, "10.00"))
    shop.push()

    taken = snapshot(shop, clocked)

    assert (taken.mode, taken.counts["documents"], taken.counts["payments"]) == ("changes", 1, 1)
    assert shop.sql("select mode, read_at from backoffice.snapshots") == [("changes", clocked.now)]
    found = kept(shop)
    assert len(found["documents"]) == 2
    shop.snapshot()
    assert kept(shop) == found


def test_a_shipment_that_is_cancelled_and_units_that_are_taken_off_are_gone_after_an_increment(
    shop: AShop, clocked: ClockedOffice
) -> None:
    order = a_sent_order(shop)
    shop.push()
    snapshot(shop, clocked)
    units = "select sum(quantity) from backoffice.{} where order_id = %(id)s"
    assert [shop.sql(units.format(table), id=order.order_id) for table in ("order_lines", "shipments")] == [
        [(Decimal(3),)],
        [(Decimal(2),)],
    ]

    shop.sql(
        "update shopify.fulfillments set status = 'CANCELLED', updated_at = %(at)s where order_id = %(id)s",
        id=order.order_id,
        at=NOON,
    )
    shop.sql("update shopify.order_lines set unfulfilled_quantity = 0 where order_id = %(id)s", id=order.order_id)
    shop.touch(order.order_id, NOON)
    shop.push()

    assert snapshot(shop, clocked).mode == "changes"
    assert [shop.sql(units.format(table), id=order.order_id) for table in ("order_lines", "shipments")] == [
        [(None,)],
        [(None,)],
    ]
    found = kept(shop)
    shop.snapshot()
    assert kept(shop) == found


def test_nothing_changed_and_nothing_is_read(shop: AShop, clocked: ClockedOffice) -> None:
    before = kept(shop)

    taken = snapshot(shop, clocked)

    assert (taken.mode, taken.counts["ledger"], kept(shop)) == ("changes", 0, before)


@pytest.mark.parametrize(
    "difference",
    [
        "update backoffice.ledger set amount = amount + 1 where account = '1100'",
        "insert into backoffice.orders select shop, 'orders/9', 9, state, null from backoffice.orders",
        "delete from backoffice.documents",
        "delete from backoffice.payments",
        "update backoffice.ledger set booked_on = booked_on + 30",
    ],
)
def test_a_difference_to_the_control_totals_makes_it_read_everything(
    shop: AShop, clocked: ClockedOffice, difference: str
) -> None:
    before = kept(shop)
    shop.sql(difference)

    taken = snapshot(shop, clocked)

    assert (taken.mode, kept(shop)) == ("whole", before)
    assert shop.sql("select mode from backoffice.snapshots") == [("whole",)]

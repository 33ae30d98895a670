"""A person changed something in the back office that we would change, too: theirs stays, and the push says so."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.backoffice.protocol import EditedRow, Order, Result
from shopify_pipeline.ops.status import status
from shopify_pipeline.steps.repair import repair
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop, Item, Placed
from shopify_pipeline_tests.reconcile.company import CHART
from shopify_pipeline_tests.reconcile.warehouse_rows import SHOP

LOGGED = "select outcome, reason from backoffice.pushes where resource = 'orders'"


class Office(JournalBackOffice):
    """The shop's journal, and what a person did in it.

    Attributes:
        touched: What is no longer as it was pushed.
        asked: How often it was read what was changed.
    """

    def __init__(self, shop: AShop) -> None:
        super().__init__(shop.folder / "journal.jsonl", CHART)
        self.touched: list[EditedRow] = []
        self.asked = 0
        self.sent: list[str] = []

    def edited(self, shop: str, among: Mapping[str, Collection[str]] | None = None) -> list[EditedRow]:
        self.asked += 1
        return [row for row in self.touched if among is None or row.external_id in among.get(row.resource, ())]

    def push_orders(self, shop: str, orders: Sequence[Order]) -> list[Result]:
        self.sent += [order.name for order in orders]
        return super().push_orders(shop, orders)

    def touch_document(self) -> None:
        """A person changes the only invoice."""
        (document,) = self.documents(SHOP)
        self.touched = [
            EditedRow(resource="documents", external_id=document.external_id, record=document.record, what="cancelled")
        ]


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[AShop]:
    with connect(warehouse_dsn) as conn:
        yield AShop.opened(conn, tmp_path)


@pytest.fixture
def office(shop: AShop) -> Office:
    return Office(shop)


@pytest.fixture
def order(shop: AShop, office: Office) -> Placed:
    """An order of two units that is in the books."""
    item: Item = shop.item()
    order = shop.order((item, 2, "20.00"))
    shop.push(backoffice=office)
    office.sent.clear()
    return order


def refund(shop: AShop, order: Placed) -> None:
    shop.refund(order, NOON + timedelta(hours=1), units=1, net="10.00", money="10.50", restock="NO_RESTOCK")


def test_an_order_a_person_changed_is_not_sent_and_the_log_says_why(shop: AShop, office: Office, order: Placed) -> None:
    office.touch_document()
    refund(shop, order)
    pushed = shop.push(backoffice=office)
    assert pushed.counts["orders"] == {"manual_edit": 1, "unchanged": 0}
    assert pushed.rejected == 1
    assert office.sent == []
    ((outcome, reason),) = shop.sql(LOGGED)
    assert outcome == "manual_edit"
    assert reason.startswith(f"documents/{office.touched[0].external_id} was changed in the back office (cancelled)")
    (told,) = status(shop.conn, SHOP, shop.clock.now())["not_taken"]
    assert (told["resource"], told["outcome"], told["records"]) == ("orders", "manual_edit", 1)
    assert (told["for_example"], told["reason"]) == (str(order.order_id), reason)
    assert len(office.documents(SHOP)) == 1


def test_once_the_person_has_undone_it_the_next_push_brings_what_is_missing(
    shop: AShop, office: Office, order: Placed
) -> None:
    office.touch_document()
    refund(shop, order)
    shop.push(backoffice=office)
    assert shop.push(backoffice=office).counts["orders"] == {"manual_edit": 1, "unchanged": 0}
    office.touched = []
    assert shop.push(backoffice=office).counts["orders"]["updated"] == 1
    assert shop.sql(LOGGED) == [("updated", None)]
    assert len(office.documents(SHOP)) == 2


def test_a_changed_record_nobody_wants_to_push_again_stops_nothing(shop: AShop, office: Office, order: Placed) -> None:
    office.touch_document()
    shop.touch(order.order_id, NOON)
    assert shop.push(backoffice=office).counts["orders"] == {"unchanged": 1}
    assert office.asked == 0
    another = shop.order((shop.item("CUP"), 1, "5.00"), name="#1002")
    assert shop.push(backoffice=office).counts["orders"]["created"] == 1
    assert office.sent == ["#1002"]
    assert another.order_id != order.order_id


def test_a_product_a_person_changed_is_sent_for_the_back_office_keeps_what_is_theirs(
    shop: AShop, office: Office, order: Placed
) -> None:
    ((variant_id, product_id),) = shop.sql("select variant_id, product_id from shopify.variants")
    product = EditedRow(resource="products", external_id=str(variant_id), record="products/1", what="changed")
    shop.sql("update shopify.variants set price = 12")

    def push() -> dict[str, int]:
        shop.dirty("products", product_id)
        return dict(shop.push(backoffice=office).counts["products"])

    office.touched = [msgspec.structs.replace(product, what="deleted")]
    assert push() == {"manual_edit": 1, "unchanged": 0}
    office.touched = [product]
    assert push() == {"updated": 1, "unchanged": 0}


def test_a_repair_does_not_overwrite_a_person_either(shop: AShop, office: Office, order: Placed) -> None:
    office.touch_document()
    shop.journal = JournalBackOffice(shop.folder / "another.jsonl", CHART)
    shop.snapshot()
    shop.count()
    shop.reconcile()
    ((lost,),) = shop.sql("select break_id from recon.breaks where rule = 'O1'")
    repair(shop.conn, shop=SHOP, break_ids=[lost], who="controller", clock=shop.clock)
    assert shop.push(backoffice=office).counts["orders"]["manual_edit"] == 1
    assert office.sent == []


def test_reconciliation_reports_what_a_person_changed_until_it_is_undone(
    shop: AShop, office: Office, order: Placed
) -> None:
    office.touch_document()
    shop.journal = office
    shop.count()
    shop.snapshot()
    shop.reconcile()
    assert shop.sql(
        "select class, entity, key, actual, proposed_repair from recon.breaks where rule = 'M1' and status = 'open'"
    ) == [
        (
            "manual_edit",
            f"orders/{order.order_id}",
            f"documents/{office.touched[0].external_id}",
            "cancelled",
            "undo the change in the back office, or accept it with a reason; no push overwrites it",
        )
    ]
    office.touched = []
    shop.snapshot()
    shop.reconcile()
    assert shop.breaks() == []

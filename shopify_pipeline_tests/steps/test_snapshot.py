"""The snapshot: what the back office says of itself, whole, or the last one stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.backoffice.protocol import DocumentRow, Health, LedgerRow, OrderRow, PaymentRow
from shopify_pipeline.errors import PermanentError, TransientError
from shopify_pipeline.steps.snapshot import Snapshot, take_snapshot
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.reconcile.a_shop import AShop
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
                currency="USD",
                total=Decimal(1),
                tax=Decimal(0),
            )
        ]


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


def test_taking_it_twice_changes_nothing(shop: AShop) -> None:
    before = shop.sql("select * from backoffice.ledger order by external_id, account")
    shop.snapshot()
    assert shop.sql("select * from backoffice.ledger order by external_id, account") == before


@pytest.mark.parametrize(
    ("office", "error", "complaint"),
    [
        (OddOffice, PermanentError, "calls document invoice/9 'by hand', not agreement/action"),
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


TABLES = ("orders", "documents", "ledger", "taxes", "payments", "totals")


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

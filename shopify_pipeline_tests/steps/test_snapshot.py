"""The snapshot: what the back office says of itself, whole, or the last one stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.backoffice.protocol import DocumentRow, PaymentRow
from shopify_pipeline.errors import PermanentError, TransientError
from shopify_pipeline.steps.snapshot import take_snapshot
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

    def documents(self, shop: str) -> list[DocumentRow]:
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

    def payments(self, shop: str) -> list[PaymentRow]:
        raise TransientError("no answer")


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
    assert shop.sql("select as_of, product from backoffice.snapshots") == [(NOW, "journal")]


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

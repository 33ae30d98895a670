"""Trap 24: an order on terms has no transactions; who joins orders with payments never hears of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shopify_pipeline.schemas import Stream, grouping
from shopify_pipeline.schemas.records import Assembly, Record, assembled
from shopify_pipeline.steps.extract_reading import roots_with_details
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.builders import SHOP, a_line, a_sale, an_agreement, an_order, as_bulk, bag, page
from shopify_pipeline_tests.reconcile.company import Company
from shopify_pipeline_tests.steps.conftest import Loading

Part = tuple[str, list[bytes]]


def an_order_on_terms(number: int) -> dict[str, Any]:
    """Sold and invoiced, to be paid in thirty days."""
    line = a_line(number * 10, variant=None, product=None)
    return an_order(
        number,
        customer=None,
        displayFinancialStatus="PENDING",
        totalReceivedSet=bag("0.0"),
        netPaymentSet=bag("0.0"),
        totalOutstandingSet=bag("10.0"),
        transactions=[],
        transactionsCount={"count": 0},
        fulfillmentsCount={"count": 0},
        lines=(line,),
        agreements=(an_agreement(number, a_sale(number, line=number * 10)),),
    )


def as_page(order: dict[str, Any]) -> Part:
    return "page", [page("orders", order)]


def as_file(order: dict[str, Any]) -> Part:
    lines = as_bulk(order)
    assert list(roots_with_details(lines)) == [(order["id"], order["updatedAt"])]
    return "bulk", lines


@pytest.mark.parametrize("sent", [as_page, as_file])
def test_an_order_on_terms_is_loaded_and_owed_to_the_back_office_without_a_payment(
    sent: Callable[[dict[str, Any]], Part], warehouse_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(warehouse_dsn) as conn:
        loading = Loading(conn)

        def check(number: int) -> None:
            loaded = loading("orders", sent(an_order_on_terms(number)))
            assert (loaded.received, loaded.loaded, loaded.quarantined) == (1, 1, 0)
            assert loading.rows(
                "select financial_status, total_outstanding_shop, net_payment_shop"
                f" from shopify.orders where order_id = {number}"
            ) == [("PENDING", Decimal(10), Decimal(0))]
            assert loading.rows("select * from shopify.order_transactions") == []

        check(1)
        with monkeypatch.context() as patch:
            patch.setattr(grouping, "assembled", _paid_orders)
            with pytest.raises(AssertionError):
                check(2)

    with connect(warehouse_dsn) as conn:
        books = Company(conn, tmp_path)
        books.push()
        assert [(each.order_id, each.total) for each in books.journal.documents(SHOP)] == [("1", Decimal(10))]
        assert books.journal.payments(SHOP) == []


def _paid_orders(stream: Stream, records: Iterable[Record]) -> Assembly:
    """What an inner join of orders with their transactions leaves."""
    assembly = assembled(stream, records)
    assembly.documents = [each for each in assembly.documents if msgspec.json.decode(each.raw)["transactions"]]
    return assembly

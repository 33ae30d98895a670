"""A day that is done is what the shop says, running it again changes nothing, and one changed order moves alone."""

from __future__ import annotations

import hashlib

from shopify_pipeline.schemas import STREAMS
from shopify_pipeline_tests.e2e.installation import Installation
from shopify_pipeline_tests.e2e.store import Store

OF_ORDERS = [f"shopify.{table.name}" for table in STREAMS["orders"].tables] + [
    f"backoffice.{name}" for name in ("orders", "documents", "ledger", "payments")
]
SNAPSHOT_CALLS = {f"model.shopify.external.{name}" for name in ("orders", "documents", "ledger", "payments", "stock")}


def orders_as_they_are(installation: Installation) -> dict[tuple[str, int], str]:
    """By table and order: a hash of everything kept of it, with the load it came by."""
    rows: dict[tuple[str, int], list[str]] = {}
    for table in OF_ORDERS:
        for order_id, row in installation.rows(f"select order_id, t::text from {table} as t order by t::text"):
            rows.setdefault((table, order_id), []).append(row)
    return {key: hashlib.sha256("\n".join(texts).encode()).hexdigest() for key, texts in rows.items()}


def test_the_warehouse_is_what_another_process_says_of_the_store(undisturbed: Installation) -> None:
    assert undisturbed.difference_to_truth() == {}


def test_no_break_is_open_after_an_undisturbed_day(undisturbed: Installation) -> None:
    assert undisturbed.rows("select rule, class, message from recon.breaks where status = 'open'") == []
    assert undisturbed.rows("select count(*) > 5 from backoffice.documents") == [(True,)]


def test_the_same_day_again_reads_both_systems_and_changes_nothing(
    day_done: Installation, another_store: Store, undisturbed_holds: dict[str, str]
) -> None:
    ((last_load,),) = day_done.rows("select max(load_id) from ops.loads")
    asked, called = len(another_store.operations()), len(day_done.calls_to_the_books())

    day_done.done("sync")
    pushed = day_done.done("push", "--json").counts
    day_done.done("reconcile")

    loads = f"select stream, new_versions from ops.loads where load_id > {last_load}"
    assert dict(day_done.rows(loads)) == dict.fromkeys(STREAMS, 0)
    assert day_done.rows(f"select sum(received) > 0 from ops.loads where load_id > {last_load}") == [(True,)]
    assert {name for name in pushed if not name.endswith(".unchanged")} == set()
    assert {"BulkRun", "OrdersCount", "ProductsCount", "CustomersCount"} <= set(another_store.operations()[asked:])
    calls = set(day_done.calls_to_the_books()[called:])
    assert calls >= SNAPSHOT_CALLS
    assert not [call for call in calls if "push_" in call]
    assert day_done.holds() == undisturbed_holds


def test_of_one_changed_order_exactly_its_rows_and_documents_move(day_done: Installation, another_store: Store) -> None:
    before = orders_as_they_are(day_done)
    ((order_id, name),) = day_done.rows(
        "select o.order_id, o.name from shopify.orders as o inner join backoffice.orders as b using (shop, order_id) "
        "where o.financial_status = 'PAID' and o.fulfillment_status = 'FULFILLED' order by o.order_id desc limit 1"
    )
    another_store.advance(refund=1, order=name)

    day_done.sync()
    pushed = day_done.done("push", "--json").counts
    day_done.reconcile()

    after = orders_as_they_are(day_done)
    moved = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert {order for _, order in moved} == {order_id}
    assert {("shopify.orders", order_id), ("shopify.refunds", order_id), ("backoffice.documents", order_id)} <= moved
    assert pushed["orders.updated"] == 1
    assert pushed["documents"] == 1
    assert day_done.difference_to_truth() == {}
    assert day_done.rows("select rule, class, message from recon.breaks where status = 'open'") == []

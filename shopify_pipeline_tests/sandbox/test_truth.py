"""The auditor's truth agrees with the shop, row by row, though it shares no code with it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline_tests.sandbox.world_cases import NOW, SHOP
from shopify_sandbox.resources import RESOLVERS, typename
from shopify_sandbox.store import Store
from shopify_sandbox.truth import KEYS, TruthError, rows, rows_of, truth
from shopify_sandbox.world.arguments import Arguments


@dataclass(frozen=True)
class Audited:
    """A shop, and the directory its log is in."""

    store: Store
    path: Path


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """A shop with history and a busy day."""
    state = tmp_path_factory.mktemp("lived")
    store = Store.create(state, Arguments(seed=3, orders=120, days=40, now=NOW, shop=SHOP))
    for _ in range(2):
        store.advance(new_orders=10, capture=8, fulfill=8, edit=8, refund=8, settle=1, cancel=4)
        store.advance(refund=4, restock=False, customer_update=5, product_update=5, stock_adjust=5, hours=1)
    return Audited(store, state)


def _view(store: Store, record: Any, path: str) -> Any:
    """A value as the GraphQL view prints it, at a dotted path."""
    kind = typename(record)
    for name in path.split("."):
        record = RESOLVERS[kind][name](store, record, {"names": [], "first": None})
        if record is None:
            return None
        if name.endswith("Set"):
            kind = "MoneyBag"
        elif name in ("shopMoney", "presentmentMoney", "amountSpent", "unitCost"):
            kind = "MoneyV2"
        elif name in EMBEDDED:
            kind = EMBEDDED[name]
    return record


EMBEDDED = {
    "customer": "Customer",
    "shippingAddress": "MailingAddress",
    "product": "Product",
    "variant": "ProductVariant",
    "item": "InventoryItem",
    "inventoryItem": "InventoryItem",
    "location": "Location",
    "defaultEmailAddress": "CustomerEmailAddress",
    "defaultPhoneNumber": "CustomerPhoneNumber",
    "lineItem": "LineItem",
    "parentTransaction": "OrderTransaction",
}


def _compared(value: Any, column: str) -> str | None:
    """A printed value in the truth's notation."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if text.startswith("gid://"):
        return text.rsplit("/", 1)[-1].split("?")[0]
    if column.endswith(("_shop", "_presentment", "price", "cost", "spent")):
        return format(Decimal(text).normalize(), "f") if Decimal(text) else "0"
    return text


def _bags(**fields: str) -> dict[str, str]:
    return {
        f"{name}_{bag}": f"{field}.{bag}Money.amount"
        for name, field in fields.items()
        for bag in ("shop", "presentment")
    }


ORDER_COLUMNS = {
    "order_id": "id",
    "name": "name",
    "email": "email",
    "customer_id": "customer.id",
    "created_at": "createdAt",
    "processed_at": "processedAt",
    "updated_at": "updatedAt",
    "cancelled_at": "cancelledAt",
    "closed_at": "closedAt",
    "cancel_reason": "cancelReason",
    "financial_status": "displayFinancialStatus",
    "fulfillment_status": "displayFulfillmentStatus",
    "is_edited": "edited",
    "ship_to_city": "shippingAddress.city",
    **_bags(
        original_total_price="originalTotalPriceSet",
        total_price="totalPriceSet",
        subtotal_price="subtotalPriceSet",
        total_tax="totalTaxSet",
        total_discounts="totalDiscountsSet",
        total_shipping_price="totalShippingPriceSet",
        current_total_price="currentTotalPriceSet",
        current_subtotal_price="currentSubtotalPriceSet",
        current_total_tax="currentTotalTaxSet",
        current_total_discounts="currentTotalDiscountsSet",
        current_shipping_price="currentShippingPriceSet",
        total_received="totalReceivedSet",
        total_refunded="totalRefundedSet",
        net_payment="netPaymentSet",
        total_outstanding="totalOutstandingSet",
        total_capturable="totalCapturableSet",
        total_tip="totalTipReceivedSet",
        refund_discrepancy="refundDiscrepancySet",
    ),
}
LINE_COLUMNS = {
    "order_line_id": "id",
    "sku": "sku",
    "product_id": "product.id",
    "variant_id": "variant.id",
    "quantity": "quantity",
    "current_quantity": "currentQuantity",
    "unfulfilled_quantity": "unfulfilledQuantity",
    "requires_shipping": "requiresShipping",
    "is_taxable": "taxable",
    **_bags(
        original_unit_price="originalUnitPriceSet",
        original_total="originalTotalSet",
        discounted_total="discountedTotalSet",
    ),
}
TRANSACTION_COLUMNS = {
    "transaction_id": "id",
    "parent_transaction_id": "parentTransaction.id",
    "kind": "kind",
    "status": "status",
    "gateway": "gateway",
    "error_code": "errorCode",
    "created_at": "createdAt",
    "processed_at": "processedAt",
    **_bags(amount="amountSet"),
}
CUSTOMER_COLUMNS = {
    "customer_id": "id",
    "display_name": "displayName",
    "email": "defaultEmailAddress.emailAddress",
    "email_marketing_state": "defaultEmailAddress.marketingState",
    "phone": "defaultPhoneNumber.phoneNumber",
    "order_count": "numberOfOrders",
    "amount_spent": "amountSpent.amount",
    "created_at": "createdAt",
    "updated_at": "updatedAt",
}
VARIANT_COLUMNS = {
    "variant_id": "id",
    "product_id": "product.id",
    "inventory_item_id": "inventoryItem.id",
    "sku": "sku",
    "display_name": "displayName",
    "position": "position",
    "price": "price",
    "compare_at_price": "compareAtPrice",
    "updated_at": "updatedAt",
}
REFUND_COLUMNS = {
    "refund_id": "id",
    "note": "note",
    "created_at": "createdAt",
    "updated_at": "updatedAt",
    **_bags(total_refunded="totalRefundedSet"),
}
ITEM_COLUMNS = {"inventory_item_id": "id", "sku": "sku", "unit_cost": "unitCost.amount"}
RECORDS: dict[str, tuple[Callable[[Store], list[Any]], dict[str, str]]] = {
    "orders": (lambda store: list(store.state.orders.values()), ORDER_COLUMNS),
    "order_lines": (lambda store: list(store.state.lines.values()), LINE_COLUMNS),
    "order_transactions": (
        lambda store: [one for order in store.state.orders.values() for one in order.transactions],
        TRANSACTION_COLUMNS,
    ),
    "refunds": (lambda store: [one for order in store.state.orders.values() for one in order.refunds], REFUND_COLUMNS),
    "customers": (lambda store: list(store.state.customers.values()), CUSTOMER_COLUMNS),
    "variants": (lambda store: list(store.state.variants.values()), VARIANT_COLUMNS),
    "inventory_items": (lambda store: list(store.state.items.values()), ITEM_COLUMNS),
}


@pytest.mark.parametrize("table", RECORDS)
def test_truth_and_graphql_view_tell_the_same_of_every_record(lived: Audited, table: str):
    records, columns = RECORDS[table]
    key = KEYS[table][0]
    shown = {
        row[key]: row
        for record in records(lived.store)
        for row in [{column: _compared(_view(lived.store, record, path), column) for column, path in columns.items()}]
    }
    told = {row[key]: {column: row[column] for column in columns} for row in rows(lived.path, table)}

    assert told == shown


def test_truth_and_graphql_view_tell_the_same_of_every_stock_level(lived: Audited):
    names = ["available", "committed", "damaged", "incoming", "on_hand", "quality_control", "reserved", "safety_stock"]
    quantities = RESOLVERS["InventoryLevel"]["quantities"]
    quantity = RESOLVERS["InventoryQuantity"]["quantity"]
    shown = {
        (str(level.item.id), str(level.location.id)): [
            str(quantity(lived.store, row, {})) for row in quantities(lived.store, level, {"names": names})
        ]
        + [_view(lived.store, level, "updatedAt")]
        for level in lived.store.state.levels.values()
    }
    told = {
        (row["inventory_item_id"], row["location_id"]): [row[name] for name in names] + [row["updated_at"]]
        for row in rows(lived.path, "inventory_levels")
    }

    assert told == shown


def test_ledger_tables_sum_to_what_the_events_say(lived: Audited):
    """Summed here from the raw lines of the log, vanished sales left out."""
    totals: Counter[str] = Counter()
    sales: dict[int, int] = {}
    for line in (lived.path / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        for sale in event.get("agreement", {}).get("sales", []):
            sales[sale["id"]] = sale["total"]
        for vanished in event.get("sale_ids", []):
            del sales[vanished]
        for one in event.get("transactions", []) + event.get("voids", []):
            totals["transactions"] += one["amount"]
        for row in event.get("refund", {}).get("lines", []):
            totals["refund subtotals"] += row[5]
    tables = truth(lived.path)["tables"]

    assert tables["order_sales"]["count"] == len(sales)
    assert _cents(tables, "order_sales", "total_shop") == sum(sales.values())
    assert _cents(tables, "order_transactions", "amount_presentment") == totals["transactions"]
    assert _cents(tables, "refund_lines", "subtotal_shop") == totals["refund subtotals"]


def test_orders_and_their_ledger_agree_inside_the_truth(lived: Audited):
    tables = truth(lived.path)["tables"]

    current = _cents(tables, "orders", "current_total_price_shop") + _cents(tables, "orders", "refund_discrepancy_shop")
    assert current == _cents(tables, "order_sales", "total_shop")
    assert _cents(tables, "order_sale_taxes", "amount_shop") == _cents(tables, "orders", "current_total_tax_shop")


def test_hashes_are_over_sorted_canonical_lines(lived: Audited):
    told = truth(lived.path)["tables"]["refunds"]
    lines = sorted(
        json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        for row in rows(lived.path, "refunds")
    )
    ids = sorted(f'{{"refund_id":"{row["refund_id"]}"}}' for row in rows(lived.path, "refunds"))

    assert told["count"] == len(lines)
    assert told["columns"] == sorted(json.loads(lines[0]))
    assert told["rows_sha256"] == hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    assert told["ids_sha256"] == hashlib.sha256("".join(f"{line}\n" for line in ids).encode()).hexdigest()


def test_keys_of_every_table_are_unique_and_no_table_of_a_full_shop_is_empty(tmp_path: Path):
    Store.create(tmp_path, Arguments(seed=11, orders=800, days=60, now=NOW, shop=SHOP, mix="full"))
    empty = set()
    for table, found in rows_of(tmp_path, KEYS).items():
        seen = Counter(tuple(row[name] for name in KEYS[table]) for row in found)
        assert max(seen.values(), default=1) == 1, table
        empty |= set() if seen else {table}
    # Who is exempt from taxes is exempt from all, which needs no row.
    assert empty == {"customer_tax_exemptions"}


def test_canonical_cells_are_plain(lived: Audited):
    first = next(rows(lived.path, "inventory_items"))

    assert first["is_tracked"] == "true"
    assert first["created_at"] == first["updated_at"]
    cost = first["unit_cost"]
    assert cost is not None
    assert format(Decimal(cost).normalize(), "f") == cost


def test_any_change_changes_the_hash_of_its_table(tmp_path: Path):
    store = Store.create(tmp_path, Arguments(seed=1, orders=20, days=20, now=NOW, shop=SHOP))
    before = truth(tmp_path)["tables"]

    store.advance(customer_update=1)

    after = truth(tmp_path)["tables"]
    changed = {table for table in KEYS if before[table]["rows_sha256"] != after[table]["rows_sha256"]}
    assert changed <= {"customers", "customer_addresses"}
    assert "customers" in changed


def test_truth_loads_nothing_of_the_world_it_audits():
    """An auditor that used the world's figures would share their mistakes."""
    program = "import sys, shopify_sandbox.truth; print(*(name for name in sys.modules if name.startswith('shopify_')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert [name for name in done.stdout.split() if "truth" not in name] == ["shopify_sandbox"]


def test_missing_log_and_unknown_table_are_refused(tmp_path: Path, lived: Audited):
    with pytest.raises(TruthError, match=r"events\.jsonl cannot be audited"):
        truth(tmp_path)
    with pytest.raises(TruthError, match="there is no table moons"):
        next(rows(lived.path, "moons"))


def _cents(tables: dict[str, Any], table: str, column: str) -> int:
    return int(Decimal(tables[table]["money"][column]["USD"]).scaleb(2))

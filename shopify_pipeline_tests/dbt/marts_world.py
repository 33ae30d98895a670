"""The small world the marts are built from: two shops and a dozen orders, as loaded; what is said of them beside that
stands in ``marts_books.py``.

Here: facts only. What the marts should make of them stands in the tests.
"""

from __future__ import annotations

from typing import Any

from shopify_pipeline_tests.dbt.marts_rows import Agreement, Payment, Sale, Warehouse

NEW_YORK = "new-york.myshopify.com"
TOKYO = "tokyo.myshopify.com"
BERLIN = "berlin.myshopify.com"

#: Two units at 10.00 and one at 5.00, 10 % off, taxed; shipping with tax; a tip. The worked example W1 of the ledger.
W1 = (
    Sale("ORDER", "PRODUCT", "19.49", "1.49", "2.00", 2),
    Sale("ORDER", "PRODUCT", "4.87", "0.37", "0.50", 1),
    Sale("ORDER", "SHIPPING", "7.58", "0.58"),
    Sale("ORDER", "TIP", "3.00", quantity=1),
)
SIMPLE = (Sale("ORDER", "PRODUCT", "10.00", quantity=1),)


def fill(warehouse: Warehouse) -> None:
    """Write the whole world."""
    _shops(warehouse)
    _customers(warehouse)
    _orders_of_new_york(warehouse)
    _orders_of_tokyo(warehouse)
    _stock(warehouse)
    _a_quiet_shop(warehouse)


def _shops(warehouse: Warehouse) -> None:
    warehouse.add("ops.shops", shop=NEW_YORK, time_zone="America/New_York", currency="USD", go_live_on="2026-06-01")
    warehouse.add("ops.shops", shop=TOKYO, time_zone="Asia/Tokyo", currency="JPY")
    warehouse.add("ops.shops", shop=BERLIN, time_zone="Europe/Berlin", currency="EUR", go_live_on="2026-06-01")


def _customers(warehouse: Warehouse) -> None:
    for customer_id in (70, 71):
        warehouse.add("shopify.customers", shop=NEW_YORK, customer_id=customer_id, state="ENABLED", currency="USD")
    warehouse.add(
        "shopify.customers", shop=NEW_YORK, customer_id=72, state="DISABLED", currency="USD", email=None, phone=None
    )
    warehouse.add("shopify.customers", shop=NEW_YORK, customer_id=73, state="ENABLED", currency="USD", _deleted=True)
    warehouse.add("shopify.customers", shop=TOKYO, customer_id=70, state="ENABLED", currency="JPY")


def _orders_of_new_york(warehouse: Warehouse) -> None:
    def order(order_id: int, *agreements: Agreement, **rest: Any) -> None:
        warehouse.add_order(NEW_YORK, order_id, **{"currency": "USD", "agreements": agreements, **rest})

    # Authorised and captured; later one unit comes back on the evening of 10 June, which is the 11th in UTC.
    order(
        1001,
        Agreement("2026-06-02T14:00:00+00:00", W1),
        Agreement(
            "2026-06-11T03:59:59+00:00", (Sale("RETURN", "PRODUCT", "-9.75", "-0.75", "-1.00", -1),), "RefundAgreement"
        ),
        payments=(
            Payment("AUTHORIZATION", "34.94"),
            Payment("CAPTURE", "34.94"),
            Payment("REFUND", "9.75", at="2026-06-11T03:59:59+00:00"),
        ),
        lines=((2, "10.00"), (1, "5.00")),
        customer_id=70,
        financial_status="PARTIALLY_REFUNDED",
    )
    # Two lines, and paid by a sale and a capture: nothing of it may be counted twice.
    order(
        1002,
        Agreement("2026-06-03T04:00:00+00:00", (*SIMPLE, Sale("ORDER", "PRODUCT", "30.00", quantity=3))),
        payments=(Payment("SALE", "5.00"), Payment("AUTHORIZATION", "35.00"), Payment("CAPTURE", "35.00")),
        lines=((1, "10.00"), (3, "10.00")),
        customer_id=71,
    )
    # The same customer, the same second: the lower id is the first order.
    order(1003, Agreement("2026-06-03T04:00:00+00:00", SIMPLE), payments=(Payment("SALE", "10.00"),), customer_id=71)
    # Cancelled and given back on the day after.
    order(
        1004,
        Agreement("2026-06-04T14:00:00+00:00", SIMPLE),
        Agreement("2026-06-05T14:00:00+00:00", (Sale("RETURN", "PRODUCT", "-10.00", quantity=-1),), "RefundAgreement"),
        payments=(Payment("SALE", "10.00"), Payment("REFUND", "10.00")),
        cancelled_at="2026-06-05T14:00:00+00:00",
        cancel_reason="CUSTOMER",
    )
    order(1005, Agreement("2026-06-04T14:00:00+00:00", SIMPLE), is_test=True, customer_id=70)
    order(1006, Agreement("2026-06-04T14:00:00+00:00", SIMPLE), _deleted=True)
    # Older than the books; the second one has a goodwill refund in them.
    order(
        1007,
        Agreement("2026-05-20T14:00:00+00:00", SIMPLE),
        payments=(Payment("SALE", "10.00", at="2026-05-20T14:00:00+00:00"),),
    )
    order(
        1008,
        Agreement("2026-05-21T14:00:00+00:00", SIMPLE),
        Agreement("2026-06-06T14:00:00+00:00", (Sale("RETURN", "ADJUSTMENT", "-1.00"),), "RefundAgreement"),
        payments=(
            Payment("SALE", "10.00", at="2026-05-21T14:00:00+00:00"),
            Payment("REFUND", "1.00", at="2026-06-06T14:00:00+00:00"),
        ),
    )
    # Paid in euros; the rate moved between order and payment, and 0.73 dollars are left by it.
    order(
        1009,
        Agreement("2026-06-07T14:00:00+00:00", (Sale("ORDER", "PRODUCT", "13.50", quantity=1, shown="9.00"),)),
        payments=(Payment("SALE", "12.77", shown="9.00"),),
        presentment_currency="EUR",
        total_outstanding_shop="0",
    )
    # Shipped since go-live, sold before: of the sales nothing is owed, but the order is in the books.
    order(
        1010,
        Agreement("2026-05-30T14:00:00+00:00", SIMPLE),
        payments=(Payment("SALE", "10.00", at="2026-05-30T14:00:00+00:00"),),
    )
    warehouse.add(
        "shopify.fulfillments",
        shop=NEW_YORK,
        fulfillment_id=1,
        order_id=1010,
        status="SUCCESS",
        created_at="2026-06-08T14:00:00+00:00",
    )
    # Changed after the last judgement.
    order(1011, Agreement("2026-06-16T14:00:00+00:00", SIMPLE))


def _orders_of_tokyo(warehouse: Warehouse) -> None:
    # 00:00 of 2 June in Tokyo is 15:00 of 1 June in UTC; the ids repeat another shop's.
    warehouse.add_order(
        TOKYO,
        1001,
        currency="JPY",
        agreements=(Agreement("2026-06-01T15:00:00+00:00", (Sale("ORDER", "PRODUCT", "932", "85", "100", 2),)),),
        customer_id=70,
        lines=((2, "499"),),
    )


def _stock(warehouse: Warehouse) -> None:
    warehouse.add("shopify.products", shop=NEW_YORK, product_id=1, title="Cup", status="ACTIVE")
    warehouse.add("shopify.products", shop=NEW_YORK, product_id=2, title="Gone", _deleted=True)
    for variant_id, product_id in ((11, 1), (12, 2)):
        warehouse.add(
            "shopify.variants",
            shop=NEW_YORK,
            variant_id=variant_id,
            product_id=product_id,
            inventory_item_id=variant_id + 100,
            sku=f"CUP-{variant_id}",
            title="Blue",
        )
    warehouse.add(
        "shopify.inventory_items",
        shop=NEW_YORK,
        inventory_item_id=111,
        sku="OLD",
        unit_cost="2.55",
        cost_currency="USD",
    )
    warehouse.add("shopify.inventory_items", shop=NEW_YORK, inventory_item_id=112, sku="GONE-12")
    for location_id, name in ((8, "Main"), (9, "East")):
        warehouse.add("shopify.locations", shop=NEW_YORK, location_id=location_id, name=name)
    level = {"shop": NEW_YORK, "inventory_item_id": 111}
    warehouse.add("shopify.inventory_levels", **level, location_id=8, on_hand=10, available=7, committed=2, damaged=1)
    warehouse.add("shopify.inventory_levels", **level, location_id=9, on_hand=0, available=-2, committed=2, incoming=5)
    warehouse.add(
        "shopify.inventory_levels", shop=NEW_YORK, inventory_item_id=112, location_id=8, on_hand=4, available=4
    )


def _a_quiet_shop(warehouse: Warehouse) -> None:
    """Two orders and a refund in Berlin, about which everybody agrees."""
    paid = {"gateway": "shopify_payments"}
    warehouse.add_order(
        BERLIN,
        3001,
        currency="EUR",
        agreements=(
            Agreement("2026-06-02T10:00:00+00:00", SIMPLE),
            Agreement(
                "2026-06-03T10:00:00+00:00", (Sale("RETURN", "PRODUCT", "-4.00", quantity=-1),), "RefundAgreement"
            ),
        ),
        payments=(Payment("SALE", "10.00", **paid), Payment("REFUND", "4.00", at="2026-06-03T10:00:00+00:00", **paid)),
    )
    warehouse.add_order(
        BERLIN, 3002, currency="EUR", agreements=(Agreement("2026-06-02T10:00:00+00:00", SIMPLE),), payments=()
    )

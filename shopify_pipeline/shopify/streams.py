"""Which documents read which stream, and what of it.

Here: declarations. The columns are in ``schemas/``, the selections in ``queries/``, the reading in ``pages.py`` and
``bulk.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from shopify_pipeline.shopify.windows import Window


@dataclass(frozen=True)
class RootReading:
    """How the roots of one connection are read.

    Attributes:
        nodes: GraphQL types of the roots it gives.
        root: The connection, dotted from the query's root on (``shopifyPaymentsAccount.payouts``).
        page: Operation for a window by pages, sorted by the window's stamp where Shopify can.
        by_id: Operation that reads such roots whole by their gids.
        stamp: Search field a window is about; None: no filter tells what changed, and all are read each time.
        count: Operation that counts a window cheaply; None where Shopify counts none.
        bulk: Operation for a bulk operation; None where pages suffice.
        detail: Operation for what neither a page nor a bulk operation carries; None when they carry everything.
        inner: Connection under each node whose nodes are roots of their own; the window filters those.
        holders: Whether the nodes themselves are no roots and only hold them.
        unsettled: By how much a window is widened at both ends: what is not settled so long after its date changes
            without a stamp, and what is planned is dated ahead.
    """

    nodes: tuple[str, ...]
    root: str
    page: str
    by_id: str
    stamp: str | None = "updated_at"
    count: str | None = None
    bulk: str | None = None
    detail: str | None = None
    inner: str | None = None
    holders: bool = False
    unsettled: timedelta = timedelta(0)

    def window(self, window: Window) -> Window:
        """The part of time to read for this window."""
        if self.stamp is None:
            return Window(None, window.until, stamp=None)
        since = None if window.since is None else window.since - self.unsettled
        return Window(since, window.until + self.unsettled, self.stamp)


@dataclass(frozen=True)
class StreamReading:
    """How one stream is read.

    Attributes:
        roots: One per root connection, in the order they are read.
        metafields: Operation that reads the metafields of its roots by their gids; None when they have none.
    """

    roots: tuple[RootReading, ...]
    metafields: str | None = None

    def by_id(self, node: str) -> str:
        """The operation that reads roots of this GraphQL type whole; for a type it has not, that of its first roots."""
        return next((each.by_id for each in self.roots if node in each.nodes), self.roots[0].by_id)


#: A payout's transactions are assigned, and its status becomes final, within so many days.
SETTLED_AFTER = timedelta(days=30)

READINGS = {
    "orders": StreamReading(
        (
            RootReading(
                ("Order",),
                "orders",
                "OrdersPage",
                "OrdersById",
                count="OrdersCount",
                bulk="OrdersBulk",
                detail="OrdersDetail",
            ),
        ),
        metafields="OrderMetafields",
    ),
    "fulfillment_orders": StreamReading(
        (
            RootReading(
                ("FulfillmentOrder",),
                "fulfillmentOrders",
                "FulfillmentOrdersPage",
                "FulfillmentOrdersById",
                bulk="FulfillmentOrdersBulk",
            ),
        )
    ),
    "customers": StreamReading(
        (
            RootReading(
                ("Customer",),
                "customers",
                "CustomersPage",
                "CustomersById",
                count="CustomersCount",
                bulk="CustomersBulk",
            ),
        ),
        metafields="CustomerMetafields",
    ),
    "products": StreamReading(
        (
            RootReading(
                ("Product",), "products", "ProductsPage", "ProductsById", count="ProductsCount", bulk="ProductsBulk"
            ),
        ),
        metafields="ProductMetafields",
    ),
    "inventory": StreamReading(
        (
            RootReading(
                ("InventoryItem",), "inventoryItems", "InventoryItemsPage", "InventoryById", bulk="InventoryItemsBulk"
            ),
            RootReading(
                ("Location", "InventoryLevel"),
                "locations",
                "LocationsPage",
                "InventoryById",
                bulk="LocationsBulk",
                inner="inventoryLevels",
            ),
        )
    ),
    "gift_cards": StreamReading(
        (
            RootReading(
                ("GiftCard",),
                "giftCards",
                "GiftCardsPage",
                "GiftCardsById",
                stamp=None,
                count="GiftCardsCount",
                bulk="GiftCardsBulk",
            ),
        )
    ),
    "store_credit": StreamReading(
        tuple(
            RootReading(
                ("StoreCreditAccount",),
                root,
                f"{owner}CreditPage",
                "CreditAccountsById",
                stamp=None,
                count=count,
                bulk=f"{owner}CreditBulk",
                inner="storeCreditAccounts",
                holders=True,
            )
            for owner, root, count in (
                ("Customer", "customers", "CustomersCount"),
                ("Company", "companyLocations", None),
            )
        )
    ),
    "tender_transactions": StreamReading(
        (
            RootReading(
                ("TenderTransaction",),
                "tenderTransactions",
                "TenderTransactionsPage",
                "TenderTransactionsById",
                stamp="processed_at",
                bulk="TenderTransactionsBulk",
            ),
        )
    ),
    "payouts": StreamReading(
        (
            RootReading(
                ("ShopifyPaymentsPayout",),
                "shopifyPaymentsAccount.payouts",
                "PayoutsPage",
                "PayoutsById",
                stamp="issued_at",
                unsettled=SETTLED_AFTER,
            ),
            RootReading(
                ("ShopifyPaymentsBalanceTransaction",),
                "shopifyPaymentsAccount.balanceTransactions",
                "BalanceTransactionsPage",
                "BalanceTransactionsById",
                stamp="processed_at",
                unsettled=SETTLED_AFTER,
            ),
            RootReading(
                ("ShopifyPaymentsDispute",),
                "shopifyPaymentsAccount.disputes",
                "DisputesPage",
                "DisputesById",
                stamp=None,
            ),
        )
    ),
}

#: Stream → bulk operations that name every root there is, by its id. A stream that is not here is read whole anyway,
#: or its roots are never deleted.
IDS = {
    "orders": ("OrdersIds",),
    "customers": ("CustomersIds",),
    "products": ("ProductsIds",),
    "inventory": ("InventoryItemsIds", "LocationsIds"),
    "fulfillment_orders": ("FulfillmentOrdersIds",),
}

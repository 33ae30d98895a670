"""What the census asks the shop, and the parser of each answer, apart from the field map.

Here: the list of its operations. Their rows are made in ``census_orders.py``, ``census_goods.py`` and
``census_funds.py``; running them and keeping the rows is ``steps/census.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from shopify_pipeline.reconcile.census_funds import balance, disputes, gift_cards, payouts, store_credit
from shopify_pipeline.reconcile.census_goods import customers, inventory, products, variants
from shopify_pipeline.reconcile.census_orders import orders
from shopify_pipeline.reconcile.census_reading import Node, TableRow

#: Bulk operation → how its lines are read. ``CensusReturns`` is not here: it only tells what to ask next.
BULK: dict[str, Callable[[str, Iterable[bytes]], Iterator[TableRow]]] = {
    "CensusOrders": orders,
    "CensusCustomers": customers,
    "CensusProducts": products,
    "CensusVariants": variants,
    "CensusInventory": inventory,
    "CensusGiftCards": gift_cards,
    "CensusCustomerCredit": store_credit,
    "CensusCompanyCredit": store_credit,
}

#: Operation read by pages → where its connection is, and how its nodes are read.
PAGED: dict[str, tuple[str, Callable[[str, Iterable[Node]], Iterator[TableRow]]]] = {
    "CensusPayouts": ("shopifyPaymentsAccount.payouts", payouts),
    "CensusBalance": ("shopifyPaymentsAccount.balanceTransactions", balance),
    "CensusDisputes": ("shopifyPaymentsAccount.disputes", disputes),
}

"""What is due: dirty records, those that were not taken before, and the master data their orders need.

Here: one reading of the dirty set and the push log. Not here: sending (``push_sending.py``), and the order of what
depends on what (``push.py``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg import Connection
from psycopg.rows import TupleRow

from shopify_pipeline.backoffice import mapping, movements, owed, push_log
from shopify_pipeline.backoffice.mapping import Books
from shopify_pipeline.backoffice.protocol import Party
from shopify_pipeline.backoffice.push_log import Dirty
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.clock import Clock

#: Resources whose dirty rows are settled with what they become; those of all others are dealt with before the first
#: order: master data is sent then, and nothing is made of the rest.
SETTLED_LATER = frozenset({"orders", *movements.ROOT_OF.values()})

Conn = Connection[TupleRow]


@dataclass(frozen=True)
class Due:
    """What one push has to look at.

    Attributes:
        parties: External ids of customers, companies and the guest.
        counts: Levels whose opening count is not in the books.
        orders: Order ids, oldest first.
        marks: Dirty orders that are in the books, by order id.
        settled: Dirty rows that are dealt with once the master data is sent, and orders that are not in the books.
        lapsed: Orders that were refused before and are not in the books any more.
    """

    parties: Sequence[str]
    products: Sequence[int]
    counts: Sequence[owed.LevelRow]
    orders: Sequence[int]
    marks: Mapping[int, Dirty]
    settled: Sequence[Dirty]
    lapsed: Sequence[int]
    out_of_scope: int


def begin(conn: Conn, shop: str, value_map: ValueMap, books: Books, clock: Clock) -> None:
    """Store the value map; before the very first push mark every order of the books, so that a crash forgets none."""
    with conn.transaction():
        push_log.store_value_map(conn, shop, value_map)
        if not push_log.has_pushed(conn, shop):
            everything = owed.orders_in_scope(conn, shop, books.go_live_at, None)
            push_log.mark_dirty(conn, shop, "orders", [str(row.order_id) for row in everything], clock.now())


def parties(conn: Conn, shop: str, wanted: Sequence[str]) -> list[Party]:
    """Customers, companies and the guest as they are owed, by their external ids."""
    with conn.transaction():
        customers = owed.parties(conn, shop, mapping.customer_ids(wanted))
        companies = owed.companies(conn, shop, mapping.company_ids(wanted))
    return mapping.parties(wanted, customers, companies)


def find_due(conn: Conn, shop: str, value_map: ValueMap, books: Books) -> Due:
    """Dirty records, those that were not taken before, and the master data the due orders need."""
    with conn.transaction():
        dirty: defaultdict[str, list[Dirty]] = defaultdict(list)
        for row in push_log.dirty(conn, shop):
            dirty[row.resource].append(row)
        marks = {int(row.external_id): row for row in dirty["orders"]}
        refused = {int(order_id) for order_id in push_log.refused(conn, shop, "orders")}
        scope = owed.orders_in_scope(conn, shop, books.go_live_at, sorted(marks.keys() | refused))
        orders = [row.order_id for row in scope]
        counts = owed.levels_to_open(conn, shop, books.go_live_at, list(value_map.locations))
        customers = [row.external_id for row in dirty["customers"]]
        wanted = {
            *(mapping.party_id(row.customer_id, row.company_id) for row in scope),
            *push_log.last(conn, shop, "parties", customers),
            *push_log.refused(conn, shop, "parties"),
        }
        changed = [
            *owed.variants_of_products(conn, shop, [int(row.external_id) for row in dirty["products"]]),
            *owed.variants_of_items(conn, shop, [int(row.external_id) for row in dirty["inventory_items"]]),
        ]
        products = (
            set(owed.variants_of_orders(conn, shop, orders))
            | {level.variant_id for level in counts}
            | {int(product) for product in push_log.last(conn, shop, "products", [str(variant) for variant in changed])}
            | {int(product) for product in push_log.refused(conn, shop, "products")}
        )
    dropped = [row for order_id, row in marks.items() if order_id not in set(orders)]
    return Due(
        parties=sorted(wanted),
        products=sorted(products),
        counts=counts,
        orders=orders,
        marks=marks,
        settled=[*dropped, *(row for resource, rows in dirty.items() if resource not in SETTLED_LATER for row in rows)],
        lapsed=sorted(refused.difference(orders)),
        out_of_scope=len(dropped),
    )

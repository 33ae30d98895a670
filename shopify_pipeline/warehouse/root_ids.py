"""How a root is named: the tail of its gid, ``123``, or ``123?inventory_item_id=456`` for an inventory level.

Here: that tail as SQL over the root's table. A level's number is unique only together with its inventory item.
"""

from __future__ import annotations

from psycopg import sql

from shopify_pipeline.schemas import Table


def has_item(root: Table) -> bool:
    """Whether the number in the gid is unique only together with an inventory item."""
    return root.root_column not in root.key


def tail_sql(root: Table) -> sql.Composable:
    """The tail of a root's gid, over its table known as ``held``."""
    number = sql.SQL("held.{}::text").format(sql.Identifier(root.root_column))
    if not has_item(root):
        return number
    return number + sql.SQL(" || '?inventory_item_id=' || held.inventory_item_id::text")


def number_of(tail: str) -> int:
    """The number a tail begins with: what the table's root column holds."""
    return int(tail.partition("?")[0])

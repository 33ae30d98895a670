"""What proves that the plain lists of a root came whole: a list has no ``pageInfo`` that says it goes on.

Here: pure comparisons of one root with itself. Not here: connections, which are drained (``pages.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shopify_pipeline.errors import IncompleteError

#: List of an order → the field that counts it (shopify.dev changelog 2024-07; fulfillments with the cancelled ones).
_COUNTED = {"transactions": "transactionsCount", "fulfillments": "fulfillmentsCount"}


def refunds_named(order: Mapping[str, Any]) -> set[str]:
    """Gids of the refunds that the sales agreements read here speak of.

    Nothing counts the refunds of an order, but each of them is an agreement, and agreements are a connection.
    """
    agreements = (order.get("agreements") or {}).get("nodes", ())
    return {agreement["refund"]["id"] for agreement in agreements if agreement.get("refund")}


def check_lists(order: Mapping[str, Any], refunds: set[str]) -> None:
    """Compare every list of an order with what else the order says about it.

    Args:
        refunds: Gids of all refunds its agreements name.

    Raises:
        IncompleteError: A list is shorter than it should be.
    """
    check_counts(order)
    missing = refunds - {refund["id"] for refund in order.get("refunds", ())}
    if missing:
        raise _cut_short(order, "refunds", f"all but {len(missing)}, such as {min(missing)},")


def check_counts(order: Mapping[str, Any]) -> None:
    """Compare the lists of an order that Shopify counts with their counts; one reading gave both.

    Raises:
        IncompleteError: A list is shorter than it should be.
    """
    for name, count_name in _COUNTED.items():
        counted = order.get(count_name)
        if counted and len(order[name]) < counted["count"]:
            raise _cut_short(order, name, f"{len(order[name])} of {counted['count']}")


def _cut_short(order: Mapping[str, Any], name: str, came: str) -> IncompleteError:
    return IncompleteError(
        f"{order['id']}: {came} came in the list {name}: what is missing cannot be read on; nothing of the load counts"
    )

"""How the census reads a value: ids, amounts and instants of Shopify's answers, by plain Python.

Here: what its parsers share. Nothing is shared with ``schemas/``, so that neither hides the other's bug.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shopify_pipeline.errors import IncompleteError

Node = dict[str, Any]
#: A row of one table of ``census.sql``: the table's name and its columns, in the order of its frame.
TableRow = tuple[str, tuple[object, ...]]


def nodes(lines: Iterable[bytes]) -> Iterator[Node]:
    """The objects of a bulk file. Children name their parent by ``__parentId``; where they stand means nothing."""
    return (json.loads(line, parse_float=Decimal) for line in lines)


def kind(node: Node) -> str:
    """``Order`` of ``gid://shopify/Order/1``."""
    return str(node["id"]).split("/")[3]


def number(gid: str) -> int:
    """1 of ``gid://shopify/Order/1`` and of ``gid://shopify/InventoryLevel/1?inventory_item_id=2``."""
    return int(gid.rsplit("/", 1)[1].split("?")[0])


def number_of(node: Node | None) -> int | None:
    """The id of a node that may not be there."""
    return None if node is None else number(node["id"])


def amount(bag: Node) -> Decimal:
    """Of a MoneyBag, major units of the shop's currency."""
    return Decimal(bag["shopMoney"]["amount"])


def presented(bag: Node) -> Decimal:
    """Of a MoneyBag, major units of the currency the customer saw."""
    return Decimal(bag["presentmentMoney"]["amount"])


def money(value: Node) -> tuple[str, Decimal]:
    """Currency and major units of a MoneyV2."""
    return value["currencyCode"], Decimal(value["amount"])


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def instant_of(text: str | None) -> datetime | None:
    return None if text is None else instant(text)


def day_of(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def unexpected(node: Node) -> IncompleteError:
    return IncompleteError(f"the census holds a {kind(node)}, which it did not ask for")

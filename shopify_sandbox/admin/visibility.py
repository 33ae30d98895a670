"""Which orders an app sees: without ``read_all_orders`` only those created within the last 60 days exist for it.

Belongs here: the window and what it does to resolved values. Scopes that open types and fields are in ``schema.py``.

Source: https://shopify.dev/docs/api/usage/access-scopes (orders permissions).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shopify_sandbox.admin.model import Resolver

WINDOW = timedelta(days=60)
ALL_ORDERS = "read_all_orders"


@dataclass(frozen=True)
class OrderWindow:
    """The orders one request may see; what is no order is always seen.

    Args:
        since: Orders created earlier are hidden; None hides none.
        typename: Names the GraphQL type of a record.
    """

    since: datetime | None
    typename: Callable[[Any], str]

    @classmethod
    def of(cls, granted: frozenset[str], now: datetime, typename: Callable[[Any], str]) -> "OrderWindow":
        return cls(None if ALL_ORDERS in granted else now - WINDOW, typename)

    @property
    def limited(self) -> bool:
        return self.since is not None

    def shows(self, record: Any) -> bool:
        if self.since is None or record is None or self.typename(record) != "Order":
            return True
        return bool(record.created_at >= self.since)

    def through(self, resolver: Resolver, *, in_place: bool = False) -> Resolver:
        """Put the window before a resolver: a hidden order is null, and left out of a list.

        Args:
            in_place: Keep the places of a list; a hidden order is null there.
        """
        if not self.limited:
            return resolver

        def resolve(store: Any, record: Any, arguments: Mapping[str, Any]) -> Any:
            value = resolver(store, record, arguments)
            if not isinstance(value, list | tuple):
                return value if self.shows(value) else None
            if in_place:
                return [each if self.shows(each) else None for each in value]
            return [each for each in value if self.shows(each)]

        return resolve

"""What a write answers: the record it made, or why it made none.

Belongs here: what all writes share. What a write is refused for is in ``stock.py`` and ``fulfillments.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shopify_sandbox.admin.model import Resolver
from shopify_sandbox.errors import UserError


@dataclass(frozen=True)
class Payload:
    """What a write answers: the record it made, or why it did not."""

    GRAPHQL_TYPE: str
    made: Any
    errors: Sequence[UserError] = ()


@dataclass(frozen=True)
class Problem:
    """Why one argument is refused; the payload's type decides which user error it becomes."""

    field: tuple[str, ...]
    message: str
    code: str | None = None


def fields(made: str) -> dict[str, Resolver]:
    """Give the GraphQL view of a payload; ``made`` is the name of the field that holds what was made."""
    return {
        made: lambda store, record, arguments: record.made,
        "userErrors": lambda store, record, arguments: record.errors,
    }

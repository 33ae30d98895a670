"""What the Admin API says when it refuses: error bodies in Shopify's shape, and the exceptions that carry them.

Belongs here: shapes and wordings. Which request deserves which refusal is decided where the rule lives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql.language import FormattedSourceLocation

ErrorBody = dict[str, Any]

LIMITS_PAGE = "https://shopify.dev/api/usage/rate-limits"
COST_PAGE = "https://shopify.dev/concepts/about-apis/rate-limits"
BULK_PAGE = "https://shopify.dev/api/usage/bulk-operations/queries"
SCOPES_PAGE = "https://shopify.dev/api/usage/access-scopes"
UNAUTHORIZED = "[API] Invalid API key or access token (unrecognized login or wrong password)"
NON_EXPIRING_REFUSED = (
    "[API] Non-expiring access tokens are no longer accepted for the Admin API. Start using expiring offline tokens: "
    "https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens"
    "#expiring-vs-non-expiring-offline-tokens"
)


class SandboxError(Exception):
    """The sandbox cannot do what it was told; the message is one line for a person."""


class Refused(Exception):
    """A whole GraphQL request is refused before anything runs; the answer has ``errors`` and no cost."""

    def __init__(self, errors: Sequence[ErrorBody]) -> None:
        super().__init__(errors[0]["message"])
        self.errors = list(errors)


class FieldError(Exception):
    """One field cannot be answered; it becomes null and the error says why."""

    def __init__(self, message: str, code: str, path: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.path = list(path)

    def body(self) -> ErrorBody:
        return error(str(self), self.code, path=self.path)


@dataclass(frozen=True)
class UserError:
    """A refusal inside a payload; ``GRAPHQL_TYPE`` is chosen by the mutation."""

    GRAPHQL_TYPE: str
    field: tuple[str, ...] | None
    message: str
    code: str | None = None


def error(
    message: str,
    code: str,
    *,
    path: Sequence[str] | None = None,
    locations: Sequence[FormattedSourceLocation] | None = None,
    **extensions: Any,
) -> ErrorBody:
    """Shape one entry of ``errors``: message, optional locations and path, and ``extensions.code``."""
    body: ErrorBody = {"message": message}
    if locations:
        body["locations"] = list(locations)
    if path:
        body["path"] = list(path)
    body["extensions"] = {"code": code, **extensions}
    return body


def not_modelled(type_name: str, field: str, path: Sequence[str]) -> ErrorBody:
    """A published field, argument or filter this world has no answer for: said aloud, never null."""
    return error(
        f"{type_name}.{field} is not modelled by the sandbox",
        "SANDBOX_NOT_MODELLED",
        path=path,
        typeName=type_name,
        fieldName=field,
    )


def access_denied(field: str, requirement: str, path: Sequence[str]) -> ErrorBody:
    return error(
        f"Access denied for {field} field. Required access: {requirement}",
        "ACCESS_DENIED",
        path=path,
        documentation=SCOPES_PAGE,
        requiredAccess=requirement,
    )


def input_too_large(
    count: int, limit: int, path: Sequence[str], locations: Sequence[FormattedSourceLocation]
) -> ErrorBody:
    return error(
        f"The input array size of {count} is greater than the maximum allowed of {limit}.",
        "MAX_INPUT_SIZE_EXCEEDED",
        path=path,
        locations=locations,
    )


def throttled() -> ErrorBody:
    return error("Throttled", "THROTTLED", documentation=LIMITS_PAGE)


def max_cost_exceeded(cost: int, limit: int) -> ErrorBody:
    return error(
        f"Query cost is {cost}, which exceeds the single query max cost limit ({limit}).\n\n"
        f"See {COST_PAGE} for more information on how the\ncost of a query is calculated.\n\n"
        "To query larger amounts of data with fewer limits, bulk operations should be used instead.\n"
        f"See {BULK_PAGE} for usage details.\n",
        "MAX_COST_EXCEEDED",
        cost=cost,
        maxCost=limit,
        documentation=LIMITS_PAGE,
    )

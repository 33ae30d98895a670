"""What Shopify's answers mean: an HTTP answer becomes an ``Answer`` or the error that says what to do.

Here: pure functions on one answer. Not here: sending, waiting, trying again. Sources: shopify.dev response codes,
rate limits, search syntax; recorded answers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from shopify_pipeline.errors import (
    AuthExpiredError,
    PermanentError,
    PipelineError,
    QueryCostError,
    ThrottledError,
    TransientError,
)
from shopify_pipeline.shopify.queries import Operation
from shopify_pipeline.shopify.session import Reply, SlowAnswerError
from shopify_pipeline.shopify.throttle import Bucket

_REFUSED = {
    400: "did not understand the request",
    402: "is frozen: its owner must settle the bill with Shopify",
    403: "forbids this: give the app the scopes it needs",
    404: "does not exist, or not at this API version: check the shop's domain",
    406: "did not accept the request",
    414: "did not accept the request: it is too long",
    422: "did not accept the request",
    423: "is locked: contact Shopify",
    430: "rejected the request for security reasons: stop for an hour, then look at the app's traffic",
}
_SLOW_STATUSES = frozenset({408, 504, 524})
_TRANSIENT_CODES = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"})
_MESSAGE_CHARACTERS_MAX = 200


@dataclass(frozen=True)
class Cost:
    """Points of query cost: what was asked for, and what was taken in the end (None when refused)."""

    requested: float
    actual: float | None


@dataclass(frozen=True)
class Answer:
    """One whole answer without a single error.

    Attributes:
        data: The decoded ``data``.
        raw: The body as Shopify sent it, decompressed; what is landed.
        shop_now: The shop's clock (Date header), UTC, whole seconds.
        api_version: The version that answered; always the one asked for.
    """

    operation: str
    query_hash: str
    data: dict[str, Any]
    raw: bytes
    cost: Cost | None
    bucket: Bucket | None
    shop_now: datetime
    api_version: str


def check_status(reply: Reply) -> None:
    """Let a 200 pass.

    Raises:
        PipelineError: The subclass says what any other status asks for.
    """
    status = reply.status
    if status == 200:
        return
    if status == 401:
        raise AuthExpiredError("the shop refused the access token")
    if status == 429:
        raise ThrottledError("Shopify answers 429: too many requests", retry_after_seconds=_retry_after_seconds(reply))
    if status in _SLOW_STATUSES:
        raise SlowAnswerError(f"Shopify gave up after its time limit (HTTP {status})")
    if status >= 500:
        raise TransientError(f"Shopify failed with HTTP {status}")
    raise PermanentError(f"the shop {_REFUSED.get(status, 'answered something unexpected')} (HTTP {status})")


def decode(reply: Reply) -> dict[str, Any]:
    """The body of a 200 as a JSON object.

    Raises:
        TransientError: It is not JSON: a proxy's page or a cut body, both of which pass.
    """
    try:
        envelope = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise TransientError("Shopify's answer is not JSON, or not all of it") from exc
    if not isinstance(envelope, dict):
        raise TransientError("Shopify's answer is not a JSON object")
    return envelope


def cost_of(envelope: Mapping[str, Any]) -> tuple[Cost | None, Bucket | None]:
    """What the query cost and what the bucket holds, as far as the answer says so."""
    said = _mapping(_mapping(envelope.get("extensions")).get("cost"))
    status = _mapping(said.get("throttleStatus"))
    cost = (
        Cost(said["requestedQueryCost"], said.get("actualQueryCost"))
        if said.get("requestedQueryCost") is not None
        else None
    )
    if not {"maximumAvailable", "currentlyAvailable", "restoreRate"} <= status.keys():
        return cost, None
    return cost, Bucket(
        float(status["maximumAvailable"]), float(status["currentlyAvailable"]), float(status["restoreRate"])
    )


def check_version(reply: Reply, asked: str) -> None:
    """Refuse an answer of another API version: a retired version is silently answered by the oldest supported one.

    Raises:
        PermanentError: It was another version, or none was named.
    """
    answered = reply.headers.get("X-Shopify-API-Version")
    if answered != asked:
        raise PermanentError(
            f"asked for Admin API {asked}, {answered or 'an unnamed version'} answered: move to a supported version"
        )


def shop_clock(reply: Reply) -> datetime:
    """The shop's clock at the time of the answer, UTC.

    Raises:
        PermanentError: The answer does not tell the time; windows cannot be bounded without it.
    """
    try:
        return parsedate_to_datetime(reply.headers.get("Date", "")).astimezone(UTC)
    except ValueError as exc:
        raise PermanentError("Shopify's answer carries no readable Date header, so no window can be bounded") from exc


def read_answer(reply: Reply, envelope: Mapping[str, Any], operation: Operation, api_version: str) -> Answer:
    """Accept an answer only when all of it is there.

    Raises:
        ThrottledError, QueryCostError, TransientError, PermanentError: As the errors in the answer ask for. Partial
            data with an error, and a search filter Shopify did not understand and ignored, are errors: nothing is
            silently missing or too much.
    """
    cost, bucket = cost_of(envelope)
    errors = envelope.get("errors")
    if errors:
        raise _error_of(errors, operation.name, cost, bucket)
    warned = _mapping(envelope.get("extensions")).get("search")
    for search in warned if isinstance(warned, list) else ():
        for warning in _mapping(search).get("warnings") or ():
            said = _mapping(warning)
            raise PermanentError(
                f"{operation.name}: Shopify ignored the search filter on {said.get('field')} ({said.get('code')}); "
                "everything would have come back"
            )
    data = envelope.get("data")
    if not isinstance(data, dict):
        raise TransientError(f"{operation.name}: the answer holds neither data nor an error")
    return Answer(
        operation=operation.name,
        query_hash=operation.query_hash,
        data=data,
        raw=reply.body,
        cost=cost,
        bucket=bucket,
        shop_now=shop_clock(reply),
        api_version=api_version,
    )


def _error_of(errors: object, operation: str, cost: Cost | None, bucket: Bucket | None) -> PipelineError:
    if not isinstance(errors, list):
        return PermanentError(f"{operation} was refused: {_clipped(errors)}")
    found = [_mapping(error) for error in errors]
    codes = [_mapping(error.get("extensions")).get("code") for error in found]
    if "THROTTLED" in codes:
        wait = bucket.wait_seconds(cost.requested) if bucket and cost else 1.0
        return ThrottledError(f"{operation} was throttled", retry_after_seconds=max(1.0, wait))
    if "MAX_COST_EXCEEDED" in codes:
        return QueryCostError(f"{operation} costs more than Shopify allows for one query: ask for smaller pages")
    first, code = found[0], codes[0]
    where = ".".join(str(step) for step in _sequence(first.get("path"))) or "the query"
    said = f"{operation}: {code or 'error'} at {where}: {_clipped(first.get('message'))}"
    return TransientError(said) if code in _TRANSIENT_CODES else PermanentError(said)


def _retry_after_seconds(reply: Reply) -> float:
    try:
        seconds = float(reply.headers.get("Retry-After", "1"))
    except ValueError:
        return 1.0
    return max(0.0, seconds) if math.isfinite(seconds) else 1.0


def _clipped(message: object) -> str:
    return str(message)[:_MESSAGE_CHARACTERS_MAX]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()

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
    AccessDeniedError,
    ApiVersionError,
    AuthExpiredError,
    BlockedError,
    GarbledAnswerError,
    PermanentError,
    PipelineError,
    QueryCostError,
    ShopUnavailableError,
    SlowAnswerError,
    ThrottledError,
    TransientError,
)
from shopify_pipeline.shopify.queries import Operation
from shopify_pipeline.shopify.session import Reply
from shopify_pipeline.shopify.throttle import Bucket

_REFUSED: dict[int, tuple[type[PermanentError], str]] = {
    400: (PermanentError, "did not understand the request"),
    402: (ShopUnavailableError, "is frozen: its owner must settle the bill with Shopify"),
    403: (
        AccessDeniedError,
        "forbids this: give the app the scopes it needs; a public app needs a token that expires (refresh_token_file)",
    ),
    404: (ShopUnavailableError, "does not exist, or not at this API version: check the shop's domain"),
    406: (PermanentError, "did not accept the request"),
    414: (PermanentError, "did not accept the request: it is too long"),
    422: (PermanentError, "did not accept the request"),
    423: (ShopUnavailableError, "is locked: contact Shopify"),
}
_UNEXPECTED = (PermanentError, "answered something unexpected")
BLOCKED_SECONDS = 3600.0
_SLOW_STATUSES = frozenset({408, 504, 524})
_THROTTLED = "THROTTLED"
_TRANSIENT_CODES = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"})
_MESSAGE_CHARACTERS_MAX = 200
_JSON = "application/json"
_KEY_END = b'":'


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
    if status == 430:
        raise blocked()
    if status in _SLOW_STATUSES:
        raise SlowAnswerError(f"Shopify gave up after its time limit (HTTP {status})")
    if status >= 500:
        raise TransientError(f"Shopify failed with HTTP {status}")
    error, said = _REFUSED.get(status, _UNEXPECTED)
    raise error(f"the shop {said} (HTTP {status})")


def blocked() -> BlockedError:
    """What 430 asks for, whatever of the shop's addresses gave it."""
    return BlockedError(
        "the shop rejected the request for security reasons (HTTP 430): stop for an hour, then look at the app's "
        "traffic",
        retry_after_seconds=BLOCKED_SECONDS,
    )


def decode(reply: Reply) -> dict[str, Any]:
    """The body of a 200 as a JSON object; not a number, a size or a key in it that JSON or we could mistake.

    Raises:
        GarbledAnswerError: It is not JSON: a proxy's page or a cut body, both of which pass.
    """
    media_type = reply.headers.get("Content-Type", _JSON).partition(";")[0].strip().lower()
    if media_type != _JSON:
        raise GarbledAnswerError("Shopify's answer is not declared to be JSON: something in between answered")
    try:
        envelope = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise GarbledAnswerError("Shopify's answer is not JSON, or not all of it") from exc
    if not isinstance(envelope, dict):
        raise GarbledAnswerError("Shopify's answer is not a JSON object")
    # The parser keeps the last of two equal keys and is silent about the other: then fewer are left than were said.
    if reply.body.count(_KEY_END) > msgspec.json.encode(envelope).count(_KEY_END):
        raise GarbledAnswerError("Shopify's answer says a key twice: which of the two is true cannot be known")
    return envelope


def cost_of(envelope: Mapping[str, Any]) -> tuple[Cost | None, Bucket | None]:
    """What the query cost and what the bucket holds, as far as the answer says so."""
    said = _mapping(_mapping(envelope.get("extensions")).get("cost"))
    status = _mapping(said.get("throttleStatus"))
    requested, actual = _number(said.get("requestedQueryCost")), _number(said.get("actualQueryCost"))
    maximum, available, restore = (
        _number(status.get(name)) for name in ("maximumAvailable", "currentlyAvailable", "restoreRate")
    )
    cost = Cost(requested, actual) if requested is not None else None
    if maximum is None or available is None or restore is None:
        return cost, None
    return cost, Bucket(maximum, available, restore)


def was_run(envelope: Mapping[str, Any]) -> bool:
    """Whether the query may have taken points; one refused as too dear or as no valid query has taken none.

    Such an answer holds no data, and as captured often no cost either.
    """
    if not envelope.get("errors") or "data" in envelope:
        return True
    codes = [_mapping(_mapping(error).get("extensions")).get("code") for error in _sequence(envelope["errors"])]
    return any(code in codes for code in (_THROTTLED, *_TRANSIENT_CODES))


def check_version(reply: Reply, asked: str) -> None:
    """Refuse an answer of another API version: a retired version is silently answered by the oldest supported one.

    Raises:
        ApiVersionError: It was another version, or none was named.
    """
    answered = reply.headers.get("X-Shopify-API-Version")
    if answered != asked:
        raise ApiVersionError(
            f"asked for Admin API {asked}, {answered or 'an unnamed version'} answered: move to a supported version"
        )


def shop_clock(reply: Reply) -> datetime:
    """The shop's clock at the time of the answer, UTC.

    Raises:
        PermanentError: The answer does not tell the time; windows cannot be bounded without it.
    """
    at = _http_date(reply.headers.get("Date"))
    if at is None:
        raise PermanentError("Shopify's answer carries no readable Date header, so no window can be bounded")
    return at


def read_answer(reply: Reply, envelope: Mapping[str, Any], operation: Operation, api_version: str) -> Answer:
    """Accept an answer only when all of it is there.

    Raises:
        ThrottledError, QueryCostError, AccessDeniedError, TransientError, PermanentError: As the errors in the answer
            ask for. Partial data with an error, and a search filter Shopify did not understand and ignored, are
            errors: nothing is silently missing or too much.
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
    if _THROTTLED in codes:
        wait = bucket.wait_seconds(cost.requested) if bucket and cost else 1.0
        return ThrottledError(f"{operation} was throttled", retry_after_seconds=max(1.0, wait))
    if "MAX_COST_EXCEEDED" in codes:
        return QueryCostError(f"{operation} costs more than Shopify allows for one query: ask for smaller pages")
    first, code = found[0], codes[0]
    where = ".".join(str(step) for step in _sequence(first.get("path"))) or "the query"
    said = f"{operation}: {code or 'error'} at {where}: {_clipped(first.get('message'))}"
    if "ACCESS_DENIED" in codes:
        return AccessDeniedError(f"{said}: give the app the scopes it needs")
    return TransientError(said) if code in _TRANSIENT_CODES else PermanentError(said)


def _retry_after_seconds(reply: Reply) -> float:
    """Seconds, whole or not, or an HTTP date by the shop's own clock; 1 s when it is neither."""
    said = reply.headers.get("Retry-After", "")
    try:
        seconds = float(said)
    except ValueError:
        at, now = _http_date(said), _http_date(reply.headers.get("Date"))
        seconds = (at - now).total_seconds() if at and now else math.nan
    return max(0.0, seconds) if math.isfinite(seconds) else 1.0


def _http_date(text: str | None) -> datetime | None:
    try:
        at = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    # An HTTP date is in GMT; one that names no zone (``-0000``) must not become our local time.
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _clipped(message: object) -> str:
    return " ".join(str(message).split())[:_MESSAGE_CHARACTERS_MAX]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()

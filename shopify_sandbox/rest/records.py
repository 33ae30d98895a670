"""The REST Admin API, as far as clients still cannot do without it: shop, orders, customers, locations, deletions.

Belongs here: resources, their filters, pages by Link header, the call limit. A record has the shape its webhook has
(``webhooks/payloads.py``); what REST alone shows is in ``shop.py``.

Source: https://shopify.dev/docs/api/admin-rest, /docs/api/usage/pagination-rest, /docs/api/usage/limits (40 calls, two
a second come back).
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from shopify_sandbox.admin.throttle import Bucket
from shopify_sandbox.admin.visibility import OrderWindow
from shopify_sandbox.resources import typename
from shopify_sandbox.rest.shop import location, shop
from shopify_sandbox.store import Store
from shopify_sandbox.webhooks.payloads import payload
from shopify_sandbox.world.records import Deletion, Order

CALLS_PER_SECOND = 2
LIMIT_DEFAULT, LIMIT_MAX = 50, 250
MORE = "See https://shopify.dev/api/usage/pagination-rest for more information."
TOO_MANY = "Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service."
#: Amounts of refunds are JSON numbers, which a Decimal becomes only when it is told to.
_encode = msgspec.json.Encoder(decimal_format="number").encode

Query = Mapping[str, str]


@dataclass(frozen=True)
class RestAnswer:
    """One answer.

    Attributes:
        body: JSON text.
        next_page: Query of the page that follows; empty when there is none.
        calls: The call limit as the header shows it, such as ``1/40``.
    """

    status: int
    body: bytes
    next_page: Query
    calls: str


class BadRequest(Exception):
    """A parameter cannot be used; ``body`` is what Shopify answers."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(f"{parameter}: {message}")
        self.body = {"errors": {parameter: message}}


@dataclass(frozen=True)
class Listing:
    """A list of records that is filtered, sorted and paged.

    Attributes:
        scope: What an app needs to see it.
        shape: One record in the REST shape.
        order: How it is sorted when nothing is said, such as ``id asc``.
        times: Attributes with ``…_min`` and ``…_max`` filters; they are also what can be sorted by, beside the id.
        keeps: Filters only this list has.
    """

    scope: str
    records: Callable[[Store], Iterable[Any]]
    shape: Callable[[Store, Any], Any]
    order: str
    times: tuple[str, ...]
    keeps: Callable[[Any, Query], bool] = lambda record, query: True


def _has_status(order: Order, query: Query) -> bool:
    """An order list shows open orders unless it is told otherwise."""
    wanted = query.get("status", "open")
    if wanted == "any":
        return True
    actual = "cancelled" if order.cancelled_at else "closed" if order.closed_at else "open"
    return actual == wanted


LISTINGS = {
    "orders": Listing(
        scope="read_orders",
        records=lambda store: store.state.orders.values(),
        shape=lambda store, order: payload("orders/updated", order, shop=store.shop),
        order="processed_at desc",
        times=("created_at", "processed_at", "updated_at"),
        keeps=_has_status,
    ),
    "customers": Listing(
        scope="read_customers",
        records=lambda store: store.state.customers.values(),
        shape=lambda store, customer: payload("customers/update", customer, shop=store.shop),
        order="id asc",
        times=("created_at", "updated_at"),
    ),
    "locations": Listing(
        scope="read_locations",
        records=lambda store: store.state.locations.values(),
        shape=lambda store, one: location(one, store.shop),
        order="id asc",
        times=(),
    ),
}


#: What REST has events for; who else is deleted, it does not tell.
SUBJECTS = ("Order", "Product")


def _deletions(store: Store) -> list[Deletion]:
    return [one for kind in SUBJECTS for one in store.state.deletions.get(kind, ())]


def _event(store: Store, one: Deletion) -> Mapping[str, Any]:
    return {
        "id": one.id,
        "subject_id": one.record_id,
        "created_at": one.created_at.astimezone(ZoneInfo(store.shop.timezone)).isoformat(),
        "subject_type": one.kind,
        "verb": "destroy",
        "arguments": [one.title],
        "body": None,
        "message": f"{one.kind} was deleted: {one.title}.",
        "author": "Shopify",
        "description": f"{one.kind} was deleted: {one.title}.",
        "path": None,
    }


def _is_of_subject(one: Deletion, query: Query) -> bool:
    return "filter" not in query or one.kind in query["filter"].split(",")


#: Events need no scope of their own (assumed).
DELETIONS = Listing(
    scope="",
    records=_deletions,
    shape=_event,
    order="id asc",
    times=("created_at",),
    keeps=_is_of_subject,
)


class Rest:
    """Answers REST requests on one store.

    Args:
        calls: The bucket of calls; it restores ``CALLS_PER_SECOND``.
    """

    def __init__(self, store: Store, calls: Bucket) -> None:
        self._store = store
        self._calls = calls

    def answer(self, resource: str, query: Query, granted: frozenset[str]) -> RestAnswer:
        """Answer ``GET /admin/api/…/<resource>.json``."""
        if not self._calls.take(1):
            return self._answered(429, {"errors": TOO_MANY})
        if resource == "shop":
            return self._answered(200, {"shop": shop(self._store)})
        if resource == "events":
            return self._events(query)
        listing = LISTINGS.get(resource)
        if listing is None:
            return self._answered(404, {"errors": "Not Found"})
        if listing.scope not in granted:
            needed = f"[API] This action requires merchant approval for {listing.scope} scope."
            return self._answered(403, {"errors": needed})
        try:
            with self._store.lock:
                window = OrderWindow.of(granted, self._store.now, typename)
                records, following = page(self._store, listing, query, window)
                shown = [listing.shape(self._store, record) for record in records]
        except BadRequest as refused:
            return self._answered(400, refused.body)
        return self._answered(200, {resource: shown}, following)

    def scopes(self, granted: frozenset[str]) -> RestAnswer:
        """Answer ``GET /admin/oauth/access_scopes.json``; it costs no call."""
        return self._answered(200, {"access_scopes": [{"handle": scope} for scope in sorted(granted)]})

    def _events(self, query: Query) -> RestAnswer:
        """The list of what happened, as far as something was deleted."""
        if "page_info" not in query and query.get("verb") != "destroy":
            return self._answered(501, {"errors": "The sandbox models events of the verb destroy only"})
        try:
            with self._store.lock:
                window = OrderWindow(None, typename)
                records, following = page(self._store, DELETIONS, query, window)
                shown = [DELETIONS.shape(self._store, record) for record in records]
        except BadRequest as refused:
            return self._answered(400, refused.body)
        return self._answered(200, {"events": shown}, following)

    def _answered(self, status: int, content: Any, following: Query | None = None) -> RestAnswer:
        left = self._calls.status()
        used = left.maximum_available - left.currently_available
        return RestAnswer(status, _encode(content), following or {}, f"{used}/{left.maximum_available}")


def page(store: Store, listing: Listing, query: Query, window: OrderWindow) -> tuple[list[Any], Query]:
    """Give the records of one page, and the query of the next one (empty after the last).

    Args:
        window: What orders the app sees.

    Raises:
        BadRequest: A parameter cannot be read, or stands beside ``page_info`` and must not.
    """
    limit = _limit(query)
    asked, after = _continued(query) if "page_info" in query else (query, None)
    column, direction = _order(listing, asked)
    bounds = _bounds(listing, asked, ZoneInfo(store.shop.timezone))

    def key(record: Any) -> tuple[str, int]:
        return ("" if column == "id" else getattr(record, column).isoformat(), record.id)

    def kept(record: Any) -> bool:
        return window.shows(record) and all(keep(record) for keep in bounds) and listing.keeps(record, asked)

    down = direction == "desc"
    found = sorted(filter(kept, listing.records(store)), key=key, reverse=down)
    if after is not None:
        found = [record for record in found if (key(record) < after if down else key(record) > after)]
    shown = found[:limit]
    if len(found) <= limit:
        return shown, {}
    return shown, {
        "limit": str(limit),
        "page_info": _token({**asked, "order": f"{column} {direction}"}, key(shown[-1])),
    }


def _order(listing: Listing, query: Query) -> tuple[str, str]:
    """Column and direction; an order the list does not know is passed over, as every unknown parameter is."""
    for text in (query.get("order", ""), listing.order):
        column, _, direction = text.lower().partition(" ")
        if column in ("id", *listing.times) and direction in ("", "asc", "desc"):
            return column, direction or "asc"
    raise KeyError(listing.order)


def _limit(query: Query) -> int:
    text = query.get("limit", str(LIMIT_DEFAULT))
    if not text.isdigit() or not int(text):
        raise BadRequest("limit", "must be a number from 1 to 250")
    return min(int(text), LIMIT_MAX)


def _bounds(listing: Listing, query: Query, zone: ZoneInfo) -> list[Callable[[Any], bool]]:
    """What the time filters and ``since_id`` ask of a record; both ends of a time belong to it."""
    bounds: list[Callable[[Any], bool]] = []
    for name in listing.times:
        if f"{name}_min" in query:
            bounds.append(_not_before(name, _instant(f"{name}_min", query, zone)))
        if f"{name}_max" in query:
            bounds.append(_not_after(name, _instant(f"{name}_max", query, zone)))
    if "since_id" in query:
        if not query["since_id"].isdigit():
            raise BadRequest("since_id", "must be a number")
        beyond = int(query["since_id"])
        bounds.append(lambda record: record.id > beyond)
    return bounds


def _not_before(column: str, least: datetime) -> Callable[[Any], bool]:
    return lambda record: bool(getattr(record, column) >= least)


def _not_after(column: str, most: datetime) -> Callable[[Any], bool]:
    return lambda record: bool(getattr(record, column) <= most)


def _instant(parameter: str, query: Query, zone: ZoneInfo) -> datetime:
    """A time filter; what has no offset is the shop's own time."""
    try:
        at = datetime.fromisoformat(query[parameter])
    except ValueError:
        raise BadRequest(parameter, "is not a valid time") from None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _token(asked: Query, after: tuple[str, int]) -> str:
    """``page_info``: everything the next page needs, since nothing but ``limit`` may stand beside it."""
    kept = {name: value for name, value in asked.items() if name not in ("limit", "page_info")}
    return base64.urlsafe_b64encode(json.dumps([kept, *after]).encode()).decode().rstrip("=")


def _continued(query: Query) -> tuple[Query, tuple[str, int]]:
    for name in query:
        if name not in ("limit", "fields", "page_info"):
            raise BadRequest(name, f"{name} cannot be passed. {MORE}")
    token = query["page_info"]
    try:
        asked, value, record_id = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, TypeError, binascii.Error):
        raise BadRequest("page_info", "Invalid value.") from None
    if not (isinstance(asked, dict) and isinstance(value, str) and isinstance(record_id, int)):
        raise BadRequest("page_info", "Invalid value.")
    return asked, (value, record_id)

"""Tryton as the back office, over JSON-RPC: sessions, encoding, batches, pages and what each failure means.

Not here: how a document is booked (the plug-in ``tryton_shopify``), what is owed (``mapping/``), starting a server.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests

from shopify_pipeline.backoffice.protocol import (
    Codes,
    DocumentRow,
    EditedRow,
    Health,
    JournalEntry,
    LedgerRow,
    Order,
    OrderLineRow,
    OrderRow,
    Outcome,
    Party,
    PartyRow,
    PaymentRow,
    Product,
    ProductRow,
    Result,
    ShipmentRow,
    StockCount,
    StockRow,
    TaxedRow,
    Total,
)
from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import AuthExpiredError, ConfigError, PermanentError, SlowAnswerError, TransientError

MODEL = "model.shopify.external"
# SQLite 3.40 overflows its parser's stack somewhere above this many records in one statement.
RECORDS_PER_CALL = 40
ROWS_PER_PAGE = 2000
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
INSTANT = ("year", "month", "day", "hour", "minute", "second", "microsecond")
# Tryton says how a call failed by the name of the exception alone.
REFUSALS = frozenset({"UserError", "UserWarning"})

Progress = Callable[[str, int, int], None]
Record = TypeVar("Record", Party, Product, StockCount, Order, JournalEntry)
Row = TypeVar("Row", bound=msgspec.Struct)


class UnreachableError(TransientError):
    """Nothing accepted the connection, or it broke; whether the call ran is unknown."""


class FailedError(PermanentError):
    """The back office failed inside a call, and rolled it back; why is in its log."""


class RefusedError(PermanentError):
    """The back office refused a batch and rolled it back.

    Attributes:
        reason: One line, from the back office.
        external_id: Whose fault it is, when the back office knows.
    """

    def __init__(self, reason: str, external_id: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.external_id = external_id


class TrytonBackOffice:
    """``BackOffice`` on a Tryton 8.2 server with the ``tryton_shopify`` module.

    Args:
        url: Where the server listens; plain http only on loopback.
        database: Name of the company's database.
        user: The service user; it needs the groups "Shopify Push" and "Shopify Read" and no other.
        password: Its password.
        session: Carries every request; proxies from the environment are switched off on it.
        clock: Measures how long a call took, for messages.
        timeout_seconds: How long one call may take; a batch of orders takes seconds, not minutes.
        orders_per_call: Orders per transaction; it holds the company's gapless numbers for half a second per order.
        progress: Called after each batch with the resource, the records done and all records.

    Raises:
        ConfigError: The URL is neither https nor loopback.
    """

    def __init__(
        self,
        url: str,
        database: str,
        user: str,
        password: str,
        *,
        session: requests.Session,
        clock: Clock,
        timeout_seconds: float = 180,
        orders_per_call: int = 10,
        progress: Progress | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ConfigError(f"{url} is not safe for a password: use https, or http on 127.0.0.1 only")
        self._url = url.rstrip("/")
        self._database = database
        self._user = user
        self._password = password
        self._session = session
        self._session.trust_env = False
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._orders_per_call = orders_per_call
        self._progress = progress or (lambda resource, done, total: None)
        self._authorization: str | None = None
        self._calls = 0

    def health(self, shop: str) -> Health:
        """Ask who is there, and in which currency the shop's company keeps its books."""
        return Health(**self._call("health", shop))

    def push_parties(self, shop: str, parties: Sequence[Party]) -> list[Result]:
        """Create or update customers."""
        return self._push("parties", shop, parties, RECORDS_PER_CALL)

    def push_products(self, shop: str, products: Sequence[Product]) -> list[Result]:
        """Create or update variants."""
        return self._push("products", shop, products, RECORDS_PER_CALL)

    def push_stock_counts(self, shop: str, counts: Sequence[StockCount]) -> list[Result]:
        """Book counts, opening ones and later ones."""
        return self._push("stock_counts", shop, counts, RECORDS_PER_CALL)

    def push_orders(self, shop: str, orders: Sequence[Order]) -> list[Result]:
        """Book what is missing of each order."""
        return self._push("orders", shop, orders, self._orders_per_call)

    def push_entries(self, shop: str, entries: Sequence[JournalEntry]) -> list[Result]:
        """Post what happened to money outside invoices and payments."""
        return self._push("entries", shop, entries, self._orders_per_call)

    def known(self, shop: str, resource: str, external_ids: Sequence[str]) -> dict[str, str]:
        """Ask which ids are booked."""
        known: dict[str, str] = self._call("known", shop, resource, list(external_ids))
        return known

    def orders(self, shop: str, since: datetime | None = None) -> list[OrderRow]:
        """Read the sales that carry an order id."""
        return self._pages("orders", shop, OrderRow, since)

    def order_lines(self, shop: str, since: datetime | None = None) -> list[OrderLineRow]:
        """Read the lines of those sales that are to be shipped."""
        return self._pages("sale_lines", shop, OrderLineRow, since)

    def shipments(self, shop: str, since: datetime | None = None) -> list[ShipmentRow]:
        """Read what left and what came back, from done stock moves."""
        return self._pages("shipments", shop, ShipmentRow, since)

    def documents(self, shop: str, since: datetime | None = None) -> list[DocumentRow]:
        """Read the invoices and credit notes."""
        return self._pages("documents", shop, DocumentRow, since)

    def ledger(self, shop: str, since: datetime | None = None) -> list[LedgerRow]:
        """Read debit minus credit per account of every document, payment and entry."""
        return self._pages("ledger", shop, LedgerRow, since)

    def taxes(self, shop: str, since: datetime | None = None) -> list[TaxedRow]:
        """Read base and amount per document and tax from the lines the tax reports are made of."""
        return self._pages("taxes", shop, TaxedRow, since)

    def payments(self, shop: str, since: datetime | None = None) -> list[PaymentRow]:
        """Read the payments from the ledger."""
        return self._pages("payments", shop, PaymentRow, since)

    def parties(self, shop: str) -> list[PartyRow]:
        """Read the customers, and who shares an address with one; who shares it with several is told once."""
        return list(dict.fromkeys(self._pages("parties", shop, PartyRow)))

    def products(self, shop: str) -> list[ProductRow]:
        """Read the variants."""
        return self._pages("products", shop, ProductRow)

    def stock(self, shop: str) -> list[StockRow]:
        """Read the units on hand."""
        return [StockRow(**row) for row in self._call("stock", shop)]

    def totals(self, shop: str) -> list[Total]:
        """Read debit minus credit per account and month of everything booked."""
        return [Total(**row) for row in self._call("totals", shop)]

    def edited(self, shop: str, among: Mapping[str, Collection[str]] | None = None) -> list[EditedRow]:
        """Read what is no longer as it was booked."""
        asked = [] if among is None else [{resource: sorted(ids) for resource, ids in among.items()}]
        return [EditedRow(**row) for page in self._each_page("edited", shop, asked) for row in page]

    def unknown_codes(self, shop: str, codes: Codes) -> Codes:
        """Ask which codes the company does not have."""
        return msgspec.convert(self._call("unknown_codes", shop, msgspec.to_builtins(codes)), Codes)

    def counts(self, shop: str) -> dict[str, int]:
        """Read the number of records per resource."""
        counts: dict[str, int] = self._call("counts", shop)
        return counts

    def _push(self, resource: str, shop: str, records: Sequence[Record], per_call: int) -> list[Result]:
        results: list[Result] = []
        for start in range(0, len(records), per_call):
            results += self._push_batch(resource, shop, records[start : start + per_call])
            self._progress(resource, len(results), len(records))
        return results

    def _push_batch(self, resource: str, shop: str, batch: Sequence[Record]) -> list[Result]:
        """Push one batch; when it is refused, or the back office fails on it, push it without the record to blame, or
        by halves until that is found.

        Raises:
            TransientError: It fails whatever it is asked, so no record is to blame.
        """
        try:
            answers = self._call(f"push_{resource}", shop, [_fields(record) for record in batch])
        except RefusedError as refusal:
            return self._push_without_blamed(resource, shop, batch, refusal.external_id, refusal.reason)
        except FailedError as failure:
            self._must_be_well(shop, failure)
            return self._push_without_blamed(resource, shop, batch, "", "the back office failed on it: see its log")
        return [
            Result(external_id=row["external_id"], outcome=Outcome(row["outcome"]), documents=row["documents"])
            for row in answers
        ]

    def _must_be_well(self, shop: str, failure: FailedError) -> None:
        try:
            self.health(shop)
        except FailedError as exc:
            raise TransientError(f"{failure}; it cannot even tell its version") from exc

    def _push_without_blamed(
        self, resource: str, shop: str, batch: Sequence[Record], external_id: str, reason: str
    ) -> list[Result]:
        """Reject the record to blame and push the others.

        Args:
            external_id: Whose fault it is; empty when nobody knows.
        """
        ids = [record.external_id for record in batch]
        if len(batch) > 1 and external_id not in ids:
            half = len(batch) // 2
            return self._push_batch(resource, shop, batch[:half]) + self._push_batch(resource, shop, batch[half:])
        blamed: int = ids.index(external_id) if external_id in ids else 0
        rejected = Result(external_id=ids[blamed], outcome=Outcome.REJECTED, reason=reason)
        others = [*batch[:blamed], *batch[blamed + 1 :]]
        results: list[Result] = self._push_batch(resource, shop, others) if others else []
        return [*results[:blamed], rejected, *results[blamed:]]

    def _pages(self, method: str, shop: str, row_type: type[Row], since: datetime | None = None) -> list[Row]:
        asked = [] if since is None else [since]
        return [row_type(**row) for page in self._each_page(method, shop, asked) for row in page]

    def _each_page(self, method: str, shop: str, asked: Sequence[object]) -> Iterator[list[dict[str, Any]]]:
        after: int | None = 0
        while after is not None:
            page = self._call(method, shop, after, ROWS_PER_PAGE, *asked)
            yield page["rows"]
            after = page["after"]

    def _call(self, method: str, *arguments: object) -> Any:
        """Call one method of the plug-in; a session that ran out is renewed once.

        Raises:
            ConfigError: The user or the database is refused.
            TransientError: Nothing is known about the call; an UnreachableError when nothing listens at the URL.
            FailedError: The back office failed in it.
            RefusedError: The records were refused and rolled back.
        """
        if self._authorization is None:
            try:
                self._authorization = self._login()
            except UnreachableError as exc:
                raise UnreachableError(
                    f"cannot reach the back office at {self._url}: start it with `shopify-pipeline up`"
                    " or set SHOPIFY_PIPELINE_TRYTON__URL"
                ) from exc
        try:
            return self._post(f"{MODEL}.{method}", [*arguments, {}], self._authorization)
        except AuthExpiredError:
            self._authorization = self._login()
        try:
            return self._post(f"{MODEL}.{method}", [*arguments, {}], self._authorization)
        except AuthExpiredError as exc:
            raise PermanentError(f"the back office at {self._url} ends every session at once: check its clock") from exc

    def _login(self) -> str:
        try:
            answer = self._post("common.db.login", [self._user, {"password": self._password}], None)
        except (AuthExpiredError, RefusedError) as exc:
            raise ConfigError(
                f"the back office at {self._url} refuses user {self._user!r}:"
                " set SHOPIFY_PIPELINE_TRYTON__USER and SHOPIFY_PIPELINE_TRYTON__PASSWORD"
            ) from exc
        user_id, token = answer[:2]
        return "Session " + base64.b64encode(f"{self._user}:{user_id}:{token}".encode()).decode()

    def _post(self, method: str, params: list[object], authorization: str | None) -> Any:
        self._calls += 1
        body = json.dumps({"id": self._calls, "method": method, "params": params}, default=_tag)
        headers = {"Content-Type": "application/json"} | ({"Authorization": authorization} if authorization else {})
        started = self._clock.monotonic()
        try:
            response = self._session.post(
                f"{self._url}/{self._database}/rpc/",
                data=body,
                headers=headers,
                timeout=self._timeout_seconds,
                allow_redirects=False,
            )
        except requests.ReadTimeout as exc:
            waited = self._clock.monotonic() - started
            raise SlowAnswerError(f"the back office did not answer {method} within {waited:.0f} s") from exc
        except requests.RequestException as exc:
            raise UnreachableError(f"the connection to the back office broke during {method}") from exc
        return self._result(method, response)

    def _result(self, method: str, response: requests.Response) -> Any:
        status = response.status_code
        if status == 401:
            raise AuthExpiredError("the back office's session has ended")
        if status == 504:
            raise SlowAnswerError(f"the back office is busy (HTTP {status}) and may still run {method}")
        if status in (423, 429, 502, 503):
            raise TransientError(f"the back office is busy (HTTP {status}) with other things than {method}")
        if status == 403:
            raise ConfigError(
                f"the back office forbids {method} to user {self._user!r}:"
                ' give it the groups "Shopify Push" and "Shopify Read"'
            )
        if status == 404:
            raise ConfigError(f"the back office at {self._url} has no database {self._database!r}")
        if status >= 500:
            raise FailedError(f"the back office failed in {method} (HTTP {status}): see its log")
        if status != 200:
            raise PermanentError(f"the back office answered {method} with HTTP {status}: see its log")
        try:
            answer = json.loads(response.text, object_hook=_untag)
        except ValueError as exc:
            raise TransientError(f"the back office's answer to {method} was cut short") from exc
        if "error" not in answer:
            return answer["result"]
        raise _failure(method, answer["error"])


def _failure(method: str, error: Sequence[Any]) -> Exception:
    """Tell a refusal of records from a lock and from a fault of the back office."""
    name, detail = error[0], error[1] if len(error) > 1 else None
    if name in REFUSALS and isinstance(detail, list):
        # A warning is (name, message, description), an error (message, description, domain).
        message, description = detail[1:3] if name == "UserWarning" else detail[:2]
        return RefusedError(" ".join(str(message).split()), str(description))
    if name == "ConcurrencyException":
        return TransientError(f"another user changed the same records during {method}")
    return FailedError(f"the back office failed in {method}: see its log")


def _fields(record: Record) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(record, builtin_types=(Decimal, date))
    return fields


def _tag(value: object) -> dict[str, object]:
    """Write what JSON has no type for as Tryton reads it; money never becomes a float."""
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, datetime):
        utc = value.astimezone(UTC)
        return {"__class__": "datetime", **{unit: getattr(utc, unit) for unit in INSTANT}}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"{type(value).__name__} cannot be sent to the back office")


def _untag(value: dict[str, Any]) -> Any:
    """Read Tryton's tagged values."""
    match value.get("__class__"):
        case "Decimal":
            return Decimal(value["decimal"])
        case "date":
            return date(value["year"], value["month"], value["day"])
        case "datetime":
            return datetime(*(value[unit] for unit in INSTANT)).replace(tzinfo=UTC)
        case _:
            return value

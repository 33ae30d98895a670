"""Tryton as the back office, over JSON-RPC: sessions, encoding, batches, pages and what each failure means.

Not here: how a document is booked (the plug-in ``tryton_shopify``), what is owed (``mapping.py``), starting a server.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests

from shopify_pipeline.backoffice.protocol import (
    DocumentRow,
    Health,
    LedgerRow,
    Order,
    OrderRow,
    Outcome,
    Party,
    PaymentRow,
    Product,
    Result,
    StockCount,
    StockRow,
)
from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import AuthExpiredError, ConfigError, PermanentError, TransientError

MODEL = "model.shopify.external"
# SQLite 3.40 overflows its parser's stack somewhere above this many records in one statement.
RECORDS_PER_CALL = 40
ROWS_PER_PAGE = 2000
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# Tryton says how a call failed by the name of the exception alone.
REFUSALS = frozenset({"UserError", "UserWarning"})

Progress = Callable[[str, int, int], None]
Record = TypeVar("Record", Party, Product, StockCount, Order)
Row = TypeVar("Row", OrderRow, DocumentRow, LedgerRow, PaymentRow)


class UnreachableError(TransientError):
    """Nothing accepted the connection, or it broke; whether the call ran is unknown."""


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

    def health(self) -> Health:
        """Ask who is there."""
        return Health(**self._call("health"))

    def push_parties(self, shop: str, parties: Sequence[Party]) -> list[Result]:
        """Create or update customers."""
        return self._push("parties", shop, parties, RECORDS_PER_CALL)

    def push_products(self, shop: str, products: Sequence[Product]) -> list[Result]:
        """Create or update variants."""
        return self._push("products", shop, products, RECORDS_PER_CALL)

    def push_stock_counts(self, shop: str, counts: Sequence[StockCount]) -> list[Result]:
        """Book opening counts."""
        return self._push("stock_counts", shop, counts, RECORDS_PER_CALL)

    def push_orders(self, shop: str, orders: Sequence[Order]) -> list[Result]:
        """Book what is missing of each order."""
        return self._push("orders", shop, orders, self._orders_per_call)

    def orders(self, shop: str) -> list[OrderRow]:
        """Read the sales that carry an order id."""
        return self._pages("orders", shop, OrderRow)

    def documents(self, shop: str) -> list[DocumentRow]:
        """Read the invoices and credit notes."""
        return self._pages("documents", shop, DocumentRow)

    def ledger(self, shop: str) -> list[LedgerRow]:
        """Read debit minus credit per account of every document and payment."""
        return self._pages("ledger", shop, LedgerRow)

    def payments(self, shop: str) -> list[PaymentRow]:
        """Read the payments from the ledger."""
        return self._pages("payments", shop, PaymentRow)

    def stock(self, shop: str) -> list[StockRow]:
        """Read the units on hand."""
        return [StockRow(**row) for row in self._call("stock", shop)]

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
        """Push one batch; when it is refused, push it without the record to blame, or by halves until that is found."""
        try:
            answers = self._call(f"push_{resource}", shop, [_fields(record) for record in batch])
        except RefusedError as refusal:
            return self._push_without_refused(resource, shop, batch, refusal)
        return [
            Result(external_id=row["external_id"], outcome=Outcome(row["outcome"]), documents=row["documents"])
            for row in answers
        ]

    def _push_without_refused(
        self, resource: str, shop: str, batch: Sequence[Record], refusal: RefusedError
    ) -> list[Result]:
        ids = [record.external_id for record in batch]
        if len(batch) > 1 and refusal.external_id not in ids:
            half = len(batch) // 2
            return self._push_batch(resource, shop, batch[:half]) + self._push_batch(resource, shop, batch[half:])
        blamed: int = ids.index(refusal.external_id) if refusal.external_id in ids else 0
        rejected = Result(external_id=ids[blamed], outcome=Outcome.REJECTED, reason=refusal.reason)
        others = [*batch[:blamed], *batch[blamed + 1 :]]
        results: list[Result] = self._push_batch(resource, shop, others) if others else []
        return [*results[:blamed], rejected, *results[blamed:]]

    def _pages(self, method: str, shop: str, row_type: type[Row]) -> list[Row]:
        return [row_type(**row) for page in self._each_page(method, shop) for row in page]

    def _each_page(self, method: str, shop: str) -> Iterator[list[dict[str, Any]]]:
        after: int | None = 0
        while after is not None:
            page = self._call(method, shop, after, ROWS_PER_PAGE)
            yield page["rows"]
            after = page["after"]

    def _call(self, method: str, *arguments: object) -> Any:
        """Call one method of the plug-in; a session that ran out is renewed once.

        Raises:
            ConfigError: Nothing listens at the URL when first asked, or the user or database is refused.
            TransientError: Nothing is known about the call.
            RefusedError: The records were refused and rolled back.
        """
        if self._authorization is None:
            try:
                self._authorization = self._login()
            except UnreachableError as exc:
                raise ConfigError(
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
        except requests.Timeout as exc:
            waited = self._clock.monotonic() - started
            raise TransientError(f"the back office did not answer {method} within {waited:.0f} s") from exc
        except requests.RequestException as exc:
            raise UnreachableError(f"the connection to the back office broke during {method}") from exc
        return self._result(method, response)

    def _result(self, method: str, response: requests.Response) -> Any:
        status = response.status_code
        if status == 401:
            raise AuthExpiredError("the back office's session has ended")
        if status in (423, 429, 502, 503, 504):
            raise TransientError(f"the back office is busy (HTTP {status}) and did not run {method}")
        if status == 403:
            raise ConfigError(
                f"the back office forbids {method} to user {self._user!r}:"
                ' give it the groups "Shopify Push" and "Shopify Read"'
            )
        if status == 404:
            raise ConfigError(f"the back office at {self._url} has no database {self._database!r}")
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
    return PermanentError(f"the back office failed in {method}: see its log")


def _fields(record: Record) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(record, builtin_types=(Decimal, date))
    return fields


def _tag(value: object) -> dict[str, object]:
    """Write what JSON has no type for as Tryton reads it; money never becomes a float."""
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
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
        case _:
            return value

"""The Admin API of one shop: send an operation, get a whole answer or a typed error.

Here: putting session, token, pacing, retry and meaning together. Not here: walking pages (``pages.py``), bulk files
(``bulk.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import TypeVar

import msgspec

from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import (
    AccessDeniedError,
    AuthExpiredError,
    BlockedError,
    ShopAccessLostError,
    ThrottledError,
    TransientError,
    UnsafeAnswerError,
)
from shopify_pipeline.shopify import access
from shopify_pipeline.shopify.answers import Answer, check_status, check_version, cost_of, decode, read_answer, was_run
from shopify_pipeline.shopify.queries import Operation, operation
from shopify_pipeline.shopify.retry import RetryPolicy
from shopify_pipeline.shopify.session import HttpSession
from shopify_pipeline.shopify.throttle import Governor
from shopify_pipeline.shopify.tokens import TokenProvider
from shopify_pipeline.shopify.versions import PINNED

T = TypeVar("T")
Refusal = BlockedError | ShopAccessLostError


@dataclass(frozen=True)
class ShopInfo:
    """The shop as it introduced itself.

    Attributes:
        iana_timezone: The merchant's time zone; the days of their books.
        currency: ISO 4217 code of the shop currency.
        plan: What Shopify calls the shop's plan.
        now: The shop's clock, UTC.
        scopes: Access scopes the app was granted, sorted.
    """

    name: str
    myshopify_domain: str
    iana_timezone: str
    currency: str
    plan: str
    now: datetime
    scopes: tuple[str, ...]


@dataclass
class Usage:
    """What was used so far; counts for metadata and metrics.

    Attributes:
        seconds: By operation, from the first try to the answer, with every wait.
    """

    requests: int = 0
    cost_points: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)


class AdminApi:
    """The GraphQL Admin API of one shop.

    Args:
        shop: The permanent ``*.myshopify.com`` domain.
        endpoint: Base address when it is not ``https://{shop}`` (a sandbox).
        rng: Decides the jitter of retries.
        on_refused: Told when the shop will not have us at all, before the error is raised: this client is not the only
            one that has to leave it alone.

    Attributes:
        session: The HTTP session, also for files this API points to.
        retry: The retry policy, also for files.
    """

    def __init__(
        self,
        *,
        shop: str,
        session: HttpSession,
        tokens: TokenProvider,
        clock: Clock,
        rng: Random,
        endpoint: str | None = None,
        api_version: str = PINNED,
        on_refused: Callable[[Refusal], None] = lambda refusal: None,
    ) -> None:
        self.shop = shop
        self.session = session
        self.clock = clock
        self.retry = RetryPolicy(clock, rng)
        self.usage = Usage()
        self.governor = Governor(clock)
        self.api_version = api_version
        self._tokens = tokens
        self._on_refused = on_refused
        self._url = f"{(endpoint or f'https://{shop}').rstrip('/')}/admin/api/{api_version}/graphql.json"

    def execute(self, document: Operation, variables: Mapping[str, object] | None = None) -> Answer:
        """Send one operation until it is answered whole; for one that must not be done twice, see ``execute_once``.

        Raises:
            TransientError: It kept failing (SlowAnswerError: kept being too slow; ThrottledError: kept being refused).
            QueryCostError: It costs more than is allowed; ask for less.
            ShopAccessLostError: The shop refused a fresh token, too.
            BlockedError: It took us for an attacker.
            PermanentError: Anything else that trying again cannot change.
        """
        begun_at = self.clock.monotonic()
        try:
            return self.retry.call(self._sending(document, variables or {}))
        finally:
            seconds = self.clock.monotonic() - begun_at
            self.usage.seconds[document.name] = self.usage.seconds.get(document.name, 0.0) + seconds

    def execute_once(
        self, document: Operation, variables: Mapping[str, object], found: Callable[[], T | None]
    ) -> Answer | T:
        """Send one operation that must not be done twice: after a try without an answer, look before the next one.

        Args:
            found: Asks the shop for what such a try has done; None when it has done nothing.

        Returns:
            The answer, or what was found in place of one.

        Raises:
            TransientError: It kept failing; the last try may have been done.
            PipelineError: As ``execute`` and ``found`` do.
        """
        send, unanswered = self._sending(document, variables), False

        def attempt() -> Answer | T:
            nonlocal unanswered
            done = found() if unanswered else None
            if done is not None:
                return done
            try:
                return send()
            except TransientError as exc:
                # Shopify says itself that it did nothing when it throttles.
                unanswered = unanswered or not isinstance(exc, ThrottledError)
                raise

        return self.retry.call(attempt)

    def check_shop(self) -> ShopInfo:
        """Ask who answers and whether this app may send everything it sends.

        Raises:
            UnsafeAnswerError: Another shop answered (a renamed shop's alias leads elsewhere).
            AccessDeniedError: A scope is missing.
        """
        answer = self.execute(operation("ShopCheck"))
        shop = answer.data["shop"]
        if shop["myshopifyDomain"] != self.shop:
            raise UnsafeAnswerError(
                f"asked {self.shop}, but {shop['myshopifyDomain']} answered: set the shop's permanent domain"
            )
        scopes = tuple(sorted(scope["handle"] for scope in answer.data["currentAppInstallation"]["accessScopes"]))
        missing = access.missing(scopes)
        if missing:
            raise AccessDeniedError(
                f"the app on {self.shop} lacks the scopes {', '.join(missing)}: grant them and install it again"
            )
        return ShopInfo(
            name=shop["name"],
            myshopify_domain=shop["myshopifyDomain"],
            iana_timezone=shop["ianaTimezone"],
            currency=shop["currencyCode"],
            plan=shop["plan"]["publicDisplayName"],
            now=answer.shop_now,
            scopes=scopes,
        )

    def _sending(self, document: Operation, variables: Mapping[str, object]) -> Callable[[], Answer]:
        """One try of an operation, to be called as often as it takes."""
        asked = dict(variables)
        body = msgspec.json.encode({"query": document.text, "operationName": document.name, "variables": asked})
        first = variables.get("first")
        size = first if isinstance(first, int) else 0

        def send() -> Answer:
            try:
                return self._with_fresh_token(document, body, size)
            except (BlockedError, ShopAccessLostError) as exc:
                self._on_refused(exc)
                raise

        return send

    def _with_fresh_token(self, document: Operation, body: bytes, size: int) -> Answer:
        token = self._tokens.token()
        try:
            return self._send(document, body, size, token)
        except AuthExpiredError:
            fresh = self._tokens.renewed(token)
        try:
            return self._send(document, body, size, fresh)
        except AuthExpiredError as exc:
            raise ShopAccessLostError(
                f"{self.shop} refused a fresh access token too: the app was uninstalled or its secret revoked; install "
                "it again"
            ) from exc

    def _send(self, document: Operation, body: bytes, size: int, token: str) -> Answer:
        headers = {"X-Shopify-Access-Token": token, "Accept": "application/json"}
        with self.governor.turn(document.name, size) as turn:
            self.usage.requests += 1
            reply = self.session.post(self._url, body, headers)
            check_status(reply)
            # A page that something in between sent names no version, and is no reason to think that ours was retired.
            envelope = decode(reply)
            check_version(reply, self.api_version)
            cost, bucket = cost_of(envelope)
            if was_run(envelope):
                refused = cost is not None and cost.actual is None
                turn.answered(cost.requested if cost else None, bucket, refused=refused)
            else:
                turn.not_run(bucket)
        self.usage.cost_points += (cost.actual if cost else None) or 0.0
        return read_answer(reply, envelope, document, self.api_version)

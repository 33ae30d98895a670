"""What the steps of one shop need, opened from the settings; and every step written down in ``ops.stages``.

Here: opening one room each, at first use. Not here: any step (``pipeline.py``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import structlog

from shopify_pipeline.backoffice.adapters import open_backoffice
from shopify_pipeline.backoffice.protocol import BackOffice
from shopify_pipeline.backoffice.value_map import ValueMap, read_value_map
from shopify_pipeline.clock import Clock, SystemClock
from shopify_pipeline.config import Settings
from shopify_pipeline.errors import BlockedError, ConfigError, PipelineError, ShopLeftAloneError
from shopify_pipeline.landing import Landing
from shopify_pipeline.shopify.client import AdminApi, Refusal
from shopify_pipeline.shopify.rotating import RotatingToken, Seal
from shopify_pipeline.shopify.session import HttpSession
from shopify_pipeline.shopify.tokens import ClientCredentials, StaticToken, TokenEndpoint, TokenProvider
from shopify_pipeline.warehouse.connect import Connection, connect
from shopify_pipeline.warehouse.left_alone import LeftAlone, Reason, come_back, leave_alone, left_alone
from shopify_pipeline.warehouse.loads import record_stage
from shopify_pipeline.warehouse.tokens import ShopTokens

_log = structlog.get_logger("shopify_pipeline")


#: Under this name a stage says why it did nothing.
SKIPPED = "skipped"


class Rooms:
    """The rooms of the house as one shop sees them.

    Args:
        domain: The shop's ``*.myshopify.com`` domain.
        progress: Called with one line per thing worth watching.
        despite: For what reasons a shop that is left alone is asked all the same: a person acts.

    Raises:
        ConfigError: No such shop is configured. Nothing is opened before it is used.
    """

    def __init__(
        self,
        settings: Settings,
        domain: str,
        *,
        progress: Callable[[str], None],
        clock: Clock | None = None,
        rng: random.Random | None = None,
        despite: Collection[Reason] = (),
    ) -> None:
        self.settings = settings
        self.shop = settings.shop(domain)
        self.progress = progress
        self.clock = clock or SystemClock()
        self._rng = rng or random.Random()  # noqa: S311 - spreads retries, hides nothing
        self._despite = despite
        self._was_left_alone = False

    def connect(self) -> Connection:
        """A connection to the warehouse; the caller closes it."""
        return connect(self.settings.warehouse.dsn.get_secret_value())

    @cached_property
    def api(self) -> AdminApi:
        """The shop's Admin API, one session and one cost bucket for all steps of this pipeline.

        Raises:
            ShopLeftAloneError: The shop refused us a while ago; it is not asked.
        """
        self.refuse_while_left_alone()
        host = self.shop.base_url.removeprefix("https://").split("/")[0].split(":")[0]
        allowed = {self.shop.domain, host, *self.shop.bulk_hosts}
        session = HttpSession(allowed_hosts=allowed, clock=self.clock, ca_file=self.shop.ca_file)
        return AdminApi(
            shop=self.shop.domain,
            session=session,
            tokens=self._tokens(session),
            clock=self.clock,
            rng=self._rng,
            endpoint=self.shop.base_url,
            api_version=self.shop.api_version,
            on_refused=self._leave_alone,
        )

    def left_alone(self) -> LeftAlone | None:
        """Why the shop is left alone now; None when it is not."""
        with self.connect() as conn:
            return left_alone(conn, self.shop.domain, self.clock.now())

    def refuse_while_left_alone(self) -> None:
        """Let pass who may ask the shop now.

        Raises:
            ShopLeftAloneError: Nobody may; the message says until when, or what ends it.
        """
        try:
            found = self.left_alone()
        except PipelineError:
            if not self._despite:
                raise
            # Whoever looks after a shop need not wait for a warehouse that does not answer.
            return
        self._was_left_alone = found is not None
        if found is None or found.reason in self._despite:
            return
        if found.until is not None:
            raise ShopLeftAloneError(
                f"{self.shop.domain} blocked us at {found.since:%Y-%m-%d %H:%M:%S} UTC and is left alone until "
                f"{found.until:%Y-%m-%d %H:%M:%S} UTC: look at the app's traffic; to go on before that: "
                "shopify-pipeline sync --anyway"
            )
        raise ShopLeftAloneError(
            f"{self.shop.domain} is left alone since {found.since:%Y-%m-%d %H:%M:%S} UTC: {found.message}; then run: "
            "shopify-pipeline doctor"
        )

    def welcome_back(self) -> None:
        """The shop has answered: it is not left alone any more, if it was."""
        if not self._was_left_alone:
            return
        with self.connect() as conn:
            come_back(conn, self.shop.domain, self.clock.now())
        self._was_left_alone = False
        self.progress(f"{self.shop.domain} answers us again")

    def _leave_alone(self, refusal: Refusal) -> None:
        """Keep for every process that the shop will not have us."""
        now = self.clock.now()
        if isinstance(refusal, BlockedError):
            until = now + timedelta(seconds=refusal.retry_after_seconds)
            found = LeftAlone("blocked", now, until, str(refusal))
        else:
            found = LeftAlone("access lost", now, None, str(refusal))
        try:
            with self.connect() as conn:
                leave_alone(conn, self.shop.domain, found)
        except PipelineError as exc:
            # The refusal itself is what has to be told.
            self.progress(f"{self.shop.domain}: that it refused us is not written down: {exc}")

    def _tokens(self, session: HttpSession) -> TokenProvider:
        if self.shop.access_token is not None:
            return StaticToken(self.shop.access_token.get_secret_value())
        secret = self.shop.secret()
        if secret is None or self.shop.client_id is None:
            raise ConfigError(f"{self.shop.domain}: set client_id and client_secret_file, or access_token")
        app: dict[str, Any] = {
            "endpoint": self.shop.base_url,
            "client_id": self.shop.client_id,
            "client_secret": secret.get_secret_value(),
            "session": session,
        }
        if self.shop.refresh_token_file is None:
            return ClientCredentials(**app, clock=self.clock)
        return RotatingToken(
            app=TokenEndpoint(**app),
            vault=ShopTokens(self.connect, self.shop.domain),
            seal=Seal(self.shop.token_key().get_secret_value()),
            first=self._first_refresh_token,
            clock=self.clock,
        )

    def _first_refresh_token(self) -> str | None:
        first = self.shop.first_refresh_token()
        return first.get_secret_value() or None if first is not None else None

    @cached_property
    def backoffice(self) -> BackOffice:
        """The back office the settings name; nobody is asked before the first call."""
        return open_backoffice(self.settings, self.clock, self.progress)

    @cached_property
    def landing(self) -> Landing:
        return Landing.at(self.settings.landing_place, self.settings.landing, self.clock.monotonic)

    def value_map(self) -> ValueMap:
        """The reviewed value map.

        Raises:
            ConfigError: None is configured, or it does not read.
        """
        if self.shop.value_map is None:
            raise ConfigError(f"{self.shop.domain}: no value_map is set; nothing can be pushed without one")
        return read_value_map(self.shop.value_map)

    @contextmanager
    def stage(self, name: str) -> Iterator[dict[str, Any]]:
        """Write one stage run down, however it ends; a crash leaves none, and the daemon sees the run fail.

        Yields:
            What is counted; a reason under ``SKIPPED`` says that there was nothing to do here, and why.
        """
        started_at = self.clock.now()
        counts: dict[str, Any] = {}
        log = _log.bind(shop=self.shop.domain, stage=name)
        try:
            yield counts
        except PipelineError as exc:
            log.error("stage failed", error=type(exc).__name__, reason=str(exc))
            self._record(name, started_at, "failed", str(exc), counts)
            raise
        skipped = counts.pop(SKIPPED, None)
        self._record(name, started_at, "skipped" if skipped else "success", skipped, counts)
        log.info("stage done", **counts)

    def _record(
        self, stage: str, started_at: datetime, outcome: Any, message: str | None, counts: dict[str, Any]
    ) -> None:
        with self.connect() as conn:
            record_stage(
                conn,
                shop=self.shop.domain,
                stage=stage,
                started_at=started_at,
                finished_at=self.clock.now(),
                outcome=outcome,
                message=message,
                counts=counts,
            )


def record_failed_run(settings: Settings, *, shop: str, job: str, message: str) -> None:
    """Keep that an orchestrated run failed, for status and alerts; also when it died before any stage began."""
    now = SystemClock().now()
    with connect(settings.warehouse.dsn.get_secret_value()) as conn:
        record_stage(
            conn,
            shop=shop,
            stage=f"run:{job}",
            started_at=now,
            finished_at=now,
            outcome="failed",
            message=message,
            counts={},
        )

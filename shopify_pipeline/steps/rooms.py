"""What the steps of one shop need, opened from the settings; and every step written down in ``ops.stages``.

Here: opening one room each, at first use. Not here: any step (``pipeline.py``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any

import requests
import structlog

from shopify_pipeline.backoffice.protocol import BackOffice
from shopify_pipeline.backoffice.tryton import TrytonBackOffice
from shopify_pipeline.backoffice.value_map import ValueMap, read_value_map
from shopify_pipeline.clock import Clock, SystemClock
from shopify_pipeline.config import Settings
from shopify_pipeline.errors import ConfigError, PipelineError
from shopify_pipeline.landing import Landing
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.rotating import RotatingToken, Seal
from shopify_pipeline.shopify.session import HttpSession
from shopify_pipeline.shopify.tokens import ClientCredentials, StaticToken, TokenEndpoint, TokenProvider
from shopify_pipeline.warehouse.connect import Connection, connect
from shopify_pipeline.warehouse.loads import record_stage
from shopify_pipeline.warehouse.tokens import ShopTokens

_log = structlog.get_logger("shopify_pipeline")


class Rooms:
    """The rooms of the house as one shop sees them.

    Args:
        domain: The shop's ``*.myshopify.com`` domain.
        progress: Called with one line per thing worth watching.

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
    ) -> None:
        self.settings = settings
        self.shop = settings.shop(domain)
        self.progress = progress
        self.clock = clock or SystemClock()
        self._rng = rng or random.Random()  # noqa: S311 - spreads retries, hides nothing

    def connect(self) -> Connection:
        """A connection to the warehouse; the caller closes it."""
        return connect(self.settings.warehouse.dsn.get_secret_value())

    @cached_property
    def api(self) -> AdminApi:
        """The shop's Admin API, one session and one cost bucket for all steps of this pipeline."""
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
        )

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
        """The back office, logged in at the first call."""
        tryton = self.settings.tryton
        return TrytonBackOffice(
            tryton.url,
            tryton.database,
            tryton.user,
            tryton.secret(),
            session=requests.Session(),
            clock=self.clock,
            timeout_seconds=tryton.timeout_seconds,
            orders_per_call=tryton.batch_size,
            progress=lambda resource, done, total: self.progress(f"{resource}: {done} of {total} in the back office"),
        )

    @cached_property
    def landing(self) -> Landing:
        return Landing.at(self.settings.landing_place)

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
        """Write one stage run down, however it ends; a crash leaves none, and the daemon sees the run fail."""
        started_at = self.clock.now()
        counts: dict[str, Any] = {}
        log = _log.bind(shop=self.shop.domain, stage=name)
        try:
            yield counts
        except PipelineError as exc:
            log.error("stage failed", error=type(exc).__name__, reason=str(exc))
            self._record(name, started_at, "failed", str(exc), counts)
            raise
        self._record(name, started_at, "success", None, counts)
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

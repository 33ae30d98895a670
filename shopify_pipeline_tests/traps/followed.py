"""What the traps about data share: a shop with everything in it, and the pipeline that follows it into a warehouse.

Here: putting them together, and amounts as the store's own records hold them. The traps are in the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.steps.load import Loaded
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline_tests.shopify.sandboxed import SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import pipeline_of, shop_settings
from shopify_sandbox.store import Store
from shopify_sandbox.world.currency import major
from shopify_sandbox.world.records import Order


@dataclass
class FollowedShop:
    """A running shop and its pipeline."""

    served: SandboxShop
    pipeline: Pipeline

    @property
    def store(self) -> Store:
        return self.served.sandbox.store

    @property
    def settings(self) -> dict[str, Any]:
        """The shop's section of the settings, as another process would read it."""
        return shop_settings(self.served)

    @property
    def dsn(self) -> str:
        return self.pipeline.settings.warehouse.dsn.get_secret_value()

    def on(self, dsn: str) -> FollowedShop:
        """The same shop and landing zone with another warehouse."""
        return FollowedShop(self.served, pipeline_of(self.pipeline.settings.home, dsn, self.settings))

    @property
    def orders(self) -> list[Order]:
        return list(self.store.state.orders.values())

    def read(self, **settings: int) -> None:
        """How to read from now on, as in ``[extract]``."""
        extract = self.pipeline.settings.extract.model_copy(update=settings)
        self.pipeline.settings = self.pipeline.settings.model_copy(update={"extract": extract})

    def sync(self, stream: str) -> Loaded:
        """One load of one stream."""
        assert self.pipeline.extract(stream) is not None
        loaded = self.pipeline.load(stream)
        assert loaded is not None
        return loaded

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.pipeline.connect() as conn:
            return conn.execute(query).fetchall()  # type: ignore[arg-type]


@contextmanager
def followed_shop(home: Path, dsn: str, *, orders: int, seed: int = 11, mix: str = "full") -> Iterator[FollowedShop]:
    """Serve a shop that grants every scope; nothing of it is read yet."""
    with sandbox_shop(home / "shop", orders=orders, seed=seed, mix=mix) as served:
        served.sandbox.tokens.set_scopes(least_privilege())
        yield FollowedShop(served, pipeline_of(home, dsn, shop_settings(served)))


def presentment(order: Order, minor: int) -> Decimal:
    """An amount of an order in its presentment currency, from the minor units the store keeps."""
    exchange = order.exchange
    return major(minor, exchange.presentment if exchange else "USD")

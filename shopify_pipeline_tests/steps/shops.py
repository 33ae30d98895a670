"""Sandbox shops and pipelines of them on a real warehouse, for tests of tokens and access.

Here: building. What is asked of them is said in the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from shopify_pipeline.clock import Clock
from shopify_pipeline.config import Settings
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse.left_alone import Reason
from shopify_pipeline_tests.shopify.sandboxed import CREDENTIALS, SHOP, SandboxShop

TIME_ZONE = "America/New_York"


def shop_settings(store: SandboxShop, **more: Any) -> dict[str, Any]:
    """Settings of one sandbox shop, by client credentials unless told otherwise."""
    return {
        "domain": SHOP,
        "endpoint": store.server.url,
        "ca_file": store.server.tls.ca,
        "client_id": CREDENTIALS.client_id,
        "client_secret": CREDENTIALS.client_secret,
        "time_zone": TIME_ZONE,
        **more,
    }


def rotating(home: Path, store: SandboxShop) -> dict[str, Any]:
    """Install the app anew, and give the settings that go on from the refresh token of this installation."""
    (home / "refresh-token").write_text(store.sandbox.tokens.install()["refresh_token"] + "\n")
    (home / "token-key").write_bytes(Fernet.generate_key())
    return shop_settings(store, refresh_token_file=home / "refresh-token", token_key_file=home / "token-key")


def pipeline_of(
    home: Path,
    dsn: str,
    shop: dict[str, Any],
    *,
    clock: Clock | None = None,
    progress: Callable[[str], None] = lambda line: None,
    despite: Collection[Reason] = (),
) -> Pipeline:
    """A pipeline of its own, as each process has one."""
    settings = Settings(home=home, warehouse={"dsn": dsn}, shops={"one": shop})
    return Pipeline(settings, shop["domain"], progress=progress, clock=clock, despite=despite)


def token_requests(store: SandboxShop) -> int:
    """How often a token was asked for since the store was opened."""
    return sum(entry["kind"] == "oauth" for entry in store.sandbox.requests.read())

"""What the tests of this room may ask for: a scripted TLS server, a client of it, and a served sandbox shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
import trustme

from shopify_pipeline.clock import Clock, SimulatedClock, SystemClock
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.session import HttpSession
from shopify_pipeline.shopify.tokens import StaticToken, TokenProvider
from shopify_pipeline_tests.shopify.loopback import LoopbackServer, authority_file, serving
from shopify_pipeline_tests.shopify.sandboxed import SandboxShop, sandbox_shop

MakeSession = Callable[..., HttpSession]
MakeApi = Callable[..., AdminApi]
SHOP = "loopback.myshopify.com"


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authority_file(authority, tmp_path_factory.mktemp("authority"))


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[LoopbackServer]:
    with serving(authority) as running:
        yield running


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 11, 20, 12, tzinfo=UTC))


@pytest.fixture
def make_session(ca_file: Path) -> MakeSession:
    def make(*, clock: Clock | None = None, hosts: tuple[str, ...] = ("127.0.0.1",)) -> HttpSession:
        return HttpSession(allowed_hosts=hosts, clock=clock or SystemClock(), ca_file=ca_file, read_timeout_seconds=5)

    return make


@pytest.fixture
def make_api(server: LoopbackServer, make_session: MakeSession, clock: SimulatedClock) -> MakeApi:
    """An API of the scripted server, on a clock that jumps."""

    def make(tokens: TokenProvider | None = None) -> AdminApi:
        return AdminApi(
            shop=SHOP,
            session=make_session(clock=clock),
            tokens=tokens or StaticToken("static-token"),
            clock=clock,
            rng=Random(1),
            endpoint=server.url,
        )

    return make


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxShop]:
    """A served sandbox shop of 120 orders; tests only read it."""
    with sandbox_shop(tmp_path_factory.mktemp("sandbox"), orders=120) as running:
        yield running

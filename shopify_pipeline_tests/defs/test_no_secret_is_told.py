"""Canaries: no token, secret or customer's address is in anything a run leaves behind, however often it failed."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest
from cryptography.fernet import Fernet
from psycopg import sql
from typer.testing import CliRunner

from shopify_pipeline import cli
from shopify_pipeline.config import CONFIG_VARIABLE, load_settings
from shopify_pipeline.definitions import job_runner
from shopify_pipeline.local.dagster import HOME_VARIABLE
from shopify_pipeline.local.stack import toml
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline_tests.shopify.sandboxed import NOW, SHOP, SandboxShop
from shopify_pipeline_tests.steps.shops import TIME_ZONE
from shopify_sandbox import resources
from shopify_sandbox.admin.throttle import Bucket
from shopify_sandbox.http.server import SandboxServer
from shopify_sandbox.sandbox import Credentials, Sandbox
from shopify_sandbox.store import Store
from shopify_sandbox.world.arguments import Arguments

SECRET = "shpss_CANARY_of_the_client_secret"
#: Where customers' own data belongs: rows, and bodies as they came.
CUSTOMER_DATA = {"shopify", "ops.quarantine.raw", "ops.inbox.body"}

#: What a store writes down of its own work; its other files are the world, customers and all.
STORE_LOGS = {"requests.jsonl", "faults.jsonl", "deliveries.jsonl"}


@dataclass
class Canaries:
    """What must not be found: ``secrets`` nowhere, ``addresses`` only where customers' data belongs."""

    secrets: set[str] = field(default_factory=lambda: {SECRET})
    addresses: set[str] = field(default_factory=set)

    def found_in(self, place: str, content: bytes) -> list[str]:
        looked_for = self.secrets if self._is_for_customers(place) else self.secrets | self.addresses
        return [f"{canary} in {place}" for canary in sorted(looked_for) if canary.encode() in content]

    def _is_for_customers(self, place: str) -> bool:
        return place in CUSTOMER_DATA or place.split(".")[0] in CUSTOMER_DATA or place.startswith("landed body")


@pytest.fixture
def canaries() -> Canaries:
    return Canaries()


@pytest.fixture
def store(tmp_path: Path, canaries: Canaries) -> Iterator[SandboxShop]:
    """A shop whose every token is a canary from the moment it is given out."""
    home = tmp_path / "store"
    world = Store.create(home, Arguments(seed=11, orders=12, days=30, now=NOW, shop=SHOP))
    bucket = Bucket(time.monotonic, restore_per_second=100_000)
    sandbox = Sandbox(home, world, Credentials("client", SECRET, "control-key"), bucket=bucket)
    server = SandboxServer(sandbox)
    server.start()
    grant = sandbox.tokens.grant

    def recorded(request: Any) -> dict[str, Any]:
        granted = grant(request)
        canaries.secrets |= {granted["access_token"], granted["refresh_token"]}
        return granted

    sandbox.tokens.grant = recorded  # type: ignore[method-assign]
    try:
        yield SandboxShop(server)
    finally:
        server.stop()


@pytest.fixture
def settings_file(tmp_path: Path, warehouse_dsn: str, store: SandboxShop, canaries: Canaries) -> Path:
    """Settings with every secret a shop can have."""
    first, key = store.sandbox.tokens.install(), Fernet.generate_key()
    canaries.secrets |= {first["access_token"], first["refresh_token"], key.decode()}
    secrets = {
        "client_secret_file": SECRET,
        "refresh_token_file": first["refresh_token"],
        "token_key_file": key.decode(),
    }
    for name, content in secrets.items():
        (tmp_path / name).write_text(content)
    shop = {
        "domain": SHOP,
        "endpoint": store.server.url,
        "ca_file": store.server.tls.ca,
        "client_id": "client",
        "time_zone": TIME_ZONE,
        **{name: tmp_path / name for name in secrets},
    }
    path = tmp_path / "config.toml"
    path.write_text(
        toml(
            {
                "home": tmp_path / "home",
                "warehouse": {"dsn": warehouse_dsn},
                "lag": {"quarantine_share_max": 1.0},
                "shops": {"one": shop},
            }
        )
    )
    return path


@pytest.fixture
def dagster_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    with dg.DagsterInstance.get():
        yield home


def planted(store: SandboxShop) -> dict[str, Any]:
    """A customer and an order that cannot be read, and answers that go wrong at every kind of address."""
    sandbox = store.sandbox
    view = resources.ROOTS["customers"]
    customer = next(iter(view.records(sandbox.store)))
    return {
        "malformed": [
            {"root": "orders", "kind": "bad_money", "name": "#1001"},
            {
                "root": "customers",
                "kind": "huge_id",
                "id": resources.RESOLVERS[view.type]["id"](sandbox.store, customer, {}),
            },
        ],
        "answers": [
            {"kind": "status", "status": 500, "on": "oauth"},
            {"kind": "garbage", "on": "oauth"},
            {"kind": "status", "status": 503, "on": "graphql"},
            {"kind": "garbage", "on": "graphql"},
        ],
    }


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder.parent)), path.read_bytes()


def landed(home: Path) -> Iterator[tuple[str, bytes]]:
    """Manifests as they are, bodies unpacked."""
    for name, content in files(home / "landing"):
        if name.endswith(".gz"):
            yield f"landed body {name}", gzip.decompress(content)
        else:
            yield f"manifest {name}", content


def table_values(dsn: str) -> Iterator[tuple[str, bytes]]:
    """Every column of every table of ours, joined into one text."""
    with psycopg.connect(dsn) as conn:
        columns = conn.execute(
            """
            select table_schema, table_name, column_name from information_schema.columns
            where table_schema in ('shopify', 'ops', 'backoffice', 'recon')
            """
        ).fetchall()
        for schema, table, column in columns:
            query = sql.SQL("select {} from {}").format(sql.Identifier(column), sql.Identifier(schema, table))
            values = [value for (value,) in conn.execute(query).fetchall() if value is not None]
            yield f"{schema}.{table}.{column}", b"\n".join(_bytes(value) for value in values)


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def addresses(store: SandboxShop) -> set[str]:
    """Of every customer, also those that could not be read."""
    world = store.sandbox.store
    return {customer.email for customer in resources.ROOTS["customers"].records(world) if customer.email}


def told_by_commands(settings_file: Path) -> Iterator[tuple[str, bytes]]:
    for command in ("status", "doctor", "quarantine list", "cursor show"):
        ran = CliRunner().invoke(cli.app, [*command.split(), "--config", str(settings_file)])
        yield f"output of {command}", ran.output.encode() + str(ran.exception).encode()


def leaks(canaries: Canaries, told: Iterable[tuple[str, bytes]]) -> list[str]:
    return [leak for place, content in told for leak in canaries.found_in(place, content)]


def test_no_secret_and_no_customers_address_is_told_by_runs_that_fail_and_runs_that_do_not(
    settings_file: Path,
    dagster_home: Path,
    warehouse_dsn: str,
    store: SandboxShop,
    canaries: Canaries,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setenv(CONFIG_VARIABLE, str(settings_file))
    sync = job_runner(load_settings(settings_file))
    store.sandbox.faults.plant(planted(store), store.sandbox.gid_of)
    assert sync("sync", SHOP)
    store.sandbox.clock.advance(hours=1)
    Pipeline(load_settings(settings_file), SHOP, progress=print).ask_shop()
    store.sandbox.tokens.uninstall()
    assert not sync("sync", SHOP)

    canaries.addresses = addresses(store)
    out, err = capfd.readouterr()
    told = {
        "output": (out + err).encode(),
        "log": caplog.text.encode(),
        **dict(files(dagster_home)),
        **dict(landed(settings_file.parent / "home")),
        **dict(table_values(warehouse_dsn)),
        **{name: content for name, content in files(store.sandbox.state) if Path(name).name in STORE_LOGS},
        **dict(told_by_commands(settings_file)),
    }

    assert len(canaries.secrets) >= 6
    assert len(canaries.addresses) > 3
    assert leaks(canaries, told.items()) == []
    # The search would have found them: what failed is told, the rows hold the customers, the quarantine their bodies.
    assert b"landing__customers" in told["output"]
    for place in ("ops.stages.message", "output of status"):
        assert b"put its new refresh token" in told[place], place
    assert any(
        b"put its new refresh token" in content for place, content in told.items() if place.startswith("dagster")
    )
    assert b"ShopCheck" in told["store/requests.jsonl"]
    for place in ("shopify.customers.email", "ops.quarantine.raw"):
        assert any(address.encode() in told[place] for address in canaries.addresses), place
    assert leaks(canaries, [("ops.stages.message", SECRET.encode())]) == [f"{SECRET} in ops.stages.message"]

"""Many shops: one is added by asking it, a failing or paused one leaves the others alone, each is shown as it is."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from shopify_pipeline import cli
from shopify_pipeline.config import load_settings
from shopify_pipeline.config_file import with_shop
from shopify_pipeline.errors import ConfigError
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.steps import shops
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.shopify.sandboxed import CREDENTIALS, SHOP, SandboxShop, sandbox_shop

BROKEN = "b-shop.myshopify.com"
THIRD = "c-shop.myshopify.com"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxShop]:
    with sandbox_shop(tmp_path_factory.mktemp("store"), orders=5) as running:
        running.sandbox.tokens.set_scopes(least_privilege())
        yield running


@pytest.fixture
def config(tmp_path: Path, warehouse_dsn: str) -> Path:
    """Settings with one shop nobody answers for, with a person's own words between them."""
    path = tmp_path / "config.toml"
    path.write_text(
        f'# Ask Maria first.\nhome = "{tmp_path}"\n\n[warehouse]\ndsn = "{warehouse_dsn}"  # the big one\n'
        f'\n[shops.broken]\ndomain = "{BROKEN}"\nendpoint = "https://127.0.0.1:1"\naccess_token = "t"\n'
    )
    path.chmod(0o640)
    return path


def run(*arguments: str, **more: Any) -> Result:
    return CliRunner().invoke(cli.app, list(arguments), **more)


def add(store: SandboxShop, config: Path, *arguments: str, domain: str = SHOP, secret: str | None = None) -> Result:
    return run(
        *("shops", "add", domain, "--client-id", CREDENTIALS.client_id, "--name", "usd"),
        *("--endpoint", store.server.url, "--ca-file", str(store.server.tls.ca), "--config", str(config)),
        *arguments,
        input=f"{secret or CREDENTIALS.client_secret}\n",
    )


def listed(config: Path) -> dict[str, dict[str, Any]]:
    rows = json.loads(run("shops", "list", "--json", "--config", str(config)).stdout)
    return {row["shop"]: row for row in rows}


def test_a_shop_is_added_with_what_it_says_of_itself_and_its_secret_in_a_file_of_its_own(
    store: SandboxShop, config: Path
) -> None:
    before = config.read_text()

    result = add(store, config, "--go-live-on", "2026-11-01")

    assert result.exit_code == 0, result.output
    text = config.read_text()
    assert text.startswith(before.rstrip("\n"))
    assert f'"{CREDENTIALS.client_secret}"' not in text
    assert "client_secret =" not in text
    assert "secret" not in result.stdout
    shop = load_settings(config).shop(SHOP)
    secret = shop.secret()
    assert secret is not None
    assert secret.get_secret_value() == CREDENTIALS.client_secret
    assert (shop.time_zone, str(shop.go_live_on)) == ("America/New_York", "2026-11-01")
    assert shop.client_secret_file is not None
    assert stat.S_IMODE(shop.client_secret_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(shop.client_secret_file.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    row = listed(config)[SHOP]
    assert (row["currency"], row["time_zone"], row["open_breaks"], row["last_sync_at"]) == (
        "USD",
        "America/New_York",
        0,
        None,
    )
    assert row["plan"]


def test_a_secret_in_a_file_stays_where_it_is(store: SandboxShop, config: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text(CREDENTIALS.client_secret)

    assert add(store, config, "--client-secret-file", str(tmp_path / "mine")).exit_code == 0

    assert load_settings(config).shop(SHOP).client_secret_file == tmp_path / "mine"
    assert not (tmp_path / "secrets").exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"secret": "not the secret"}, ""),
        ({"domain": "elsewhere.myshopify.com"}, "answered"),
        ({"domain": BROKEN}, "is there already"),
        ({"domain": "not a domain"}, "domain"),
    ],
    ids=["wrong secret", "another shop answers", "there already", "no domain"],
)
def test_a_shop_that_cannot_be_asked_is_not_added(
    wrong: dict[str, str], said: str, store: SandboxShop, config: Path, tmp_path: Path
) -> None:
    before = config.read_text()

    result = add(store, config, **wrong)

    assert result.exit_code == 1
    assert said in str(result.exception)
    assert "not the secret" not in str(result.exception)
    assert config.read_text() == before
    assert list(tmp_path.glob("secrets/*")) == []


def test_a_shop_that_lacks_a_scope_is_not_added(store: SandboxShop, config: Path) -> None:
    before = config.read_text()
    store.sandbox.tokens.set_scopes(sorted(set(least_privilege()) - {"read_customers"}))
    try:
        result = add(store, config)
    finally:
        store.sandbox.tokens.set_scopes(least_privilege())

    assert "lacks the scopes read_customers" in str(result.exception)
    assert config.read_text() == before


def test_a_section_reads_as_a_person_would_have_written_it() -> None:
    added = with_shop("[shops.a]  # first\ndomain = 'a'\n", "b", {"domain": "b", "client_id": "x"})

    assert added == '[shops.a]  # first\ndomain = \'a\'\n\n[shops.b]\ndomain = "b"\nclient_id = "x"\n'


def test_settings_that_are_no_toml_are_left_as_they_are() -> None:
    with pytest.raises(ConfigError, match="is not TOML"):
        with_shop("[shops", "b", {"domain": "b"})


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Reads that were begun, by shop and stream; those of the broken shop fail on the way."""
    begun: list[tuple[str, str]] = []

    def extract(pipeline: shops.Pipeline, stream: str) -> None:
        begun.append((pipeline.shop.domain, stream))
        if pipeline.shop.domain == BROKEN:
            pipeline.ask_shop()

    monkeypatch.setattr(shops.Pipeline, "extract", extract)
    return begun


@pytest.fixture
def three(config: Path) -> Path:
    config.write_text(
        config.read_text()
        + f'\n[shops.third]\ndomain = "{THIRD}"\naccess_token = "t"\n'
        + f'\n[shops.usd]\ndomain = "{SHOP}"\naccess_token = "t"\n'
    )
    return config


def test_a_shop_that_fails_leaves_the_others_alone(three: Path, read: list[tuple[str, str]]) -> None:
    result = run("sync", "--all-shops", "--stream", "orders", "--config", str(three))

    assert result.exit_code == 3
    assert read == [(BROKEN, "orders"), (THIRD, "orders"), (SHOP, "orders")]
    outcomes = [line for line in result.stdout.splitlines() if "myshopify.com" in line]
    assert ["failed" in line for line in outcomes] == [True, False, False]
    assert ["synced" in line for line in outcomes] == [False, True, True]


def test_a_paused_shop_is_skipped_until_it_goes_on(three: Path, read: list[tuple[str, str]]) -> None:
    at = ("--config", str(three))
    for domain in (BROKEN, THIRD):
        assert run("shops", "pause", "--because", "stocktaking", "--shop", domain, *at).exit_code == 0

    [told] = json.loads(run("status", "--json", "--shop", THIRD, *at).stdout)["paused"]
    assert told["because"] == "stocktaking"
    paused = run("sync", "--all-shops", "--stream", "orders", *at)
    assert (paused.exit_code, read) == (0, [(SHOP, "orders")])
    assert "stocktaking" in paused.stdout
    assert {shop for shop, row in listed(three).items() if row["paused_at"]} == {BROKEN, THIRD}

    assert run("shops", "resume", "--shop", THIRD, *at).exit_code == 0
    read.clear()
    run("sync", "--all-shops", "--stream", "orders", *at)
    assert read == [(THIRD, "orders"), (SHOP, "orders")]


def test_a_person_may_still_sync_a_paused_shop_by_its_name(three: Path, read: list[tuple[str, str]]) -> None:
    at = ("--shop", THIRD, "--config", str(three))
    run("shops", "pause", "--because", "stocktaking", *at)

    assert run("sync", "--stream", "orders", *at).exit_code == 0
    assert read == [(THIRD, "orders")]


def test_a_shop_that_is_not_paused_cannot_go_on(three: Path) -> None:
    result = run("shops", "resume", "--shop", THIRD, "--config", str(three))

    assert isinstance(result.exception, ConfigError)
    assert "is not paused" in str(result.exception)


def test_the_list_shows_open_breaks_and_the_last_sync_of_each_shop(three: Path, warehouse_dsn: str) -> None:
    with connect(warehouse_dsn) as conn:
        conn.execute(
            "insert into ops.loads (shop, stream, mode, window_to, state, landing_prefix, received, loaded, "
            "superseded, quarantined, new_versions, started_at, merged_at) values "
            "(%s, 'orders', 'full', now(), 'merged', 'x', 0, 0, 0, 0, 0, now(), '2026-11-20T12:00:00Z')",
            (THIRD,),
        )

    rows = listed(three)

    assert rows[THIRD]["last_sync_at"].startswith("2026-11-20 12:00:00")
    assert [rows[domain]["last_sync_at"] for domain in (BROKEN, SHOP)] == [None, None]
    assert THIRD in run("shops", "list", "--config", str(three)).stdout

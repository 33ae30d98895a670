"""Settings: a mistake is one line that names the key and says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from shopify_pipeline.config import load_settings
from shopify_pipeline.errors import ConfigError

GOOD = """
[warehouse]
dsn = "postgresql://u:secret-dsn@127.0.0.1/warehouse"

[shops.main]
domain = "a-shop.myshopify.com"
client_id = "id"
client_secret = "secret-value"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def test_defaults_are_complete(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, GOOD))

    assert settings.shop("a-shop.myshopify.com").base_url == "https://a-shop.myshopify.com"
    assert settings.extract.overlap_seconds == 600
    assert settings.tryton.batch_size == 10


def test_the_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPIFY_PIPELINE_WAREHOUSE__DSN", "postgresql://other/db")
    monkeypatch.setenv("SHOPIFY_PIPELINE_EXTRACT__PAGE_SIZE", "25")

    settings = load_settings(written(tmp_path, GOOD))

    assert settings.warehouse.dsn.get_secret_value() == "postgresql://other/db"
    assert settings.extract.page_size == 25


def test_secrets_are_not_in_the_repr(tmp_path: Path) -> None:
    shown = repr(load_settings(written(tmp_path, GOOD)))

    assert "secret-value" not in shown
    assert "secret-dsn" not in shown


MISTAKES = {
    "a misspelt key": (GOOD + "\n[extract]\npage_sise = 3\n", "extract.page_sise is not a setting; check its spelling"),
    "a misspelt section": (GOOD + "\n[extarct]\npage_size = 3\n", "extarct is not a setting"),
    "no token": (GOOD.replace('client_secret = "secret-value"', ""), "no token"),
    "no client id": (GOOD.replace('client_id = "id"', ""), "client_id is missing"),
    "a wrong shop domain": (GOOD.replace("a-shop.myshopify.com", "a-shop.example.com"), "shops.main.domain"),
    "an endpoint in clear": (GOOD + 'endpoint = "http://a-shop"\n', "https://"),
    "two kinds of token": (
        GOOD + 'access_token = "secret-value"\nrefresh_token_file = "first"\n',
        "access_token and refresh_token_file exclude each other",
    ),
    "no file with the secret": (
        GOOD.replace('client_secret = "secret-value"', 'client_secret_file = "/nowhere/secret"'),
        "client_secret_file cannot be read: No such file or directory: /nowhere/secret",
    ),
    "no key for the tokens": (GOOD + 'refresh_token_file = "first"\n', "token_key_file is missing"),
    "no shop": (GOOD.split("[shops")[0], "shops is missing"),
    "no warehouse": ("[shops" + GOOD.split("[shops")[1], "warehouse is missing"),
    "a back office in clear": (GOOD + '\n[tryton]\nurl = "http://erp.example.com"\n', "https://"),
    "not TOML": ("shops = [", "is not TOML"),
}


@pytest.mark.parametrize(("text", "says"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_line_that_names_it(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=r".+") as caught:
        load_settings(written(tmp_path, text))

    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret-value" not in str(caught.value)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="make run"):
        load_settings(tmp_path / "nowhere.toml")


def test_an_unknown_shop_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"known: a-shop\.myshopify\.com"):
        load_settings(written(tmp_path, GOOD)).shop("b-shop.myshopify.com")


def test_token_files_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    key, first = tmp_path / "key", tmp_path / "first"
    text = f'{GOOD}refresh_token_file = "{first}"\ntoken_key_file = "{key}"\n'
    shop = load_settings(written(tmp_path, text)).shop("a-shop.myshopify.com")

    assert shop.first_refresh_token() is None
    with pytest.raises(ConfigError, match="token_key_file cannot be read: No such file or directory"):
        shop.token_key()

    key.write_text("the-key\n")
    first.write_text("shprt_first\n")
    assert shop.token_key().get_secret_value() == "the-key"
    token = shop.first_refresh_token()
    assert token is not None
    assert token.get_secret_value() == "shprt_first"
    assert "shprt_first" not in repr(token)

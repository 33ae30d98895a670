"""The value map: read once, refused when it says something nobody understands, never guessing."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from shopify_pipeline.backoffice.value_map import Accounts, Unmapped, ValueMap, read_value_map, tax_key
from shopify_pipeline.errors import ConfigError
from shopify_sandbox.world import shoppers
from shopify_sandbox.world.profiles import PROFILES

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "shopify_pipeline" / "local" / "value_map.toml"


def shipped(profile: str) -> ValueMap:
    """The map of one kind of shop."""
    return read_value_map(SHIPPED if profile == "usd" else SHIPPED.with_stem(f"value_map_{profile}"))


def written(folder: Path, text: str) -> Path:
    path = folder / "value_map.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("profile", PROFILES)
def test_every_word_of_a_sandbox_shop_has_a_code(profile: str) -> None:
    value_map = shipped(profile)
    for place in PROFILES[profile].places:
        for tax in place.taxes:
            assert value_map.tax(tax.title, Decimal(tax.ppm).scaleb(-6), is_channel_liable=False)
    for name, *_ in (*PROFILES[profile].locations, ("Parcel Works",), ("Market Stall",)):
        assert value_map.location(name)
    for gateway in {one for one, *_ in shoppers.PAYMENTS} | {"cash", "gift_card", "shopify_store_credit"}:
        assert value_map.gateway(gateway)
    for name in msgspec.structs.fields(Accounts):
        assert value_map.account(name.name)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_code_is_one_the_company_knows(profile: str) -> None:
    company = tomllib.loads((ROOT / "tryton_shopify" / "company.toml").read_text())
    value_map = shipped(profile)
    accounts = {account["code"] for account in company["accounts"]}
    accounts |= {company[name]["code"] for name in ("receivable", "tax_account")}
    for section in (value_map.lines, value_map.gateways, value_map.accounts, value_map.balance):
        assert set(section.values()) <= accounts
    assert value_map.accounts["receivable"] == company["receivable"]["code"]
    assert value_map.accounts["tax"] == company["tax_account"]["code"]
    assert set(value_map.locations.values()) <= {warehouse["code"] for warehouse in company["warehouses"]}
    assert set(value_map.taxes.values()) <= {tax["name"] for tax in company["taxes"]}


def test_places_of_a_shop_do_not_share_a_warehouse() -> None:
    for profile in PROFILES:
        codes = list(shipped(profile).locations.values())
        assert len(codes) == len(set(codes))


def test_a_missing_word_names_the_entry_to_add() -> None:
    with pytest.raises(Unmapped, match=r"^no code for gateway 'klarna': add it to \[gateways\] of value_map.toml$"):
        read_value_map(SHIPPED).gateway("klarna")


@pytest.mark.parametrize(
    ("rate", "liable", "key"),
    [
        ("0.04000000", False, "Tax 4%"),
        ("0.01375", False, "Tax 1.375%"),
        ("0", False, "Tax 0%"),
        (None, False, "Tax"),
        ("0.2", True, "Tax 20% (channel)"),
        ("0.2", None, "Tax 20% (liability unknown)"),
    ],
)
def test_a_tax_is_known_by_title_and_rate(rate: str | None, liable: bool | None, key: str) -> None:
    assert tax_key("Tax", None if rate is None else Decimal(rate), is_channel_liable=liable) == key


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("PRODUCT", "PRODUKT"), "PRODUKT"),
        (("[gateways]", "[gateway]"), "gateway"),
        (('receivable = "1200"', ""), "receivable"),
        (('PRODUCT = "4000"', 'PRODUCT = ""'), "lines"),
        (('PRODUCT = "4000"', "PRODUCT = 4000"), "lines"),
        (('TIP = "4200"', 'UNKNOWN = "4200"'), "UNKNOWN"),
        (("[lines]", "[lines"), "is not TOML"),
    ],
    ids=["line type", "section", "missing account", "empty code", "number", "unknown type", "not TOML"],
)
def test_a_mistake_in_the_file_is_one_clear_line(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    path = written(tmp_path, SHIPPED.read_text().replace(*change, 1))
    with pytest.raises(ConfigError, match=complaint) as error:
        read_value_map(path)
    assert "\n" not in str(error.value)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_value_map(tmp_path / "none.toml")

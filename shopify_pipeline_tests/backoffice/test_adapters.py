"""Which back office is opened: the settings name it, and another distribution can bring one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from shopify_pipeline.backoffice.adapters import open_backoffice
from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.backoffice.protocol import BackOffice, Outcome
from shopify_pipeline.backoffice.tryton import TrytonBackOffice
from shopify_pipeline.clock import SystemClock
from shopify_pipeline.config import load_settings
from shopify_pipeline.errors import ConfigError
from shopify_pipeline_tests.backoffice.builders import a_document, a_party, a_product, an_order, goods

Open = Callable[[str], BackOffice]
Install = Callable[[str, str], None]
SHOP = "a-shop.myshopify.com"
VALUE_MAP = """
[lines]
PRODUCT = "4000"
[gateways]
cash = "1140"
[taxes]
"State Tax 4%" = "New York State Tax 4%"
"State Tax 4% (channel)" = "New York State Tax 4% (channel)"
[locations]
Main = "MAIN"
[accounts]
receivable = "1200"
tax = "2200"
rounding = "4910"
"""


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """Open what these lines of the settings name."""

    def open_with(backoffice: str) -> BackOffice:
        (tmp_path / "map.toml").write_text(VALUE_MAP)
        path = tmp_path / "config.toml"
        path.write_text(
            f"""
            home = "{tmp_path}"
            [warehouse]
            dsn = "postgresql://127.0.0.1/warehouse"
            [tryton]
            password = "secret"
            [shops.main]
            domain = "{SHOP}"
            client_id = "id"
            client_secret = "secret"
            value_map = "{tmp_path / "map.toml"}"
            {backoffice}
            """
        )
        return open_backoffice(load_settings(path), SystemClock(), print)

    return open_with


def test_tryton_is_the_back_office_unless_another_is_named(opened: Open) -> None:
    assert isinstance(opened(""), TrytonBackOffice)


def test_a_journal_knows_the_codes_of_the_value_map(opened: Open, tmp_path: Path) -> None:
    office = opened(
        """
        [backoffice]
        adapter = "journal"
        [backoffice.options]
        currency = "USD"
        path = "books/journal.jsonl"
        tax_accounts = { "New York State Tax 4% (channel)" = "2210" }
        """
    )
    assert isinstance(office, JournalBackOffice)
    office.push_parties(SHOP, [a_party()])
    office.push_products(SHOP, [a_product(1, SHOP)])

    (result,) = office.push_orders(
        SHOP, [an_order(documents=(a_document("agreement/1", goods("20.00", 2, state="0.80", remitted="1.00")),))]
    )

    assert result.outcome is Outcome.CREATED, result.reason
    assert {row.account: str(row.amount) for row in office.ledger(SHOP)} == {
        "1200": "21.80",
        "4000": "-20.00",
        "2200": "-0.80",
        "2210": "-1.00",
    }
    assert (tmp_path / "books" / "journal.jsonl").exists()


MISTAKES = {
    "an adapter nobody brought": (
        '[backoffice]\nadapter = "netsuit"',
        "there is no back office adapter 'netsuit'; installed are: journal, tryton",
    ),
    "options of tryton": ('[backoffice.options]\nurl = "x"', "url belongs into [tryton]"),
    "a journal without a currency": ('[backoffice]\nadapter = "journal"', "missing required field `currency`"),
    "a misspelt option": (
        '[backoffice]\nadapter = "journal"\noptions = { currency = "USD", file = "x" }',
        "unknown field `file`",
    ),
    "an account of a tax nobody has": (
        '[backoffice]\nadapter = "journal"\noptions = { currency = "USD", tax_accounts = { "VAT" = "1" } }',
        "no value map has the tax VAT",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_line_that_says_what_is_wrong(mistake: tuple[str, str], opened: Open) -> None:
    backoffice, complaint = mistake

    with pytest.raises(ConfigError) as raised:
        opened(backoffice)

    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a distribution that brings an adapter of this name."""

    def install(name: str, target: str) -> None:
        site = tmp_path / "site"
        metadata = site / "erp_for_shopify-1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: erp-for-shopify\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[shopify_pipeline.backoffices]\n{name} = {target}\n")
        (site / "erp_for_shopify.py").write_text(
            "def open_backoffice(settings, options, clock, progress):\n"
            "    return (options['company'], [shop.domain for shop in settings.shops.values()])\n"
        )
        monkeypatch.syspath_prepend(os.fspath(site))

    return install


def test_another_distribution_brings_an_adapter_and_gets_its_options(installed: Install, opened: Open) -> None:
    installed("erp", "erp_for_shopify:open_backoffice")

    office = opened('[backoffice]\nadapter = "erp"\noptions = { company = "ACME" }')

    assert office == ("ACME", [SHOP])


def test_a_name_that_two_distributions_bring_is_refused(installed: Install, opened: Open) -> None:
    installed("tryton", "erp_for_shopify:open_backoffice")

    with pytest.raises(ConfigError, match="'tryton': remove one of erp-for-shopify, shopify-pipeline"):
        opened("")


def test_an_adapter_that_cannot_be_imported_is_named(installed: Install, opened: Open) -> None:
    installed("erp", "erp_for_shopify:open_office")

    with pytest.raises(ConfigError, match="the back office adapter 'erp' cannot be imported: "):
        opened('[backoffice]\nadapter = "erp"')


def test_options_are_not_in_the_repr(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        f"""
        [warehouse]
        dsn = "postgresql://127.0.0.1/warehouse"
        [shops.main]
        domain = "{SHOP}"
        client_id = "id"
        client_secret = "secret"
        [backoffice.options]
        token = "very-secret"
        """
    )

    assert "very-secret" not in repr(load_settings(path))

"""The journal as files NetSuite, Xero and QuickBooks import: literal files, what is new, and what no file may hold."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from textwrap import dedent
from typing import Any

import msgspec
import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.backoffice.journal_export import Exported, export
from shopify_pipeline.backoffice.layouts import read_layout, shipped
from shopify_pipeline.cli import app
from shopify_pipeline.errors import ConfigError, PermanentError
from shopify_pipeline_tests.backoffice.builders import (
    a_document,
    a_party,
    a_payment,
    a_restock,
    a_shipment,
    an_entry,
    an_order,
    charge,
    goods,
    grown,
    stock_up,
)

D = Decimal
SHOP = "a-shop.myshopify.com"
MARCH = {"first": date(2026, 3, 1), "last": date(2026, 3, 31)}
Export = Callable[..., Exported]


@pytest.fixture
def books(journal: JournalBackOffice) -> JournalBackOffice:
    """March: an order of two shirts with taxes, paid, shipped, half of it returned; and a fee."""
    stock_up(journal, SHOP)
    sold = a_document("11/ORDER", goods("20.00", 2, state="0.80", city="0.90"))
    order = an_order("1", documents=(sold,), payments=(a_payment("21", "21.70", on=date(2026, 3, 5)),))
    order = msgspec.structs.replace(order, name="#1001", shipments=(a_shipment("31", line_1=2),))
    journal.push_orders(SHOP, [order])
    journal.push_entries(SHOP, [an_entry("balance/41", ("6000", "0.93"), ("1100", "-0.93"), on=date(2026, 3, 5))])
    back = a_document(
        "12/RETURN", goods("-10.00", -1, state="-0.40", city="-0.45"), action="RETURN", on=date(2026, 3, 20)
    )
    journal.push_orders(SHOP, [grown(order, documents=(sold, back), restocks=(a_restock("32", line_1=1),))])
    return journal


@pytest.fixture
def exported(books: JournalBackOffice, tmp_path: Path) -> Export:
    """Export March to ``out``."""

    def run(layout: str, **options: Any) -> Exported:
        return export(books, SHOP, read_layout(layout), **{**MARCH, "folder": tmp_path / "out", **options})

    return run


def text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


def table(path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text(path).splitlines()))


NETSUITE = """\
External ID,Tran ID,Date,Currency,Memo,Account,Debit,Credit,Line Memo,Name
document/11/ORDER,SHOPIFY-1,03/04/2026,USD,Shopify #1001 document/11/ORDER,1200,21.70,,ORDER 11/ORDER,customer/1
document/11/ORDER,SHOPIFY-1,03/04/2026,USD,Shopify #1001 document/11/ORDER,4000,,20.00,Shirt 1,
document/11/ORDER,SHOPIFY-1,03/04/2026,USD,Shopify #1001 document/11/ORDER,2200,,0.80,New York State Tax 4%,
document/11/ORDER,SHOPIFY-1,03/04/2026,USD,Shopify #1001 document/11/ORDER,2200,,0.90,New York City Tax 4.5%,
payment/21,SHOPIFY-2,03/05/2026,USD,Shopify #1001 payment/21,1100,21.70,,shopify_payments 21,
payment/21,SHOPIFY-2,03/05/2026,USD,Shopify #1001 payment/21,1200,,21.70,shopify_payments 21,customer/1
entry/balance/41,SHOPIFY-3,03/05/2026,USD,Shopify entry/balance/41,6000,0.93,,Entry balance/41,
entry/balance/41,SHOPIFY-3,03/05/2026,USD,Shopify entry/balance/41,1100,,0.93,Entry balance/41,
document/12/RETURN,SHOPIFY-4,03/20/2026,USD,Shopify #1001 document/12/RETURN,1200,,10.85,RETURN 12/RETURN,customer/1
document/12/RETURN,SHOPIFY-4,03/20/2026,USD,Shopify #1001 document/12/RETURN,4000,10.00,,Shirt 1,
document/12/RETURN,SHOPIFY-4,03/20/2026,USD,Shopify #1001 document/12/RETURN,2200,0.40,,New York State Tax 4%,
document/12/RETURN,SHOPIFY-4,03/20/2026,USD,Shopify #1001 document/12/RETURN,2200,0.45,,New York City Tax 4.5%,
"""
NETSUITE_MOVEMENTS = """\
External ID,Date,Adjustment Account,Memo,Item,Location,Adjust Qty. By
shipment/31,03/06/2026,Inventory Adjustments,Shopify #1001 shipment/31,a-shop.myshopify.com-1,MAIN,-2
restock/32,03/20/2026,Inventory Adjustments,Shopify #1001 restock/32,a-shop.myshopify.com-1,MAIN,1
"""
XERO = """\
*Narration,*Date,Description,*AccountCode,*TaxRate,*Amount
Shopify #1001 document/11/ORDER,04/03/2026,ORDER 11/ORDER,1200,Tax Exempt,21.70
Shopify #1001 document/11/ORDER,04/03/2026,Shirt 1,4000,Tax Exempt,-20.00
Shopify #1001 document/11/ORDER,04/03/2026,New York State Tax 4%,2200,Tax Exempt,-0.80
Shopify #1001 document/11/ORDER,04/03/2026,New York City Tax 4.5%,2200,Tax Exempt,-0.90
Shopify #1001 payment/21,05/03/2026,shopify_payments 21,1100,Tax Exempt,21.70
Shopify #1001 payment/21,05/03/2026,shopify_payments 21,1200,Tax Exempt,-21.70
Shopify entry/balance/41,05/03/2026,Entry balance/41,6000,Tax Exempt,0.93
Shopify entry/balance/41,05/03/2026,Entry balance/41,1100,Tax Exempt,-0.93
Shopify #1001 document/12/RETURN,20/03/2026,RETURN 12/RETURN,1200,Tax Exempt,-10.85
Shopify #1001 document/12/RETURN,20/03/2026,Shirt 1,4000,Tax Exempt,10.00
Shopify #1001 document/12/RETURN,20/03/2026,New York State Tax 4%,2200,Tax Exempt,0.40
Shopify #1001 document/12/RETURN,20/03/2026,New York City Tax 4.5%,2200,Tax Exempt,0.45
"""
XERO_MOVEMENTS = """\
Date,Document,Kind,Order,Item Code,Item Name,Location,Quantity
06/03/2026,shipment/31,shipment,#1001,a-shop.myshopify.com-1,Shirt 1,MAIN,-2
20/03/2026,restock/32,restock,#1001,a-shop.myshopify.com-1,Shirt 1,MAIN,1
"""
QUICKBOOKS = """\
Journal No.,Journal Date,Account Name,Debits,Credits,Description,Name,Currency
SHOPIFY-1,03/04/2026,1200,21.70,,ORDER 11/ORDER,Ada Customer,USD
SHOPIFY-1,03/04/2026,4000,,20.00,Shirt 1,,USD
SHOPIFY-1,03/04/2026,2200,,0.80,New York State Tax 4%,,USD
SHOPIFY-1,03/04/2026,2200,,0.90,New York City Tax 4.5%,,USD
SHOPIFY-2,03/05/2026,1100,21.70,,shopify_payments 21,,USD
SHOPIFY-2,03/05/2026,1200,,21.70,shopify_payments 21,Ada Customer,USD
SHOPIFY-3,03/05/2026,6000,0.93,,Entry balance/41,,USD
SHOPIFY-3,03/05/2026,1100,,0.93,Entry balance/41,,USD
SHOPIFY-4,03/20/2026,1200,,10.85,RETURN 12/RETURN,Ada Customer,USD
SHOPIFY-4,03/20/2026,4000,10.00,,Shirt 1,,USD
SHOPIFY-4,03/20/2026,2200,0.40,,New York State Tax 4%,,USD
SHOPIFY-4,03/20/2026,2200,0.45,,New York City Tax 4.5%,,USD
"""
QUICKBOOKS_MOVEMENTS = """\
Date,Document,Kind,Order,SKU,Product,Location,Quantity
03/06/2026,shipment/31,shipment,#1001,a-shop.myshopify.com-1,Shirt 1,MAIN,-2
03/20/2026,restock/32,restock,#1001,a-shop.myshopify.com-1,Shirt 1,MAIN,1
"""
FILES = {
    "netsuite": (NETSUITE, NETSUITE_MOVEMENTS),
    "xero": (XERO, XERO_MOVEMENTS),
    "quickbooks": (QUICKBOOKS, QUICKBOOKS_MOVEMENTS),
}


@pytest.mark.parametrize("layout", FILES)
def test_a_month_is_these_files(layout: str, exported: Export) -> None:
    done = exported(layout)

    assert tuple(text(path) for path in done.files) == FILES[layout]


def test_every_layout_that_is_shipped_is_shown_here() -> None:
    assert set(shipped()) == set(FILES)


def test_the_totals_balance_and_name_every_account(exported: Export) -> None:
    done = exported("xero")

    assert (done.documents, done.lines, done.movements, done.new) == (4, 12, 2, 6)
    assert (done.debit, done.credit, done.currency) == (D("55.18"), D("55.18"), "USD")
    assert {code: (side.debit, side.credit) for code, side in done.accounts.items()} == {
        "1100": (D("21.70"), D("0.93")),
        "1200": (D("21.70"), D("32.55")),
        "2200": (D("0.85"), D("1.70")),
        "4000": (D("10.00"), D("20.00")),
        "6000": (D("0.93"), D("0")),
    }


def test_the_same_days_give_the_same_files_again(exported: Export) -> None:
    first = [text(path) for path in exported("netsuite").files]

    again = exported("netsuite")

    assert [text(path) for path in again.files] == first
    assert again.new == 0


def test_only_what_is_new_is_what_no_export_by_this_layout_brought(exported: Export, books: JournalBackOffice) -> None:
    exported("netsuite", last=date(2026, 3, 10))
    late = an_entry("balance/42", ("6000", "0.10"), ("1100", "-0.10"), on=date(2026, 3, 2))
    books.push_entries(SHOP, [late])

    new = exported("netsuite", new_only=True)
    nothing = exported("netsuite", new_only=True)
    elsewhere = exported("xero", new_only=True)

    assert [Path(path).name for path in new.files] == [
        "journal-netsuite-2026-03-01-2026-03-31-new-2.csv",
        "movements-netsuite-2026-03-01-2026-03-31-new-2.csv",
    ]
    assert {row["External ID"] for row in table(new.files[0])} == {"entry/balance/42", "document/12/RETURN"}
    assert [row["External ID"] for row in table(new.files[1])] == ["restock/32"]
    assert (nothing.files, nothing.lines, nothing.new) == ((), 0, 0)
    assert elsewhere.documents == 5


def test_what_is_exported_is_known_to_whoever_opens_the_journal_next(
    exported: Export, books: JournalBackOffice, tmp_path: Path
) -> None:
    exported("netsuite")
    counts = books.counts(SHOP)

    reopened = JournalBackOffice(tmp_path / "journal.jsonl", books._chart)
    done = export(reopened, SHOP, read_layout("netsuite"), **MARCH, folder=tmp_path / "out", new_only=True)

    assert done.files == ()
    assert (reopened.counts(SHOP), reopened.edited(SHOP)) == (counts, [])


def test_the_first_export_holds_the_opening_counts_of_its_days(exported: Export) -> None:
    done = exported("netsuite", first=date(2026, 1, 1), last=date(2026, 1, 31))

    (path,) = done.files
    assert [(row["External ID"], row["Adjust Qty. By"]) for row in table(path)] == [
        ("count/variant/1@MAIN", "100"),
        ("count/variant/2@MAIN", "100"),
    ]


def test_a_cancelled_shipment_is_a_movement_back(exported: Export, books: JournalBackOffice) -> None:
    order = an_order("2", shipments=(a_shipment("33", line_1=2),))
    books.push_orders(SHOP, [order])
    cancelled = a_shipment("33", line_1=2, cancelled_on=date(2026, 3, 9))
    books.push_orders(SHOP, [grown(order, shipments=(cancelled,))])

    moved = [(row["Document"], row["Quantity"]) for row in table(exported("xero").files[1])]

    assert moved == [("shipment/31", "-2"), ("shipment/33", "-2"), ("reversal/33", "2"), ("restock/32", "1")]


def test_no_cell_is_a_formula(exported: Export, books: JournalBackOffice) -> None:
    books.push_parties(SHOP, [a_party("customer/2", name="@SUM(A1:A9)")])
    lines = [
        msgspec.structs.replace(charge("1.00", "4000"), description=text)
        for text in ("=cmd|' /C calc'!A0", "+1", "-1", "@x", "\tx", "harmless = x")
    ]
    books.push_orders(SHOP, [an_order("2", party="customer/2", lines=(), documents=(a_document("evil", *lines),))])

    rows = [row for row in table(exported("quickbooks").files[0]) if row["Journal No."] == "SHOPIFY-5"]

    assert [row["Description"] for row in rows] == [
        "ORDER evil",
        "'=cmd|' /C calc'!A0",
        "'+1",
        "'-1",
        "'@x",
        "'\tx",
        "harmless = x",
    ]
    assert rows[0]["Name"] == "'@SUM(A1:A9)"


def test_a_file_has_no_more_rows_than_the_program_takes_and_no_document_is_split(
    exported: Export, tmp_path: Path
) -> None:
    layout = tmp_path / "short.toml"
    layout.write_text(
        dedent(
            """
            [journal]
            lines_max = 7
            amount_sign = "credit"
            accounts = { "4000" = "Sales" }
            [journal.columns]
            Document = "document"
            Account = "account"
            Amount = "amount"
            Company = { text = "ACME" }
            [movements.columns]
            Units = "quantity"
            """
        )
    )

    done = exported(str(layout))

    first, second, movements = done.files
    assert [Path(path).name for path in done.files[:2]] == [
        "journal-short-2026-03-01-2026-03-31-part-1.csv",
        "journal-short-2026-03-01-2026-03-31-part-2.csv",
    ]
    assert [row["Document"] for row in table(first)] == ["document/11/ORDER"] * 4 + ["payment/21"] * 2
    assert [row["Document"] for row in table(second)] == ["entry/balance/41"] * 2 + ["document/12/RETURN"] * 4
    assert table(first)[1] == {
        "Document": "document/11/ORDER",
        "Account": "Sales",
        "Amount": "20.00",
        "Company": "ACME",
    }
    assert text(movements) == "Units\n-2\n1\n"
    layout.write_text(layout.read_text().replace("lines_max = 7", "lines_max = 3"))
    with pytest.raises(PermanentError, match="document/11/ORDER has 4 rows and a file of this layout 3 at most"):
        exported(str(layout))


def test_a_sheet_holds_numbers_as_numbers_and_texts_as_texts(exported: Export, books: JournalBackOffice) -> None:
    evil = msgspec.structs.replace(charge("1.00", "4000"), description="=1+1")
    books.push_orders(SHOP, [an_order("2", lines=(), documents=(a_document("evil", evil),))])

    done = exported("quickbooks", file_format="xlsx")

    assert [Path(path).suffix for path in done.files] == [".xlsx", ".xlsx"]
    rows = list(load_workbook(done.files[0]).active.iter_rows(values_only=True))
    assert rows[:3] == [
        ("Journal No.", "Journal Date", "Account Name", "Debits", "Credits", "Description", "Name", "Currency"),
        ("SHOPIFY-1", "03/04/2026", "1200", 21.7, None, "ORDER 11/ORDER", "Ada Customer", "USD"),
        ("SHOPIFY-1", "03/04/2026", "4000", None, 20, "Shirt 1", None, "USD"),
    ]
    assert "'=1+1" in {row[5] for row in rows}


def test_days_the_wrong_way_round_are_refused(exported: Export) -> None:
    with pytest.raises(ConfigError, match="--to 2026-02-01 is before --from 2026-03-01"):
        exported("xero", last=date(2026, 2, 1))


BAD_LAYOUTS = {
    "an unknown field": ('[journal.columns]\nX = "sum"\n[movements.columns]\nX = "date"', "sum"),
    "no amount": (
        '[journal.columns]\nX = "date"\n[movements.columns]\nX = "date"',
        "needs debit and credit, or amount alone",
    ),
    "one side alone": (
        '[journal.columns]\nX = "debit"\n[movements.columns]\nX = "date"',
        "needs debit and credit, or amount alone",
    ),
    "both ways": (
        '[journal.columns]\nX = "debit"\nY = "credit"\nZ = "amount"\n[movements.columns]\nX = "date"',
        "needs debit and credit, or amount alone",
    ),
    "a misspelt key": ("[jurnal.columns]", "jurnal"),
    "no TOML": ("[", "is not TOML"),
}


@pytest.mark.parametrize("bad", BAD_LAYOUTS.values(), ids=BAD_LAYOUTS.keys())
def test_a_layout_that_cannot_be_used_is_refused_with_its_fault(bad: tuple[str, str], tmp_path: Path) -> None:
    content, complaint = bad
    path = tmp_path / "layout.toml"
    path.write_text(content)

    with pytest.raises(ConfigError) as raised:
        read_layout(str(path))

    assert complaint in str(raised.value)


def test_a_layout_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match="layout datev is neither a file nor one of netsuite, quickbooks, xero"):
        read_layout("datev")


def settings(tmp_path: Path, adapter: str) -> str:
    (tmp_path / "map.toml").write_text(
        dedent(
            """
            lines = { PRODUCT = "4000" }
            gateways = { shopify_payments = "1100", card = "6000" }
            locations = { Main = "MAIN" }
            accounts = { receivable = "1200", tax = "2200", rounding = "4910" }
            [taxes]
            "State 4%" = "New York State Tax 4%"
            "City 4.5%" = "New York City Tax 4.5%"
            """
        )
    )
    path = tmp_path / "config.toml"
    path.write_text(
        dedent(
            f"""
            home = "{tmp_path}"
            [warehouse]
            dsn = "postgresql://127.0.0.1/warehouse"
            [tryton]
            password = "secret"
            [backoffice]
            adapter = "{adapter}"
            {'options = { currency = "USD" }' if adapter == "journal" else ""}
            [shops.main]
            domain = "{SHOP}"
            client_id = "id"
            client_secret = "secret"
            value_map = "{tmp_path / "map.toml"}"
            """
        )
    )
    return str(path)


def test_the_command_writes_the_files_and_prints_the_totals(books: JournalBackOffice, tmp_path: Path) -> None:
    config = settings(tmp_path, "journal")
    arguments = ["journal", "export", "--from", "2026-03-01", "--to", "2026-03-31", "--layout", "xero"]
    arguments += ["--out", str(tmp_path / "files"), "--config", config]

    shown = CliRunner().invoke(app, arguments, catch_exceptions=False)
    as_json = json.loads(CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False).stdout)

    assert shown.exit_code == 0
    assert "4 documents, 12 lines, 2 movements; 6 are new" in shown.stdout
    assert text(as_json["files"][0]) == XERO
    assert (as_json["debit"], as_json["credit"], as_json["new"]) == ("55.18", "55.18", 0)
    assert as_json["accounts"]["1100"] == {"debit": "21.70", "credit": "0.93"}


def test_the_command_refuses_books_that_are_no_journal(tmp_path: Path) -> None:
    arguments = ["journal", "export", "--from", "2026-03-01", "--to", "2026-03-31", "--layout", "xero"]

    with pytest.raises(ConfigError, match="the books are in tryton: only a journal is exported"):
        CliRunner().invoke(
            app,
            [*arguments, "--out", str(tmp_path), "--config", settings(tmp_path, "tryton")],
            catch_exceptions=False,
        )

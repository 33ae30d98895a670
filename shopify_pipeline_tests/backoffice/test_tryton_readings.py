"""What is read back from Tryton: tax reports, control totals, what changed since when, and what a person changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from shopify_pipeline.backoffice.protocol import (
    EditedRow,
    EntryLine,
    JournalEntry,
    LedgerRow,
    Outcome,
    TaxedRow,
    Total,
)
from shopify_pipeline.backoffice.tryton import TrytonBackOffice
from shopify_pipeline.local.tryton import DATABASE, TrytonServer
from shopify_pipeline_tests.backoffice.builders import (
    CITY_TAX,
    STATE_TAX,
    a_document,
    a_party,
    a_payment,
    a_product,
    an_order,
    charge,
    goods,
    grown,
    open_shop,
)
from shopify_pipeline_tests.backoffice.test_tryton_companies import prices

D = Decimal
Call = Callable[..., Any]


@pytest.fixture
def damage(tryton_server: TrytonServer) -> Iterator[Callable[[str], None]]:
    """Change the server's tables behind its back: what nobody can do in its client."""

    def change(statement: str) -> None:
        with connection:
            connection.execute(statement)

    connection = sqlite3.connect(tryton_server.home / f"{DATABASE}.sqlite", timeout=30)
    try:
        yield change
    finally:
        connection.close()


def an_entry(external_id: str, *lines: tuple[str, str], order: str | None = None) -> JournalEntry:
    """An entry of 9 March."""
    return JournalEntry(
        external_id=external_id,
        kind="PAYOUT",
        on=date(2026, 3, 9),
        currency="USD",
        description="Payout",
        lines=tuple(EntryLine(account=account, amount=D(amount)) for account, amount in lines),
        order=order,
    )


def a_busy_shop(tryton: TrytonBackOffice, shop: str) -> None:
    """A sale with taxes and shipping, half of it returned the month after, paid and paid out."""
    open_shop(tryton, shop)
    sold = a_document("1/ORDER", goods("20.00", 2, state="0.80", city="0.90"), charge("5.00", "4100"))
    back = a_document("2/RETURN", goods("-10.00", -1, state="-0.40", city="0.00"), on=date(2026, 4, 2))
    tryton.push_orders(
        shop, [an_order(documents=(sold, back), payments=(a_payment("11", "26.70", on=date(2026, 3, 5)),))]
    )
    tryton.push_entries(shop, [an_entry("payout/1", ("1010", "26.70"), ("1100", "-26.70"))])


def number(record: str) -> int:
    return int(record.partition(",")[2])


def test_the_ledger_names_resource_order_day_and_party_of_every_amount(tryton: TrytonBackOffice, shop: str) -> None:
    a_busy_shop(tryton, shop)

    found = [row for row in tryton.ledger(shop) if row.external_id in ("2/RETURN", "11", "payout/1")]

    def row(resource: str, name: str, order: str, account: str, amount: str, on: date, party: str = "") -> LedgerRow:
        return LedgerRow(
            resource=resource,
            external_id=name,
            order_id=order,
            account=account,
            amount=D(amount),
            booked_on=on,
            party=party,
        )

    april, paid, out = date(2026, 4, 2), date(2026, 3, 5), date(2026, 3, 9)
    assert sorted(found, key=lambda r: (r.resource, r.external_id, r.account)) == [
        row("documents", "2/RETURN", "order/1", "1200", "-10.40", april, "customer/1"),
        row("documents", "2/RETURN", "order/1", "2200", "0.40", april),
        row("documents", "2/RETURN", "order/1", "4000", "10.00", april),
        row("entries", "payout/1", "", "1010", "26.70", out),
        row("entries", "payout/1", "", "1100", "-26.70", out),
        row("payments", "11", "order/1", "1100", "26.70", paid),
        row("payments", "11", "order/1", "1200", "-26.70", paid, "customer/1"),
    ]


def test_each_document_reports_base_and_amount_of_each_tax_and_credits_are_negative(
    tryton: TrytonBackOffice, shop: str
) -> None:
    a_busy_shop(tryton, shop)

    def row(name: str, tax: str, base: str, amount: str) -> TaxedRow:
        return TaxedRow(external_id=name, order_id="order/1", tax=tax, base=D(base), amount=D(amount))

    assert sorted(tryton.taxes(shop), key=lambda r: (r.external_id, r.tax)) == [
        row("1/ORDER", CITY_TAX, "20.00", "0.90"),
        row("1/ORDER", STATE_TAX, "20.00", "0.80"),
        row("2/RETURN", CITY_TAX, "-10.00", "0"),
        row("2/RETURN", STATE_TAX, "-10.00", "-0.40"),
    ]


def test_control_totals_are_the_ledger_by_account_and_month(tryton: TrytonBackOffice, shop: str) -> None:
    a_busy_shop(tryton, shop)

    march, april = date(2026, 3, 1), date(2026, 4, 1)
    assert [total for total in tryton.totals(shop) if total.amount] == [
        Total(account="1010", month=march, amount=D("26.70")),
        Total(account="1200", month=april, amount=D("-10.40")),
        Total(account="2200", month=march, amount=D("-1.70")),
        Total(account="2200", month=april, amount=D("0.40")),
        Total(account="4000", month=march, amount=D("-20.00")),
        Total(account="4000", month=april, amount=D("10.00")),
        Total(account="4100", month=march, amount=D("-5.00")),
    ]


def test_only_what_changed_since_an_instant_is_read(tryton: TrytonBackOffice, shop: str) -> None:
    a_busy_shop(tryton, shop)
    since = tryton.health(shop).now
    assert since is not None
    readings = (tryton.orders, tryton.documents, tryton.ledger, tryton.taxes, tryton.payments)
    assert [reading(shop, since) for reading in readings] == [[], [], [], [], []]

    tryton.push_orders(shop, [an_order("order/2", documents=(a_document("3/ORDER", goods("7.00", 1, state="0.28")),))])

    assert [row.order_id for row in tryton.orders(shop, since)] == ["order/2"]
    assert [row.external_id for row in tryton.documents(shop, since)] == ["3/ORDER"]
    assert {row.external_id for row in tryton.ledger(shop, since)} == {"3/ORDER"}
    assert {row.external_id for row in tryton.taxes(shop, since)} == {"3/ORDER"}
    assert tryton.payments(shop, since) == []


def test_a_document_that_is_paid_later_changed_with_all_its_rows(tryton: TrytonBackOffice, shop: str) -> None:
    open_shop(tryton, shop)
    order = an_order()
    tryton.push_orders(shop, [order])
    whole = tryton.ledger(shop)
    since = tryton.health(shop).now

    tryton.push_orders(shop, [grown(order, payments=(a_payment("11", "21.70"),))])

    assert [(row.external_id, row.state) for row in tryton.documents(shop, since)] == [("order/1/agreement/1", "paid")]
    assert [row for row in tryton.ledger(shop, since) if row.resource == "documents"] == whole


def test_nothing_is_edited_after_pushes(tryton: TrytonBackOffice, shop: str) -> None:
    a_busy_shop(tryton, shop)
    order = an_order("order/2", documents=(a_document("3/ORDER", goods("7.00", 1)),))
    tryton.push_orders(shop, [order])
    tryton.push_orders(shop, [grown(order, payments=(a_payment("12", "7.00"),))])

    assert tryton.edited(shop) == []


def test_a_cancelled_invoice_is_told(tryton: TrytonBackOffice, shop: str, as_admin: Call) -> None:
    open_shop(tryton, shop)
    tryton.push_orders(shop, [an_order()])
    (row,) = tryton.documents(shop)
    companies = as_admin("model.company.company.search", [], 0, None, None)
    as_admin("model.company.company.write", companies, {"cancel_invoice_out": True})

    as_admin("model.account.invoice.cancel", [number(row.record)])

    assert tryton.edited(shop) == [
        EditedRow(resource="documents", external_id=row.external_id, record=row.record, what="cancelled")
    ]


def test_a_tax_line_that_a_person_changed_is_told_and_read_again(
    tryton: TrytonBackOffice, shop: str, as_admin: Call
) -> None:
    open_shop(tryton, shop)
    tryton.push_orders(shop, [an_order()])
    (row,) = tryton.documents(shop)
    since = tryton.health(shop).now
    (move,) = as_admin("model.account.invoice.read", [number(row.record)], ["move"])
    taxed = [("move_line.move", "=", move["move"]), ("type", "=", "tax"), ("tax.name", "=", STATE_TAX)]
    (line,) = as_admin("model.account.tax.line.search", taxed, 0, None, None)

    as_admin("model.account.tax.line.write", [line], {"amount": {"__class__": "Decimal", "decimal": "0.79"}})

    assert tryton.edited(shop) == [
        EditedRow(resource="documents", external_id=row.external_id, record=row.record, what="changed")
    ]
    assert {taxed.tax: taxed.amount for taxed in tryton.taxes(shop, since)} == {
        STATE_TAX: D("0.79"),
        CITY_TAX: D("0.90"),
    }


def test_a_move_that_another_one_cancels_is_told(tryton: TrytonBackOffice, shop: str, as_admin: Call) -> None:
    open_shop(tryton, shop)
    tryton.push_entries(shop, [an_entry("payout/1", ("1010", "26.70"), ("1100", "-26.70"))])
    ids = as_admin("model.account.move.search", [("description", "like", "%payout/1%")], 0, 1, [("id", "DESC")])

    wizard, *_ = as_admin("wizard.account.move.cancel.create", {})
    as_admin(
        "wizard.account.move.cancel.execute",
        wizard,
        {"default": {"description": "by hand", "reversal": False}},
        "cancel",
        {"active_id": ids[0], "active_ids": ids, "active_model": "account.move"},
    )

    assert [(row.external_id, row.what) for row in tryton.edited(shop)] == [("payout/1", "cancelled")]


def test_a_party_keeps_what_a_person_changed_and_follows_the_shop_in_the_rest(
    tryton: TrytonBackOffice, shop: str, as_admin: Call
) -> None:
    ada = a_party(phone="+12125550100", email="ada@example.org")
    tryton.push_parties(shop, [ada])
    (record,) = as_admin("model.party.party.search", [("name", "=", ada.name)], 0, 1, [("id", "DESC")])
    as_admin("model.party.party.write", [record], {"name": "Ada King, Countess of Lovelace"})
    (address,) = as_admin("model.party.address.search", [("party", "=", record)], 0, None, None)
    as_admin("model.party.address.write", [address], {"street": "12 St James's Square"})
    told = EditedRow(resource="parties", external_id="customer/1", record=f"party.party,{record}", what="changed")
    assert tryton.edited(shop) == [told]

    changed = a_party(name="Ada K.", phone="+12125550199", email="ada@example.org", street="2 Side Street")
    (result,) = tryton.push_parties(shop, [changed])

    assert result.outcome is Outcome.UPDATED
    (party,) = as_admin("model.party.party.read", [record], ["name", "addresses"])
    assert (party["name"], list(party["addresses"])) == ("Ada King, Countess of Lovelace", [address])
    contacts = as_admin("model.party.contact_mechanism.search_read", [("party", "=", record)], 0, None, None, ["value"])
    assert {contact["value"] for contact in contacts} == {"ada@example.org", "+12125550100", "+12125550199"}
    assert tryton.edited(shop, {"parties": ["customer/1"]}) == [told]


def test_once_a_person_undoes_a_change_the_party_follows_the_shop_again(
    tryton: TrytonBackOffice, shop: str, as_admin: Call
) -> None:
    tryton.push_parties(shop, [a_party(name="Una Undone")])
    (record,) = as_admin("model.party.party.search", [("name", "=", "Una Undone")], 0, 1, None)
    as_admin("model.party.party.write", [record], {"name": "Una"})
    tryton.push_parties(shop, [a_party(name="Una U.")])
    as_admin("model.party.party.write", [record], {"name": "Una Undone"})
    assert tryton.edited(shop) == []

    tryton.push_parties(shop, [a_party(name="Una Underwood")])

    assert as_admin("model.party.party.read", [record], ["name"])[0]["name"] == "Una Underwood"


def test_a_product_keeps_what_a_person_changed_and_follows_the_shop_in_the_rest(
    tryton: TrytonBackOffice, shop: str, as_admin: Call, tryton_server: TrytonServer
) -> None:
    shirt = a_product(1, shop)
    tryton.push_products(shop, [shirt])
    (record,) = as_admin("model.product.product.search", [("code", "=", shirt.code)], 0, None, None)
    (product,) = as_admin("model.product.product.read", [record], ["template"])
    as_admin("model.product.template.write", [product["template"]], {"name": "Linen shirt"})

    changed = msgspec.structs.replace(shirt, name="Shirt, blue", list_price=D("12.50"), unit_cost=D("4.25"))
    (result,) = tryton.push_products(shop, [changed])

    assert result.outcome is Outcome.UPDATED
    assert as_admin("model.product.product.read", [record], ["name"])[0]["name"] == "Linen shirt"
    assert prices(tryton_server, shirt.code) == [("USD", "12.500000", "4.250000")]
    assert [(row.resource, row.external_id, row.what) for row in tryton.edited(shop)] == [
        ("products", "variant/1", "changed")
    ]


def test_a_record_that_is_gone_is_told_and_no_longer_counted(
    tryton: TrytonBackOffice, shop: str, damage: Callable[[str], None]
) -> None:
    open_shop(tryton, shop)
    tryton.push_orders(shop, [an_order(payments=(a_payment("11", "5.00"),))])
    before = tryton.counts(shop)

    damage(
        "delete from account_move where id = (select cast(substr(record, 14) as integer) from shopify_external "
        f"where shop = '{shop}' and resource = 'payments')"
    )

    assert [(row.resource, row.external_id, row.what) for row in tryton.edited(shop)] == [("payments", "11", "deleted")]
    assert (before["payments"], tryton.counts(shop)["payments"]) == (1, 0)

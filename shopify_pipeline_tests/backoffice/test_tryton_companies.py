"""Several companies in one database: each shop's books are its company's, exact in that company's currency."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shopify_pipeline.backoffice.contract import Samples
from shopify_pipeline.backoffice.protocol import Outcome, SaleTax
from shopify_pipeline.backoffice.tryton import RefusedError, TrytonBackOffice
from shopify_pipeline.local.tryton import DATABASE, TrytonServer
from shopify_pipeline_tests.backoffice.builders import CODES
from shopify_pipeline_tests.backoffice.companies import company_of, set_up_shop

D = Decimal
RETURNED_ON = date(2026, 4, 2)


def samples(currency: str) -> Samples:
    """Ordinary records in a currency."""
    return Samples(msgspec.structs.replace(CODES, currency=currency))


@pytest.fixture
def ledger(tryton_server: TrytonServer) -> Iterator[Callable[[int], list[tuple[str, str, str, str]]]]:
    """Every posted line of a company: (day, account, debit, credit); from its tables, whatever shop it is of."""
    connection = sqlite3.connect(f"file:{tryton_server.home / DATABASE}.sqlite?mode=ro", uri=True)
    try:
        yield lambda company: connection.execute(
            "select m.date, a.code, cast(l.debit as text), cast(l.credit as text) from account_move m"
            " join account_move_line l on l.move = m.id join account_account a on a.id = l.account"
            " where m.company = ? and m.state = 'posted' order by m.id, a.code, l.id",
            (company,),
        ).fetchall()
    finally:
        connection.close()


def test_yen_have_no_digits_and_dinars_three_and_neither_company_sees_the_others_books(
    tryton: TrytonBackOffice, shop: str, as_admin: Callable[..., Any], ledger: Callable[[int], list[tuple[Any, ...]]]
) -> None:
    yen, dinar = f"yen.{shop}", f"dinar.{shop}"
    japan, kuwait = (set_up_shop(as_admin, name, code) for name, code in ((yen, "JPY"), (dinar, "KWD")))
    before = {company: len(ledger(company)) for company in (japan, kuwait)}
    for currency, name in (("JPY", yen), ("KWD", dinar)):
        samples(currency).stock_up(tryton, name)
    a = samples("JPY")
    taxed = (SaleTax(tax="消費税 10%", amount=D("296")), SaleTax(tax="消費税 (軽減税率) 8%", amount=D("0")))
    sold = a.document("agreement/1", msgspec.structs.replace(a.goods("2959", 7), taxes=taxed))
    paid = a.payment("transaction/1", "3255", account="1140", rounding=D("-5"), rounding_account="4910")
    yens = a.order(documents=(sold,), payments=(paid,), lines=(a.order_line(1, 7),))
    b = samples("KWD")
    goods = b.document("agreement/1", b.goods("72.511", 365))
    back = b.document("agreement/2", b.goods("-0.199", -1), action="RETURN", on=RETURNED_ON)
    dinars = b.order(
        documents=(goods, back), payments=(b.payment("transaction/1", "72.511"),), lines=(b.order_line(1, 365),)
    )

    results = tryton.push_orders(yen, [yens]) + tryton.push_orders(dinar, [dinars])
    tryton.push_entries(dinar, [b.entry("fee/1", ("6000", "2.105"), ("1100", "-2.105"))])
    tryton.push_orders(yen, [a.order("order/2", shipments=(a.shipment("fulfillment/1", line_1=2),), documents=())])

    assert [result.outcome for result in results] == [Outcome.CREATED] * 2
    assert ledger(japan)[before[japan] :] == [
        ("2026-03-04", "1200", "3255", "0"),
        ("2026-03-04", "2200", "0", "296"),
        ("2026-03-04", "2200", "0", "0"),
        ("2026-03-04", "4000", "0", "2959"),
        ("2026-03-04", "1140", "3250", "0"),
        ("2026-03-04", "1200", "0", "3255"),
        ("2026-03-04", "4910", "5", "0"),
    ]
    assert ledger(kuwait)[before[kuwait] :] == [
        ("2026-03-04", "1200", "72.511", "0"),
        ("2026-03-04", "4000", "0", "72.511"),
        ("2026-04-02", "1200", "0", "0.199"),
        ("2026-04-02", "4000", "0.199", "0"),
        ("2026-03-04", "1100", "72.511", "0"),
        ("2026-03-04", "1200", "0", "72.511"),
        ("2026-03-04", "1100", "0", "2.105"),
        ("2026-03-04", "6000", "2.105", "0"),
    ]
    assert [(row.currency, row.total, row.tax) for row in tryton.documents(yen)] == [("JPY", D(3255), D(296))]
    assert [(row.currency, row.total, row.tax) for row in tryton.documents(dinar)] == [
        ("KWD", D("72.511"), D(0)),
        ("KWD", D("-0.199"), D(0)),
    ]
    assert {(row.product, row.quantity) for row in tryton.stock(yen)} == {("variant/1", D(98)), ("variant/2", D(100))}
    assert {(row.product, row.quantity) for row in tryton.stock(dinar)} == {
        ("variant/1", D(100)),
        ("variant/2", D(100)),
    }


def test_another_company_needs_a_name_and_a_currency(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tryton_shopify.bootstrap", "--database", str(tmp_path / "company.sqlite")]

    asked = subprocess.run(
        [*command, "--company", "Ours", "--currency", "USD", "--also", "Theirs"], capture_output=True, text=True
    )

    assert asked.returncode == 2
    assert asked.stderr.endswith("error: --also needs a name and a currency\n")
    assert list(tmp_path.iterdir()) == []


def test_an_amount_the_currency_cannot_write_is_rejected_and_so_is_another_companys_currency(
    tryton: TrytonBackOffice, shop: str, as_admin: Callable[..., Any]
) -> None:
    set_up_shop(as_admin, shop, "JPY")
    a = samples("JPY")
    a.open_shop(tryton, shop)
    half = a.order("order/1", documents=(a.document("agreement/1", a.goods("10.5", 1)),))
    dollars = samples("USD").order("order/2", documents=())

    results = tryton.push_orders(shop, [half, dollars])

    assert [result.reason for result in results] == [
        "10.5 cannot be written in JPY, which has 0 digits",
        "order is in USD but the company's books are in JPY: keep each shop currency in a company of its own",
    ]
    assert tryton.ledger(shop) == []


def test_one_product_is_sold_in_two_companies_at_its_own_price_and_counted_apart(
    tryton: TrytonBackOffice, shop: str, as_admin: Callable[..., Any], tryton_server: TrytonServer
) -> None:
    abroad = f"abroad.{shop}"
    set_up_shop(as_admin, shop, "USD")
    set_up_shop(as_admin, abroad, "GBP")
    assert [tryton.health(name).currency for name in (shop, abroad)] == ["USD", "GBP"]
    shirt = samples("USD").product(1, shop)
    dearer = msgspec.structs.replace(shirt, list_price=D("8.00"), unit_cost=D("3.00"))

    tryton.push_products(shop, [shirt])
    results = tryton.push_products(abroad, [dearer]) + tryton.push_products(abroad, [dearer])
    tryton.push_stock_counts(shop, [samples("USD").count(1, "MAIN", 5)])
    tryton.push_stock_counts(abroad, [samples("GBP").count(1, "MAIN", 3)])

    assert [result.outcome for result in results] == [Outcome.CREATED, Outcome.UNCHANGED]
    assert [tryton.stock(name)[0].quantity for name in (shop, abroad)] == [D(5), D(3)]
    assert [tryton.push_products(name, [p])[0].outcome for name, p in ((shop, shirt), (abroad, dearer))] == [
        Outcome.UNCHANGED
    ] * 2
    assert prices(tryton_server, shirt.code) == [("GBP", "8.000000", "3.000000"), ("USD", "10.000000", "4.000000")]


def prices(server: TrytonServer, code: str) -> list[tuple[str, str, str]]:
    """List price and cost of the one product with the code, by the currency of the company they are of."""
    with sqlite3.connect(f"file:{server.home / DATABASE}.sqlite?mode=ro", uri=True) as connection:
        return connection.execute(
            "select y.code, cast(l.list_price as text), cast(x.cost_price as text)"
            " from product_product p join product_list_price l on l.template = p.template"
            " join product_cost_price x on x.product = p.id and x.company = l.company"
            " join company_company c on c.id = l.company join currency_currency y on y.id = c.currency"
            " where p.code = ? order by y.code",
            (code,),
        ).fetchall()


def test_a_shop_of_a_company_the_user_may_not_work_for_is_refused_with_what_to_do(
    tryton: TrytonBackOffice, shop: str, as_admin: Callable[..., Any]
) -> None:
    set_up_shop(as_admin, shop, "GBP")
    company = company_of(as_admin, "GBP")
    (user,) = as_admin("model.res.user.search", [("login", "=", "shopify")], 0, None, None)
    refusal = (
        f'Shop "{shop}" belongs to company "Sandbox Outfitters UK", which user "shopify" has no access to:'
        " add it to the user's companies."
    )

    as_admin("model.res.user.write", [user], {"companies": [["remove", [company]]]})
    try:
        (result,) = tryton.push_parties(shop, [samples("GBP").party()])
        with pytest.raises(RefusedError) as reading:
            tryton.ledger(shop)
    finally:
        as_admin("model.res.user.write", [user], {"companies": [["add", [company]]]})

    assert (result.outcome, result.reason) == (Outcome.REJECTED, refusal)
    assert str(reading.value) == refusal
    assert tryton.push_parties(shop, [samples("GBP").party()])[0].outcome is Outcome.CREATED

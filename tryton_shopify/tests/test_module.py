"""The module in Tryton's harness: views, access, dependencies; and in process who may push and what a push books.

Not here: the books in full. Those are read over RPC from a company that was built as in production.
"""

import datetime as dt
from contextlib import contextmanager
from decimal import Decimal

import pytest
from trytond.model.exceptions import SQLConstraintError
from trytond.modules.account.tests import create_chart, get_fiscalyear
from trytond.modules.account_invoice.tests import set_invoice_sequences
from trytond.modules.company.tests import create_company, set_company
from trytond.modules.currency.tests import add_currency_rate, create_currency
from trytond.pool import Pool
from trytond.tests.test_tryton import ModuleTestCase, with_transaction
from trytond.transaction import Transaction
from werkzeug.exceptions import Forbidden

from tryton_shopify.external import External as OurExternal
from tryton_shopify.references import RejectedError

SHOP = "shop.myshopify.com"
ON = dt.date(2026, 3, 4)
CUSTOMER = {"external_id": "customer/1", "name": "Ada Customer", "email": None, "phone": None}
ADDRESS = {"street": "1 Main Street", "city": "New York", "postal_code": "10001", "country": None}
PUSHES = ("push_parties", "push_products", "push_stock_counts", "push_orders", "push_entries")
PAGES = (
    "orders",
    "sale_lines",
    "shipments",
    "documents",
    "ledger",
    "taxes",
    "payments",
    "parties",
    "products",
    "edited",
)


class TrytonShopifyTestCase(ModuleTestCase):
    """Test Tryton Shopify module"""

    module = "tryton_shopify"

    @with_transaction()
    def test_every_method_is_open_to_its_groups_only(self):
        External = Pool().get("shopify.external")
        calls = {name: (SHOP, []) for name in PUSHES} | dict.fromkeys(PAGES, (SHOP, 0, 10))
        calls |= dict.fromkeys(("stock", "totals", "counts"), (SHOP,))
        codes = {"accounts": [], "taxes": [], "locations": []}
        calls |= {"known": (SHOP, "orders", []), "unknown_codes": (SHOP, codes), "health": (SHOP,)}
        assert {name for name in External.__rpc__ if name in vars(OurExternal)} - {"get_models"} == set(calls)
        with books():
            for name, arguments in calls.items():
                with a_user(), pytest.raises(Forbidden):
                    getattr(External, name)(*arguments)
                if name in PUSHES:
                    with a_user("group_read"), pytest.raises(Forbidden):
                        getattr(External, name)(*arguments)
                with a_user("group_push"):
                    getattr(External, name)(*arguments)

    @with_transaction()
    def test_an_order_is_booked_once_and_read_as_it_was_booked(self):
        External = Pool().get("shopify.external")
        with books(), a_user("group_push"):
            External.push_parties(SHOP, [{**CUSTOMER, **ADDRESS}])
            outcomes = [External.push_orders(SHOP, [an_order()])[0]["outcome"] for _ in range(2)]
            assert outcomes == ["created", "unchanged"]

            (document,) = External.documents(SHOP, 0, 10)["rows"]
            assert (document["external_id"], document["total"]) == ("1/ORDER", Decimal("25.00"))
            (payment,) = External.payments(SHOP, 0, 10)["rows"]
            assert (payment["amount"], payment["account"]) == (Decimal("25.00"), "1100")
            sums = {(total["account"], total["month"]): total["amount"] for total in External.totals(SHOP)}
            march = dt.date(2026, 3, 1)
            assert sums["4000", march] == Decimal("-25.00")
            assert sums["1100", march] == Decimal("25.00")
            assert External.edited(SHOP, 0, 10)["rows"] == []

    @with_transaction()
    def test_what_cannot_be_booked_names_who_is_to_blame(self):
        External = Pool().get("shopify.external")
        with books(), a_user("group_push"):
            External.push_parties(SHOP, [{**CUSTOMER, **ADDRESS}])
            with pytest.raises(RejectedError) as caught:
                External.push_orders(SHOP, [an_order(account="9999")])
            assert (caught.value.message, caught.value.description) == ("unmapped account 9999", "7")

    @with_transaction()
    def test_one_external_id_stands_for_one_record(self):
        pool = Pool()
        External, Party = map(pool.get, ("shopify.external", "party.party"))
        first, second = Party.create([{"name": "first"}, {"name": "second"}])
        values = {"shop": SHOP, "resource": "parties", "external_id": "customer/1"}
        External.create([{**values, "record": str(first)}])
        with pytest.raises(SQLConstraintError):
            External.create([{**values, "record": str(second)}])


@contextmanager
def books():
    """A company with Tryton's own chart, the codes an order needs and the fiscal year of 2026."""
    pool = Pool()
    Account, FiscalYear, Location = map(pool.get, ("account.account", "account.fiscalyear", "stock.location"))
    currency = create_currency("USD")
    add_currency_rate(currency, 1)
    company = create_company(currency=currency)
    with set_company(company):
        create_chart(company)
        (fiscal_year,) = FiscalYear.create([set_invoice_sequences(get_fiscalyear(company, today=ON))._save_values()])
        FiscalYear.create_period([fiscal_year])
        cash = [("type.statement", "=", "balance"), ("type.receivable", "!=", True), ("type.payable", "!=", True)]
        for code, kind in (("4000", [("type.revenue", "=", True)]), ("1100", cash)):
            ours = [("company", "=", company.id), ("closed", "!=", True)]
            Account.write(Account.search([*kind, *ours], limit=1), {"code": code})
        Location.write(Location.search([("type", "=", "warehouse")]), {"code": "MAIN"})
        yield company


@contextmanager
def a_user(*groups):
    """Work as a user of the company with these groups of the module and no other."""
    pool = Pool()
    Data, User = map(pool.get, ("ir.model.data", "res.user"))
    company = User(Transaction().user).company.id
    ids = [Data.get_id("tryton_shopify", group) for group in groups]
    (user,) = User.create(
        [
            {
                "name": "service",
                "login": f"service {User.search([], count=True)}",
                "companies": [("add", [company])],
                "company": company,
                "groups": [("add", ids)],
            }
        ]
    )
    with Transaction().set_user(user.id):
        yield


def an_order(account="4000"):
    """Order 7: a charge of 25.00 that was paid at once."""
    line = {"sale_id": "1", "account": account, "description": "Charge", "net": Decimal("25.00"), "taxes": []}
    line |= {"quantity": None, "product": None, "order_line": None}
    document = {"external_id": "1/ORDER", "action": "ORDER", "on": ON, "total": Decimal("25.00"), "lines": [line]}
    payment = {"external_id": "11", "account": "1100", "gateway": "cash", "amount": Decimal("25.00"), "on": ON}
    return {
        "external_id": "7",
        "name": "#7",
        "party": "customer/1",
        "on": ON,
        "currency": "USD",
        "warehouse": "MAIN",
        "fingerprint": "first",
        "lines": [],
        "documents": [{**document, "due_on": None}],
        "payments": [{**payment, "rounding": Decimal(0), "rounding_account": None}],
        "shipments": [],
        "restocks": [],
        "entries": [],
    }


del ModuleTestCase

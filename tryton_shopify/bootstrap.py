"""Build a database from nothing: modules, companies with chart, fiscal years and taxes, warehouses, the service user.

Run as ``python -m tryton_shopify.bootstrap``; what a company looks like is in ``company.toml``. Not here: serving it.
"""

import argparse
import os
import sys
import tempfile
import time
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path

from trytond import config as trytond_config

SECRET_VARIABLES = ("TRYTON_SHOPIFY_PASSWORD", "TRYTON_SHOPIFY_ADMIN_PASSWORD")
SERVICE_USER = "shopify"
MODULE = "tryton_shopify"
POSTGRESQL = "postgresql://"
SERVICE_GROUPS = ["Shopify Push", "Shopify Read"]


def main(argv=None):
    """Build the database named on the command line; progress goes to stdout, one line per step."""
    options = _options(argv)
    database = _named(options.database)
    password, admin_password = (os.environ.get(name) for name in SECRET_VARIABLES)
    if not (password and admin_password):
        raise SystemExit(f"set {' and '.join(SECRET_VARIABLES)} to the passwords of the service user and of admin")
    plan = tomllib.loads((Path(__file__).parent / "company.toml").read_text(encoding="utf-8"))
    step = _steps(sys.stdout)

    step("creating the database and activating the modules")
    _create(options.database, database)
    _activate(database, admin_password)
    proteus = _connect(database)

    step("creating warehouses and countries")
    _places(plan)
    companies = []
    for name, currency, shops in [(options.company, options.currency, options.shop), *options.also]:
        step(f"creating {name} in {currency}")
        companies.append(_company(proteus, plan, name, currency))
        step("  chart of accounts and taxes")
        _taxes(plan, _chart(plan, companies[-1]))
        step(f"  fiscal years {', '.join(map(str, plan['fiscal_years']))}")
        _fiscal_years(plan, companies[-1])
        _shops(shops, companies[-1])
    _work_in(proteus, companies[0])
    step(f"creating the user {SERVICE_USER}")
    _user(companies, password)
    step("done")


def _named(database):
    """Point this process at where a database is to be built, and return its name."""
    if database.startswith(POSTGRESQL):
        server, _, name = database.rpartition("/")
        _configure(f"{server}/")
        return name
    file = Path(database).resolve()
    if file.exists() or file.suffix != ".sqlite":
        raise SystemExit(f"{file} exists or does not end in .sqlite: name a database file to create")
    _configure("sqlite://", file.parent)
    return file.stem


def _configure(uri, directory=None):
    """Name the databases' server or directory, and six price decimals.

    The decimals are fixed when a database is built: fewer, and the price of a large quantity cannot be written exactly.
    """
    trytond_config.set("database", "uri", uri)
    if directory is not None:
        trytond_config.set("database", "path", str(directory))
    if not trytond_config.has_section("product"):
        trytond_config.add_section("product")
    trytond_config.set("product", "price_decimal", "6")


def _create(database, name):
    """Create the file; what a server holds must be there and empty, for an update would change the books in it."""
    from trytond.backend import Database

    if not database.startswith(POSTGRESQL):
        Path(database).touch(mode=0o600)
    elif Database(name).test():
        raise SystemExit(f"the database {name} is one of Tryton's already: name an empty one")


def _options(argv):
    parser = argparse.ArgumentParser(prog="tryton_shopify.bootstrap", description=main.__doc__)
    parser.add_argument(
        "--database",
        required=True,
        metavar="FILE.sqlite|URI",
        help="a file to create, or postgresql://USER@HOST:PORT/NAME of an empty database, its password in PGPASSWORD",
    )
    parser.add_argument("--company", required=True)
    parser.add_argument("--currency", required=True, metavar="ISO4217")
    parser.add_argument("--shop", action="append", default=[], metavar="DOMAIN", help="may be given several times")
    parser.add_argument(
        "--also",
        action=_AnotherCompany,
        default=[],
        nargs="+",
        metavar=("NAME ISO4217", "DOMAIN"),
        help="another company with the currency and shops it has; may be given several times",
    )
    return parser.parse_args(argv)


class _AnotherCompany(argparse.Action):
    """Collect (name, currency, shops) of each further company."""

    def __call__(self, parser, namespace, values, option_string=None):
        if len(values) < 2:
            parser.error(f"{option_string} needs a name and a currency")
        name, currency, *shops = values
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), (name, currency, shops)])


def _steps(out):
    started = time.monotonic()

    def step(text):
        print(f"{time.monotonic() - started:5.1f} s  {text}", file=out, flush=True)

    return step


def _activate(name, admin_password):
    """Create the schema with our module and all it depends on; Tryton's own command asks for the password by file."""
    from trytond import admin
    from trytond.commandline import get_parser_admin

    with tempfile.NamedTemporaryFile("w") as secret:
        secret.write(admin_password)
        secret.flush()
        os.environ["TRYTONPASSFILE"] = secret.name
        for arguments in (["--all", "--email", "admin@example.com"], ["-u", MODULE, "--activate-dependencies"]):
            admin.run(get_parser_admin().parse_args(["-d", name, *arguments]))


def _connect(name):
    from proteus import config

    return config.set_trytond(name, user="admin")


def _company(proteus, plan, name, currency_code):
    """Create the company and work in it from here on: the charts, periods and taxes that follow become its own."""
    from proteus import Model

    Party, Company = map(Model.get, ("party.party", "company.company"))
    party = Party(name=name)
    party.save()
    company = Company(party=party, currency=_currency(plan, currency_code))
    company.save()
    _work_in(proteus, company)
    return company


def _work_in(proteus, company):
    from proteus import Model

    User, Company = map(Model.get, ("res.user", "company.company"))
    (admin,) = User.find([("login", "=", "admin")])
    if company.id not in {known.id for known in admin.companies}:
        admin.companies.append(Company(company.id))
    admin.company = Company(company.id)
    admin.save()
    proteus._context = User.get_preferences(True, {})


def _currency(plan, code):
    from proteus import Model

    Currency = Model.get("currency.currency")
    if found := Currency.find([("code", "=", code)]):
        return found[0]
    digits = next((int(n) for n, codes in plan["currency_digits"].items() if code in codes), 2)
    currency = Currency(name=code, symbol=code, code=code, digits=digits, rounding=Decimal(1).scaleb(-digits))
    currency.save()
    return currency


def _chart(plan, company):
    """Create the universal chart with the accounts of the plan and return those by code."""
    from proteus import Model, Wizard

    Account, Template, Data = map(Model.get, ("account.account", "account.account.template", "ir.model.data"))
    wizard = Wizard("account.create_chart")
    wizard.execute("account")
    wizard.form.account_template = Template(Data.get_id("account", "account_template_root_en", {}))
    wizard.form.company = company
    wizard.execute("create_account")
    ours = ("company", "=", company.id)
    receivable = _account(ours, plan["receivable"], party_required=True, reconcile=True)
    accounts = {entry["code"]: _account(ours, entry) for entry in (plan["tax_account"], *plan["accounts"])}
    (wizard.form.account_payable,) = Account.find([ours, ("type.payable", "=", True), ("closed", "!=", True)], limit=1)
    wizard.form.account_receivable = receivable
    (wizard.form.category_account_expense,) = Account.find([ours, ("type.expense", "=", True)], limit=1)
    wizard.form.category_account_revenue = accounts["4000"]
    wizard.execute("create_properties")
    return accounts


def _account(ours, entry, **values):
    from proteus import Model

    Account = Model.get("account.account")
    (like,) = Account.find([ours, ("code", "=", entry["like"])])
    account = Account(code=entry["code"], name=entry["name"], parent=like.parent, type=like.type, **values)
    account.save()
    return account


def _fiscal_years(plan, company):
    from proteus import Model

    FiscalYear, Sequence, SequenceType, Period, Journal, JournalPeriod = map(
        Model.get,
        (
            "account.fiscalyear",
            "ir.sequence.strict",
            "ir.sequence.type",
            "account.period",
            "account.journal",
            "account.journal.period",
        ),
    )

    def sequence(kind, name):
        (sequence_type,) = SequenceType.find([("name", "=", kind)], limit=1)
        made = Sequence(name=name, sequence_type=sequence_type, company=company)
        made.save()
        return made

    for year in plan["fiscal_years"]:
        fiscal_year = FiscalYear(name=str(year), start_date=date(year, 1, 1), end_date=date(year, 12, 31))
        fiscal_year.company = company
        fiscal_year.move_sequence = sequence("Account Move", f"Moves {year}")
        invoice, credit = sequence("Invoice", f"Invoices {year}"), sequence("Invoice", f"Credit notes {year}")
        invoice.prefix, credit.prefix = f"INV-{year}-", f"CN-{year}-"
        invoice.save()
        credit.save()
        (numbers,) = fiscal_year.invoice_sequences
        numbers.out_invoice_sequence = numbers.in_invoice_sequence = invoice
        numbers.out_credit_note_sequence = numbers.in_credit_note_sequence = credit
        fiscal_year.save()
        fiscal_year.click("create_period")
    journals = [Journal.find([("type", "=", kind)], order=[("code", "ASC")], limit=1)[0] for kind in plan["journals"]]
    for period in Period.find([("company", "=", company.id)]):
        for journal in journals:
            JournalPeriod(journal=journal, period=period).save()


def _taxes(plan, accounts):
    from proteus import Model

    for entry in plan["taxes"]:
        tax = Model.get("account.tax")(name=entry["name"], description=entry["name"], type="percentage")
        tax.rate = Decimal(entry["rate"])
        tax.invoice_account = tax.credit_note_account = accounts[entry.get("account", plan["tax_account"]["code"])]
        tax.save()


def _places(plan):
    """Warehouses and countries: Tryton shares them between companies."""
    from proteus import Model

    for country in plan["countries"]:
        Model.get("country.country")(code=country["code"], name=country["name"]).save()
    Location = Model.get("stock.location")
    (stock,) = Location.find([("type", "=", "warehouse")])
    (lost_found,) = Location.find([("type", "=", "lost_found")])
    for entry in plan["warehouses"]:
        # The chart of places comes with one warehouse; the first of ours takes its place.
        warehouse = stock if entry is plan["warehouses"][0] else Location(type="warehouse")
        warehouse.name, warehouse.code = entry["name"], entry["code"]
        warehouse.lost_found_location = lost_found
        storage = warehouse.storage_location or Location(type="storage")
        storage.name, storage.code = f"{entry['name']} Storage", f"{entry['code']}-STO"
        storage.save()
        warehouse.storage_location = storage
        if entry.get("picking"):
            for side in ("input", "output"):
                place = Location(type="storage", name=f"{entry['name']} {side.title()}")
                place.save()
                setattr(warehouse, f"{side}_location", place)
        else:
            warehouse.input_location = warehouse.output_location = storage
        warehouse.save()


def _shops(domains, company):
    from proteus import Model

    for domain in domains:
        Model.get("web.shop")(name=domain, company=company, currency=company.currency).save()


def _user(companies, password):
    """The service user has our two groups and nothing else: everything it may do is one of our RPC methods."""
    from proteus import Model

    User, Group, Company = map(Model.get, ("res.user", "res.group", "company.company"))
    user = User(name="Shopify Pipeline", login=SERVICE_USER, password=password)
    for company in companies:
        user.companies.append(Company(company.id))
    user.company = companies[0]
    for group in Group.find([("name", "in", SERVICE_GROUPS)]):
        user.groups.append(group)
    user.save()


if __name__ == "__main__":
    main()

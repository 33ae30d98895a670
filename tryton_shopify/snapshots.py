"""What the back office holds, read from its own tables: sales, invoices and the ledger, whatever company they are in.

Units and masters have modules of their own. Not here: any judgement, and any trust in what a push said it wrote.
Pages are keyed by id, so that a page cannot shift while another is read; amounts are summed as Decimal here, because
SQLite would sum them as floats.
"""

from collections import defaultdict, namedtuple
from decimal import Decimal
from importlib.metadata import version

from sql.aggregate import Count
from sql.conditionals import Coalesce
from trytond import __version__
from trytond.pool import Pool

from .books import Books
from .companies import names
from .references import Refused
from .stock import CANCELLED
from .tables import BOOKED, booked, externals, fetch, now, page, points_to, tables, touched

Line = namedtuple(
    "Line", "resource external_id order_id account receivable booked_on happened_on company party debit credit"
)


def orders(shop, after, limit, since=None):
    """Return one page of the sales with an order id; ``on`` is the day of sale."""
    sale, web_shop = tables("sale.sale", "web.shop")
    where = (web_shop.name == shop) & (sale.id > after)
    if since is not None:
        where &= touched(sale, since)
    query = sale.join(web_shop, condition=sale.web_shop == web_shop.id).select(
        sale.id,
        sale.web_id,
        sale.state,
        sale.sale_date,
        where=where,
        order_by=sale.id,
        limit=limit,
    )
    rows = [
        (id_, {"order_id": order_id, "record": f"sale.sale,{id_}", "state": state, "on": on})
        for id_, order_id, state, on in fetch(query)
    ]
    return page([row for _, row in rows], [id_ for id_, _ in rows], limit)


def documents(shop, after, limit, since=None):
    """Return one page of the invoices: ``on`` is the event's day, ``booked_on`` the ledger's; amounts as printed."""
    external, ids = externals(shop, ("documents",), after, limit, since)
    invoice, move, sale, currency = tables("account.invoice", "account.move", "sale.sale", "currency.currency")
    query = (
        external.join(invoice, condition=points_to(external, "account.invoice", invoice))
        .join(move, condition=invoice.move == move.id)
        .join(currency, condition=invoice.currency == currency.id)
        .join(sale, type_="LEFT", condition=invoice.shopify_order == sale.id)
        .select(
            external.external_id,
            sale.web_id,
            invoice.id,
            invoice.number,
            invoice.state,
            invoice.invoice_date,
            move.date,
            move.company,
            currency.code,
            invoice.total_amount_cache,
            invoice.tax_amount_cache,
            where=external.id.in_(ids or [0]),
            order_by=external.id,
        )
    )
    head = ("external_id", "order_id", "record", "number", "state", "on", "booked_on", "company")
    rows = [dict(zip((*head, "currency", "total", "tax"), values, strict=True)) for values in fetch(query)]
    name_of = names()
    for row in rows:
        row["record"] = f"account.invoice,{row['record']}"
        row["company"] = name_of[row["company"]]
        row["order_id"] = row["order_id"] or ""
    return page(rows, ids, limit)


def ledger(shop, after, limit, since=None):
    """Return debit minus credit by account and party of one page of what is booked, in the company's currency."""
    external, ids = externals(shop, BOOKED, after, limit, since)
    lines = _ledger_lines(external, ids)
    party_of = _party_names(shop, {line.party for line in lines if line.party})
    sums = defaultdict(Decimal)
    for line in lines:
        key = line.resource, line.external_id, line.order_id, line.account, line.booked_on
        sums[*key, party_of.get(line.party, "")] += line.debit - line.credit
    fields = ("resource", "external_id", "order_id", "account", "booked_on", "party")
    rows = [dict(zip(fields, key, strict=True), amount=amount) for key, amount in sums.items()]
    return page(rows, ids, limit)


def taxes(shop, after, limit, since=None):
    """Return base and amount by tax of one page of documents, from the tax lines the tax reports are made of."""
    external, ids = externals(shop, ("documents",), after, limit, since)
    invoice, line, tax_line, tax, sale = tables(
        "account.invoice", "account.move.line", "account.tax.line", "account.tax", "sale.sale"
    )
    query = (
        external.join(invoice, condition=points_to(external, "account.invoice", invoice))
        .join(line, condition=line.move == invoice.move)
        .join(tax_line, condition=tax_line.move_line == line.id)
        .join(tax, condition=tax_line.tax == tax.id)
        .join(sale, type_="LEFT", condition=invoice.shopify_order == sale.id)
        .select(
            external.external_id,
            sale.web_id,
            tax.name,
            tax_line.type,
            tax_line.amount,
            where=external.id.in_(ids or [0]),
            order_by=[external.id, tax.name],
        )
    )
    sums = defaultdict(lambda: {"base": Decimal(0), "tax": Decimal(0)})
    for external_id, order_id, name, kind, amount in fetch(query):
        sums[external_id, order_id or "", name][kind] += amount
    rows = [
        {"external_id": external_id, "order_id": order_id, "tax": name, "base": of["base"], "amount": of["tax"]}
        for (external_id, order_id, name), of in sums.items()
    ]
    return page(rows, ids, limit)


def payments(shop, after, limit, since=None):
    """Return one page of the payments: what the customer's debt fell by, and the account the money is on."""
    external, ids = externals(shop, ("payments",), after, limit, since)
    rows, name_of = {}, names()
    for line in _ledger_lines(external, ids):
        row = rows.setdefault(
            line.external_id,
            {"external_id": line.external_id, "order_id": line.order_id, "account": None, "amount": Decimal(0)},
        )
        row["on"], row["company"] = line.happened_on, name_of[line.company]
        if line.receivable:
            row["amount"] += line.credit - line.debit
        elif row["account"] is None:
            # A second one holds what cash was rounded by.
            row["account"] = line.account
    return page(list(rows.values()), ids, limit)


def totals(shop):
    """Return debit minus credit by account and month (its first day) of everything booked for the shop."""
    (external,) = tables("shopify.external")
    sums = defaultdict(Decimal)
    for source, move, _ in booked(external):
        line, account = tables("account.move.line", "account.account")
        query = (
            source.join(line, condition=line.move == move.id)
            .join(account, condition=line.account == account.id)
            .select(account.code, move.date, line.debit, line.credit, where=external.shop == shop)
        )
        for code, on, debit, credit in fetch(query):
            sums[code, on.replace(day=1)] += debit - credit
    return [{"account": account, "month": month, "amount": amount} for (account, month), amount in sorted(sums.items())]


def known(shop, resource, external_ids):
    """Return the fingerprint of each of the ids that is booked; empty where none is kept."""
    External = Pool().get("shopify.external")
    found = External.search(
        [("shop", "=", shop), ("resource", "=", resource), ("external_id", "in", list(external_ids))]
    )
    return {external.external_id: external.fingerprint or "" for external in found}


def unknown_codes(shop, codes):
    """Return the codes of accounts, taxes and locations that a push for the shop would refuse as unmapped."""
    books = Books()
    find = {"accounts": books.account, "taxes": books.tax, "locations": books.warehouse}

    def is_unknown(kind, code):
        try:
            find[kind](code)
        except Refused:
            return True
        return False

    return {kind: [code for code in codes[kind] if is_unknown(kind, code)] for kind in find}


def counts(shop, resources, models):
    """Return the number of records per resource that still stand, zero included; cancelled shipments are left out."""
    found = dict.fromkeys(resources, 0)
    for model in models:
        external, record = tables("shopify.external", model)
        stands = Coalesce(external.fingerprint, "") != CANCELLED
        query = external.join(record, condition=points_to(external, model, record)).select(
            external.resource,
            Count(external.id),
            where=(external.shop == shop) & ((external.resource != "shipments") | stands),
            group_by=external.resource,
        )
        for resource, number in fetch(query):
            found[resource] += number
    return found


def health():
    """Return the product's and this module's version, the company, its currency and the clock of the stamps."""
    books = Books()
    return {
        "product": "Tryton",
        "version": __version__,
        "plugin": version("tryton-shopify"),
        "company": books.company.party.name,
        "currency": books.currency.code,
        "now": now(),
    }


def _ledger_lines(external, ids):
    """The ledger lines of one page of what is booked, each record's in the order they were written in."""
    found = []
    for source, move, sale in booked(external):
        line, account, kind = tables("account.move.line", "account.account", "account.account.type")
        query = (
            source.join(line, condition=line.move == move.id)
            .join(account, condition=line.account == account.id)
            .join(kind, condition=account.type == kind.id)
            .select(
                external.resource,
                external.external_id,
                Coalesce(sale.web_id, ""),
                account.code,
                kind.receivable,
                move.date,
                move.shopify_on,
                move.company,
                line.party,
                line.debit,
                line.credit,
                where=external.id.in_(ids or [0]),
                order_by=[external.id, line.id],
            )
        )
        found += [Line(*values) for values in fetch(query)]
    return found


def _party_names(shop, parties):
    """The external id of each party by its id; of several, the first that was booked."""
    (external,) = tables("shopify.external")
    records = [f"party.party,{party}" for party in parties]
    query = external.select(
        external.record,
        external.external_id,
        where=(external.shop == shop) & (external.resource == "parties") & external.record.in_(records or [""]),
        order_by=external.id.desc,
    )
    return {int(record.partition(",")[2]): name for record, name in fetch(query)}

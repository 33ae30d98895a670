"""What the back office holds, read from its own tables: sales, invoices, the ledger and done stock moves.

Not here: any judgement, and any trust in what a push said it wrote. Pages are keyed by id, so that a page cannot
shift while another is read; amounts are summed as Decimal here, because SQLite would sum them as floats.
"""

from collections import defaultdict
from decimal import Decimal
from importlib.metadata import version

from sql.aggregate import Count
from trytond import __version__
from trytond.pool import Pool
from trytond.transaction import Transaction

from .books import Books


def orders(shop, after, limit):
    """Return one page of the sales with an order id; ``on`` is the day of sale."""
    sale, web_shop = _tables("sale.sale", "web.shop")
    query = sale.join(web_shop, condition=sale.web_shop == web_shop.id).select(
        sale.id,
        sale.web_id,
        sale.state,
        sale.sale_date,
        where=(web_shop.name == shop) & (sale.company == Transaction().context["company"]) & (sale.id > after),
        order_by=sale.id,
        limit=limit,
    )
    rows = [
        (id_, {"order_id": order_id, "record": f"sale.sale,{id_}", "state": state, "on": on})
        for id_, order_id, state, on in _fetch(query)
    ]
    return _page([row for _, row in rows], [id_ for id_, _ in rows], limit)


def documents(shop, after, limit):
    """Return one page of the invoices: ``on`` is the event's day, ``booked_on`` the ledger's; amounts as printed."""
    external, page = _externals(shop, ("documents",), after, limit)
    invoice, move, sale, currency = _tables("account.invoice", "account.move", "sale.sale", "currency.currency")
    query = (
        external.join(invoice, condition=_points_to(external, "account.invoice", invoice))
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
            currency.code,
            invoice.total_amount_cache,
            invoice.tax_amount_cache,
            where=external.id.in_(page or [0]),
            order_by=external.id,
        )
    )
    names = ("external_id", "order_id", "record", "number", "state", "on", "booked_on", "currency", "total", "tax")
    rows = [dict(zip(names, values, strict=True)) for values in _fetch(query)]
    for row in rows:
        row["record"] = f"account.invoice,{row['record']}"
        row["order_id"] = row["order_id"] or ""
    return _page(rows, page, limit)


def ledger(shop, after, limit):
    """Return debit minus credit by account of one page of documents and payments, in the company's currency."""
    external, page = _externals(shop, ("documents", "payments"), after, limit)
    sums = defaultdict(Decimal)
    for external_id, order_id, account, _, debit, credit, _ in _ledger_lines(external, page):
        sums[external_id, order_id or "", account] += debit - credit
    rows = [
        {"external_id": external_id, "order_id": order_id, "account": account, "amount": amount}
        for (external_id, order_id, account), amount in sums.items()
    ]
    return _page(rows, page, limit)


def payments(shop, after, limit):
    """Return one page of the payments: what reached (or left) the account opposite the receivable."""
    external, page = _externals(shop, ("payments",), after, limit)
    sums, days = defaultdict(Decimal), {}
    for external_id, order_id, account, is_receivable, debit, credit, matures_on in _ledger_lines(external, page):
        if is_receivable:
            days[external_id] = matures_on
        else:
            sums[external_id, order_id or "", account] += debit - credit
    rows = [
        {
            "external_id": external_id,
            "order_id": order_id,
            "account": account,
            "amount": amount,
            "on": days[external_id],
        }
        for (external_id, order_id, account), amount in sums.items()
    ]
    return _page(rows, page, limit)


def stock(shop):
    """Return the units on hand of the shop's products at each warehouse, from done moves; zero rows are left out."""
    external, move, place, warehouse = _tables("shopify.external", "stock.move", "stock.location", "stock.location")
    on_hand = defaultdict(Decimal)
    for side, sign in (("to_location", 1), ("from_location", -1)):
        query = (
            external.join(move, condition=_points_to(external, "product.product", move, "product"))
            .join(place, condition=getattr(move, side) == place.id)
            .join(
                warehouse,
                condition=(warehouse.type == "warehouse")
                & (place.left >= warehouse.left)
                & (place.right <= warehouse.right),
            )
            .select(
                external.external_id,
                warehouse.code,
                move.internal_quantity,
                where=(external.shop == shop)
                & (external.resource == "products")
                & (move.state == "done")
                & (place.type == "storage")
                & (move.company == Transaction().context["company"]),
            )
        )
        for product, location, quantity in _fetch(query):
            on_hand[product, location] += sign * Decimal(str(quantity))
    return [
        {"product": product, "location": location, "quantity": quantity}
        for (product, location), quantity in sorted(on_hand.items())
        if quantity
    ]


def counts(shop, resources):
    """Return the number of booked records per resource, zero included."""
    (external,) = _tables("shopify.external")
    query = external.select(
        external.resource, Count(external.id), where=external.shop == shop, group_by=external.resource
    )
    return dict.fromkeys(resources, 0) | dict(_fetch(query))


def health():
    """Return the product's and this module's version and the company's currency."""
    return {
        "product": "Tryton",
        "version": __version__,
        "plugin": version("tryton-shopify"),
        "currency": Books().currency.code,
    }


def _ledger_lines(external, page):
    """Lines as (external id, order id, account code, is receivable, debit, credit, maturity day)."""
    invoice, move, line, account, kind, sale = _tables(
        "account.invoice", "account.move", "account.move.line", "account.account", "account.account.type", "sale.sale"
    )
    Move = Pool().get("account.move")
    of_document = (
        external.join(invoice, condition=_points_to(external, "account.invoice", invoice))
        .join(move, condition=invoice.move == move.id)
        .join(sale, type_="LEFT", condition=invoice.shopify_order == sale.id)
    )
    of_payment = external.join(move, condition=_points_to(external, "account.move", move)).join(
        sale,
        type_="LEFT",
        condition=move.origin.like("sale.sale,%") & (Move.origin.sql_id(move.origin, Move) == sale.id),
    )
    for source in (of_document, of_payment):
        query = (
            source.join(line, condition=line.move == move.id)
            .join(account, condition=line.account == account.id)
            .join(kind, condition=account.type == kind.id)
            .select(
                external.external_id,
                sale.web_id,
                account.code,
                kind.receivable,
                line.debit,
                line.credit,
                line.maturity_date,
                where=external.id.in_(page or [0]),
                order_by=[external.id, account.code],
            )
        )
        yield from _fetch(query)


def _externals(shop, resources, after, limit):
    """The table of external ids and the next ids of a page."""
    (external,) = _tables("shopify.external")
    query = external.select(
        external.id,
        where=(external.shop == shop) & external.resource.in_(list(resources)) & (external.id > after),
        order_by=external.id,
        limit=limit,
    )
    return external, [id_ for (id_,) in _fetch(query)]


def _points_to(external, model, table, column="id"):
    External = Pool().get("shopify.external")
    return external.record.like(f"{model},%") & (
        External.record.sql_id(external.record, External) == getattr(table, column)
    )


def _page(rows, ids, limit):
    """One page and the id to continue after; None when there is nothing more."""
    return {"rows": rows, "after": ids[-1] if len(ids) == limit else None}


def _tables(*models):
    return [Pool().get(model).__table__() for model in models]


def _fetch(query):
    cursor = Transaction().connection.cursor()
    cursor.execute(*query)
    return cursor.fetchall()

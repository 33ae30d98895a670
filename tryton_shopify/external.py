"""``shopify.external``: which Shopify record became which Tryton record, and the RPC methods that write and read them.

Not here: what a method does once the caller may call it; that is in ``parties.py`` … ``snapshots.py``.
"""

from functools import wraps

from trytond.model import Index, ModelSQL, ModelView, Unique, fields
from trytond.pool import Pool
from trytond.protocols.wrappers import HTTPStatus, abort
from trytond.rpc import RPC
from trytond.transaction import Transaction, without_check_access

from . import edits, entries, orders, parties, products, snapshot_masters, snapshot_units, snapshots, stock
from .companies import company_of

RESOURCES = (
    ("parties", "Party"),
    ("products", "Product"),
    ("stock_counts", "Stock Count"),
    ("orders", "Order"),
    ("documents", "Document"),
    ("payments", "Payment"),
    ("entries", "Entry"),
    ("shipments", "Shipment"),
    ("restocks", "Restock"),
)
MODELS = (
    "account.invoice",
    "account.move",
    "party.party",
    "product.product",
    "sale.sale",
    "stock.inventory.line",
    "stock.shipment.out",
    "stock.shipment.out.return",
)


def gated(*groups):
    """Let a user call the method who has one of the groups, and run it for the shop's company with access checks off.

    The gate is the whole permission: the service user has no other group, so nothing else of Tryton is open to it.
    """

    def decorate(method):
        @wraps(method)
        def wrapper(cls, *args):
            pool = Pool()
            Data, User = pool.get("ir.model.data"), pool.get("res.user")
            user = User(Transaction().user)
            ids = [Data.get_id("tryton_shopify", group) for group in groups]
            if not set(ids) & set(User.get_groups()):
                # Not a UserError: that would read as a fault of the records, and every one would be rejected.
                abort(HTTPStatus.FORBIDDEN)
            with without_check_access():
                company = company_of(user, *args[:1]).id
            with Transaction().set_context(
                company=company, companies=[company], _check_access=False, _skip_warnings=True, shopify_push=True
            ):
                return method(cls, *args)

        return wrapper

    return decorate


pushes = gated("group_push")
reads = gated("group_read", "group_push")


class External(ModelSQL, ModelView):
    """Shopify Reference"""

    __name__ = "shopify.external"

    shop = fields.Char("Shop", required=True, readonly=True)
    resource = fields.Selection(list(RESOURCES), "Resource", required=True, readonly=True)
    external_id = fields.Char("External ID", required=True, readonly=True)
    record = fields.Reference("Record", selection="get_models", required=True, readonly=True)
    fingerprint = fields.Char("Fingerprint", readonly=True, help="What was booked, to tell a repetition from a change.")
    booked = fields.Char(
        "Booked", readonly=True, help="Digests of what was booked or written, to see what a person changed."
    )

    @classmethod
    def __setup__(cls):
        super().__setup__()
        table = cls.__table__()
        cls._sql_constraints = [
            (
                "external_unique",
                Unique(table, table.shop, table.resource, table.external_id),
                "tryton_shopify.msg_external_unique",
            ),
        ]
        cls._sql_indexes.add(Index(table, (table.record, Index.Equality())))
        cls._order = [("id", "DESC")]
        for name in ("push_parties", "push_products", "push_stock_counts", "push_orders", "push_entries"):
            cls.__rpc__[name] = RPC(readonly=False)
        for name in ("orders", "sale_lines", "shipments", "documents", "ledger", "taxes", "payments"):
            cls.__rpc__[name] = RPC()
        for name in ("parties", "products", "stock", "totals"):
            cls.__rpc__[name] = RPC()
        for name in ("edited", "known", "unknown_codes", "counts", "health"):
            cls.__rpc__[name] = RPC()

    @classmethod
    def get_models(cls):
        get_name = Pool().get("ir.model").get_name
        return [(model, get_name(model)) for model in MODELS]

    @classmethod
    @pushes
    def push_parties(cls, shop, batch):
        """Create or update customers; one answer per party."""
        return parties.push(shop, batch)

    @classmethod
    @pushes
    def push_products(cls, shop, batch):
        """Create or update variants; one answer per product."""
        return products.push(shop, batch)

    @classmethod
    @pushes
    def push_stock_counts(cls, shop, batch):
        """Book counts, opening ones and later ones; one answer per count."""
        return stock.push_counts(shop, batch)

    @classmethod
    @pushes
    def push_orders(cls, shop, batch):
        """Book what is missing of each order; one answer per order. One refused order refuses the whole batch."""
        return orders.push(shop, batch)

    @classmethod
    @pushes
    def push_entries(cls, shop, batch):
        """Post each journal entry once; one answer per entry. One refused entry refuses the whole batch."""
        return entries.push(shop, batch)

    @classmethod
    @reads
    def orders(cls, shop, after, limit, since=None):
        """Return one page of the sales that carry an order id of the shop."""
        return snapshots.orders(shop, after, limit, since)

    @classmethod
    @reads
    def sale_lines(cls, shop, after, limit, since=None):
        """Return the lines to be shipped of one page of sales."""
        return snapshot_units.sale_lines(shop, after, limit, since)

    @classmethod
    @reads
    def shipments(cls, shop, after, limit, since=None):
        """Return the units that left or came back for one page of sales, from done stock moves."""
        return snapshot_units.shipments(shop, after, limit, since)

    @classmethod
    @reads
    def documents(cls, shop, after, limit, since=None):
        """Return one page of the documents with their totals."""
        return snapshots.documents(shop, after, limit, since)

    @classmethod
    @reads
    def ledger(cls, shop, after, limit, since=None):
        """Return debit minus credit per account and party of one page of documents, payments and entries."""
        return snapshots.ledger(shop, after, limit, since)

    @classmethod
    @reads
    def taxes(cls, shop, after, limit, since=None):
        """Return base and amount per tax of one page of documents, from the tax lines of the ledger."""
        return snapshots.taxes(shop, after, limit, since)

    @classmethod
    @reads
    def payments(cls, shop, after, limit, since=None):
        """Return one page of the payments, from the ledger's clearing side."""
        return snapshots.payments(shop, after, limit, since)

    @classmethod
    @reads
    def parties(cls, shop, after, limit):
        """Return one page of the shop's parties, and of parties that share an e-mail address with one."""
        return snapshot_masters.parties(shop, after, limit)

    @classmethod
    @reads
    def products(cls, shop, after, limit):
        """Return one page of the shop's products with their codes."""
        return snapshot_masters.products(shop, after, limit)

    @classmethod
    @reads
    def stock(cls, shop):
        """Return the units on hand of the shop's products at each warehouse."""
        return snapshot_units.stock(shop)

    @classmethod
    @reads
    def totals(cls, shop):
        """Return debit minus credit per account and month of everything booked for the shop."""
        return snapshots.totals(shop)

    @classmethod
    @reads
    def edited(cls, shop, after, limit, among=None):
        """Return what of one page of records is no longer as it was booked."""
        return edits.edited(shop, after, limit, [resource for resource, _ in RESOURCES], MODELS, among)

    @classmethod
    @reads
    def known(cls, shop, resource, external_ids):
        """Return which of the external ids are booked, with their fingerprints."""
        return snapshots.known(shop, resource, external_ids)

    @classmethod
    @reads
    def unknown_codes(cls, shop, codes):
        """Return those of the codes that the shop's company does not have, by what they stand for."""
        return snapshots.unknown_codes(shop, codes)

    @classmethod
    @reads
    def counts(cls, shop):
        """Return the number of records per resource."""
        return snapshots.counts(shop, [resource for resource, _ in RESOURCES], MODELS)

    @classmethod
    @reads
    def health(cls, shop):
        """Return who answers: product, versions and the currency of the shop's company."""
        return snapshots.health()

"""What Shopify's documents need of Tryton's own models: links, days, account domains and three behaviours.

Not here: how documents are made (``documents.py``) or which of them exist (``external.py``).
"""

from trytond.model import Index, fields
from trytond.pool import Pool, PoolMeta
from trytond.transaction import Transaction


class Invoice(metaclass=PoolMeta):
    __name__ = "account.invoice"

    # A refund of shipping alone has no line that comes from a sale line, so the link cannot be derived from lines.
    shopify_order = fields.Many2One("sale.sale", "Shopify Order", readonly=True, ondelete="RESTRICT")

    @classmethod
    def copy(cls, invoices, default=None):
        default = {} if default is None else default.copy()
        default.setdefault("shopify_order", None)
        return super().copy(invoices, default=default)

    @classmethod
    def print_invoice(cls, invoices):
        """Render the report, but not while pushing: it costs as much as posting and is rendered when somebody asks."""
        if not Transaction().context.get("shopify_push"):
            super().print_invoice(invoices)


class InvoiceLine(metaclass=PoolMeta):
    __name__ = "account.invoice.line"

    @classmethod
    def _account_domain(cls, type_):
        # A sold gift card is a liability; which account a line belongs to is decided by the reviewed value map.
        return [*super()._account_domain(type_), ("type.statement", "=", "balance")]


class InvoiceTax(metaclass=PoolMeta):
    __name__ = "account.invoice.tax"

    def get_move_lines(self):
        """Report the base of a zero-rated tax of an order too; Tryton drops a tax row whose amount is zero."""
        lines = super().get_move_lines()
        if lines or not (self.invoice.shopify_order and self.tax and self.base):
            return lines
        pool = Pool()
        MoveLine, TaxLine = pool.get("account.move.line"), pool.get("account.tax.line")
        base = TaxLine(amount=self.base, type="base", tax=self.tax)
        line = MoveLine(debit=0, credit=0, account=self.account, description=self.description, origin=self)
        line.amount_second_currency = line.second_currency = None
        line.party = self.invoice.party if self.account.party_required else None
        line.tax_lines = [base]
        return [line]


class Move(metaclass=PoolMeta):
    __name__ = "account.move"

    # The move's own date is the day it was booked, which is later when the event's period was closed.
    shopify_on = fields.Date("Shopify Date", readonly=True)

    @classmethod
    def __setup__(cls):
        super().__setup__()
        table = cls.__table__()
        # What is open of an order is found by where its moves come from.
        cls._sql_indexes.add(Index(table, (table.origin, Index.Equality())))

    @classmethod
    def copy(cls, moves, default=None):
        default = {} if default is None else default.copy()
        default.setdefault("shopify_on", None)
        return super().copy(moves, default=default)

    @classmethod
    def _get_origin(cls):
        return [*super()._get_origin(), "sale.sale"]


class DatedMixin:
    """The day units moved in the shop; the document's own is later when the stock period was closed."""

    __slots__ = ()

    shopify_on = fields.Date("Shopify Date", readonly=True)

    @classmethod
    def copy(cls, records, default=None):
        default = {} if default is None else default.copy()
        default.setdefault("shopify_on", None)
        return super().copy(records, default=default)


class ShipmentOut(DatedMixin, metaclass=PoolMeta):
    __name__ = "stock.shipment.out"


class ShipmentOutReturn(DatedMixin, metaclass=PoolMeta):
    __name__ = "stock.shipment.out.return"

    # The moves of such a return have no origin: with one, Tryton would date them itself.
    shopify_cancels = fields.Many2One("stock.shipment.out", "Takes Back", readonly=True, ondelete="RESTRICT")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        table = cls.__table__()
        cls._sql_indexes.add(Index(table, (table.shopify_cancels, Index.Equality())))

    @classmethod
    def copy(cls, records, default=None):
        default = {} if default is None else default.copy()
        default.setdefault("shopify_cancels", None)
        return super().copy(records, default=default)


class Inventory(DatedMixin, metaclass=PoolMeta):
    __name__ = "stock.inventory"


class Sale(metaclass=PoolMeta):
    __name__ = "sale.sale"

    shopify_documents = fields.One2Many("account.invoice", "shopify_order", "Shopify Documents", readonly=True)

    @property
    def _invoices_for_state(self):
        return list({*super()._invoices_for_state, *self.shopify_documents})

    @classmethod
    def copy(cls, sales, default=None):
        default = {} if default is None else default.copy()
        default.setdefault("shopify_documents", None)
        return super().copy(sales, default=default)


class SaleLine(metaclass=PoolMeta):
    __name__ = "sale.line"

    shopify_id = fields.Char("Shopify ID", readonly=True)
    # What has left is moved for ever, and a way back is a move of its own; the line would count it as gone.
    shopify_undone = fields.Float("Units Taken Back", readonly=True, help="Units of shipments that were cancelled.")

    def _get_shipped_quantity(self, shipment_type):
        return super()._get_shipped_quantity(shipment_type) - (self.shopify_undone or 0)

    @property
    def _move_remaining_quantity(self):
        quantity = super()._move_remaining_quantity
        return quantity if quantity is None else quantity + (self.shopify_undone or 0)

    @classmethod
    def copy(cls, lines, default=None):
        default = {} if default is None else default.copy()
        default.setdefault("shopify_id", None)
        default.setdefault("shopify_undone", None)
        return super().copy(lines, default=default)

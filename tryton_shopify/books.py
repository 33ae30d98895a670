"""The company's books by the codes a push carries: accounts, taxes, warehouses, journals, periods, numbers.

Not here: documents and payments themselves. A code that is not in the books is refused; there is no default account.
"""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from functools import cached_property

from trytond.modules.product import round_price
from trytond.pool import Pool
from trytond.transaction import Transaction

from .references import Refused


class Books:
    """The books of the transaction's company; each code is looked up once per push."""

    def __init__(self):
        pool = Pool()
        self.company = pool.get("company.company")(Transaction().context["company"])
        self.currency = self.company.currency
        self._found = {}

    def lock(self):
        """Take the gapless sequences first: a lock discovered late runs the whole push again."""
        Sequence = Pool().get("ir.sequence.strict")
        Sequence.lock(Sequence.search([("company", "=", self.company.id)]))

    def account(self, code):
        """Return the account with this code.

        Raises:
            Refused: The chart has no such open account.
        """
        return self._one(
            "account.account",
            [("code", "=", code), ("company", "=", self.company.id), ("type", "!=", None), ("closed", "!=", True)],
            f"unmapped account {code}",
        )

    def tax(self, name):
        """Return the tax with this name.

        Raises:
            Refused: The company has no such tax.
        """
        return self._one(
            "account.tax", [("name", "=", name), ("company", "=", self.company.id)], f"unmapped tax {name}"
        )

    def warehouse(self, code):
        """Return the warehouse with this code.

        Raises:
            Refused: No warehouse has it.
        """
        return self._one(
            "stock.location", [("code", "=", code), ("type", "=", "warehouse")], f"unmapped location {code}"
        )

    @cached_property
    def receivable(self):
        """The account customers owe on."""
        configuration = Pool().get("account.configuration")(1)
        account = configuration.get_multivalue("default_account_receivable", company=self.company.id)
        if not account:
            raise Refused("the company has no default receivable account: set one in the account configuration")
        return account

    def journal(self, kind):
        """Return the first journal of a type (``revenue``, ``cash``, ``general``) by code."""
        return self._one("account.journal", [("type", "=", kind)], f"no journal of type {kind}", [("code", "ASC")])

    def written(self, amount):
        """Write an amount with the digits of the company's currency.

        Raises:
            Refused: It has more; rounding it would be an amount Shopify never said.
        """
        text = f"{amount + 0:.{self.currency.digits}f}"
        if Decimal(text) != amount:
            raise Refused(
                f"{amount} cannot be written in {self.currency.code}, which has {self.currency.digits} digits"
            )
        return text

    @cached_property
    def unit(self):
        """The unit everything is counted in."""
        Data, Uom = Pool().get("ir.model.data"), Pool().get("product.uom")
        return Uom(Data.get_id("product", "uom_unit"))

    def open_date(self, on):
        """Return the day itself when its period is open, else the first day of the first open period after it.

        Raises:
            Refused: No open period ends on or after the day.
        """
        Period = Pool().get("account.period")
        if "periods" not in self._found:
            self._found["periods"] = Period.search(
                [("company", "=", self.company.id), ("type", "=", "standard"), ("state", "=", "open")],
                order=[("start_date", "ASC")],
            )
        for period in self._found["periods"]:
            if period.end_date >= on:
                return max(on, period.start_date)
        raise Refused(f"no open period on or after {on}: open one or create the next fiscal year")

    def period(self, on):
        """Return the open period that holds a day from ``open_date``."""
        return next(p for p in self._found["periods"] if p.start_date <= on <= p.end_date)

    def open_stock_day(self, on):
        """Return the day itself, or the first one after the last closed stock period: no unit can move in it."""
        return max(on, self._closed_until + timedelta(days=1)) if self._closed_until else on

    def event_day(self, on, moved_on):
        """Return the day units moved on in the shop, as far as the books tell.

        Args:
            on: The event's day that was kept beside the move; None where there is none.
            moved_on: The day the units moved on. It may be later only because the event's day was closed.
        """
        is_closed = on is not None and self._closed_until is not None and on <= self._closed_until
        return on if is_closed and on < moved_on else moved_on

    @cached_property
    def _closed_until(self):
        closed = [("company", "=", self.company.id), ("state", "=", "closed")]
        periods = Pool().get("stock.period").search(closed, order=[("date", "DESC")], limit=1)
        return periods[0].date if periods else None

    def _one(self, model, domain, refusal, order=None):
        key = model, refusal
        if key not in self._found:
            self._found[key] = Pool().get(model).search(domain, limit=1, order=order)
        if not self._found[key]:
            raise Refused(refusal)
        return self._found[key][0]


def debit_credit(amount):
    """Split a signed amount (debit positive) into the two columns of a ledger line."""
    return {"debit": max(amount, Decimal(0)), "credit": max(-amount, Decimal(0))}


def quantity_and_price(net, quantity, currency):
    """Find a quantity and unit price whose rounded product is exactly ``net``.

    The quantity is kept unless its price cannot be written with the configured price digits; then it is one unit.
    """
    if quantity:
        price = round_price(net / Decimal(quantity))
        if currency.round(Decimal(quantity) * price) == net:
            return float(quantity), price
    return 1.0, net


def drain(sales):
    """Run what Tryton queued during this transaction inside it, each method once, and process the sales last.

    Tryton would run these after the commit, one transaction each: a crash between leaves paid invoices posted for
    ever. Sales come last because their state follows from their invoices and shipments.
    """
    pool = Pool()
    due = {sale.id for sale in sales}
    while True:
        calls = _take_tasks()
        due |= calls.pop(("sale.sale", "process"), set())
        for (model, method), ids in calls.items():
            Model = pool.get(model)
            getattr(Model, method)(Model.browse(sorted(ids)))
        if not calls:
            if not due:
                return
            Sale = pool.get("sale.sale")
            Sale.process(Sale.browse(sorted(due)))
            due = set()


def _take_tasks():
    """Empty the transaction's queue into {(model, method): ids}."""
    Queue = Pool().get("ir.queue")
    transaction = Transaction()
    calls = defaultdict(set)
    tasks = Queue.browse(list(transaction.tasks))
    for task in tasks:
        instances = task.data["instances"]
        calls[task.data["model"], task.data["method"]] |= {instances} if isinstance(instances, int) else set(instances)
    transaction.tasks.clear()
    if tasks:
        Queue.delete(tasks)
    return calls

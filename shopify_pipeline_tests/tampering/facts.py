"""What is known of the shop and its books before anybody tampers: amounts, days and places a tampering chooses from.

Here: reading them once from the untouched night. Not here: any rule, and what a change of a fact causes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

RECEIVABLE = "1200"
#: Accounts of gateways whose money waits there; gift cards and store credit are what is owed to their holders.
CLEARING = ("1100", "1110", "1120", "1130", "1140")
HELD_FOR_OTHERS = ("2300", "2310")
# Whole: every sale and every movement of money happened since the books began, nothing waits or is only authorised, and
# it was paid in the shop's currency: what is outstanding can then be told from the books to the last cent.
WHOLE = """
select o.order_id
from recon.census_orders as o
where not o.is_test and o.cancelled_at is null and o.currency = o.presentment_currency
    and o.processed_at >= %s::date + interval '1 day'
    and exists (select from backoffice.orders as b where b.order_id = o.order_id)
    and exists (select from recon.census_sales as s where s.order_id = o.order_id)
    and not exists (
        select from recon.census_transactions as t
        where t.order_id = o.order_id and (t.kind in ('AUTHORIZATION', 'EMV_AUTHORIZATION') or t.status = 'PENDING')
    )
"""
DOCUMENTS = """
select d.external_id, d.order_id, d.total, d.tax, d.dated_on, max(s.agreement_type)
from backoffice.documents as d
inner join recon.census_sales as s using (shop, agreement_id, action_type)
group by d.external_id, d.order_id, d.total, d.tax, d.dated_on
order by d.external_id
"""


@dataclass(frozen=True)
class Document:
    name: str
    order: int
    total: Decimal
    tax: Decimal
    day: date
    agreement: str

    @property
    def is_of_a_refund(self) -> bool:
        return self.agreement in ("RefundAgreement", "ReturnAgreement")

    @property
    def figure(self) -> str:
        return "returns" if self.name.endswith("/RETURN") else "sales"


@dataclass(frozen=True)
class Payment:
    name: str
    order: int
    account: str
    amount: Decimal
    day: date

    @property
    def figure(self) -> str:
        return "payments out" if self.amount < 0 else "payments in"


@dataclass
class Facts:
    """The untouched night.

    Attributes:
        whole: Orders of which shop and books tell the same outstanding amount.
        given_back: Refunds of money of an order, in number.
        fees: Movements of Shopify Payments that settle a payment less a fee.
        taken: Orders and variants that a tampering of this night is about; another one chooses others.
    """

    whole: frozenset[int]
    documents: list[Document]
    payments: list[Payment]
    given_back: dict[int, int]
    statuses: dict[int, str]
    last_day: date
    fees: frozenset[str]
    taken: set[object] = field(default_factory=set)

    def free_documents(self, wanted: Callable[[Document], bool]) -> list[Document]:
        return [d for d in self.documents if d.order in self.whole - self.taken and wanted(d)]

    def free_payments(self, wanted: Callable[[Payment], bool] = lambda payment: True) -> list[Payment]:
        return [p for p in self.payments if p.order in self.whole - self.taken and p.account in CLEARING and wanted(p)]


def read_facts(rows: Callable[..., list[Any]], go_live_on: date, last_day: date) -> Facts:
    """Read the facts of a night nobody tampered with."""
    return Facts(
        whole=frozenset(order for (order,) in rows(WHOLE, go_live_on)),
        documents=[Document(*row) for row in rows(DOCUMENTS)],
        payments=[
            Payment(*row)
            for row in rows(
                "select external_id, order_id, account, amount, paid_on from backoffice.payments order by external_id"
            )
        ],
        given_back=dict(rows("select order_id, count(*) from backoffice.payments where amount < 0 group by order_id")),
        statuses=dict(rows("select order_id, fulfillment_status from recon.census_orders")),
        last_day=last_day,
        fees=frozenset(
            str(movement)
            for (movement,) in rows(
                "select balance_transaction_id from recon.census_balance where type = 'CHARGE' and fee > 0"
            )
        ),
    )

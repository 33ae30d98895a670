"""What the rows of a snapshot must look like, table by table, before they are kept.

Here: declarations. Quantities and amounts may be whatever a person typed into the back office (half a unit, a tenth of
a cent): that is a rule's to find, not a reason to keep nothing. Not here: judging (``frames.py``).
"""

from __future__ import annotations

import pandera.pandas as pa

from shopify_pipeline.reconcile.frame_kinds import Day, Frame, Money, Text, Whole, a_currency, an_id

_NAMED = {"min_value": 1}


class Orders(Frame):
    """backoffice.orders."""

    shop: Text
    record: Text = pa.Field(str_length=_NAMED)
    order_id: Whole = an_id()
    state: Text = pa.Field(str_length=_NAMED)
    ordered_on: Day = pa.Field(nullable=True)


class OrderLines(Frame):
    """backoffice.order_lines: line 0 is one a person added."""

    shop: Text
    order_id: Whole = an_id()
    order_line_id: Whole = pa.Field(ge=0)
    product: Text
    quantity: Money


class Shipments(Frame):
    """backoffice.shipments: line 0 is one a person added."""

    shop: Text
    kind: Text = pa.Field(isin=("shipment", "restock"))
    external_id: Text = pa.Field(str_length=_NAMED)
    order_id: Whole = an_id()
    order_line_id: Whole = pa.Field(ge=0)
    product: Text
    location: Text
    quantity: Money
    moved_on: Day


class Parties(Frame):
    """backoffice.parties."""

    shop: Text
    record: Text = pa.Field(str_length=_NAMED)
    external_id: Text
    contact: Text


class Products(Frame):
    """backoffice.products."""

    shop: Text
    record: Text = pa.Field(str_length=_NAMED)
    external_id: Text = pa.Field(str_length=_NAMED)
    code: Text


class Documents(Frame):
    """backoffice.documents."""

    shop: Text
    external_id: Text = pa.Field(str_matches=r"^[0-9]+/[A-Z]+$")
    order_id: Whole = an_id()
    agreement_id: Whole = an_id()
    action_type: Text = pa.Field(str_length=_NAMED)
    record: Text = pa.Field(str_length=_NAMED)
    number: Text = pa.Field(nullable=True)
    state: Text = pa.Field(str_length=_NAMED)
    dated_on: Day
    booked_on: Day
    company: Text
    currency: Text = a_currency()
    total: Money
    tax: Money


class Ledger(Frame):
    """backoffice.ledger."""

    shop: Text
    resource: Text = pa.Field(str_length=_NAMED)
    external_id: Text = pa.Field(str_length=_NAMED)
    order_id: Whole = an_id(nullable=True)
    account: Text = pa.Field(str_length=_NAMED)
    amount: Money
    booked_on: Day
    party: Text


class Taxes(Frame):
    """backoffice.taxes."""

    shop: Text
    external_id: Text = pa.Field(str_length=_NAMED)
    order_id: Whole = an_id()
    tax: Text = pa.Field(str_length=_NAMED)
    base: Money
    amount: Money


class Payments(Frame):
    """backoffice.payments."""

    shop: Text
    external_id: Text = pa.Field(str_length=_NAMED)
    order_id: Whole = an_id()
    transaction_id: Whole = an_id()
    account: Text = pa.Field(str_length=_NAMED)
    amount: Money
    paid_on: Day
    company: Text


class Stock(Frame):
    """backoffice.stock."""

    shop: Text
    product: Text = pa.Field(str_length=_NAMED)
    location: Text
    quantity: Money


class Totals(Frame):
    """backoffice.totals."""

    shop: Text
    account: Text = pa.Field(str_length=_NAMED)
    month: Day
    amount: Money


class Edited(Frame):
    """backoffice.edited."""

    shop: Text
    resource: Text = pa.Field(str_length=_NAMED)
    external_id: Text = pa.Field(str_length=_NAMED)
    record: Text
    what: Text = pa.Field(isin=("changed", "cancelled", "deleted"))


SNAPSHOT: dict[str, type[Frame]] = {
    "orders": Orders,
    "order_lines": OrderLines,
    "shipments": Shipments,
    "parties": Parties,
    "products": Products,
    "documents": Documents,
    "ledger": Ledger,
    "taxes": Taxes,
    "payments": Payments,
    "stock": Stock,
    "totals": Totals,
    "edited": Edited,
}

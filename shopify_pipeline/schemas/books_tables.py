"""Tables the marts read that are not Shopify's: what the pipeline and the back office say of themselves.

Here: their columns as migrations make them, described. Not here: the census and the break ledger.
"""

from __future__ import annotations

from shopify_pipeline.schemas.described import INSTANT, SHOP, Described, Relation
from shopify_pipeline.schemas.kinds import Pii

_ROW_CURRENCY = "the row's currency"
#: One currency per company and shop, and the books are kept in it.
_BOOKS_CURRENCY = "the shop's currency"

_SHOPS = Relation(
    schema="ops",
    name="shops",
    grain="One row per shop, as the shop itself answered.",
    key=("shop",),
    columns=(
        SHOP,
        Described("time_zone", "text", "The shop's IANA time zone; a merchant's day is a day in it."),
        Described("currency", "text", "The shop's currency today."),
        Described("plan", "text", "The shop's plan, by the name Shopify shows."),
        Described(
            "go_live_on", "date", "First day of the books in the shop's zone; null: nothing is owed.", nullable=True
        ),
        Described("registered_at", INSTANT, "When the pipeline first saw the shop."),
    ),
)
_VALUE_MAP = Relation(
    schema="backoffice",
    name="value_map",
    grain="One row per word of Shopify's that has an entry in the reviewed value map, as last read.",
    key=("shop", "kind", "key"),
    columns=(
        SHOP,
        Described("kind", "text", "line, tax, gateway, location, account and more."),
        Described("key", "text", "The word, as Shopify says it."),
        Described("code", "text", "The code, as the back office says it."),
    ),
)
_SNAPSHOTS = Relation(
    schema="backoffice",
    name="snapshots",
    grain="One row per shop whose back office was read.",
    key=("shop",),
    columns=(
        SHOP,
        Described("as_of", INSTANT, "When the back office was last read, by our clock."),
        Described("product", "text", "The back office's product."),
        Described("version", "text", "Its version."),
        Described("company", "text", "The company that keeps the shop's books."),
        Described("read_at", INSTANT, "When the reading began, by the back office's own clock.", nullable=True),
        Described("mode", "text", "whole, or changes: only what had changed was read."),
    ),
)
_DOCUMENTS = Relation(
    schema="backoffice",
    name="documents",
    grain="One row per document in the back office, as the last snapshot saw it.",
    key=("shop", "record"),
    columns=(
        SHOP,
        Described("external_id", "text", "The agreement and action type the document stands for."),
        Described("order_id", "bigint", "The order it belongs to."),
        Described("agreement_id", "bigint", "The sales agreement it stands for."),
        Described("action_type", "text", "ORDER, RETURN or UPDATE."),
        Described("record", "text", "The document in the back office's own words."),
        Described("number", "text", "Number in the books.", nullable=True),
        Described("state", "text", "State in the back office."),
        Described("dated_on", "date", "Date of the document, a day in the shop's zone."),
        Described("booked_on", "date", "Day it was booked; later than dated_on when a period was closed."),
        Described("company", "text", "Company that holds it."),
        Described("currency", "text", "Currency of the document."),
        Described("total", "numeric", "Total, signed as Shopify signs sales.", unit=_ROW_CURRENCY),
        Described("tax", "numeric", "Tax inside the total, same sign.", unit=_ROW_CURRENCY),
    ),
)
_LEDGER = Relation(
    schema="backoffice",
    name="ledger",
    grain="One row per document, payment or entry, account and party, summed from the ledger's own lines.",
    key=("shop", "resource", "external_id", "account", "party"),
    columns=(
        SHOP,
        Described("resource", "text", "documents, payments or entries."),
        Described("external_id", "text", "External id of the document, payment or entry."),
        Described("order_id", "bigint", "The order it belongs to; null for an entry of no order.", nullable=True),
        Described("account", "text", "Code of the account."),
        Described("amount", "numeric", "Debit minus credit.", unit=_BOOKS_CURRENCY),
        Described("booked_on", "date", "Day in the ledger."),
        Described("party", "text", "External id of the party on the lines; empty without one."),
    ),
)
_TOTALS = Relation(
    schema="backoffice",
    name="totals",
    grain="One row per account and month, summed by the back office itself.",
    key=("shop", "account", "month"),
    columns=(
        SHOP,
        Described("account", "text", "Code of the account."),
        Described("month", "date", "First day of the month."),
        Described("amount", "numeric", "Debit minus credit of everything booked for the shop.", unit=_BOOKS_CURRENCY),
    ),
)
_PAYMENTS = Relation(
    schema="backoffice",
    name="payments",
    grain="One row per payment in the back office, as the last snapshot saw it.",
    key=("shop", "external_id"),
    columns=(
        SHOP,
        Described("external_id", "text", "The transaction it books."),
        Described("order_id", "bigint", "The order it is booked on."),
        Described("transaction_id", "bigint", "The same as Shopify's numeric id."),
        Described("account", "text", "Code of the clearing account it stands on."),
        Described("amount", "numeric", "Positive when money came in.", unit=_BOOKS_CURRENCY),
        Described("paid_on", "date", "Day of the payment, in the shop's zone."),
        Described("company", "text", "Company that holds it."),
    ),
)
_SHIPMENTS = Relation(
    schema="backoffice",
    name="shipments",
    grain="One row per fulfilment or restock, order line, place and day, from what really moved.",
    key=("shop", "kind", "external_id", "order_id", "order_line_id", "product", "location", "moved_on"),
    columns=(
        SHOP,
        Described("kind", "text", "shipment: units left; restock: they came back on a shelf."),
        Described("external_id", "text", "The fulfilment or restock it stands for."),
        Described("order_id", "bigint", "The order it belongs to."),
        Described("order_line_id", "bigint", "The order's line; 0 for one a person added."),
        Described("product", "text", "The variant's id as text; empty for what the shop does not sell."),
        Described("location", "text", "Code of the back-office location."),
        Described("quantity", "numeric", "Units; of a cancelled fulfilment what is still out.", unit="units"),
        Described("moved_on", "date", "Day of the move, in the shop's zone."),
    ),
)
_PARTIES = Relation(
    schema="backoffice",
    name="parties",
    grain="One row per party of the shop and e-mail address, and per party that shares an address with one.",
    key=("shop", "record", "external_id", "contact"),
    columns=(
        SHOP,
        Described("record", "text", "The party in the back office's own words."),
        Described("external_id", "text", "Whom it stands for: a customer's id, company/<id> or guest; empty for none."),
        Described("contact", "text", "Hash of the address; empty without one.", pii=Pii.PSEUDONYM),
    ),
)
_STOCK = Relation(
    schema="backoffice",
    name="stock",
    grain="One row per product and back-office location.",
    key=("shop", "product", "location"),
    columns=(
        SHOP,
        Described("product", "text", "The variant's id as text."),
        Described("location", "text", "Code of the back-office location."),
        Described("quantity", "numeric", "Units on hand.", unit="units"),
    ),
)

BOOKS_RELATIONS = (
    _SHOPS,
    _VALUE_MAP,
    _SNAPSHOTS,
    _DOCUMENTS,
    _LEDGER,
    _TOTALS,
    _PAYMENTS,
    _SHIPMENTS,
    _STOCK,
    _PARTIES,
)

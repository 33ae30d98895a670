"""Where queries about money begin: gift cards, owners of store credit, Shopify Payments and tender transactions.

Here: their root fields, and what their connections can be sorted and filtered by. Not here: how they look.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from operator import attrgetter

from shopify_sandbox.resources import payouts
from shopify_sandbox.resources.roots import CREATED, IDENTITY, Filters, Getter, Root, by_id
from shopify_sandbox.resources.values import Resolver
from shopify_sandbox.store import Store
from shopify_sandbox.world.buyer_records import CompanyLocation
from shopify_sandbox.world.credit import CREDIT, DEBIT, EXPIRATION, REVERT, GiftCard
from shopify_sandbox.world.currency import major
from shopify_sandbox.world.payout_records import BalanceTransaction, Payout
from shopify_sandbox.world.state import FIRST_IDS, ID_STEP
from shopify_sandbox.world.tender import of_state

#: As the filter ``type`` of store credit transactions says them.
CREDIT_TYPES = {CREDIT: "credit", DEBIT: "debit", REVERT: "debit_revert", EXPIRATION: "expiration"}


def _customer_id(card: GiftCard) -> int | None:
    return card.customer.id if card.customer else None


def _customer_name(card: GiftCard) -> tuple[str, str] | None:
    return (card.customer.last_name or "", card.customer.first_name or "") if card.customer else None


def _spent(card: GiftCard) -> Decimal:
    return major(card.initial - card.balance, card.currency)


def _fullness(card: GiftCard) -> list[str]:
    """Values of the filter ``balance_status`` a card answers to."""
    if card.balance >= card.initial:
        return ["full", "full_or_partial"]
    return ["partial", "full_or_partial"] if card.balance > 0 else ["empty"]


GIFT_CARDS = Root(
    type="GiftCard",
    records=lambda store: list(store.state.gift_cards.values()),
    default_sort="ID",
    sort_keys={
        "ID": attrgetter("id"),
        "CREATED_AT": attrgetter("created_at"),
        "UPDATED_AT": attrgetter("updated_at"),
        "DISABLED_AT": attrgetter("deactivated_at"),
        "EXPIRES_ON": lambda card: card.expires_on.isoformat() if card.expires_on else None,
        "BALANCE": lambda card: major(card.balance, card.currency),
        "INITIAL_VALUE": lambda card: major(card.initial, card.currency),
        "AMOUNT_SPENT": _spent,
        "CUSTOMER_NAME": _customer_name,
    },
    filters={
        **IDENTITY,
        **CREATED,
        "customer_id": ("id", _customer_id),
        "initial_value": ("number", lambda card: major(card.initial, card.currency)),
        "balance_status": ("text", _fullness),
        "source": ("text", lambda card: "purchased" if card.line else "manual"),
    },
)

DISPUTE_FILTERS: Filters = {
    **IDENTITY,
    "initiated_at": ("time", attrgetter("initiated_at")),
    "status": ("text", attrgetter("status")),
}

DISPUTES = Root(
    type="ShopifyPaymentsDispute",
    records=lambda store: list(store.state.payments.disputes.values()) if store.state.payments else [],
    default_sort="ID",
    sort_keys={"ID": attrgetter("id")},
    filters=DISPUTE_FILTERS,
)

TENDER_TRANSACTIONS = Root(
    type="TenderTransaction",
    records=lambda store: of_state(store.state),
    default_sort="ID",
    sort_keys={"ID": attrgetter("id")},
    filters={
        **IDENTITY,
        "processed_at": ("time", attrgetter("processed_at")),
        "test": ("bool", attrgetter("test")),
    },
)


def _company_locations(store: Store) -> list[CompanyLocation]:
    """Those that ever bought something."""
    kind = "CompanyLocation"
    ids = range(FIRST_IDS[kind], store.state.last_ids.get(kind, 0) + 1, ID_STEP)
    return [found for one in ids if (found := store.state.others.get((kind, one))) is not None]


COMPANY_LOCATIONS = Root(
    type="CompanyLocation",
    records=_company_locations,
    default_sort="ID",
    sort_keys={"ID": attrgetter("id"), "NAME": attrgetter("name")},
    filters={**IDENTITY, "name": ("text", attrgetter("name"))},
)

ROOTS: dict[str, Root] = {
    "companyLocations": COMPANY_LOCATIONS,
    "giftCards": GIFT_CARDS,
    "disputes": DISPUTES,
    "tenderTransactions": TENDER_TRANSACTIONS,
}
ROOT_OBJECTS: dict[str, Resolver] = {
    "giftCard": by_id("GiftCard"),
    "storeCreditAccount": by_id("StoreCreditAccount"),
    "dispute": by_id("ShopifyPaymentsDispute"),
    "shopifyPaymentsAccount": payouts.account,
}


def _payout(read: Getter) -> Getter:
    """What a balance transaction's payout says; None before it is known."""
    return lambda one: None if one.payout is None else read(one.payout)


def _payout_status(one: BalanceTransaction) -> str:
    return one.payout.status if one.payout else "PENDING"


def _gross(group: str) -> Getter:
    def read(payout: Payout) -> int:
        return payouts.Summary.of(payout.held()).amounts.get(group, 0)

    return read


NESTED_FILTERS: dict[tuple[str, str], Filters] = {
    ("ShopifyPaymentsAccount", "payouts"): {
        **IDENTITY,
        "issued_at": ("time", attrgetter("issued_at")),
        "status": ("text", attrgetter("status")),
        "currency": ("text", attrgetter("currency")),
        "amount": ("number", lambda payout: major(payout.net, payout.currency)),
    },
    ("ShopifyPaymentsAccount", "balanceTransactions"): {
        **IDENTITY,
        "processed_at": ("time", attrgetter("at")),
        "payout_date": ("time", _payout(attrgetter("issued_at"))),
        "payout_status": ("text", _payout_status),
        "payments_transfer_id": ("id", _payout(attrgetter("id"))),
        "transaction_type": ("text", attrgetter("type")),
    },
    ("ShopifyPaymentsAccount", "disputes"): DISPUTE_FILTERS,
    ("Customer", "storeCreditAccounts"): {**IDENTITY, "currency_code": ("text", attrgetter("currency"))},
    ("StoreCreditAccount", "transactions"): {
        **IDENTITY,
        "expires_at": ("time", attrgetter("expires_at")),
        "type": ("text", lambda movement: CREDIT_TYPES[movement.type]),
    },
}
#: What nested connections can be sorted by; by id and in their own order all can.
NESTED_SORTS: Mapping[tuple[str, str], Mapping[str, Getter]] = {
    ("ShopifyPaymentsAccount", "payouts"): {
        "ID": attrgetter("id"),
        "ISSUED_AT": attrgetter("issued_at"),
        "STATUS": attrgetter("status"),
        "AMOUNT": attrgetter("net"),
        "CHARGE_GROSS": _gross("charges"),
        "REFUND_GROSS": _gross("refunds"),
        "ADJUSTMENT_GROSS": _gross("adjustments"),
    },
    ("ShopifyPaymentsAccount", "balanceTransactions"): {
        "ID": attrgetter("id"),
        "PROCESSED_AT": attrgetter("at"),
        "AMOUNT": attrgetter("amount"),
        "FEE": attrgetter("fee"),
        "NET": attrgetter("net"),
        "ORDER_NAME": lambda one: one.order.name if one.order else None,
        "PAYOUT_DATE": _payout(attrgetter("issued_at")),
        "PAYOUT_STATUS": _payout_status,
        "TRANSACTION_TYPE": attrgetter("type"),
    },
    ("StoreCreditAccount", "transactions"): {
        "CREATED_AT": attrgetter("created_at"),
        "EXPIRES_AT": attrgetter("expires_at"),
    },
}
#: Types of which a shop has one record.
SINGLE = frozenset({"ShopifyPaymentsAccount"})

"""Gift cards, store credit and payouts on their way into the warehouse: records without a stamp, or without an id."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from typing import Any

import pytest

from shopify_pipeline_tests.steps.conftest import Loading

CUSTOMER = "gid://shopify/Customer/7"
ACCOUNT = "gid://shopify/StoreCreditAccount/70"
CREDIT = "gid://shopify/StoreCreditAccountCreditTransaction"
MORE = {"hasNextPage": False, "endCursor": None}


def rows(loading: Loading, query: str) -> list[tuple[Any, ...]]:
    """What a query finds, leaving no transaction open for the next load."""
    found = loading.rows(query)
    loading.conn.commit()
    return found


def money(amount: str, currency: str = "USD") -> dict[str, str]:
    return {"amount": amount, "currencyCode": currency}


def account(balance: str) -> dict[str, Any]:
    return {"id": ACCOUNT, "owner": {"__typename": "Customer", "id": CUSTOMER}, "balance": money(balance)}


def movement(kind: str, number: int | None, amount: str, after: str, **more: Any) -> dict[str, Any]:
    typename = f"StoreCreditAccount{kind}Transaction"
    own = {} if number is None else {"id": f"gid://shopify/{typename}/{number}"}
    return {
        "__typename": typename,
        **own,
        "amount": money(amount),
        "balanceAfterTransaction": money(after),
        "event": "ADJUSTMENT",
        "origin": None,
        "createdAt": "2026-11-01T10:00:00Z",
        **more,
    }


MOVEMENTS = [
    movement("Credit", 1, "50.0", "50.0", expiresAt="2027-01-01T00:00:00Z", remainingAmount=money("20.0")),
    movement("Debit", 2, "-30.0", "20.0", event="ORDER_PAYMENT", origin={"id": "gid://shopify/OrderTransaction/9"}),
    movement("DebitRevert", 3, "30.0", "50.0"),
    movement("Expiration", None, "-20.0", "30.0", creditTransaction={"id": f"{CREDIT}/1"}),
    movement("Expiration", None, "-30.0", "0.0", creditTransaction={"id": f"{CREDIT}/4"}),
]


def by_bulk(seed: int) -> tuple[str, list[bytes]]:
    """The lines as a bulk operation writes them: in no order, customers among them."""
    lines = [{"id": CUSTOMER}, {**account("0.0"), "__parentId": CUSTOMER}]
    lines += [{**each, "__parentId": ACCOUNT} for each in MOVEMENTS]
    random.Random(seed).shuffle(lines)
    return "bulk", [json.dumps(line).encode() for line in lines]


def by_pages() -> tuple[str, list[bytes]]:
    transactions = {"nodes": MOVEMENTS, "pageInfo": MORE}
    accounts = {"nodes": [account("0.0") | {"transactions": transactions}], "pageInfo": MORE}
    data = {"customers": {"nodes": [{"id": CUSTOMER, "storeCreditAccounts": accounts}], "pageInfo": MORE}}
    return "nested", [json.dumps({"data": data}).encode()]


@pytest.mark.parametrize("body", [by_pages(), by_bulk(1), by_bulk(2)], ids=["pages", "bulk", "bulk in another order"])
def test_store_credit_hangs_on_its_account_whoever_owns_it_and_whatever_has_no_id(
    body: tuple[str, list[bytes]], loading: Loading
) -> None:
    loaded = loading("store_credit", body)
    assert (loaded.received, loaded.loaded, loaded.quarantined) == (1, 1, 0)
    assert rows(loading, "select owner_type, owner_id, balance from shopify.store_credit_accounts") == [
        ("Customer", 7, Decimal(0))
    ]
    assert rows(
        loading,
        "select transaction_type, transaction_id, amount, remaining_amount, order_transaction_id "
        "from shopify.store_credit_transactions order by transaction_type, transaction_id",
    ) == [
        ("StoreCreditAccountCreditTransaction", 1, Decimal(50), Decimal(20), None),
        ("StoreCreditAccountDebitRevertTransaction", 3, Decimal(30), None, None),
        ("StoreCreditAccountDebitTransaction", 2, Decimal(-30), None, 9),
        ("StoreCreditAccountExpirationTransaction", 1, Decimal(-20), None, None),
        ("StoreCreditAccountExpirationTransaction", 4, Decimal(-30), None, None),
    ]


def test_the_same_account_read_again_in_the_other_way_is_no_new_version(loading: Loading) -> None:
    assert loading("store_credit", by_bulk(3)).new_versions == 1
    assert loading("store_credit", by_pages()).new_versions == 0


def balance_transaction(payout: int | None, status: str | None) -> tuple[str, list[bytes]]:
    node = {
        "id": "gid://shopify/ShopifyPaymentsBalanceTransaction/1",
        "associatedPayout": {
            "id": None if payout is None else f"gid://shopify/ShopifyPaymentsPayout/{payout}",
            "status": status,
        },
        "type": "ADJUSTMENT",
        "test": False,
        "transactionDate": "2026-11-01T10:00:00Z",
        "amount": money("12.5"),
        "fee": money("0.5"),
        "net": money("12.0"),
        "sourceType": "ADJUSTMENT",
        "sourceId": "9007199254740993",
        "sourceOrderTransactionId": None,
        "associatedOrder": None,
        "adjustmentReason": None,
        "adjustmentsOrders": [
            {
                "orderTransactionId": "44",
                "name": "#1001",
                "amount": money("12.5"),
                "fees": money("0.5"),
                "net": money("12.0"),
            }
        ],
    }
    connection = {"nodes": [node], "pageInfo": MORE}
    data = {
        "shopifyPaymentsAccount": {"id": "gid://shopify/ShopifyPaymentsAccount/1", "balanceTransactions": connection}
    }
    return "nested", [json.dumps({"data": data}).encode()]


def test_trap_21_a_payout_that_is_decided_after_the_transaction_was_read_arrives_with_the_next_reading(
    loading: Loading,
) -> None:
    query = "select payout_id, payout_status, source_id from shopify.balance_transactions"
    loading("payouts", balance_transaction(None, "PENDING"))
    assert rows(loading, query) == [(None, "PENDING", 9007199254740993)]
    assert loading("payouts", balance_transaction(5, "SCHEDULED")).new_versions == 1
    assert rows(loading, query) == [(5, "SCHEDULED", 9007199254740993)]
    assert loading("payouts", balance_transaction(5, "SCHEDULED")).new_versions == 0
    assert rows(loading, "select order_transaction_id, net from shopify.balance_transaction_adjustment_orders") == [
        (44, Decimal(12))
    ]


def test_of_two_readings_without_a_stamp_in_one_load_the_later_one_counts(loading: Loading) -> None:
    loaded = loading("payouts", balance_transaction(None, "PENDING"), balance_transaction(5, "SCHEDULED"))
    assert (loaded.received, loaded.loaded, loaded.superseded) == (2, 1, 1)
    assert rows(loading, "select payout_id from shopify.balance_transactions") == [(5,)]


def test_a_shop_without_shopify_payments_has_no_payouts_and_that_is_no_error(loading: Loading) -> None:
    loaded = loading("payouts", ("nested", [b'{"data":{"shopifyPaymentsAccount":null}}']))
    assert (loaded.received, loaded.loaded, loaded.quarantined) == (0, 0, 0)


def gift_card(balance: str, *transactions: dict[str, Any]) -> tuple[str, list[bytes]]:
    node = {
        "id": "gid://shopify/GiftCard/3",
        "customer": None,
        "order": None,
        "lineItem": None,
        "recipientAttributes": None,
        "maskedCode": "•••• 1234",
        "lastCharacters": "1234",
        "enabled": True,
        "isRedeemable": True,
        "initialValue": money("25.0"),
        "balance": money(balance),
        "expiresOn": "2028-02-29",
        "deactivatedAt": None,
        "note": None,
        "templateSuffix": None,
        "createdAt": "2026-11-01T10:00:00Z",
        "updatedAt": "2026-11-01T10:00:00Z",
        "transactions": {"nodes": list(transactions), "pageInfo": MORE},
    }
    return "page", [json.dumps({"data": {"giftCards": {"nodes": [node], "pageInfo": MORE}}}).encode()]


def test_a_gift_card_whose_stamp_does_not_move_is_known_to_have_changed_all_the_same(loading: Loading) -> None:
    spent = {
        "__typename": "GiftCardDebitTransaction",
        "id": "gid://shopify/GiftCardDebitTransaction/31",
        "amount": money("-5.0"),
        "note": None,
        "processedAt": "2026-11-02T10:00:00Z",
    }
    loading("gift_cards", gift_card("25.0"))
    assert loading("gift_cards", gift_card("20.0", spent)).new_versions == 1
    [(balance, expires_on)] = rows(loading, "select balance, expires_on::text from shopify.gift_cards")
    assert (balance, expires_on) == (Decimal(20), "2028-02-29")
    assert rows(loading, "select transaction_type, transaction_id, amount from shopify.gift_card_transactions") == [
        ("GiftCardDebitTransaction", 31, Decimal(-5))
    ]

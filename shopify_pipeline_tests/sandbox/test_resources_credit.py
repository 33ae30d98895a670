"""What the API says of gift cards, store credit and tender transactions, asked as a client asks."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from shopify_pipeline_tests.sandbox.serving import NOW, SHOP, Shop, served
from shopify_pipeline_tests.sandbox.test_sandbox_bulk import exported
from shopify_sandbox.oauth import LEAST_PRIVILEGE
from shopify_sandbox.store import Store
from shopify_sandbox.world.arguments import Arguments
from shopify_sandbox.world.credit import EXPIRATION

CREDIT_SCOPES = (
    "read_gift_cards",
    "read_gift_card_transactions",
    "read_store_credit_accounts",
    "read_store_credit_account_transactions",
)
CARDS = """query($query: String, $sortKey: GiftCardSortKeys, $reverse: Boolean) {
  giftCards(first: 250, query: $query, sortKey: $sortKey, reverse: $reverse) { nodes {
    id enabled isRedeemable lastCharacters maskedCode expiresOn createdAt updatedAt deactivatedAt note
    balance { amount currencyCode } initialValue { amount currencyCode }
    customer { id } order { id } lineItem { id isGiftCard }
    transactions(first: 50) { nodes { __typename id processedAt amount { amount currencyCode } giftCard { id } } }
  } }
  giftCardsCount(query: $query) { count }
}"""
ACCOUNTS = """{ customers(first: 250) { nodes { id storeCreditAccounts(first: 2) { nodes {
  id balance { amount currencyCode } owner { ... on Customer { id } }
  transactions(first: 30) { nodes {
    __typename createdAt event amount { amount } balanceAfterTransaction { amount }
    origin { ... on OrderTransaction { id } }
    ... on StoreCreditAccountCreditTransaction { id expiresAt remainingAmount { amount } }
    ... on StoreCreditAccountDebitRevertTransaction { id debitTransaction { id } }
    ... on StoreCreditAccountExpirationTransaction { creditTransaction { id } }
  } } } } } } }"""
TENDER = """query($query: String, $after: String) { tenderTransactions(first: 250, query: $query, after: $after) {
  pageInfo { hasNextPage endCursor } nodes {
    id amount { amount currencyCode } paymentMethod processedAt remoteReference test order { id }
    transactionDetails { ... on TenderTransactionCreditCardDetails { creditCardCompany creditCardNumber } } } } }"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A full shop of 250 orders whose app may read everything about credit."""
    state = tmp_path_factory.mktemp("credit")
    Store.create(state, Arguments(seed=8, orders=250, days=45, now=NOW, shop=SHOP, mix="full"))
    with served(state) as running:
        running.sandbox.tokens.set_scopes([*LEAST_PRIVILEGE, *CREDIT_SCOPES])
        running.log_in()
        yield running


def cards(shop: Shop, **arguments: Any) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = shop.data(CARDS, **arguments)["giftCards"]["nodes"]
    return nodes


def amount(money: dict[str, str]) -> Decimal:
    return Decimal(money["amount"])


def test_i19_a_cards_balance_is_its_first_value_and_its_signed_transactions(shop: Shop):
    for card in cards(shop):
        moved = sum(amount(one["amount"]) for one in card["transactions"]["nodes"])
        assert amount(card["balance"]) == amount(card["initialValue"]) + moved
        assert all(one["giftCard"]["id"] == card["id"] for one in card["transactions"]["nodes"])


def test_a_card_issued_by_hand_names_no_order_and_a_sold_one_its_gift_card_line(shop: Shop):
    by_hand, sold = cards(shop, query="source:manual"), cards(shop, query="source:purchased")
    assert by_hand
    assert {card["order"] for card in by_hand} == {None}
    assert all(card["lineItem"]["isGiftCard"] for card in sold if card["order"])
    assert len(by_hand) + len(sold) == len(cards(shop))


def test_cards_are_counted_filtered_and_sorted(shop: Shop):
    answer = shop.data(CARDS, query="balance_status:empty", sortKey="INITIAL_VALUE", reverse=True)
    values = [amount(card["initialValue"]) for card in answer["giftCards"]["nodes"]]
    assert values == sorted(values, reverse=True) != []
    assert {amount(card["balance"]) for card in answer["giftCards"]["nodes"]} == {0}
    assert answer["giftCardsCount"]["count"] == len(values)


def test_a_card_is_found_by_id(shop: Shop):
    known = cards(shop)[0]["id"]
    found = shop.data("query($id: ID!) { giftCard(id: $id) { id } node(id: $id) { id } }", id=known)
    assert found == {"giftCard": {"id": known}, "node": {"id": known}}


def test_without_their_scope_a_cards_transactions_are_refused_and_the_card_is_not(shop: Shop):
    shop.sandbox.tokens.set_scopes([*LEAST_PRIVILEGE, "read_gift_cards"])
    try:
        answer = shop.ask("{ giftCards(first: 1) { nodes { id transactions(first: 1) { nodes { id } } } } }")
    finally:
        shop.sandbox.tokens.set_scopes([*LEAST_PRIVILEGE, *CREDIT_SCOPES])
    assert answer["data"]["giftCards"]["nodes"][0]["transactions"] is None
    assert "read_gift_card_transactions" in answer["errors"][0]["message"]


def test_gift_cards_and_their_transactions_come_in_bulk(shop: Shop):
    _, lines = exported(
        shop,
        """{ giftCards { edges { node { id balance { amount }
          transactions { edges { node { id amount { amount } } } } } } } }""",
    )
    asked = cards(shop)
    assert {line["id"] for line in lines if "__parentId" not in line} == {card["id"] for card in asked}
    assert sum(1 for line in lines if "__parentId" in line) == sum(len(card["transactions"]["nodes"]) for card in asked)


def accounts(shop: Shop) -> list[dict[str, Any]]:
    customers = shop.data(ACCOUNTS)["customers"]["nodes"]
    return [account for customer in customers for account in customer["storeCreditAccounts"]["nodes"]]


def test_i19_an_accounts_balance_is_the_last_balance_after_a_transaction(shop: Shop):
    found = accounts(shop)
    assert found
    for account in found:
        running = Decimal(0)
        for one in account["transactions"]["nodes"]:
            running += amount(one["amount"])
            assert amount(one["balanceAfterTransaction"]) == running
        assert amount(account["balance"]) == running


def test_an_expiration_has_no_id_and_names_the_credit_that_ended(shop: Shop):
    everything = [one for account in accounts(shop) for one in account["transactions"]["nodes"]]
    ended = [one for one in everything if one["__typename"] == EXPIRATION]
    assert ended
    for one in ended:
        assert "id" not in one
        assert one["creditTransaction"]["id"].startswith("gid://shopify/StoreCreditAccountCreditTransaction/")
        assert amount(one["amount"]) < 0


def test_an_account_is_found_by_id_and_its_transactions_by_type(shop: Shop):
    known = accounts(shop)[0]["id"]
    answer = shop.data(
        """query($id: ID!) { storeCreditAccount(id: $id) { id owner { ... on Customer { id } }
          transactions(first: 50, query: "type:credit", sortKey: CREATED_AT, reverse: true) {
            nodes { __typename createdAt } } } }""",
        id=known,
    )["storeCreditAccount"]
    times = [one["createdAt"] for one in answer["transactions"]["nodes"]]
    assert times == sorted(times, reverse=True) != []
    assert {one["__typename"] for one in answer["transactions"]["nodes"]} == {"StoreCreditAccountCreditTransaction"}


def tender(shop: Shop, query: str | None = None) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    after = None
    while True:
        page = shop.data(TENDER, query=query, after=after)["tenderTransactions"]
        nodes += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
        after = page["pageInfo"]["endCursor"]


def test_tender_transactions_of_an_order_add_up_to_what_it_received_less_what_it_gave_back(shop: Shop):
    own = {"gift_card", "shopify_store_credit"}
    sums: dict[str, Decimal] = {}
    for one in tender(shop):
        sums[one["order"]["id"]] = sums.get(one["order"]["id"], Decimal(0)) + amount(one["amount"])
    orders = shop.data(
        """{ orders(first: 250) { nodes { id transactions(first: 50) { gateway }
          netPaymentSet { presentmentMoney { amount } } } } }"""
    )["orders"]["nodes"]
    compared = 0
    for order in orders:
        if own.isdisjoint(one["gateway"] for one in order["transactions"]):
            assert sums.get(order["id"], 0) == amount(order["netPaymentSet"]["presentmentMoney"])
            compared += 1
    assert compared > 100


def test_refunds_are_negative_and_cards_are_named(shop: Shop):
    everything = tender(shop)
    assert any(amount(one["amount"]) < 0 for one in everything)
    named = {one["paymentMethod"] for one in everything if one["transactionDetails"]}
    assert named == {"credit_card"}


def test_tender_transactions_are_found_by_the_time_they_were_processed(shop: Shop):
    since = "2026-11-10T00:00:00Z"
    late = tender(shop, f"processed_at:>='{since}'")
    assert late
    assert {one["id"] for one in late} == {one["id"] for one in tender(shop) if one["processedAt"] >= since}

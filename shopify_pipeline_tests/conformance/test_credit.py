"""Gift cards, store credit and tender transactions: how they are found, and the signs of what moves on them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from shopify_pipeline_tests.conformance.asked import AskedStore, every, needed
from shopify_pipeline_tests.conformance.cases import assumed, case, documented, observed

CARDS = """query($after: String) { giftCards(first: 50, after: $after) { pageInfo { hasNextPage endCursor } nodes {
  id balance { amount } initialValue { amount } order { id }
  transactions(first: 50) { nodes { __typename amount { amount } } } } } }"""
BY_STAMP = """{ giftCards(first: 250, query: "updated_at:>'2100-01-01T00:00:00Z'") { nodes { id } }
  giftCardsCount { count } }"""
ACCOUNTS = """query($after: String) { customers(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes {
  storeCreditAccounts(first: 3) { nodes { id balance { amount }
    transactions(first: 50) { nodes { __typename amount { amount } balanceAfterTransaction { amount } } } } } } } }"""
TENDER = """query($after: String, $query: String) { tenderTransactions(first: 250, after: $after, query: $query) {
  pageInfo { hasNextPage endCursor } nodes { id processedAt test amount { amount currencyCode } order { id } } } }"""
TENDER_ROOT = "https://shopify.dev/docs/api/admin-graphql/latest/queries/tenderTransactions"
PROXY = "github.com/airhorns/shopify-draft-proxy"


def amount(money: dict[str, Any]) -> Decimal:
    return Decimal(money["amount"])


def tender(store: AskedStore, query: str | None = None) -> list[dict[str, Any]]:
    return list(every(store, TENDER, "tenderTransactions", query=query))


@case(
    "credit", documented("https://shopify.dev/docs/api/admin-graphql/latest/queries/giftCards (no updated_at filter)")
)
def test_gift_cards_cannot_be_found_by_their_stamp(full_store: AskedStore) -> None:
    """giftCards has no filter updated_at: it is ignored with a warning, and every card comes."""
    answer = full_store.ask(BY_STAMP)
    (told,) = answer["extensions"]["search"]
    assert told["path"] == ["giftCards"]
    assert [each["code"] for each in told["warnings"]] == ["invalid_field"]
    assert len(answer["data"]["giftCards"]["nodes"]) == min(250, answer["data"]["giftCardsCount"]["count"]) > 0


@case("credit", observed(f'credit "2.0", debit "-1.0"; {PROXY}'))
def test_what_moves_on_a_gift_card_is_signed(full_store: AskedStore) -> None:
    """Credits of a gift card are positive and debits negative; with the initial value they make its balance."""
    for card in needed(every(full_store, CARDS, "giftCards"), "gift card"):
        moved = card["transactions"]["nodes"]
        for one in moved:
            assert (amount(one["amount"]) > 0) == (one["__typename"] == "GiftCardCreditTransaction")
        left = amount(card["initialValue"]) + sum(amount(one["amount"]) for one in moved)
        assert amount(card["balance"]) == left, card["id"]


@case("credit", observed(f'a card made by giftCardCreate: "order": null; {PROXY}'))
def test_gift_card_issued_by_hand_has_no_order(full_store: AskedStore) -> None:
    """order is null on a card nobody bought, and the order that sold it on any other."""
    cards = list(every(full_store, CARDS, "giftCards"))
    needed((card for card in cards if card["order"] is None), "gift card issued by hand")
    assert needed((card for card in cards if card["order"]), "gift card that was sold")


@case("credit", observed(f'a credit of "7.23", a debit of "-1.0", the balance as balanceAfterTransaction; {PROXY}'))
def test_balance_of_store_credit_is_what_its_last_transaction_left(full_store: AskedStore) -> None:
    """Each transaction of store credit says what it left; the newest, which comes last, leaves the balance."""
    accounts = [
        one for each in every(full_store, ACCOUNTS, "customers") for one in each["storeCreditAccounts"]["nodes"]
    ]
    moving = [one for one in accounts if 0 < len(one["transactions"]["nodes"]) < 50]
    for account in needed(moving, "store credit account"):
        transactions = account["transactions"]["nodes"]
        assert amount(account["balance"]) == amount(transactions[-1]["balanceAfterTransaction"])
        assert amount(account["balance"]) == sum(amount(one["amount"]) for one in transactions)


@case("credit", documented(f"{TENDER_ROOT} (query: processed_at)"))
def test_tender_transactions_are_found_by_when_they_were_processed(full_store: AskedStore) -> None:
    """The filter processed_at finds exactly what was processed in a span, both ends included."""
    everything = needed(tender(full_store), "tender transaction")
    stamps = sorted(one["processedAt"] for one in everything)
    since, until = stamps[len(stamps) // 3], stamps[2 * len(stamps) // 3]
    inside = tender(full_store, f"processed_at:>='{since}' processed_at:<='{until}'")
    wanted = {one["id"] for one in everything if since <= one["processedAt"] <= until}
    assert {one["id"] for one in inside} == wanted


@case("credit", documented(f"{TENDER_ROOT} (query: test)"))
def test_tender_transactions_of_test_orders_can_be_left_out(full_store: AskedStore) -> None:
    """The filter test:false leaves out what test orders moved."""
    everything = needed(tender(full_store), "tender transaction")
    assert {one["id"] for one in tender(full_store, "test:false")} == {
        one["id"] for one in everything if not one["test"]
    }


@case("credit", assumed("the published schema says what a tender transaction is, not which sign a refund has"))
def test_money_that_goes_back_is_a_negative_tender_transaction(full_store: AskedStore) -> None:
    """A refund is a tender transaction of a negative amount."""
    needed((one for one in tender(full_store) if amount(one["amount"]) < 0), "refund")

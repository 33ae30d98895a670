"""Shopify Payments: the account, its balance transactions and its payouts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from shopify_pipeline_tests.conformance.asked import AskedStore, asked, every, needed
from shopify_pipeline_tests.conformance.cases import assumed, case, documented
from shopify_pipeline_tests.sandbox.serving import Shop

ACCOUNT = "https://shopify.dev/docs/api/admin-graphql/latest/objects/ShopifyPaymentsAccount"
#: What the REST resource's example says of a payout: net is the sum of the summary's amounts less its fees.
SUMMARY = "https://shopify.dev/docs/api/admin-rest/latest/resources/payouts (summary)"
GROUPS = {
    "chargesGross": "chargesFee",
    "refundsFeeGross": "refundsFee",
    "adjustmentsGross": "adjustmentsFee",
    "reservedFundsGross": "reservedFundsFee",
    "retriedPayoutsGross": "retriedPayoutsFee",
    "advanceGross": "advanceFees",
}
BALANCE = """query($after: String, $hidden: Boolean) { shopifyPaymentsAccount {
  balanceTransactions(first: 250, after: $after, hideTransfers: $hidden) { pageInfo { hasNextPage endCursor } nodes {
    id type test amount { amount } fee { amount } net { amount } associatedPayout { id status } } } } }"""
PAYOUTS = f"""query($after: String) {{ shopifyPaymentsAccount {{
  payouts(first: 100, after: $after) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ id status net {{ amount }}
    summary {{ {" ".join(f"{name} {{ amount }}" for pair in GROUPS.items() for name in pair)} }} }} }} }} }}"""


def amount(money: dict[str, Any]) -> Decimal:
    return Decimal(money["amount"])


def has_payments(store: AskedStore) -> None:
    account = store.data("{ shopifyPaymentsAccount { id } }")["shopifyPaymentsAccount"]
    needed([account] if account else [], "Shopify Payments")


def balance(store: AskedStore, *, hidden: bool = False) -> list[dict[str, Any]]:
    has_payments(store)
    return list(every(store, BALANCE, "shopifyPaymentsAccount", "balanceTransactions", hidden=hidden))


def payouts(store: AskedStore) -> list[dict[str, Any]]:
    has_payments(store)
    return needed(every(store, PAYOUTS, "shopifyPaymentsAccount", "payouts"), "payout")


@case(
    "payouts",
    documented("https://shopify.dev/docs/api/admin-graphql/latest/queries/shopifyPaymentsAccount (nullable)"),
    steered=True,
)
def test_shop_without_shopify_payments_has_no_account(own_shop: Shop) -> None:
    """shopifyPaymentsAccount is null, without an error, for a shop that does not use Shopify Payments."""
    answer = asked(own_shop).ask("{ shopifyPaymentsAccount { id payouts(first: 1) { nodes { id } } } }")
    assert answer["data"] == {"shopifyPaymentsAccount": None}
    assert "errors" not in answer


@case("payouts", documented(f"{ACCOUNT} (balanceTransactions, hideTransfers)"))
def test_hidden_transfers_are_those_of_type_transfer(full_store: AskedStore) -> None:
    """hideTransfers leaves out the rows of type TRANSFER and nothing else."""
    everything = balance(full_store)
    transfers = {one["id"] for one in everything if one["type"] == "TRANSFER"}
    assert needed(transfers, "transfer")
    assert {one["id"] for one in balance(full_store, hidden=True)} == {one["id"] for one in everything} - transfers


@case(
    "payouts", documented("https://shopify.dev/docs/api/admin-graphql/latest/objects/ShopifyPaymentsBalanceTransaction")
)
def test_net_is_the_amount_less_the_fee(full_store: AskedStore) -> None:
    """The net of a balance transaction is its amount less its fee."""
    for one in needed(balance(full_store), "balance transaction"):
        assert amount(one["net"]) == amount(one["amount"]) - amount(one["fee"])


@case("payouts", documented(SUMMARY))
def test_payout_is_the_sum_of_its_summary(full_store: AskedStore) -> None:
    """The net of a payout is the sum of the amounts of its summary less their fees; refundsFeeGross is an amount."""
    for payout in payouts(full_store):
        told = payout["summary"]
        assert amount(payout["net"]) == sum(amount(told[gross]) - amount(told[fee]) for gross, fee in GROUPS.items())


@case("payouts", documented(SUMMARY))
def test_payout_is_what_its_transactions_sum_to(full_store: AskedStore) -> None:
    """What a payout holds sums to its net; with its transfer to nothing."""
    rows = balance(full_store)
    for payout in payouts(full_store):
        held = [one for one in rows if one["associatedPayout"]["id"] == payout["id"]]
        assert sum(amount(one["net"]) for one in held if one["type"] != "TRANSFER") == amount(payout["net"])
        assert sum(amount(one["net"]) for one in held) == 0


@case("payouts", assumed("clients treat a transaction without a payout so; no answer that shows one is recorded"))
def test_transaction_no_payout_holds_yet_is_pending_without_an_id(full_store: AskedStore) -> None:
    """associatedPayout has no id and the status PENDING until the payout is known."""
    waiting = [one["associatedPayout"] for one in balance(full_store) if one["associatedPayout"]["id"] is None]
    assert {one["status"] for one in needed(waiting, "balance transaction without a payout")} == {"PENDING"}

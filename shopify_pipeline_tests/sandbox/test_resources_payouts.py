"""What the API says of Shopify Payments, asked as a client asks: it adds up page by page, filtered and sorted."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from shopify_pipeline_tests.sandbox.serving import NOW, SHOP, Shop, served
from shopify_sandbox.oauth import LEAST_PRIVILEGE
from shopify_sandbox.store import Store
from shopify_sandbox.webhooks.payloads import payload
from shopify_sandbox.world.arguments import Arguments

PAYOUTS = """query($query: String, $sortKey: PayoutSortKeys, $kind: ShopifyPaymentsPayoutTransactionType) {
  shopifyPaymentsAccount { defaultCurrency balance { amount currencyCode }
    payouts(first: 250, query: $query, sortKey: $sortKey, transactionType: $kind) { nodes {
      id legacyResourceId status transactionType issuedAt externalTraceId net { amount currencyCode }
      summary { chargesGross { amount } chargesFee { amount } refundsFeeGross { amount } refundsFee { amount }
        adjustmentsGross { amount } adjustmentsFee { amount } reservedFundsGross { amount } reservedFundsFee { amount }
        retriedPayoutsGross { amount } retriedPayoutsFee { amount } advanceGross { amount } advanceFees { amount }
        usdcRebateCreditAmount { amount } } } } } }"""
BALANCE = """query($query: String, $hide: Boolean, $after: String, $sortKey: BalanceTransactionSortKeys) {
  shopifyPaymentsAccount { balanceTransactions(
    first: 60, after: $after, query: $query, hideTransfers: $hide, sortKey: $sortKey) {
    pageInfo { hasNextPage endCursor } nodes {
      id type test transactionDate sourceType sourceId sourceOrderTransactionId adjustmentReason
      amount { amount currencyCode } fee { amount } net { amount } associatedOrder { id name }
      associatedPayout { id status }
      adjustmentsOrders { orderTransactionId name amount { amount } fees { amount } } } } } }"""
DISPUTE = (
    "id type status amount { amount currencyCode } initiatedAt order { id } reasonDetails { reason networkReasonCode }"
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A full shop of 250 orders whose app may read disputes, too."""
    state = tmp_path_factory.mktemp("payouts")
    Store.create(state, Arguments(seed=9, orders=250, days=45, now=NOW, shop=SHOP, mix="full"))
    with served(state) as running:
        running.sandbox.tokens.set_scopes([*LEAST_PRIVILEGE, "read_shopify_payments_disputes"])
        running.log_in()
        yield running


def payouts(shop: Shop, **arguments: Any) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = shop.data(PAYOUTS, **arguments)["shopifyPaymentsAccount"]["payouts"]["nodes"]
    return nodes


def rows(shop: Shop, **arguments: Any) -> list[dict[str, Any]]:
    """All balance transactions, page by page."""
    nodes: list[dict[str, Any]] = []
    after = None
    while True:
        page = shop.data(BALANCE, after=after, **arguments)["shopifyPaymentsAccount"]["balanceTransactions"]
        nodes += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
        after = page["pageInfo"]["endCursor"]


def amount(money: dict[str, str]) -> Decimal:
    return Decimal(money["amount"])


def test_pages_hold_every_balance_transaction_once_in_the_order_asked_for(shop: Shop):
    everything = rows(shop)
    account = shop.sandbox.store.state.payments
    assert account is not None
    assert len(everything) == len({one["id"] for one in everything}) == len(account.transactions) > 60
    times = [one["transactionDate"] for one in everything]
    assert times == sorted(times)
    nets = [amount(one["net"]) for one in rows(shop, sortKey="NET")]
    assert nets == sorted(nets)


def test_net_is_amount_less_fee_and_all_of_it_is_the_balance(shop: Shop):
    everything = rows(shop)
    assert all(amount(one["net"]) == amount(one["amount"]) - amount(one["fee"]) for one in everything)
    account = shop.data(PAYOUTS)["shopifyPaymentsAccount"]
    (balance,) = account["balance"]
    assert amount(balance) == sum(amount(one["net"]) for one in everything if not one["test"])
    assert balance["currencyCode"] == account["defaultCurrency"] == "USD"


def test_a_payouts_transactions_found_by_its_number_add_up_to_it_and_to_its_summary(shop: Shop):
    for payout in payouts(shop):
        held = rows(shop, query=f"payments_transfer_id:{payout['legacyResourceId']}", hide=True)
        assert {one["associatedPayout"]["id"] for one in held} == {payout["id"]}
        assert {one["associatedPayout"]["status"] for one in held} == {payout["status"]}
        assert sum(amount(one["net"]) for one in held) == amount(payout["net"])
        summary = {name: amount(money) for name, money in payout["summary"].items()}
        gross = sum(value for name, value in summary.items() if name.endswith("Gross"))
        fees = sum(value for name, value in summary.items() if name.endswith(("Fee", "Fees")))
        assert gross - fees == amount(payout["net"])
        assert summary["chargesGross"] == sum(amount(one["amount"]) for one in held if one["type"] == "CHARGE")
        assert summary["refundsFeeGross"] == sum(amount(one["amount"]) for one in held if one["type"] == "REFUND")


def test_hidden_transfers_are_all_that_is_hidden(shop: Shop):
    everything, shown = rows(shop), rows(shop, hide=True)
    hidden = [one for one in everything if one["id"] not in {each["id"] for each in shown}]
    assert {one["type"] for one in hidden} == {"TRANSFER"}
    assert len(hidden) == len(payouts(shop))


def test_trap_21_a_transaction_no_payout_holds_is_pending_without_an_id_and_gets_one_later(tmp_path: Any):
    Store.create(tmp_path / "state", Arguments(seed=9, orders=120, days=20, now=NOW, shop=SHOP, mix="full"))
    with served(tmp_path / "state") as own:
        before = {one["id"]: one["associatedPayout"] for one in rows(own) if not one["test"]}
        waiting = [name for name, payout in before.items() if payout["id"] is None]
        assert {before[name]["status"] for name in waiting} == {"PENDING"}

        own.control("POST", "advance", {"hours": 24 * 8})
        own.log_in()

        after = {one["id"]: one["associatedPayout"] for one in rows(own)}
        assert waiting
        assert {after[name]["status"] for name in waiting} <= {"SCHEDULED", "PAID"}
        assert all(after[name]["id"] for name in waiting)


def test_a_charge_names_the_transaction_and_the_order_it_settles(shop: Shop):
    for one in rows(shop, query="transaction_type:CHARGE")[:20]:
        order = shop.data(
            "query($id: ID!) { order(id: $id) { name transactions { id kind gateway status } } }",
            id=one["associatedOrder"]["id"],
        )["order"]
        paid = next(
            each for each in order["transactions"] if each["id"].endswith(f"/{one['sourceOrderTransactionId']}")
        )
        assert order["name"] == one["associatedOrder"]["name"]
        assert (paid["gateway"], paid["status"], paid["kind"] in ("SALE", "CAPTURE")) == (
            "shopify_payments",
            "SUCCESS",
            True,
        )


def test_payouts_are_filtered_by_status_time_and_direction(shop: Shop):
    everything = payouts(shop)
    paid = payouts(shop, query="status:PAID", sortKey="AMOUNT")
    nets = [amount(one["net"]) for one in paid]
    assert nets == sorted(nets) != []
    assert {one["id"] for one in paid} == {one["id"] for one in everything if one["status"] == "PAID"}
    since = everything[len(everything) // 2]["issuedAt"]
    assert [one["id"] for one in payouts(shop, query=f"issued_at:>='{since}'")] == [
        one["id"] for one in everything if one["issuedAt"] >= since
    ]
    withdrawn = payouts(shop, kind="WITHDRAWAL")
    assert all(amount(one["net"]) < 0 for one in withdrawn)
    assert len(withdrawn) + len(payouts(shop, kind="DEPOSIT")) == len(everything)


def test_every_payout_and_balance_transaction_is_a_node(shop: Shop):
    ids = [payouts(shop)[0]["id"], rows(shop)[0]["id"]]
    assert [one["id"] for one in shop.data("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)["nodes"]] == ids


def test_a_dispute_is_the_same_from_account_root_and_order(shop: Shop):
    from_account = shop.data(f"{{ shopifyPaymentsAccount {{ disputes(first: 50) {{ nodes {{ {DISPUTE} }} }} }} }}")
    listed = from_account["shopifyPaymentsAccount"]["disputes"]["nodes"]
    assert listed
    assert shop.data(f"{{ disputes(first: 50) {{ nodes {{ {DISPUTE} }} }} }}")["disputes"]["nodes"] == listed
    one = next(each for each in listed if each["order"])
    found = shop.data(f"query($id: ID!) {{ dispute(id: $id) {{ {DISPUTE} }} }}", id=one["id"])
    assert found["dispute"] == one
    order = shop.data("query($id: ID!) { order(id: $id) { disputes { id status } } }", id=one["order"]["id"])["order"]
    assert [each["status"] for each in order["disputes"]] == [one["status"]]


def test_without_their_scope_disputes_are_refused(shop: Shop):
    shop.sandbox.tokens.set_scopes(LEAST_PRIVILEGE)
    try:
        answer = shop.ask("{ shopifyPaymentsAccount { id disputes(first: 1) { nodes { id } } } }")
    finally:
        shop.sandbox.tokens.set_scopes([*LEAST_PRIVILEGE, "read_shopify_payments_disputes"])
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"ACCESS_DENIED"}


def test_a_shop_without_shopify_payments_has_no_account(own_shop: Shop):
    assert own_shop.data("{ shopifyPaymentsAccount { id } }") == {"shopifyPaymentsAccount": None}


def test_disputes_and_movements_of_money_are_told_of_in_the_rest_shape(shop: Shop):
    state, told_of = shop.sandbox.store.state, shop.sandbox.store.shop
    assert state.payments is not None
    dispute = next(iter(state.payments.disputes.values()))
    told = payload("disputes/create", dispute, shop=told_of)
    assert (told["id"], told["order_id"], told["type"]) == (dispute.id, dispute.order.id, dispute.type.lower())
    assert Decimal(told["amount"]).as_tuple().exponent == -2

    (moved,) = shop.data("{ tenderTransactions(first: 1) { nodes { id amount { amount } } } }")["tenderTransactions"][
        "nodes"
    ]
    tender = payload(
        "tender_transactions/create", shop.sandbox.model.objects["node"](shop.sandbox.store, None, moved), shop=told_of
    )
    assert Decimal(tender["amount"]) == amount(moved["amount"])
    assert moved["id"] == f"gid://shopify/TenderTransaction/{tender['id']}"

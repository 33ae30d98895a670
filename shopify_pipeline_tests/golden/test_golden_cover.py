"""The golden book leaves out nothing that happens to an order, and has the money cases in every currency."""

from __future__ import annotations

from collections import defaultdict

import pytest

from shopify_pipeline_tests.golden.book import cases

CASES = cases()
LIFE = (
    "created",
    "edited unpaid",
    "edited paid",
    "channel-liable tax",
    "marketplace tax",
    "order-level discount",
    "line-level discount",
    "shipping",
    "tip",
    "duty",
    "fee",
    "gift card sold",
    "gift card used",
    "gift card partly with card",
    "gift card given",
    "gift card expired",
    "store credit used",
    "store credit given",
    "store credit expired",
    "cash rounding up",
    "cash rounding down",
    "several payments",
    "several gateways",
    "authorisation",
    "capture",
    "partial capture",
    "void",
    "partial fulfillment",
    "split fulfillment",
    "several locations",
    "fulfillment cancelled",
    "partial refund with restock",
    "partial refund without restock",
    "goodwill refund",
    "shipping refund",
    "pending refund settled",
    "return with restocking fee",
    "exchange up",
    "exchange even",
    "exchange down",
    "cancelled before posting",
    "cancelled after posting",
    "cancelled after partial shipment",
    "dispute won",
    "dispute lost",
    "payout with fees",
    "negative payout",
    "reserve held",
    "reserve released",
    "bundle",
    "B2B",
    "guest",
    "closed period",
    "prior-period item",
    "older than go-live",
    "two companies",
    "recognition by fulfillment",
    "edit after release",
    "return after release",
    "break instead of a plug",
)
#: What changes an amount, in some page of each way prices are written.
MONEY = {
    "created": ("created",),
    "edited": ("edited paid", "edited unpaid"),
    "discounted": ("order-level discount", "line-level discount"),
    "shipped for money": ("shipping",),
    "refunded": ("partial refund with restock", "partial refund without restock"),
    "exchanged": ("exchange up", "exchange even", "exchange down"),
}
PRICES = {
    "tax included": {("GBP", True)},
    "tax excluded": {("USD", False)},
    "JPY": {("JPY", True)},
    "KWD": {("KWD", False)},
}


def test_the_book_has_forty_lives_or_more() -> None:
    assert len(CASES) >= 40


@pytest.mark.parametrize("happening", LIFE)
def test_everything_that_happens_to_an_order_has_a_page(happening: str) -> None:
    assert [name for name, case in CASES.items() if happening in case.covers]


@pytest.mark.parametrize("prices", PRICES)
@pytest.mark.parametrize("money", MONEY)
def test_what_changes_an_amount_has_a_page_in_every_way_prices_are_written(money: str, prices: str) -> None:
    assert [
        name
        for name, case in CASES.items()
        if set(MONEY[money]) & set(case.covers) and (case.shop.currency, case.shop.taxes_included) in PRICES[prices]
    ]


def test_no_page_claims_what_the_book_does_not_know() -> None:
    known = {*LIFE, *PRICES, "USD", "GBP"}
    unknown = defaultdict(list)
    for name, case in CASES.items():
        for word in set(case.covers) - known:
            unknown[word].append(name)
    assert not unknown

"""Money in every kind of shop: digits, texts, tax inside prices, exchange, cash, and what an answer says of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline_tests.sandbox.serving import served
from shopify_pipeline_tests.sandbox.test_sandbox_bulk import exported
from shopify_pipeline_tests.sandbox.world_cases import NOW, SHOP, a_draft, a_world, last_order, later, taxable_variants
from shopify_sandbox.resources.values import amount_text, money_text
from shopify_sandbox.store import Store
from shopify_sandbox.world.arguments import Arguments
from shopify_sandbox.world.currency import digits, exchange, exchange_of_day
from shopify_sandbox.world.discounting import AUTOMATIC, CODE
from shopify_sandbox.world.drafts import DiscountDraft, LineDraft, PaymentDraft, ShippingDraft
from shopify_sandbox.world.figures import figures, financial_status
from shopify_sandbox.world.placing import place_order
from shopify_sandbox.world.profiles import PROFILES
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.refunding import RefundDraft, cancel, refund
from shopify_sandbox.world.tax_rates import TaxRate
from shopify_sandbox.world.world import World


def _placed(world: World, *lines: tuple[int, int], **more: Any) -> Order:
    """An order of (unit price, quantity) lines."""
    drafts = [LineDraft(one, units, price) for one, (price, units) in zip(taxable_variants(world), lines, strict=False)]
    world.record(place_order(world.state, later(world), a_draft(world, *drafts, **more)))
    return last_order(world)


@pytest.mark.parametrize(("currency", "places"), [("JPY", 0), ("USD", 2), ("KWD", 3)])
def test_a_currency_has_the_digits_of_iso_4217(currency: str, places: int):
    assert digits(currency) == places


@pytest.mark.parametrize(
    ("minor", "places", "decimal", "money"),
    [(932, 0, "932.0", "932"), (1_250, 3, "1.25", "1.250"), (-5, 3, "-0.005", "-0.005"), (1_500, 2, "15.0", "15.00")],
)
def test_amounts_are_written_with_the_digits_of_their_currency(minor: int, places: int, decimal: str, money: str):
    assert (amount_text(minor, places), money_text(minor, places)) == (decimal, money)


def test_exchange_rounds_half_up_between_currencies_of_different_digits():
    yen = exchange("USD", "JPY", "0.0065")

    assert yen.to_shop(1_000) == 650
    assert yen.to_shop(1) == 1
    assert yen.to_presentment(650) == 1_000


def test_a_day_has_its_own_rate_and_keeps_it():
    first, again = (exchange_of_day("USD", "EUR", date(2026, 11, 2)) for _ in range(2))

    assert first == again
    assert first.rate != exchange_of_day("USD", "EUR", date(2026, 11, 3)).rate
    assert abs(first.rate - Decimal("1.08")) < Decimal("0.03")


def test_tax_inside_the_price_is_in_no_sum_twice():
    """W8 of the ledger rules: 120 less 12 and 6 of shipping at 20 % is 114, of which 19 are tax."""
    world = a_world()
    order = _placed(
        world,
        (6_000, 2),
        taxes=[TaxRate("VAT", 200_000)],
        taxes_included=True,
        discounts=[DiscountDraft(CODE, "TEN", percent=10)],
        shipping=ShippingDraft("Standard", "STANDARD", 600, taxed=True),
    )
    money = figures(order)

    assert (money.total_price, money.subtotal_price, money.total_tax) == (11_400, 10_800, 1_900)
    sold = order.agreements[0].sales[0]
    assert (sold.total, sold.tax, sold.discount, sold.discount_after_tax) == (10_800, 1_800, 1_000, 1_200)


def test_odd_yen_go_with_the_first_units_until_nothing_is_left():
    """W10: 932 for three units goes back as 311 and 621, with 29 and 56 of tax inside."""
    world = a_world(profile="jpy")
    taxes = [TaxRate("Tax", 100_000)]
    off = DiscountDraft(CODE, "HUNDRED", amount=100)
    order = _placed(world, (333, 3), (500, 1), taxes=taxes, taxes_included=True, discounts=[off])
    assert [(sale.total, sale.tax) for sale in order.agreements[0].sales] == [(932, 85), (467, 42)]

    for units in (1, 2):
        world.record(refund(world.state, later(world), order, RefundDraft([(order.lines[0], units, "CANCEL")])))

    rows = [(row.subtotal, row.tax) for one in order.refunds for row in one.lines]
    assert rows == [(311, 29), (621, 56)]
    assert figures(order).current_total_price == 467


def test_cash_is_rounded_to_the_coin_and_change_is_given_back():
    """34.98 is paid with 40.00: 0.02 of rounding stand beside the payment, 5.00 of change are given back."""
    world = a_world()
    cash = PaymentDraft("cash", "SALE", coin=5, note=1_000)

    order = _placed(world, (3_498, 1), payment=cash, source_name="pos")

    money = figures(order)
    assert [(one.kind, one.amount, one.rounding) for one in order.transactions] == [
        ("SALE", 3_998, 2),
        ("CHANGE", 500, None),
    ]
    assert (money.total_received, money.total_outstanding, money.payment_rounding) == (3_498, 0, 2)


def test_discounts_take_from_what_the_ones_before_left():
    world = a_world()
    every = [
        DiscountDraft(AUTOMATIC, "Season", percent=10),
        DiscountDraft(CODE, "FIVE", amount=500),
        DiscountDraft(AUTOMATIC, "Get one", percent=100, lines=[1], method="EACH", free_units=1),
    ]

    order = _placed(world, (1_000, 1), (1_000, 2), discounts=every)

    assert [[one.amount for one in line.allocations] for line in order.lines] == [[100, 167], [200, 333, 1_000]]
    assert figures(order).total_price == 1_200


def test_an_order_nothing_is_paid_for_is_paid():
    world = a_world()
    order = _placed(world, (1_000, 1), discounts=[DiscountDraft(CODE, "ALL", percent=100)], payment=None)

    assert (figures(order).total_price, financial_status(order), order.transactions) == (0, "PAID", [])


def test_a_cancelled_order_gives_duties_and_fees_back_too():
    world = a_world()
    line = LineDraft(taxable_variants(world)[0], 1, 5_000, duty=700)
    world.record(place_order(world.state, later(world), a_draft(world, line, fees=[("Crate", 1_200)])))
    order = last_order(world)
    assert (figures(order).original_total_duties, figures(order).original_total_fees) == (700, 1_200)

    world.record(cancel(world.state, later(world), order, "CUSTOMER"))

    money = figures(order)
    assert (money.total_price, money.current_total_price, money.total_refunded) == (6_900, 0, 6_900)
    assert (money.current_total_duties, money.current_total_fees) == (0, 0)


FOREIGN = """{ orders%s { edges { node { id presentmentCurrencyCode currencyCode
    totalPriceSet { ...M } totalReceivedSet { ...M }
    transactions { amountSet { ...M } }
    lineItems%s { edges { node { id originalUnitPriceSet { ...M } } } }
    agreements%s { edges { node { id sales%s { edges { node { id totalAmount { ...M } } } } } } }
} } } } fragment M on MoneyBag {
    shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"""


def _paged() -> str:
    return FOREIGN % ("(first: 20, reverse: true)", "(first: 5)", "(first: 1)", "(first: 5)")


@pytest.fixture(scope="module")
def full_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    state = tmp_path_factory.mktemp("full-shop")
    store = Store.create(state, Arguments(seed=3, orders=40, days=10, now=NOW, shop=SHOP, mix="full"))
    store.advance(happen={"place_foreign_currency": 6})
    return state


def test_pages_and_bulk_say_the_same_of_an_order_in_another_currency(full_shop: Path):
    with served(full_shop) as shop:
        orders = [edge["node"] for edge in shop.data(_paged())["orders"]["edges"]]
        _, lines = exported(shop, FOREIGN % ("", "", "", ""))
    abroad = [one for one in orders if one["presentmentCurrencyCode"] != one["currencyCode"]]
    assert len(abroad) >= 6

    by_id = {line["id"]: line for line in lines}
    for order in abroad:
        bag, written = order["totalPriceSet"], by_id[order["id"]]
        assert bag["presentmentMoney"]["currencyCode"] == order["presentmentCurrencyCode"]
        assert bag["shopMoney"]["currencyCode"] == "USD"
        assert bag["shopMoney"]["amount"] != bag["presentmentMoney"]["amount"]
        assert (written["totalPriceSet"], written["transactions"]) == (bag, order["transactions"])
        for edge in order["lineItems"]["edges"]:
            assert by_id[edge["node"]["id"]]["originalUnitPriceSet"] == edge["node"]["originalUnitPriceSet"]
        for edge in order["agreements"]["edges"][0]["node"]["sales"]["edges"]:
            assert by_id[edge["node"]["id"]]["totalAmount"] == edge["node"]["totalAmount"]


@pytest.mark.parametrize("profile", PROFILES)
def test_shops_of_every_kind_sell_the_same_things_at_their_own_prices(profile: str):
    usual, world = a_world(), a_world(profile=profile)

    def sold(one: World) -> list[tuple[str | None, str]]:
        return [(variant.sku, variant.product.title) for variant in one.state.variants.values()]

    assert sold(world) == sold(usual)
    assert world.state.shop.currency == PROFILES[profile].currency
    assert world.state.shop.timezone == PROFILES[profile].time_zone

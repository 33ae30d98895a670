"""The arithmetic of the sales ledger: nothing is lost to rounding, and it is known which cent goes where."""

from hypothesis import given
from hypothesis import strategies as st

from shopify_sandbox.world.ledger import discounted, percentage, sold, spread, tax_of, unit_share, units_of

cents = st.integers(0, 10_000_000)
rates = st.lists(st.sampled_from([40_000, 45_000, 62_500, 72_500, 82_500]), max_size=2)


def test_discount_remainder_goes_to_the_first_line():
    assert spread(100, [999, 500]) == [67, 33]


def test_discount_skips_lines_without_value():
    assert spread(100, [0, 300, 300]) == [0, 50, 50]


@given(amount=cents, weights=st.lists(st.integers(1, 1_000_000), min_size=1, max_size=8))
def test_spread_loses_nothing_and_strays_less_than_a_cent_per_line(amount: int, weights: list[int]):
    shares = spread(amount, weights)

    assert sum(shares) == amount
    assert all(0 <= share - amount * weight // sum(weights) <= 1 for share, weight in zip(shares, weights, strict=True))


def test_first_units_carry_the_odd_cents():
    assert [unit_share(1_000, 3, taken) for taken in range(4)] == [0, 334, 667, 1_000]


def test_tax_and_percent_round_half_up():
    assert tax_of(1_800, 82_500) == 149
    assert tax_of(1_000, 500) == 1
    assert percentage(150, 15) == 23


@given(price=st.integers(1, 50_000), units=st.integers(1, 6), percent=st.integers(0, 90), rates=rates, data=st.data())
def test_units_taken_back_one_by_one_sum_to_exactly_what_was_sold(price, units, percent, rates, data):
    """The taxes of the first unit and of the rest may differ by a cent; their sum may not."""
    left = sold(units, price * units, percentage(price * units, percent), rates)
    total, tax, discount, after = left.total, left.tax, left.discount, left.discount_after_tax

    while left.quantity:
        back = units_of(left, data.draw(st.integers(1, left.quantity)), price)
        assert back.net + back.discount == price * back.quantity
        total, tax = total - back.total, tax - back.tax
        discount, after = discount - back.discount, after - back.discount_after_tax
        left = type(left)(
            left.quantity - back.quantity,
            left.net - back.net,
            tuple(one - other for one, other in zip(left.taxes, back.taxes, strict=True)),
            left.discount - back.discount,
            left.discount_after_tax - back.discount_after_tax,
        )

    assert (total, tax, discount, after) == (0, 0, 0, 0)


@given(price=st.integers(100, 50_000), units=st.integers(1, 6), rates=rates, data=st.data())
def test_later_discount_leaves_the_tax_of_the_lower_price(price, units, rates, data):
    left = sold(units, price * units, 0, rates)
    amount = data.draw(st.integers(1, left.net))

    change = discounted(left, amount, rates)

    assert [was + now for was, now in zip(left.taxes, change.taxes, strict=True)] == [
        tax_of(left.net - amount, rate) for rate in rates
    ]
    assert (change.quantity, change.net, change.discount) == (0, -amount, amount)

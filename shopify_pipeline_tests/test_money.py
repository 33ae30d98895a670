"""Money: digits by ISO 4217, canonical text, exactness."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopify_pipeline.errors import DataError
from shopify_pipeline.money import digits, plain


@pytest.mark.parametrize(("currency", "expected"), [("USD", 2), ("JPY", 0), ("KWD", 3), ("RSD", 2), ("IQD", 3)])
def test_digits_are_those_of_iso_4217(currency: str, expected: int) -> None:
    assert digits(currency) == expected


def test_an_unknown_currency_is_a_data_error() -> None:
    with pytest.raises(DataError, match="XXL"):
        digits("XXL")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**14), max_value=10**14))
def test_plain_text_is_the_same_number_and_has_one_form(amount: Decimal) -> None:
    text = plain(amount)

    assert Decimal(text) == amount
    assert plain(Decimal(text)) == text == plain(amount.quantize(Decimal("1e-9")))
    assert "E" not in text.upper()
    assert text != "-0"

"""The decoder: exact values, a path for every refusal, the same rows whatever way they were read."""

from __future__ import annotations

import json
import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopify_pipeline.schemas import STREAMS, orders
from shopify_pipeline.schemas.decode import Decoded, Decoder, Rejection
from shopify_pipeline.schemas.records import assemble
from shopify_pipeline_tests.builders import a_line, a_sale, an_agreement, an_order, as_bulk, bag, page

ORDERS = STREAMS["orders"]
DECODER = Decoder(ORDERS)


def decoded(order: dict[str, object]) -> Decoded | Rejection:
    [document] = assemble(ORDERS, [("page", [page("orders", order)])]).documents
    return DECODER.decode([document])[0]


def a_taxed_line(rate: float) -> dict[str, object]:
    tax = {"title": "CA", "rate": rate, "channelLiable": None, "source": None, "priceSet": bag("0.73")}
    return a_line(10, taxLines=[tax])


def value(result: Decoded | Rejection, table: str, column: str) -> object:
    assert isinstance(result, Decoded), result
    names = {t.name: [c.name for c in t.columns] for t in ORDERS.tables}
    return result.rows[table][0][names[table].index(column)]


@settings(max_examples=50, deadline=None)
@given(st.decimals(places=2, min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False))
def test_every_amount_arrives_exactly(amount: Decimal) -> None:
    result = decoded(an_order(1, refundDiscrepancySet=bag(format(amount, "f"))))

    assert value(result, "orders", "refund_discrepancy_shop") == amount


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="0123456789.-+eE xNaIinfty_", min_size=1, max_size=12))
def test_a_money_text_is_either_that_number_or_refused_with_its_path(text: str) -> None:
    result = decoded(an_order(1, refundDiscrepancySet=bag(text)))

    if isinstance(result, Rejection):
        assert result.path.startswith("$.refundDiscrepancySet.shopMoney")
        assert result.root_id == "1"
    else:
        assert value(result, "orders", "refund_discrepancy_shop") == Decimal(text)


@settings(max_examples=50, deadline=None)
@given(st.integers(min_value=0, max_value=2**70))
def test_an_id_is_exact_or_refused_never_rounded(number: int) -> None:
    result = decoded(an_order(1, lines=(a_line(number),)))

    if number < 2**63:
        assert value(result, "order_lines", "order_line_id") == number
    else:
        assert isinstance(result, Rejection)
        assert result.rule == "id_out_of_range"


def test_a_rate_keeps_every_digit_shopify_wrote() -> None:
    line = a_line(
        10, taxLines=[{"title": "CA", "rate": 0.0725, "channelLiable": None, "source": None, "priceSet": bag("0.73")}]
    )

    assert value(decoded(an_order(1, lines=(line,))), "order_taxes", "rate") == Decimal("0.0725")


@pytest.mark.parametrize("written", [0.0612244898, 1 / 3, 1e-7, 8.875e-05, 20.0])
def test_a_computed_rate_of_many_digits_is_kept(written: float) -> None:
    line = a_line(
        10, taxLines=[{"title": "x", "rate": written, "channelLiable": None, "source": None, "priceSet": bag("0.73")}]
    )
    result = decoded(an_order(1, lines=(line,)))

    assert value(result, "order_taxes", "rate") == Decimal(repr(written))


def test_a_rate_that_is_none_withholds_its_order() -> None:
    line = a_line(
        10, taxLines=[{"title": "x", "rate": 1e9, "channelLiable": None, "source": None, "priceSet": bag("0.73")}]
    )
    result = decoded(an_order(1, lines=(line,)))

    assert isinstance(result, Rejection)
    assert (result.rule, result.path) == ("rate_out_of_range", "$.rate")


@settings(max_examples=25, deadline=None)
@given(st.integers(min_value=0, max_value=2**32))
def test_shuffled_bulk_lines_give_the_rows_of_the_page(seed: int) -> None:
    order = an_order(
        1,
        lines=(a_line(10), a_line(11)),
        agreements=(an_agreement(1, a_sale(1, line=10), a_sale(2, line=11)), an_agreement(2, a_sale(3, line=10))),
    )
    lines = as_bulk(order)
    random.Random(seed).shuffle(lines)

    [from_bulk] = assemble(ORDERS, [("bulk", lines)]).documents
    [result] = DECODER.decode([from_bulk])

    expected = decoded(order)
    assert isinstance(result, Decoded)
    assert isinstance(expected, Decoded)
    assert {t: sorted(map(str, rows)) for t, rows in result.rows.items()} == {
        t: sorted(map(str, rows)) for t, rows in expected.rows.items()
    }


def test_a_field_that_is_not_there_is_an_error_even_where_null_is_allowed() -> None:
    order = an_order(1)
    del order["cancelledAt"]

    result = decoded(order)

    assert isinstance(result, Rejection)
    assert result.rule == "missing_field"
    assert "cancelledAt" in result.message


def test_raw_json_of_the_bad_record_is_kept() -> None:
    result = decoded(an_order(1, lines=(a_line(10), a_line(11, quantity=2) | {"quantity": "two"})))

    assert isinstance(result, Rejection)
    assert json.loads(result.raw)["quantity"] == "two"
    assert result.path == "$.quantity"


def test_every_table_of_the_field_map_names_its_key_and_its_root() -> None:
    for stream in STREAMS.values():
        for table in stream.tables:
            names = {c.name for c in table.columns}
            assert set(table.key) <= names, table.name
            assert table.root_column in names, table.name
            assert len(names) == len(table.columns), table.name
            assert all(c.description.endswith(".") for c in table.columns), table.name


def test_money_always_has_a_currency_beside_it() -> None:
    for table in ORDERS.tables:
        names = {c.name for c in table.columns}
        if any(name.endswith("_shop") for name in names):
            assert {"currency", "presentment_currency"} <= names, table.name
    assert orders.ORDERS.column("currency").nullable is False

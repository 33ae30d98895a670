"""The list of known enum values is the published schema's, for the field map as it stands."""

from __future__ import annotations

from shopify_pipeline.schemas.known_values import FILE, KNOWN_VALUES
from shopify_pipeline_tests.generated import known_values


def test_the_list_of_known_values_is_current() -> None:
    assert FILE.read_text() == known_values.content(), f"run {known_values.COMMAND}"


def test_columns_of_an_enum_are_listed_and_free_text_is_not() -> None:
    assert "PAID" in KNOWN_VALUES["orders.financial_status"]
    assert "KOHLE" not in KNOWN_VALUES["orders.financial_status"]
    assert "orders.note" not in KNOWN_VALUES

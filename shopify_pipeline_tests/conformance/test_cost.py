"""Query cost and its bucket, as Shopify reports and enforces them."""

from __future__ import annotations

from shopify_pipeline_tests.conformance.asked import AskedStore
from shopify_pipeline_tests.conformance.cases import case, observed


@case("cost", observed('`products(first: 250) { nodes { id } }` has "requestedQueryCost": 13; Admin API 2026-04'))
def test_a_page_of_250_costs_by_the_logarithm_of_its_size(store: AskedStore) -> None:
    """A connection costs 2 and its node's cost times max(1, ⌊2 ln n⌋)."""
    answer = store.ask("{ products(first: 250) { nodes { id } } }")
    assert answer["extensions"]["cost"]["requestedQueryCost"] == 13

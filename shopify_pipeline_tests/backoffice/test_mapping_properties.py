"""What holds for any order: sums are exact, equal facts are equal records, posted documents stay as they are."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from shopify_pipeline.backoffice.mapping import fingerprint, order
from shopify_pipeline.backoffice.owed import (
    OrderFacts,
)
from shopify_pipeline_tests.backoffice.mapping_facts import (
    BOOKS,
    LINE_TYPES,
    VALUE_MAP,
    agreement,
    facts,
    sale,
    state_tax,
    totals,
)

cents = st.integers(-10_000, 10_000).map(lambda minor: Decimal(minor).scaleb(-2))


@st.composite
def any_facts(draw: st.DrawFn) -> OrderFacts:
    """Agreements on both sides of go-live with any sales, taxed by none, one or two taxes."""
    numbers = itertools.count(100)
    agreements, sales, taxes = [], [], []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        at = datetime(2026, 10, 30, 12, tzinfo=UTC) + timedelta(hours=draw(st.integers(0, 96)))
        agreements.append(agreement(number, "OrderEditAgreement", at=at))
        for _ in range(draw(st.integers(0, 4))):
            sale_id, net = next(numbers), draw(cents)
            rows = [
                msgspec.structs.replace(state_tax(sale_id, str(draw(cents))), title=title, rate=Decimal(rate))
                for title, rate in draw(
                    st.lists(st.sampled_from([("State Tax", "0.04"), ("City Tax", "0.045")]), max_size=2, unique=True)
                )
            ]
            tax = sum((row.amount for row in rows), Decimal(0))
            sales.append(
                sale(
                    sale_id,
                    number,
                    str(net + tax),
                    str(tax),
                    action=draw(st.sampled_from(["ORDER", "UPDATE", "RETURN"])),
                    line_type=draw(st.sampled_from(LINE_TYPES)),
                    quantity=draw(st.none() | st.integers(-9, 9)),
                )
            )
            taxes += rows
    agreements.sort(key=lambda row: (row.happened_at, row.agreement_id))
    return facts(agreements=agreements, sales=sales, taxes=taxes)


@given(any_facts())
def test_the_documents_of_an_order_sum_to_its_sales_in_the_books_and_so_do_their_taxes(given_facts: OrderFacts) -> None:
    mapped = order(given_facts, VALUE_MAP, BOOKS)
    documents = mapped.documents if mapped else ()
    in_books = {row.agreement_id for row in given_facts.agreements if row.happened_at >= BOOKS.go_live_at}
    sales = [row for row in given_facts.sales if row.agreement_id in in_books]
    assert sum(document.total for document in documents) == sum(row.total for row in sales)
    lines = [line for document in documents for line in document.lines]
    assert sorted(int(line.sale_id) for line in lines) == sorted(row.sale_id for row in sales)
    assert sum(tax.amount for line in lines for tax in line.taxes) == sum(row.presentment_tax for row in sales)
    for document in documents:
        assert document.total == sum(line.net + sum(tax.amount for tax in line.taxes) for line in document.lines)


@given(any_facts())
def test_the_same_facts_have_the_same_fingerprint_and_one_cent_more_has_another(given_facts: OrderFacts) -> None:
    mapped, again = order(given_facts, VALUE_MAP, BOOKS), order(given_facts, VALUE_MAP, BOOKS)
    assert mapped == again
    if mapped and mapped.documents:
        first = mapped.documents[0]
        dearer = msgspec.structs.replace(first, total=first.total + Decimal("0.01"))
        changed = msgspec.structs.replace(mapped, documents=(dearer, *mapped.documents[1:]))
        assert fingerprint(changed) != fingerprint(mapped)


@given(any_facts(), st.data())
def test_a_later_agreement_never_changes_a_document_that_was_posted(
    given_facts: OrderFacts, data: st.DataObject
) -> None:
    earlier = data.draw(st.integers(0, len(given_facts.agreements)))
    known = {row.agreement_id for row in given_facts.agreements[:earlier]}
    before = facts(
        agreements=given_facts.agreements[:earlier],
        sales=[row for row in given_facts.sales if row.agreement_id in known],
        taxes=given_facts.taxes,
    )
    posted = totals(order(before, VALUE_MAP, BOOKS))
    assert posted.items() <= totals(order(given_facts, VALUE_MAP, BOOKS)).items()

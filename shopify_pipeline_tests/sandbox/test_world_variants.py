"""The forms of the sales ledger nobody has observed: each can be chosen, and changes nothing else."""

from __future__ import annotations

import pytest

from shopify_pipeline_tests.sandbox.world_cases import (
    a_draft,
    a_full_world,
    last_order,
    later,
    opened_return,
    paid,
    process_return,
    return_of,
    snapshot,
    sold_and_shipped,
    taxable_variants,
)
from shopify_sandbox.world.editing import EditDraft, edit
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.placing import LineDraft, place_order
from shopify_sandbox.world.refunding import RefundDraft, refund, settle
from shopify_sandbox.world.returning import ReturnDraft
from shopify_sandbox.world.world import World


def test_exchange_variant_puts_what_goes_out_into_an_agreement_of_its_own():
    world = a_full_world(variants={"exchange": "two"})
    order = sold_and_shipped(world, (10_000, 1))
    draft = ReturnDraft(return_of(order, 1).units, exchanges=[LineDraft(taxable_variants(world)[1], 1, 6_000)])

    process_return(world, opened_return(world, order, draft))

    kinds = [(one.type, [sale.action for sale in one.sales]) for one in order.agreements[1:]]
    assert kinds == [("ReturnAgreement", ["RETURN"]), ("OrderEditAgreement", ["ORDER"])]
    assert (paid(order, "REFUND"), figures(order).total_outstanding) == (4_000, 0)


def test_pending_variant_leaves_the_hold_and_writes_its_opposite():
    world = a_full_world(variants={"pending_adjustment": "reversed"})
    order = sold_and_shipped(world, (10_000, 1))
    world.record(refund(world.state, later(world), order, RefundDraft(money=500, pending=True)))

    world.record(settle(world.state, later(world), order.refunds[0]))

    assert [[sale.total for sale in one.sales] for one in order.agreements[1:]] == [[-500, 500], [-500]]
    assert order.agreements[-1].happened_at == world.state.now
    assert [one.amount for one in order.refunds[0].adjustments] == [-500]
    assert figures(order).total_outstanding == 0


def test_edit_removal_variant_lists_the_units_in_a_refund_without_sales():
    world = a_full_world(variants={"edit_removal_refund": "with"})
    variant = taxable_variants(world)[0]
    world.record(place_order(world.state, later(world), a_draft(world, LineDraft(variant, 2, 10_000))))
    order = last_order(world)

    world.record(edit(world.state, later(world), order, EditDraft(removed=[(order.lines[0], 1)])))

    assert [(one.type, len(one.sales)) for one in order.agreements[1:]] == [
        ("OrderEditAgreement", 1),
        ("RefundAgreement", 0),
    ]
    assert [(line.quantity, line.restock) for line in order.refunds[0].lines] == [(1, "CANCEL")]
    assert order.refunds[0].transactions == []
    assert (order.lines[0].current_quantity, order.lines[0].unfulfilled) == (1, 1)


def test_current_total_variant_counts_adjustments():
    totals = {}
    for form in ("without", "with"):
        world = a_full_world(variants={"current_total": form})
        order = sold_and_shipped(world, (10_000, 1))
        world.record(refund(world.state, later(world), order, RefundDraft(money=500)))
        totals[form] = figures(order).current_total_price
    assert totals == {"without": 10_000, "with": 9_500}


def test_update_variant_has_no_quantity():
    world = a_full_world(variants={"update_quantity": "null"})
    variant = taxable_variants(world)[0]
    world.record(place_order(world.state, later(world), a_draft(world, LineDraft(variant, 1, 10_000))))
    order = last_order(world)

    world.record(edit(world.state, later(world), order, EditDraft(discount=(order.lines[0], 2_000))))

    assert [(sale.action, sale.quantity) for sale in order.agreements[-1].sales] == [("UPDATE", None)]


@pytest.mark.parametrize("wrong", [{"exchange": "three"}, {"exchanges": "one"}])
def test_variant_that_does_not_exist_is_refused_by_name(wrong):
    with pytest.raises(ValueError, match="exchange"):
        a_full_world(variants=wrong)


def test_usual_world_says_nothing_of_variants_and_an_unusual_one_replays_from_its_log_alone():
    unusual = a_full_world(orders=40, variants={"exchange": "two", "pending_adjustment": "reversed"})
    usual = a_full_world(orders=40)

    replayed = World.replay(usual.arguments, unusual.recorded)

    assert "ledger_forms_chosen" not in {event["event"] for event in usual.recorded}
    assert snapshot(replayed.state) == snapshot(unusual.state)

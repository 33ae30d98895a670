"""Returns, exchanges and what they are paid back by: what each step writes to the ledger, moves and tells."""

from __future__ import annotations

from random import Random

import pytest

from shopify_pipeline_tests.sandbox.world_cases import (
    a_draft,
    a_world,
    last_order,
    later,
    opened_return,
    paid,
    process_return,
    return_of,
    sold_and_shipped,
    taxable_variants,
)
from shopify_sandbox.resources.returns import return_status
from shopify_sandbox.world.changes import changes
from shopify_sandbox.world.entries import Facts
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.fulfilling import fulfill
from shopify_sandbox.world.placing import LineDraft, PaymentDraft, place_order
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.refunding import RefundDraft, refund, settle
from shopify_sandbox.world.returning import (
    Processing,
    ReturnDraft,
    approve,
    can_process,
    can_return,
    cancel_return,
    close,
    decline,
    dispose,
    process,
    reopen,
    request_return,
    returnable,
)
from shopify_sandbox.world.world import World


def _stock(world: World, order: Order, name: str = "available") -> list[int]:
    """What is there of each line's goods at the order's location."""
    return [
        world.state.level(line.variant.item, order.location).quantities[name] for line in order.lines if line.variant
    ]


def test_opening_a_return_writes_no_sale_and_changes_no_money():
    world = a_world()
    order = sold_and_shipped(world, (10_000, 2))
    before = figures(order)

    opened_return(world, order, return_of(order, 2))

    assert len(order.agreements) == 1
    assert figures(order) == before
    assert return_status(order) == "IN_PROGRESS"


def test_processing_writes_one_return_agreement_dated_like_its_refund_and_no_refund_agreement():
    world = a_world()
    order = sold_and_shipped(world, (10_000, 2))
    returned = opened_return(world, order, return_of(order, 1))

    process_return(world, returned)

    agreement = order.agreements[-1]
    assert [one.type for one in order.agreements] == ["OrderAgreement", "ReturnAgreement"]
    assert (agreement.returned, agreement.reason) == (returned, "RETURN")
    assert agreement.happened_at == order.refunds[0].created_at
    assert returned.refunds == order.refunds
    assert order.refunds[0].returned is returned
    assert paid(order, "REFUND") == 10_000


@pytest.mark.parametrize(
    ("disposition", "restock", "back_in_stock"),
    [("RESTOCKED", "RETURN", 1), ("NOT_RESTOCKED", "NO_RESTOCK", 0), ("MISSING", "NO_RESTOCK", 0)],
)
def test_disposition_decides_what_is_sold_again_and_not_what_is_paid_back(disposition, restock, back_in_stock):
    world = a_world()
    order = sold_and_shipped(world, (10_000, 1))
    before = _stock(world, order)
    returned = opened_return(world, order, return_of(order, 1))

    process_return(world, returned, Processing(disposition=disposition))

    assert _stock(world, order) == [before[0] + back_in_stock]
    assert [line.restock for line in order.refunds[0].lines] == [restock]
    assert paid(order, "REFUND") == 10_000
    assert returned.reverse[0].status == "CLOSED"


def test_goods_can_be_back_in_stock_before_the_order_gives_them_up():
    world = a_world()
    order = sold_and_shipped(world, (10_000, 1))
    before = _stock(world, order)
    returned = opened_return(world, order, return_of(order, 1))

    world.record(dispose(world.state, later(world), returned, "RESTOCKED"))

    assert _stock(world, order) == [before[0] + 1]
    assert order.lines[0].current_quantity == 1
    assert (returned.status, return_status(order)) == ("OPEN", "INSPECTION_COMPLETE")
    process_return(world, returned)
    assert _stock(world, order) == [before[0] + 1]
    assert order.lines[0].current_quantity == 0


def test_return_without_refund_leaves_the_shop_owing_until_a_refund_of_money_alone():
    world = a_world()
    order = sold_and_shipped(world, (10_000, 1), taxes=())
    returned = opened_return(world, order, return_of(order, 1))
    process_return(world, returned, Processing(refunds=False))
    assert (figures(order).total_outstanding, order.refunds) == (-10_000, [])

    world.record(refund(world.state, later(world), order, RefundDraft(of=returned)))

    assert figures(order).total_outstanding == 0
    assert [one.type for one in order.agreements][1:] == ["ReturnAgreement", "RefundAgreement"]
    assert order.agreements[-1].sales == []
    assert returned.refunds == order.refunds
    assert returned.lines[0].refunded == 1


def test_each_line_of_a_return_can_be_processed_on_its_own_and_the_parcel_is_charged_once():
    world = a_world()
    order = sold_and_shipped(world, (10_000, 1), (5_000, 1))
    units = return_of(order, 1, 1).units
    returned = opened_return(world, order, ReturnDraft(units, shipping_fee=300))

    process_return(world, returned, Processing(lines=returned.lines[:1]))
    assert (paid(order, "REFUND"), returned.lines[1].unprocessed) == (9_700, 1)
    process_return(world, returned)

    assert paid(order, "REFUND") == 14_700
    assert [sale.total for sale in order.sales() if sale.line_type == "FEE"] == [300]


def test_pending_refund_of_a_return_is_held_back_by_its_agreement():
    world = a_world()
    order = sold_and_shipped(world, (10_000, 1))
    returned = opened_return(world, order, return_of(order, 1))

    process_return(world, returned, Processing(pending=True))
    assert [sale.total for sale in order.agreements[-1].sales] == [-10_000, 10_000]
    world.record(settle(world.state, later(world), order.refunds[0]))

    assert [sale.total for sale in order.agreements[-1].sales] == [-10_000]
    assert paid(order, "REFUND") == 10_000


def test_failed_refund_is_owed_and_can_be_paid_again():
    world = a_world()
    order = sold_and_shipped(world, (10_000, 1))
    world.record(refund(world.state, later(world), order, RefundDraft([(order.lines[0], 1, "RETURN")], pending=True)))

    world.record(settle(world.state, later(world), order.refunds[0], failed=True))
    assert (paid(order, "REFUND"), figures(order).total_outstanding) == (0, -10_000)
    assert [one.error_code for one in order.refunds[0].transactions] == ["PROCESSING_ERROR"]
    world.record(refund(world.state, later(world), order, RefundDraft()))

    assert (paid(order, "REFUND"), figures(order).total_outstanding) == (10_000, 0)


def test_request_is_answered_and_only_an_approved_one_has_a_parcel():
    world = a_world()
    order = sold_and_shipped(world, (10_000, 3))
    for _ in range(3):
        world.record(request_return(world.state, later(world), order, return_of(order, 1)))
    first, second, third = order.returns
    assert return_status(order) == "RETURN_REQUESTED"

    world.record(approve(world.state, later(world), first))
    world.record(decline(later(world), second, "FINAL_SALE", "As agreed"))
    world.record(approve(world.state, later(world), third))
    world.record(cancel_return(later(world), third))

    assert [one.status for one in order.returns] == ["OPEN", "DECLINED", "CANCELED"]
    assert [len(one.reverse) for one in order.returns] == [1, 0, 1]
    assert third.reverse[0].status == "CANCELED"
    assert second.declined == ("FINAL_SALE", "As agreed")
    assert [one.name for one in order.returns] == [f"{order.name}-R{number}" for number in (1, 2, 3)]


def test_units_somebody_has_asked_to_return_cannot_be_asked_for_again():
    world = a_world()
    order = sold_and_shipped(world, (10_000, 2))

    world.record(request_return(world.state, later(world), order, return_of(order, 2)))

    assert returnable(order) == []
    assert not can_return(order)


def test_return_whose_units_were_refunded_otherwise_cannot_be_processed():
    world = a_world()
    order = sold_and_shipped(world, (10_000, 1))
    returned = opened_return(world, order, return_of(order, 1))

    world.record(refund(world.state, later(world), order, RefundDraft([(order.lines[0], 1, "RETURN")])))

    assert not can_process(returned)


def test_closed_return_can_be_opened_again():
    world = a_world()
    order = sold_and_shipped(world, (10_000, 1))
    returned = opened_return(world, order, return_of(order, 1))
    process_return(world, returned)
    world.record(close(later(world), returned))
    assert (return_status(order), returned.closed_at) == ("RETURNED", world.state.now)

    world.record(reopen(later(world), returned))

    assert (returned.status, returned.closed_at) == ("OPEN", None)


def test_exchange_adds_a_line_to_the_order_that_waits_to_be_shipped():
    world = a_world()
    order = sold_and_shipped(world, (10_000, 1))
    other = taxable_variants(world)[1]
    committed = world.state.level(other.item, order.location).quantities["committed"]
    draft = ReturnDraft(return_of(order, 1).units, exchanges=[LineDraft(other, 1, 10_000)])

    returned = opened_return(world, order, draft)
    assert len(order.lines) == 1
    process_return(world, returned)

    assert [line.unfulfilled for line in order.lines] == [0, 1]
    assert returned.exchanges[0].lines == order.lines[1:]
    assert world.state.level(other.item, order.location).quantities["committed"] == committed + 1
    assert (order.closed_at, paid(order, "REFUND"), figures(order).total_outstanding) == (None, 0, 0)


def test_parts_of_a_line_that_left_in_two_parcels_come_back_as_one_sale():
    world = a_world()
    variant = taxable_variants(world)[0]
    world.record(place_order(world.state, later(world), a_draft(world, LineDraft(variant, 3, 3_333))))
    order = last_order(world)
    for units in (1, 2):
        world.record(fulfill(world.state, later(world), order, [(order.lines[0], units)], Random(1)))

    returned = opened_return(world, order, return_of(order, 1, 1))
    process_return(world, returned)

    assert [(sale.action, sale.quantity, sale.total) for sale in order.agreements[-1].sales] == [("RETURN", -2, -6_666)]


def test_a_webhook_is_told_of_every_step_of_a_return():
    world = a_world()
    order = sold_and_shipped(world, (10_000, 1))
    world.take()
    world.record(request_return(world.state, later(world), order, return_of(order, 1)))
    returned = order.returns[0]
    world.record(approve(world.state, later(world), returned))
    world.record(process(world.state, later(world), returned, Processing()))
    world.record(close(later(world), returned))

    told = [_return_topics(world, event) for event in world.take()]

    assert told == [
        ["returns/request"],
        ["returns/approve"],
        ["refunds/create", "reverse_fulfillment_orders/dispose"],
        ["returns/close"],
    ]


def _return_topics(world: World, event: Facts) -> list[str]:
    topics = [change.topic for change in changes(world.state, event)]
    assert "orders/updated" in topics
    return sorted(
        topic for topic in topics if topic.split("/")[0] in ("returns", "refunds", "reverse_fulfillment_orders")
    )


def test_authorised_order_that_is_not_captured_cannot_be_returned():
    world = a_world()
    variant = taxable_variants(world)[0]
    payment = PaymentDraft("shopify_payments", "AUTHORIZATION")
    world.record(place_order(world.state, later(world), a_draft(world, LineDraft(variant, 1, 5_000), payment=payment)))

    assert not can_return(last_order(world))

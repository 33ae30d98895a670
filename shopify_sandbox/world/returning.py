"""Returns: asked for, opened, answered, inspected, processed with or without a refund, with or without an exchange.

Here: the events of a return and the ReturnAgreement its processing writes (sales-ledger rules). Not here: which order
is returned when (``return_happenings.py``), and the arithmetic of what goes back (``refunding.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shopify_sandbox.world.entries import Facts, Mint, agreement, event, level_moves, sale
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.happening import Scene
from shopify_sandbox.world.ledger import MILLION, Part, units_of_line
from shopify_sandbox.world.placing import LineDraft, TaxRate, line_with_sale
from shopify_sandbox.world.records import Line, Order
from shopify_sandbox.world.refunding import RefundDraft, refund_parts
from shopify_sandbox.world.return_records import Return, ReturnLine, ReverseLine
from shopify_sandbox.world.shipping_records import FulfillmentLine
from shopify_sandbox.world.state import State


@dataclass(frozen=True)
class ReturnDraft:
    """What comes back, what goes out instead, and what is charged for it.

    Attributes:
        units: Shipped lines and units of them.
        exchanges: What goes out instead, each with its variant; unit prices in the order's currency, minor units.
        restocking_ppm: Part of the value of what comes back that is kept, in millionths.
        shipping_fee: What the parcel back costs the customer, minor units.
    """

    units: Sequence[tuple[FulfillmentLine, int]]
    reason: str = "UNWANTED"
    note: str = ""
    customer_note: str | None = None
    exchanges: Sequence[LineDraft] = ()
    restocking_ppm: int = 0
    shipping_fee: int = 0


@dataclass(frozen=True)
class Processing:
    """How a return is processed.

    Attributes:
        disposition: What becomes of the goods that are not inspected yet; None leaves that for later.
        refunds: Whether what is due is paid back now.
        pending: Whether the gateway has not answered yet.
        lines: Which lines are processed; None means all that are not.
    """

    disposition: str | None = "RESTOCKED"
    refunds: bool = True
    pending: bool = False
    lines: Sequence[ReturnLine] | None = None


def returnable(order: Order) -> list[tuple[FulfillmentLine, int]]:
    """Shipped lines with units the customer still has and has not asked to return, and how many."""
    spoken_for: dict[Line, int] = {}
    for returned in order.returns:
        for line in returned.lines if returned.is_alive else ():
            goods = line.shipped.line
            spoken_for[goods] = spoken_for.get(goods, 0) + line.unprocessed
    left = {line: line.returnable - spoken_for.get(line, 0) for line in order.lines}
    found = []
    for fulfillment in order.fulfillments:
        for shipped in fulfillment.lines:
            units = min(shipped.quantity, left[shipped.line])
            if units > 0:
                left[shipped.line] -= units
                found.append((shipped, units))
    return found


def can_return(order: Order) -> bool:
    """Whether something that was shipped and paid can come back, and no refund is pending."""
    return (
        order.cancelled_at is None
        and bool(order.fulfillments)
        and figures(order).net_payment > 0
        and not any(refund.is_pending for refund in order.refunds)
        and bool(returnable(order))
    )


def request_return(state: State, at: datetime, order: Order, draft: ReturnDraft) -> Facts:
    """The event ``return_opened`` of a return the customer asks for; it waits for an answer."""
    mint = state.minter()
    return event("return_opened", at, order_id=order.id, **{"return": _return(mint, order, draft, "REQUESTED")})


def open_return(state: State, at: datetime, order: Order, draft: ReturnDraft) -> Facts:
    """The event ``return_opened`` of a return the shop itself makes; no sale is written (observed)."""
    mint = state.minter()
    facts = _return(mint, order, draft, "OPEN")
    reverse = _reverse(mint, [(shipped.id, units) for shipped, units in draft.units])
    return event("return_opened", at, order_id=order.id, **{"return": facts}, reverse=reverse)


def _return(mint: Mint, order: Order, draft: ReturnDraft, status: str) -> Facts:
    lines = []
    for shipped, units in draft.units:
        fee = None
        if draft.restocking_ppm:
            part = units_of_line(shipped.line, units)
            worth = part.total if order.taxes_included else part.net
            amount = (worth * draft.restocking_ppm + MILLION // 2) // MILLION
            fee = [mint("ReturnFee"), amount, draft.restocking_ppm]
        lines.append([mint("ReturnLineItem"), shipped.id, units, draft.reason, draft.note, draft.customer_note, fee])
    return {
        "id": mint("Return"),
        "name": f"{order.name}-R{len(order.returns) + 1}",
        "status": status,
        "lines": lines,
        "exchanges": [
            [mint("ExchangeLineItem"), variant.id, line.quantity, line.unit_price]
            for line in draft.exchanges
            if (variant := line.variant)
        ],
        "fees": [[mint("ReturnFee"), draft.shipping_fee]] if draft.shipping_fee else [],
    }


def _reverse(mint: Mint, units: Sequence[tuple[int, int]]) -> list[object]:
    return [
        mint("ReverseFulfillmentOrder"),
        [[mint("ReverseFulfillmentOrderLineItem"), shipped_id, quantity] for shipped_id, quantity in units],
    ]


def approve(state: State, at: datetime, returned: Return) -> Facts:
    """The event ``return_approved``: the parcel may come."""
    reverse = _reverse(state.minter(), [(line.shipped.id, line.quantity) for line in returned.lines])
    return _about("return_approved", at, returned, reverse=reverse)


def decline(at: datetime, returned: Return, reason: str, note: str | None) -> Facts:
    """The event ``return_declined``; the reason is a ``ReturnDeclineReason``."""
    return _about("return_declined", at, returned, reason=reason, note=note)


def cancel_return(at: datetime, returned: Return) -> Facts:
    """The event ``return_cancelled``: nothing came back."""
    return _about("return_cancelled", at, returned)


def close(at: datetime, returned: Return) -> Facts:
    """The event ``return_closed``."""
    return _about("return_closed", at, returned)


def reopen(at: datetime, returned: Return) -> Facts:
    """The event ``return_reopened``."""
    return _about("return_reopened", at, returned)


def _about(kind: str, at: datetime, returned: Return, **facts: object) -> Facts:
    return event(kind, at, order_id=returned.order.id, return_id=returned.id, **facts)


def dispose(state: State, at: datetime, returned: Return, disposition: str) -> Facts:
    """The event ``return_disposed``: what came back is inspected; it says nothing of money (observed)."""
    waiting = [line for reverse in returned.reverse for line in reverse.lines if line.undisposed]
    rows, moves = _dispositions(state, state.minter(), returned.order, waiting, disposition)
    return _about("return_disposed", at, returned, dispositions=rows, stock=level_moves(moves))


def _dispositions(
    state: State, mint: Mint, order: Order, waiting: Sequence[ReverseLine], disposition: str
) -> tuple[list[list[object]], list[tuple[int, dict[str, int]]]]:
    """Rows of the units that wait for inspection, and the stock that comes back with them."""
    rows: list[list[object]] = []
    moves = []
    for line in waiting:
        row_id = mint("ReverseFulfillmentOrderDisposition")
        rows.append([row_id, line.id, disposition, line.undisposed, order.location.id])
        variant = line.shipped.line.sold_variant
        if disposition == "RESTOCKED" and variant:
            moves.append((state.level(variant.item, order.location).id, {"available": line.undisposed}))
    return rows, moves


def can_process(returned: Return) -> bool:
    """Whether what is left of an open return is still on the order, and no refund of the order is pending."""
    wanted: dict[Line, int] = {}
    for line in returned.lines:
        goods = line.shipped.line
        wanted[goods] = wanted.get(goods, 0) + line.unprocessed
    return (
        returned.status == "OPEN"
        and any(wanted.values())
        and all(units <= goods.returnable for goods, units in wanted.items())
        and returned.order.cancelled_at is None
        and not any(refund.is_pending for refund in returned.order.refunds)
    )


def process(state: State, at: datetime, returned: Return, processing: Processing) -> Facts:
    """The event ``return_processed``: what came back leaves the order, what goes out instead joins it.

    All sales are of one ReturnAgreement dated like the refund (observed), fees and what goes out instead among them;
    a variant puts the latter into an agreement of its own. Without a refund there is none, and the shop owes.
    """
    mint = state.minter()
    order = returned.order
    lines = [line for line in processing.lines or returned.lines if line.unprocessed]
    is_first = not any(line.processed for line in returned.lines)
    fees = _fee_sales(mint, returned, lines, is_first)
    exchanged, sent, moves = _exchange(state, mint, returned) if is_first else ([], [], [])
    rows = _waiting(returned, lines) if processing.disposition else []
    dispositions, restocked = _dispositions(state, mint, order, rows, processing.disposition or "")
    restock = "RETURN" if processing.disposition == "RESTOCKED" else "NO_RESTOCK"
    if processing.refunds:
        draft = RefundDraft([(line, units, restock) for line, units in _by_line(lines)], pending=processing.pending)
        owed = figures(order).total_outstanding
        parts = refund_parts(state, mint, at, order, draft, owed=owed, charged=[*fees, *sent], processed=returned)
    else:
        taken = [
            sale(mint, "RETURN", line.line_type, line.id, -units_of_line(line, units), -units)
            for line, units in _by_line(lines)
        ]
        written = agreement(mint, "ReturnAgreement", "RETURN", at, [*taken, *fees, *sent], return_id=returned.id)
        parts = {"agreement": written}
    if sent and state.ledger_forms.exchange == "two":
        parts["agreement"]["sales"] = [row for row in parts["agreement"]["sales"] if row not in sent]
        parts["exchange_agreement"] = agreement(mint, "OrderEditAgreement", "ORDER_EDIT", at, sent)
    parts["stock"] = level_moves([*restocked, *moves])
    processed = [[line.id, line.unprocessed] for line in lines]
    return _about(
        "return_processed",
        at,
        returned,
        processed=processed,
        exchanged=exchanged,
        dispositions=dispositions,
        **parts,
    )


def _by_line(lines: Sequence[ReturnLine]) -> list[tuple[Line, int]]:
    """Units by line of the order, because a line's parts come back in one piece however many parcels it left in."""
    units: dict[Line, int] = {}
    for line in lines:
        units[line.shipped.line] = units.get(line.shipped.line, 0) + line.unprocessed
    return list(units.items())


def _waiting(returned: Return, lines: Sequence[ReturnLine]) -> list[ReverseLine]:
    shipped = {line.shipped for line in lines}
    return [row for reverse in returned.reverse for row in reverse.lines if row.undisposed and row.shipped in shipped]


def _fee_sales(mint: Mint, returned: Return, lines: Sequence[ReturnLine], is_first: bool) -> list[Facts]:
    """Fees are charges of the agreement, untaxed (assumed); that of the parcel is charged once."""
    fees = [line.fee for line in lines if line.fee] + (returned.fees if is_first else [])
    return [sale(mint, "ORDER", "FEE", fee.id, Part(1, fee.amount, (), 0, 0), 1) for fee in fees]


def _exchange(
    state: State, mint: Mint, returned: Return
) -> tuple[list[list[object]], list[Facts], list[tuple[int, dict[str, int]]]]:
    """New lines of the order with the exchange line each is of, their sales, and the stock they are promised."""
    order = returned.order
    rates = _rates(returned)
    rows: list[list[object]] = []
    sales = []
    moves = []
    for exchange in returned.exchanges:
        draft = LineDraft(exchange.variant, exchange.quantity, exchange.unit_price)
        facts, entry = line_with_sale(mint, draft, [], rates, included=order.taxes_included)
        rows.append([facts, exchange.id, exchange.quantity])
        sales.append(entry)
        level = state.level(exchange.variant.item, order.location)
        moves.append((level.id, {"available": -exchange.quantity, "committed": exchange.quantity}))
    return rows, sales, moves


def _rates(returned: Return) -> list[TaxRate]:
    """The taxes of what comes back: what goes out instead goes to the same place."""
    taxed = next((line.shipped.line for line in returned.lines if line.shipped.line.taxes), None)
    return [TaxRate(tax.title, tax.rate_ppm) for tax in taxed.taxes] if taxed else []


def at_once(scene: Scene, order: Order, draft: ReturnDraft, processing: Processing) -> None:
    """Opened, processed and closed by the shop, as was recorded within seconds."""
    scene.record(open_return(scene.state, scene.clock(), order, draft))
    returned = order.returns[-1]
    scene.record(process(scene.state, scene.clock(), returned, processing))
    scene.record(close(scene.clock(), returned))

"""Returns and exchanges as they happen: at the counter in one go, or by parcel, step by step over weeks.

Here: on which orders, with what goods, fees and prices. Not here: the events themselves (``returning.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.happening import Happening, Scene, on_order
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.refunding import RefundDraft, refund
from shopify_sandbox.world.return_records import Return
from shopify_sandbox.world.returning import (
    Processing,
    ReturnDraft,
    approve,
    at_once,
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

DAY = 86_400
REASONS = ("UNWANTED", "SIZE_TOO_SMALL", "SIZE_TOO_LARGE", "DEFECTIVE", "NOT_AS_DESCRIBED", "WRONG_ITEM", "OTHER")
NOTES = {"OTHER": "Found it cheaper", "DEFECTIVE": "Seam came apart"}
KEPT_AWAY = ("NOT_RESTOCKED", "MISSING", "PROCESSING_REQUIRED")
RESTOCKING_PPM = 100_000
#: The parcel back costs this part of the first unit's price.
SHIPPING_SHARE = 10


def _some_units(scene: Scene, order: Order, *, one: bool = False) -> ReturnDraft:
    """One line of what can come back, now and then two."""
    rng = scene.rng
    found = returnable(order)
    chosen = rng.sample(found, 1 if one or rng.random() < 0.75 else min(2, len(found)))
    reason = rng.choice(REASONS)
    units = [(shipped, 1 if one else rng.randrange(1, most + 1)) for shipped, most in chosen]
    return ReturnDraft(units, reason=reason, note=NOTES.get(reason, ""))


@on_order
def _return(scene: Scene, order: Order) -> None:
    at_once(scene, order, _some_units(scene, order), Processing(pending=scene.rng.random() < 0.2))


@on_order
def _not_restocked(scene: Scene, order: Order) -> None:
    at_once(scene, order, _some_units(scene, order), Processing(disposition=scene.rng.choice(KEPT_AWAY)))


@on_order
def _with_fee(scene: Scene, order: Order) -> None:
    units = _some_units(scene, order)
    which = scene.rng.choice(("restocking", "shipping", "both"))
    draft = ReturnDraft(
        units.units,
        reason=units.reason,
        note=units.note,
        restocking_ppm=0 if which == "shipping" else RESTOCKING_PPM,
        shipping_fee=0 if which == "restocking" else max(1, units.units[0][0].line.unit_price // SHIPPING_SHARE),
    )
    at_once(scene, order, draft, Processing())


@on_order
def _without_refund(scene: Scene, order: Order) -> None:
    at_once(scene, order, _some_units(scene, order), Processing(refunds=False))


def _is_owed(order: Order) -> bool:
    """Whether the shop holds money that is the customer's, and no refund of it is pending."""
    money = figures(order)
    return (
        order.cancelled_at is None
        and money.total_outstanding < 0 < money.net_payment
        and not any(one.is_pending for one in order.refunds)
    )


@on_order
def _late_refund(scene: Scene, order: Order) -> None:
    unpaid = next((one for one in order.returns if any(line.unpaid for line in one.lines)), None)
    scene.record(refund(scene.state, scene.clock(), order, RefundDraft(note="Balance paid back", of=unpaid)))


def _in_status(order: Order, status: str) -> Iterator[Return]:
    return (one for one in order.returns if one.status == status)


def _has(status: str, fits: Callable[[Return], bool] = lambda returned: True) -> Callable[[Order], bool]:
    return lambda order: any(fits(one) for one in _in_status(order, status))


def _untouched(returned: Return) -> bool:
    return not any(line.processed for line in returned.lines)


def _inspectable(returned: Return) -> bool:
    return returned.undisposed > 0 and _untouched(returned)


@on_order
def _request(scene: Scene, order: Order) -> None:
    draft = _some_units(scene, order)
    said = "The colour is not what I expected" if scene.rng.random() < 0.4 else None
    asked = ReturnDraft(draft.units, reason=draft.reason, note=draft.note, customer_note=said)
    scene.record(request_return(scene.state, scene.clock(), order, asked))


@on_order
def _approve(scene: Scene, order: Order) -> None:
    scene.record(approve(scene.state, scene.clock(), next(_in_status(order, "REQUESTED"))))


@on_order
def _decline(scene: Scene, order: Order) -> None:
    reason, note = scene.rng.choice((("FINAL_SALE", None), ("RETURN_PERIOD_ENDED", None), ("OTHER", "Worn")))
    scene.record(decline(scene.clock(), next(_in_status(order, "REQUESTED")), reason, note))


@on_order
def _cancel(scene: Scene, order: Order) -> None:
    scene.record(cancel_return(scene.clock(), next(one for one in _in_status(order, "OPEN") if _untouched(one))))


@on_order
def _inspect(scene: Scene, order: Order) -> None:
    arrived = next(one for one in _in_status(order, "OPEN") if _inspectable(one))
    kind = scene.rng.choice(("RESTOCKED", "RESTOCKED", *KEPT_AWAY))
    scene.record(dispose(scene.state, scene.clock(), arrived, kind))


@on_order
def _process(scene: Scene, order: Order) -> None:
    """A line at a time now and then; inspected goods keep the disposition they have."""
    arrived = next(one for one in _in_status(order, "OPEN") if can_process(one))
    waiting = [line for line in arrived.lines if line.unprocessed]
    lines = waiting[:1] if len(waiting) > 1 and scene.rng.random() < 0.3 else None
    scene.record(process(scene.state, scene.clock(), arrived, Processing(lines=lines)))
    if not any(line.unprocessed for line in arrived.lines):
        scene.record(close(scene.clock(), arrived))


@on_order
def _reopen(scene: Scene, order: Order) -> None:
    scene.record(reopen(scene.clock(), next(_in_status(order, "CLOSED"))))


@on_order
def _close(scene: Scene, order: Order) -> None:
    scene.record(close(scene.clock(), next(one for one in _in_status(order, "OPEN") if not _untouched(one))))


#: When most of what comes back at once does so.
WEEKS = (3 * DAY, 16 * DAY)


def _days(least: int, most: int) -> tuple[int, int]:
    return least * DAY, most * DAY


HAPPENINGS: tuple[Happening, ...] = (
    Happening(
        "return",
        "Goods come back, are restocked and paid back.",
        _return,
        can_return,
        chance=0.03,
        delay=WEEKS,
    ),
    Happening(
        "return_not_restocked",
        "Goods come back and are paid back, but not sold again: damaged, missing, or to be looked at.",
        _not_restocked,
        can_return,
        weight=0.7,
        chance=0.07,
        delay=WEEKS,
    ),
    Happening(
        "return_with_fee",
        "Goods come back and a restocking fee, the parcel or both are kept from the refund.",
        _with_fee,
        can_return,
        weight=0.8,
        chance=0.05,
        delay=WEEKS,
    ),
    Happening(
        "return_without_refund",
        "Goods come back, the money stays for now.",
        _without_refund,
        can_return,
        chance=0.08,
        delay=WEEKS,
    ),
    Happening(
        "late_refund",
        "What the shop has owed since a return or an edit is paid back.",
        _late_refund,
        _is_owed,
        chance=0.75,
        delay=_days(16, 36),
    ),
    Happening(
        "request_return",
        "A customer asks to send goods back.",
        _request,
        can_return,
        weight=1.5,
        chance=0.17,
        delay=_days(4, 14),
    ),
    Happening(
        "approve_return",
        "A return that was asked for is approved.",
        _approve,
        _has("REQUESTED"),
        chance=0.6,
        delay=_days(14, 16),
    ),
    Happening(
        "decline_return",
        "A return that was asked for is declined.",
        _decline,
        _has("REQUESTED"),
        weight=0.4,
        chance=0.75,
        delay=_days(16, 20),
    ),
    Happening(
        "inspect_return",
        "A parcel has come back and is looked at; its return is processed later.",
        _inspect,
        _has("OPEN", _inspectable),
        chance=0.6,
        delay=_days(16, 22),
    ),
    Happening(
        "process_return",
        "An open return is processed with its refund.",
        _process,
        _has("OPEN", can_process),
        chance=0.6,
        delay=_days(22, 28),
    ),
    Happening(
        "cancel_return",
        "An open return is cancelled because nothing came back.",
        _cancel,
        _has("OPEN", _untouched),
        weight=0.3,
        chance=0.9,
        delay=_days(25, 31),
    ),
    Happening(
        "close_return",
        "A return that is processed in part, or was opened again, is closed.",
        _close,
        _has("OPEN", lambda returned: not _untouched(returned)),
        weight=0.3,
        chance=0.3,
        delay=_days(36, 50),
    ),
    Happening(
        "reopen_return",
        "A closed return is opened again.",
        _reopen,
        _has("CLOSED"),
        weight=0.3,
        chance=0.25,
        delay=_days(24, 36),
    ),
)

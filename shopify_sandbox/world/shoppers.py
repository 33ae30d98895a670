"""Who buys what: customers, addresses and the drafts of their orders, drawn from a random source.

Here: plausible choices. Not here: what an order of those choices costs (``placing.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import NamedTuple

from shopify_sandbox.world.entries import SHOPIFY_PAYMENTS, Facts, event
from shopify_sandbox.world.goods import Location, Variant
from shopify_sandbox.world.placing import (
    CodeDraft,
    LineDraft,
    OrderDraft,
    PaymentDraft,
    ShippingDraft,
    TaxRate,
    place_order,
)
from shopify_sandbox.world.records import Address, Customer, Order
from shopify_sandbox.world.state import State

Record = Callable[[Facts], None]
Clock = Callable[[], datetime]

FIRST_NAMES = ("Ava", "Ben", "Chloe", "Daniel", "Elena", "Felix", "Grace", "Hugo", "Iris", "Jonas", "Keiko", "Liam")
LAST_NAMES = (
    "Adler",
    "Brooks",
    "Chen",
    "Diaz",
    "Evans",
    "Fischer",
    "García",
    "Hughes",
    "Ito",
    "Jensen",
    "Kim",
    "O'Neil",
)
STREETS = ("Maple St", "Oak Ave", "Cedar Ln", "2nd St", "Park Blvd", "Hill Rd", "Lake Dr", "Grand Ave")
NY = TaxRate("New York State Tax", 40_000)
CALIFORNIA = TaxRate("California State Tax", 72_500)
TEXAS = TaxRate("Texas State Tax", 62_500)


class Place(NamedTuple):
    """Where customers live; ``ships_from`` is the position of the location that serves it."""

    city: str
    province: str
    province_code: str
    zip: str
    taxes: tuple[TaxRate, ...]
    taxes_shipping: bool
    ships_from: int


PLACES = (
    Place("New York", "New York", "NY", "10014", (NY, TaxRate("New York City Tax", 45_000)), True, 0),
    Place("Albany", "New York", "NY", "12207", (NY, TaxRate("Albany County Tax", 40_000)), True, 0),
    Place(
        "San Francisco",
        "California",
        "CA",
        "94110",
        (CALIFORNIA, TaxRate("San Francisco County Tax", 13_750)),
        False,
        1,
    ),
    Place("Sacramento", "California", "CA", "95814", (CALIFORNIA,), False, 1),
    Place("Portland", "Oregon", "OR", "97209", (), False, 1),
    Place("Austin", "Texas", "TX", "78704", (TEXAS,), True, 2),
    Place("Houston", "Texas", "TX", "77006", (TEXAS,), True, 2),
)
CODES = (
    CodeDraft("WELCOME10", percent=10),
    CodeDraft("AUTUMN15", percent=15),
    CodeDraft("TAKE5", amount=500),
    CodeDraft("SHIPFREE", frees_shipping=True),
)
SHIPPING = (
    ("Standard", "STANDARD", 595),
    ("Standard", "STANDARD", 795),
    ("Express", "EXPRESS", 1_900),
    ("Free shipping", "FREE", 0),
)
#: gateway, kind, weight
PAYMENTS = (
    (SHOPIFY_PAYMENTS, "SALE", 58),
    (SHOPIFY_PAYMENTS, "AUTHORIZATION", 16),
    ("paypal", "SALE", 16),
    ("bank_deposit", "PENDING", 10),
)
GUEST_SHARE = 0.08
#: Share of an order's buyers who are new, so that there are about 0.4 customers per order.
NEW_CUSTOMER_SHARE = 0.41
REORDER_UNITS = 300


def purchase(state: State, record: Record, rng: Random, clock: Clock) -> Order:
    """Record one order, and before it the customer it needs and the stock it needs."""
    place = rng.choice(PLACES)
    customer: Customer | None = None
    if rng.random() < GUEST_SHARE:
        address = _address(rng, place)
        email: str | None = _email(address, rng)
    else:
        customer = _buyer(state, record, rng, clock, place)
        kept = customer.addresses[0]
        place = next(found for found in PLACES if found.city == kept.city)
        address, email = address_facts(kept), customer.email
    location = list(state.locations.values())[place.ships_from]
    lines = _basket(state, rng)
    _reorder(state, record, clock, lines, location)
    shipping = rng.choice(SHIPPING)
    gateway, kind, _ = rng.choices(PAYMENTS, [weight for _, _, weight in PAYMENTS])[0]
    draft = OrderDraft(
        lines=lines,
        address=address,
        location=location,
        payment=PaymentDraft(gateway, kind, declined=kind != "PENDING" and rng.random() < 0.04),
        taxes=place.taxes,
        shipping=ShippingDraft(*shipping, taxed=place.taxes_shipping),
        tip=rng.choice((200, 300, 500)) if rng.random() < 0.04 else 0,
        code=rng.choice(CODES) if rng.random() < 0.25 else None,
        customer=customer,
        email=email,
        phone=customer.phone if customer else None,
        note="Please leave at the door" if rng.random() < 0.06 else None,
        tags=sorted(rng.sample(("gift", "priority", "wholesale-lead", "press"), 1)) if rng.random() < 0.12 else (),
        attributes=(("gift_wrap", "yes"), ("source", "newsletter"))[: rng.randrange(1, 3)]
        if rng.random() < 0.1
        else (),
        source_name=rng.choice(("web", "web", "web", "pos", "mobile_app")),
        processed_early=1 if rng.random() < 0.3 else 0,
    )
    record(place_order(state, clock(), draft))
    return state.orders[next(reversed(state.orders))]


def sign_up(state: State, record: Record, rng: Random, clock: Clock) -> Customer:
    """Record a customer who has not ordered yet."""
    return _new_customer(state, record, rng, clock, rng.choice(PLACES))


def taxes_at(address: Address) -> tuple[TaxRate, ...]:
    """The taxes of the place an address is in."""
    return next(place.taxes for place in PLACES if place.city == address.city)


def address_facts(address: Address) -> Facts:
    """An address as an event holds it, without its id."""
    return {name: getattr(address, name) for name in Address.__slots__ if name != "id"}


def new_line(state: State, record: Record, rng: Random, clock: Clock, location: Location) -> LineDraft:
    """One unit or two of something, in stock at the location."""
    line = LineDraft(variant := rng.choice(list(state.variants.values())), rng.randrange(1, 3), variant.price)
    _reorder(state, record, clock, [line], location)
    return line


def new_address(rng: Random) -> Facts:
    """An address as an event holds it, without its id."""
    return _address(rng, rng.choice(PLACES))


def _basket(state: State, rng: Random) -> list[LineDraft]:
    """One to five lines; early variants sell better than late ones."""
    variants = list(state.variants.values())
    chosen: dict[int, Variant] = {}
    for _ in range(rng.choices((1, 2, 3, 4, 5), (40, 28, 18, 9, 5))[0]):
        variant = variants[int(len(variants) * rng.random() ** 1.6)]
        chosen[variant.id] = variant
    return [
        LineDraft(
            variant,
            rng.choices((1, 2, 3, 4, 5, 6), (62, 20, 9, 5, 2, 2))[0],
            variant.price,
            automatic=20 if rng.random() < 0.07 else 0,
        )
        for variant in chosen.values()
    ]


def _reorder(state: State, record: Record, clock: Clock, lines: list[LineDraft], location: Location) -> None:
    """Receive goods before stock would run out, so that nothing is ever oversold."""
    for line in lines:
        level = state.level(line.variant.item, location)
        if level.quantities["available"] < line.quantity:
            record(
                event("stock_adjusted", clock(), reason="received", stock=[[level.id, {"available": REORDER_UNITS}]])
            )


def _buyer(
    state: State,
    record: Record,
    rng: Random,
    clock: Clock,
    place: Place,
) -> Customer:
    if not state.customers or rng.random() < NEW_CUSTOMER_SHARE:
        return _new_customer(state, record, rng, clock, place)
    return rng.choice(list(state.customers.values()))


def _new_customer(
    state: State,
    record: Record,
    rng: Random,
    clock: Clock,
    place: Place,
) -> Customer:
    mint = state.minter()
    address = _address(rng, place)
    customer_id = mint("Customer")
    subscribed = rng.random() < 0.45
    facts = {
        "id": customer_id,
        "first_name": address["first_name"],
        "last_name": address["last_name"],
        "email": _email(address, rng),
        "phone": address["phone"],
        "email_state": "SUBSCRIBED" if subscribed else "NOT_SUBSCRIBED",
        "sms_state": "NEVER_SUBSCRIBED",
        "tags": ["newsletter"] if subscribed else [],
        "note": None,
        "locale": rng.choice(("en", "en", "en-US", "es")),
        "state": rng.choice(("DISABLED", "DISABLED", "ENABLED", "INVITED")),
        "verified": rng.random() < 0.8,
        "tax_exempt": False,
        "addresses": [{"id": mint("MailingAddress"), **address}],
    }
    record(event("customer_created", clock(), customer=facts))
    return state.customers[customer_id]


def _address(rng: Random, place: Place) -> Facts:
    return {
        "first_name": rng.choice(FIRST_NAMES),
        "last_name": rng.choice(LAST_NAMES),
        "company": "Fieldwork Supply LLC" if rng.random() < 0.05 else None,
        "address1": f"{rng.randrange(1, 999)} {rng.choice(STREETS)}",
        "address2": f"Apt {rng.randrange(1, 40)}" if rng.random() < 0.3 else None,
        "city": place.city,
        "province": place.province,
        "province_code": place.province_code,
        "zip": place.zip,
        "phone": f"+1555{rng.randrange(10**6, 10**7)}" if rng.random() < 0.6 else None,
    }


def _email(address: Facts, rng: Random) -> str:
    local = f"{address['first_name']}.{address['last_name']}".lower().replace("'", "").replace("í", "i")
    return f"{local}{rng.randrange(1, 9_999)}@example.com"

"""Who buys what: customers, addresses and the drafts of their orders, drawn from a random source.

Here: plausible choices. Not here: what an order of those choices costs (``placing.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from random import Random

from shopify_sandbox.world.buyer_records import Address, Customer
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
from shopify_sandbox.world.profiles import BY_CURRENCY, PROFILES, Place, Profile
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.state import State

Record = Callable[[Facts], None]
Clock = Callable[[], datetime]

PLACES = PROFILES["usd"].places
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
    return placed(state, record, clock, composed(state, record, rng, clock))


def placed(state: State, record: Record, clock: Clock, draft: OrderDraft) -> Order:
    """Record the order of a draft, and before it the stock it needs."""
    reorder(state, record, clock, draft.lines, draft.location)
    record(place_order(state, clock(), draft))
    return state.orders[next(reversed(state.orders))]


def profile_of(state: State) -> Profile:
    """The kind of shop this is."""
    return BY_CURRENCY[state.shop.currency]


def composed(state: State, record: Record, rng: Random, clock: Clock, *, is_long_tailed: bool = False) -> OrderDraft:
    """What somebody chooses; a customer who is new is recorded.

    Args:
        is_long_tailed: Whether a few baskets are large and a few customers come back very often.
    """
    profile = profile_of(state)
    place = rng.choice(profile.places)
    customer: Customer | None = None
    if rng.random() < GUEST_SHARE:
        address = _address(rng, profile, place)
        email: str | None = _email(address, rng)
    else:
        customer = _buyer(state, record, rng, clock, place, loyal=is_long_tailed)
        kept = customer.addresses[0]
        place = _place_of(profile, kept)
        address, email = address_facts(kept), customer.email
    location = list(state.locations.values())[place.ships_from]
    lines = _long_basket(state, rng) if is_long_tailed else _basket(state, rng)
    title, shipping_code, cents = rng.choice(SHIPPING)
    gateway, kind, _ = rng.choices(PAYMENTS, [weight for _, _, weight in PAYMENTS])[0]
    return OrderDraft(
        lines=lines,
        address=address,
        location=location,
        payment=PaymentDraft(gateway, kind, declined=kind != "PENDING" and rng.random() < 0.04),
        taxes=place.taxes,
        shipping=ShippingDraft(title, shipping_code, cents and profile.price_of(cents), taxed=place.taxes_shipping),
        tip=profile.price_of(rng.choice((200, 300, 500))) if rng.random() < 0.04 else 0,
        code=_in_currency(rng.choice(CODES), profile) if rng.random() < 0.25 else None,
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
        taxes_included=profile.taxes_included,
    )


def _in_currency(code: CodeDraft, profile: Profile) -> CodeDraft:
    return replace(code, amount=profile.price_of(code.amount)) if code.amount else code


def sign_up(state: State, record: Record, rng: Random, clock: Clock) -> Customer:
    """Record a customer who has not ordered yet."""
    return new_customer(state, record, rng, clock, rng.choice(profile_of(state).places))


def taxes_at(address: Address) -> tuple[TaxRate, ...]:
    """The taxes of the place an address is in; none where the shop does not know the place."""
    places = (place for profile in PROFILES.values() for place in profile.places)
    return next((place.taxes for place in places if place.city == address.city), ())


def _place_of(profile: Profile, address: Address) -> Place:
    """The place of an address; the shop's first for an address elsewhere."""
    return next((place for place in profile.places if place.city == address.city), profile.places[0])


def address_facts(address: Address) -> Facts:
    """An address as an event holds it, without its id; a country is said where it is not the United States."""
    names = (name for name in Address.__slots__ if name != "id" and (name, getattr(address, name)) != ("country", "US"))
    return {name: getattr(address, name) for name in names}


def new_line(state: State, record: Record, rng: Random, clock: Clock, order: Order) -> LineDraft:
    """One unit or two of something for an order that is there, in stock at its location."""
    variant = rng.choice(state.for_sale())
    units = rng.randrange(1, 3)
    price = order.exchange.to_presentment(variant.price) if order.exchange else variant.price
    line = LineDraft(variant, units, price)
    reorder(state, record, clock, [line], order.location)
    return line


def new_address(state: State, rng: Random) -> Facts:
    """An address as an event holds it, without its id."""
    profile = profile_of(state)
    return _address(rng, profile, rng.choice(profile.places))


def _basket(state: State, rng: Random) -> list[LineDraft]:
    """One to five lines; early variants sell better than late ones."""
    variants = state.for_sale()
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


def _long_basket(state: State, rng: Random) -> list[LineDraft]:
    """Mostly small baskets, a few of dozens of lines, a few of hundreds of one thing; some things sell far best."""
    variants = state.for_sale()
    how_many = min(60, int(rng.paretovariate(1.3)))
    chosen = {one.id: one for one in (variants[int(len(variants) * rng.random() ** 3)] for _ in range(how_many))}
    return [
        LineDraft(
            variant, min(400, int(rng.paretovariate(1.6))), variant.price, automatic=20 if rng.random() < 0.07 else 0
        )
        for variant in chosen.values()
    ]


def reorder(state: State, record: Record, clock: Clock, lines: Sequence[LineDraft], location: Location) -> None:
    """Receive goods before stock would run out, so that nothing is ever oversold."""
    needed: dict[int, int] = {}
    for line in lines:
        if line.stocked is None:
            continue
        level = state.level(line.stocked.item, location)
        needed[level.id] = needed.get(level.id, 0) + line.quantity
        if level.quantities["available"] < needed[level.id]:
            units = max(REORDER_UNITS, needed[level.id])
            record(event("stock_adjusted", clock(), reason="received", stock=[[level.id, {"available": units}]]))


def _buyer(state: State, record: Record, rng: Random, clock: Clock, place: Place, *, loyal: bool = False) -> Customer:
    """Somebody new, or somebody known; with ``loyal``, the longer known the likelier by far."""
    if not state.customers or rng.random() < NEW_CUSTOMER_SHARE:
        return new_customer(state, record, rng, clock, place)
    known = state.customers.row()
    found = known[int(len(known) * rng.random() ** 4)] if loyal else rng.choice(known)
    return found if found.addresses else new_customer(state, record, rng, clock, place)


def new_customer(
    state: State,
    record: Record,
    rng: Random,
    clock: Clock,
    place: Place,
) -> Customer:
    """Record a customer who lives there."""
    profile = profile_of(state)
    mint = state.minter()
    address = _address(rng, profile, place)
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
        "locale": rng.choice(profile.people.locales),
        "state": rng.choice(("DISABLED", "DISABLED", "ENABLED", "INVITED")),
        "verified": rng.random() < 0.8,
        "tax_exempt": False,
        "addresses": [{"id": mint("MailingAddress"), **address}],
    }
    record(event("customer_created", clock(), customer=facts))
    return state.customers[customer_id]


def _address(rng: Random, profile: Profile, place: Place) -> Facts:
    people = profile.people
    facts = {
        "first_name": rng.choice(people.first_names),
        "last_name": rng.choice(people.last_names),
        "company": people.company if rng.random() < 0.05 else None,
        "address1": f"{rng.randrange(1, 999)} {rng.choice(people.streets)}",
        "address2": f"Apt {rng.randrange(1, 40)}" if rng.random() < 0.3 else None,
        "city": place.city,
        "province": place.province,
        "province_code": place.province_code,
        "zip": place.zip,
        "phone": f"{people.phone}{rng.randrange(10**6, 10**7)}" if rng.random() < 0.6 else None,
    }
    return facts if profile.country == "US" else {**facts, "country": profile.country}


def _email(address: Facts, rng: Random) -> str:
    local = f"{address['first_name']}.{address['last_name']}".lower().replace("'", "").replace("í", "i")
    return f"{local if local.isascii() else 'buyer'}{rng.randrange(1, 9_999)}@example.com"

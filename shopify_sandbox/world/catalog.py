"""What the shop sells and from where: the opening events, drawn once from the seed.

Here: shop, locations, products with variants, inventory items and first stock. Not here: customers and orders.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from shopify_sandbox.world.arguments import Arguments
from shopify_sandbox.world.entries import Facts, Mint, event
from shopify_sandbox.world.profiles import PROFILES, Profile
from shopify_sandbox.world.state import State

SHOP_AGE = timedelta(days=400)

LOCATIONS = PROFILES["usd"].locations
THINGS = (
    ("Mug", "Kitchen", "Hearth & Co", ("White", "Black")),
    ("Tea Towel", "Kitchen", "Hearth & Co", ("White", "Blue")),
    ("Cutting Board", "Kitchen", "Hearth & Co", ("Small", "Large")),
    ("Candle", "Home", "Northlight", ("Cedar", "Fig", "Sea Salt")),
    ("Throw Blanket", "Home", "Northlight", ("Sand", "Forest")),
    ("Wall Clock", "Home", "Northlight", ()),
    ("T-Shirt", "Clothing", "Fieldwork", ("S", "M", "L", "XL")),
    ("Sweater", "Clothing", "Fieldwork", ("S", "M", "L")),
    ("Beanie", "Clothing", "Fieldwork", ()),
    ("Tote Bag", "Accessories", "Fieldwork", ("Natural", "Black")),
    ("Notebook", "Stationery", "Paper Street", ()),
    ("Poster", "Stationery", "Paper Street", ("A3", "A2")),
)
STYLES = ("Classic", "Harbor", "Alpine", "Meadow", "Midnight", "Copper", "Linen", "Studio", "Summit", "Orchard")
ORIGINS = ("US", "PT", "IN", "VN", "CN")


def opening(state: State, rng: Random, start: datetime, arguments: Arguments) -> Iterator[Facts]:
    """The events before the first order, in time order.

    Args:
        start: First day of orders; the shop opened ``SHOP_AGE`` before it.
        arguments: Whose shop it is and of which kind.
    """
    profile, domain = PROFILES[arguments.profile], arguments.shop
    opened = start - SHOP_AGE
    mint = state.minter()
    names = ("name", "address1", "city", "province", "province_code", "zip", "phone")
    shop = {
        "id": mint("Shop"),
        "name": domain.removesuffix(".myshopify.com").replace("-", " ").title(),
        "domain": domain,
        "email": f"owner@{domain.removesuffix('.myshopify.com')}.example",
        "timezone": profile.time_zone,
        "currency": profile.currency,
    }
    if profile.country != "US":
        shop["country"] = profile.country
    if profile.taxes_included:
        shop["taxes_included"] = True
    if arguments.is_full:
        shop["presentments"] = [profile.currency, *profile.presentments]
    abroad = {"country": profile.country} if profile.country != "US" else {}
    locations = [
        {"id": mint("Location"), **dict(zip(names, facts, strict=True)), **abroad} for facts in profile.locations
    ]
    yield event("shop_opened", opened, shop=shop, locations=locations)
    created = opened
    for style in STYLES:
        for thing in THINGS:
            created += timedelta(seconds=rng.randrange(3_600, 172_800))
            yield event("product_created", created, product=_product(state, rng, profile, style, thing))


def _product(
    state: State, rng: Random, profile: Profile, style: str, thing: tuple[str, str, str, tuple[str, ...]]
) -> Facts:
    mint = state.minter()
    name, product_type, vendor, options = thing
    title = f"{style} {name}"
    price = rng.randrange(5, 140) * 100 + rng.choice((0, 50, 95, 99))
    prefix = f"{style[:3]}-{name.replace(' ', '').replace('-', '')[:4]}".upper()
    product_id = mint("Product")
    return {
        "id": product_id,
        "title": title,
        "handle": title.lower().replace(" ", "-"),
        "status": "ACTIVE",
        "vendor": vendor,
        "product_type": product_type,
        "tags": sorted({product_type.lower(), style.lower(), *rng.sample(("gift", "new", "sale", "eco"), 1)}),
        "option": ("Size" if options and len(options[0]) == 1 else "Style") if options else "Title",
        "variants": [
            _variant(state, mint, rng, profile, f"{prefix}-{place:02d}", option, price + 250 * (place - 1))
            for place, option in enumerate(options or ("Default Title",), start=1)
        ],
    }


def _variant(state: State, mint: Mint, rng: Random, profile: Profile, sku: str, title: str, cents: int) -> Facts:
    price = profile.price_of(cents)
    return {
        "id": mint("ProductVariant"),
        "sku": sku,
        "barcode": f"{rng.randrange(10**11, 10**12)}",
        "title": title,
        "price": price,
        "compare_at": price + profile.price_of(rng.randrange(2, 30) * 100) if rng.random() < 0.2 else None,
        "taxable": rng.random() < 0.95,
        "item": {
            "id": mint("InventoryItem"),
            "unit_cost": price * rng.randrange(28, 62) // 100,
            "weight_grams": rng.randrange(60, 2_600),
            "origin": rng.choice(ORIGINS),
            "hs_code": f"{rng.randrange(300_000, 960_000)}",
        },
        "levels": [[mint("InventoryLevel"), location_id, _first_stock(rng)] for location_id in state.locations],
    }


def _first_stock(rng: Random) -> dict[str, int]:
    return {
        "available": rng.randrange(80, 400),
        "committed": 0,
        "incoming": rng.randrange(10, 90) if rng.random() < 0.15 else 0,
        "reserved": rng.randrange(1, 6) if rng.random() < 0.1 else 0,
        "damaged": rng.randrange(1, 4) if rng.random() < 0.1 else 0,
        "quality_control": rng.randrange(1, 5) if rng.random() < 0.05 else 0,
        "safety_stock": 5 if rng.random() < 0.2 else 0,
    }

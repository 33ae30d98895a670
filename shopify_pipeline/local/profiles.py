"""The kinds of shop a local stack can have: where each lives, and which company and value map keep its books.

Here: declarations, by the names ``shopify-sandbox`` has for them. Not here: anything of the world itself, starting.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Mix = Literal["plain", "full"]
ProfileName = Literal["usd", "gbp", "jpy", "kwd"]


@dataclass(frozen=True)
class Profile:
    """One kind of shop.

    Attributes:
        domain: What a shop of this kind is called, so that its home tells which kind it is of.
        time_zone: The shop's own; a sync refuses a shop whose zone is not the configured one.
        currency: ISO 4217, of the shop and of the company that keeps its books.
        company: That company in the local Tryton.
        value_map: What the shop's words are called there.
    """

    domain: str
    time_zone: str
    currency: str
    company: str
    value_map: Path


#: What apps and merchants note on records of a full world; nothing is noted in a plain one.
METAFIELDS = {
    "orders": ("custom.gift_message", "erp.document_number"),
    "customers": ("custom.birthday", "erp.credit_limit", "custom.vip"),
    "products": ("custom.material", "custom.care", "erp.pack_size", "custom.launched_at"),
}


def _profile(name: str, time_zone: str, company: str, value_map: str) -> Profile:
    return Profile(
        domain=f"sandbox-{name}.myshopify.com",
        time_zone=time_zone,
        currency=name.upper(),
        company=company,
        value_map=Path(__file__).with_name(value_map),
    )


PROFILES: dict[ProfileName, Profile] = {
    "usd": _profile("usd", "America/New_York", "Sandbox Outfitters", "value_map.toml"),
    "gbp": _profile("gbp", "Europe/London", "Sandbox Outfitters UK", "value_map_gbp.toml"),
    "jpy": _profile("jpy", "Asia/Tokyo", "Sandbox Outfitters Japan", "value_map_jpy.toml"),
    "kwd": _profile("kwd", "Asia/Kuwait", "Sandbox Outfitters Kuwait", "value_map_kwd.toml"),
}


def profile_of(domain: str) -> Profile:
    """The kind of shop of a world that may have been made earlier; one of another name is of the usual kind."""
    return next((profile for profile in PROFILES.values() if profile.domain == domain), PROFILES["usd"])

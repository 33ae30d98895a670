"""What a world is made from.

Here: the arguments and what is allowed of them. Not here: the making (``world.py``, ``history.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from shopify_sandbox.world.profiles import PROFILES
from shopify_sandbox.world.times import instant, stamp
from shopify_sandbox.world.variants import Variants

MIXES = ("plain", "full")


@dataclass(frozen=True)
class Arguments:
    """What a world is made from; equal arguments give equal worlds, byte for byte.

    Attributes:
        profile: Which kind of shop: its currency, zone, taxes, places and prices (``profiles.py``).
        mix: ``plain``, the everyday of a small shop, or ``full``, with everything that can happen in one.
        variants: Forms of the sales ledger that are not as usual, by switch (``variants.py``).
    """

    seed: int
    orders: int
    days: int
    now: datetime
    shop: str
    profile: str = "usd"
    mix: str = "plain"
    variants: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.orders < 0 or self.days < 1:
            raise ValueError("a world needs orders >= 0 and days >= 1")
        if self.profile not in PROFILES:
            raise ValueError(f"there is no profile {self.profile}; there are {', '.join(PROFILES)}")
        if self.mix not in MIXES:
            raise ValueError(f"there is no mix {self.mix}; there are {', '.join(MIXES)}")
        Variants.of(self.variants)
        if self.now.tzinfo is None or not self.shop.endswith(".myshopify.com"):
            raise ValueError("a world needs a time with an offset and a shop named like name.myshopify.com")

    @property
    def is_full(self) -> bool:
        return self.mix == "full"

    def facts(self) -> dict[str, Any]:
        """JSON form; read back by ``from_facts``."""
        return {**asdict(self), "now": stamp(self.now)}

    @classmethod
    def from_facts(cls, facts: dict[str, Any]) -> Arguments:
        return cls(**{**facts, "now": instant(facts["now"])})

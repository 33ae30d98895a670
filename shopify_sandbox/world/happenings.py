"""Everything that can happen in a believable shop beside the everyday of ``evolution.py``.

Here: the list, in a fixed order, because worlds are drawn from it. Not here: what each is; that is its own module.
"""

from __future__ import annotations

from random import Random

from shopify_sandbox.world import (
    assortment,
    deleting,
    dispatching,
    disputes,
    exchanging,
    gift_cards,
    kinds,
    locations,
    metafields,
    parcels,
    payout_happenings,
    privacy,
    refund_happenings,
    return_happenings,
    store_credit,
)
from shopify_sandbox.world.happening import Happening

HAPPENINGS: tuple[Happening, ...] = (
    *gift_cards.HAPPENINGS,
    *store_credit.HAPPENINGS,
    *payout_happenings.HAPPENINGS,
    *disputes.HAPPENINGS,
    *dispatching.HAPPENINGS,
    *parcels.HAPPENINGS,
    *locations.HAPPENINGS,
    *assortment.HAPPENINGS,
    *metafields.HAPPENINGS,
    *deleting.HAPPENINGS,
    *privacy.HAPPENINGS,
    *kinds.HAPPENINGS,
    *return_happenings.HAPPENINGS,
    *exchanging.HAPPENINGS,
    *refund_happenings.HAPPENINGS,
)

BY_NAME = {happening.name: happening for happening in HAPPENINGS}


def drawn(rng: Random) -> Happening | None:
    """One of them, by weight; None when there is nothing to draw from."""
    if not HAPPENINGS:
        return None
    return rng.choices(HAPPENINGS, [happening.weight for happening in HAPPENINGS])[0]

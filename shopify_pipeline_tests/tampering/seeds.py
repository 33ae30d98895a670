"""One seed: some tamperings drawn by it, one night, and everything put back.

Here: drawing, comparing and undoing. Not here: what a tampering does, and where the seeds come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from shopify_pipeline_tests.tampering import in_stock_and_entries, in_tryton
from shopify_pipeline_tests.tampering.changes import Changes
from shopify_pipeline_tests.tampering.facts import Facts
from shopify_pipeline_tests.tampering.finding import Findings, added, apart
from shopify_pipeline_tests.tampering.in_tryton import Tampering
from shopify_pipeline_tests.tampering.night import Night

TAMPERINGS: tuple[Tampering, ...] = (*in_tryton.TAMPERINGS, *in_stock_and_entries.TAMPERINGS)


@dataclass(frozen=True)
class Judged:
    """What one night said of its tamperings.

    Attributes:
        done: By the name of each tampering, what it had to cause.
        wrong: What was missing or unexpected, one line each.
    """

    done: dict[str, Findings]
    wrong: list[str]


def drawn(seed: int, at_most: int) -> list[Tampering]:
    """One to so many distinct tamperings."""
    rng = Random(seed)
    return rng.sample(TAMPERINGS, rng.randint(1, at_most))


def judged(night: Night, facts: Facts, tamperings: Sequence[Tampering], seed: int) -> Judged:
    """Tamper, let the night fall, and put everything back."""
    facts.taken.clear()
    done: dict[str, Findings] = {}
    rng = Random(seed)
    with night.books() as database:
        changes = Changes(database)
        for tampering in tamperings:
            findings = tampering(changes, facts, rng)
            if findings is not None:
                done[tampering.__name__] = findings
    try:
        found = night.falls()
    finally:
        with night.books() as database:
            changes.undo(database)
    return Judged(done, apart(added(done.values()), found))

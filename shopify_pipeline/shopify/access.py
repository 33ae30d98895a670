"""The access scopes our operations need, compared with those an app was granted.

Here: reading ``access.json`` (written from the published schema, never by hand) and set arithmetic.
``python -m shopify_pipeline.shopify.access`` prints the scopes to ask a merchant for.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from functools import cache
from importlib import resources

from shopify_pipeline.schemas import STREAMS, Stream

#: No field asks for it: without it Shopify silently answers with the orders of the last 60 days only.
ALL_ORDERS = "read_all_orders"


@cache
def requirements() -> tuple[frozenset[str], ...]:
    """What all our operations need together; of each set, one scope suffices."""
    needed = {frozenset(each) for clauses in _by_operation().values() for each in clauses}
    return tuple(sorted({*needed, frozenset({ALL_ORDERS})}, key=sorted))


@cache
def optional() -> frozenset[str]:
    """Scopes not every shop grants: without one, the streams that name it are not read."""
    return frozenset(scope for stream in STREAMS.values() for scope in stream.scopes)


def not_granted(stream: Stream, granted: Collection[str]) -> list[str]:
    """Scopes this stream cannot be read without and that were not granted; such a stream is skipped."""
    return sorted(set(stream.scopes) - _with_implied(granted))


def lacking(document: str, granted: Collection[str]) -> list[str]:
    """What one operation needs and was not granted, for a person: a scope, or ``one of a, b``."""
    held = _with_implied(granted)
    unmet = [sorted(clause) for clause in _by_operation()[document] if held.isdisjoint(clause)]
    return sorted(clause[0] if len(clause) == 1 else f"one of {', '.join(clause)}" for clause in unmet)


def missing(granted: Collection[str]) -> list[str]:
    """Name what every shop must grant and this one did not, for a person: a scope, or ``one of a, b``."""
    held = _with_implied(granted)
    lacking = [needed for needed in requirements() if not needed & (held | optional())]
    # What one single scope would settle anyway is not named a second time.
    singles = {scope for needed in lacking if len(needed) == 1 for scope in needed}
    return sorted(singles) + [
        f"one of {', '.join(sorted(needed))}" for needed in lacking if len(needed) > 1 and not needed & singles
    ]


def unneeded(granted: Collection[str]) -> list[str]:
    """Scopes that were granted and that none of our operations needs."""
    return sorted(set(granted) - optional() - {scope for needed in requirements() for scope in needed})


def least_privilege() -> tuple[str, ...]:
    """The fewest scopes with which everything we send is answered; what to ask a merchant for."""
    chosen = set(optional())
    for needed in sorted(requirements(), key=len):
        if not needed & chosen:
            # The plain scope has the shortest name; the longer ones are for marketplaces and sales channels.
            chosen.add(min(needed, key=lambda scope: (len(scope), scope)))
    return tuple(sorted(chosen))


@cache
def _by_operation() -> dict[str, list[list[str]]]:
    """Of each operation what it needs: of each inner list, one scope."""
    read: dict[str, list[list[str]]] = json.loads((resources.files(__package__) / "access.json").read_text("utf-8"))
    return read


def _with_implied(granted: Collection[str]) -> set[str]:
    return {*granted, *_implied(granted)}


def _implied(granted: Collection[str]) -> Iterator[str]:
    """Whoever may write may read. Source: https://shopify.dev/docs/api/usage/access-scopes."""
    for scope in granted:
        if scope.startswith("write_"):
            yield scope.replace("write_", "read_", 1)


if __name__ == "__main__":
    print("\n".join(least_privilege()))

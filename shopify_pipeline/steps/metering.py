"""What reading one load cost: points and requests of the API, and seconds by what they were spent on.

Here: the difference between two readings of counters that others keep, and the figures of a load. Not here: counting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shopify_pipeline.landing import Landing
from shopify_pipeline.ops import status as reports
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.steps.rooms import Rooms


@dataclass(frozen=True)
class Spent:
    """What was spent.

    Attributes:
        api_points: Query cost Shopify charged, in points.
        api_requests: GraphQL requests sent, those that failed, too.
        seconds: ``count`` asking how much there is, ``read`` waiting for Shopify, ``land`` keeping it.
    """

    api_points: float
    api_requests: int
    seconds: dict[str, float]


def figures(pipeline: Rooms, load_id: int) -> dict[str, int | float]:
    """All numbers known of one load, under flat names: counts in roots, ``rows``, ``bytes``, ``api_points``,
    ``seconds_<stage>``, ``lag_seconds`` and ``age_seconds`` (see ``ops.status.loads``)."""
    with pipeline.connect() as conn:
        [row] = reports.loads(conn, pipeline.shop.domain, pipeline.clock.now(), 1, load_id)
    names = ("received", "loaded", "superseded", "quarantined", "new_versions", "rows", "bytes", "api_requests")
    found: dict[str, int | float | None] = {name: row[name] for name in names}
    found["api_points"] = None if row["api_points"] is None else float(row["api_points"])
    found |= {f"seconds_{stage}": seconds for stage, seconds in row["seconds"].items()}
    found |= {f"{name}_seconds": row[name].total_seconds() for name in ("lag", "age") if row[name] is not None}
    return {name: value for name, value in found.items() if value is not None}


class Meter:
    """Measures from its making on."""

    def __init__(self, api: AdminApi, landing: Landing, monotonic: Callable[[], float]) -> None:
        self._api, self._landing, self._monotonic = api, landing, monotonic
        self._before = self._counters()

    def spent(self) -> Spent:
        """What was spent since."""
        points, requests, counting, landing, elapsed = (
            now - before for now, before in zip(self._counters(), self._before, strict=True)
        )
        seconds = {"count": counting, "read": max(0.0, elapsed - counting - landing), "land": landing}
        return Spent(points, int(requests), seconds)

    def _counters(self) -> tuple[float, float, float, float, float]:
        usage = self._api.usage
        counting = sum(seconds for name, seconds in usage.seconds.items() if name.endswith("Count"))
        return usage.cost_points, usage.requests, counting, self._landing.writing_seconds, self._monotonic()

"""Clients wired straight to a sandbox in the same process, on simulated time: no sockets, but a price in seconds.

Here: the wire and what went over it. Not here: what is asked, and what should come of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from pathlib import Path
from random import Random
from typing import Any, cast

import msgspec

from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.pages import PageReader
from shopify_pipeline.shopify.session import HttpSession, Reply
from shopify_pipeline.shopify.tokens import StaticToken
from shopify_pipeline.shopify.versions import PINNED
from shopify_pipeline_tests.shopify.sandboxed import CREDENTIALS, NOW, SHOP
from shopify_pipeline_tests.shopify.simulated.timeline import Timeline
from shopify_sandbox.sandbox import Sandbox
from shopify_sandbox.store import Store

GRANTED = frozenset(least_privilege())
#: A bucket fills in so many seconds; as long as that may the first calls differ from the later ones.
SETTLED_AFTER_SECONDS = 20.0


@dataclass(frozen=True)
class Served:
    """One answer: when the store gave it (simulated seconds), to whom, and the points it took (None: throttled)."""

    at: float
    client: str
    operation: str
    points: int | None


@dataclass(frozen=True)
class WorkedOut:
    """What the store says to one request, whatever its bucket holds: operation, points asked and taken, and data."""

    operation: str
    requested: int
    actual: int
    data: msgspec.Raw


@dataclass(frozen=True)
class StillWorld:
    """A world nobody changes, so that what was worked out for one shop holds for every other one opened from it."""

    state: Path
    worked_out: dict[bytes, WorkedOut] = field(default_factory=dict)


@dataclass
class WiredShop:
    """A sandbox whose world stands still while its time is simulated, and everything it answered."""

    sandbox: Sandbox
    timeline: Timeline
    request_seconds: float
    worked_out: dict[bytes, WorkedOut]
    served: list[Served] = field(default_factory=list)

    def client(self, name: str) -> AdminApi:
        """A client as another process would have it: its governor knows nothing of the others."""
        wire = cast(HttpSession, _Wire(self, name))
        return AdminApi(shop=SHOP, session=wire, tokens=StaticToken("token"), clock=self.timeline, rng=Random(name))

    def reader(self, api: AdminApi, *, page_size: int = 20) -> PageReader:
        return PageReader(api, page_size=page_size, progress=lambda line: None)

    def throttled_share(self) -> float:
        return sum(each.points is None for each in self.served) / len(self.served)

    def used_share(self, restore_per_second: float) -> float:
        """Points used by the points that came in, once what was saved up in the bucket at the start is used up."""
        served = [each for each in self.served if each.at >= SETTLED_AFTER_SECONDS]
        return sum(each.points or 0 for each in served[1:]) / (restore_per_second * (served[-1].at - served[0].at))

    def answer(self, client: str, body: bytes) -> dict[str, Any]:
        """Answer as the sandbox does; the same question is not worked out twice, but paid for each time."""
        bucket = self.sandbox.bucket
        known = self.worked_out.get(body)
        if known is None or not bucket.take(known.requested):
            answer = self.sandbox.versions.api(PINNED).answer(json.loads(body), GRANTED)
            operation = answer.operation or ""
            if answer.actual is not None:
                assert answer.requested is not None
                data = msgspec.Raw(msgspec.json.encode(answer.body["data"]))
                self.worked_out[body] = WorkedOut(operation, answer.requested, answer.actual, data)
            return self._served(client, operation, answer.actual, answer.body)
        bucket.give_back(known.requested - known.actual)
        cost = {
            "requestedQueryCost": known.requested,
            "actualQueryCost": known.actual,
            "throttleStatus": bucket.status().body(),
        }
        return self._served(client, known.operation, known.actual, {"data": known.data, "extensions": {"cost": cost}})

    def _served(self, client: str, operation: str, points: int | None, body: dict[str, Any]) -> dict[str, Any]:
        self.served.append(Served(self.timeline.monotonic(), client, operation, points))
        return body


class _Wire:
    """What a client takes for its HTTP session."""

    def __init__(self, shop: WiredShop, client: str) -> None:
        self._shop = shop
        self._client = client

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        timeline = self._shop.timeline
        timeline.sleep(self._shop.request_seconds / 2)
        answered = self._shop.answer(self._client, body)
        timeline.sleep(self._shop.request_seconds / 2)
        said = {"X-Shopify-API-Version": PINNED, "Date": format_datetime(timeline.now(), usegmt=True)}
        return Reply(200, said, msgspec.json.encode(answered))


def wired_shop(world: StillWorld, *, plan: str, request_seconds: float = 0.25) -> WiredShop:
    """Open a world as a shop of this plan, with half a bucket."""
    timeline, store = Timeline(NOW), Store.open(world.state)
    sandbox = Sandbox(world.state, store, CREDENTIALS, settings={"plan": plan}, monotonic=timeline.monotonic)
    sandbox.bucket.take(sandbox.bucket.status().maximum_available // 2)
    return WiredShop(sandbox, timeline, request_seconds, world.worked_out)

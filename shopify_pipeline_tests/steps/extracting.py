"""A shop, a landing zone and loads in memory: extraction in one call, for tests of how a stream is read.

Here: putting them together. What should be landed is said in the tests.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Any, Literal

from shopify_pipeline.clock import SystemClock
from shopify_pipeline.errors import TransientError
from shopify_pipeline.landing import Landing, Manifest
from shopify_pipeline.load_mode import LoadMode
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.schemas.records import Assembly, assemble
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.retry import RetryPolicy
from shopify_pipeline.steps.extract import ExtractConfig, Extracted, extract, extract_roots
from shopify_pipeline_tests.shopify.sandboxed import SHOP, SandboxShop


class HurriedClock(SystemClock):
    """The machine's clock, but nobody waits on it for longer than a moment."""

    def sleep(self, seconds: float) -> None:
        super().sleep(min(seconds, 0.02))


def hurried(api: AdminApi) -> AdminApi:
    """The same client, without patience: a sandbox is quicker than a shop."""
    api.clock = HurriedClock()
    api.retry = RetryPolicy(api.clock, Random(1))
    return api


@dataclass(frozen=True)
class KeptLoad:
    load_id: int
    mode: LoadMode
    window_from: datetime | None
    window_to: datetime
    state: Literal["extracting", "landed"]
    landing_prefix: str
    bulk_operations: dict[str, str] = field(default_factory=dict)


class KeptLoads:
    """Loads of one stream, in memory."""

    def __init__(self, cursor: datetime | None = None) -> None:
        self.cursor_at = cursor
        self.loads: list[KeptLoad] = []
        self.abandoned: list[int] = []
        self.fail_at_landed = False

    def cursor(self, shop: str, stream: str) -> datetime | None:
        return self.cursor_at

    def backfill(self, shop: str, stream: str) -> None:
        return None

    def unfinished(self, shop: str, stream: str) -> KeptLoad | None:
        return next((load for load in self.loads if load.load_id not in self.abandoned), None)

    def open(
        self,
        *,
        shop: str,
        stream: str,
        mode: LoadMode,
        window_from: datetime | None,
        window_to: datetime,
        started_at: datetime,
    ) -> KeptLoad:
        number = len(self.loads) + 1
        self.loads.append(KeptLoad(number, mode, window_from, window_to, "extracting", f"{shop}/{stream}/{number}/"))
        return self.loads[-1]

    def remember_bulk(self, load_id: int, name: str, gid: str) -> None:
        self.loads[load_id - 1].bulk_operations[name] = gid

    def forget_bulk(self, load_id: int, name: str) -> None:
        self.loads[load_id - 1].bulk_operations.pop(name, None)

    def mark_landed(self, load_id: int, landed_at: datetime) -> None:
        if self.fail_at_landed:
            raise TransientError("the database is away")
        self.loads[load_id - 1] = replace(self.loads[load_id - 1], state="landed")

    def abandon(self, load_id: int) -> None:
        self.abandoned.append(load_id)


@dataclass
class Bench:
    """One shop, one landing zone, and extraction in one call."""

    shop: SandboxShop
    landing: Landing
    lines: list[str] = field(default_factory=list)

    def extract(self, stream: str, loads: KeptLoads, **config: Any) -> Extracted:
        return extract(
            hurried(self.shop.api()),
            self.landing,
            loads,
            shop=SHOP,
            stream=stream,
            clock=SystemClock(),
            config=ExtractConfig(**config),
            progress=self.lines.append,
        )

    def roots(self, stream: str, loads: KeptLoads, gids: list[str]) -> Extracted:
        return extract_roots(
            hurried(self.shop.api()),
            self.landing,
            loads,
            shop=SHOP,
            stream=stream,
            gids=gids,
            clock=SystemClock(),
            config=ExtractConfig(),
            progress=self.lines.append,
        )

    def plant(self, **faults: Any) -> None:
        """Plant one fault a section."""
        sandbox = self.shop.sandbox
        sandbox.faults.plant({section: [fault] for section, fault in faults.items()}, sandbox.gid_of)

    def manifest(self, stream: str, load_id: int) -> Manifest:
        return self.landing.manifest(f"{SHOP}/{stream}/{load_id}/")

    def assembled(self, stream: str, load_id: int) -> Assembly:
        prefix = f"{SHOP}/{stream}/{load_id}/"
        return assemble(
            STREAMS[stream],
            [
                (p.kind, self.landing.lines(prefix, p) if p.kind == "bulk" else (self.landing.body(prefix, p),))
                for p in self.landing.manifest(prefix).parts
                if p.kind != "asked"
            ],
        )

    def asked(self) -> Counter[str]:
        """Operations the shop has been asked so far."""
        return Counter(line["operation"] for line in self.shop.sandbox.requests.read() if line["kind"] == "graphql")


def contents(assembly: Assembly) -> dict[str, tuple[str, list[tuple[str, str | None, str]]]]:
    """Every document by gid: its own JSON and its children, without what tells how they were read."""

    def plain(raw: bytes) -> str:
        value = json.loads(raw)
        value.pop("__parentId", None)
        for inner in [*value.get("refunds", ()), *value.get("fulfillments", ())]:
            for name in [name for name, held in inner.items() if isinstance(held, dict) and "nodes" in held]:
                del inner[name]
        return json.dumps(value, sort_keys=True)

    return {
        document.gid: (
            plain(document.raw),
            sorted((child.node, child.parent, plain(child.raw)) for child in document.children),
        )
        for document in assembly.documents
    }

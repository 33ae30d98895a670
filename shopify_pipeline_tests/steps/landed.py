"""A shop whose loads are landed by a test and merged by the pipeline, and a dump of what that made.

Here: landing bodies without a store. What is replayed is said in the tests.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from psycopg import sql

from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.config import Settings
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.steps.load import Loaded
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse.loads import Load, Loads
from shopify_pipeline_tests.builders import SHOP

BEGIN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@dataclass
class LandedShop:
    """Lands bodies one load after the other, a minute of the shop's time apart, and merges each."""

    pipeline: Pipeline
    minute: int = 0
    said: list[str] = field(default_factory=list)

    def land(
        self,
        stream: str,
        *bodies: bytes,
        mode: Any = None,
        since: datetime | None = None,
        lines: list[bytes] | None = None,
        asked: list[str] | None = None,
    ) -> Load:
        """Land one load of pages, or of bulk lines, without merging it.

        Args:
            since: Where its window begins.
            asked: Gids that were asked for one by one.
        """
        self.minute += 1
        now = BEGIN + timedelta(minutes=self.minute)
        with self.pipeline.connect() as conn:
            loads = Loads(conn)
            cursor = loads.cursor(self.shop, stream)
            load = loads.open(
                shop=self.shop,
                stream=stream,
                mode=mode or ("full" if cursor is None else "window"),
                window_from=since or (None if cursor is None or mode else cursor - timedelta(minutes=10)),
                window_to=now,
                started_at=now,
            )
            writer = self.pipeline.landing.begin(load.landing_prefix, window_to=load.window_to)
            origin: Any = {"operation": "Test", "query_hash": "hash", "api_version": "2026-10"}
            if asked is not None:
                writer.add("asked", json.dumps(asked).encode(), roots=0, **origin)
            for raw in bodies:
                writer.add("page", raw, roots=1, **origin)
            if lines is not None:
                chunks = (line + b"\n" for line in lines)
                writer.add_lines(chunks, lines=len(lines), roots=1, **origin)
            # Our clock and the shop's are not the same.
            landed_at = now + timedelta(seconds=3.25)
            writer.finish(
                shop=self.shop,
                stream=stream,
                load_id=load.load_id,
                mode=load.mode,
                window_from=load.window_from,
                window_to=load.window_to,
                shop_now=now,
                landed_at=landed_at,
            )
            loads.mark_landed(load.load_id, landed_at)
            return loads.find(load.load_id)

    def __call__(self, stream: str, *bodies: bytes, **more: Any) -> Loaded:
        self.land(stream, *bodies, **more)
        loaded = self.pipeline.load(stream)
        assert loaded is not None
        return loaded

    @property
    def shop(self) -> str:
        return self.pipeline.shop.domain

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.pipeline.connect() as conn:
            return conn.execute(query).fetchall()  # type: ignore[arg-type]

    def run(self, statement: str) -> None:
        with self.pipeline.connect() as conn:
            conn.execute(statement)  # type: ignore[arg-type]

    def dump(self) -> dict[str, bytes]:
        """Every table of the shopify schema as COPY writes it, ordered by all its columns; histories, too."""
        dumped = {}
        with self.pipeline.connect() as conn:
            names = [
                name
                for stream in STREAMS.values()
                for table in stream.tables
                for name in ([table.name, f"{table.name}_history"] if table.tracked else [table.name])
            ]
            for name in names:
                statement = sql.SQL("copy (select * from {0} as t order by t::text) to stdout").format(
                    sql.Identifier("shopify", name)
                )
                with conn.cursor().copy(statement) as copy:
                    dumped[name] = b"".join(bytes(chunk) for chunk in copy)
        return dumped


def landed_shop(home: Path, dsn: str, shop: str = SHOP, *, keep_days: int | None = None) -> LandedShop:
    """A shop with a landing zone in this folder; nobody answers there."""
    settings = Settings(
        home=home,
        landing={"keep_days": keep_days},
        warehouse={"dsn": dsn},
        shops={shop.split(".")[0]: {"domain": shop, "access_token": "none"}},
    )
    said: list[str] = []
    pipeline = Pipeline(settings, shop, progress=said.append, clock=SimulatedClock(BEGIN + timedelta(days=1)))
    return LandedShop(pipeline, said=said)

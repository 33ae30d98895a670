"""A load in one call: bodies in, counts out, on a real warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.steps.load import Loaded, load_landed
from shopify_pipeline.warehouse.connect import Connection, connect
from shopify_pipeline.warehouse.loads import Loads
from shopify_pipeline_tests.builders import SHOP

BEGIN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@dataclass
class Loading:
    """Loads bodies one after the other, a minute of the shop's time apart."""

    conn: Connection
    minute: int = 0

    def __call__(self, stream: str, *bodies: tuple[str, list[bytes]], mode: Any = None) -> Loaded:
        self.minute += 1
        now = BEGIN + timedelta(minutes=self.minute)
        loads = Loads(self.conn)
        cursor = loads.cursor(SHOP, stream)
        load = loads.open(
            shop=SHOP,
            stream=stream,
            mode=mode or ("full" if cursor is None else "window"),
            window_from=None if cursor is None else cursor - timedelta(minutes=10),
            window_to=now,
            started_at=now,
        )
        loads.mark_landed(load.load_id, now)
        landed = loads.unfinished(SHOP, stream)
        assert landed is not None
        return load_landed(
            self.conn,
            bodies,
            load=landed,
            stream=STREAMS[stream],
            clock=SimulatedClock(now),
            progress=lambda line: None,
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.conn.execute(query).fetchall()  # type: ignore[arg-type]


@pytest.fixture
def loading(warehouse_dsn: str) -> Iterator[Loading]:
    with connect(warehouse_dsn) as conn:
        yield Loading(conn)


Load = Callable[..., Loaded]

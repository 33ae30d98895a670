"""A home for a benchmark, of which nothing is left afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shopify_pipeline.local.postgres import LocalPostgres


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder; what PostgreSQL keeps elsewhere, because its account may not enter there, goes with it."""
    yield tmp_path
    LocalPostgres(tmp_path / "postgres").remove()

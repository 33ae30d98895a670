"""Folders for the parts of a local stack."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder any account may enter, unlike pytest's own: PostgreSQL keeps its data in it when root starts it."""
    with tempfile.TemporaryDirectory(prefix="shopify-pipeline-tests-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)

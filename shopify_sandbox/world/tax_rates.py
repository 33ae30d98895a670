"""A tax as places have it: its name and its rate."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TaxRate:
    """A tax; the rate is in millionths (8.25 % is 82_500)."""

    title: str
    ppm: int

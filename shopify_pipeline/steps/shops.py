"""Shops: one is added after it was asked who it is, all are listed, and none is started while a person has paused it.

Here: what concerns a shop as a whole. Not here: the text of the settings file (``config_file.py``), and any sync.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from shopify_pipeline.config import Settings, settings_from
from shopify_pipeline.config_file import with_shop, write_secret, write_settings
from shopify_pipeline.errors import PipelineError, ShopLeftAloneError
from shopify_pipeline.ops import status as reports
from shopify_pipeline.shopify.client import ShopInfo
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse.paused import Paused, paused


def add(
    path: Path, name: str, values: Mapping[str, Any], secret: str | None, progress: Callable[[str], None]
) -> ShopInfo:
    """Ask a shop who it is and what the app may do there, then write its section into the settings file.

    Args:
        name: What the section is called.
        values: Its settings, without the time zone, which the shop tells.
        secret: The app's client secret, for a file of its own beside the settings; None when ``values`` names its file.

    Returns:
        What the shop said.

    Raises:
        PipelineError: It cannot be reached, is another one, does not grant what is needed, or is there already; the
            settings are as they were.
    """
    text = path.read_text()
    section = dict(values)
    kept_in = path.parent.resolve() / "secrets" / f"{name}-client-secret"
    if secret is not None:
        section["client_secret_file"] = str(kept_in)
    wanted = with_shop(text, name, section)
    if secret is not None:
        write_secret(kept_in, secret)
    try:
        asked = settings_from(path, tomllib.loads(wanted))
        info = Pipeline(asked, str(values["domain"]), progress=progress, despite={"access lost"}).api.check_shop()
        whole = with_shop(text, name, section | {"time_zone": info.iana_timezone})
        Pipeline(settings_from(path, tomllib.loads(whole)), str(values["domain"]), progress=progress).introduce()
    except PipelineError:
        if secret is not None:
            kept_in.unlink()
        raise
    write_settings(path, whole)
    return info


def why_not_now(pipeline: Pipeline) -> str | None:
    """Why nothing is started for this shop now; None when things may be.

    Raises:
        PipelineError: The warehouse does not answer.
    """
    found = paused_since(pipeline)
    if found is not None:
        return f"paused since {found.since:%Y-%m-%d %H:%M} UTC: {found.because}"
    try:
        pipeline.refuse_while_left_alone()
    except ShopLeftAloneError as exc:
        return str(exc)
    return None


def paused_since(pipeline: Pipeline) -> Paused | None:
    """Since when and why a person has paused this shop; None when nobody has."""
    with pipeline.connect() as conn:
        return paused(conn, pipeline.shop.domain)


def sync_all(
    settings: Settings, streams: Collection[str], progress: Callable[[str], None]
) -> list[dict[str, str | None]]:
    """Read and load what changed in every shop, one after the other; one that fails leaves the others alone.

    Returns:
        One row per shop: ``shop``, ``outcome`` (``synced``, ``skipped`` or ``failed``) and why.
    """
    rows = []
    for shop in settings.shops.values():
        pipeline = Pipeline(settings, shop.domain, progress=_told_of(shop.domain, progress))
        outcome, why = _synced(pipeline, streams)
        rows.append({"shop": shop.domain, "outcome": outcome, "why": why})
    return rows


def _told_of(shop: str, progress: Callable[[str], None]) -> Callable[[str], None]:
    return lambda line: progress(f"{shop}  {line}")


def _synced(pipeline: Pipeline, streams: Collection[str]) -> tuple[str, str | None]:
    try:
        reason = why_not_now(pipeline)
        if reason is not None:
            return "skipped", reason
        for stream in streams:
            pipeline.sync(stream)
    except PipelineError as exc:
        return "failed", str(exc)
    return "synced", None


def listed(settings: Settings, progress: Callable[[str], None], now: datetime) -> list[dict[str, Any]]:
    """Every configured shop: what it said of itself, and how it is."""
    rows = []
    for name, shop in settings.shops.items():
        pipeline = Pipeline(settings, shop.domain, progress=progress)
        with pipeline.connect() as conn:
            rows.append({"name": name} | reports.shop(conn, shop.domain, now))
        refused = pipeline.left_alone()
        rows[-1]["left_alone"] = refused.reason if refused else None
    return rows

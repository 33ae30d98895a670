"""Checks everything a sync needs, one thing after the other, and says for each what to do.

Here: asking. Not here: repairing; a finding names the setting or the command.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from shopify_pipeline.errors import ConfigError, PipelineError
from shopify_pipeline.shopify.client import REQUIRED_SCOPES
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse.migrate import newest


@dataclass(frozen=True)
class Finding:
    """One thing that was checked."""

    what: str
    ok: bool
    message: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def examine(pipeline: Pipeline) -> list[Finding]:
    """Check warehouse, landing, shop, value map and back office; a failure of one does not hide the others."""
    checks: tuple[tuple[str, Callable[[Pipeline], str]], ...] = (
        ("warehouse", _warehouse),
        ("shop", _shop),
        ("value map", _value_map),
        ("back office", _backoffice),
    )
    return [_finding(what, check, pipeline) for what, check in checks]


def _finding(what: str, check: Callable[[Pipeline], str], pipeline: Pipeline) -> Finding:
    try:
        return Finding(what, True, check(pipeline))
    except PipelineError as exc:
        return Finding(what, False, str(exc))


def _warehouse(pipeline: Pipeline) -> str:
    with pipeline.connect() as conn:
        known = conn.execute("select to_regclass('public.alembic_version') is not null").fetchone()
        if known is None or not known[0]:
            raise ConfigError("the database has no schema yet: run shopify-pipeline migrate")
        version = conn.execute("select version_num from public.alembic_version").fetchone()
        found = version[0] if version else "none"
    if found != newest():
        raise ConfigError(f"the schema is at {found}, this version needs {newest()}: run shopify-pipeline migrate")
    return f"PostgreSQL answers, schema {found}"


def _shop(pipeline: Pipeline) -> str:
    info = pipeline.introduce()
    more = sorted(set(info.scopes) - set(REQUIRED_SCOPES))
    extra = f"; granted and not needed: {', '.join(more)}" if more else ""
    return f"{info.name}, {info.currency}, {info.iana_timezone}, API {pipeline.shop.api_version}{extra}"


def _value_map(pipeline: Pipeline) -> str:
    return f"{sum(1 for _ in pipeline.value_map().entries())} entries"


def _backoffice(pipeline: Pipeline) -> str:
    health = pipeline.backoffice.health()
    return f"{health.product} {health.version}, plug-in {health.plugin}, books in {health.currency}"

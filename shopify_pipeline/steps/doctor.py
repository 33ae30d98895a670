"""Checks everything a sync needs, one thing after the other, and says for each what to do.

Here: asking. Not here: repairing; a finding names the setting or the command.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import msgspec

from shopify_pipeline.backoffice import seen
from shopify_pipeline.backoffice.seen import Word
from shopify_pipeline.errors import ConfigError, PipelineError
from shopify_pipeline.shopify import access
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.warehouse.migrate import newest

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One thing that was checked.

    Attributes:
        state: ``fail`` keeps a sync from working; ``warn`` does not, and somebody should look at it.
    """

    what: str
    state: State
    message: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def examine(pipeline: Pipeline) -> list[Finding]:
    """Check warehouse, token, shop, scopes, value map and back office; a failure of one does not hide the others."""
    checks: tuple[tuple[str, Callable[[Pipeline], tuple[State, str]]], ...] = (
        ("warehouse", _warehouse),
        ("token", _token),
        ("shop", _shop),
        ("value map", _value_map),
        ("back office", _backoffice),
    )
    found = [_finding(what, check, pipeline) for what, check in checks]
    failed = {each.what for each in found if each.state == "fail"}
    # What cannot be read has been said above, once.
    if not failed & {"shop", "back office"}:
        found.append(_finding("currency", _currency, pipeline))
    if not failed & {"value map", "back office"}:
        found.append(_finding("value map, codes", _codes, pipeline))
    if not failed & {"value map", "warehouse"}:
        found += [_finding("value map, unused", _unused, pipeline), *_unmapped(pipeline)]
    return found


def _finding(what: str, check: Callable[[Pipeline], tuple[State, str]], pipeline: Pipeline) -> Finding:
    try:
        return Finding(what, *check(pipeline))
    except PipelineError as exc:
        return Finding(what, "fail", str(exc))


def _warehouse(pipeline: Pipeline) -> tuple[State, str]:
    with pipeline.connect() as conn:
        known = conn.execute("select to_regclass('public.alembic_version') is not null").fetchone()
        if known is None or not known[0]:
            raise ConfigError("the database has no schema yet: run shopify-pipeline migrate")
        version = conn.execute("select version_num from public.alembic_version").fetchone()
        found = version[0] if version else "none"
    if found != newest():
        raise ConfigError(f"the schema is at {found}, this version needs {newest()}: run shopify-pipeline migrate")
    return "ok", f"PostgreSQL answers, schema {found}"


def _token(pipeline: Pipeline) -> tuple[State, str]:
    if pipeline.shop.access_token is not None:
        return "warn", (
            "access_token does not expire and cannot be renewed; Shopify makes no more of them since 2026-01-01 and "
            "refuses those of public apps from 2027-01-01: set client_id and client_secret_file instead"
        )
    if pipeline.shop.refresh_token_file is not None:
        return "ok", "renewed every hour by a refresh token kept in the warehouse"
    return "ok", "renewed every day by client id and secret"


def _shop(pipeline: Pipeline) -> tuple[State, str]:
    info = pipeline.ask_shop()
    said = f"{info.name}, {info.currency}, {info.iana_timezone}, API {pipeline.shop.api_version}"
    unneeded = access.unneeded(info.scopes)
    if unneeded:
        return "warn", f"{said}; scopes granted and not needed: {', '.join(unneeded)}"
    return "ok", f"{said}; scopes are exactly what is needed"


def _value_map(pipeline: Pipeline) -> tuple[State, str]:
    return "ok", f"{sum(1 for _ in pipeline.value_map().entries())} entries"


def _codes(pipeline: Pipeline) -> tuple[State, str]:
    unknown = pipeline.backoffice.unknown_codes(pipeline.shop.domain, seen.codes(pipeline.value_map()))
    lacking = [f"{kind} {', '.join(codes)}" for kind, codes in msgspec.structs.asdict(unknown).items() if codes]
    if lacking:
        raise ConfigError(f"the back office lacks {'; '.join(lacking)}: correct the value map, or make them there")
    return "ok", "the back office has every code of it"


def _currency(pipeline: Pipeline) -> tuple[State, str]:
    sells_in = pipeline.ask_shop().currency
    books_in = pipeline.backoffice.health(pipeline.shop.domain).currency
    if sells_in != books_in:
        raise ConfigError(
            f"the shop is in {sells_in}, its books are in {books_in}: set {pipeline.shop.domain} up in a company whose "
            f"currency is {sells_in}"
        )
    return "ok", f"shop and books are in {books_in}"


def _unused(pipeline: Pipeline) -> tuple[State, str]:
    entries = [f"{kind} {key!r}" for kind, key in seen.unused(_words(pipeline), pipeline.value_map())]
    return "ok", f"nobody has used {', '.join(entries)}" if entries else "every entry is used"


def _unmapped(pipeline: Pipeline) -> list[Finding]:
    """One warning per word without a code: what it belongs to is not pushed."""
    return [
        Finding("value map, lacking", "warn", f"{word.line}   seen {word.records} times; what has it is not pushed")
        for word in seen.unmapped(_words(pipeline), pipeline.value_map())
    ]


def _words(pipeline: Pipeline) -> list[Word]:
    """What the shop has said since go-live, or ever while that is still to come."""
    since = pipeline.books().go_live_at if pipeline.shop.go_live_on is not None else None
    with pipeline.connect() as conn:
        return seen.words(conn, pipeline.shop.domain, None if since is None or since > pipeline.clock.now() else since)


def _backoffice(pipeline: Pipeline) -> tuple[State, str]:
    health = pipeline.backoffice.health(pipeline.shop.domain)
    return "ok", f"{health.product} {health.version}, plug-in {health.plugin}, books in {health.currency}"

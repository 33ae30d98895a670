"""A shop that grants less: what cannot be read is skipped and said to be, everything else goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shopify_pipeline.errors import AccessDeniedError
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.steps.changes import reason_to_sync
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline_tests.shopify.sandboxed import SandboxShop, sandbox_shop
from shopify_pipeline_tests.steps.shops import pipeline_of, shop_settings


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[SandboxShop]:
    with sandbox_shop(tmp_path / "shop", orders=10) as running:
        yield running


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def pipeline(shop: SandboxShop, tmp_path: Path, warehouse_dsn: str, told: list[str]) -> Pipeline:
    return pipeline_of(tmp_path, warehouse_dsn, shop_settings(shop), progress=told.append)


def grant_all_but(shop: SandboxShop, *scopes: str) -> None:
    shop.sandbox.tokens.set_scopes(sorted(set(least_privilege()) - set(scopes)))


def outcomes(pipeline: Pipeline) -> dict[str, tuple[str, str | None]]:
    with pipeline.connect() as conn:
        rows = conn.execute("select stage, outcome, message from ops.stages order by finished_at").fetchall()
    return {stage: (outcome, message) for stage, outcome, message in rows}


def test_a_stream_whose_scope_is_missing_is_skipped_and_the_line_names_the_scope(
    shop: SandboxShop, pipeline: Pipeline, told: list[str]
) -> None:
    grant_all_but(shop, "read_shopify_payments_disputes")
    assert pipeline.extract("payouts") is None
    assert pipeline.load("payouts") is None
    said = "sandbox-usd.myshopify.com does not grant read_shopify_payments_disputes: payouts is not read"
    assert told[-1] == said
    assert outcomes(pipeline)["extract:payouts"] == ("skipped", said)


def test_the_other_streams_are_read_all_the_same(shop: SandboxShop, pipeline: Pipeline) -> None:
    grant_all_but(shop, "read_shopify_payments_disputes")
    pipeline.sync("payouts")
    pipeline.sync("tender_transactions")
    assert outcomes(pipeline)["load:tender_transactions"][0] == "success"
    assert "load:payouts" not in outcomes(pipeline)


def test_a_skipped_stream_is_no_reason_to_sync_again_and_again(shop: SandboxShop, pipeline: Pipeline) -> None:
    grant_all_but(shop, "read_gift_cards")
    assert "gift_cards" in (reason_to_sync(pipeline, datetime.now(UTC)) or "")
    pipeline.sync("gift_cards")
    assert "gift_cards" not in (reason_to_sync(pipeline, datetime.now(UTC)) or "")


def test_a_scope_that_is_granted_later_opens_the_stream(shop: SandboxShop, pipeline: Pipeline) -> None:
    grant_all_but(shop, "read_shopify_payments_payouts")
    pipeline.sync("payouts")
    grant_all_but(shop)
    pipeline.sync("payouts")
    assert outcomes(pipeline)["load:payouts"][0] == "success"


def test_a_scope_every_shop_must_grant_is_still_an_error(shop: SandboxShop, pipeline: Pipeline) -> None:
    grant_all_but(shop, "read_orders")
    with pytest.raises(AccessDeniedError, match="lacks the scopes read_orders"):
        pipeline.extract("tender_transactions")


def test_hints_of_a_stream_are_asked_for_while_its_scope_is_granted(
    shop: SandboxShop, tmp_path: Path, warehouse_dsn: str
) -> None:
    told_at = shop_settings(shop, webhook_uri="https://127.0.0.1:9/webhooks")
    addressed = pipeline_of(tmp_path, warehouse_dsn, told_at)
    disputes = ("disputes/create", "disputes/update")

    grant_all_but(shop, "read_shopify_payments_disputes")
    first = addressed.subscribe()
    grant_all_but(shop)
    granted = addressed.subscribe()
    grant_all_but(shop, "read_shopify_payments_disputes")
    withdrawn = addressed.subscribe()

    assert first is not None
    assert granted is not None
    assert withdrawn is not None
    assert "fulfillment_orders/moved" in first.created
    assert not set(disputes) & set(first.created)
    assert granted.created == disputes
    assert withdrawn.removed == ("DISPUTES_CREATE", "DISPUTES_UPDATE")

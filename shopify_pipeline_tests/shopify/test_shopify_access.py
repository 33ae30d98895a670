"""Scopes: what our operations need is known from the documents, and compared with what was granted."""

from __future__ import annotations

import subprocess
import sys

import pytest

from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.shopify import access
from shopify_pipeline.shopify.access import least_privilege, missing, not_granted, requirements, unneeded


def test_the_least_privilege_is_enough_and_every_scope_of_it_is_needed() -> None:
    assert missing(least_privilege()) == []
    for scope in least_privilege():
        granted = set(least_privilege()) - {scope}
        assert missing(granted) or any(not_granted(stream, granted) for stream in STREAMS.values()), scope


def test_a_scope_not_every_shop_grants_is_missed_by_its_stream_alone() -> None:
    granted = set(least_privilege()) - {"read_gift_cards"}
    assert missing(granted) == []
    skipped = {name: scopes for name, stream in STREAMS.items() if (scopes := not_granted(stream, granted))}
    assert skipped == {"gift_cards": ["read_gift_cards"]}


def test_what_the_merchant_ships_is_asked_for_and_no_other_fulfillment_orders() -> None:
    asked = [scope for scope in least_privilege() if scope.endswith("fulfillment_orders")]
    assert asked == ["read_merchant_managed_fulfillment_orders"]
    assert not_granted(STREAMS["fulfillment_orders"], {"write_merchant_managed_fulfillment_orders"}) == []


def test_the_streams_every_shop_is_read_for_name_no_scope() -> None:
    assert {name for name, stream in STREAMS.items() if not stream.scopes} >= {
        "products",
        "inventory",
        "customers",
        "orders",
    }


def test_all_orders_is_needed_though_no_field_asks_for_it() -> None:
    assert missing(set(least_privilege()) - {"read_all_orders"}) == ["read_all_orders"]


def test_where_several_scopes_would_do_all_of_them_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert frozenset({"read_inventory", "read_locations", "read_markets_home"}) in requirements()
    monkeypatch.setattr(access, "requirements", lambda: (frozenset({"read_a", "read_b"}), frozenset({"read_c"})))
    assert missing({"read_c"}) == ["one of read_a, read_b"]
    assert missing({"read_b", "read_c"}) == []


def test_a_scope_that_is_named_by_itself_is_not_named_again_among_alternatives() -> None:
    assert missing(set(least_privilege()) - {"read_orders"}) == ["read_orders"]


def test_whoever_may_write_may_read() -> None:
    assert missing({*least_privilege(), "write_orders"} - {"read_orders"}) == []


def test_what_nobody_needs_is_named() -> None:
    assert unneeded([*least_privilege(), "write_themes", "read_users"]) == ["read_users", "write_themes"]
    assert unneeded(least_privilege()) == []


def test_the_list_for_a_merchant_is_printed_one_scope_a_line() -> None:
    command = [sys.executable, "-m", "shopify_pipeline.shopify.access"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert tuple(printed.split()) == least_privilege()

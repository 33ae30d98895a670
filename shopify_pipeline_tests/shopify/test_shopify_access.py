"""Scopes: what our operations need is known from the documents, and compared with what was granted."""

from __future__ import annotations

import subprocess
import sys

from shopify_pipeline.shopify.access import least_privilege, missing, requirements, unneeded


def test_the_least_privilege_is_enough_and_every_scope_of_it_is_needed() -> None:
    assert missing(least_privilege()) == []
    for scope in least_privilege():
        assert missing(set(least_privilege()) - {scope}) != []


def test_all_orders_is_needed_though_no_field_asks_for_it() -> None:
    assert missing(set(least_privilege()) - {"read_all_orders"}) == ["read_all_orders"]


def test_where_several_scopes_would_do_all_of_them_are_named() -> None:
    assert frozenset({"read_returns", "read_marketplace_returns"}) in requirements()
    lacking = missing(set(least_privilege()) - {"read_returns"})
    assert lacking == ["one of read_marketplace_returns, read_returns"]
    assert missing({*least_privilege(), "read_marketplace_returns"} - {"read_returns"}) == []


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

"""Malformed records are withheld with everything needed to judge them, all others are loaded, and a replay heals.

The store spoils the records on their way out; what its truth tells is always the sound version.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from shopify_pipeline_tests.e2e.installation import Installation
from shopify_pipeline_tests.e2e.store import Store

NOT_IN_ORDER = 3
HUGE = 2**64 + 1


def stamps(installation: Installation) -> dict[int, datetime]:
    """By order: the version the warehouse holds."""
    return dict(installation.rows("select order_id, updated_at from shopify.orders"))


def test_malformed_orders_are_withheld_alone_and_a_replay_loads_them_once_the_cause_is_gone(
    installation: Installation, another_store: Store
) -> None:
    reading = replace(installation, store=another_store)
    reading.write_settings()
    before = stamps(reading)
    truth = {int(row["order_id"]): datetime.fromisoformat(row["updated_at"]) for row in another_store.rows("orders")}
    no_currency, huge, with_orphan, *_ = sorted(truth.keys() - before.keys())
    bad_money = max(order_id for order_id, stamp in before.items() if truth[order_id] != stamp)
    names = {int(row["order_id"]): row["name"] for row in another_store.rows("orders")}
    for kind, order_id in {
        "bad_money": bad_money,
        "missing_currency": no_currency,
        "huge_id": huge,
        "orphan_child": with_orphan,
    }.items():
        another_store.plant(kind, f"gid://shopify/Order/{order_id}")

    stopped = reading.run("sync")
    assert (stopped.code, stamps(reading)) == (1, before)
    assert "sync --accept-quarantine" in stopped.err
    reading.done("sync", "--accept-quarantine")

    # The record with a foreign parent spoils its order's details, too, where nothing says whose child it is.
    listed = json.loads(reading.done("quarantine", "list", "--json").out)
    spoilt = [row for row in listed if row["root"].split()[1] == f"{with_orphan}"]
    assert [(row["rule"], row["path"]) for row in spoilt] == [("wrong_type", "$.id")]
    withheld = {row["rule"]: row for row in listed if row not in spoilt}
    assert {rule: (row["stream"], row["root"].split()[0], row["path"]) for rule, row in withheld.items()} == {
        "wrong_type": ("orders", "Order", "$.originalTotalPriceSet.shopMoney.amount"),
        "missing_field": ("orders", "Order", "$.originalTotalPriceSet.shopMoney"),
        "id_out_of_range": ("orders", "Order", "$.id"),
        "orphan": ("orders", "LineItem", "$.__parentId"),
    }
    roots = {rule: row["root"].split()[1] for rule, row in withheld.items() if rule != "orphan"}
    assert roots == {"wrong_type": f"{bad_money}", "missing_field": f"{no_currency}", "id_out_of_range": f"{HUGE}"}
    raw = {rule: json.loads(row["raw"]) for rule, row in withheld.items()}
    assert raw["wrong_type"]["name"] == names[bad_money]
    assert raw["wrong_type"]["originalTotalPriceSet"]["shopMoney"]["amount"] == "12.x4"
    assert "currencyCode" not in raw["missing_field"]["originalTotalPriceSet"]["shopMoney"]
    assert raw["id_out_of_range"]["name"] == names[huge]
    assert raw["orphan"]["__parentId"] == "gid://shopify/Order/1"

    sound = {order_id: stamp for order_id, stamp in truth.items() if order_id not in (no_currency, huge, with_orphan)}
    assert stamps(reading) == sound | {bad_money: before[bad_money]}

    too_early = reading.run("quarantine", "replay", "--json")
    assert (too_early.code, too_early.counts) == (NOT_IN_ORDER, {"replayed": 5, "released": 0, "remaining": 5})

    another_store.heal()
    healed = reading.done("quarantine", "replay", "--json").counts
    assert healed == {"replayed": 5, "released": 5, "remaining": 0}
    assert reading.difference_to_truth() == {}

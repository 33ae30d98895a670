"""Payloads of webhooks against the structure of Shopify's own examples."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shopify_pipeline_tests.generated.webhook_shapes import TARGET, generated, types_of
from shopify_sandbox.store import Store
from shopify_sandbox.webhooks.payloads import payload
from shopify_sandbox.world.arguments import Arguments
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.records import Order

SHAPES: dict[str, dict[str, str]] = json.loads(TARGET.read_text(encoding="utf-8"))
#: Of ``app/uninstalled`` the sandbox says only what its world knows of the shop.
SPARSE = {"app/uninstalled"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A world in which everything that has a payload has happened."""
    made = Store.create(
        tmp_path_factory.mktemp("payloads"),
        Arguments(seed=11, orders=60, days=40, now=datetime(2026, 11, 20, 12, tzinfo=UTC), shop="a-shop.myshopify.com"),
    )
    made.advance(new_orders=5, capture=3, fulfill=5, refund=4, edit=2, cancel=1)
    return made


def records(store: Store, topic: str) -> list[Any]:
    state = store.state
    others: dict[str, list[Any]] = {}
    for (kind, _), record in state.others.items():
        others.setdefault(kind, []).append(record)
    return {
        "app": [state.shop],
        "shop": [state.shop],
        "customers": list(state.customers.values()),
        "fulfillments": others["Fulfillment"],
        "inventory_items": list(state.items.values()),
        "inventory_levels": list(state.levels.values()),
        "orders": list(state.orders.values()),
        "products": list(state.products.values()),
        "refunds": others["Refund"],
    }[topic.partition("/")[0]]


def sent(store: Store, topic: str, record: Any) -> dict[str, Any]:
    """The payload as it arrives, numbers exact."""
    body = msgspec.json.Encoder(decimal_format="number").encode(payload(topic, record, shop=store.shop))
    return dict(json.loads(body, parse_float=str))


TOPICS = sorted(set(SHAPES) - {"bulk_operations/finish"})


@pytest.mark.parametrize("topic", TOPICS)
def test_payloads_have_no_key_that_shopifys_do_not_have(store: Store, topic: str) -> None:
    shape = SHAPES[topic]
    found = {path for record in records(store, topic) for path, _ in types_of(sent(store, topic, record))}
    # What the items of a list look like of which every known example is empty, nobody can compare.
    assert sorted(path for path in found - set(shape) if _list_around(path) in shape) == []


@pytest.mark.parametrize("topic", sorted(set(TOPICS) - SPARSE))
def test_payloads_lack_no_key_of_shopifys_example(store: Store, topic: str) -> None:
    found = {path for record in records(store, topic) for path, _ in types_of(sent(store, topic, record))}
    shape = SHAPES[topic]
    missing = {path for path, types in shape.items() if types.startswith("!") and path not in found}
    # Below a key that is null here, or in a list that is empty, there is nothing to compare.
    assert sorted(path for path in missing if path.rpartition(".")[0] in found and not path.endswith("[]")) == []


def _list_around(path: str) -> str:
    """The innermost list's items a path is in or ends with; the payload itself when there is none."""
    head, bracket, _ = path.rpartition("[]")
    return head + bracket


@pytest.mark.parametrize("topic", TOPICS)
def test_values_have_the_types_shopifys_have(store: Store, topic: str) -> None:
    wrong = set()
    for record in records(store, topic):
        body = payload(topic, record, shop=store.shop)
        for path, name in types_of(body):
            allowed = SHAPES[topic].get(path, name).lstrip("!").split("|")
            # An example that shows null says nothing of the other values; that ours is null where no example was is no
            # contradiction either.
            if name != "null" and name not in allowed and allowed != ["null"]:
                wrong.add((path, name, tuple(allowed)))
    assert sorted(wrong) == []


def test_amounts_are_text_with_two_decimals_and_times_carry_the_shops_offset(store: Store) -> None:
    order = next(iter(store.state.orders.values()))
    told = sent(store, "orders/updated", order)
    total = figures(order).total_price
    assert told["total_price"] == f"{total // 100}.{total % 100:02d}"
    money = {"amount": told["total_price"], "currency_code": "USD"}
    assert told["total_price_set"] == {"shop_money": money, "presentment_money": money}
    assert datetime.fromisoformat(told["created_at"]) == order.created_at
    assert told["created_at"][-6:] in ("-05:00", "-04:00")
    assert (told["id"], told["admin_graphql_api_id"]) == (order.id, f"gid://shopify/Order/{order.id}")


def test_lines_of_a_refund_give_their_subtotal_as_a_number_too(store: Store) -> None:
    refund = next(refund for order in store.state.orders.values() for refund in order.refunds if refund.lines)
    line = sent(store, "refunds/create", refund)["refund_line_items"][0]
    assert line["subtotal"] == line["subtotal_set"]["shop_money"]["amount"]


@pytest.mark.parametrize(
    ("total", "status"),
    [
        (lambda order: order.unfulfilled == 0 and any(line.fulfilled for line in order.lines), "fulfilled"),
        (lambda order: not any(line.fulfilled for line in order.lines), None),
    ],
    ids=["all shipped", "nothing shipped"],
)
def test_fulfillment_status_is_null_until_something_has_shipped(
    store: Store, total: Callable[[Order], bool], status: str | None
) -> None:
    order = next(order for order in store.state.orders.values() if total(order))
    assert sent(store, "orders/updated", order)["fulfillment_status"] == status


def test_a_request_to_redact_names_the_customer_and_all_orders(store: Store) -> None:
    customer = next(customer for customer in store.state.customers.values() if len(customer.orders) > 1)
    assert sent(store, "customers/redact", customer) == {
        "shop_id": store.shop.id,
        "shop_domain": "a-shop.myshopify.com",
        "customer": {"id": customer.id, "email": customer.email, "phone": customer.phone},
        "orders_to_redact": [order.id for order in customer.orders],
    }


@pytest.mark.npm
def test_the_structure_is_what_the_package_holds() -> None:
    assert generated() == Path(TARGET).read_text(encoding="utf-8")

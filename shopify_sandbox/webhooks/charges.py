"""What a webhook says of duties and additional fees.

Here: those two. Not here: the order they are part of (``orders.py``).
"""

from collections.abc import Mapping
from typing import Any

from shopify_sandbox.webhooks.values import Values
from shopify_sandbox.world.figures import Figures
from shopify_sandbox.world.records import Duty


def charges(money: Figures) -> Mapping[str, int]:
    """Duties and additional fees of an order that has them."""
    every = {
        "original_total_duties": money.original_total_duties,
        "current_total_duties": money.current_total_duties,
        "original_total_additional_fees": money.original_total_fees,
        "current_total_additional_fees": money.current_total_fees,
    }
    return {name: minor for name, minor in every.items() if minor is not None}


def duty(one: Duty, values: Values) -> Mapping[str, Any]:
    return {
        "id": one.id,
        "harmonized_system_code": one.hs_code,
        "country_code_of_origin": one.country,
        "shop_money": values.money(one.price)["shop_money"],
        "presentment_money": values.money(one.price)["presentment_money"],
        "tax_lines": [],
        "admin_graphql_api_id": f"gid://shopify/Duty/{one.id}",
    }

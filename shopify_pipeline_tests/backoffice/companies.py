"""A shop in one of the template's companies, set up as a person does it in the back office's own client.

Not here: what is pushed for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shopify_pipeline.local.tryton import COMPANY, CURRENCY, OTHER_COMPANIES


def set_up_shop(as_admin: Callable[..., Any], shop: str, currency: str) -> int:
    """Give the shop to the company of a currency.

    Args:
        as_admin: Calls any RPC method as the administrator.

    Returns:
        The company's id.
    """
    company = company_of(as_admin, currency)
    (admin,) = as_admin("model.res.user.search", [("login", "=", "admin")], 0, None, None)
    (before,) = as_admin("model.res.user.read", [admin], ["company"])
    money = as_admin("model.company.company.read", [company], ["currency"])[0]["currency"]
    # A person creates what belongs to a company while working in it.
    as_admin("model.res.user.write", [admin], {"company": company})
    try:
        as_admin("model.web.shop.create", [{"name": shop, "company": company, "currency": money}])
    finally:
        as_admin("model.res.user.write", [admin], {"company": before["company"]})
    return company


def company_of(as_admin: Callable[..., Any], currency: str) -> int:
    """The id of the company of a currency."""
    name = {CURRENCY: COMPANY, **OTHER_COMPANIES}[currency]
    found: list[int] = as_admin("model.company.company.search", [("party.name", "=", name)], 0, None, None)
    (company,) = found
    return company

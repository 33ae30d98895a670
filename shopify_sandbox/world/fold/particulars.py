"""What few orders and lines have: duties, fees, companies, terms, bundles; from an event's facts to records.

Here: reading those facts. Not here: what every order has (``orders.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shopify_sandbox.world.buyer_records import Company, CompanyLocation, PurchasingCompany
from shopify_sandbox.world.records import (
    AdditionalFee,
    Duty,
    LineGroup,
    LineParticulars,
    Order,
    Particulars,
    PaymentTerms,
)
from shopify_sandbox.world.state import State
from shopify_sandbox.world.times import instant


def particulars(state: State, order: Order, facts: Mapping[str, Any]) -> Particulars:
    fees = [AdditionalFee(fee_id, order, name, price) for fee_id, name, price in facts.get("fees", ())]
    for fee in fees:
        state.keep("AdditionalFee", fee.id, fee)
    return Particulars(
        is_test=facts.get("is_test", False),
        po_number=facts.get("po_number"),
        purchaser=_purchaser(state, facts["purchaser"]) if "purchaser" in facts else None,
        terms=_terms(state, facts["terms"]) if "terms" in facts else None,
        fees=fees,
    )


def line_particulars(state: State, order: Order, facts: Mapping[str, Any]) -> LineParticulars:
    rows = facts.get("duties", ())
    duties = [Duty(duty_id, order, country, hs_code, price) for duty_id, country, hs_code, price in rows]
    for duty in duties:
        state.keep("Duty", duty.id, duty)
    return LineParticulars(
        properties=[(key, value) for key, value in facts.get("properties", ())],
        duties=duties,
        group=_group(state, facts["group"]) if "group" in facts else None,
        selling_plan=facts.get("selling_plan"),
    )


def _group(state: State, facts: Mapping[str, Any]) -> LineGroup:
    """The group its first line brought, or a new one."""
    group: LineGroup | None = state.others.get(("LineItemGroup", facts["id"]))
    if group is None:
        group = LineGroup(**facts)
        state.keep("LineItemGroup", group.id, group)
    return group


def _purchaser(state: State, facts: Mapping[str, Any]) -> PurchasingCompany:
    """The company as the shop knows it since its first order."""
    location: CompanyLocation | None = state.others.get(("CompanyLocation", facts["location_id"]))
    if location is None:
        company = state.others.get(("Company", facts["id"])) or Company(facts["id"], facts["name"])
        state.keep("Company", company.id, company)
        location = CompanyLocation(facts["location_id"], facts["location"], company)
        state.keep("CompanyLocation", location.id, location)
    return PurchasingCompany(location.company, location)


def _terms(state: State, facts: Mapping[str, Any]) -> PaymentTerms:
    terms = PaymentTerms(**{**facts, "due_at": instant(facts["due_at"])})
    state.keep("PaymentTerms", terms.id, terms)
    state.seen("PaymentSchedule", terms.schedule_id)
    return terms

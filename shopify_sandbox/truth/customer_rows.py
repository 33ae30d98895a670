"""What a warehouse has to hold of customers: who they are, where they live, what they spent.

Here: rows by table. Not here: what the shop owes them (``credit_rows.py``).
"""

from __future__ import annotations

from collections.abc import Iterator

from shopify_sandbox.truth.cells import Row
from shopify_sandbox.truth.currencies import major, worth
from shopify_sandbox.truth.deals_book import Deal
from shopify_sandbox.truth.holdings import Holdings

#: How a payment that succeeded counts in what was spent.
SPENT = {"SALE": 1, "CAPTURE": 1, "CHANGE": -1, "REFUND": -1}
_ADDRESS = ("first_name", "last_name", "company", "address1", "address2", "city", "zip", "phone", "province_code")


def customers(held: Holdings) -> Iterator[Row]:
    for customer_id, one in held.people.customers.items():
        facts = one.facts
        names = " ".join(part for part in (facts["first_name"], facts["last_name"]) if part)
        by_mail = facts["email"] is not None
        spent = sum(_spent(held, held.deals.deals[order_id]) for order_id in one.orders)
        yield {
            "customer_id": customer_id,
            **{name: facts[name] for name in ("first_name", "last_name", "email", "phone", "state", "locale", "note")},
            "display_name": names or facts["email"] or facts["phone"] or "",
            "email_marketing_state": facts["email_state"] if by_mail else None,
            "email_opt_in_level": "SINGLE_OPT_IN" if by_mail and one.consented_at else None,
            "email_marketing_updated_at": one.consented_at if by_mail else None,
            "multipass_identifier": None,
            "product_subscriber_status": "NEVER_SUBSCRIBED",
            "is_tax_exempt": facts["tax_exempt"],
            "is_email_verified": facts["verified"],
            "has_opted_out_of_data_sale": False,
            "order_count": len(one.orders),
            "currency": held.currency,
            "amount_spent": major(spent, held.currency),
            "last_order_id": one.orders[-1] if one.orders else None,
            "default_address_id": facts["addresses"][0]["id"] if facts["addresses"] else None,
            "created_at": one.created_at,
            "updated_at": one.updated_at,
        }


def _spent(held: Holdings, deal: Deal) -> int:
    """Minor units of the shop's currency, each payment at the rate of its day."""
    currency = held.currency
    return sum(
        SPENT[one.kind] * worth(one.amount, deal.currency or currency, one.rate, currency)
        for one in deal.payments
        if one.status == "SUCCESS" and one.kind in SPENT
    )


def customer_addresses(held: Holdings) -> Iterator[Row]:
    for customer_id, customer in held.people.customers.items():
        for one in customer.facts["addresses"]:
            yield {
                "customer_id": customer_id,
                "address_id": one["id"],
                **{name: one[name] for name in _ADDRESS},
                "country_code": one.get("country", "US"),
            }


def customer_tags(held: Holdings) -> Iterator[Row]:
    for customer_id, customer in held.people.customers.items():
        for position, tag in enumerate(customer.facts["tags"]):
            yield {"customer_id": customer_id, "position": position, "tag": tag}


def customer_tax_exemptions(held: Holdings) -> Iterator[Row]:
    """Who is exempt is exempt from everything, which needs no row."""
    return iter(())


def customer_metafields(held: Holdings) -> Iterator[Row]:
    for customer_id, customer in held.people.customers.items():
        yield from customer.notes.rows(customer_id=customer_id)

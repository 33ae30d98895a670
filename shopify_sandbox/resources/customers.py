"""The GraphQL view of the people who buy: customers, their consent, their addresses.

Here: everything that describes a person. Not here: what they bought (``orders.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from shopify_sandbox.resources import store_credit
from shopify_sandbox.resources.metafields import OWNED
from shopify_sandbox.resources.values import (
    Fields,
    attribute,
    attributes,
    derived,
    first,
    fixed,
    identity,
    itself,
    moment,
    only_id,
)
from shopify_sandbox.store import Store
from shopify_sandbox.world.buyer_records import Customer
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.profiles import COUNTRIES

_HOUR, _DAY, _MONTH, _YEAR = 60, 1_440, 43_200, 525_600


def in_words(span: timedelta) -> str:
    """A span of time the way Rails words it, such as "about 2 months"; ``lifetimeDuration`` reads like that."""
    minutes = round(span.total_seconds() / 60)
    if minutes < 45:
        return _counted(minutes, "minute") if minutes else "less than a minute"
    if minutes < _DAY:
        return f"about {_counted(max(1, round(minutes / _HOUR)), 'hour')}"
    if minutes < 42 * _HOUR:
        return "1 day"
    if minutes < _MONTH:
        return _counted(round(minutes / _DAY), "day")
    if minutes < 2 * _MONTH:
        return f"about {_counted(round(minutes / _MONTH), 'month')}"
    if minutes < _YEAR:
        return _counted(round(minutes / _MONTH), "month")
    years, rest = divmod(minutes, _YEAR)
    if rest < _YEAR // 4:
        return f"about {_counted(years, 'year')}"
    return f"over {_counted(years, 'year')}" if rest < 3 * _YEAR // 4 else f"almost {_counted(years + 1, 'year')}"


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"


def _lifetime(store: Store, customer: Customer, arguments: Mapping[str, Any]) -> str:
    return in_words(store.now - customer.created_at)


def _display_name(customer: Customer) -> str:
    """The name, else how to reach the customer; after redaction nothing of it is left."""
    return customer.name or customer.email or customer.phone or ""


def _spent(customer: Customer) -> int:
    """In the shop's currency."""
    return sum(figures(order).received_shop - figures(order).refunded_shop for order in customer.orders)


def _opt_in_level(customer: Customer) -> str | None:
    return "SINGLE_OPT_IN" if customer.consented_at else None


def _sms_state(customer: Customer) -> str:
    """The older name of a state the phone number calls ``NEVER_SUBSCRIBED``."""
    return "NOT_SUBSCRIBED" if customer.sms_state == "NEVER_SUBSCRIBED" else customer.sms_state


CUSTOMER: Fields = {
    **identity("Customer"),
    **OWNED,
    **attributes(
        firstName="first_name",
        lastName="last_name",
        state="state",
        tags="tags",
        note="note",
        locale="locale",
        taxExempt="tax_exempt",
        verifiedEmail="verified",
        email="email",
        phone="phone",
        addressesV2="addresses",
        orders="orders",
    ),
    "displayName": derived(_display_name),
    "taxExemptions": fixed([]),
    "dataSaleOptOut": fixed(False),
    "canDelete": derived(lambda customer: not customer.orders),
    "createdAt": moment("created_at"),
    "updatedAt": moment("updated_at"),
    "numberOfOrders": derived(lambda customer: str(len(customer.orders))),
    "amountSpent": derived(_spent),
    "lastOrder": derived(lambda customer: customer.orders[-1] if customer.orders else None),
    "defaultAddress": derived(lambda customer: customer.addresses[0] if customer.addresses else None),
    "defaultEmailAddress": derived(lambda customer: customer if customer.email else None),
    "defaultPhoneNumber": derived(lambda customer: customer if customer.phone else None),
    "emailMarketingConsent": derived(lambda customer: customer if customer.email else None),
    "smsMarketingConsent": derived(lambda customer: customer if customer.phone else None),
    "validEmailAddress": derived(lambda customer: customer.email is not None),
    "addresses": first(lambda customer: customer.addresses),
    "lifetimeDuration": _lifetime,
    "storeCreditAccounts": store_credit.accounts,
    # Nobody signs in by Multipass, and nothing is sold by subscription.
    "multipassIdentifier": fixed(None),
    "productSubscriberStatus": fixed("NEVER_SUBSCRIBED"),
}

CUSTOMER_EMAIL: Fields = {
    **attributes(emailAddress="email", marketingState="email_state"),
    "marketingOptInLevel": derived(_opt_in_level),
    "marketingUpdatedAt": moment("consented_at"),
    "openTrackingLevel": fixed("UNKNOWN"),
    "validFormat": fixed(True),
}

TYPES: dict[str, Fields] = {
    "Customer": CUSTOMER,
    "CustomerEmailAddress": CUSTOMER_EMAIL,
    "CustomerPhoneNumber": {"phoneNumber": attribute("phone"), "smsMarketingConsent": itself},
    "CustomerSmsMarketingConsent": {"state": attribute("sms_state"), "updatedAt": fixed(None)},
    "CustomerEmailMarketingConsentState": {
        "marketingState": attribute("email_state"),
        "marketingOptInLevel": derived(_opt_in_level),
        "consentUpdatedAt": moment("consented_at"),
        "sourceLocation": fixed(None),
    },
    "CustomerSmsMarketingConsentState": {
        "marketingState": derived(_sms_state),
        "marketingOptInLevel": fixed("SINGLE_OPT_IN"),
        "consentUpdatedAt": fixed(None),
        "consentCollectedFrom": fixed("OTHER"),
        "sourceLocation": fixed(None),
    },
    "MailingAddress": {
        **only_id("MailingAddress"),
        **attributes(
            firstName="first_name",
            lastName="last_name",
            company="company",
            address1="address1",
            address2="address2",
            city="city",
            province="province",
            provinceCode="province_code",
            zip="zip",
            phone="phone",
        ),
        "name": attribute("name"),
        "country": derived(lambda address: COUNTRIES[address.country]),
        "countryCode": attribute("country"),
        "countryCodeV2": attribute("country"),
        "formattedArea": derived(
            lambda address: f"{address.city} {address.province_code}, {COUNTRIES[address.country]}"
        ),
        # Nobody has looked this world's addresses up on a map.
        "coordinatesValidated": fixed(False),
        "latitude": fixed(None),
        "longitude": fixed(None),
        "timeZone": fixed(None),
        "validationResultSummary": fixed(None),
    },
}

"""The field map of the ``customers`` stream: a customer and the addresses they keep.

Here: declarations only. Everything personal says so, and is masked for analysts.
"""

from __future__ import annotations

from shopify_pipeline.schemas.kinds import (
    PARENT,
    Column,
    Kind,
    Pii,
    Source,
    Stream,
    Table,
    address,
    amount,
    currency,
    flag,
    gid,
    instant,
    text,
)

CUSTOMERS = Table(
    name="customers",
    grain="One row per customer, newest version.",
    key=("customer_id",),
    root_column="customer_id",
    sources=(Source("Customer"),),
    columns=(
        gid("customer_id", "id", "Shopify's numeric customer id.", pii=Pii.PSEUDONYM),
        text("first_name", "firstName", "First name.", pii=Pii.PERSONAL),
        text("last_name", "lastName", "Last name.", pii=Pii.PERSONAL),
        text("display_name", "displayName", "Name, or e-mail or phone where there is none.", pii=Pii.PERSONAL),
        text("email", "defaultEmailAddress.emailAddress", "E-mail; null when none or redacted.", pii=Pii.PERSONAL),
        text("email_marketing_state", "defaultEmailAddress.marketingState", "Consent to e-mail marketing."),
        text("phone", "defaultPhoneNumber.phoneNumber", "Phone; null when none or redacted.", pii=Pii.PERSONAL),
        text("state", "state", "Account state.", nullable=False),
        text("locale", "locale", "Language.", nullable=False),
        flag("is_tax_exempt", "taxExempt", "Whether the customer pays no tax."),
        flag("is_email_verified", "verifiedEmail", "Whether the e-mail was verified."),
        Column(
            "order_count",
            "numberOfOrders",
            Kind.UNSIGNED,
            "Orders ever placed, as Shopify counts.",
            nullable=False,
            unit="orders",
        ),
        currency("currency", "amountSpent.currencyCode", "Currency of the amount spent."),
        amount("amount_spent", "amountSpent.amount", "Spent ever, as Shopify counts."),
        instant("created_at", "createdAt", "When the customer was created.", nullable=False),
        instant("updated_at", "updatedAt", "Shopify's version stamp, whole seconds.", nullable=False),
    ),
)

CUSTOMER_ADDRESSES = Table(
    name="customer_addresses",
    grain="One row per address a customer keeps.",
    key=("customer_id", "address_id"),
    root_column="customer_id",
    sources=(Source("MailingAddress"),),
    columns=(
        gid("customer_id", PARENT, "The customer.", pii=Pii.PSEUDONYM),
        gid("address_id", "id", "Shopify's numeric address id."),
        *address("", "", "Address"),
    ),
)

STREAM = Stream(name="customers", roots=(("Customer", CUSTOMERS),), children=(CUSTOMER_ADDRESSES,))

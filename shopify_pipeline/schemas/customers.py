"""The field map of the ``customers`` stream: a customer, the addresses they keep, their tags and tax exemptions.

Here: declarations only. Everything personal says so, and is masked for analysts. Store credit: ``store_credit.py``.
"""

from __future__ import annotations

from shopify_pipeline.schemas.kinds import (
    PARENT,
    POSITION,
    ROOT,
    Column,
    Kind,
    Pii,
    Source,
    Stream,
    Table,
    address,
    amount,
    count,
    currency,
    flag,
    gid,
    instant,
    text,
)
from shopify_pipeline.schemas.metafields import metafields_of

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
        text("email_opt_in_level", "defaultEmailAddress.marketingOptInLevel", "How consent to e-mail was given."),
        instant("email_marketing_updated_at", "defaultEmailAddress.marketingUpdatedAt", "When that consent changed."),
        text("phone", "defaultPhoneNumber.phoneNumber", "Phone; null when none or redacted.", pii=Pii.PERSONAL),
        text("state", "state", "Account state.", nullable=False),
        text("locale", "locale", "Language.", nullable=False),
        text("note", "note", "The merchant's note.", pii=Pii.PERSONAL),
        text("multipass_identifier", "multipassIdentifier", "Id in the merchant's own sign-in.", pii=Pii.PERSONAL),
        text("product_subscriber_status", "productSubscriberStatus", "Whether they subscribe.", nullable=False),
        flag("is_tax_exempt", "taxExempt", "Whether the customer pays no tax."),
        flag("is_email_verified", "verifiedEmail", "Whether the e-mail was verified."),
        flag("has_opted_out_of_data_sale", "dataSaleOptOut", "Whether their data may not be sold."),
        Column(
            "order_count",
            "numberOfOrders",
            Kind.UNSIGNED,
            "Orders ever placed, as Shopify counts.",
            nullable=False,
            unit="orders",
        ),
        currency("currency", "amountSpent.currencyCode", "Currency of the amount spent."),
        amount("amount_spent", "amountSpent.amount", "Spent ever, as Shopify counts.", unit="the row's currency"),
        gid("last_order_id", "lastOrder.id", "Their newest order.", nullable=True),
        gid("default_address_id", "defaultAddress.id", "The address they use first.", nullable=True),
        instant("created_at", "createdAt", "When the customer was created.", nullable=False),
        instant("updated_at", "updatedAt", "Shopify's version stamp, whole seconds.", nullable=False),
    ),
    named_in=("orders.customer_id",),
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

CUSTOMER_TAGS = Table(
    name="customer_tags",
    grain="One row per tag of a customer.",
    key=("customer_id", "position"),
    root_column="customer_id",
    sources=(Source("Customer", "tags"),),
    columns=(
        gid("customer_id", ROOT, "The customer.", pii=Pii.PSEUDONYM),
        count("position", POSITION, "Place among the tags, from 0."),
        text("tag", ".", "The tag.", nullable=False),
    ),
)

CUSTOMER_TAX_EXEMPTIONS = Table(
    name="customer_tax_exemptions",
    grain="One row per tax a customer is exempt from.",
    key=("customer_id", "position"),
    root_column="customer_id",
    sources=(Source("Customer", "taxExemptions"),),
    columns=(
        gid("customer_id", ROOT, "The customer.", pii=Pii.PSEUDONYM),
        count("position", POSITION, "Place among the exemptions, from 0."),
        text("exemption", ".", "What they are exempt from, in Shopify's words.", nullable=False),
    ),
)

STREAM = Stream(
    name="customers",
    roots=(("Customer", CUSTOMERS),),
    children=(CUSTOMER_ADDRESSES, CUSTOMER_TAGS, CUSTOMER_TAX_EXEMPTIONS, metafields_of("customer")),
)

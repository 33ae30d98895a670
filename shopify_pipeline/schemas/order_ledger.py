"""The field map of an order's ledger: what was agreed when, as dated agreements and their sales.

Here: declarations only. This is what the books are posted from; payments and refunds are in ``order_money.py``.
"""

from __future__ import annotations

from shopify_pipeline.schemas.kinds import (
    NODE,
    PARENT,
    Source,
    Table,
    bag,
    count,
    currencies,
    flag,
    gid,
    instant,
    rate,
    text,
)
from shopify_pipeline.schemas.order_lines import ORDER_ID

ORDER_AGREEMENTS = Table(
    name="order_agreements",
    grain="One row per sales agreement: Shopify's dated ledger of what was agreed.",
    key=("agreement_id",),
    root_column="order_id",
    sources=(Source("SalesAgreement"),),
    columns=(
        gid("agreement_id", "id", "Numeric id of the agreement."),
        ORDER_ID,
        text(
            "agreement_type",
            "__typename",
            "OrderAgreement, OrderEditAgreement, RefundAgreement or ReturnAgreement.",
            nullable=False,
        ),
        text("reason", "reason", "ORDER, ORDER_EDIT, REFUND, RETURN or UNKNOWN.", nullable=False),
        instant("happened_at", "happenedAt", "When it was agreed; dates the document in the books.", nullable=False),
        gid("refund_id", "refund.id", "The refund, on a RefundAgreement.", nullable=True),
        gid("return_id", "return.id", "The return, on a ReturnAgreement.", nullable=True),
        gid("app_id", "app.id", "The app that made it; null for staff and customers.", nullable=True),
    ),
)

ORDER_SALES = Table(
    name="order_sales",
    grain="One row per sale of an agreement; money is after discounts, tax included, negative for RETURN.",
    key=("sale_id",),
    root_column="order_id",
    sources=(Source("Sale"),),
    columns=(
        gid("sale_id", "id", "Numeric id of the sale."),
        gid("agreement_id", PARENT, "The agreement it belongs to."),
        ORDER_ID,
        text("action_type", "actionType", "ORDER, RETURN, UPDATE or UNKNOWN.", nullable=False),
        text(
            "line_type",
            "lineType",
            "PRODUCT, SHIPPING, TIP, GIFT_CARD, DUTY, FEE, ADDITIONAL_FEE, ADJUSTMENT or UNKNOWN.",
            nullable=False,
        ),
        count("quantity", "quantity", "Units, negative for RETURN; null for shipping and adjustments.", nullable=True),
        gid(
            "order_line_id",
            "lineItem.id",
            "Line sold or returned, for product, tip and gift card sales.",
            nullable=True,
        ),
        gid("shipping_line_id", "shippingLine.id", "Shipping line; null on RETURN.", nullable=True),
        gid("duty_id", "duty.id", "The duty, on a DUTY sale.", nullable=True),
        gid("additional_fee_id", "additionalFee.id", "The additional fee, on an ADDITIONAL_FEE sale.", nullable=True),
        text("fee_type", "fee.__typename", "RestockingFee or ReturnShippingFee, on a FEE sale."),
        gid("fee_id", "fee.id", "The return fee, on a FEE sale; null once deleted.", nullable=True),
        *currencies("totalAmount"),
        *bag("total", "totalAmount", "Amount after discounts, tax included."),
        *bag("total_tax", "totalTaxAmount", "Tax inside the amount."),
        *bag("discount_before_tax", "totalDiscountAmountBeforeTaxes", "Discount, before tax."),
        *bag(
            "discount_after_tax",
            "totalDiscountAmountAfterTaxes",
            "The same discount with its tax; never added to the one before tax.",
        ),
    ),
)

ORDER_SALE_TAXES = Table(
    name="order_sale_taxes",
    grain="One row per tax of a sale.",
    key=("sale_tax_id",),
    root_column="order_id",
    sources=(Source("Sale", "taxes"),),
    columns=(
        gid("sale_tax_id", "id", "Numeric id of the sale's tax."),
        gid("sale_id", f"{NODE}id", "The taxed sale."),
        ORDER_ID,
        text("title", "taxLine.title", "Name of the tax.", nullable=False),
        rate("rate", "taxLine.rate", "Rate of the tax."),
        text("source", "taxLine.source", "Who determined the tax."),
        flag("channel_liable", "taxLine.channelLiable", "Whether the sales channel remits it.", nullable=True),
        *currencies("amount"),
        *bag("amount", "amount", "Tax amount, negative for RETURN."),
    ),
)

TABLES = (ORDER_AGREEMENTS, ORDER_SALES, ORDER_SALE_TAXES)

"""The field map of the ``gift_cards`` stream: a gift card and what was put on it and taken off it.

Here: declarations only. What was paid with it hangs on the order's transactions, in the ``orders`` stream.
"""

from __future__ import annotations

from shopify_pipeline.schemas.kinds import (
    PARENT,
    Pii,
    Source,
    Stream,
    Table,
    amount,
    currency,
    day,
    flag,
    gid,
    instant,
    text,
)

_CURRENCY = "the row's currency"

GIFT_CARDS = Table(
    name="gift_cards",
    grain="One row per gift card, newest version.",
    key=("gift_card_id",),
    root_column="gift_card_id",
    sources=(Source("GiftCard"),),
    columns=(
        gid("gift_card_id", "id", "Shopify's numeric gift card id."),
        gid("customer_id", "customer.id", "Who holds it.", nullable=True, pii=Pii.PSEUDONYM),
        gid("order_id", "order.id", "The order it was bought with; null when issued by hand.", nullable=True),
        gid("order_line_id", "lineItem.id", "The line it was bought as.", nullable=True),
        gid("recipient_id", "recipientAttributes.recipient.id", "Who got it.", nullable=True, pii=Pii.PSEUDONYM),
        text("recipient_name", "recipientAttributes.preferredName", "How they are addressed.", pii=Pii.PERSONAL),
        text("recipient_message", "recipientAttributes.message", "What was written to them.", pii=Pii.PERSONAL),
        instant("send_at", "recipientAttributes.sendNotificationAt", "When it was to be sent to them."),
        text("masked_code", "maskedCode", "The code but for its last characters.", nullable=False),
        text("last_characters", "lastCharacters", "Last characters of the code.", nullable=False),
        flag("is_enabled", "enabled", "Whether it was not deactivated."),
        flag("is_redeemable", "isRedeemable", "Whether it can be paid with now."),
        currency("currency", "initialValue.currencyCode", "Currency of the card."),
        amount("initial_value", "initialValue.amount", "What was put on it when issued.", unit=_CURRENCY),
        currency("balance_currency", "balance.currencyCode", "Currency of the balance."),
        amount("balance", "balance.amount", "What is left on it.", unit="balance_currency"),
        day("expires_on", "expiresOn", "Last day it can be paid with; null: never expires."),
        instant("deactivated_at", "deactivatedAt", "When it was deactivated."),
        text("note", "note", "The merchant's note.", pii=Pii.PERSONAL),
        text("template_suffix", "templateSuffix", "Theme template it is shown with."),
        instant("created_at", "createdAt", "When it was issued.", nullable=False),
        instant("updated_at", "updatedAt", "Shopify's version stamp, whole seconds.", nullable=False),
    ),
)

GIFT_CARD_TRANSACTIONS = Table(
    name="gift_card_transactions",
    grain="One row per amount put on a gift card or taken off it.",
    key=("gift_card_id", "transaction_type", "transaction_id"),
    root_column="gift_card_id",
    sources=tuple(
        Source(node) for node in ("GiftCardCreditTransaction", "GiftCardDebitTransaction", "GiftCardCashOutTransaction")
    ),
    columns=(
        gid("gift_card_id", PARENT, "The gift card."),
        text("transaction_type", "__typename", "GraphQL type: credit, debit or cash out.", nullable=False),
        gid("transaction_id", "id", "Shopify's numeric transaction id."),
        currency("currency", "amount.currencyCode", "Currency of the amount."),
        amount("amount", "amount.amount", "Amount, as Shopify signs it.", unit=_CURRENCY),
        text("note", "note", "Note to it.", pii=Pii.PERSONAL),
        instant("processed_at", "processedAt", "When it happened.", nullable=False),
    ),
)

STREAM = Stream(
    name="gift_cards",
    roots=(("GiftCard", GIFT_CARDS),),
    children=(GIFT_CARD_TRANSACTIONS,),
    scopes=("read_gift_cards", "read_gift_card_transactions"),
)

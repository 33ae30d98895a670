"""The field map of the ``tender_transactions`` stream: money that really moved, as a second witness for payments.

Here: declarations only. A tender transaction never changes and has no version stamp.
"""

from __future__ import annotations

from shopify_pipeline.schemas.kinds import Pii, Source, Stream, Table, amount, currency, flag, gid, instant, text

TENDER_TRANSACTIONS = Table(
    name="tender_transactions",
    grain="One row per movement of money between a shop and its customers.",
    key=("tender_transaction_id",),
    root_column="tender_transaction_id",
    sources=(Source("TenderTransaction"),),
    columns=(
        gid("tender_transaction_id", "id", "Shopify's numeric tender transaction id."),
        gid("order_id", "order.id", "The order; null when it was deleted.", nullable=True),
        instant("processed_at", "processedAt", "When the money moved."),
        currency("currency", "amount.currencyCode", "Currency the money moved in."),
        amount("amount", "amount.amount", "Received; negative when paid back.", unit="the row's currency"),
        text("payment_method", "paymentMethod", "How it was paid."),
        text("remote_reference", "remoteReference", "The gateway's reference."),
        flag("is_test", "test", "Whether no money moved."),
        text("card_company", "transactionDetails.creditCardCompany", "Card company."),
        text("card_number", "transactionDetails.creditCardNumber", "Masked card number.", pii=Pii.PERSONAL),
    ),
)

STREAM = Stream(name="tender_transactions", roots=(("TenderTransaction", TENDER_TRANSACTIONS),))

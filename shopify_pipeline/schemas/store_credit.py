"""The field map of the ``store_credit`` stream: what a shop owes its customers and companies, and how that came.

Here: declarations only. An account has no version stamp: of two readings the later one is the newer.
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
    gid,
    instant,
    text,
)

_CURRENCY = "the row's currency"

STORE_CREDIT_ACCOUNTS = Table(
    name="store_credit_accounts",
    grain="One row per store credit account: one owner, one currency.",
    key=("store_credit_account_id",),
    root_column="store_credit_account_id",
    sources=(Source("StoreCreditAccount"),),
    columns=(
        gid("store_credit_account_id", "id", "Shopify's numeric account id."),
        text("owner_type", "owner.__typename", "Customer or CompanyLocation.", nullable=False),
        gid("owner_id", "owner.id", "Whose it is.", pii=Pii.PSEUDONYM),
        currency("currency", "balance.currencyCode", "Currency of the account."),
        amount("balance", "balance.amount", "What can be spent.", unit=_CURRENCY),
    ),
)

STORE_CREDIT_TRANSACTIONS = Table(
    name="store_credit_transactions",
    grain="One row per change of a store credit account.",
    key=("store_credit_account_id", "transaction_type", "transaction_id"),
    root_column="store_credit_account_id",
    sources=(
        *(Source(f"StoreCreditAccount{kind}Transaction") for kind in ("Credit", "Debit", "DebitRevert")),
        # An expiration has no id of its own, and ends one credit.
        Source("StoreCreditAccountExpirationTransaction", paths=(("transaction_id", "creditTransaction.id"),)),
    ),
    columns=(
        gid("store_credit_account_id", PARENT, "The account."),
        text("transaction_type", "__typename", "GraphQL type: credit, debit, revert, expiration.", nullable=False),
        gid("transaction_id", "id", "Shopify's numeric transaction id; for an expiration that of the credit it ended."),
        currency("currency", "amount.currencyCode", "Currency of the amount."),
        amount("amount", "amount.amount", "Amount, as Shopify signs it.", unit=_CURRENCY),
        amount("balance_after", "balanceAfterTransaction.amount", "Balance after it.", unit=_CURRENCY),
        amount(
            "remaining_amount",
            "remainingAmount.amount",
            "What is left of a credit; null for any other type.",
            nullable=True,
            unit=_CURRENCY,
        ),
        text("event", "event", "What caused it.", nullable=False),
        gid("order_transaction_id", "origin.id", "The order transaction it belongs to.", nullable=True),
        instant("expires_at", "expiresAt", "When what is left of a credit expires."),
        instant("created_at", "createdAt", "When it happened.", nullable=False),
    ),
)

STREAM = Stream(
    name="store_credit",
    roots=(("StoreCreditAccount", STORE_CREDIT_ACCOUNTS),),
    children=(STORE_CREDIT_TRANSACTIONS,),
    scopes=("read_store_credit_accounts", "read_store_credit_account_transactions"),
    holders=("Customer", "CompanyLocation"),
)

"""A shop whose money moves outside orders: balance transactions, payouts, disputes, gift cards and store credit.

Here: rows in the warehouse, as Shopify would hold them, and what the books say. Not here: expectations.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from shopify_pipeline.backoffice.journal import JournalBackOffice
from shopify_pipeline.steps.push import Pushed
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline_tests.reconcile.a_shop import NOON, AShop
from shopify_pipeline_tests.reconcile.company import CHART, VALUE_MAP
from shopify_pipeline_tests.reconcile.warehouse_rows import SHOP

BANK, CLEARING, CASH, DISPUTED, CARDS, CREDIT = "1010", "1100", "1140", "1150", "2300", "2310"
EXCHANGE, BREAKAGE, FEES, GIVEN, LOSSES = "4920", "4930", "6000", "6100", "6300"
MONEY_MAP = msgspec.structs.replace(
    VALUE_MAP,
    gateways={**VALUE_MAP.gateways, "gift_card": CARDS, "shopify_store_credit": CREDIT, "cash": CASH},
    accounts={**VALUE_MAP.accounts, "bank": BANK, "fees": FEES, "credit_given": GIVEN, "breakage": BREAKAGE},
    balance={
        "CHARGE": EXCHANGE,
        "SHIPPING_LABEL": FEES,
        "DISPUTE_WITHDRAWAL": DISPUTED,
        "CHARGEBACK_FEE": FEES,
        "DISPUTE_LOST": LOSSES,
    },
)
MONEY_CHART = msgspec.structs.replace(
    CHART,
    accounts=CHART.accounts | {BANK, CLEARING, CASH, DISPUTED, CARDS, CREDIT, EXCHANGE, BREAKAGE, FEES, GIVEN, LOSSES},
)


@dataclass
class MoneyShop(AShop):
    """A shop with a value map and a chart for all of it."""

    @classmethod
    def opened(cls, conn: Connection, folder: Path) -> MoneyShop:
        """Open for business; orders have been read whole, gift cards never."""
        shop = super().opened(conn, folder)
        assert isinstance(shop, MoneyShop)
        shop.journal = JournalBackOffice(folder / "journal.jsonl", MONEY_CHART)
        return shop

    def push(self, **more: Any) -> Pushed:
        return super().push(**{"value_map": MONEY_MAP, **more})

    def mark(self, resource: str, *ids: int) -> None:
        """What a load does with a new version."""
        for number in ids:
            self.dirty(resource, number)

    def balance(self, number: int, kind: str, amount: str, fee: str = "0", **more: Any) -> None:
        """A balance transaction."""
        self.add(
            "balance_transactions",
            balance_transaction_id=number,
            type=kind,
            amount=Decimal(amount),
            fee=Decimal(fee),
            net=Decimal(amount) - Decimal(fee),
            **{"transaction_at": NOON, "is_test": False, **more},
        )
        self.mark("balance_transactions", number)

    def payout(self, number: int, net: str, status: str = "SCHEDULED", **more: Any) -> None:
        """A payout to the bank, or from it when it is negative."""
        direction = "WITHDRAWAL" if net.startswith("-") else "DEPOSIT"
        self.add(
            "payouts",
            payout_id=number,
            net=Decimal(net),
            status=status,
            direction=direction,
            **{"issued_at": NOON, **more},
        )
        self.mark("payouts", number)

    def payout_becomes(self, number: int, status: str) -> None:
        """Its status is another one."""
        self.sql(
            "update shopify.payouts set status = %(status)s where payout_id = %(number)s", status=status, number=number
        )
        self.mark("payouts", number)

    def card(self, number: int, value: str, **more: Any) -> None:
        """A gift card, issued at noon by hand unless told otherwise."""
        self.add(
            "gift_cards",
            gift_card_id=number,
            initial_value=Decimal(value),
            balance=Decimal(value),
            is_enabled="deactivated_at" not in more,
            **{"created_at": NOON, "updated_at": NOON, **more},
        )
        self.mark("gift_cards", number)

    def card_moves(self, card: int, number: int, amount: str, at: datetime, kind: str | None = None) -> None:
        """Money on a gift card, or off it when it is negative."""
        word = kind or ("Debit" if amount.startswith("-") else "Credit")
        self.add(
            "gift_card_transactions",
            gift_card_id=card,
            transaction_id=number,
            transaction_type=f"GiftCard{word}Transaction",
            amount=Decimal(amount),
            processed_at=at,
        )
        self.mark("gift_cards", card)

    def cards_were_read(self, up_to: datetime) -> None:
        """Everything that happened to gift cards until then is in the warehouse."""
        self.sql(
            """
            insert into ops.cursors (shop, stream, cursor_at, load_id)
            select shop, 'gift_cards', %(up_to)s, load_id from ops.cursors where shop = %(shop)s and stream = 'orders'
            on conflict (shop, stream) do update set cursor_at = excluded.cursor_at
            """,
            up_to=up_to,
        )

    def credit(self, number: int, kind: str, amount: str, event: str = "ADJUSTMENT", **more: Any) -> None:
        """A transaction of store credit account 1."""
        self.add(
            "store_credit_transactions",
            store_credit_account_id=1,
            transaction_id=number,
            transaction_type=f"StoreCreditAccount{kind}Transaction",
            amount=Decimal(amount),
            event=event,
            **{"created_at": NOON, **more},
        )
        self.mark("store_credit_accounts", 1)

    def marks(self) -> list[tuple[str, str]]:
        """What is dirty."""
        return self.sql("select resource, external_id from ops.dirty where shop = %(shop)s order by 1, 2")  # type: ignore[return-value]

    def refusals(self) -> dict[str, str]:
        """Reason by entry."""
        return dict(
            self.sql(
                "select external_id, reason from backoffice.pushes "
                "where shop = %(shop)s and resource = 'entries' and outcome = 'rejected' order by 1"
            )
        )

    def entries(self) -> dict[str, tuple[date, dict[str, str]]]:
        """By entry the day and what was booked on each account, debits positive."""
        booked: dict[str, tuple[date, dict[str, str]]] = {}
        for row in self.journal.ledger(SHOP):
            if row.resource == "entries":
                booked.setdefault(row.external_id, (row.booked_on, {}))[1][row.account] = str(row.amount)
        return booked

    def booked(self) -> dict[str, dict[str, str]]:
        """The same without days."""
        return {name: lines for name, (_, lines) in self.entries().items()}


def at(day: int, hour: int = 17, minute: int = 0) -> datetime:
    """An instant of November 2026, UTC; 17 o'clock is noon in the shop."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)

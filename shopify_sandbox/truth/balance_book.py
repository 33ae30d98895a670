"""The auditor's reading of Shopify Payments: the balance, payouts from it, and disputes.

Here: facts of the log about them. Not here: rows (``payout_rows.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from shopify_sandbox.truth.facts import Facts

TRANSFER = "TRANSFER"


@dataclass
class BalanceBook:
    """What the log says of the account; everything is by id."""

    READERS: ClassVar[dict[str, str]] = {
        "payments_opened": "open",
        "balance_changed": "change",
        "payouts_ran": "run",
        "payout_failed": "fail",
        "dispute_opened": "open_dispute",
        "dispute_updated": "update_dispute",
    }

    currency: str = ""
    transactions: dict[int, Facts] = field(default_factory=dict)
    payouts: dict[int, Facts] = field(default_factory=dict)
    disputes: dict[int, Facts] = field(default_factory=dict)

    def open(self, event: Facts, at: str) -> None:
        self.currency = event["account"]["currency"]

    def change(self, event: Facts, at: str) -> None:
        for one in event["balance"]:
            self._add(one, at)
        if "payout" in event:
            self._issue(event["payout"], at)

    def _add(self, facts: Facts, at: str) -> None:
        self.transactions[facts["id"]] = {**facts, "at": at, "payout_id": None}

    def _issue(self, facts: Facts, at: str) -> None:
        self._add(facts["transfer"], at)
        self.payouts[facts["id"]] = {**facts, "status": "SCHEDULED"}
        for transaction_id in [*facts["transaction_ids"], facts["transfer"]["id"]]:
            self.transactions[transaction_id]["payout_id"] = facts["id"]

    def run(self, event: Facts, at: str) -> None:
        for payout_id in event["paid"]:
            self.payouts[payout_id]["status"] = "PAID"
        if "payout" in event:
            self._issue(event["payout"], at)

    def fail(self, event: Facts, at: str) -> None:
        self.payouts[event["payout_id"]]["status"] = "FAILED"
        for one in event["balance"]:
            self._add(one, at)

    def open_dispute(self, event: Facts, at: str) -> None:
        facts = event["dispute"]
        self.disputes[facts["id"]] = {**facts, "initiated_at": at, "evidence_sent_on": None, "finalized_on": None}
        self.change(event, at)

    def update_dispute(self, event: Facts, at: str) -> None:
        dispute = self.disputes[event["dispute_id"]]
        dispute.update({"type": event["type"], "status": event["status"]})
        if event["evidence_sent"]:
            dispute["evidence_sent_on"] = at
        if event["final"]:
            dispute["finalized_on"] = at
        self.change(event, at)

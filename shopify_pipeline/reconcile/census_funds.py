"""The census's reading of money the shop owes on cards and accounts, and of Shopify Payments.

Here: rows from nodes of Shopify's answers, amounts in major units of their own currency. Not here: asking, the
database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from shopify_pipeline.errors import DataError, IncompleteError
from shopify_pipeline.reconcile.census_reading import (
    Node,
    TableRow,
    day_of,
    instant,
    instant_of,
    kind,
    money,
    nodes,
    number,
    number_of,
    unexpected,
)

_OWNERS = frozenset({"Customer", "CompanyLocation"})


def gift_cards(shop: str, lines: Iterable[bytes]) -> Iterator[TableRow]:
    """Rows of gift_cards."""
    for node in nodes(lines):
        if kind(node) != "GiftCard":
            raise unexpected(node)
        currency, balance = money(node["balance"])
        stamps = instant(node["createdAt"]), day_of(node["expiresOn"]), instant_of(node["deactivatedAt"])
        yield (
            "gift_cards",
            (
                shop,
                number(node["id"]),
                number_of(node["lineItem"]),
                currency,
                _of(currency, node["initialValue"], node),
                balance,
                *stamps,
                instant(node["updatedAt"]),
            ),
        )


def store_credit(shop: str, lines: Iterable[bytes]) -> Iterator[TableRow]:
    """Rows of store_credit.

    Raises:
        IncompleteError: A transaction is of no account that came, or something else came.
    """
    accounts: dict[str, tuple[str, Decimal]] = {}
    moved_at: dict[str, datetime] = {}
    for node in nodes(lines):
        if "id" not in node:
            account, at = node["__parentId"], instant(node["createdAt"])
            moved_at[account] = max(at, moved_at.get(account, at))
        elif kind(node) == "StoreCreditAccount":
            accounts[node["id"]] = money(node["balance"])
        elif kind(node) not in _OWNERS:
            raise unexpected(node)
    lost = sorted(moved_at.keys() - accounts.keys())
    if lost:
        raise IncompleteError(f"the census holds transactions of {lost[0]}, but not that account")
    for gid, (currency, balance) in accounts.items():
        yield "store_credit", (shop, number(gid), currency, balance, moved_at.get(gid))


def payouts(shop: str, read: Iterable[Node]) -> Iterator[TableRow]:
    """Rows of payouts."""
    for node in read:
        issued_at = instant(node["issuedAt"])
        kinds = node["status"], node["transactionType"]
        yield "payouts", (shop, number(node["id"]), *kinds, issued_at, *money(node["net"]))


def balance(shop: str, read: Iterable[Node]) -> Iterator[TableRow]:
    """Rows of balance: signed as Shopify signs them."""
    for node in read:
        currency, moved = money(node["amount"])
        yield (
            "balance",
            (
                shop,
                number(node["id"]),
                node["type"],
                node["test"],
                instant(node["transactionDate"]),
                currency,
                moved,
                _of(currency, node["fee"], node),
                _of(currency, node["net"], node),
                # Shopify always names a payout; one that is still to come has no id.
                number_of(node["associatedPayout"]) if node["associatedPayout"]["id"] else None,
                number_of(node["associatedOrder"]),
                _plain(node["sourceOrderTransactionId"]),
                node["sourceType"],
                _plain(node["sourceId"]),
            ),
        )


def disputes(shop: str, read: Iterable[Node]) -> Iterator[TableRow]:
    """Rows of disputes."""
    for node in read:
        stamps = instant(node["initiatedAt"]), instant_of(node["finalizedOn"])
        facts = number(node["id"]), number_of(node["order"]), node["type"], node["status"]
        yield "disputes", (shop, *facts, *money(node["amount"]), *stamps)


def funds(shop: str, account: Node | None) -> Iterator[TableRow]:
    """Rows of funds: what Shopify Payments holds, by currency; none in a shop without it."""
    for held in account["balance"] if account else ():
        yield "funds", (shop, *money(held))


def _of(currency: str, value: Node, node: Node) -> Decimal:
    """An amount that must be in the same currency as its node's others."""
    said, amount = money(value)
    if said != currency:
        raise DataError(f"{node['id']} has amounts in {currency} and in {said}")
    return amount


def _plain(text: str | int | None) -> int | None:
    """A bare id: Shopify writes a BigInt as text."""
    return None if text is None else int(text)

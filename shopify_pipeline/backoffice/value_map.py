"""The reviewed value map: which code of the back office stands for a word of Shopify's. One file per company.

Here: reading the file and looking a word up. Not here: any default; a word without an entry is a break, never a guess.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import msgspec

from shopify_pipeline.errors import ConfigError, DataError
from shopify_pipeline.money import plain

#: Section of the file by kind of entry; the kinds are those of ``backoffice.value_map``.
SECTIONS = {
    "line": "lines",
    "gateway": "gateways",
    "tax": "taxes",
    "location": "locations",
    "account": "accounts",
    "product_type": "product_types",
    "balance": "balance",
}

#: How a tax's word ends that the sales channel remits.
CHANNEL = " (channel)"

Code = Annotated[str, msgspec.Meta(min_length=1)]


class Unmapped(DataError):
    """Shopify said a word the value map has no entry for; what it belongs to is not pushed.

    Attributes:
        kind: One of ``SECTIONS``.
        key: The word, as it must stand in the file.
    """

    def __init__(self, kind: str, key: str, source: str) -> None:
        super().__init__(f"no code for {kind} {key!r}: add it to [{SECTIONS[kind]}] of {source}")
        self.kind = kind
        self.key = key


class Lines(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="upper", omit_defaults=True):
    """Account by sale line type (Admin API 2026-10, ``SaleLineType``); UNKNOWN cannot be mapped."""

    product: Code | None = None
    shipping: Code | None = None
    tip: Code | None = None
    duty: Code | None = None
    fee: Code | None = None
    additional_fee: Code | None = None
    adjustment: Code | None = None
    gift_card: Code | None = None


class Accounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Accounts that no word of Shopify's names: what is owed, tax, cash rounding, and those only some shops need.

    Attributes:
        channel_tax: Where tax waits that the sales channel remits, when it is not ``tax``.
        bank: Where payouts arrive.
        fees: What a gateway keeps.
        deferred: What is sold and has not left, where revenue is recognised by fulfillment.
        credit_given: Gift cards and store credit given without a sale.
        breakage: Gift cards and store credit that expired or were taken back.
        count_differences: What a stock count was wrong by.
        opening: The other side of opening balances.
    """

    receivable: Code
    tax: Code
    rounding: Code
    channel_tax: Code | None = None
    bank: Code | None = None
    fees: Code | None = None
    deferred: Code | None = None
    credit_given: Code | None = None
    breakage: Code | None = None
    count_differences: Code | None = None
    opening: Code | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lines: Lines
    gateways: dict[str, Code]
    taxes: dict[str, Code]
    locations: Annotated[dict[str, Code], msgspec.Meta(min_length=1)]
    accounts: Accounts
    product_types: dict[str, Code] = {}
    balance: dict[str, Code] = {}


class ValueMap(msgspec.Struct, frozen=True, kw_only=True):
    """Codes by kind and word.

    Attributes:
        source: Name of the file, for messages.
        locations: Warehouse code by location name, in the order of the file.
    """

    source: str
    lines: Mapping[str, str]
    gateways: Mapping[str, str]
    taxes: Mapping[str, str]
    locations: Mapping[str, str]
    accounts: Mapping[str, str]
    product_types: Mapping[str, str] = {}
    balance: Mapping[str, str] = {}

    def line(self, line_type: str, product_type: str = "") -> str:
        """Account of a sale line type; a product whose type has an account of its own goes there. Raises Unmapped."""
        if line_type == "PRODUCT" and product_type in self.product_types:
            return self.product_types[product_type]
        return self._code("line", line_type)

    def account(self, name: str) -> str:
        """Account that no word of Shopify's names, such as ``bank``. Raises Unmapped."""
        return self._code("account", name)

    def balance_type(self, name: str) -> str:
        """Account a balance transaction of Shopify Payments is about, by its type. Raises Unmapped."""
        return self._code("balance", name)

    def gateway(self, gateway: str) -> str:
        """Clearing account of a payment gateway. Raises Unmapped."""
        return self._code("gateway", gateway)

    def tax(self, title: str, rate: Decimal | None, *, is_channel_liable: bool | None) -> str:
        """Code of a tax; ``rate`` is a fraction (0.0725 is 7.25 %). Raises Unmapped."""
        return self._code("tax", tax_key(title, rate, is_channel_liable=is_channel_liable))

    def tax_accounts(self) -> dict[str, str]:
        """Account by tax code: a tax the sales channel remits may wait on one of its own. Raises Unmapped."""
        own = self.account("tax")
        remitted = self.accounts.get("channel_tax", own)
        return {code: remitted if key.endswith(CHANNEL) else own for key, code in self.taxes.items()}

    def location(self, name: str) -> str:
        """Warehouse code of a location. Raises Unmapped."""
        return self._code("location", name)

    @property
    def first_location(self) -> str:
        """Warehouse of the first location in the file: where an order belongs that nothing has left for yet."""
        return next(iter(self.locations.values()))

    def entries(self) -> Iterator[tuple[str, str, str]]:
        """(kind, key, code) of every entry."""
        for kind, section in SECTIONS.items():
            for key, code in getattr(self, section).items():
                yield kind, key, code

    def _code(self, kind: str, key: str) -> str:
        codes: Mapping[str, str] = getattr(self, SECTIONS[kind])
        if key not in codes:
            raise Unmapped(kind, key, self.source)
        return codes[key]


def tax_key(title: str, rate: Decimal | None, *, is_channel_liable: bool | None) -> str:
    """The word a tax has in the file: ``New York State Tax 4%``; a tax the channel remits ends in ``(channel)``.

    Where nobody knows who remits it (None) it is a word of its own, so that it is never our tax by default.
    """
    percent = "" if rate is None else f" {plain(rate * 100)}%"
    liable = {True: CHANNEL, False: "", None: " (liability unknown)"}[is_channel_liable]
    return f"{title}{percent}{liable}"


def read_value_map(path: Path) -> ValueMap:
    """Read the file.

    Raises:
        ConfigError: The file is missing or not TOML, a key is unknown, or a code is missing or empty.
    """
    try:
        content = msgspec.convert(tomllib.loads(path.read_text()), _File)
    except OSError as exc:
        raise ConfigError(f"value map {path} cannot be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"value map {path} is not TOML: {exc}") from exc
    except msgspec.ValidationError as exc:
        raise ConfigError(f"value map {path}: {exc}") from exc
    return ValueMap(
        source=path.name,
        lines=msgspec.to_builtins(content.lines),
        gateways=content.gateways,
        taxes=content.taxes,
        locations=content.locations,
        accounts=msgspec.to_builtins(content.accounts),
        product_types=content.product_types,
        balance=content.balance,
    )

"""The alphabet of the field map: kinds of column, and how a table and a stream are declared.

Here: frozen declarations. Not here: any stream's columns (one module per stream), decoding, frames, SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a value is; each kind has one Python type, one Arrow type and one PostgreSQL type."""

    GID = "gid"
    TEXT = "text"
    INT = "int"
    UNSIGNED = "unsigned"
    BOOL = "bool"
    INSTANT = "instant"
    MONEY = "money"
    RATE = "rate"
    DATE = "date"
    JSON = "json"
    DECIMAL = "decimal"


class Pii(StrEnum):
    """How personal a column is; anything but NONE is masked for analysts."""

    NONE = "none"
    PSEUDONYM = "pseudonym"
    PERSONAL = "personal"


#: Prefixes of a column's path that look elsewhere than at the item itself.
NODE = "/"  #: ``/id``: the GraphQL node that holds the item
OWNER = ".."  #: ``..id``: the element whose inner list holds the item
PARENT = "@parent"  #: the node's parent, by ``__parentId``
ROOT = "@root"  #: the root of the whole document
POSITION = "@position"  #: place in the list, from 0
CONSTANT = "="  #: ``=line``: a literal text


@dataclass(frozen=True)
class Column:
    """One column, declared once.

    Attributes:
        path: Where it comes from, dotted, relative to the table's item (see the prefixes above).
        unit: Unit of a number ("shop currency", "units"); None for anything else.
        checks: Names of value rules, see ``schemas/frames.py``.
    """

    name: str
    path: str
    kind: Kind
    description: str
    nullable: bool = True
    pii: Pii = Pii.NONE
    unit: str | None = None
    checks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """Where rows come from: one per GraphQL node, or one per element of an inline list of that node.

    Attributes:
        node: GraphQL type of the node, as the schema names it.
        items: Dotted path of the list inside the node ("" means the node itself); ``[]`` marks a list on the way.
        paths: Where a column's value is in this source when not at the column's own path, by column name.
        single: The path ends at one object, or at none, instead of a list.
        nullable: Shopify may answer null for the list, which then holds nothing.
    """

    node: str
    items: str = ""
    paths: tuple[tuple[str, str], ...] = ()
    single: bool = False
    nullable: bool = False

    def path(self, column: Column) -> str:
        """Where a column's value is in this source (see the prefixes above)."""
        return dict(self.paths).get(column.name, column.path)


@dataclass(frozen=True)
class Table:
    """One warehouse table. ``shop`` is the first part of every key and is not repeated here.

    Attributes:
        grain: What one row is, in one sentence.
        root_column: The column that holds the root's id; children are replaced by it as a set.
        tracked: Columns whose every change is kept in ``<name>_history``; Shopify keeps no past of them.
        goes_with: Column, stream and GraphQL type of a root that goes when a row of this table does.
        named_in: ``table.column`` of rows that name a row of this one by its id, and lose it in Shopify when it goes.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    root_column: str
    sources: tuple[Source, ...]
    columns: tuple[Column, ...]
    tracked: tuple[str, ...] = ()
    named_in: tuple[str, ...] = ()
    goes_with: tuple[str, str, str] | None = None

    def column(self, name: str) -> Column:
        """The column of that name; KeyError names the table when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")


@dataclass(frozen=True)
class Stream:
    """One kind of record from one shop.

    Attributes:
        roots: GraphQL type of a root → its table. A root is judged, versioned and replaced with all its children.
        tables: Root tables and child tables, roots first.
        scopes: Access scopes not every shop grants and without which this stream cannot be read: it is then skipped
            and said to be so. Empty: the scopes it needs are among those every shop must grant.
        holders: GraphQL types that are in its bulk files only because roots hang on them.
    """

    name: str
    roots: tuple[tuple[str, Table], ...]
    children: tuple[Table, ...] = ()
    scopes: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(table for _, table in self.roots) + self.children

    def root_table(self, node: str) -> Table:
        return dict(self.roots)[node]

    def children_of(self, root: Table) -> tuple[Table, ...]:
        """Child tables that hang on this root table (they share its root column)."""
        return tuple(table for table in self.children if table.root_column == root.root_column)


def in_words(column: Column) -> str:
    """A column as a person would say it: ``total price in shop currency``."""
    for suffix, bag in (("_shop", "shop currency"), ("_presentment", "presentment currency")):
        if column.kind is Kind.MONEY and column.name.endswith(suffix):
            return f"{column.name.removesuffix(suffix).replace('_', ' ')} in {bag}"
    return column.name.replace("_", " ")


def gid(name: str, path: str, description: str, *, nullable: bool = False, pii: Pii = Pii.NONE) -> Column:
    """An exact 64-bit id, cut from ``gid://shopify/Type/123``."""
    return Column(name, path, Kind.GID, description, nullable, pii)


def text(name: str, path: str, description: str, *, nullable: bool = True, pii: Pii = Pii.NONE) -> Column:
    """Text as Shopify sends it, enums included: an unknown enum value is kept, not rejected."""
    return Column(name, path, Kind.TEXT, description, nullable, pii)


def currency(name: str, path: str, description: str) -> Column:
    """An ISO 4217 code; never missing where there is money."""
    return Column(name, path, Kind.TEXT, description, nullable=False, checks=("currency",))


def count(name: str, path: str, description: str, *, nullable: bool = False, checks: tuple[str, ...] = ()) -> Column:
    """A whole number of units."""
    return Column(name, path, Kind.INT, description, nullable, unit="units", checks=checks)


def legacy_id(name: str, path: str, description: str, *, nullable: bool = True) -> Column:
    """A 64-bit id that Shopify sends as digits, without the type in front."""
    return Column(name, path, Kind.UNSIGNED, description, nullable)


def day(name: str, path: str, description: str) -> Column:
    """A calendar day, in no zone but the shop's."""
    return Column(name, path, Kind.DATE, description)


def flag(name: str, path: str, description: str, *, nullable: bool = False) -> Column:
    return Column(name, path, Kind.BOOL, description, nullable)


def instant(name: str, path: str, description: str, *, nullable: bool = True) -> Column:
    """An instant in UTC."""
    return Column(name, path, Kind.INSTANT, description, nullable)


def rate(name: str, path: str, description: str) -> Column:
    return Column(name, path, Kind.RATE, description, unit="fraction (0.0725 is 7.25 %)")


def decimal(name: str, path: str, description: str, *, unit: str, nullable: bool = True) -> Column:
    """An exact number that is neither an amount nor a small rate: an exchange rate, a weight."""
    return Column(name, path, Kind.DECIMAL, description, nullable, unit=unit)


def amount(name: str, path: str, description: str, *, nullable: bool = False, unit: str = "shop currency") -> Column:
    """One amount in major units of one currency."""
    return Column(name, path, Kind.MONEY, description, nullable, unit=unit)


def bag(name: str, path: str, description: str, *, nullable: bool = False) -> tuple[Column, Column]:
    """A MoneyBag: the same amount in shop and in presentment currency, two columns that never meet in one sum."""
    return (
        amount(f"{name}_shop", f"{path}.shopMoney.amount", f"{description} In shop currency.", nullable=nullable),
        amount(
            f"{name}_presentment",
            f"{path}.presentmentMoney.amount",
            f"{description} In presentment currency.",
            nullable=nullable,
            unit="presentment currency",
        ),
    )


def currencies(path: str) -> tuple[Column, Column]:
    """The two currencies of a row's money bags, taken from the bag at ``path``."""
    return (
        currency("currency", f"{path}.shopMoney.currencyCode", "Shop currency of this row's ``_shop`` amounts."),
        currency(
            "presentment_currency",
            f"{path}.presentmentMoney.currencyCode",
            "Currency the customer saw, of this row's ``_presentment`` amounts.",
        ),
    )


def address(prefix: str, path: str, whose: str) -> tuple[Column, ...]:
    """A postal address, flattened."""
    fields = (
        ("first_name", "firstName"),
        ("last_name", "lastName"),
        ("company", "company"),
        ("address1", "address1"),
        ("address2", "address2"),
        ("city", "city"),
        ("zip", "zip"),
        ("phone", "phone"),
    )
    personal = tuple(
        text(f"{prefix}{name}", f"{path}{field}", f"{whose}: {name.replace('_', ' ')}.", pii=Pii.PERSONAL)
        for name, field in fields
    )
    return (
        *personal,
        text(f"{prefix}province_code", f"{path}provinceCode", f"{whose}: state or province code."),
        text(f"{prefix}country_code", f"{path}countryCodeV2", f"{whose}: ISO 3166 country code."),
    )

"""A warehouse table as its readers meet it: name, grain, key and columns with type, unit and description.

Here: the two shapes. Not here: which tables there are (the field map and its neighbours) or what is written of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from shopify_pipeline.schemas.kinds import Pii


@dataclass(frozen=True)
class Described:
    """One column as a reader of the warehouse meets it.

    Attributes:
        type: PostgreSQL type, as ``format_type`` prints it.
        origin: Where in Shopify's answer it comes from; "" when it is the pipeline's own.
    """

    name: str
    type: str
    description: str
    nullable: bool = False
    unit: str | None = None
    pii: Pii = Pii.NONE
    origin: str = ""


@dataclass(frozen=True)
class Relation:
    """One warehouse table, whoever fills it.

    Attributes:
        key: Its primary key; empty for a view.
        asset: Key of the Dagster asset that fills it, where that is not an asset of the table's own.
    """

    schema: str
    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Described, ...]
    asset: tuple[str, str] | None = None


INSTANT = "timestamp with time zone"
SHOP = Described("shop", "text", "The shop's permanent myshopify.com domain; first part of every key.")

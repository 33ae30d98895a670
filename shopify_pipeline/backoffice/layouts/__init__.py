"""How a journal's rows become the columns another program imports: one TOML file per program.

Here: the three that come with the pipeline, and reading any of the same form. Not here: rows (``journal_rows.py``).
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from shopify_pipeline.errors import ConfigError

#: Fields of a row of the double-entry journal.
JournalField = Literal[
    "date",
    "due",
    "document",
    "number",
    "kind",
    "order",
    "account",
    "debit",
    "credit",
    "amount",
    "tax",
    "party",
    "party_name",
    "narration",
    "description",
    "currency",
]
#: Fields of a row of a stock movement.
MovementField = Literal[
    "date", "document", "kind", "order", "product", "product_name", "location", "quantity", "narration"
]


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same text in every row."""

    text: str


class Sheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the two kinds of files have in common.

    Attributes:
        date_format: As in ``strftime``.
        lines_max: Rows the other program takes in one file; a document is never split. None: any number.
    """

    date_format: Annotated[str, msgspec.Meta(pattern="%")] = "%Y-%m-%d"
    lines_max: Annotated[int, msgspec.Meta(ge=2)] | None = None


class JournalSheet(Sheet, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The double-entry journal.

    Attributes:
        columns: Field, or the same text in every row, by heading, in the order of the file. Either ``debit`` and
            ``credit`` are there, or ``amount``.
        amount_sign: Which side is positive where there is one amount.
        number_prefix: Before ``number``, so that it meets no number of the other program.
        accounts: The other program's name of an account by its code; one that is not here keeps its code.
    """

    columns: dict[str, JournalField | Text]
    amount_sign: Literal["debit", "credit"] = "debit"
    number_prefix: str = ""
    accounts: dict[str, str] = {}


class MovementSheet(Sheet, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Stock movements.

    Attributes:
        columns: As in ``JournalSheet``.
        locations: The other program's name of a location by its code; one that is not here keeps its code.
    """

    columns: dict[str, MovementField | Text]
    locations: dict[str, str] = {}


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One program's import files.

    Attributes:
        name: Of the file, without its ending; what is exported is remembered by it.
    """

    name: str
    journal: JournalSheet
    movements: MovementSheet


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    journal: JournalSheet
    movements: MovementSheet


def shipped() -> list[str]:
    """Names of the layouts that come with the pipeline."""
    return sorted(
        entry.name.removesuffix(".toml") for entry in files(__package__).iterdir() if entry.name.endswith(".toml")
    )


def read_layout(name: str) -> Layout:
    """Read a layout.

    Args:
        name: One that comes with the pipeline, or the path of a TOML file.

    Raises:
        ConfigError: There is none, it is not TOML, or something in it is unknown, missing or wrong.
    """
    path = Path(name)
    try:
        text = (files(__package__) / f"{name}.toml").read_text() if name in shipped() else path.read_text()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"layout {name} is neither a file nor one of {', '.join(shipped())}") from exc
    try:
        content = msgspec.convert(tomllib.loads(text), _File)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(f"layout {name} is not TOML: {exc}") from exc
    except msgspec.ValidationError as exc:
        raise ConfigError(f"layout {name}: {exc}") from exc
    shown = {field for field in content.journal.columns.values() if isinstance(field, str)}
    if ("amount" in shown) == bool({"debit", "credit"} & shown) or len({"debit", "credit"} & shown) == 1:
        raise ConfigError(f"layout {name}: [journal.columns] needs debit and credit, or amount alone")
    return Layout(name=path.stem, journal=content.journal, movements=content.movements)

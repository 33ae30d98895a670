"""From the settings to an opened journal: where the file is and which codes it knows, by the shops' value maps.

Not here: writing or reading it (``journal.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import msgspec

from shopify_pipeline.backoffice.journal import Chart, JournalBackOffice
from shopify_pipeline.backoffice.value_map import ValueMap, read_value_map
from shopify_pipeline.clock import Clock
from shopify_pipeline.config import Settings
from shopify_pipeline.errors import ConfigError

#: Kinds of entries of a value map whose codes are accounts.
ACCOUNT_KINDS = frozenset({"line", "gateway", "account", "product_type", "balance"})


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[backoffice.options]`` of the journal.

    Attributes:
        currency: Of the company, ISO 4217.
        path: The file; one that is not absolute is below ``home``.
        tax_accounts: Account by tax code, where it is not the one the value map says.
    """

    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
    path: str = "journal.jsonl"
    tax_accounts: dict[str, str] = {}


def open_backoffice(
    settings: Settings, options: Mapping[str, Any], clock: Clock, progress: Callable[[str], None]
) -> JournalBackOffice:
    """The journal of the company the configured shops belong to.

    Raises:
        ConfigError: An option is missing, unknown or wrong; no shop has a value map, or two name different receivables.
    """
    try:
        read = msgspec.convert(dict(options), Options)
    except msgspec.ValidationError as exc:
        raise ConfigError(f"[backoffice.options] of journal: {exc}") from exc
    maps = [read_value_map(shop.value_map) for shop in settings.shops.values() if shop.value_map is not None]
    return JournalBackOffice(settings.home / read.path, chart_of(maps, read))


def chart_of(maps: Sequence[ValueMap], options: Options) -> Chart:
    """The codes a company has, by the value maps of its shops.

    Raises:
        ConfigError: There is no value map, or two name different receivables.
    """
    receivables = sorted({value_map.account("receivable") for value_map in maps})
    if len(receivables) != 1:
        found = ", ".join(receivables) or "none"
        raise ConfigError(f"a journal is of one company, with one receivable account; the value maps name: {found}")
    taxes = {code: account for value_map in maps for code, account in value_map.tax_accounts().items()}
    unknown = sorted(set(options.tax_accounts) - set(taxes))
    if unknown:
        raise ConfigError(f"[backoffice.options] tax_accounts: no value map has the tax {', '.join(unknown)}")
    entries = [entry for value_map in maps for entry in value_map.entries()]
    return Chart(
        currency=options.currency,
        receivable=receivables[0],
        accounts=frozenset(code for kind, _, code in entries if kind in ACCOUNT_KINDS),
        taxes={**taxes, **options.tax_accounts},
        locations=frozenset(code for kind, _, code in entries if kind == "location"),
    )

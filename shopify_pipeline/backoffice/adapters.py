"""Which adapters there are, and opening the one the settings name.

Another distribution adds one by an entry point of the group ``shopify_pipeline.backoffices``. Not here: an adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol

from shopify_pipeline.backoffice.protocol import BackOffice
from shopify_pipeline.clock import Clock
from shopify_pipeline.config import Settings
from shopify_pipeline.errors import ConfigError

GROUP = "shopify_pipeline.backoffices"


class Factory(Protocol):
    """What an entry point names: it gives an adapter that connects at its first call, not before."""

    def __call__(
        self, settings: Settings, options: Mapping[str, Any], clock: Clock, progress: Callable[[str], None]
    ) -> BackOffice:
        """Open the back office.

        Args:
            settings: All settings; an adapter of another distribution has its own in ``options``.
            options: ``[backoffice.options]``, as it stands in the file.
            clock: Ours.
            progress: Takes one line per thing worth watching.

        Raises:
            ConfigError: Something is missing in the options, or wrong.
        """


def open_backoffice(settings: Settings, clock: Clock, progress: Callable[[str], None]) -> BackOffice:
    """Open the back office the settings name.

    Raises:
        ConfigError: There is no such adapter or more than one, it cannot be imported, or its options are wrong.
    """
    name = settings.backoffice.adapter
    known = entry_points(group=GROUP)
    found = [point for point in known if point.name == name]
    if not found:
        raise ConfigError(f"there is no back office adapter {name!r}; installed are: {', '.join(sorted(known.names))}")
    if len(found) > 1:
        raise ConfigError(f"two distributions bring a back office adapter {name!r}: remove one of {_brought_by(found)}")
    try:
        factory: Factory = found[0].load()
    except (ImportError, AttributeError) as exc:
        raise ConfigError(f"the back office adapter {name!r} cannot be imported: {exc}") from exc
    return factory(settings, settings.backoffice.options, clock, progress)


def _brought_by(points: Iterable[EntryPoint]) -> str:
    return ", ".join(sorted(point.dist.name if point.dist else point.value for point in points))

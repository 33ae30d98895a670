"""What of the store can be set: the plan, how late its search index is, how its webhooks misbehave.

Belongs here: names, defaults, units, limits, and the file they are kept in. Planted faults are in ``faults/plan.py``.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from shopify_sandbox.errors import SandboxError
from shopify_sandbox.state import read_json, write_json

#: Points a second an app may spend on one shop, by Shopify plan (https://shopify.dev/docs/api/usage/limits).
RESTORE_POINTS_PER_SECOND = {"standard": 100, "advanced": 200, "plus": 1_000, "enterprise": 2_000}


@dataclass(frozen=True)
class Settings:
    """Settings of one store; the defaults are a store that behaves.

    Attributes:
        plan: Shopify plan; decides restore rate and bucket.
        index_lag_seconds: How much later than the record its search index knows a change (world's time).
        webhook_delay_seconds: How long a delivery waits before its first attempt (real time).
        webhook_duplicate_share: Share of deliveries that are sent twice.
        webhook_loss_share: Share of deliveries that are never sent.
        webhook_disorder_share: Share of deliveries that are overtaken by the next one.
        webhook_retry_span_seconds: How long after the first attempt the last of eight retries is made (real time);
            Shopify's four hours would be 14,400.
        answers_as: Permanent domain the shop names as its own, when its address is an alias of another shop's.
        public_app: The app is a public one, whose tokens must expire: a static token is refused.
    """

    plan: str = "standard"
    index_lag_seconds: int = 0
    webhook_delay_seconds: float = 0.0
    webhook_duplicate_share: float = 0.0
    webhook_loss_share: float = 0.0
    webhook_disorder_share: float = 0.0
    webhook_retry_span_seconds: float = 240.0
    answers_as: str = ""
    public_app: bool = False

    def __post_init__(self) -> None:
        if self.plan not in RESTORE_POINTS_PER_SECOND:
            raise SandboxError(f"unknown plan {self.plan!r}; known: {', '.join(RESTORE_POINTS_PER_SECOND)}")
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(each.default, str | bool):
                if type(value) is not type(each.default):
                    raise SandboxError(f"{each.name} must be a {type(each.default).__name__}, not {value!r}")
            elif isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise SandboxError(f"{each.name} must be a number of at least 0, not {value!r}")
            if each.name.endswith("_share") and value > 1:
                raise SandboxError(f"{each.name} must be between 0 and 1, not {value!r}")

    def changed(self, given: Mapping[str, Any]) -> "Settings":
        """Give these settings with some of them replaced.

        Raises:
            SandboxError: A name is unknown or a value is wrong.
        """
        known = [each.name for each in fields(self)]
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise SandboxError(f"unknown setting {unknown[0]!r}; known: {', '.join(known)}")
        return replace(self, **given)


class SettingsFile:
    """The settings of a state directory; what is set outlives a restart."""

    def __init__(self, path: Path, given: Mapping[str, Any] | None = None) -> None:
        self._path = path
        self.current = Settings().changed(read_json(path, {})).changed(given or {})
        if given:
            write_json(path, asdict(self.current))

    def change(self, given: Mapping[str, Any]) -> Settings:
        """Replace some settings, at once and for later starts.

        Raises:
            SandboxError: As ``Settings.changed``; nothing was changed.
        """
        self.current = self.current.changed(given)
        write_json(self._path, asdict(self.current))
        return self.current

"""Writes ``docs/reference/rules.md``: every rule in one table, from ``rules.yaml``.

Here: the page. Not here: any rule. Run ``python -m shopify_pipeline.reconcile.describe`` after a rule has changed.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import shopify_pipeline
from shopify_pipeline.reconcile.rules import Rule, rules

TARGET = Path(shopify_pipeline.__path__[0]).parent / "docs" / "reference" / "rules.md"
COMMAND = "python -m shopify_pipeline.reconcile.describe"


def page() -> str:
    """Give the whole page."""
    lines = [
        "# Rules of the reconciliation",
        "",
        f"Generated from `shopify_pipeline/reconcile/rules.yaml` by `{COMMAND}`; the logic of a rule is its file in",
        "`shopify_pipeline/reconcile/rules/`.",
        "",
        "Compares: who is expected to be right, then who is judged. Lag: how old a fact must be before it is missed;",
        "until then its difference is `in_transit`. Settings: `[lag] backoffice_seconds`. Tolerance: minor units of",
        "the break's currency that do not count. Repair, by class: `push` can be done by the next push, because it",
        "only adds what is missing; `person` cannot. Tolerance, lag and repair can be set by rule and by shop:",
        "`[rules.O5]`, `[shops.<name>.rules.O5]`.",
        "",
        "| Rule | What holds | Compares | Key | Lag | Tolerance | Severity | Classes and repairs |",
        "|---|---|---|---|---|---:|---|---|",
        *(_row(name, rule) for name, rule in rules().items()),
    ]
    return "\n".join(lines) + "\n"


def _row(name: str, rule: Rule) -> str:
    repairs = "<br>".join(f"`{kind}` ({repair.by}): {repair.do}" for kind, repair in rule.repairs.items())
    cells = (
        f"`{name}`",
        rule.title,
        " → ".join(rule.systems),
        rule.key,
        _lag(rule.lag),
        str(rule.tolerance),
        rule.severity,
        repairs,
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _lag(seconds: int | None) -> str:
    if seconds is None:
        return "settings"
    return str(timedelta(seconds=seconds)) if seconds else "none"


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(page(), encoding="utf-8")

"""One self-contained HTML page from one night: no script, no request, everything escaped.

Here: the template's environment and the sentences above its tables. Not here: figures (``reading.py``), geometry.
"""

from __future__ import annotations

from functools import cache

import jinja2

from shopify_pipeline.report import charts, words
from shopify_pipeline.report.night import AGES, FIGURES, Night


@cache
def _page() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("shopify_pipeline.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "money": words.money,
        "signed": words.signed,
        "figure": words.figure,
        "number": words.number,
        "counted": words.counted,
        "days": words.days,
        "kind": words.kind,
        "local": words.local,
    }
    environment.globals |= {"difference": words.difference, "AGES": AGES, "FIGURES": FIGURES}
    return environment.get_template("night.html")


def render(night: Night) -> str:
    """The page; the same night gives the same bytes."""
    return _page().render(
        night=night,
        verdict=verdict(night),
        state=state(night),
        bars=charts.bars(night.ages),
        open_line=charts.line([each.open for each in night.runs]),
        risk_line=charts.line([each.at_risk(night.currency) for each in night.runs]),
        days=sorted({each.day for each in night.totals}),
        by_day={(each.day, each.figure): each for each in night.totals},
    )


def state(night: Night) -> str:
    """``agreed``, ``broken``, or ``unproved`` when nothing was compared."""
    if night.open.count:
        return "broken"
    return "agreed" if night.checked else "unproved"


def verdict(night: Night) -> str:
    """What the night says, in one sentence."""
    if night.open.count:
        risk = ", ".join(f"{words.money(amount, code)} {code}" for code, amount in sorted(night.at_risk.items()))
        parts = [f"{words.counted(night.open.count, 'difference')} between shop and books"]
        parts += [f"{risk} at risk"] if risk else []
        parts += [f"the oldest {words.days(night.oldest_days)} old"] if night.oldest_days else ["all from today"]
        return f"{', '.join(parts)}; {_graveness(night)}."
    if not night.checked:
        return "Nothing was compared, so this night proves nothing."
    found = words.counted(night.checked, "comparison")
    on_the_way = (
        f"; {words.counted(night.in_transit.count, 'fact is', 'facts are')} on the way and not late"
        if night.in_transit.count
        else ""
    )
    return f"Shop and books agree: {found} left no difference open{on_the_way}."


def _graveness(night: Night) -> str:
    if not night.errors:
        return "warnings only"
    if night.errors == night.open.count:
        return "all of them errors" if night.errors > 1 else "an error"
    return f"{words.counted(night.errors, 'error')} and {words.counted(night.open.count - night.errors, 'warning')}"

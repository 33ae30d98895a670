"""The status page: what the store is doing, as one page of HTML that needs nothing else and renews itself.

Belongs here: looks. Every text is escaped; what is shown is gathered in ``status.py``.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import urlsplit

RENEW_SECONDS = 5
#: A page that loads nothing needs to be allowed nothing.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}
_GOOD = frozenset({"COMPLETED", "delivered", "200"})
_RUNNING = frozenset({"CREATED", "RUNNING", "CANCELING"})
_BAD = frozenset({"FAILED", "CANCELED", "EXPIRED", "failed"})

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2327; --soft: #5c6670; --line: #d9dee3; --page: #f6f7f8; --card: #fff;
  --good: #0a6b3d; --bad: #b3261e; --busy: #7a5200; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --soft: #a3adb7; --line: #343c44; --page: #14181c;
  --card: #1c2227; --good: #6fd3a0; --bad: #ff9c94; --busy: #f0c060; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 78rem; padding: 1.5rem; background: var(--page); color: var(--ink);
  font: 0.9375rem/1.5 system-ui, sans-serif; }
header p { margin: 0.25rem 0 1.25rem; color: var(--soft); }
h1 { margin: 0; font-size: 1.5rem; }
section { margin-bottom: 1rem; padding: 1rem; overflow-x: auto; background: var(--card);
  border: 1px solid var(--line); border-radius: 0.5rem; }
.pair { display: grid; gap: 0 1rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { padding-bottom: 0.5rem; text-align: left; font-weight: 600; }
th, td { padding: 0.25rem 0.75rem 0.25rem 0; border-top: 1px solid var(--line); text-align: left; white-space: nowrap; }
thead th { color: var(--soft); font-weight: 500; border-top: 0; }
tbody th { font-weight: 400; }
td.number, th.number { text-align: right; }
td.wide { white-space: normal; overflow-wrap: anywhere; }
.good { color: var(--good); } .bad { color: var(--bad); } .busy { color: var(--busy); }
.none { margin: 0; color: var(--soft); }
.bucket { margin: 0; font-weight: 600; }
.bucket span { color: var(--soft); font-weight: 400; }
dl { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; margin: 0.5rem 0 0; }
dl div { display: flex; gap: 0.4rem; }
dt { color: var(--soft); }
dd { margin: 0; }
meter { width: 100%; height: 1rem; }
"""


def status_page(status: Mapping[str, Any]) -> str:
    """Give the page for one reading of ``StatusReader``."""
    shop = escape(status["shop"])
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="{RENEW_SECONDS}">
<title>{shop} · shopify-sandbox</title>
<style>{_STYLE}</style>
</head>
<body>
<header>
<h1>{shop}</h1>
<p>A sandbox store. Its time is <time datetime="{escape(status["now"])}">{escape(_time(status["now"]))}</time> UTC;
Admin API {escape(", ".join(status["versions"]))}; plan {escape(status["settings"]["plan"])}.</p>
</header>
<main>
<section>{_bucket(status["bucket"])}</section>
<div class="pair">
<section>{_plan(status["faults"])}</section>
<section>{_fault_log(status["fault_log"])}</section>
</div>
<section>{_requests(status["requests"])}</section>
<section>{_bulk(status["bulk_operations"])}</section>
<section>{_deliveries(status["deliveries"])}</section>
<div class="pair">
<section>{_counts(status["counts"])}</section>
<section>{_subscriptions(status)}</section>
</div>
<section>{_settings(status["settings"])}</section>
</main>
</body>
</html>
"""


def _counts(counts: Mapping[str, int]) -> str:
    return _table("Records", ("Kind", "#Count"), [(name, count) for name, count in counts.items()])


def _bucket(bucket: Mapping[str, float]) -> str:
    held, whole, restore = bucket["currentlyAvailable"], bucket["maximumAvailable"], bucket["restoreRate"]
    return (
        f'<p class="bucket">Query cost: {held:,.0f} of {whole:,.0f} points <span>· {restore:,.0f} a second</span></p>'
        f'<meter aria-label="Points available" max="{whole:.0f}" value="{held:.0f}">{held:.0f}</meter>'
    )


def _settings(settings: Mapping[str, Any]) -> str:
    told = "".join(
        f"<div><dt>{escape(name.replace('_', ' '))}</dt><dd>{escape(_value(value))}</dd></div>"
        for name, value in settings.items()
    )
    return f'<p class="bucket">Settings</p><dl>{told}</dl>'


def _value(value: object) -> str:
    """A setting as a person writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,g}" if isinstance(value, float) else str(value) or "–"


def _subscriptions(status: Mapping[str, Any]) -> str:
    caption = "Webhook subscriptions" + ("" if status["webhooks_delivered"] else " (deliveries are switched off)")
    rows = [(each["topic"], _address(each["uri"]), each["api_version"]) for each in status["subscriptions"]]
    return _table(caption, ("Topic", "Address", "Version"), rows)


def _bulk(operations: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            each["id"].rpartition("/")[2],
            each["status"] + (f" {each['error_code']}" if each["error_code"] else ""),
            _time(each["created_at"]),
            _time(each["completed_at"]),
            each["roots"],
            each["objects"],
            each["bytes"] or 0,
        )
        for each in reversed(operations)
    ]
    heads = ("Number", "Status", "Created", "Completed", "#Roots", "#Objects", "#Bytes")
    return _table("Bulk operations", heads, rows)


def _plan(plan: Mapping[str, Any]) -> str:
    rows = [
        (section, each["kind"], ", ".join(f"{name} {value}" for name, value in each.items() if name != "kind"))
        for section in ("answers", "bulk", "malformed")
        for each in plan[section]
    ]
    return _table("Planted faults", ("Section", "Kind", "When and what"), rows)


def _fault_log(hits: Sequence[Mapping[str, Any]]) -> str:
    rows = [(_time(hit["world_time"]), hit["fault"], hit["request"], hit["operation"] or "–") for hit in reversed(hits)]
    return _table("Faults that struck", ("Time", "Fault", "Request", "Operation"), rows)


def _requests(requests: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            _time(each["world_time"]),
            each["kind"],
            each["operation"] or ", ".join(each["root_fields"]) or "–",
            str(each["status"]),
            _points(each["requested"]),
            _points(each["actual"]),
            each["root_nodes"],
        )
        for each in reversed(requests)
    ]
    heads = ("Time", "Kind", "Operation", "Status", "#Requested", "#Actual", "#Root records")
    return _table("Requests", heads, rows)


def _deliveries(deliveries: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            _time(each["at"]),
            each["topic"],
            _address(each["uri"]),
            each["attempt"],
            f"{'delivered' if each['delivered'] else 'failed'} ({each['outcome']})",
        )
        for each in reversed(deliveries)
    ]
    return _table("Webhook deliveries", ("Time", "Topic", "Address", "#Attempt", "Outcome"), rows)


def _table(caption: str, heads: Sequence[str], rows: Sequence[Iterable[object]]) -> str:
    """A table; a head that begins with ``#`` is one of numbers."""
    if not rows:
        return f'<p class="bucket">{escape(caption)}</p><p class="none">none</p>'
    kinds = [' class="number"' if head.startswith("#") else "" for head in heads]
    head = "".join(
        f'<th scope="col"{kind}>{escape(name.removeprefix("#"))}</th>' for name, kind in zip(heads, kinds, strict=True)
    )
    body = "".join(f"<tr>{_cells(row, kinds)}</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(row: Iterable[object], kinds: Sequence[str]) -> str:
    cells = []
    for place, (value, kind) in enumerate(zip(row, kinds, strict=True)):
        text = f"{value:,}" if isinstance(value, int) else str(value)
        tag = 'th scope="row"' if place == 0 else f"td{kind or _judged(text)}"
        cells.append(f"<{tag}>{escape(text)}</{tag.split()[0]}>")
    return "".join(cells)


def _judged(text: str) -> str:
    """The class of a cell whose text is good or bad news; the text itself says it, too."""
    first = text.split(" ")[0]
    if first in _GOOD:
        return ' class="good"'
    if first in _RUNNING:
        return ' class="busy"'
    if first in _BAD or (first.isdigit() and len(first) == 3 and first >= "400"):
        return ' class="bad"'
    return ' class="wide"' if len(text) > 40 else ""


def _points(points: int | None) -> str:
    return "–" if points is None else f"{points:,}"


def _time(text: str | None) -> str:
    return (text or "–").replace("T", " ").removesuffix("Z")


def _address(uri: str) -> str:
    """An address without user, query and fragment, which may hold secrets."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"

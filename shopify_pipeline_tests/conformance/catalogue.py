"""The list of all conformance cases, as docs/sandbox.md prints it.

Here: collecting and printing. Run ``python -m shopify_pipeline_tests.conformance.catalogue`` after a case has changed.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from shopify_pipeline_tests.conformance.cases import Case

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "sandbox.md"
COMMAND = "python -m shopify_pipeline_tests.conformance.catalogue"
BEGIN, END = "<!-- cases: begin -->", "<!-- cases: end -->"
HEADINGS = {
    "observed": "Observed: a real store has answered so",
    "documented": "Documented: Shopify says so",
    "assumed": "Assumed: nobody has shown it; a development store may differ",
}


def all_cases() -> list[Case]:
    """Every case of the suite, by area and name."""
    found: list[Case] = []
    for path in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(f"shopify_pipeline_tests.conformance.{path.stem}")
        found += [each.case for each in vars(module).values() if hasattr(each, "case")]
    return sorted(found, key=lambda case: (case.area, case.name))


def printed(cases: Sequence[Case]) -> str:
    """The cases as Markdown: a count, then one table for each kind of source."""
    counts = Counter(case.source.status for case in cases)
    told = ", ".join(f"{counts[status]} {status}" for status in HEADINGS)
    parts = [f"{len(cases)} cases: {told}. S: the case steers the store, so only the sandbox can show it."]
    for status, heading in HEADINGS.items():
        rows = [_row(case) for case in cases if case.source.status == status]
        parts.append(
            "\n".join([f"### {heading}", "", "| area | what holds | known from | |", "|---|---|---|---|", *rows])
        )
    return "\n\n".join(parts)


def document(text: str, cases: Sequence[Case]) -> str:
    """The document with its list of cases brought up to date."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{printed(cases)}\n{END}{after}"


def _row(case: Case) -> str:
    cells = (case.area, case.sentence, case.source.where, "S" if case.steered else "")
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    DOCUMENT.write_text(document(DOCUMENT.read_text("utf-8"), all_cases()), encoding="utf-8")

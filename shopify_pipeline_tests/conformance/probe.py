"""Asks a real development store what the sandbox only assumes, and says which assumptions hold.

Run ``python -m shopify_pipeline_tests.conformance.probe STORE.myshopify.com TOKEN_FILE``; ``--all`` asks every case. It
changes nothing: it reads, runs bulk queries, and sends mutations only to see them refused. What was asked and answered
is kept in ``build/conformance/``, one file a case, without the token.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import pytest

WORDS = {"passed": "holds", "failed": "DIFFERS", "skipped": "this store cannot show it"}
ASSUMPTION_DIFFERS = 3


class Outcomes:
    """A pytest plugin that remembers how each case ended, and its sentence."""

    def __init__(self) -> None:
        self.by_name: dict[str, str] = {}
        self.sentences: dict[str, str] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            case = getattr(getattr(item, "function", None), "case", None)
            self.sentences[item.nodeid] = case.sentence if case else item.name

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.by_name[report.nodeid] = report.outcome


def main(arguments: list[str] | None = None) -> int:
    """Run the cases against the store; 0 when all hold, 3 when one differs, 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="probe", description=__doc__)
    parser.add_argument("store", help="the development store, such as my-store.myshopify.com")
    parser.add_argument("token_file", type=Path, help="file with an Admin API access token that may read everything")
    parser.add_argument("--all", action="store_true", help="every case, not only what is assumed")
    parser.add_argument("--ca-file", type=Path, help="trust this authority (PEM) as well: a store that is a sandbox")
    given = parser.parse_args(arguments)
    if not given.store.endswith(".myshopify.com"):
        parser.error("the store is named by its myshopify.com domain")
    if not given.token_file.is_file():
        parser.error(f"there is no file {given.token_file}")
    os.environ["SHOPIFY_CONFORMANCE_STORE"] = given.store
    os.environ["SHOPIFY_CONFORMANCE_TOKEN_FILE"] = str(given.token_file)
    if given.ca_file:
        os.environ["SHOPIFY_CONFORMANCE_CA_FILE"] = str(given.ca_file)
    outcomes = Outcomes()
    chosen = "assumed or documented or observed" if given.all else "assumed"
    pytest.main(
        [str(Path(__file__).parent), "-q", "-m", chosen, "--no-header", "--tb=no", "-p", "no:xdist"], [outcomes]
    )
    for name, outcome in outcomes.by_name.items():
        print(f"{WORDS[outcome]:<29} {outcomes.sentences.get(name, name)}")
    return ASSUMPTION_DIFFERS if "failed" in outcomes.by_name.values() else 0


if __name__ == "__main__":
    sys.exit(main())

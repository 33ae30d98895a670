"""Generated pages are what their sources say today. The data files are compared where they are used."""

from __future__ import annotations

from collections import Counter

from shopify_pipeline_tests.conformance import catalogue
from shopify_pipeline_tests.generated import failures


def test_the_page_of_failures_is_current() -> None:
    assert failures.TARGET.read_text("utf-8") == failures.page(), f"run {failures.COMMAND}"


def test_the_list_of_conformance_cases_is_current() -> None:
    text = catalogue.DOCUMENT.read_text("utf-8")
    assert text == catalogue.document(text, catalogue.all_cases()), f"run {catalogue.COMMAND}"


def test_every_area_has_cases_and_most_are_known_from_real_stores() -> None:
    cases = catalogue.all_cases()
    areas = Counter(case.area for case in cases)
    assert min(areas.values()) >= 3, areas
    assert sum(case.source.status == "observed" for case in cases) >= 60


def test_what_is_documented_names_its_page() -> None:
    documented = [case for case in catalogue.all_cases() if case.source.status == "documented"]
    assert [
        case.name for case in documented if "https://" not in case.source.where and "schema" not in case.source.where
    ] == []

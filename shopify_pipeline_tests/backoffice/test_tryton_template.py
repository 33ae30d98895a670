"""The cached template: built once however many ask, never half, and another one when its ingredients change.

The building itself is what every other test of Tryton stands on; here something quick is built in its place.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from shopify_pipeline.errors import PermanentError
from shopify_pipeline.local import tryton

Build = Callable[[Path, Callable[[str], None]], None]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "shopify-pipeline"


def templates(cache: Path) -> list[Path]:
    return [path for path in cache.iterdir() if path.is_dir()]


def test_two_builders_at_once_build_one_template(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builds: list[Path] = []
    both_ask = threading.Barrier(2, timeout=30)

    def build(directory: Path, progress: Callable[[str], None]) -> None:
        builds.append(directory)
        (directory / "company.sqlite").write_text("built")

    def ask() -> None:
        both_ask.wait()
        found.append(tryton.ensure_template(print))

    monkeypatch.setattr(tryton, "_build", build)
    found: list[Path] = []
    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(timeout=30)

    assert len(builds) == 1
    assert found == [*templates(cache), *templates(cache)]
    assert (found[0] / "company.sqlite").read_text() == "built"


def test_a_build_that_fails_leaves_no_template_behind(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(directory: Path, progress: Callable[[str], None]) -> None:
        (directory / "company.sqlite").write_text("half")
        raise PermanentError("the disk is full")

    monkeypatch.setattr(tryton, "_build", build)

    with pytest.raises(PermanentError, match="the disk is full"):
        tryton.ensure_template(print)

    assert templates(cache) == []


def test_a_change_of_the_plug_in_is_another_template(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = tmp_path / "plugin"
    shutil.copytree(tryton._plugin(), plugin)
    monkeypatch.setattr(tryton, "_plugin", lambda: plugin)
    monkeypatch.setattr(tryton, "_build", lambda directory, progress: None)
    before = tryton.ensure_template(print)

    (plugin / "company.toml").write_text("# nothing else\n")

    assert tryton.ensure_template(print) != before
    assert len(templates(cache)) == 2

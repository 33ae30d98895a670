"""Runs third-party extractors against one sandbox store and says how what they emit compares with the truth.

``python -m shopify_pipeline_tests.peers.run --tools build/peers`` prints a table and, with ``--json FILE``, writes
JSON. Exit code 0: exactly the documented differences show; 1: others; 2: a tool could not be run.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from shopify_pipeline_tests.peers import airbyte_source_shopify, tap_shopify
from shopify_pipeline_tests.peers.compare import Record, Stream, Verdict, compare
from shopify_pipeline_tests.peers.store import RunningStore, StoreFailed, served

#: Name of the tool → its module: what to compare, and how it is run.
TOOLS: Mapping[str, Any] = {module.PACKAGE: module for module in (tap_shopify, airbyte_source_shopify)}
LOG_LINES, LOG_WIDTH = 12, 1_000
HEADINGS = ("tool", "version", "stream", "records", "ids equal", "totals equal", "line counts equal", "known loss")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        home = options.keep or Path(folder)
        try:
            verdicts = _verdicts(options, home)
        except (StoreFailed, subprocess.CalledProcessError, subprocess.TimeoutExpired) as problem:
            _say(f"error: {problem}")
            _show_logs(home)
            return 2
    print(table(verdicts))
    if options.json:
        options.json.write_text(json.dumps([told(each) for each in verdicts], indent=1) + "\n", encoding="utf-8")
    return 0 if all(each.as_expected for each in verdicts) else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="peers", description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--tools", type=Path, required=True, help="folder of their environments, one per tool")
    parser.add_argument("--only", choices=TOOLS, help="run this tool alone")
    parser.add_argument("--orders", type=int, default=300, help="orders of the store")
    parser.add_argument("--seed", type=int, default=7, help="seed of the store")
    parser.add_argument("--json", type=Path, help="write the comparison to this file")
    parser.add_argument("--keep", type=Path, help="keep the store, configurations and logs in this new folder")
    return parser.parse_args(arguments)


def _verdicts(options: argparse.Namespace, home: Path) -> list[Verdict]:
    chosen = [options.only] if options.only else list(TOOLS)
    with served(home / "store", orders=options.orders, seed=options.seed, now=datetime.now(UTC)) as store:
        truth = lru_cache(maxsize=None)(store.truth)
        return [verdict for name in chosen for verdict in _tool(name, options.tools / name, store, home, truth)]


def _tool(name: str, environment: Path, store: RunningStore, home: Path, truth: Callable[[str], Any]) -> list[Verdict]:
    _say(f"{name}: syncing …")
    folder = home / name
    folder.mkdir()
    emitted: Mapping[str, Sequence[Record]] = TOOLS[name].run(store, environment.resolve(), folder)
    streams: Sequence[Stream] = TOOLS[name].STREAMS
    version = (name, _version(name, environment))
    return [compare(stream, version, emitted.get(stream.name, ()), truth) for stream in streams]


def _version(name: str, environment: Path) -> str:
    asked = f"from importlib.metadata import version; print(version({name!r}))"
    program = [str(environment / "bin" / "python"), "-c", asked]
    return subprocess.run(program, capture_output=True, text=True, check=True).stdout.strip()


def told(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON."""
    return {**asdict(verdict), "as_expected": verdict.as_expected}


def table(verdicts: Sequence[Verdict]) -> str:
    """The verdicts as text for people, one line each, and what they come to."""
    rows = [HEADINGS, *map(_row, verdicts)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    wrong = [f"{each.tool} {each.stream}" for each in verdicts if not each.as_expected]
    outcome = f"not as expected: {', '.join(wrong)}" if wrong else "exactly the documented differences"
    return "\n".join([*lines, "", outcome])


def _row(one: Verdict) -> tuple[str, ...]:
    ids = "yes" if not one.missing and not one.surplus else f"no ({one.missing} missing, {one.surplus} surplus)"
    loss = f"{one.lines_misplaced} of {one.lines} lines at another record" if one.known_loss else "-"
    return (
        *(one.tool, one.version, one.stream, str(one.records), ids),
        _equal(one.totals_wrong, one.records),
        _equal(one.lines_wrong, one.records) + (f" ({one.lines_lost} lost)" if one.lines_lost else ""),
        loss,
    )


def _equal(wrong: int | None, of: int) -> str:
    if wrong is None:
        return "-"
    return "yes" if not wrong else f"no ({wrong} of {of})"


def _show_logs(home: Path) -> None:
    """Show the ends of the tools' logs: the folder goes when the process ends."""
    for log in sorted([*home.glob("*/*.log"), *home.glob("*/messages.jsonl")]):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        _say("\n".join([f"--- {log.parent.name}/{log.name}", *(line[:LOG_WIDTH] for line in lines[-LOG_LINES:])]))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""Tamper with fresh seeds: ``python -m shopify_pipeline_tests.tampering --seeds 200``; the matrix of what was found.

Here: the command, its servers and its table. Not here: what one seed does.
"""

from __future__ import annotations

import argparse
import secrets
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import psycopg

from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.warehouse.migrate import migrate
from shopify_pipeline_tests.shopify.sandboxed import NOW
from shopify_pipeline_tests.tampering.facts import read_facts
from shopify_pipeline_tests.tampering.night import GO_LIVE_DAYS, night
from shopify_pipeline_tests.tampering.seeds import drawn, judged

WAREHOUSE = "tampering"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the seeds; 1 when a night said anything but what it had to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many seeds to draw")
    parser.add_argument("--seed", type=int, action="append", help="this seed instead; may be repeated")
    parser.add_argument("--most", type=int, default=5, help="tamperings of a seed, at most")
    chosen = parser.parse_args(arguments)
    seeds = chosen.seed or [secrets.randbelow(2**32) for _ in range(chosen.seeds)]
    home = Path(tempfile.mkdtemp(prefix="shopify-pipeline-tampering-"))
    # PostgreSQL's account must enter it when we are root.
    home.chmod(0o711)
    server = LocalPostgres(home / "postgres", fsync=False)
    try:
        server.start(print)
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"create database {WAREHOUSE}")
        migrate(server.dsn(WAREHOUSE))
        return _run(home, server.dsn(WAREHOUSE), seeds, chosen.most)
    finally:
        server.remove()
        shutil.rmtree(home)


def _run(home: Path, dsn: str, seeds: Sequence[int], at_most: int) -> int:
    matrix: Counter[tuple[str, str]] = Counter()
    wrong = 0
    with night(home / "night", dsn) as made:
        facts = read_facts(made.rows, NOW.date() - timedelta(days=GO_LIVE_DAYS), NOW.date())
        for number, seed in enumerate(seeds, 1):
            said = judged(made, facts, drawn(seed, at_most), seed)
            print(f"{number}/{len(seeds)} seed {seed}: {', '.join(said.done)}: {'WRONG' if said.wrong else 'found'}")
            for line in said.wrong:
                print(f"    {line}")
            wrong += bool(said.wrong)
            matrix.update((name.rule, done) for done, findings in said.done.items() for name in findings)
    _print(matrix)
    print(f"{len(seeds) - wrong} of {len(seeds)} seeds were found as they had to be")
    return 1 if wrong else 0


def _print(matrix: Counter[tuple[str, str]]) -> None:
    """What each tampering had to cause, by rule."""
    rules = sorted({rule for rule, _ in matrix})
    print(f"{'':32}" + "".join(f"{rule:>5}" for rule in rules))
    for done in sorted({done for _, done in matrix}):
        print(f"{done:32}" + "".join(f"{matrix[rule, done] or '':>5}" for rule in rules))


if __name__ == "__main__":
    sys.exit(main())

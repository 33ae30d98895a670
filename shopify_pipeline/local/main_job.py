"""The main job without the UI, and what it found: ``shopify-pipeline once``.

Here: running Dagster's own jobs one after the other and telling the outcome. Not here: a second way to do any step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from shopify_pipeline.config import Settings
from shopify_pipeline.reconcile.rules import NO_BREAKS
from shopify_pipeline.statements import statements
from shopify_pipeline.steps.pipeline import Pipeline
from shopify_pipeline.steps.verify import compare
from shopify_pipeline.warehouse.connect import Connection

SQL = statements(Path(__file__).with_name("main_job.sql"))

#: Runs one job for one shop (None: for all) and says whether it succeeded.
RunJob = Callable[[str, str | None], bool]


@dataclass
class Outcome:
    """What the main job did; ``ok`` only when everything below it is as it should be.

    Attributes:
        tables: Rows by table, as the shop and as the warehouse has them.
        differing: Tables whose ids, field hashes or money sums are not the shop's, with what differs.
        refused: Resource, external id and reason of each record that is not in the books although it is owed.
        breaks: Open breaks by class.
        fx_residuals: Figures of orders that conversion alone left apart.
        young: Whether every open break is in transit and younger than its lag.
        seconds: Wall time by stage.
    """

    failed_jobs: list[str] = field(default_factory=list)
    tables: dict[str, dict[str, int]] = field(default_factory=dict)
    differing: dict[str, list[str]] = field(default_factory=dict)
    new_versions: int = 0
    pushed: int = 0
    backoffice: dict[str, int] = field(default_factory=dict)
    refused: list[dict[str, str]] = field(default_factory=list)
    breaks: dict[str, int] = field(default_factory=dict)
    fx_residuals: int = 0
    young: bool = True
    quarantined: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        found = self.failed_jobs or self.differing or self.refused or set(self.breaks) - NO_BREAKS
        return not found and self.young

    def as_json(self) -> dict[str, Any]:
        """The shape scripts read."""
        return {
            "ok": self.ok,
            "tables": self.tables,
            "differing": self.differing,
            "new_versions": self.new_versions,
            "pushed": self.pushed,
            "backoffice": self.backoffice,
            "refused": self.refused,
            "breaks": self.breaks,
            "fx_residuals": self.fx_residuals,
            "quarantined": self.quarantined,
            "failed_jobs": self.failed_jobs,
            "seconds": self.seconds,
        }


def run_main_job(
    settings: Settings,
    shop: str,
    *,
    run_job: RunJob,
    truth: Callable[[], Mapping[str, Any]],
    progress: Callable[[str], None],
) -> Outcome:
    """Synchronise, reconcile and build the marts of one shop; later jobs still run when an earlier one fails.

    Args:
        truth: What the sandbox store itself says it holds, told by another process.
    """
    pipeline = Pipeline(settings, shop, progress=progress)
    outcome = Outcome()
    with pipeline.connect() as conn:
        began = _one(conn, "now", shop)
        for job, partition in (("sync", shop), ("reconciliation", shop), ("marts", None)):
            progress(f"running {job}")
            if not run_job(job, partition):
                outcome.failed_jobs.append(job)
        _tell(conn, shop, began, outcome, settings)
        for compared in compare(conn, shop, truth()["tables"]):
            outcome.tables[compared.table] = {"shop": compared.shop, "warehouse": compared.warehouse}
            if compared.differs:
                outcome.differing[compared.table] = list(compared.differs)
    outcome.backoffice = dict(sorted(pipeline.backoffice.counts(shop).items()))
    return outcome


def _tell(conn: Connection, shop: str, began: datetime, outcome: Outcome, settings: Settings) -> None:
    values = {"shop": shop, "began": began, "lag": settings.lag.backoffice_seconds}
    outcome.new_versions = _one(conn, "new_versions", shop, began)
    outcome.pushed = _one(conn, "pushed", shop, began)
    outcome.quarantined = _one(conn, "quarantined", shop)
    outcome.refused = [
        {"resource": resource, "external_id": external_id, "reason": reason}
        for resource, external_id, reason in conn.execute(SQL["refused"], values).fetchall()
    ]
    outcome.fx_residuals = _one(conn, "fx_residuals", shop)
    outcome.breaks = dict(conn.execute(SQL["breaks"], values).fetchall())
    outcome.young = not conn.execute(SQL["old_in_transit"], values).fetchall()
    outcome.seconds = {stage: float(seconds) for stage, seconds in conn.execute(SQL["seconds"], values).fetchall()}


def _one(conn: Connection, name: str, shop: str, began: datetime | None = None) -> Any:
    row = conn.execute(SQL[name], {"shop": shop, "began": began}).fetchone()
    if row is None:
        raise AssertionError(f"{name} is an aggregate and returned no row")
    return row[0]

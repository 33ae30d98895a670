"""The one place where everything is put together for Dagster.

Loading it reads the settings file and dbt's prebuilt manifest; it opens no connection and parses no dbt.
"""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout

import dagster as dg

from shopify_pipeline.config import Settings, load_settings
from shopify_pipeline.defs.books import BOOKS
from shopify_pipeline.defs.ingest import INGEST, SHOP_TAG, SHOPS
from shopify_pipeline.defs.jobs import JOBS
from shopify_pipeline.defs.logs import console
from shopify_pipeline.defs.marts import marts
from shopify_pipeline.defs.reconciliation import RECONCILIATION
from shopify_pipeline.defs.schedules import schedules
from shopify_pipeline.defs.sensors import failed_runs, reconcile_after_sync, shop_changes
from shopify_pipeline.resources import MartsResource, PipelineResource


def build_defs(settings: Settings) -> dg.Definitions:
    """Everything Dagster knows of this project, for these settings."""
    return dg.Definitions(
        assets=[*INGEST, *BOOKS, *RECONCILIATION, marts()],
        jobs=JOBS,
        sensors=[shop_changes(settings), reconcile_after_sync, failed_runs],
        schedules=schedules(settings),
        resources={"pipeline": PipelineResource(), "dbt": MartsResource()},
        executor=dg.in_process_executor,
        loggers={"console": console},
    )


def job_runner(settings: Settings) -> Callable[[str, str | None], bool]:
    """A function that runs one of the jobs in this process and says whether it succeeded.

    Runs are recorded on the instance ``DAGSTER_HOME`` names, like those the daemon starts.
    """
    repository = build_defs(settings).get_repository_def()
    instance = dg.DagsterInstance.get()
    instance.add_dynamic_partitions(SHOPS.name or "", [shop.domain for shop in settings.shops.values()])

    def run(job: str, shop: str | None) -> bool:
        # dbt speaks on stdout, which belongs to the command's own answer; it is worth hearing only when it fails.
        with _signals_kept(), redirect_stdout(io.StringIO()) as said:
            result = repository.get_job(job).execute_in_process(
                instance=instance,
                partition_key=shop,
                tags={SHOP_TAG: shop} if shop else {},
                raise_on_error=False,
                run_config={"loggers": {"console": {}}},
            )
        if not result.success:
            sys.stderr.write(said.getvalue())
        return result.success

    return run


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Put the handlers of SIGINT and SIGTERM back: after a run Dagster leaves SIGTERM doing what SIGINT does,
    which in a background process is nothing."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dg.definitions
def defs() -> dg.Definitions:
    """What ``workspace.yaml`` loads."""
    return build_defs(load_settings())

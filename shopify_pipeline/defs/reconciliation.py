"""Assets of the comparison: the break ledger with a check per rule, and the report of the night.

Here: names, checks, and the numbers Dagster plots. What an asset does is one call of ``steps.pipeline``.
"""

import warnings
from collections.abc import Iterator

import dagster as dg

from shopify_pipeline.defs.books import FINANCE, SNAPSHOTS
from shopify_pipeline.defs.ingest import SHOPS
from shopify_pipeline.reconcile.rules import Rule, rules
from shopify_pipeline.report.figures import Figures, Judged, read_figures
from shopify_pipeline.report.words import money
from shopify_pipeline.resources import PipelineResource

BREAKS = dg.AssetKey(["recon", "breaks"])
SEVERITIES = {"error": dg.AssetCheckSeverity.ERROR, "warning": dg.AssetCheckSeverity.WARN}


def _check_spec(rule: Rule) -> dg.AssetCheckSpec:
    """Partitioned like the asset: one shop's verdict must not hide another's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(
            rule.name,
            asset=BREAKS,
            description=f"{rule.title} ({' and '.join(dict.fromkeys(rule.systems))}, by {rule.key})",
            partitions_def=SHOPS,
        )


@dg.multi_asset(
    name="recon_breaks",
    specs=[
        dg.AssetSpec(
            key=BREAKS,
            deps=[["recon", "census"], *(["backoffice", name] for name in SNAPSHOTS)],
            group_name="reconciliation",
            owners=FINANCE,
            kinds={"postgres"},
            description="The break ledger: every difference between shop, warehouse and back office, with first seen, "
            "last seen, age and status.",
            metadata={"dagster/table_name": "recon.breaks"},
        )
    ],
    check_specs=[_check_spec(rule) for rule in rules().values()],
    partitions_def=SHOPS,
)
def breaks(
    context: dg.AssetExecutionContext, pipeline: PipelineResource
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    shop = pipeline.for_shop(context.partition_key, context.log.info)
    shop.reconcile()
    with shop.connect() as conn:
        figures = read_figures(conn, shop.shop.domain)
    yield dg.MaterializeResult(asset_key=BREAKS, metadata=plotted(figures))
    judged = {each.rule: each for each in figures.rules}
    yield from (check(rule, judged[rule.name]) for rule in rules().values())


def check(rule: Rule, judged: Judged) -> dg.AssetCheckResult:
    """A rule's verdict: it passes when no break of it is open that is older than its lag."""
    at_risk = {f"at risk ({currency})": money(amount, currency) for currency, amount in judged.amount_at_risk.items()}
    return dg.AssetCheckResult(
        check_name=rule.name,
        asset_key=BREAKS,
        passed=not judged.open,
        severity=SEVERITIES[rule.severity],
        description=judged.says,
        metadata={
            "checked": judged.checked,
            "open": judged.open,
            "in transit": judged.in_transit,
            "accepted": judged.accepted,
            **at_risk,
            **({} if judged.oldest_days is None else {"oldest (days)": judged.oldest_days}),
        },
    )


def plotted(figures: Figures) -> dict[str, int | float]:
    """The run's numbers, under the same names every night; amounts are rounded by the plot, not by the ledger."""
    return {
        "open breaks": figures.open,
        **{f"open breaks ({severity})": number for severity, number in figures.open_by_severity.items()},
        "in transit": figures.in_transit,
        **{f"at risk ({currency})": float(amount) for currency, amount in figures.amount_at_risk.items()},
        "oldest break (days)": figures.oldest_days,
        "rules": len(figures.rules),
        "rules passed": figures.rules_passed,
        **{
            f"{name} score": float(score)
            for name, score in (("rules", figures.rules_score), ("clearing", figures.clearing_score))
            if score is not None
        },
    }


@dg.asset(
    key=["recon", "report"],
    deps=[BREAKS],
    group_name="reconciliation",
    owners=FINANCE,
    kinds={"html"},
    partitions_def=SHOPS,
    description="The report of the night, one page per shop and day that needs no network: what was compared, what "
    "differs, and what is to be done about it.",
)
def report(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult[None]:
    written = pipeline.for_shop(context.partition_key, context.log.info).report()
    path = written.path.resolve()
    return dg.MaterializeResult(
        metadata={
            "verdict": written.verdict,
            "day": written.day.isoformat(),
            "report": dg.MetadataValue.url(path.as_uri()),
            "path": dg.MetadataValue.path(path),
        }
    )


RECONCILIATION = [breaks, report]

"""The break ledger as the marts read it: breaks, and what each reconciliation compared and left.

Here: its tables' columns as migrations make them, described. Not here: what becomes of a difference (``reconcile/``).
"""

from __future__ import annotations

from dataclasses import replace

from shopify_pipeline.schemas.described import INSTANT, SHOP, Described, Relation
from shopify_pipeline.schemas.kinds import Pii

_LEDGER = ("recon", "breaks")
_RUN = Described("run_id", "bigint", "Number of the run.")
_RULE = Described("rule", "text", "The rule, by its name in rules.yaml.")

_RUNS = Relation(
    schema="recon",
    name="runs",
    grain="One row per reconciliation run.",
    key=("run_id",),
    asset=_LEDGER,
    columns=(
        _RUN,
        SHOP,
        Described("as_of", INSTANT, "The shop's clock the run judged by; later facts were not judged."),
        Described("started_at", INSTANT, "When it began."),
        Described("finished_at", INSTANT, "When it ended; null while it runs or when it failed.", nullable=True),
        Described("rules", "jsonb", "What each rule checked and found."),
        Described("open_breaks", "bigint", "Breaks it left open.", nullable=True),
        Described("in_transit", "bigint", "Differences it left that are younger than their lag.", nullable=True),
        Described("amount_at_risk", "jsonb", "By currency, the absolute differences of open breaks."),
        Described("rules_score", "numeric", "Share of rules without an open break.", nullable=True),
        Described(
            "clearing_score", "numeric", "Share of clearing accounts that agree; null: none compared.", nullable=True
        ),
    ),
)
_RUN_RULES = Relation(
    schema="recon",
    name="run_rules",
    grain="One row per reconciliation run and rule.",
    key=("run_id", "rule"),
    asset=_LEDGER,
    columns=(
        _RUN,
        SHOP,
        _RULE,
        Described("title", "text", "What holds when the rule finds nothing."),
        Described("severity", "text", "How bad a break of it is: error or warning."),
        Described("checked", "bigint", "Things it compared."),
        Described("open_breaks", "bigint", "Breaks it left open, without those in transit or for attention only."),
        Described("in_transit", "bigint", "Differences younger than their lag."),
        Described("accepted", "bigint", "Differences somebody accepted."),
        Described("seconds", "numeric", "How long it took.", unit="seconds"),
    ),
)
_RUN_AMOUNTS = Relation(
    schema="recon",
    name="run_amounts",
    grain="One row per reconciliation run, rule and currency with money in open breaks.",
    key=("run_id", "rule", "currency"),
    asset=_LEDGER,
    columns=(
        _RUN,
        SHOP,
        _RULE,
        Described("currency", "text", "Currency of the amount."),
        Described("open_breaks", "bigint", "Open breaks in this currency."),
        Described("amount_at_risk", "numeric", "Their absolute differences, added up.", unit="the row's currency"),
    ),
)
_BREAKS = Relation(
    schema="recon",
    name="breaks",
    grain="One row per break: a difference reconciliation found, whatever became of it.",
    key=("break_id",),
    columns=(
        Described("break_id", "text", "The same difference has the same id in every run."),
        SHOP,
        Described("rule", "text", "The rule that found it."),
        Described("class", "text", "Kind of difference; in_transit while it is younger than its lag."),
        Described("severity", "text", "How bad it is: error or warning."),
        Described("entity", "text", "What it is about."),
        Described("key", "text", "Which part of the entity."),
        Described("expected", "text", "What it should be.", nullable=True),
        Described("actual", "text", "What it is.", nullable=True),
        Described(
            "difference", "numeric", "What is too much of it.", nullable=True, unit="the row's currency, or units"
        ),
        Described("currency", "text", "Currency of the amount.", nullable=True),
        Described("message", "text", "The difference in one sentence."),
        Described("proposed_repair", "text", "What would repair it; null: nothing is to be proposed.", nullable=True),
        Described("since", INSTANT, "When the fact happened; none when no time will cure it.", nullable=True),
        Described("first_seen", INSTANT, "When a run first found it."),
        Described("last_seen", INSTANT, "When a run last found it."),
        Described("last_run", "bigint", "The run that last found it."),
        Described("runs_seen", "bigint", "Runs that found it.", unit="runs"),
        Described("status", "text", "open, auto_repaired, accepted or closed."),
        Described("closed_at", INSTANT, "When it was no longer found.", nullable=True),
        Described("accepted_by", "text", "Who accepted it.", nullable=True, pii=Pii.PERSONAL),
        Described("accepted_because", "text", "Why it was accepted.", nullable=True),
        Described("accepted_at", INSTANT, "When it was accepted.", nullable=True),
        Described("accepted_until", "date", "Last day, in the shop's zone, the acceptance holds.", nullable=True),
        Described("repair_asked_run", "bigint", "The run after which its repair was asked for.", nullable=True),
    ),
)
_OPEN_BREAKS = Relation(
    schema="recon",
    name="open_breaks",
    grain="One row per open break with its age and what is at risk; a view.",
    key=(),
    asset=_LEDGER,
    columns=(
        *(replace(column, nullable=True) for column in _BREAKS.columns),
        Described("age_days", "integer", "Whole days since the fact happened, when last seen.", nullable=True),
        Described("age_bucket", "text", "The same in the words of reports.", nullable=True),
        Described(
            "amount_at_risk",
            "numeric",
            "Absolute difference; null for units.",
            nullable=True,
            unit="the row's currency",
        ),
    ),
)

LEDGER_RELATIONS = (_RUNS, _RUN_RULES, _RUN_AMOUNTS, _BREAKS, _OPEN_BREAKS)

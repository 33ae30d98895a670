"""How a run speaks on a console: its own lines and its errors, one line each.

Here: the format. The full record of a run, every event with its stack trace, is in Dagster's event log.
"""

import logging
import sys
from typing import Any

import dagster as dg


class _Line(logging.Formatter):
    """Time and message; Dagster's own line would repeat job, run and step each time."""

    def format(self, record: logging.LogRecord) -> str:
        meta: dict[str, Any] = getattr(record, "dagster_meta", {})
        return f"{self.formatTime(record, '%H:%M:%S')}  {meta.get('orig_message', record.getMessage())}"


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """What steps say, and what went wrong; not Dagster's bookkeeping of its own events."""
    meta: dict[str, Any] = getattr(record, "dagster_meta", {})
    return record.levelno >= logging.ERROR or meta.get("dagster_event") is None


@dg.logger(config_schema={}, description="One short line for what steps say and for what went wrong.")
def console(context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("shopify_pipeline.run", level=logging.INFO)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line())
    handler.addFilter(_is_worth_a_line)
    logger.addHandler(handler)
    return logger

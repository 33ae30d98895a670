"""The Dagster shell: assets, checks, jobs, sensors, schedules; a few lines each, every decision in ``steps/``."""

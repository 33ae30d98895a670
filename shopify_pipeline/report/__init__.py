"""The nightly report: what one reconciliation of one shop says to the people who answer for the books."""

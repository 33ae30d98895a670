"""Webhooks: hints that a shop has changed, verified and kept in the inbox."""

"""Webhooks: who is told of a change, what is said, and how often it is tried."""

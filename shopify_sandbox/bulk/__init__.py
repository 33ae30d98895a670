"""Bulk operations: rules and lines of a query, its life, its files on their own host."""

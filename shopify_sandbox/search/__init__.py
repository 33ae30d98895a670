"""Searching and paging of connections: the query syntax, the late index, keyset cursors."""

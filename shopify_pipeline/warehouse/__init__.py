"""The warehouse: PostgreSQL, where rows, quarantine, dirty set and cursor change in one transaction."""

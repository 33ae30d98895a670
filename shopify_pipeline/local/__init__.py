"""The whole stack on one machine: its parts, a module each, and their order."""

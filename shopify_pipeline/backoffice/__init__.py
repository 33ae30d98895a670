"""The back office: what is owed to it, in words no ERP owns, and the adapters that bring it there."""

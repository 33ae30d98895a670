"""Whether shop, warehouse and back office agree: the census, the rules, the break ledger."""

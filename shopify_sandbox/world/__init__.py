"""The world: one Shopify shop as a log of dated events, and the state they fold into.

Here: what happens in the shop and by which rules. Not here: GraphQL (``resources/``), files (``store.py``), HTTP.
"""

"""Tampering: both systems agree, somebody changes one of them, and the night must name exactly that.

Here: one shop with its books (``night.py``), what is changed (``in_tryton.py``, ``in_shop.py``) and what must be found
(``finding.py``). Not here: what a rule says of a single made-up row; that is in ``reconcile/``.
"""

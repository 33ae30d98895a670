"""Third-party extractors, unmodified, against the sandbox; ``python -m shopify_pipeline_tests.peers.run`` runs them.

Not part of ``make test``: they are installed into environments of their own, and they take minutes. ``make peers``.
"""

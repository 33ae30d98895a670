"""Tryton module: posts Shopify's sales agreements, payments and shipments once, in the ERP's own transaction.

It imports nothing of the pipeline; the two meet at ``shopify.external``'s RPC methods only.
Copyright (C) the contributors of shopify-pipeline; licensed under GPL-3.0-or-later, see LICENSE in this directory.
"""

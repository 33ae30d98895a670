"""Speaks Shopify's Admin API: session, tokens, throttle, pages, bulk operations, webhook subscriptions."""

"""The landing zone: what Shopify sent, unchanged and compressed, with a manifest that says what it is.

Here: writing, listing and reading raw bodies on local disk or object storage. Nothing here looks into a body.
"""

from shopify_pipeline.landing.manifest import Kind, Manifest, Part
from shopify_pipeline.landing.store import Landing, LandingWriter, Stored

__all__ = ["Kind", "Landing", "LandingWriter", "Manifest", "Part", "Stored"]

"""``python -m shopify_pipeline.webhooks``: the receiver as a server of its own, by the settings file.

Here: putting receiver and inbox together. Encryption on the way in is the reverse proxy's part (``deploy/``).
"""

from __future__ import annotations

import argparse
import sys

import uvicorn

from shopify_pipeline.clock import SystemClock
from shopify_pipeline.config import Settings, load_settings
from shopify_pipeline.errors import ConfigError
from shopify_pipeline.warehouse.inbox import PostgresInbox
from shopify_pipeline.webhooks.receiver import build_app

# A burst beyond this is answered with 503, which Shopify repeats; memory stays bounded by it times the largest body.
# The answer to a delivery and the next delivery on the same connection may overlap, and count as two.
CONNECTIONS_MAX = 400


def main() -> int:
    """Serve until SIGTERM or SIGINT; the exit code is 2 when the settings are wrong."""
    parser = argparse.ArgumentParser(prog="python -m shopify_pipeline.webhooks", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=8090, help="TCP port (default: 8090)")
    arguments = parser.parse_args()
    try:
        settings = load_settings()
        secrets = signing_secrets(settings)
    except ConfigError as exc:
        print(exc, file=sys.stderr)
        return 2
    with PostgresInbox(settings.warehouse.dsn.get_secret_value()) as inbox:
        app = build_app(secrets, inbox, clock=SystemClock())
        uvicorn.run(
            app, host=arguments.host, port=arguments.port, limit_concurrency=CONNECTIONS_MAX, server_header=False
        )
    return 0


def signing_secrets(settings: Settings) -> dict[str, list[bytes]]:
    """Client secrets by shop domain, the present one and while rotating the previous: what Shopify signs webhooks with.

    Raises:
        ConfigError: No shop has a client secret; a shop with nothing but an access token gets no webhooks.
    """
    found: dict[str, list[bytes]] = {}
    for shop in settings.shops.values():
        secret = shop.secret()
        if secret is not None:
            known = [secret, shop.previous_secret()]
            found[shop.domain] = [each.get_secret_value().encode() for each in known if each is not None]
    if not found:
        raise ConfigError("no shop has a client secret to verify webhooks with: set client_secret_file")
    return found


if __name__ == "__main__":
    sys.exit(main())

"""The sandbox's own certificate authority, kept so that a restart is trusted by whoever trusted the start.

Belongs here: making and keeping certificates. Serving with them is in ``server.py``.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import trustme

from shopify_sandbox.state import OWNER_ONLY


@dataclass(frozen=True)
class TlsFiles:
    """Where the files are: ``ca`` for clients to trust, ``server`` with key and chain for the server."""

    ca: Path
    server: Path


def tls_files(folder: Path, shop: str) -> TlsFiles:
    """Give a certificate for the loopback address and the shop's domain, from the authority kept in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "ca.pem", folder / "ca.key"
    if certificate.exists() and key.exists():
        authority = trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    else:
        authority = trustme.CA(organization_name="shopify-sandbox")
        _write_private(key, authority.private_key_pem.bytes())
        certificate.write_bytes(authority.cert_pem.bytes())
    server = folder / "server.pem"
    issued = authority.issue_cert("127.0.0.1", "localhost", shop, common_name=shop)
    _write_private(server, issued.private_key_and_cert_chain_pem.bytes())
    return TlsFiles(certificate, server)


def _write_private(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY), "wb") as file:
        file.write(content)

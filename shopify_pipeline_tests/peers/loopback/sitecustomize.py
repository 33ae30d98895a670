"""Resolves every ``….myshopify.com`` to a sandbox on this machine, whatever library asks; no other name resolves.

Python imports this when it starts with this folder on PYTHONPATH; the program that then runs stays as it is.
"""

import os
import socket

_LOOPBACK = "127.0.0.1"
_PORT = int(os.environ["SHOPIFY_SANDBOX_PORT"])
_getaddrinfo = socket.getaddrinfo


def _resolve(host, port, *args, **kwargs):
    name = host.decode() if isinstance(host, bytes) else host or _LOOPBACK
    if name.endswith(".myshopify.com"):
        return _getaddrinfo(_LOOPBACK, _PORT, *args, **kwargs)
    if name in (_LOOPBACK, "localhost"):
        return _getaddrinfo(host, port, *args, **kwargs)
    raise socket.gaierror(socket.EAI_NONAME, f"{name} is not on this machine")


socket.getaddrinfo = _resolve

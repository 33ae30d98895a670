"""HTTPS on this machine: addresses, headers, control endpoints, the status page, answers that go wrong."""

"""Landing zones to test on: a local directory and a bucket of a real S3 server, over TLS.

Here: starting the server as a process of its own and making buckets. What a landing zone promises is in the tests.
"""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
import trustme
from obstore.store import ObjectStore
from pydantic import SecretStr

from shopify_pipeline.config_sections import LandingSettings
from shopify_pipeline.landing import objects

_numbers = itertools.count(1)

_SERVER = """
import sys
from moto.server import main
main(["-H", "127.0.0.1", "-p", "0", "-c", sys.argv[1], "-k", sys.argv[2]])
"""


@dataclass
class S3:
    """A running S3 server.

    Attributes:
        ca_file: Whom its certificate is of.
    """

    url: str
    ca_file: Path
    key_id: str = "AKIDEXAMPLE00000"
    secret: str = field(default="not-so-secret", repr=False)

    def bucket(self) -> str:
        """A new bucket of its own."""
        name = f"landing-{next(_numbers)}"
        requests.put(f"{self.url}/{name}", verify=str(self.ca_file), timeout=10).raise_for_status()
        return name

    def settings(self, **more: object) -> LandingSettings:
        return LandingSettings(
            **{
                "endpoint": self.url,
                "region": "us-east-1",
                "access_key_id": self.key_id,
                "secret_access_key": SecretStr(self.secret),
                "ca_file": self.ca_file,
                **more,
            }
        )

    def objects(self, bucket: str) -> list[str]:
        """Every key of a bucket, as the server lists it."""
        answer = requests.get(f"{self.url}/{bucket}?list-type=2", verify=str(self.ca_file), timeout=10)
        answer.raise_for_status()
        return sorted(re.findall(r"<Key>([^<]+)</Key>", answer.text))

    def store(self, bucket: str) -> ObjectStore:
        """The bucket itself, without a landing zone around it."""
        return objects.open_store(f"s3://{bucket}", self.settings())


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    folder = tmp_path_factory.mktemp("s3")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    for number, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(str(folder / "cert.pem"), append=number > 0)
    log = folder / "log"
    command = [sys.executable, "-c", _SERVER, str(folder / "cert.pem"), str(folder / "key.pem")]
    with (
        log.open("w") as output,
        subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | {"PYTHONUNBUFFERED": "1"}) as server,
    ):
        try:
            yield S3(_address(server, log), folder / "ca.pem")
        finally:
            server.terminate()


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    """Where it listens: it says so once it does."""
    for _ in range(600):
        said = re.search(r"https://127\.0\.0\.1:\d+", log.read_text())
        if said:
            return said.group()
        try:
            server.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError(f"the S3 server did not start: {log.read_text()}")

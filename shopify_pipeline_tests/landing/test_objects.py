"""A bucket that is not there, keys that do not fit, a server that is gone: each has a name, and no key is told."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from shopify_pipeline.config import Settings
from shopify_pipeline.config_sections import LandingSettings
from shopify_pipeline.errors import ConfigError, PipelineError, TransientError
from shopify_pipeline.landing import Landing, objects
from shopify_pipeline_tests.landing.conftest import S3

SECRET = "a-key-nobody-is-told"
PREFIX = "shop.myshopify.com/orders/7/"


def land(landing: Landing) -> None:
    writer = landing.begin(PREFIX)
    writer.add("page", b"{}", operation="O", query_hash="h", api_version="v", roots=0)


@pytest.mark.parametrize("what", ["list", "land", "read"])
def test_a_bucket_that_does_not_exist_is_told_by_its_name(what: str, s3: S3) -> None:
    landing = Landing.at("s3://never-made/landing", s3.settings())
    act = {
        "list": lambda: list(landing.stored("shop.myshopify.com")),
        "land": lambda: land(landing),
        "read": lambda: landing.manifest(PREFIX),
    }[what]
    with pytest.raises(ConfigError, match="s3://never-made/landing does not exist: create the bucket"):
        act()


def test_a_server_that_is_gone_is_a_matter_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "_RETRIES", 0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        settings = LandingSettings(
            endpoint=endpoint, region="r", access_key_id="id", secret_access_key=SecretStr(SECRET)
        )
        with pytest.raises(TransientError, match="s3://bucket/landing does not answer") as raised:
            land(Landing.at("s3://bucket/landing", settings))
    assert SECRET not in str(raised.value)


def test_a_server_with_a_strangers_certificate_is_given_nothing(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "_RETRIES", 0)
    bucket = s3.bucket()
    with pytest.raises(TransientError):
        land(Landing.at(f"s3://{bucket}/landing", s3.settings(ca_file=None)))
    assert s3.objects(bucket) == []


REFUSING = """
import sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer

class Refusing(BaseHTTPRequestHandler):
    def refuse(self):
        body = b"<Error><Code>InvalidAccessKeyId</Code><AWSAccessKeyId>told-key</AWSAccessKeyId></Error>"
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_PUT = do_POST = do_DELETE = refuse
    def log_message(self, *words): pass

server = HTTPServer(("127.0.0.1", 0), Refusing)
print(server.server_port, flush=True)
server.serve_forever()
"""


def test_keys_that_are_refused_are_a_matter_of_settings_and_not_told() -> None:
    with subprocess.Popen([sys.executable, "-c", REFUSING], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            settings = LandingSettings(
                endpoint=f"http://127.0.0.1:{server.stdout.readline().strip()}",
                region="us-east-1",
                access_key_id="told-key",
                secret_access_key=SecretStr(SECRET),
            )
            with pytest.raises(ConfigError, match=r"refuses these credentials \(403 InvalidAccessKeyId\)") as raised:
                land(Landing.at("s3://bucket/landing", settings))
        finally:
            server.terminate()
    assert SECRET not in str(raised.value)
    assert "told-key" not in str(raised.value)


def test_without_keys_in_the_settings_those_of_the_environment_are_used(s3: S3) -> None:
    bucket = s3.bucket()
    script = (
        "import sys; from pathlib import Path; from shopify_pipeline.config import LandingSettings; "
        "from shopify_pipeline.landing import Landing; "
        "landing = Landing.at(sys.argv[1], LandingSettings(endpoint=sys.argv[2], ca_file=Path(sys.argv[3]))); "
        "landing.begin('a/b/1/').add('page', b'{}', operation='O', query_hash='h', api_version='v', roots=0)"
    )
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": s3.key_id,
        "AWS_SECRET_ACCESS_KEY": s3.secret,
        "AWS_REGION": "us-east-1",
    }
    subprocess.run(
        [sys.executable, "-c", script, f"s3://{bucket}/x", s3.url, str(s3.ca_file)],
        env=environment,
        check=True,
        timeout=60,
    )
    assert s3.objects(bucket) == ["x/a/b/1/00000-O.json.gz"]


MEASURED = """
import resource, sys
from pathlib import Path
from random import Random
from pydantic import SecretStr
from shopify_pipeline.config_sections import LandingSettings
from shopify_pipeline.landing import Landing
place, endpoint, ca, key, secret, megabytes = sys.argv[1:]
landing = Landing.at(place, LandingSettings(endpoint=endpoint, region="us-east-1", ca_file=Path(ca), access_key_id=key,
                                            secret_access_key=SecretStr(secret)))
random = Random(1)
chunks = (random.randbytes(1 << 20) for _ in range(int(megabytes)))
writer = landing.begin("a/b/1/")
part = writer.add_lines(chunks, operation="O", query_hash="h", api_version="v", lines=1, roots=1)
assert part.bytes == int(megabytes) << 20
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_a_large_file_takes_no_more_memory_than_a_small_one_on_its_way_to_the_bucket(s3: S3) -> None:
    def peak_mb(megabytes: int) -> int:
        arguments = [f"s3://{s3.bucket()}/x", s3.url, str(s3.ca_file), s3.key_id, s3.secret, str(megabytes)]
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, *arguments], capture_output=True, text=True, check=True, timeout=120
        )
        return int(done.stdout)

    # Whatever is being uploaded at once is held; the rest of the file is not.
    assert peak_mb(160) < peak_mb(80) + 40


@pytest.mark.parametrize("place", ["s4://bucket/landing", "s3:///landing"])
def test_an_address_of_nothing_is_told(place: str) -> None:
    with pytest.raises(ConfigError, match=r"no address of an object store, such as s3://bucket/prefix"):
        Landing.at(place)


def test_settings_of_s3_are_of_no_use_to_another_store() -> None:
    with pytest.raises(ConfigError, match="are for s3:// alone"):
        Landing.at("gs://bucket/landing", LandingSettings(endpoint="https://storage.example"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"endpoint": "http://storage.example"}, "https://"),
        ({"access_key_id": "id"}, "belong together"),
        ({"secret_access_key": "s"}, "belong together"),
        ({"keep_days": 0}, "greater than or equal to 1"),
    ],
)
def test_wrong_settings_are_told(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        LandingSettings(**wrong)


def test_the_secret_key_is_read_from_its_file_and_a_missing_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{SECRET}\n")
    settings = LandingSettings(access_key_id="id", secret_access_key_file=tmp_path / "key")
    secret = settings.secret()
    assert secret is not None
    assert secret.get_secret_value() == SECRET
    missing = LandingSettings(access_key_id="id", secret_access_key_file=tmp_path / "gone")
    with pytest.raises(PipelineError, match=r"\[landing\] secret_access_key_file cannot be read"):
        Landing.at("s3://bucket/landing", missing)


def test_the_settings_name_the_bucket_or_a_folder_below_home(tmp_path: Path) -> None:
    given = {"home": tmp_path, "warehouse": {"dsn": "postgresql:///x"}}
    shops = {"one": {"domain": "a.myshopify.com", "access_token": "t"}}
    assert Settings(**given, shops=shops).landing_place == tmp_path / "landing"
    assert Settings(**given, shops=shops, landing_url="s3://bucket/x").landing_place == "s3://bucket/x"

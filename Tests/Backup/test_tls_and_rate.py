"""Certificates of an authority of one's own, for the store and for the server; and a limit of bytes a second."""

import subprocess
import time

import pytest

from backup_tool import Failed, event, fill, image, make_collection, quiver, seeded
from breaking_proxy import BreakingProxy
from conftest import BUCKET


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """The certificate of an authority, and (certificate, key) of 127.0.0.1 signed by it."""
    folder = tmp_path_factory.mktemp("authority")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *curve, "-keyout", folder / "ca.key", "-out", folder / "ca.pem", "-subj", "/CN=authority",
            "-days", "2", "-addext", "basicConstraints=critical,CA:TRUE")
    openssl("req", *curve, "-keyout", folder / "server.key", "-out", folder / "server.csr", "-subj", "/CN=127.0.0.1")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", folder / "server.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
            "-CAcreateserial", "-out", folder / "server.pem", "-days", "2", "-extfile", folder / "names")
    return folder / "ca.pem", (folder / "server.pem", folder / "server.key")


def test_an_authority_of_ones_own(tmp_path, make_server, s3, authority):
    generator = seeded("test_an_authority_of_ones_own")
    certificate, pair = authority
    server = make_server(tmp_path / "storage")
    server.start()
    make_collection(server, "a")
    fill(server, "a", 500, generator)
    wanted = image(server, "a")
    arguments = ["-r", f"s3://{BUCKET}/tls-{time.monotonic_ns()}"]
    with BreakingProxy(s3.endpoint, certificate=pair) as store, BreakingProxy(server.url, certificate=pair) as front:
        environment = s3.environment | {"AWS_ENDPOINT_URL_S3": store.url}
        for options in (["--server", server.url], ["--server", front.url]):
            began = time.monotonic()
            with pytest.raises(Failed) as failure:
                quiver("backup", "create", *arguments, *options, environment=environment)
            assert failure.value.code == 69 and "--ca-cert FILE" in failure.value.text, failure.value.text
            assert time.monotonic() - began < 30
        # The store is trusted by the environment, the server is not.
        trusting = environment | {"AWS_CA_BUNDLE": str(certificate)}
        with pytest.raises(Failed) as failure:
            quiver("backup", "create", *arguments, "--server", front.url, environment=trusting)
        assert failure.value.code == 69 and "--ca-cert FILE" in failure.value.text and front.url in failure.value.text
        quiver("backup", "create", *arguments, "--server", server.url, environment=trusting)
        quiver("backup", "create", *arguments, "--server", front.url, "--ca-cert", certificate, environment=environment)
        quiver("backup", "verify", *arguments, "--ca-cert", certificate, environment=environment)
        quiver("backup", "restore", *arguments, "--ca-cert", certificate, "--server", front.url, "--collection", "a=b",
               environment=environment)
        (tmp_path / "empty").write_text("")
        for file in (tmp_path / "nowhere", tmp_path / "empty"):
            with pytest.raises(Failed) as failure:
                quiver("backup", "list", *arguments, "--ca-cert", file, environment=environment)
            assert failure.value.code == 77 and str(file) in failure.value.text
    assert image(server, "b")["points"] == wanted["points"]


def test_a_limited_rate(tmp_path, make_server):
    generator = seeded("test_a_limited_rate")
    server = make_server(tmp_path / "storage")
    server.start()
    make_collection(server, "a", 128)
    fill(server, "a", 3000, generator, dimension=128)
    arguments = ["-r", tmp_path / "repository", "--limit-rate", "500K"]
    began = time.monotonic()
    made = event(quiver("backup", "create", *arguments, "--server", server.url), "backup")
    seconds = made["sent_bytes"] / (500 << 10)
    assert seconds > 1
    # Never faster; how much slower is the machine's own affair.
    assert time.monotonic() - began > seconds * 0.9
    began = time.monotonic()
    quiver("backup", "verify", *arguments)
    assert time.monotonic() - began > seconds * 0.9
    for rate in ("1K", "x", "-5M", "M"):
        with pytest.raises(Failed) as failure:
            quiver("backup", "verify", "-r", tmp_path / "repository", "--limit-rate", rate)
        assert failure.value.code == 64

"""An S3 store that breaks off, refuses and delays: everything succeeds all the same, or ends soon and says why."""

import hashlib
import time
import urllib.error
import urllib.request

import pytest

from backup_tool import Failed, call, event, fill, image, make_collection, point, quiver, seeded, upsert
from breaking_proxy import BreakingProxy, drawn_faults
from conftest import BUCKET
from quiver_server import direct
from test_s3_snapshots import settings

POINTS = 6_000


def through(s3, proxy):
    return s3.environment | {"AWS_ENDPOINT_URL_S3": proxy.url}


@pytest.fixture
def sample(tmp_path, make_server):
    generator = seeded("s3 faults")
    server = make_server(tmp_path / "storage")
    server.start()
    make_collection(server, "a")
    fill(server, "a", POINTS, generator)
    return generator, server


def test_backups_through_a_store_that_breaks_off(tmp_path, make_server, s3, sample):
    generator, server = sample
    arguments = ["-r", f"s3://{BUCKET}/breaking-{time.monotonic_ns()}"]
    with BreakingProxy(s3.endpoint, drawn_faults(generator.getrandbits(32), 0.4)) as proxy:
        environment = through(s3, proxy) | {"QUIVER_BACKUP_KEY": "5a" * 32}
        quiver("backup", "create", *arguments, "--server", server.url, environment=environment)
        upsert(server, "a", [point(generator, identifier) for identifier in range(100, 160)])
        made = event(quiver("backup", "create", *arguments, "--server", server.url, environment=environment), "backup")
        assert made["collections"][0]["log_bytes"] > 0
        wanted = image(server, "a")
        report = event(quiver("backup", "verify", *arguments, environment=environment), "verified")
        assert report["damage"] == [] and report["backups"] == 2
        quiver("backup", "restore", *arguments, "--storage", tmp_path / "again", environment=environment)
        pruned = event(quiver("backup", "prune", *arguments, "--keep-last", "1", environment=environment), "pruned")
        assert len(pruned["removed"]) == 1
        print(dict(proxy.faults))
        assert {"hang up", "swallow", "cut", "delay"} <= set(proxy.faults)
    again = make_server(tmp_path / "again")
    again.start()
    assert image(again, "a") == wanted
    assert not [key for key in s3.keys(arguments[1].split("/", 3)[3]) if "/locks/" in key]


def test_snapshots_in_a_store_that_breaks_off(tmp_path, make_server, s3):
    """Multipart uploads, whose every request fails for a while, and of which none stays open."""
    generator = seeded("test_snapshots_in_a_store_that_breaks_off")
    with BreakingProxy(s3.endpoint, drawn_faults(generator.getrandbits(32), 0.5)) as proxy:
        config = "QUIVER__STORAGE__SNAPSHOTS_CONFIG__S3_CONFIG__ENDPOINT_URL"
        server = make_server(tmp_path / "storage", settings(s3) | {config: proxy.url})
        server.start()
        make_collection(server, "a", 128)
        fill(server, "a", 24_000, generator, dimension=128, batch=3000)
        wanted = image(server, "a")
        for _ in range(3):
            made = call(server, "POST", "/collections/a/snapshots?wait=true", timeout=300)
            key = f"a/{made['name']}"
            assert s3.keys("a/")[key] == made["size"] > 8 << 20
            assert "-" in s3.client.head_object(Bucket=BUCKET, Key=key)["ETag"], "uploaded in parts"
            assert not s3.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
            with direct.open(f"{server.url}/collections/a/snapshots/{made['name']}", timeout=300) as answer:
                assert hashlib.sha256(answer.read()).hexdigest() == made["checksum"]
        upsert(server, "a", [point(generator, identifier, 128) for identifier in range(100)])
        location = f"{server.url}/collections/a/snapshots/{made['name']}"
        call(server, "PUT", "/collections/a/snapshots/recover?wait=true",
             {"location": location, "priority": "snapshot", "checksum": made["checksum"]}, timeout=300)
        assert image(server, "a") == wanted
        for one in call(server, "GET", "/collections/a/snapshots"):
            assert call(server, "DELETE", f"/collections/a/snapshots/{one['name']}") is True
        assert s3.keys("a/") == {}
        print(dict(proxy.faults))


def test_an_upload_that_fails_for_good_stays_nowhere(tmp_path, make_server, s3):
    """Whichever of its requests is the one: beginning (the answers are lost), a part, or the end."""
    generator = seeded("test_an_upload_that_fails_for_good_stays_nowhere")
    failing = {"kind": ""}

    def fault(method, path, _):
        kinds = {"begin": method == "POST" and "uploads=" in path, "part": "partNumber=2" in path,
                 "end": method == "POST" and "uploadId=" in path}
        if not kinds.get(failing["kind"]):
            return None
        return "swallow" if failing["kind"] == "begin" else (503, None)

    with BreakingProxy(s3.endpoint, fault) as proxy:
        config = "QUIVER__STORAGE__SNAPSHOTS_CONFIG__S3_CONFIG__ENDPOINT_URL"
        server = make_server(tmp_path / "storage", settings(s3) | {config: proxy.url})
        server.start()
        make_collection(server, "a", 128)
        fill(server, "a", 24_000, generator, dimension=128, batch=3000)
        for kind in ("begin", "part", "end"):
            failing["kind"] = kind
            with pytest.raises(urllib.error.HTTPError) as failure:
                call(server, "POST", "/collections/a/snapshots?wait=true", timeout=300)
            text = failure.value.read().decode()
            assert failure.value.code == 500 and "tried 7 times" in text, text
            assert s3.keys("a/") == {}, kind
            assert not s3.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads"), kind


@pytest.mark.parametrize("after", [None, 1])
def test_a_store_that_always_refuses(s3, sample, after):
    """The command ends, with the exit code and the sentence that say what it was."""
    _, server = sample
    arguments = ["-r", f"s3://{BUCKET}/refusing-{time.monotonic_ns()}"]
    with BreakingProxy(s3.endpoint, lambda *_: (503, after)) as proxy:
        began = time.monotonic()
        with pytest.raises(Failed) as failure:
            quiver("backup", "create", *arguments, "--server", server.url, environment=through(s3, proxy), timeout=120)
        assert time.monotonic() - began < 60
        assert failure.value.code == 69
        for part in ("GET `", "quiver-backup.json`", "503", "SlowDown", "tried 7 times"):
            assert part in failure.value.text, failure.value.text
        assert proxy.requests() == 7
    # In the middle of it: objects cannot be written any more.
    with BreakingProxy(s3.endpoint, lambda method, path, _: (
            (503, after) if method == "PUT" and "/objects/" in path else None)) as proxy:
        with pytest.raises(Failed) as failure:
            quiver("backup", "create", *arguments, "--server", server.url, environment=through(s3, proxy), timeout=120)
        assert failure.value.code == 69
        assert "PUT `" in failure.value.text and "tried 7 times" in failure.value.text
    assert event(quiver("backup", "create", *arguments, "--server", server.url, environment=s3.environment), "backup")


def test_a_refusal_is_no_matter_of_patience(s3, sample):
    _, server = sample
    arguments = ["-r", f"s3://{BUCKET}/forbidding-{time.monotonic_ns()}"]
    with BreakingProxy(s3.endpoint, lambda method, *_: (403, None) if method == "PUT" else None) as proxy:
        with pytest.raises(Failed) as failure:
            quiver("backup", "create", *arguments, "--server", server.url, environment=through(s3, proxy))
        assert failure.value.code == 77 and "AccessDenied" in failure.value.text
        assert proxy.requests("PUT") == 1

"""Snapshots, as Qdrant's clients and people with curl use them: made, listed, downloaded, deleted, uploaded, recovered."""

import base64
import hashlib
import io
import os
import random
import re
import subprocess
import tarfile
import threading
import time
from http.client import HTTPConnection
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from quiver_server import QuiverServer, find_binary

SIZE = 8
OCTETS = {"content-type": "application/octet-stream"}


@pytest.fixture
def filled(client, collection):
    client.create_collection(
        collection, vectors_config={"a": models.VectorParams(size=SIZE, distance=models.Distance.DOT)},
        sparse_vectors_config={"s": models.SparseVectorParams()})
    client.upsert(collection, [
        models.PointStruct(
            id=row, payload={"n": row, "t": f"text {row % 7}"},
            vector={"a": [row, 1, 2, 3, 4, 5, 6, 7], "s": models.SparseVector(indices=[row % 5, 9], values=[1, 2])})
        for row in range(300)])
    client.create_payload_index(collection, "n", models.PayloadSchemaType.INTEGER)
    return collection


def content(client, name):
    """Everything a collection is, to be compared."""
    points, _ = client.scroll(name, limit=10_000, with_vectors=True)
    info = client.get_collection(name)
    return [point.model_dump() for point in points], info.config.model_dump(), sorted(info.payload_schema)


@pytest.fixture
def other(client, collection):
    name = collection + "_copy"
    yield name
    client.delete_collection(name)


def download(http, path):
    answer = http("GET", path)
    assert answer.status_code == 200, answer.text
    return answer.content


def upload(http, path, archive, **more):
    return http.session.post(path, files={"snapshot": ("x.snapshot", archive)}, **more)


def error(answer, status):
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    return answer.json()["status"]["error"]


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


# The life of a snapshot


def test_collection_snapshots(client, http, filled, other):
    assert client.list_snapshots(filled) == []
    made = client.create_snapshot(filled)
    assert re.fullmatch(rf"{filled}-\d+-\d{{4}}(-\d\d){{5}}\.snapshot", made.name)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", made.creation_time)
    assert client.list_snapshots(filled) == [made]
    archive = download(http, f"/collections/{filled}/snapshots/{made.name}")
    assert len(archive) == made.size and hashlib.sha256(archive).hexdigest() == made.checksum

    before = content(client, filled)
    client.delete(filled, models.PointIdsList(points=list(range(100))))
    assert upload(http, f"/collections/{filled}/snapshots/upload?priority=snapshot", archive).json()["result"] is True
    assert content(client, filled) == before
    assert client.recover_snapshot(other, location=f"file://{snapshot_path(http, filled, made.name)}", checksum=made.checksum)
    assert content(client, other) == before

    # What was recovered is a collection like any other.
    client.upsert(other, [models.PointStruct(id=1000, vector={"a": [1] * SIZE})])
    assert client.count(other).count == 301
    assert client.delete_snapshot(filled, made.name)
    assert client.list_snapshots(filled) == []
    assert "not found" in error(http("DELETE", f"/collections/{filled}/snapshots/{made.name}"), 404)


def snapshot_path(http, collection, name):
    """Where the server keeps it: what it says of a path that is elsewhere."""
    text = error(http("PUT", f"/collections/{collection}/snapshots/recover", {"location": "file:///etc/passwd"}), 403)
    return re.search(r'directory "(.*)"', text)[1] + f"/{collection}/{name}"


def test_shard_snapshots(client, http, filled):
    before = content(client, filled)
    made = client.create_shard_snapshot(filled, 0)
    assert made.name.startswith(f"{filled}-shard-0-") and client.list_shard_snapshots(filled, 0) == [made]
    assert client.list_snapshots(filled) == []
    path = f"/collections/{filled}/shards/0/snapshots"
    archive = download(http, f"{path}/{made.name}")
    assert hashlib.sha256(archive).hexdigest() == made.checksum
    streamed = http("GET", f"/collections/{filled}/shards/0/snapshot")
    assert streamed.headers["content-disposition"].startswith(f'attachment; filename="{filled}-shard-0-')
    for source in [archive, streamed.content]:
        client.delete(filled, models.PointIdsList(points=[1, 2, 3]))
        assert upload(http, f"{path}/upload", source).status_code == 200
        assert content(client, filled) == before
    client.delete(filled, models.PointIdsList(points=[1, 2, 3]))
    assert client.recover_shard_snapshot(filled, 0, location=made.name)
    assert content(client, filled) == before
    assert client.delete_shard_snapshot(filled, 0, made.name)

    assert "Shard 1 not found" in error(http("GET", f"/collections/{filled}/shards/1/snapshots"), 404)
    for name in ["nothing", filled]:
        assert http("PUT", f"/collections/{name}_/shards/0/snapshots/recover", {"location": "whatever"}).status_code == 404
    assert "file scheme are not supported" in error(
        http("PUT", f"{path}/recover", {"location": "file:///whatever.snapshot"}), 400)
    assert error(http("PUT", f"{path}/recover", {"location": "whatever.snapshot"}), 404)


def test_full_snapshots(client, http, filled, tmp_path):
    client.update_collection_aliases([models.CreateAliasOperation(
        create_alias=models.CreateAlias(collection_name=filled, alias_name=filled + "_alias"))])
    made = client.create_full_snapshot()
    assert re.fullmatch(r"full-snapshot-\d{4}(-\d\d){5}\.snapshot", made.name)
    assert made in client.list_full_snapshots()
    archive = tmp_path / made.name
    archive.write_bytes(download(http, f"/snapshots/{made.name}"))
    assert client.delete_full_snapshot(made.name) and made not in client.list_full_snapshots()
    before = content(client, filled)
    with Started(tmp_path / "storage", "--storage-snapshot", archive) as restored:
        assert content(restored, filled + "_alias") == before
        restored.delete_collection(filled)
        single = client.create_snapshot(filled)
        (tmp_path / "single").write_bytes(download(http, f"/collections/{filled}/snapshots/{single.name}"))
    with Started(tmp_path / "storage", "--snapshot", f"{tmp_path / 'single'}:new") as restored:
        assert content(restored, "new") == before
    assert Started(tmp_path / "storage", "--snapshot", f"{tmp_path / 'single'}:new").ends() == 73
    with Started(tmp_path / "storage", "--force-snapshot", "--snapshot", f"{tmp_path / 'single'}:new") as restored:
        assert content(restored, "new") == before
    assert Started(tmp_path / "storage", "--snapshot", f"{tmp_path / 'missing'}:x").ends() == 66
    assert Started(tmp_path / "storage", "--snapshot", f"{archive}:x").ends() == 65


class Started:
    """A server of its own with flags."""

    def __init__(self, storage, *flags):
        self.server = QuiverServer(storage)
        self.flags = [str(flag) for flag in flags]

    def spawn(self):
        environment = dict(os.environ) | {
            "QUIVER__SERVICE__HOST": "127.0.0.1", "QUIVER__SERVICE__HTTP_PORT": str(self.server.port),
            "QUIVER__STORAGE__STORAGE_PATH": str(self.server.storage)}
        with open(self.server.log, "ab") as log:
            self.server.process = subprocess.Popen(
                [str(find_binary()), "serve", *self.flags], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def ends(self):
        self.spawn()
        return self.server.process.wait(30)

    def __enter__(self):
        self.spawn()
        wait_for(self.server.is_ready)
        self.client = QdrantClient(url=self.server.url, timeout=60)
        return self.client

    def __exit__(self, *_):
        self.client.close()
        self.server.terminate()


def test_nobody_has_to_wait(client, http, filled):
    accepted = http("POST", f"/collections/{filled}/snapshots?wait=false")
    assert accepted.status_code == 202 and accepted.json()["status"] == "accepted"
    name = wait_for(lambda: client.list_snapshots(filled))[0].name
    archive = download(http, f"/collections/{filled}/snapshots/{name}")
    client.delete(filled, models.PointIdsList(points=[5]))
    assert upload(http, f"/collections/{filled}/snapshots/upload?wait=false", archive).status_code == 202
    wait_for(lambda: client.count(filled).count == 300)
    assert http("DELETE", f"/collections/{filled}/snapshots/{name}?wait=false").status_code == 202
    wait_for(lambda: not client.list_snapshots(filled))
    failing = http("PUT", f"/collections/{filled}/snapshots/recover?wait=false", {"location": "file:///no.snapshot"})
    assert failing.status_code == 202
    metric = f'quiver_snapshot_failures_total{{id="{filled}"}}'
    made = f'snapshot_created_total{{id="{filled}"}} 1'
    assert made in http("GET", "/metrics").text and metric in http("GET", "/metrics").text
    telemetry = http.result("GET", "/telemetry?details_level=1")["collections"]["snapshots"]
    assert {"id": filled, "running_snapshots": 0, "running_snapshot_recovery": 0, "total_snapshot_creations": 1} in telemetry


# Downloads


def plain(server, method, path, **headers):
    """An exchange that nobody reads along: the interface document tells of no parts and no plain text."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


def test_ranges(server, client, http, filled):
    made = client.create_snapshot(filled)
    path = f"/collections/{filled}/snapshots/{made.name}"
    whole = download(http, path)
    for field, start, end in [("bytes=0-0", 0, 1), ("bytes=100-199", 100, 200), ("bytes=-10", made.size - 10, made.size),
                              ("bytes=7-", 7, made.size)]:
        status, headers, body = plain(server, "GET", path, Range=field)
        assert status == 206 and body == whole[start:end]
        assert headers["content-range"] == f"bytes {start}-{end - 1}/{made.size}"
    status, headers, _ = plain(server, "GET", path, Range=f"bytes={made.size}-")
    assert status == 416 and headers["content-range"] == f"bytes */{made.size}"
    status, headers, body = plain(server, "HEAD", path)
    assert headers["content-length"] == str(made.size) and headers["accept-ranges"] == "bytes" and body == b""
    assert headers["content-disposition"] == f'attachment; filename="{made.name}"'
    assert plain(server, "GET", path, If_None_Match=headers["etag"])[0] == 304
    client.delete_snapshot(filled, made.name)


@pytest.mark.parametrize("name", ["%2Fetc%2Fpasswd", "..%2F..%2F..%2Fcatalog.mdb", "%2E%2E%2Fx.snapshot", "x", "a%00b"])
def test_names_lead_nowhere_else(http, filled, name):
    for path in ["/snapshots", f"/collections/{filled}/snapshots", f"/collections/{filled}/shards/0/snapshots"]:
        for method in ["GET", "DELETE"]:
            assert http(method, f"{path}/{name}").status_code == 404


# Recovery


@pytest.mark.parametrize("location, status, text", [
    ("file://whatever.snapshot", 400,
     "Bad request: Invalid snapshot URI, file path must be absolute or on localhost"),
    ("file://./etc/passwd", 400, "Bad request: Invalid snapshot URI, file path must be absolute or on localhost"),
    ("file:///whatever.snapshot", 400, 'Bad request: Snapshot file "/whatever.snapshot" does not exist'),
    ("file://localhost/whatever.snapshot", 400, 'Bad request: Snapshot file "/whatever.snapshot" does not exist'),
    ("file:///etc/passwd", 403, "Forbidden: Snapshot file path must be inside the snapshots directory"),
    ("file:///etc/../etc/passwd", 403, "Forbidden: Snapshot file path must be inside the snapshots directory"),
    ("ftp://host/file", 400, "Bad request: URL ftp://host/file with scheme ftp is not supported"),
    ("nothing", 400, "Format error in JSON body: relative URL without a base"),
])
def test_locations(http, location, status, text):
    answer = http("PUT", "/collections/nowhere/snapshots/recover", {"location": location})
    assert error(answer, status).startswith(text)
    assert http("GET", "/collections/nowhere").status_code == 404


@pytest.fixture
def web(tmp_path):
    """A server of files."""
    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield tmp_path, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_checksums(client, http, filled, other, web):
    directory, url = web
    made = client.create_snapshot(filled)
    archive = download(http, f"/collections/{filled}/snapshots/{made.name}")
    (directory / "a.snapshot").write_bytes(archive)
    path = f"/collections/{other}/snapshots"
    wrong = "3" * 64
    text = error(http("PUT", f"{path}/recover", {"location": f"{url}/a.snapshot", "checksum": wrong}), 400)
    assert text == f"Wrong input: Snapshot checksum mismatch: expected {wrong}, got {made.checksum}"
    text = error(upload(http, f"{path}/upload?checksum={wrong}", archive), 400)
    assert text == f"Checksum mismatch: expected {wrong}, actual {made.checksum}"
    assert http("GET", f"/collections/{other}").status_code == 404
    assert error(http("PUT", f"{path}/recover", {"location": url, "checksum": "33"}), 422)
    assert error(upload(http, f"{path}/upload?checksum=xyz", archive), 422)
    assert error(upload(http, f"{path}/upload?priority=none", archive), 400)
    assert "status 404" in error(http("PUT", f"{path}/recover", {"location": f"{url}/b.snapshot"}), 400)
    assert upload(http, f"{path}/upload?checksum={made.checksum.upper()}", archive).status_code == 200
    assert client.recover_snapshot(other, location=f"{url}/a.snapshot", checksum=made.checksum)
    assert content(client, other) == content(client, filled)
    with pytest.raises(UnexpectedResponse):
        client.recover_snapshot(filled, location=f"{url}/a.snapshot", checksum=wrong)


def test_broken_archives_change_nothing(client, http, filled):
    made = client.create_snapshot(filled)
    archive = download(http, f"/collections/{filled}/snapshots/{made.name}")
    path = f"/collections/{filled}/snapshots/upload"
    client.upsert(filled, [models.PointStruct(id=999, vector={"a": [1] * SIZE})])
    before = content(client, filled)
    seed = int(os.environ.get("QUIVER_COMPAT_SEEDS", "1"))
    chance = random.Random(seed)
    for _ in range(40):
        damaged = bytearray(archive)
        if chance.random() < 0.3:
            del damaged[chance.randrange(len(archive)):]
        else:
            damaged[chance.randrange(len(archive))] ^= 1 << chance.randrange(8)
        assert error(upload(http, path, bytes(damaged)), 400)
    assert error(upload(http, path, archive + b"\0"), 400)
    nothing = io.BytesIO()
    with tarfile.open(fileobj=nothing, mode="w") as tar:
        entry = tarfile.TarInfo("config.json")
        entry.type = tarfile.DIRTYPE
        tar.addfile(entry)
    for junk in [b"", b"junk" * 5000, nothing.getvalue()]:
        text = error(upload(http, path, junk), 400)
        assert "does not contain a collection config" in text and "recovery-" not in text
    assert error(http.session.post(path, files={"other": ("x", archive)}), 400) == "Field with name `snapshot` is required"
    assert error(http.session.post(path, content=archive, headers=OCTETS), 400)
    assert content(client, filled) == before


def test_vectors_have_to_agree(client, http, filled, other):
    made = client.create_snapshot(filled)
    archive = download(http, f"/collections/{filled}/snapshots/{made.name}")
    client.create_collection(other, vectors_config=models.VectorParams(size=3, distance=models.Distance.DOT))
    assert error(upload(http, f"/collections/{other}/snapshots/upload", archive), 400)
    assert client.get_collection(other).config.params.vectors.size == 3


def test_curl_can(server, client, http, filled, other, tmp_path):
    made = client.create_snapshot(filled)
    url = f"{server.url}/collections/{filled}/snapshots/{made.name}"
    quiet = ["curl", "--silent", "--show-error", "--fail", "--noproxy", "*"]
    target = tmp_path / "part.snapshot"
    subprocess.run([*quiet, "--range", "0-999", "-o", target, url], check=True)
    subprocess.run([*quiet, "--continue-at", "-", "-o", target, url], check=True)
    assert hashlib.sha256(target.read_bytes()).hexdigest() == made.checksum
    subprocess.run([*quiet, "-F", f"snapshot=@{target}", f"{server.url}/collections/{other}/snapshots/upload"], check=True)
    assert content(client, other) == content(client, filled)


# Between servers


def test_keys_and_other_servers(client, http, filled, tmp_path):
    with QuiverServer(tmp_path / "a", {"QUIVER__SERVICE__API_KEY": "sesame", "QUIVER__SERVICE__READ_ONLY_API_KEY": "look"}) as source, \
            QuiverServer(tmp_path / "b", {"QUIVER__SERVICE__ENABLE_SNAPSHOT_URL_RECOVERY": "false"}) as closed:
        full = httpx.Client(base_url=source.url, headers={"api-key": "sesame"}, timeout=60, trust_env=False)
        archive = download(http, f"/collections/{filled}/snapshots/{client.create_snapshot(filled).name}")
        assert full.post("/collections/c/snapshots/upload", files={"snapshot": archive}).status_code == 200
        made = full.post("/collections/c/snapshots").json()["result"]
        location = f"{source.url}/collections/c/snapshots/{made['name']}"
        recover = {"location": location}
        assert "status 401" in error(http("PUT", f"/collections/{filled}/snapshots/recover", recover), 400)
        recover["api_key"] = "sesame"
        assert http("PUT", f"/collections/{filled}/snapshots/recover", recover).status_code == 200
        refused = httpx.put(closed.url + "/collections/c/snapshots/recover", json=recover, trust_env=False)
        assert error(refused, 403).startswith("Forbidden: ")

        look = httpx.Client(base_url=source.url, headers={"api-key": "look"}, timeout=60, trust_env=False)
        assert look.get("/collections/c/snapshots").status_code == 200
        assert look.get(location).status_code == 200
        for method, path in [("POST", "/collections/c/snapshots"), ("POST", "/snapshots"), ("POST", "/quiver/backups"),
                             ("DELETE", f"/collections/c/snapshots/{made['name']}"),
                             ("POST", "/collections/c/snapshots/upload"), ("GET", "/collections/c/shards/0/snapshot")]:
            assert look.request(method, path).status_code == 403
        assert plain(source, "GET", f"/collections/c/snapshots/{made['name']}")[0] == 401


def test_large_archives_take_little_memory(tmp_path):
    """Some 200 MB down and up again. What is read of files through maps is not counted as taken."""
    with QuiverServer(tmp_path / "storage") as running:
        client = QdrantClient(url=running.url, timeout=300)
        client.create_collection("large", vectors_config=models.VectorParams(size=2, distance=models.Distance.DOT))
        for start in range(0, 280, 10):
            client.upsert("large", [
                models.PointStruct(
                    id=row, vector=[row, 1], payload={"text": base64.b64encode(random.randbytes(750_000)).decode()})
                for row in range(start, start + 10)])
        made = client.create_snapshot("large")
        running.restart()
        before = anonymous_bytes(running)
        highest = Highest(running)
        digest = hashlib.sha256()
        target = tmp_path / "large.snapshot"
        session = httpx.Client(base_url=running.url, timeout=300, trust_env=False)
        with session.stream("GET", f"/collections/large/snapshots/{made.name}") as answer, open(target, "wb") as file:
            for chunk in answer.iter_bytes(1 << 20):
                digest.update(chunk)
                file.write(chunk)
        assert digest.hexdigest() == made.checksum and made.size > 150 << 20
        with open(target, "rb") as file:
            answer = session.post("/collections/copy/snapshots/upload", files={"snapshot": file})
        assert answer.status_code == 200, answer.text
        growth = highest.end() - before
        assert client.count("copy").count == 280
        assert growth < 96 << 20, f"{growth >> 20} MB"


def anonymous_bytes(server):
    with open(f"/proc/{server.process.pid}/status") as file:
        return int(re.search(r"RssAnon:\s+(\d+) kB", file.read())[1]) << 10


class Highest:
    """The most that a process had of memory of its own, looked at often."""

    def __init__(self, server):
        self.highest = 0
        self.isOver = False
        self.thread = threading.Thread(target=self.watch, args=[server])
        self.thread.start()

    def watch(self, server):
        while not self.isOver:
            self.highest = max(self.highest, anonymous_bytes(server))
            time.sleep(0.02)

    def end(self):
        self.isOver = True
        self.thread.join()
        return self.highest

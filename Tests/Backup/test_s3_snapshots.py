"""Snapshots that a server keeps in S3, by its REST interface."""

import hashlib
import os
import urllib.error

import pytest

from backup_tool import call, fill, image, make_collection, point, seeded, upsert
from conftest import BUCKET
from quiver_server import direct

# More than one part of a multipart upload.
POINTS, DIMENSION = 24_000, 128


def settings(s3):
    config = "QUIVER__STORAGE__SNAPSHOTS_CONFIG__"
    return {
        config + "SNAPSHOTS_STORAGE": "s3", config + "S3_CONFIG__BUCKET": BUCKET,
        config + "S3_CONFIG__REGION": "us-east-1", config + "S3_CONFIG__ENDPOINT_URL": s3.endpoint,
        config + "S3_CONFIG__ACCESS_KEY": s3.access_key, config + "S3_CONFIG__SECRET_KEY": s3.secret_key,
    }


def test_snapshots_lie_in_s3(tmp_path, s3, make_server):
    generator = seeded("test_snapshots_lie_in_s3")
    server = make_server(tmp_path / "storage", settings(s3))
    server.start()
    make_collection(server, "a", DIMENSION)
    batch = 2000
    for first in range(0, POINTS, batch):
        upsert(server, "a", [
            {"id": i, "vector": [generator.uniform(-1, 1) for _ in range(DIMENSION)], "payload": {"group": "g"}}
            for i in range(first, first + batch)])
    wanted = image(server, "a")
    made = call(server, "POST", "/collections/a/snapshots?wait=true", timeout=300)
    key = f"a/{made['name']}"
    assert s3.keys("a/")[key] == made["size"] > 8 << 20
    head = s3.client.head_object(Bucket=BUCKET, Key=key)
    assert "-" in head["ETag"], "uploaded in parts"
    assert not s3.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
    listed = call(server, "GET", "/collections/a/snapshots")
    assert [(one["name"], one["size"], one["checksum"]) for one in listed] == [
        (made["name"], made["size"], made["checksum"])]
    with direct.open(f"{server.url}/collections/a/snapshots/{made['name']}", timeout=300) as answer:
        data = answer.read()
    assert len(data) == made["size"] and hashlib.sha256(data).hexdigest() == made["checksum"]

    upsert(server, "a", [point(generator, i, DIMENSION) for i in range(100)])
    assert image(server, "a") != wanted
    boundary = b"limit"
    body = (b"--limit\r\ncontent-disposition: form-data; name=\"snapshot\"; filename=\"a.snapshot\"\r\n\r\n" + data
            + b"\r\n--limit--\r\n")
    import urllib.request
    request = urllib.request.Request(
        f"{server.url}/collections/a/snapshots/upload?wait=true&priority=snapshot", data=body, method="POST",
        headers={"content-type": "multipart/form-data; boundary=" + boundary.decode()})
    with direct.open(request, timeout=300) as answer:
        assert answer.status == 200
    assert image(server, "a") == wanted

    whole = call(server, "POST", "/snapshots?wait=true", timeout=300)
    assert whole["name"] in s3.keys()
    assert [one["name"] for one in call(server, "GET", "/snapshots")] == [whole["name"]]
    assert call(server, "DELETE", f"/collections/a/snapshots/{made['name']}") is True
    assert call(server, "DELETE", f"/snapshots/{whole['name']}") is True
    assert s3.keys() == {}
    with pytest.raises(urllib.error.HTTPError) as failure:
        call(server, "DELETE", f"/collections/a/snapshots/{made['name']}")
    assert failure.value.code == 404
    assert s3.secret_key not in server.log.read_text()

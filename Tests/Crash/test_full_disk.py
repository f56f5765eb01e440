"""A full disk: writes are refused with a reason, reads go on, and writing resumes when there is room."""

import os
import subprocess
import time

import pytest

from manifest import leaks
from writers import COLLECTION, Connection, Refused, create_collection

DISK_MIB = 96
BALLAST_MIB = 48


@pytest.fixture
def small_disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(disk)],
                             capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"mounting a tmpfs is not permitted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def upsert(connection, request, count=50):
    """Points of about 4 kB each."""
    connection.call("PUT", f"/collections/{COLLECTION}/points?wait=true", {"points": [
        {"id": request * 1000 + part, "vector": [float(part)] * 8,
         "payload": {"writer": 0, "request": request, "text": "x" * 4000}} for part in range(count)]})
    return count


def count(connection):
    return connection.call("POST", f"/collections/{COLLECTION}/points/count", {"exact": True})["count"]


def test_full_disk(small_disk, make_server):
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (BALLAST_MIB << 20))
    server = make_server(small_disk / "storage")
    server.log = small_disk.parent / "server.log"  # the log is not what runs out of room
    server.start()
    connection = Connection(server.port)
    create_collection(connection)
    written = request = 0
    refusal = None
    while refusal is None:
        request += 1
        assert request < 1000, "the disk never got full"
        try:
            written += upsert(connection, request)
        except Refused as caught:
            refusal = caught
    print(f"{written} points fit; then: {refusal}")
    assert refusal.status in (500, 507) and len(str(refusal)) > 10

    # Reads go on, and the refused request left nothing.
    assert count(connection) == written
    assert len(connection.call("POST", f"/collections/{COLLECTION}/points/query", {
        "query": [1.0] * 8, "limit": 10, "with_payload": True})["points"]) == 10
    with pytest.raises(Refused):
        for more in range(1000, 1100):
            upsert(connection, more)
            written += 50

    ballast.unlink()
    deadline = time.monotonic() + 60
    while True:
        try:
            written += upsert(connection, 2000)
            break
        except Refused as still:
            assert time.monotonic() < deadline, f"room was made, but writing did not resume: {still}"
            time.sleep(0.2)
    assert count(connection) == written
    server.restart()
    assert count(Connection(server.port)) == written
    server.terminate()


def test_disk_fills_while_a_segment_is_sealed(small_disk, make_server):
    """Refusals fall among the steps of sealing: the commit that freezes the growing segment, the segment's file, and
    the switch to it. Whatever step they hit, what was acknowledged stays, and the server goes on."""
    dimension, batch = 512, 2000  # 32 MiB of vectors, where growing segments are frozen, are 8 batches of 4 MiB
    server = make_server(small_disk / "storage")
    server.log = small_disk.parent / "server.log"
    server.start()
    connection = Connection(server.port)
    connection.call("PUT", f"/collections/{COLLECTION}", {"vectors": {"size": dimension, "distance": "Dot"}})

    def load(first, count):
        connection.call("PUT", f"/collections/{COLLECTION}/points?wait=true", {"points": [
            {"id": first + part, "vector": [float((first + part) % 97)] * dimension} for part in range(count)]})
        return count

    written, refused = 0, 0
    for step in range(40):
        try:
            written += load(step * batch, batch)
        except Refused as refusal:
            assert refusal.status == 507, refusal
            refused += 1
            try:
                written += load(1_000_000 + step, 1)  # a small one may still fit, and must not find anything broken
            except Refused as small:
                assert small.status == 507, small
            if refused == 6:
                break
            time.sleep(0.3)
    assert refused, "the disk never got full"
    assert count(connection) == written
    server.restart()
    assert count(Connection(server.port)) == written
    server.terminate()


def wait_for(what, holds, seconds=90):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.1)


def fill(disk, left_bytes):
    """A file that leaves so much room."""
    status = os.statvfs(disk)
    ballast = disk / "ballast"
    ballast.write_bytes(b"x" * max(0, status.f_bavail * status.f_frsize - left_bytes))
    return ballast


def test_background_work_waits_for_room(small_disk, make_server):
    """Sealing, graphs and field indexes that find no room are told of, hold nothing up, and are done when there is
    some: without a restart, and without a file too many."""
    dimension, points = 128, 6000
    server = make_server(small_disk / "storage")
    server.log = small_disk.parent / "server.log"
    server.start()
    connection = Connection(server.port)
    connection.call("PUT", f"/collections/{COLLECTION}", {
        "vectors": {"size": dimension, "distance": "Dot"}, "optimizers_config": {"indexing_threshold": 100}})

    def load(first, count):
        connection.call("PUT", f"/collections/{COLLECTION}/points?wait=true", {"points": [
            {"id": each, "vector": [float((each * place) % 31) for place in range(dimension)], "payload": {"part": each % 7}}
            for each in range(first, first + count)]})

    def info():
        return connection.call("GET", f"/collections/{COLLECTION}")

    load(0, points)
    ballast = fill(small_disk, 1 << 20)
    wait_for("the status tells that sealing finds no room", lambda: info()["optimizer_status"] != "ok")
    assert info()["indexed_vectors_count"] < points
    print(f"status while the disk is full: {info()['status']}, {info()['optimizer_status']}")
    # The index is there as soon as that is acknowledged; a refusal leaves none.
    try:
        connection.call("PUT", f"/collections/{COLLECTION}/index?wait=true", {"field_name": "part", "field_schema": "integer"})
    except Refused as refusal:
        assert refusal.status == 507, refusal
        assert "part" not in info()["payload_schema"]
    assert count(connection) == points
    ballast.unlink()
    connection.call("PUT", f"/collections/{COLLECTION}/index?wait=true", {"field_name": "part", "field_schema": "integer"})
    wait_for("the graph", lambda: info()["indexed_vectors_count"] == points and info()["optimizer_status"] == "ok"
             and info()["status"] == "green")
    part = {"must": [{"key": "part", "match": {"value": 3}}]}
    assert connection.call("POST", f"/collections/{COLLECTION}/points/count", {
        "exact": True, "filter": part})["count"] == len(range(3, points, 7))

    # The same for what follows: more points, and the merge of two segments.
    load(points, 2000)
    ballast = fill(small_disk, 1 << 20)
    wait_for("the status tells that sealing finds no room", lambda: info()["optimizer_status"] != "ok")
    ballast.unlink()
    wait_for("the graph", lambda: info()["indexed_vectors_count"] == points + 2000 and info()["optimizer_status"] == "ok"
             and info()["status"] == "green")
    server.terminate()
    assert not leaks(small_disk / "storage", 1)
    server.start()
    assert count(Connection(server.port)) == points + 2000
    server.terminate()


def test_a_snapshot_finds_no_room(small_disk, make_server):
    server = make_server(small_disk / "storage")
    server.log = small_disk.parent / "server.log"
    server.start()
    connection = Connection(server.port)
    create_collection(connection)
    for request in range(20):
        connection.call("PUT", f"/collections/{COLLECTION}/points?wait=true", {"points": [
            {"id": request * 1000 + part, "vector": [float(part)] * 8,
             "payload": {"writer": 0, "request": request, "text": os.urandom(2000).hex()}} for part in range(50)]})
    ballast = fill(small_disk, 1 << 20)
    before = sorted(path for path in (small_disk / "storage").rglob("*") if path.is_file())
    with pytest.raises(Refused) as refusal:
        connection.call("POST", f"/collections/{COLLECTION}/snapshots?wait=true")
    if refusal.value.status in (404, 405, 501):
        pytest.skip("the server makes no snapshots")
    assert refusal.value.status in (500, 507) and len(str(refusal.value)) > 20
    assert connection.call("GET", f"/collections/{COLLECTION}/snapshots") == []
    after = sorted(path for path in (small_disk / "storage").rglob("*") if path.is_file())
    assert after == before, "what was written of the snapshot is still there"
    assert count(connection) == 1000
    ballast.unlink()
    made = connection.call("POST", f"/collections/{COLLECTION}/snapshots?wait=true")
    assert [each["name"] for each in connection.call("GET", f"/collections/{COLLECTION}/snapshots")] == [made["name"]]
    server.terminate()

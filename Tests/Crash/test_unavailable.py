"""Collections whose files are damaged: they are told apart from those that serve, and can be replaced."""

import errno
import os
import subprocess
import time

import httpx
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from disk import Disk
from quiver_server import QuiverServer, find_binary

SIZE, POINTS = 4, 200


def vector(number):
    return [float(number % 7), 1.0, float(number), 2.0]


def fill(client, name):
    client.create_collection(name, vectors_config=models.VectorParams(size=SIZE, distance=models.Distance.DOT))
    client.create_payload_index(name, "n", models.PayloadSchemaType.INTEGER)
    client.upsert(name, [models.PointStruct(id=each, vector=vector(each), payload={"n": each}) for each in range(POINTS)])


def connect(server):
    return QdrantClient(url=server.url, timeout=60, check_compatibility=False)


@pytest.fixture
def filled(tmp_path, make_server):
    """A server that has ended, of the collections `whole` and `lost` with an alias each, and a snapshot of `lost`."""
    server = make_server(tmp_path / "storage")
    server.start()
    client = connect(server)
    directories = {}
    for name in ("whole", "lost"):
        before = set((server.storage / "collections").iterdir())
        fill(client, name)
        directories[name] = (set((server.storage / "collections").iterdir()) - before).pop()
        client.update_collection_aliases([models.CreateAliasOperation(
            create_alias=models.CreateAlias(collection_name=name, alias_name=f"{name}_alias"))])
    snapshot = server.storage / "snapshots" / "lost" / client.create_snapshot("lost").name
    server.terminate()
    return server, directories, snapshot


def damage(directory):
    """Its pages, so that it does not fit its stamp, and neither root counts."""
    path = directory / "points.mdb"
    data = bytearray(path.read_bytes())
    data[:8192] = bytes(8192)
    path.write_bytes(data)


def serves(client, name):
    found = client.query_points(name, query=vector(150), limit=3, query_filter=models.Filter(
        must=[models.FieldCondition(key="n", range=models.Range(lt=100))]))
    assert [point.id for point in found.points] == [99, 98, 97]
    assert client.count(name).count == POINTS


def metric(server, name):
    text = httpx.get(server.url + "/metrics", trust_env=False).text
    return [line for line in text.splitlines() if line.startswith(name)]


POINT = {"id": 1, "vector": [1, 2, 3, 4]}
SEARCH = {"query": [1, 2, 3, 4], "limit": 1}

# Everything that needs the collection's data.
REQUESTS = [
    ("PATCH", "", {"optimizers_config": {"indexing_threshold": 7}}),
    ("PUT", "/index?wait=true", {"field_name": "a", "field_schema": "integer"}),
    ("DELETE", "/index/n?wait=true", None),
    ("PUT", "/points?wait=true", {"points": [POINT]}),
    ("PUT", "/points?wait=false", {"points": [POINT]}),
    ("POST", "/points", {"ids": [1]}),
    ("GET", "/points/1", None),
    ("POST", "/points/delete?wait=true", {"points": [1]}),
    ("PUT", "/points/vectors?wait=true", {"points": [POINT]}),
    ("POST", "/points/vectors/delete?wait=true", {"points": [1], "vector": [""]}),
    ("POST", "/points/payload?wait=true", {"payload": {"a": 1}, "points": [1]}),
    ("PUT", "/points/payload?wait=true", {"payload": {"a": 1}, "points": [1]}),
    ("POST", "/points/payload/delete?wait=true", {"keys": ["a"], "points": [1]}),
    ("POST", "/points/payload/clear?wait=true", {"points": [1]}),
    ("POST", "/points/batch?wait=true", {"operations": [{"upsert": {"points": [POINT]}}]}),
    ("POST", "/points/scroll", {}),
    ("POST", "/points/count", {}),
    ("POST", "/points/query", SEARCH),
    ("POST", "/points/query/batch", {"searches": [SEARCH]}),
    ("POST", "/points/query/groups", SEARCH | {"group_by": "n"}),
    ("POST", "/points/search", {"vector": [1, 2, 3, 4], "limit": 1}),
    ("POST", "/points/search/batch", {"searches": [{"vector": [1, 2, 3, 4], "limit": 1}]}),
    ("POST", "/points/search/groups", {"vector": [1, 2, 3, 4], "limit": 1, "group_by": "n", "group_size": 1}),
    ("POST", "/points/search/matrix/pairs", {"sample": 2}),
    ("POST", "/points/search/matrix/offsets", {"sample": 2}),
    ("POST", "/points/recommend", {"positive": [1], "limit": 1}),
    ("POST", "/points/recommend/batch", {"searches": [{"positive": [1], "limit": 1}]}),
    ("POST", "/points/discover", {"target": 1, "limit": 1}),
    ("POST", "/facet", {"key": "n"}),
    ("POST", "/snapshots", None),
    ("GET", "/cluster", None),
    ("GET", "/memory", None),
    ("GET", "/optimizations", None),
    ("POST", "/shards/0/points/count", {}),
    ("POST", "/shards/0/points/scroll", {}),
    ("GET", "/shards/0/snapshot", None),
]


def test_one_of_two(filled):
    server, directories, snapshot = filled
    damage(directories["lost"])
    with server:
        client = connect(server)
        serves(client, "whole")
        serves(client, "whole_alias")
        assert {each.name for each in client.get_collections().collections} == {"whole", "lost"}
        assert client.collection_exists("lost") and client.collection_exists("lost_alias")
        assert {each.alias_name for each in client.get_collection_aliases("lost").aliases} == {"lost_alias"}
        assert len(client.get_aliases().aliases) == 2
        for name in ("lost", "lost_alias"):
            info = client.get_collection(name)
            assert info.status == models.CollectionStatus.RED and "points.mdb" in info.optimizer_status.error
            assert info.config.params.vectors.size == SIZE
        with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as http:
            for name in ("lost", "lost_alias"):
                for method, path, body in REQUESTS:
                    answer = http.request(method, f"/collections/{name}{path}", json=body)
                    what = f"{method} {path}: {answer.status_code} {answer.text[:300]}"
                    assert answer.status_code == 500, what
                    error = answer.json()["status"]["error"]
                    assert error.startswith("Service internal error: ") and "points.mdb" in error, what
            # A copy of everything would be without it.
            assert http.post("/snapshots").status_code == 500
            # An example vector of it is none.
            answer = http.post("/collections/whole/points/query",
                               json={"query": 1, "lookup_from": {"collection": "lost"}, "limit": 1})
            assert answer.status_code == 500 and "points.mdb" in answer.text, answer.text
            assert http.put("/collections/lost", json={"vectors": {"size": 2, "distance": "Dot"}}).status_code == 409
            assert http.get("/telemetry?details_level=10").status_code == 200
            assert http.get("/readyz").status_code == http.get("/healthz").status_code == 200
        assert metric(server, "quiver_collection_unavailable") == ['quiver_collection_unavailable{id="lost"} 1']
        assert metric(server, "collections_total ") == ["collections_total 2"]
        told = [line for line in server.log.read_text().splitlines() if "unavailable" in line and "route=" not in line]
        assert len(told) == 1 and "lost" in told[0] and "points.mdb" in told[0] and "snapshot" in told[0], told
        serves(client, "whole")

        assert client.recover_snapshot("lost", snapshot.as_uri(), wait=True)
        serves(client, "lost")
        serves(client, "lost_alias")
        assert client.get_collection("lost").status == models.CollectionStatus.GREEN
        assert metric(server, "quiver_collection_unavailable") == []
    with server:
        serves(connect(server), "lost")
    verify(server, 0)


def verify(server, code):
    ended = subprocess.run([str(find_binary()), "verify", str(server.storage)], capture_output=True, text=True, timeout=120)
    assert ended.returncode == code, f"{ended.stdout}\n{ended.stderr}"


def test_deleting(filled):
    server, directories, _ = filled
    damage(directories["lost"])
    verify(server, 1)
    with server:
        client = connect(server)
        assert client.delete_collection("lost")
        assert not directories["lost"].exists()
        assert not client.collection_exists("lost") and len(client.get_aliases().aliases) == 1
        with pytest.raises(UnexpectedResponse) as failure:
            client.get_collection("lost")
        assert failure.value.status_code == 404
        fill(client, "lost")
        serves(client, "lost")
    verify(server, 0)


def test_a_missing_file(filled):
    server, directories, _ = filled
    (directories["lost"] / "points.mdb").unlink()
    with server:
        client = connect(server)
        serves(client, "whole")
        assert "missing" in client.get_collection("lost").optimizer_status.error


def test_a_file_that_is_cut_off_while_it_is_served(tmp_path, make_server):
    """A segment file whose bytes go away under the server: its collection says so, the process and the others go on."""
    server = make_server(tmp_path / "storage")
    server.start()
    client = connect(server)
    fill(client, "whole")
    client.create_collection("lost", vectors_config=models.VectorParams(size=512, distance=models.Distance.DOT),
                             optimizers_config=models.OptimizersConfigDiff(indexing_threshold=100))
    rows = [[float((each * 31 + at) % 97) for at in range(512)] for each in range(1500)]
    client.upsert("lost", [models.PointStruct(id=each, vector=row) for each, row in enumerate(rows)])
    deadline = time.monotonic() + 60
    while not (segments := list(server.storage.glob("collections/*/segments/*.seg"))) or (
            client.get_collection("lost").status != models.CollectionStatus.GREEN):
        assert time.monotonic() < deadline, server.log_tail()
        time.sleep(0.1)
    for segment in segments:
        os.truncate(segment, 0)
    with pytest.raises(UnexpectedResponse) as refusal:
        for row in rows:
            client.query_points("lost", query=row, limit=3, with_vectors=True)
    assert refusal.value.status_code == 500 and segments[0].name in refusal.value.content.decode()
    serves(client, "whole")
    assert client.get_collection("lost").status == models.CollectionStatus.RED
    assert server.process.poll() is None
    server.restart()
    client = connect(server)
    serves(client, "whole")
    assert client.get_collection("lost").status == models.CollectionStatus.RED
    client.delete_collection("lost")
    server.terminate()


def test_a_damaged_catalogue(filled):
    """It is made anew of what lies beside the collections, and that is told; the damaged file is kept aside."""
    server, directories, _ = filled
    catalogue = server.storage / "catalog.mdb"
    sound = catalogue.read_bytes()
    for number, data in enumerate((bytes(8192) + sound[8192:], sound[:4096], sound.replace(b"Dot", b"Dxt"), b"", None)):
        if data is None:
            catalogue.unlink()
        else:
            catalogue.write_bytes(data)
        server.log.unlink(missing_ok=True)
        verify(server, 1)
        with server:
            client = connect(server)
            for name in ("whole", "lost", "whole_alias", "lost_alias"):
                serves(client, name)
            told = [line for line in server.log.read_text().splitlines() if "made anew" in line]
            assert len(told) == 1 and "2 collections and 2 aliases" in told[0], told
            kept = len(list((server.storage / "quarantine").iterdir()))
            assert kept == min(4, number + 1)
            assert metric(server, "quiver_quarantined_catalogs") == [f"quiver_quarantined_catalogs {kept}"]
            telemetry = httpx.get(server.url + "/telemetry?details_level=1", trust_env=False).json()
            assert telemetry["result"]["collections"]["quarantined_catalogs"] == kept
        verify(server, 0)
    server.log.unlink()
    with server:
        serves(connect(server), "lost")
        assert "made anew" not in server.log.read_text()


def test_a_damaged_catalogue_and_a_lost_record(filled):
    """What cannot be known any more is kept and told, and all else serves; it comes back with its record."""
    server, directories, _ = filled
    record = directories["lost"] / "collection.json"
    sound = record.read_bytes()
    record.write_bytes(sound.replace(b"Dot", b"Dxt"))
    (server.storage / "catalog.mdb").unlink()
    verify(server, 1)
    kept = server.storage / "nameless" / directories["lost"].name
    for _ in range(2):
        with server:
            client = connect(server)
            serves(client, "whole")
            serves(client, "whole_alias")
            assert [each.name for each in client.get_collections().collections] == ["whole"]
            assert len(client.get_aliases().aliases) == 1
            assert str(kept) in server.log.read_text()
            assert metric(server, "quiver_nameless_collections") == ["quiver_nameless_collections 1"]
        verify(server, 1)
    (kept / "collection.json").write_bytes(sound)
    with server:
        serves(connect(server), "lost")
        assert not kept.exists() and metric(server, "quiver_nameless_collections") == []
    verify(server, 0)


def test_a_catalogue_of_before(filled):
    """Without anything it could be made anew of nothing is served, and nothing is touched: the message says what to do."""
    server, directories, _ = filled
    catalogue = server.storage / "catalog.mdb"
    sound = catalogue.read_bytes()
    for path in (server.storage / "catalog.json", *(each / "collection.json" for each in directories.values())):
        path.unlink()
    for data in (bytes(8192) + sound[8192:], b""):
        catalogue.write_bytes(data)
        server.log.unlink(missing_ok=True)
        assert server.spawn().process.wait(30) == 74, server.log_tail()
        told = server.log.read_text()
        assert "catalog.mdb" in told and "quiver verify" in told and "restore" in told, told
        assert all(directory.exists() for directory in directories.values()) and catalogue.read_bytes() == data
    catalogue.write_bytes(sound)
    with server:
        serves(connect(server), "lost")


def test_a_catalogue_that_cannot_be_read(filled, workshop, tmp_path):
    """A disk that does not give it says nothing of what is in it: nothing is served, and nothing is touched."""
    server, _, _ = filled
    (server.storage / "catalog.mdb.stamp").unlink()
    before = (server.storage / "catalog.mdb").read_bytes()
    disk = Disk(workshop.library, server.storage, tmp_path / "control")
    environment = server.environment
    server.environment = environment | disk.environment
    disk.arm(["read"], 1, errno.EIO, "on", filter="catalog.mdb")
    assert server.spawn().process.wait(30) == 74, server.log_tail()
    assert disk.injected and (server.storage / "catalog.mdb").read_bytes() == before
    assert not (server.storage / "quarantine").exists()
    server.environment = environment
    with server:
        serves(connect(server), "lost")
        serves(connect(server), "lost_alias")


@pytest.mark.parametrize("how", ["once", "on"])
def test_a_disk_that_fails_for_a_while(filled, workshop, tmp_path, how):
    """What could not be read is tried again, without a restart."""
    server, directories, _ = filled
    # Read in full, because it is not as it was left.
    (directories["lost"] / "points.mdb.stamp").unlink()
    disk = Disk(workshop.library, server.storage, tmp_path / "control")
    server.environment |= disk.environment
    disk.arm(["read"], 3, errno.EIO, how, filter=f"{directories['lost'].name}/points.mdb")
    with server:
        failures = disk.injected
        assert failures
        client = connect(server)
        serves(client, "whole")
        info = client.get_collection("lost")
        assert info.status == models.CollectionStatus.RED and "tried again" in info.optimizer_status.error
        deadline = time.monotonic() + 40
        if how == "on":
            while disk.injected == failures:
                assert time.monotonic() < deadline and client.get_collection("lost").status == models.CollectionStatus.RED
                time.sleep(0.2)
            assert server.log.read_text().count("`lost` is unavailable") == 1
            disk.disarm()
        while client.get_collection("lost").status == models.CollectionStatus.RED:
            assert time.monotonic() < deadline, server.log_tail()
            time.sleep(0.2)
        serves(client, "lost")
        serves(client, "lost_alias")
        assert metric(server, "quiver_collection_unavailable") == []
        assert "serves again" in server.log.read_text()

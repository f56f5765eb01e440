"""`quiver snapshot`: against a running server, and on directories that no server has open."""

import hashlib
import json
import random
import subprocess

import pytest

from every_kind import fill
from quiver_server import find_binary
from rest import REST

SEED = random.randrange(2**32)


@pytest.fixture
def filled(make_server):
    """A server with collections of every kind."""
    server = make_server("source")
    rest = REST(server.url)
    fill(rest, SEED, points=300)
    return server, rest


def content(rest, collection):
    return rest.description(collection), rest.points(collection)


def made(ended):
    [snapshot] = ended.event("snapshot")
    return snapshot


def test_a_collection_goes_to_another_server(filled, make_server, quiver, tmp_path):
    print("seed", SEED)
    server, rest = filled
    at = ["--server", server.url, "--collection", "named", "--json"]
    snapshot = made(quiver("snapshot", "create", *at))
    assert quiver("snapshot", "list", *at).event("snapshot") == [snapshot]
    file = tmp_path / "named.snapshot"
    quiver("snapshot", "download", snapshot["name"], *at, "--output", file)
    data = file.read_bytes()
    assert len(data) == snapshot["size"] and hashlib.sha256(data).hexdigest() == snapshot["checksum"]
    assert "--overwrite" in quiver("snapshot", "download", snapshot["name"], *at, "--output", file, code=73).err
    # What is there of a download is not fetched again, and what does not belong to it is found.
    part = tmp_path / "named.snapshot.part"
    part.write_bytes(data[:len(data) // 2])
    quiver("snapshot", "download", snapshot["name"], *at, "--output", file, "--overwrite")
    assert file.read_bytes() == data and not part.exists()
    part.write_bytes(bytes(len(data) // 2))
    assert "SHA-256" in quiver("snapshot", "download", snapshot["name"], *at, "--output", file, "--overwrite", code=65).err
    assert not part.exists()

    assert quiver("snapshot", "verify", file, "--deep", "--checksum", snapshot["checksum"], "--json").event("result")[0]["sound"]
    other_server = make_server("other")
    other = REST(other_server.url)
    there = ["--server", other_server.url, "--json"]
    quiver("snapshot", "upload", file, *there, "--collection", "arrived", "--checksum", snapshot["checksum"])
    assert content(other, "arrived") == content(rest, "named")
    # Nothing is replaced unasked, nor by what is damaged.
    quiver("snapshot", "upload", file, *there, "--collection", "arrived", code=73)
    quiver("snapshot", "upload", file, *there, "--collection", "arrived", "--overwrite", "--checksum", "0" * 64, code=65)
    damaged = tmp_path / "damaged.snapshot"
    place = random.Random(SEED).randrange(len(data))
    damaged.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1:])
    quiver("snapshot", "upload", damaged, *there, "--collection", "arrived", "--overwrite", code=65)
    assert quiver("snapshot", "verify", damaged, "--json", code=1).event("result")[0]["sound"] is False
    assert content(other, "arrived") == content(rest, "named")
    # The other server fetches it itself.
    location = f"{server.url}/collections/named/snapshots/{snapshot['name']}"
    quiver("snapshot", "restore", location, *there, "--as", "fetched", "--checksum", snapshot["checksum"])
    assert content(other, "fetched") == content(rest, "named")
    # On the same server, under another name, and over what has changed.
    quiver("snapshot", "restore", snapshot["name"], *at, "--as", "again")
    assert content(rest, "again") == content(rest, "named")
    rest("POST", "/collections/again/points/delete?wait=true", {"points": list(rest.points("again"))[:20]})
    quiver("snapshot", "restore", snapshot["name"], *at, "--as", "again", "--overwrite")
    assert content(rest, "again") == content(rest, "named")
    quiver("snapshot", "delete", snapshot["name"], *at)
    assert quiver("snapshot", "list", *at).out == ""
    quiver("snapshot", "delete", snapshot["name"], *at, code=66)
    quiver("snapshot", "download", snapshot["name"], *at, code=66)


def test_a_whole_storage_moves_into_a_directory(filled, make_server, quiver, tmp_path):
    server, rest = filled
    expected = {each: content(rest, each) for each in rest.collections()}
    aliases = rest.aliases()
    snapshot = made(quiver("snapshot", "create", "--server", server.url, "--json"))
    file = tmp_path / "full.snapshot"
    quiver("snapshot", "download", snapshot["name"], "--server", server.url, "-o", file)
    piped = tmp_path / "piped.snapshot"
    with open(piped, "wb") as out:
        subprocess.run([find_binary(), "snapshot", "download", snapshot["name"], "--server", server.url, "-o", "-"],
                       stdout=out, stderr=subprocess.DEVNULL, check=True)
    assert piped.read_bytes() == file.read_bytes()
    told = quiver("snapshot", "inspect", file, "--json")
    collections = {each["name"]: each for each in told.event("collection")}
    assert sorted(collections) == rest.collections()
    for name, (description, points) in expected.items():
        assert collections[name]["points"] == len(points)
        assert collections[name]["config"] == description[0]
        assert sorted(collections[name]["indexes"]) == sorted(description[1])
    [whole] = told.event("snapshot")
    assert whole["aliases"] == aliases and whole["kind"] == "storage" and whole["checksum"] == snapshot["checksum"]
    assert "plain: 300 points" in quiver("snapshot", "inspect", file).out

    directory = tmp_path / "restored"
    quiver("snapshot", "restore", file, "--storage", directory)
    quiver("snapshot", "restore", file, "--storage", directory, code=73)
    quiver("snapshot", "restore", file, "--storage", directory, "--overwrite")
    quiver("snapshot", "restore", file, "--storage", directory, "--as", "x", code=64)
    restored = REST(make_server("restored").url)
    assert {each: content(restored, each) for each in restored.collections()} == expected
    assert restored.aliases() == aliases


def test_shards(filled, quiver, tmp_path):
    server, rest = filled
    at = ["--server", server.url, "--collection", "plain", "--shard", "0", "--json"]
    snapshot = made(quiver("snapshot", "create", *at))
    file = tmp_path / "shard.snapshot"
    quiver("snapshot", "download", snapshot["name"], *at, "-o", file)
    quiver("snapshot", "verify", file)
    expected = rest.points("plain")
    rest("POST", "/collections/plain/points/delete?wait=true", {"points": list(expected)[:20]})
    quiver("snapshot", "restore", file, *at, "--overwrite")
    assert rest.points("plain") == expected
    rest("POST", "/collections/plain/points/delete?wait=true", {"points": list(expected)[:20]})
    quiver("snapshot", "restore", snapshot["name"], *at, "--overwrite")
    assert rest.points("plain") == expected


def test_directories_of_a_stopped_server(filled, make_server, quiver, tmp_path):
    server, rest = filled
    expected = content(rest, "plain")
    quiver("snapshot", "create", "--storage", server.storage, "--collection", "plain", code=73)  # It is running.
    server.terminate()
    at = ["--storage", server.storage, "--collection", "plain", "--json"]
    snapshot = made(quiver("snapshot", "create", *at))
    assert made(quiver("snapshot", "list", *at)) == snapshot
    file = tmp_path / "plain.snapshot"
    quiver("snapshot", "download", snapshot["name"], *at, "-o", file)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == snapshot["checksum"]
    quiver("snapshot", "restore", snapshot["name"], *at, code=73)
    quiver("snapshot", "restore", snapshot["name"], *at, "--as", "copy")
    quiver("snapshot", "restore", file, "--storage", tmp_path / "fresh", "--as", "moved")
    quiver("snapshot", "restore", tmp_path / "nothing.snapshot", "--storage", tmp_path / "fresh", code=66)
    quiver("snapshot", "delete", snapshot["name"], *at)
    quiver("snapshot", "list", "--storage", tmp_path / "no such", "--collection", "plain", code=66)
    server.start()
    assert content(rest, "copy") == expected
    assert content(REST(make_server("fresh").url), "moved") == expected


def test_usage(quiver, tmp_path):
    text = tmp_path / "text"
    text.write_text("this is no snapshot" * 100)
    quiver("snapshot", "verify", text, code=1)
    quiver("snapshot", "inspect", tmp_path / "nothing", code=66)
    quiver("snapshot", "restore", text, "--storage", tmp_path / "storage", code=65)
    quiver("snapshot", "restore", text, code=64)
    quiver("snapshot", "upload", text, code=64)
    quiver("snapshot", "create", "--shard", "0", code=64)
    quiver("snapshot", "create", "--server", "http://127.0.0.1:9", "--storage", ".", code=64)
    quiver("snapshot", "create", "--server", "http://127.0.0.1:9", code=69)
    assert json.loads(quiver("snapshot", "verify", text, "--json", code=1).out.splitlines()[-1])["sound"] is False

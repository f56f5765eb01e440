"""`quiver verify`: finds every byte that is not as it was written, names the file, and changes nothing."""

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from command import Command
from every_kind import fill
from quiver_server import QuiverServer
from rest import REST

SEED = random.randrange(2**32)
# Stands in the payloads of one collection, and nowhere else.
MARK = b"as it was written"


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A storage of every kind of collection, with sealed segments, at rest; and a snapshot of it."""
    directory = tmp_path_factory.mktemp("verify")
    print("seed", SEED)
    with QuiverServer(directory / "storage") as server:
        rest = REST(server.url)
        fill(rest, SEED, points=200)
        rest("PUT", "/collections/sealed", {"vectors": {"size": 32, "distance": "Cosine"},
                                            "optimizers_config": {"indexing_threshold": 1}})
        rest("PUT", "/collections/sealed/index?wait=true", {"field_name": "n", "field_schema": "integer"})
        numbers = random.Random(SEED)
        rest.upsert("sealed", [
            {"id": each, "vector": [numbers.uniform(-1, 1) for _ in range(32)],
             "payload": {"n": each % 10, "text": f"{MARK.decode()} {each}"}} for each in range(3000)])
        deadline = time.monotonic() + 60
        while not (segments(server.storage, rest) and rest("GET", "/collections/sealed")["status"] == "green"):
            assert time.monotonic() < deadline, server.log_tail()
            time.sleep(0.2)
        made = rest("POST", "/snapshots?wait=true")
        snapshot = directory / "whole.snapshot"
        snapshot.write_bytes((server.storage / "snapshots" / made["name"]).read_bytes())
    return server.storage, snapshot


def segments(storage, rest):
    return rest("GET", "/collections/sealed")["indexed_vectors_count"] == 3000 and list(storage.rglob("*.seg"))


@pytest.fixture
def storage(original, tmp_path):
    return Path(shutil.copytree(original[0], tmp_path / "storage", copy_function=shutil.copy2))


@pytest.fixture
def quiver(tmp_path):
    (tmp_path / "temporary").mkdir()
    return Command({**os.environ, "TMPDIR": str(tmp_path / "temporary")})


def content(storage):
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in storage.rglob("*") if path.is_file()}


def findings(quiver, storage, code=1):
    """What it tells as JSON; the storage is as it was before."""
    before = content(storage)
    ended = quiver("verify", storage, "--json", code=code)
    assert content(storage) == before, f"{ended}\nchanged a file"
    found = ended.event("finding")
    [result] = ended.event("result")
    assert result["findings"] == len(found) and result["sound"] == (not found) and result["path"] == str(storage)
    return found


def sealed(storage):
    """The directory of the collection `sealed`, which has the largest segments."""
    return max(storage.rglob("*.seg"), key=lambda path: path.stat().st_size).parent.parent


def replace(path, old, new):
    data = path.read_bytes()
    assert old in data and len(old) == len(new)
    path.write_bytes(data.replace(old, new))


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x10]))


def test_sound(storage, quiver):
    ended = quiver("verify", storage)
    assert ended.out.startswith("nothing found in 5 collections"), ended
    assert findings(quiver, storage, code=0) == []
    assert "1 collection," in quiver("verify", storage, "--collection", "sealed").out


def test_needs_no_right_to_write(storage, quiver):
    (storage / "LOCK").unlink()
    directories = [storage, *(path for path in storage.rglob("*") if path.is_dir())]
    for directory in directories:
        directory.chmod(0o555)
    try:
        assert findings(quiver, storage, code=0) == []
        assert not (storage / "LOCK").exists()
    finally:
        for directory in directories:
            directory.chmod(0o755)


def test_flipped_bytes_of_segments(storage, quiver):
    random_ = random.Random(SEED)
    for path in storage.rglob("*.seg"):
        whole = path.read_bytes()
        for offset in {0, len(whole) - 1, *(random_.randrange(len(whole)) for _ in range(4))}:
            flip(path, offset)
            found = findings(quiver, storage)
            assert {each["file"] for each in found} == {str(path)}, f"seed {SEED}, {path}:{offset}: {found}"
            path.write_bytes(whole)


def test_flipped_bytes_of_records(storage, quiver):
    path = sealed(storage) / "points.mdb"
    replace(path, MARK, b"as it was Written")
    found = findings(quiver, storage)
    assert {each["file"] for each in found} == {str(path)} and found[0]["severity"] == "primary"
    assert "payload" in found[0]["place"], found


def test_flipped_bytes_of_the_catalogue(storage, quiver):
    """It is made anew at the next opening; all else is verified as ever."""
    replace(storage / "catalog.mdb", b"Cosine", b"Euclid")
    found = findings(quiver, storage)
    assert {each["file"] for each in found} == {str(storage / "catalog.mdb")}
    assert {each["severity"] for each in found} == {"derived"} and "anew" in found[0]["text"]
    segment = next(iter((sealed(storage) / "segments").iterdir()))
    flip(segment, segment.stat().st_size // 2)
    found = findings(quiver, storage)
    assert {each["file"] for each in found} == {str(storage / "catalog.mdb"), str(segment)}


def test_flipped_bytes_of_records_of_the_catalogue(storage, quiver):
    random_ = random.Random(SEED)
    paths = [storage / "catalog.json", *(storage / "collections").glob("*/collection.json")]
    assert len(paths) == 6
    for path in paths:
        whole = path.read_bytes()
        for offset in {0, len(whole) - 1, random_.randrange(len(whole))}:
            flip(path, offset)
            found = findings(quiver, storage)
            assert [(each["file"], each["severity"]) for each in found] == [(str(path), "derived")], f"{offset}: {found}"
            path.write_bytes(whole)
        path.unlink()
        assert [each["file"] for each in findings(quiver, storage)] == [str(path)]
        path.write_bytes(whole)
    # One whose record and entry are both lost has no name any more.
    path = sealed(storage) / "collection.json"
    flip(path, 100)
    (storage / "catalog.mdb").unlink()
    found = findings(quiver, storage)
    assert {each["file"]: each["severity"] for each in found} == {
        str(storage / "catalog.mdb"): "derived", str(sealed(storage)): "primary"}


def test_zeroed_pages(storage, quiver):
    """Whatever page it is: it is found, or nothing hangs on it."""
    path, random_ = sealed(storage) / "points.mdb", random.Random(SEED)
    whole = path.read_bytes()
    seen = 0
    for page in random_.sample(range(len(whole) // 4096), 12):
        path.write_bytes(whole[:page * 4096] + bytes(4096) + whole[page * 4096 + 4096:])
        ended = quiver("verify", storage, "--json", code=None)
        assert ended.code in (0, 1), f"seed {SEED}, page {page}: {ended}"
        seen += ended.code
        assert {each["file"] for each in ended.event("finding")} <= {str(path)}
    assert seen, f"seed {SEED}"


@pytest.mark.parametrize("damage", ["missing", "empty", "cut"])
@pytest.mark.parametrize("kind", ["segment", "points.mdb", "catalog.mdb"])
def test_missing_and_cut_files(storage, quiver, kind, damage):
    path = {"segment": next(iter((sealed(storage) / "segments").iterdir())), "points.mdb": sealed(storage) / "points.mdb",
            "catalog.mdb": storage / "catalog.mdb"}[kind]
    if damage == "missing":
        path.unlink()
    else:
        os.truncate(path, 0 if damage == "empty" else path.stat().st_size // 2)
    found = findings(quiver, storage)
    assert {each["file"] for each in found} == {str(path)}, found
    # A catalogue is made anew.
    assert any(each["severity"] == ("derived" if kind == "catalog.mdb" else "primary") for each in found)


def test_left_over_files(storage, quiver):
    collection = sealed(storage)
    left = [collection / "segments" / "0000000000abcdef.seg", collection / "notes.txt", storage / "collections" / "nobody"]
    left[0].write_bytes(b"a")
    left[1].write_bytes(b"b")
    left[2].mkdir()
    found = findings(quiver, storage)
    assert {each["file"] for each in found} == set(map(str, left))
    assert {each["severity"] for each in found} == {"derived"}


def test_findings_as_text(storage, quiver):
    path = next(iter((sealed(storage) / "segments").iterdir()))
    path.unlink()
    ended = quiver("verify", storage, code=1)
    first, last = ended.out.splitlines()
    assert first.startswith(f"primary: {path}: ") and last.startswith("1 finding in 5 collections"), ended


def test_what_is_not_there(storage, quiver, tmp_path):
    assert "nowhere" in quiver("verify", tmp_path / "nowhere", code=66).err
    assert "no storage" in quiver("verify", tmp_path / "temporary", code=66).err
    assert "nothing" in quiver("verify", storage, "--collection", "nothing", code=66).err


def test_a_storage_in_use(storage, quiver):
    with QuiverServer(storage) as server:
        ended = quiver("verify", storage, code=75)
        assert f"process {server.process.pid}" in ended.err, ended
    quiver("verify", storage)


def test_interrupted(storage, original, quiver, tmp_path):
    for path in (storage, original[1]):
        codes = []
        for attempt in range(40):
            process = quiver.start("verify", path)
            time.sleep(0.02 * (attempt + 1))
            process.send_signal(signal.SIGINT)
            codes.append(quiver.ended(process).code)
            if codes[-1] in (0, 130):
                break
        assert codes[-1] == 130, codes
        assert list((tmp_path / "temporary").iterdir()) == []


def test_snapshot_files(original, quiver, tmp_path):
    sound = original[1].read_bytes()
    file = tmp_path / "some.snapshot"
    file.write_bytes(sound)
    assert quiver("verify", file).out.startswith("nothing found in 5 collections")
    assert quiver("snapshot", "verify", file, "--deep", "--json").event("result")[0]["sound"]
    [result] = quiver("verify", file, "--json").event("result")
    assert result == {"event": "result", "path": str(file), "sound": True, "collections": 5, "bytes": len(sound),
                      "findings": 0}
    assert str(file) in quiver("verify", file, "--collection", "nothing", code=66).err
    random_ = random.Random(SEED)
    places = {0, len(sound) - 1, *(random_.randrange(len(sound)) for _ in range(5))}
    damaged = [(f"byte {place}", sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1:]) for place in places]
    damaged += [("cut", sound[:random_.randrange(len(sound))]), ("empty", b""), ("longer", sound + b"x")]
    for what, data in damaged:
        file.write_bytes(data)
        ended = quiver("verify", file, "--json", code=1)
        assert [each["file"] for each in ended.event("finding")] == [str(file)], f"seed {SEED}, {what}: {ended}"
        assert not ended.event("result")[0]["sound"]
        quiver("snapshot", "verify", file, "--deep", code=1)
    assert file.read_bytes() == damaged[-1][1]
    assert list((tmp_path / "temporary").iterdir()) == []

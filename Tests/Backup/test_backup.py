"""Backups of running servers and of directories, to S3 and to directories, and back."""

import os
import threading
import time

import pytest

from backup_tool import Failed, call, event, fill, image, make_collection, point, quiver, seeded, upsert
from conftest import BUCKET

POINTS = 20_000 if os.environ.get("QUIVER_LONG") else 4_000
KEY = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"


@pytest.fixture(params=["directory", "s3"])
def place(request, tmp_path, s3):
    """A repository: its arguments, the environment, and what lies in it as name and length."""
    if request.param == "directory":
        root = tmp_path / "repository"

        def content():
            return {str(file.relative_to(root)): file.stat().st_size for file in root.rglob("*") if file.is_file()}

        return ["-r", root], {}, content
    prefix = f"{request.node.name.split('[')[0]}-{time.monotonic_ns()}"
    return ["-r", f"s3://{BUCKET}/{prefix}"], s3.environment, lambda: {
        key[len(prefix) + 1:]: size for key, size in s3.keys(prefix + "/").items()}


def restored(tmp_path, make_server, name, *arguments, environment=None):
    storage = tmp_path / name
    quiver("backup", "restore", "--storage", storage, *arguments, environment=environment)
    server = make_server(storage)
    server.start()
    return server


def test_incremental_and_every_moment_between(tmp_path, make_server, place):
    generator = seeded("test_incremental_and_every_moment_between")
    arguments, environment, content = place
    server = make_server(tmp_path / "storage")
    server.start()
    make_collection(server, "a")
    fill(server, "a", POINTS, generator)
    call(server, "POST", "/collections/aliases",
         {"actions": [{"create_alias": {"alias_name": "x", "collection_name": "a"}}]})
    first = event(quiver("backup", "create", *arguments, "--server", server.url, environment=environment), "backup")
    images = [(None, image(server, "a"))]
    before = sum(content().values())

    # One percent changes, in ten requests, and each moment between them is remembered.
    for step in range(10):
        ids = [generator.randrange(POINTS) for _ in range(POINTS // 1000)]
        if step == 3:
            call(server, "POST", "/collections/a/points/delete?wait=true", {"points": ids})
        elif step == 5:
            call(server, "PUT", "/collections/a/index?wait=true", {"field_name": "text", "field_schema": "keyword"})
        elif step == 7:
            call(server, "POST", "/collections/a/points/payload?wait=true",
                 {"payload": {"group": "new", "step": step}, "points": ids})
        else:
            upsert(server, "a", [point(generator, identifier) for identifier in ids])
        time.sleep(0.005)
        moment = time.time_ns() // 1000
        time.sleep(0.005)
        images.append((moment, image(server, "a")))
    second = event(quiver("backup", "create", *arguments, "--server", server.url, environment=environment), "backup")
    after = sum(content().values())
    share = (after - before) / before
    print(f"first backup {before} bytes, second {after - before}: {share:.2%} for 1 % of the points")
    assert share < 0.03
    assert second["sent_bytes"] == pytest.approx(after - before, abs=4096)
    assert second["collections"][0]["base_sequence"] == first["collections"][0]["sequence"]

    server.terminate()
    listed = [one for one in quiver("backup", "list", *arguments, environment=environment)]
    assert [one["id"] for one in listed] == [first["id"], second["id"]]
    for index in (1, 4, 6, 8):
        moment, wanted = images[index]
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment // 1_000_000)) + f".{moment % 1_000_000:06}Z"
        again = restored(tmp_path, make_server, f"moment{index}", *arguments, "--to", stamp, environment=environment)
        assert image(again, "a") == wanted
        assert image(again, "x") == wanted
        again.terminate()
    again = restored(tmp_path, make_server, "first", *arguments, "--backup", first["id"], environment=environment)
    assert image(again, "a") == images[0][1]
    again.terminate()
    again = restored(tmp_path, make_server, "sequence", *arguments, "--collection", "a=b",
                     "--to", second["collections"][0]["sequence"], environment=environment)
    assert image(again, "b") == images[-1][1]
    # What was restored goes on: it takes updates and is indexed.
    upsert(again, "b", [point(generator, 1)])
    again.terminate()
    report = event(quiver("backup", "verify", *arguments, environment=environment), "verified")
    assert report["backups"] == 2 and report["damage"] == []
    assert not [key for key in content() if key.startswith("locks/")]


def test_offline_encrypted_and_damaged(tmp_path, make_server, place, s3):
    generator = seeded("test_offline_encrypted_and_damaged")
    arguments, environment, content = place
    environment = environment | {"QUIVER_BACKUP_KEY": KEY}
    server = make_server(tmp_path / "storage")
    server.start()
    make_collection(server, "a")
    fill(server, "a", 500, generator)
    wanted = image(server, "a")
    with pytest.raises(Failed) as failure:
        quiver("backup", "create", *arguments, "--storage", tmp_path / "storage", environment=environment)
    assert failure.value.code == 73, "a server has the directory"
    server.terminate()
    quiver("backup", "create", *arguments, "--storage", tmp_path / "storage", environment=environment)

    for key, sentence in [("ff" * 32, "the key is not that of"), ("", "its key is needed"), ("short", "holds no key")]:
        with pytest.raises(Failed) as failure:
            quiver("backup", "list", *arguments, environment=environment | {"QUIVER_BACKUP_KEY": key})
        assert failure.value.code == 77 and sentence in failure.value.text
        assert KEY not in failure.value.text

    key_file = tmp_path / "key"
    key_file.write_bytes(bytes.fromhex(KEY))
    plain = {name: value for name, value in environment.items() if name != "QUIVER_BACKUP_KEY"}
    again = restored(tmp_path, make_server, "again", *arguments, "--key-file", key_file, environment=plain)
    assert image(again, "a") == wanted
    again.terminate()

    # One changed byte of one object is found and named, and nothing is restored.
    objects = sorted(key for key in content() if key.startswith("objects/"))
    victim = objects[generator.randrange(len(objects))]
    if arguments[1] == tmp_path / "repository":
        file = arguments[1] / victim
        data = bytearray(file.read_bytes())
        data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        file.write_bytes(data)
    else:
        key = arguments[1].removeprefix(f"s3://{BUCKET}/") + "/" + victim
        data = bytearray(s3.client.get_object(Bucket=BUCKET, Key=key)["Body"].read())
        data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        s3.client.put_object(Bucket=BUCKET, Key=key, Body=bytes(data))
    quiver("backup", "verify", "--quick", *arguments, environment=environment)
    with pytest.raises(Failed) as failure:
        quiver("backup", "verify", *arguments, environment=environment)
    assert failure.value.code == 1 and victim in failure.value.text
    with pytest.raises(Failed) as failure:
        quiver("backup", "restore", *arguments, "--storage", tmp_path / "none", environment=environment)
    assert failure.value.code == 1 and victim in failure.value.text
    nothing = make_server(tmp_path / "none")
    nothing.start()
    assert call(nothing, "GET", "/collections")["collections"] == []


def test_retention(tmp_path, make_server, place):
    generator = seeded("test_retention")
    arguments, environment, content = place
    server = make_server(tmp_path / "storage")
    server.start()
    make_collection(server, "a")
    fill(server, "a", 500, generator)
    ids = []
    for _ in range(4):
        upsert(server, "a", [point(generator, generator.randrange(500)) for _ in range(50)])
        made = quiver("backup", "create", *arguments, "--server", server.url, "--full", environment=environment)
        ids.append(event(made, "backup")["id"])
    wanted = image(server, "a")
    with pytest.raises(Failed) as failure:
        quiver("backup", "prune", *arguments, "--keep-last", "0", environment=environment)
    assert failure.value.code == 64
    before = content()
    dry = event(quiver("backup", "prune", *arguments, "--keep-last", "1", "--dry-run", environment=environment), "pruned")
    assert dry["removed"] == ids[:3] and content() == before
    report = event(quiver("backup", "prune", *arguments, "--keep-last", "1", environment=environment), "pruned")
    assert report["removed"] == ids[:3] and report["kept"] == ids[3:] and report["removed_objects"] > 0
    assert sum(content().values()) < sum(before.values())
    again = restored(tmp_path, make_server, "again", *arguments, environment=environment)
    assert image(again, "a") == wanted
    quiver("backup", "verify", *arguments, environment=environment)


def test_two_collections_are_of_one_moment(tmp_path, make_server, place):
    """Whoever writes to `b` what is acknowledged in `a` finds no backup where `b` is ahead of `a`."""
    arguments, environment, _ = place
    server = make_server(tmp_path / "storage")
    server.start()
    for name in ("a", "b"):
        make_collection(server, name, dimension=4)
    stop = threading.Event()
    counts = {"a": 0, "b": 0}

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            for name in ("a", "b"):
                upsert(server, name, [{"id": 1, "vector": [number, 1, 1, 1], "payload": {"n": number}},
                                      {"id": number + 1, "vector": [1, 2, 3, 4], "payload": {}}])
                counts[name] = number

    writer = threading.Thread(target=write)
    writer.start()
    made = []
    try:
        for _ in range(4):
            time.sleep(0.2)
            low = dict(counts)
            made.append((low, event(
                quiver("backup", "create", *arguments, "--server", server.url, environment=environment), "backup")["id"]))
    finally:
        stop.set()
        writer.join()
    for index, (low, identifier) in enumerate(made):
        again = restored(tmp_path, make_server, f"again{index}", *arguments, "--backup", identifier,
                         environment=environment)
        found = {name: call(again, "GET", f"/collections/{name}/points/1")["payload"]["n"] for name in ("a", "b")}
        sizes = {name: call(again, "POST", f"/collections/{name}/points/count", {"exact": True})["count"] for name in ("a", "b")}
        assert found["a"] - found["b"] in (0, 1)
        assert sizes == {name: found[name] + 1 for name in ("a", "b")}
        assert all(found[name] >= low[name] for name in low), "what was acknowledged before the backup is in it"
        again.terminate()


def test_an_unreachable_store_and_server(tmp_path, s3, make_server):
    with pytest.raises(Failed) as failure:
        quiver("backup", "create", "-r", tmp_path / "r", "--server", "http://127.0.0.1:1")
    assert failure.value.code == 69
    server = make_server(tmp_path / "storage")
    server.start()
    with pytest.raises(Failed) as failure:
        quiver("backup", "create", "-r", tmp_path / "r", "--server", server.url, "--collection", "nope")
    assert failure.value.code == 66 and "nope" in failure.value.text
    with pytest.raises(Failed) as failure:
        quiver("backup", "list", "-r", "s3://no-such-bucket/x", environment=s3.environment)
    assert failure.value.code == 64 and "NoSuchBucket" in failure.value.text
    wrong = s3.environment | {"AWS_SECRET_ACCESS_KEY": "not the secret"}
    with pytest.raises(Failed) as failure:
        quiver("backup", "list", "-r", f"s3://{BUCKET}/x", environment=wrong)
    assert failure.value.code == 77 and "not the secret" not in failure.value.text
    with pytest.raises(Failed) as failure:
        quiver("backup", "list", "-r", tmp_path / "nowhere")
    assert failure.value.code == 66


def flip(place, s3, key, generator):
    """A few bits of an object of a repository: some bits of a compressed frame mean nothing."""
    root = place[1]
    if isinstance(root, str):
        key = root.removeprefix(f"s3://{BUCKET}/") + "/" + key
        data = bytearray(s3.client.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    else:
        data = bytearray((root / key).read_bytes())
    for _ in range(3):
        data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
    if isinstance(root, str):
        s3.client.put_object(Bucket=BUCKET, Key=key, Body=bytes(data))
    else:
        (root / key).write_bytes(data)


def test_what_is_damaged_heals(tmp_path, make_server, place, s3):
    generator = seeded("test_what_is_damaged_heals")
    arguments, environment, content = place
    server = make_server(tmp_path / "storage")
    server.start()
    make_collection(server, "a")
    fill(server, "a", 1500, generator)
    create = ["backup", "create", *arguments, "--server", server.url]
    first = event(quiver(*create, environment=environment), "backup")["id"]
    wanted = image(server, "a")
    objects = sorted(key for key in content() if key.startswith("objects/"))
    victims = generator.sample(objects, min(3, len(objects)))
    for victim in victims:
        flip(arguments, s3, victim, generator)
    for extra, code in ((["--repair"], 1), (["--repair", "--quick"], 64)):
        with pytest.raises(Failed) as failure:
            quiver("backup", "verify", *extra, *arguments, environment=environment)
        assert failure.value.code == code
        assert code == 64 or all(victim in failure.value.text for victim in victims)
    assert sorted(key for key in content() if key.startswith("damaged/")) == sorted("damaged/" + key for key in victims)
    assert [one["incomplete"] for one in quiver("backup", "list", *arguments, environment=environment)] == [True]

    quiver(*create, environment=environment)
    report = event(quiver("backup", "verify", *arguments, environment=environment), "verified")
    assert report["damage"] == [] and report["incomplete"] == []
    assert [one["incomplete"] for one in quiver("backup", "list", *arguments, environment=environment)] == [False, False]
    again = restored(tmp_path, make_server, "again", *arguments, "--backup", first, environment=environment)
    assert image(again, "a") == wanted
    again.terminate()

    # The manifest of the newest: without repair there is no next backup.
    newest = quiver("backup", "list", *arguments, environment=environment)[-1]["id"]
    flip(arguments, s3, "backups/" + newest, generator)
    for command in (create, ["backup", "list", *arguments], ["backup", "verify", "--repair", *arguments]):
        with pytest.raises(Failed) as failure:
            quiver(*command, environment=environment)
        assert failure.value.code == 1 and newest in failure.value.text
    quiver(*create, environment=environment)
    quiver("backup", "prune", *arguments, environment=environment)
    assert not [key for key in content() if key.startswith("damaged/")]
    quiver("backup", "verify", *arguments, environment=environment)

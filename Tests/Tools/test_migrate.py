"""`quiver migrate` between two Quiver servers: what comes out is the same, whatever happens on the way."""

import json
import random
import signal
import threading
import time

import pytest

from every_kind import STRICT_MODE, Maker, fill
from faulty_proxy import FaultyProxy
from local_mode_server import LocalModeServer
from rest import REST

SEED = random.randrange(2**32)


@pytest.fixture
def two(make_server):
    source, target = make_server("source"), make_server("target")
    return source, target


def assert_same(source, target, collection, new_name=None):
    new_name = new_name or collection
    assert target.description(new_name) == source.description(collection), collection
    mine, its = source.points(collection), target.points(new_name)
    assert its.keys() == mine.keys(), collection
    for each, point in mine.items():
        assert without_lossy(its[each]) == without_lossy(point), f"{collection}: {each}"


def without_lossy(point):
    """What is rounded when it is stored is rounded again from what was read: near, but not the same. The verification of
    `migrate` looks at these."""
    if isinstance(point["vector"], dict):
        point = {**point, "vector": {name: vector for name, vector in point["vector"].items()
                                     if name not in ("four bits", "half cosine")}}
    return point


def test_everything_is_copied(two, quiver):
    print("seed", SEED)
    source, target = (REST(server.url) for server in two)
    collections = fill(source, SEED)
    ended = quiver("migrate", "--from", source.url, "--to", target.url, "--json", "--sample", "400")
    assert target.collections() == source.collections()
    assert target.aliases() == source.aliases()
    for collection in collections:
        assert_same(source, target, collection)
    [result] = ended.event("result")
    assert result["copied"] == sum(source.count(each) for each in collections) and result["differences"] == 0
    compared = {each["collection"]: each for each in result["compared"]}
    assert compared["named"]["compared_points"] == STRICT_MODE["max_query_limit"]  # No more than the source answers.
    assert compared["plain"]["compared_points"] == 400 and compared["plain"]["compared_searches"] == 20
    # Once more: nothing is overwritten unasked.
    refused = quiver("migrate", "--from", source.url, "--to", target.url, code=73)
    assert "plain" in refused.err and "--overwrite" in refused.err
    ended = quiver("migrate", "--from", source.url, "--to", target.url, "--skip-existing", "--json")
    assert sorted(ended.event("result")[0]["skipped"]) == sorted(source.collections())
    source.upsert("plain", [{"id": 5, "vector": [1.0] * 24, "payload": {"new": True}}])
    quiver("migrate", "--from", source.url, "--to", target.url, "--overwrite", "--collection", "plain")
    assert_same(source, target, "plain")


def test_chosen_collections_and_names(two, quiver):
    source, target = (REST(server.url) for server in two)
    fill(source, SEED, points=120)
    quiver("migrate", "--from", source.url, "--to", target.url, "--collection", "plain=goods", "--collection", "empty")
    assert target.collections() == ["empty", "goods"] and target.aliases() == {"shop": "goods", "ünïcode": "goods"}
    assert_same(source, target, "plain", "goods")
    # On one server, under another name; the aliases stay where they are.
    quiver("migrate", "--from", source.url, "--to", source.url, "--collection", "plain=copy")
    assert_same(source, source, "plain", "copy")
    assert source.aliases()["shop"] == "plain"
    assert "nothing" in quiver("migrate", "--from", source.url, "--to", target.url, "--collection", "nothing", code=66).err
    # The alias would go to the other copy.
    quiver("migrate", "--from", source.url, "--to", target.url, "--collection", "plain=again", code=73)
    assert target.collections() == ["empty", "goods"]


def test_storage_directories(make_server, quiver, tmp_path):
    """Without a server on that side."""
    server = make_server("source")
    source = REST(server.url)
    fill(source, SEED, points=200)
    expected = {each: (source.description(each), source.points(each)) for each in source.collections()}
    quiver("migrate", "--from", server.url, "--to-storage", tmp_path / "target")
    quiver("migrate", "--from-storage", server.storage, "--to-storage", tmp_path / "other", code=73)  # It is running.
    quiver("migrate", "--from-storage", tmp_path / "nothing", "--to", server.url, code=66)
    server.terminate()
    quiver("migrate", "--from-storage", server.storage, "--to-storage", tmp_path / "other", "--collection", "plain=p")
    target, other = REST(make_server("target").url), REST(make_server("other").url)
    assert target.collections() == sorted(expected) and other.collections() == ["p"]
    for name, (description, points) in expected.items():
        assert target.description(name) == description and target.points(name).keys() == points.keys()
    assert (other.description("p"), other.points("p")) == expected["plain"]


def test_rehearsal_changes_nothing(two, quiver):
    source, target = (REST(server.url) for server in two)
    fill(source, SEED, points=60)
    ended = quiver("migrate", "--from", source.url, "--to", target.url, "--dry-run", "--json")
    plans = {each["collection"]: each for each in ended.event("plan")}
    assert sorted(plans) == source.collections() and all(each["obstacles"] == [] for each in plans.values())
    assert plans["plain"]["points"] == 60 and sorted(plans["plain"]["aliases"]) == ["shop", "ünïcode"]
    assert target.collections() == []

    def refusing(method, path, body):
        return (501, {}, b'{"status":{"error":"not here"},"time":0}') if path.endswith("index?wait=true") else None

    with FaultyProxy(target.url, refusing) as proxy:
        refused = quiver("migrate", "--from", source.url, "--to", proxy.url, "--dry-run", code=65)
        assert "the index of flag: 501 not here" in refused.out
    assert target.collections() == []


def test_keys_and_addresses(make_server, quiver):
    source = make_server("source", {"QUIVER__SERVICE__API_KEY": "first"})
    target = make_server("target", {"QUIVER__SERVICE__API_KEY": "second"})
    mine, its = REST(source.url, "first"), REST(target.url, "second")
    fill(mine, SEED, points=20)
    both = ["--from", source.url, "--to", target.url]
    quiver("migrate", *both, code=77)
    quiver("migrate", *both, "--from-api-key", "first", "--to-api-key", "wrong", code=77)
    assert its.collections() == []
    quiver.environment |= {"QUIVER_FROM_API_KEY": "first", "QUIVER_TO_API_KEY": "second"}
    quiver("migrate", *both)
    assert its.collections() == mine.collections()
    quiver("migrate", "--from", "http://127.0.0.1:9", "--patience", "0", code=69)
    quiver("migrate", code=64)
    quiver("migrate", "--from", "no://where", code=64)


def large(rest, count, size=32):
    maker = Maker(SEED)
    rest("PUT", "/collections/large", {"vectors": {"size": size, "distance": "Dot"}})
    rest("PUT", "/collections/large/index?wait=true", {"field_name": "number", "field_schema": "integer"})
    rest.upsert("large", [{"id": each, "vector": maker.dense(size), "payload": maker.payload()}
                          for each in maker.ids(count)])


def copied_by(state):
    return json.loads(state.read_text())["collections"].get("large", {}).get("copied", 0) if state.exists() else 0


def test_goes_on_after_being_killed(two, quiver, tmp_path):
    """Kill -9 again and again: in the end, everything is there, once."""
    print("seed", SEED)
    source, target = (REST(server.url) for server in two)
    large(source, 6000)
    order = random.Random(SEED)
    state = tmp_path / "progress.json"
    # A target that takes its time.
    with FaultyProxy(target.url, lambda method, path, body: time.sleep(0.06) if "points?" in path else None) as proxy:
        arguments = ["migrate", "--from", source.url, "--to", proxy.url, "--state", state, "--batch", "25", "--json"]
        noted = [0]
        for _ in range(6):
            process = quiver.start(*arguments)
            deadline = time.monotonic() + 60
            while process.poll() is None and copied_by(state) <= noted[-1] and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(order.uniform(0, 0.3))
            process.kill()
            ended = quiver.ended(process)
            if ended.code == 0:
                break
            noted.append(copied_by(state))
        assert noted == sorted(noted), "less is noted than before"
        assert len(noted) > 2, "it was too fast to be killed"
        if ended.code != 0:
            ended = quiver(*arguments)
            assert ended.event("result")[0]["copied"] <= 6000 - noted[-1]
    assert_same(source, target, "large")
    assert not state.exists()


def test_goes_on_after_ctrl_c(two, quiver, tmp_path):
    source, target = (REST(server.url) for server in two)
    large(source, 4000)
    state = tmp_path / "some" / "where" / "progress.json"
    # A target that takes its time.
    with FaultyProxy(target.url, lambda method, path, body: time.sleep(0.05) if "points?" in path else None) as proxy:
        arguments = ["migrate", "--from", source.url, "--to", proxy.url, "--state", state, "--batch", "20"]
        process = quiver.start(*arguments)
        deadline = time.monotonic() + 60
        while copied_by(state) == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        # Two cannot be at it at once.
        assert "another process" in quiver(*arguments, code=73).err
        process.send_signal(signal.SIGINT)
        ended = quiver.ended(process)
        assert ended.code == 130 and str(state) in ended.err, str(ended)
        assert 0 < target.count("large") < 4000
        ended = quiver(*arguments, "--json")
        assert 0 < ended.event("result")[0]["copied"] < 4000
    assert_same(source, target, "large")


def test_waits_for_servers(two, quiver):
    """Refusals, lost answers and a restart of the target are waited out."""
    source, target = (REST(server.url) for server in two)
    large(source, 3000)
    chance = random.Random(SEED)

    def unreliable(method, path, body):
        match chance.randrange(12):
            case 0:
                return 429, {"retry-after": "1"}, b'{"status":{"error":"slowly"},"time":0}'
            case 1:
                return 503, {}, b"no"
            case 2:
                raise ConnectionResetError
        return None

    with FaultyProxy(source.url, unreliable) as before, FaultyProxy(target.url, unreliable) as behind:
        process = quiver.start("migrate", "--from", before.url, "--to", behind.url, "--batch", "200", "--json",
                               "--sample", "50", "--queries", "2")
        time.sleep(1)
        two[1].kill()
        time.sleep(1)
        two[1].start()
        ended = quiver.ended(process, 300)
        assert ended.code == 0, str(ended)
    assert_same(source, target, "large")


def test_differences_are_told(two, quiver, tmp_path):
    source, target = (REST(server.url) for server in two)
    source("PUT", "/collections/c", {"vectors": {"size": 2, "distance": "Dot"}})
    source.upsert("c", [{"id": each, "vector": [each, 1], "payload": {"n": each}} for each in range(100)])
    lock = threading.Lock()
    changed = []

    def meddling(method, path, body):
        """Loses a point, changes a payload and a vector, leaves out an index."""
        if method == "PUT" and "/points" in path:
            points = json.loads(body)["points"]
            with lock:
                for point in points:
                    if point["id"] == 7:
                        point["payload"]["n"] = 8
                    if point["id"] == 9:
                        point["vector"][0] += 1000
                points = [point for point in points if point["id"] != 8]
                changed.append(len(points))
            return json.dumps({"points": points}).encode()
        return None

    state = tmp_path / "state.json"
    with FaultyProxy(target.url, meddling) as proxy:
        arguments = ["migrate", "--from", source.url, "--to", proxy.url, "--state", state, "--json"]
        ended = quiver(*arguments, code=1)
        told = "\n".join(event["text"] for event in ended.event("difference"))
        assert 'point 7: the payload is {"n":8} and not {"n":7}' in told
        assert "point 8: it is not at the target" in told and "point 9: the vector" in told
        assert "the source has 100 points, the copy 99" in told and "nearest" in told
        # Put right by hand, and looked at again without copying.
        for each in (7, 8, 9):
            target.upsert("c", [{"id": each, "vector": [each, 1], "payload": {"n": each}}])
        assert quiver(*arguments).event("result")[0]["copied"] == 0
        assert not state.exists()


def test_writes_at_the_source_are_told(two, quiver):
    source, target = (REST(server.url) for server in two)
    large(source, 2000)
    done = threading.Event()

    def writing(method, path, body):
        if method == "PUT" and "/points" in path and not done.is_set():
            done.set()
            REST(source.url).upsert("large", [{"id": 2**64 - 2, "vector": [1.0] * 32, "payload": {}},
                                              {"id": 3 * 2000 + 7, "vector": [1.0] * 32, "payload": {}}])
        return None

    with FaultyProxy(target.url, writing) as proxy:
        ended = quiver("migrate", "--from", source.url, "--to", proxy.url, "--batch", "50", "--json", code=None)
    assert ended.code in (0, 1)
    assert "the source was written to" in "".join(event["text"] for event in ended.event("note")), str(ended)


MANY_VECTORS = {
    "vectors": {"d": {"size": 8, "distance": "Cosine"}, "e": {"size": 3, "distance": "Euclid", "on_disk": True},
                "m": {"size": 4, "distance": "Dot", "multivector_config": {"comparator": "max_sim"}}},
    "sparse_vectors": {"s": {}}, "hnsw_config": {"m": 24}, "quantization_config": {"scalar": {"type": "int8"}},
}


def test_into_and_out_of_another_implementation(make_server, quiver):
    """The local mode of qdrant-client, which shares no line with Quiver."""
    print("seed", SEED)
    maker = Maker(SEED)
    first, last = (REST(make_server(name).url) for name in ("first", "last"))
    first("PUT", "/collections/many", MANY_VECTORS)
    first("PUT", "/collections/many/index?wait=true", {"field_name": "number", "field_schema": "integer"})
    first("PUT", "/collections/many/index?wait=true", {"field_name": "k", "field_schema": {"type": "keyword", "prefix": True}})
    first.upsert("many", [{"id": each, "payload": maker.payload(), "vector": maker.some({
        "d": maker.dense(8), "e": maker.dense(3), "m": maker.multi(4),
        "s": {"indices": [1 + maker.random.randrange(9), 20], "values": [1.5, 0.25]}})} for each in maker.ids(400)])
    first("POST", "/collections/aliases", {"actions": [
        {"create_alias": {"collection_name": "many", "alias_name": "all"}}]})
    with LocalModeServer() as middle:
        between = REST(middle.url)
        quiver("migrate", "--from", first.url, "--to", middle.url)
        assert between.count("many") == 400 and between.aliases() == {"all": "many"}
        quiver("migrate", "--from", middle.url, "--to", last.url)
        assert quiver("migrate", "--from", middle.url, "--to", last.url, code=73)
    assert last.aliases() == {"all": "many"} and last.count("many") == 400
    mine, its = first.points("many"), last.points("many")
    assert mine.keys() == its.keys()
    assert {each: point["payload"] for each, point in mine.items()} == {each: point["payload"] for each, point in its.items()}
    assert first.description("many")[1] == last.description("many")[1]

"""A story is a sequence of REST requests whose effect is known, so that any state a failure left can be judged.

`State` is what a server should hold: collections with their points and field indexes, and aliases. `Story` makes the
requests of a seed; each is a `Step`, whose `effect` turns the state before it into the one after it. `check` compares
a server with the states that are allowed, and asks it the same things in several ways.
"""

import hashlib
import http.client
import random
import time

import writers
from quiver_server import QuiverServer
from writers import Connection, Refused

MAIN, OTHER, RESTORED, ALIAS = "main", "other", "restored", "alias"
SIZE = 8
FIELDS = {"group": "integer", "word": "keyword"}


class Collection:
    """Points are {id: [payload, vector]}; changing one makes a new object."""

    def __init__(self, points=None, indexes=frozenset(), vectors=frozenset()):
        self.points, self.indexes, self.vectors = points or {}, frozenset(indexes), frozenset(vectors)

    def with_points(self, points):
        return Collection(points, self.indexes, self.vectors)

    def with_indexes(self, indexes):
        return Collection(self.points, indexes, self.vectors)

    def with_vectors(self, vectors):
        return Collection(self.points, self.indexes, vectors)

    def __eq__(self, other):
        return (self.points, self.indexes, self.vectors) == (other.points, other.indexes, other.vectors)


class State:
    """`snapshots` are those of MAIN, oldest first, each as what it holds."""

    def __init__(self, collections=None, aliases=None, snapshots=()):
        self.collections, self.aliases, self.snapshots = collections or {}, aliases or {}, tuple(snapshots)

    def with_collection(self, name, collection):
        collections = dict(self.collections)
        aliases = self.aliases
        if collection is None:
            collections.pop(name, None)
            aliases = {alias: target for alias, target in aliases.items() if target != name}
        else:
            collections[name] = collection
        return State(collections, aliases, self.snapshots)

    def with_aliases(self, aliases):
        return State(self.collections, aliases, self.snapshots)

    def with_snapshots(self, snapshots):
        return State(self.collections, self.aliases, snapshots)

    def __eq__(self, other):
        return (self.collections, self.aliases, len(self.snapshots)) \
            == (other.collections, other.aliases, len(other.snapshots))

    def __str__(self):
        return ", ".join([f"{name}: {len(each.points)} points, indexes {sorted(each.indexes)}"
                          for name, each in sorted(self.collections.items())]
                         + [f"aliases {self.aliases}", f"{len(self.snapshots)} snapshots"])


class Step:
    """One request, and what it does; or a wait for the background, without a request."""

    def __init__(self, name, method=None, path=None, body=None, effect=None, wait_for=None):
        self.name, self.method, self.path, self.body = name, method, path, body
        self.effect = effect or (lambda state: state)
        self.wait_for = wait_for

    def __repr__(self):
        return self.name


class Story:
    """The steps of a seed. `background` leaves time for sealing, graphs and merges."""

    def __init__(self, seed, background=True, bulk=1050):
        self.random = random.Random(seed)
        self.background, self.bulk = background, bulk
        self.request = 0

    def payload(self):
        return {"request": self.request, "group": self.random.randrange(7), "word": self.random.choice("abcdefgh"),
                "text": "x" * self.random.choice([0, 0, 10, 300, 5000 if self.random.random() < 0.05 else 5])}

    def vector(self):
        return [self.random.randint(-100, 100) / 4 for _ in range(SIZE)]

    def steps(self):
        yield self.create(MAIN)
        yield self.index(MAIN, "group")
        yield self.upsert(MAIN, range(self.bulk))
        yield self.upsert(MAIN, self.random.sample(range(self.bulk + 50), 60))
        yield self.set_payload(MAIN)
        yield self.index(MAIN, "word")
        yield self.aliases({ALIAS: MAIN})
        if self.background:
            yield Step("wait for sealing", wait_for=1)
        yield self.delete(MAIN)
        yield self.batch(MAIN)
        yield self.create(OTHER)
        yield self.upsert(OTHER, range(400))
        yield self.add_name(OTHER, "extra")
        yield self.set_extra(OTHER, range(0, 400, 7))
        yield self.aliases({ALIAS: OTHER})
        yield self.upsert(MAIN, range(self.bulk - 30, 2 * self.bulk))
        if self.background:
            yield Step("wait for merging", wait_for=2)
        yield self.snapshot()
        yield self.patch(MAIN)
        yield self.update_vectors(MAIN)
        yield self.restore(0)
        yield self.drop_index(MAIN, "word")
        yield self.upsert(MAIN, self.random.sample(range(2 * self.bulk), 30))
        yield self.upsert(OTHER, range(390, 420))
        yield self.drop_name(OTHER, "extra")
        yield self.aliases({ALIAS: MAIN, "second": OTHER})
        yield self.drop(OTHER)
        yield self.snapshot()
        yield self.delete_by_filter(MAIN)
        yield self.restore(1)
        yield self.upsert(RESTORED, range(20))
        yield self.forget_snapshot()
        yield self.drop(RESTORED)

    def numbered(self, text):
        self.request += 1
        return f"{self.request} {text}"

    def create(self, name):
        dense = {"size": SIZE, "distance": "Dot"}
        config = {"vectors": dense if name == MAIN else {"dense": dense},
                  "sparse_vectors": {} if name == MAIN else {"sparse": {}},
                  "hnsw_config": {"m": 8, "ef_construct": 32, "full_scan_threshold": 10},
                  "optimizers_config": {"indexing_threshold": 10, "deleted_threshold": 0.01,
                                        "vacuum_min_vector_number": 100}}
        return Step(self.numbered(f"create {name}"), "PUT", f"/collections/{name}", config,
                    lambda state: state.with_collection(name, Collection(vectors=[""] if name == MAIN else ["dense"])))

    def drop(self, name):
        return Step(self.numbered(f"drop {name}"), "DELETE", f"/collections/{name}", None,
                    lambda state: state.with_collection(name, None))

    def snapshot(self):
        return Step(self.numbered("snapshot"), "POST", f"/collections/{MAIN}/snapshots?wait=true", None,
                    lambda state: state.with_snapshots([*state.snapshots, state.collections[MAIN]])
                    if MAIN in state.collections else state)

    def restore(self, place):
        """Makes RESTORED from a snapshot, or puts that in its place."""
        def location(server, connection):
            known = snapshot_names(connection)
            name = known[place] if place < len(known) else "missing.snapshot"
            return {"location": f"file://{server.storage.resolve()}/snapshots/{MAIN}/{name}"}
        return Step(self.numbered(f"restore snapshot {place}"), "PUT",
                    f"/collections/{RESTORED}/snapshots/recover?wait=true", location,
                    lambda state: state.with_collection(RESTORED, state.snapshots[place])
                    if place < len(state.snapshots) else state)

    def forget_snapshot(self):
        def path(connection):
            return f"/collections/{MAIN}/snapshots/{(snapshot_names(connection) or ['missing.snapshot'])[0]}"
        return Step(self.numbered("delete a snapshot"), "DELETE", path, None,
                    lambda state: state.with_snapshots(state.snapshots[1:]))

    def patch(self, name):
        return Step(self.numbered(f"patch {name}"), "PATCH", f"/collections/{name}",
                    {"optimizers_config": {"indexing_threshold": 9}})

    def index(self, name, field):
        return Step(self.numbered(f"index {field}"), "PUT", f"/collections/{name}/index?wait=true",
                    {"field_name": field, "field_schema": FIELDS[field]},
                    self.on(name, lambda each: each.with_indexes(each.indexes | {field})))

    def drop_index(self, name, field):
        return Step(self.numbered(f"drop index {field}"), "DELETE", f"/collections/{name}/index/{field}?wait=true", None,
                    self.on(name, lambda each: each.with_indexes(each.indexes - {field})))

    def aliases(self, aliases):
        actions = [{"create_alias": {"collection_name": target, "alias_name": alias}} for alias, target in aliases.items()]
        return Step(self.numbered(f"aliases {aliases}"), "POST", "/collections/aliases", {"actions": actions},
                    lambda state: state.with_aliases(state.aliases | aliases))

    def on(self, name, change):
        def effect(state):
            if name not in state.collections:
                return state
            return state.with_collection(name, change(state.collections[name]))
        return effect

    def points(self, name, text, method, path, operations, wait=None):
        wait = wait or self.random.choice(["true", "true", "false"])
        body = {"operations": operations} if path == "/batch" else next(iter(operations[0].values()))

        def change(collection):
            return collection.with_points(writers.applied(collection.points, operations))
        return Step(self.numbered(text), method, f"/collections/{name}/points{path}?wait={wait}", body,
                    self.on(name, change))

    def vectors(self, name):
        if name != OTHER:
            return self.vector()
        dimensions = sorted(self.random.sample(range(100), 5))
        values = [self.random.randint(1, 100) / 4 for _ in dimensions]
        return {"dense": self.vector(), "sparse": {"indices": dimensions, "values": values}}

    def add_name(self, name, vector):
        return Step(self.numbered(f"add vector {vector}"), "PUT", f"/collections/{name}/vectors/{vector}?wait=true",
                    {"dense": {"size": SIZE, "distance": "Dot"}},
                    self.on(name, lambda each: each.with_vectors(each.vectors | {vector})))

    def drop_name(self, name, vector):
        def drop(collection):
            return collection.with_vectors(collection.vectors - {vector}).with_points({
                each: [payload, {key: value for key, value in vectors.items() if key != vector}]
                for each, (payload, vectors) in collection.points.items()})
        return Step(self.numbered(f"drop vector {vector}"), "DELETE", f"/collections/{name}/vectors/{vector}?wait=true",
                    None, self.on(name, drop))

    def set_extra(self, name, ids):
        extras = {each: self.vector() for each in ids}

        def change(collection):
            points = dict(collection.points)
            for each, vector in extras.items():
                points[each] = [points[each][0], points[each][1] | {"extra": vector}]
            return collection.with_points(points)
        return Step(self.numbered("set vectors of a new name"), "PUT", f"/collections/{name}/points/vectors?wait=true",
                    {"points": [{"id": each, "vector": {"extra": vector}} for each, vector in extras.items()]},
                    self.on(name, change))

    def upsert(self, name, ids):
        operation = {"upsert": {"points": [
            {"id": each, "vector": self.vectors(name), "payload": self.payload()} for each in ids]}}
        return self.points(name, f"upsert {len(ids)} into {name}", "PUT", "", [operation])

    def delete(self, name):
        ids = self.random.sample(range(self.bulk), self.bulk // 5)
        return self.points(name, f"delete {len(ids)}", "POST", "/delete", [{"delete": {"points": ids}}])

    def delete_by_filter(self, name):
        return self.points(name, "delete a group", "POST", "/delete", [{"delete": {"filter": group(3)}}])

    def set_payload(self, name):
        return self.points(name, "set payload of a group", "POST", "/payload",
                           [{"set_payload": {"payload": {"word": "set", "set": self.request}, "filter": group(2)}}])

    def update_vectors(self, name):
        # Ids that no step deletes by number.
        ids = range(2 * self.bulk - 20, 2 * self.bulk)
        return self.points(name, "update vectors", "PUT", "/vectors", [
            {"update_vectors": {"points": [{"id": each, "vector": self.vector()} for each in ids]}}])

    def batch(self, name):
        ids = self.random.sample(range(self.bulk), 40)
        upsert = {"upsert": {"points": [{"id": each, "vector": self.vector(), "payload": self.payload()} for each in ids]}}
        payload = {"set_payload": {"payload": {"word": "batch"}, "filter": group(5)}}
        return self.points(name, "batch", "POST", "/batch", [upsert, payload, {"delete": {"points": ids[:10]}}])


def group(value):
    return {"must": [{"key": "group", "match": {"value": value}}]}


class Server(QuiverServer):
    """With as few threads as will do."""

    def __init__(self, storage, environment=None):
        super().__init__(storage, {"QUIVER__SERVICE__MAX_WORKERS": "1"} | (environment or {}))

    def connect(self):
        return Connection(self.port)


class Dead(Exception):
    """The server went away by itself."""


def run_step(step, server, connection, patience_seconds=4):
    """Sends the request. True if it was acknowledged; the refusal if not."""
    if step.wait_for is not None:
        wait_for_background(server, connection, patience_seconds)
        return True
    try:
        path = step.path(connection) if callable(step.path) else step.path
        connection.call(step.method, path, step.body(server, connection) if callable(step.body) else step.body)
        return True
    except Refused as refusal:
        return refusal
    except (OSError, http.client.HTTPException) as failure:
        raise Dead(f"{step}: {failure!r}, exit code {server.process.poll()}\n{server.log_tail()}") from None


def wait_for_background(server, connection, patience_seconds):
    """Until nothing is left to be sealed or merged, or for a while."""
    deadline = time.monotonic() + patience_seconds
    time.sleep(0.3)
    while time.monotonic() < deadline:
        try:
            info = connection.call("GET", f"/collections/{MAIN}")
        except Refused:
            return
        except (OSError, http.client.HTTPException) as failure:
            raise Dead(f"{failure!r}, exit code {server.process.poll()}\n{server.log_tail()}") from None
        if info["status"] != "yellow" and (info["status"] == "red" or info["indexed_vectors_count"] > 0):
            if info["segments_count"] <= 2:
                return
        time.sleep(0.1)


def observe(connection):
    """The state a server tells."""
    collections = {}
    for each in connection.call("GET", "/collections")["collections"]:
        name = each["name"]
        info = connection.call("GET", f"/collections/{name}")
        points = {}
        offset = None
        while True:
            page = connection.call("POST", f"/collections/{name}/points/scroll", {
                "limit": 10_000, "offset": offset, "with_payload": True, "with_vector": True})
            points |= {point["id"]: [point["payload"], point["vector"]] for point in page["points"]}
            offset = page["next_page_offset"]
            if offset is None:
                break
        vectors = info["config"]["params"]["vectors"]
        collections[name] = Collection(points, info["payload_schema"], [""] if "size" in vectors else vectors)
        assert info["points_count"] == len(points), f"{name} counts {info['points_count']} points, and has {len(points)}"
    aliases = {each["alias_name"]: each["collection_name"] for each in connection.call("GET", "/aliases")["aliases"]}
    return State(collections, aliases, snapshot_names(connection))


def snapshot_names(connection):
    """Of MAIN, oldest first; none without it."""
    try:
        return sorted(each["name"] for each in connection.call("GET", f"/collections/{MAIN}/snapshots"))
    except Refused:
        return []


def check_snapshots(connection, context):
    """Each is what its checksum says."""
    for each in connection.call("GET", f"/collections/{MAIN}/snapshots"):
        content = connection.download(f"/collections/{MAIN}/snapshots/{each['name']}")
        assert len(content) == each["size"] and hashlib.sha256(content).hexdigest() == each["checksum"], \
            f"{context}: {each} is not what is downloaded"


def check(connection, allowed, context, draw, searches=3):
    """The server's state is one of `allowed`; its counts, indexes and searches agree with it. Returns the state."""
    found = observe(connection)
    if not any(found == state for state in allowed):
        raise AssertionError(f"{context}\n" + "\n".join(explain(found, state) for state in allowed))
    for name, collection in found.collections.items():
        check_collection(connection, name, collection, context, draw, searches)
    if found.snapshots:
        check_snapshots(connection, context)
    return found


def explain(found, state):
    lines = [f"found {found}\ninstead of {state}"]
    for name in sorted(found.collections.keys() & state.collections.keys()):
        if found.collections[name] != state.collections[name]:
            text = writers.differences(found.collections[name].points, state.collections[name].points)
            lines.append(f"{name}: {text[:2000]}")
    return "\n".join(lines)


def check_collection(connection, name, collection, context, draw, searches):
    points = f"/collections/{name}/points"

    def count(filter=None):
        return connection.call("POST", f"{points}/count", {"exact": True} | ({"filter": filter} if filter else {}))["count"]

    assert count() == len(collection.points), f"{context}: {name}"
    for field, values in (("group", range(8)), ("word", ["a", "d", "set", "batch"])):
        for value in values:
            expected = sum(payload.get(field) == value for payload, _ in collection.points.values())
            told = count({"must": [{"key": field, "match": {"value": value}}]})
            assert told == expected, f"{context}: {name} counts {told} points of {field} {value}, not {expected}"
    if not collection.points:
        return
    agreeing = 0
    for _ in range(searches):
        query = [draw.randint(-100, 100) / 4 for _ in range(SIZE)]
        using = {} if "" in collection.vectors else {"using": "dense"}
        best = sorted((sum(a * b for a, b in zip(query, vector["dense"] if using else vector))
                       for _, vector in collection.points.values()), reverse=True)[:10]
        for exact in (True, False):
            told = [point["score"] for point in connection.call("POST", f"{points}/query", {
                "query": query, "limit": 10, **using, "params": {"exact": exact, "hnsw_ef": 512}})["points"]]
            assert len(told) == len(best), f"{context}: {name}: a search found {len(told)} of {len(best)}"
            if exact:
                assert all(abs(a - b) < 0.01 for a, b in zip(told, best)), f"{context}: {name}: {told}, not {best}"
            else:
                agreeing += sum(any(abs(score - each) < 0.01 for each in best) for score in told)
    if "dense" in collection.vectors:
        check_sparse(connection, points, collection, context)
    share = agreeing / (searches * min(10, len(collection.points)))
    assert share >= 0.8, f"{context}: {name}: the graph finds {share:.2f} of the best"


def check_sparse(connection, points, collection, context):
    query = {"indices": list(range(0, 100, 9)), "values": [1.0] * 12}
    scores = [sum(value for index, value in zip(vector["sparse"]["indices"], vector["sparse"]["values"]) if index % 9 == 0)
              for _, vector in collection.points.values()]
    best = sorted((each for each in scores if each > 0), reverse=True)[:10]
    told = [point["score"] for point in connection.call("POST", f"{points}/query", {
        "query": query, "limit": 10, "using": "sparse"})["points"]]
    assert len(told) == len(best) and all(abs(a - b) < 0.01 for a, b in zip(told, best)), f"{context}: {told}, not {best}"

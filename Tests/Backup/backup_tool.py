"""`quiver backup` as a person calls it, and collections over REST."""

import json
import os
import random
import subprocess
import urllib.error
import urllib.request

from quiver_server import direct, find_binary


class Failed(AssertionError):
    def __init__(self, code, text):
        super().__init__(f"exit code {code}: {text}")
        self.code = code
        self.text = text


def quiver(*arguments, environment=None, timeout=300):
    """Runs the command with --json. Returns its events; raises Failed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "QUIVER_BACKUP_"))}
    done = subprocess.run(
        [str(find_binary()), *map(str, arguments), "--json"], env=clean | (environment or {}), capture_output=True,
        text=True, stdin=subprocess.DEVNULL, timeout=timeout)
    if done.returncode != 0:
        raise Failed(done.returncode, done.stderr + done.stdout)
    return [json.loads(line) for line in done.stdout.splitlines()]


def event(events, name):
    found = [one for one in events if one["event"] == name]
    assert found, events
    return found[-1]


def call(server, method, path, body=None, timeout=60):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        server.url + path, data=data, method=method, headers={"content-type": "application/json"})
    with direct.open(request, timeout=timeout) as answer:
        return json.loads(answer.read())["result"]


def make_collection(server, name, dimension=32):
    call(server, "PUT", f"/collections/{name}", {"vectors": {"size": dimension, "distance": "Dot"}})
    call(server, "PUT", f"/collections/{name}/index?wait=true", {"field_name": "group", "field_schema": "keyword"})


def point(generator, identifier, dimension=32):
    return {
        "id": identifier, "vector": [round(generator.uniform(-1, 1), 4) for _ in range(dimension)],
        "payload": {"group": f"g{generator.randrange(7)}", "text": f"{generator.getrandbits(256):x}"},
    }


def upsert(server, name, points):
    call(server, "PUT", f"/collections/{name}/points?wait=true", {"points": points})


def fill(server, name, count, generator, dimension=32, batch=500):
    for first in range(0, count, batch):
        upsert(server, name, [point(generator, i, dimension) for i in range(first, min(first + batch, count))])


def image(server, name):
    """Everything of a collection that its interface shows."""
    points, offset = {}, None
    while True:
        page = call(server, "POST", f"/collections/{name}/points/scroll",
                    {"limit": 5000, "with_payload": True, "with_vector": True, "offset": offset})
        for one in page["points"]:
            points[one["id"]] = (one["payload"], one["vector"])
        offset = page["next_page_offset"]
        if offset is None:
            break
    info = call(server, "GET", f"/collections/{name}")
    groups = call(server, "POST", f"/collections/{name}/facet", {"key": "group", "limit": 100, "exact": True})
    return {
        "points": points, "schema": {field: one["data_type"] for field, one in info["payload_schema"].items()},
        "config": info["config"], "groups": sorted((hit["value"], hit["count"]) for hit in groups["hits"]),
    }


def seeded(name):
    seed = int(os.environ.get("QUIVER_SEED", random.randrange(1 << 32)))
    print(f"{name}: QUIVER_SEED={seed}")
    return random.Random(seed)

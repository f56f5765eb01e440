"""The memory of a server that is written to for long: as much as the collection needs, not as was ever written."""

import json
import random
import urllib.request
from pathlib import Path

from quiver_server import direct

DIMENSION = 1024
BATCHES = 12
POINTS = 128
ROUNDS = 1000
# What all rounds wrote is 500 MB; segments that wait to be sealed may be 96 MB, and a merge takes as much again.
MOST_GROWTH_MB = 250


def anonymous_mb(process):
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) / 1024


def send(server, method, path, body):
    request = urllib.request.Request(
        server.url + path, body.encode(), {"Content-Type": "application/json"}, method=method)
    with direct.open(request, timeout=60) as answer:
        return json.load(answer)


def test_memory_is_bounded(make_server, tmp_path):
    server = make_server(tmp_path / "storage")
    server.start()
    send(server, "PUT", "/collections/c", json.dumps({"vectors": {"size": DIMENSION, "distance": "Dot"}}))
    draw = random.Random(1)
    vectors = [[draw.randrange(-9, 9) for _ in range(DIMENSION)] for _ in range(POINTS)]
    bodies = [
        json.dumps({"points": [
            {"id": batch * POINTS + place, "vector": vector, "payload": {"batch": batch}}
            for place, vector in enumerate(vectors)
        ]})
        for batch in range(BATCHES)
    ]
    for body in bodies:
        send(server, "PUT", "/collections/c/points?wait=true", body)
    before = anonymous_mb(server.process)
    for turn in range(ROUNDS):
        send(server, "PUT", "/collections/c/points?wait=true", bodies[turn % BATCHES])
    growth = anonymous_mb(server.process) - before
    assert growth < MOST_GROWTH_MB, f"{growth:.0f} MB more after {ROUNDS} updates"

"""The memory of a server that is written to for long: as much as the collection needs, not as was ever written."""

import json
import os
import random
import time
import urllib.request
from pathlib import Path

import numpy as np

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


def resident_mb(process, part):
    """Resident memory of mapped files whose path contains `part`."""
    resident, counts = 0, False
    for line in Path(f"/proc/{process.pid}/smaps").read_text().splitlines():
        words = line.split()
        if "-" in words[0] and not words[0].endswith(":"):
            counts = part in line
        elif counts and words[0] == "Rss:":
            resident += int(words[1])
    return resident / 1024


def evict(storage):
    """Drops from the page cache what no process has mapped. Answers the size of the segments in MB."""
    total = 0
    for path in Path(storage).rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)
            total += path.stat().st_size if "segments" in path.parts else 0
    return total / (1 << 20)


def test_vectors_stay_on_disk(make_server, tmp_path):
    """With `on_disk` a search reads the stored vectors of its candidates alone: neither opening nor searching brings the
    others into memory, so a collection can be larger than it."""
    storage = tmp_path / "storage"
    server = make_server(storage)
    server.start()
    send(server, "PUT", "/collections/c", json.dumps({
        "vectors": {"size": DIMENSION, "distance": "Cosine", "on_disk": True},
        "quantization_config": {"binary": {"memory": "cached"}},
        "hnsw_config": {"m": 8, "ef_construct": 32}, "optimizers_config": {"indexing_threshold": 1000}}))
    draw = np.random.default_rng(2)
    count = 6_000
    # Near to a plane of a few dimensions, as embeddings are.
    all_vectors = draw.normal(size=(count, 16)) @ draw.normal(size=(16, DIMENSION))
    all_vectors = (all_vectors + draw.normal(size=all_vectors.shape)).round(2)
    vectors = {each: all_vectors[each].tolist() for each in range(0, count, 300)}
    for first in range(0, count, 500):
        points = [{"id": each, "vector": all_vectors[each].tolist()} for each in range(first, first + 500)]
        send(server, "PUT", "/collections/c/points?wait=true", json.dumps({"points": points}))
    for _ in range(600):
        info = send(server, "GET", "/collections/c", "")["result"]
        if info["status"] == "green" and info["indexed_vectors_count"] == count:
            break
        time.sleep(0.2)
    assert info["indexed_vectors_count"] == count, info
    server.terminate()
    size = evict(storage)
    server.start()
    opened = resident_mb(server.process, "/segments/")
    before = anonymous_mb(server.process)
    for each, vector in vectors.items():
        answer = send(server, "POST", "/collections/c/points/query", json.dumps(
            {"query": vector, "limit": 3, "params": {"quantization": {"rescore": True}}}))["result"]["points"]
        assert answer[0]["id"] == each and abs(answer[0]["score"] - 1) < 1e-3, answer
    searched = resident_mb(server.process, "/segments/")
    grown = anonymous_mb(server.process) - before
    print(f"segments of {size:.0f} MB: {opened:.1f} MB resident after opening, {searched:.1f} MB after "
          f"{len(vectors)} searches, {grown:.1f} MB more anonymous memory")
    assert searched < size / 2, "a search reads more than its candidates"
    assert grown < 64


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

#!/usr/bin/env python3
"""Loads vectors and payloads into a running server over REST and prints how fast: prepared bodies, one kept-alive
connection, wait=true, so that every batch is fsynced before its answer. Then waits for green and times queries.

    ingest.py VECTORS.npy PAYLOADS.jsonl[.gz] [--url http://127.0.0.1:6333] [--batch 256] [--pid PID]
              [--dimension D] [--rows N]

With --dimension each vector is random and of length 1, D components long, and VECTORS tells only how many there are:
how fast a load is does not depend on what the vectors say.

Needs numpy. Prints JSON lines.
"""
import argparse
import gzip
import http.client
import json
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

COLLECTION = "ingest"
INDEXES = {"section": "keyword", "team": "keyword", "tags": "keyword", "installed_size": "integer",
           "priority": "keyword"}


def resident_mb(pid):
    if not pid:
        return None
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return round(int(line.split()[1]) / 1024, 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vectors")
    parser.add_argument("payloads")
    parser.add_argument("--url", default="http://127.0.0.1:6333")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--dimension", type=int, help="random vectors of this length in place of those of the file")
    parser.add_argument("--rows", type=int, help="no more rows than this")
    parser.add_argument("--pid", type=int, help="of the server, for its anonymous memory")
    arguments = parser.parse_args()

    vectors = np.load(arguments.vectors, mmap_mode="r")[:arguments.rows].astype(np.float32)
    if arguments.dimension:
        vectors = np.random.default_rng(1).standard_normal((len(vectors), arguments.dimension), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    opener = gzip.open if arguments.payloads.endswith(".gz") else open
    with opener(arguments.payloads, "rt") as file:
        payloads = [line.strip() for line in file][:len(vectors)]
    bodies = []
    for first in range(0, len(vectors), arguments.batch):
        points = ",".join(
            f'{{"id":{row},"vector":[{",".join(f"{x:.7g}" for x in vectors[row].tolist())}],"payload":{payloads[row]}}}'
            for row in range(first, min(first + arguments.batch, len(vectors))))
        bodies.append(f'{{"points":[{points}]}}'.encode())

    place = urlsplit(arguments.url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=600)

    def call(method, path, body=None):
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        data = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {data[:300]!r}")
        return json.loads(data)

    at = f"/collections/{COLLECTION}"
    call("DELETE", at)
    call("PUT", at, json.dumps({"vectors": {"size": vectors.shape[1], "distance": "Cosine"}}).encode())
    for field, kind in INDEXES.items():
        call("PUT", f"{at}/index?wait=true", json.dumps({"field_name": field, "field_schema": kind}).encode())

    waits, peak = [], 0
    began = time.perf_counter()
    for body in bodies:
        start = time.perf_counter()
        call("PUT", f"{at}/points?wait=true", body)
        waits.append(time.perf_counter() - start)
        peak = max(peak, resident_mb(arguments.pid) or 0)
    took = time.perf_counter() - began
    print(json.dumps({
        "what": "rest ingest", "points": len(vectors), "dimension": int(vectors.shape[1]), "batch": arguments.batch,
        "seconds": round(took, 3), "points_per_s": round(len(vectors) / took),
        "body_mb": round(sum(map(len, bodies)) / 1e6, 1), "p50_ms": round(np.percentile(waits, 50) * 1e3, 2),
        "p99_ms": round(np.percentile(waits, 99) * 1e3, 2), "peak_anonymous_mb": peak or None}), flush=True)

    began = time.perf_counter()
    while True:
        info = call("GET", at)["result"]
        peak = max(peak, resident_mb(arguments.pid) or 0)
        if info["status"] == "green" and time.perf_counter() - began > 2:
            break
        time.sleep(0.1)
    print(json.dumps({
        "what": "green", "seconds": round(time.perf_counter() - began, 1), "points": info["points_count"],
        "indexed": info["indexed_vectors_count"], "segments": info["segments_count"],
        "peak_anonymous_mb": peak or None}), flush=True)

    # A bare socket: one write a request, and no more of Python's time in the figure than needed.
    line = socket.create_connection((place.hostname, place.port))
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    requests = []
    for vector in vectors[:: max(1, len(vectors) // 500)].tolist():
        body = json.dumps({"query": [float(f"{x:.7g}") for x in vector], "limit": 10}).encode()
        requests.append(
            f"POST {at}/points/query HTTP/1.1\r\nHost: {place.hostname}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    times, told = [], []
    for round_number in range(4):
        for request in requests:
            start = time.perf_counter()
            line.sendall(request)
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += line.recv(65536)
            head, _, rest = answer.partition(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            while len(rest) < length:
                rest += line.recv(65536)
            took = time.perf_counter() - start
            if round_number:  # the first round warms up
                times.append(took)
                told.append(json.loads(rest)["time"])
    print(json.dumps({
        "what": "rest query", "p50_us": round(np.percentile(times, 50) * 1e6), "p99_us": round(np.percentile(times, 99) * 1e6),
        "server_p50_us": round(np.percentile(told, 50) * 1e6)}))


if __name__ == "__main__":
    main()

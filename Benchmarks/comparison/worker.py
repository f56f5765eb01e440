"""One engine in a process of its own. Commands and answers are lines of JSON on standard input and output.

    worker.py NAME FOLDER DATASET.pickle

    {"op": "build", "threads": 2}                                    -> {"ingest_s", "index_s", ...}
    {"op": "open"}                                                   -> {"open_s", "rss_anon", "rss_file"}
    {"op": "ask", "filter": "none", "ef": 64, "k": 10, "threads": 1} -> {"per_second", "p50_us", ...}
    {"op": "memory"}                                                 -> {"rss_anon", "rss_file"}
"""
from __future__ import annotations

import json
import os
import pickle
import sys
import time
import traceback
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
import engines  # noqa: E402


def memory() -> dict:
    """Bytes that are this process's own, and of mapped files."""
    found = {}
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("RssAnon", "RssFile"):
            found[name] = int(value.split()[0]) * 1024
    return {"rss_anon": found.get("RssAnon", 0), "rss_file": found.get("RssFile", 0)}


cpu_seconds = time.process_time


class Worker:
    def __init__(self, name: str, folder: str, dataset: str):
        self.name, self.folder, self.dataset = name, folder, dataset
        self.engine = None

    def load(self):
        return pickle.loads(Path(self.dataset).read_bytes())

    def build(self, threads: int) -> dict:
        ds = self.load()
        begin = cpu_seconds()
        engine = engines.make(self.name, self.folder, threads)
        built = engine.build(ds)
        engine.close()
        return {**built, "build_cpu_s": cpu_seconds() - begin}

    def open(self) -> dict:
        # The vectors themselves would count as memory of the engine.
        ds = self.load()
        self.queries, self.filters, meta = ds.queries, ds.filters, ds.meta
        del ds
        before = memory()
        begin = time.perf_counter()
        self.engine = engines.make(self.name, self.folder, 1)
        self.engine.open(meta)
        seconds = time.perf_counter() - begin
        self.baseline = before
        return {"open_s": seconds, "filters": self.engine.filters, **self.memory()}

    def memory(self) -> dict:
        now = memory()
        return {name: now[name] - self.baseline[name] for name in now}

    def ask(self, filter: str, ef: int, k: int, threads: int) -> dict:
        """All queries once. With more than one thread they are handed over together, and not timed one by one."""
        flt = None if filter == "none" else self.filters[filter]
        requests = self.engine.prepare(self.queries, k, ef, flt)
        cpu = cpu_seconds()
        if threads > 1:
            begin = time.perf_counter()
            self.engine.query_parallel(requests, threads)
            seconds = time.perf_counter() - begin
            return {"per_second": len(requests) / seconds, "cpu_us": (cpu_seconds() - cpu) * 1e6 / len(requests)}
        query, clock = self.engine.query, time.perf_counter_ns
        times, answers = [], []
        for request in requests:
            begin = clock()
            answer = query(request)
            times.append(clock() - begin)
            answers.append(answer)
        cpu = cpu_seconds() - cpu
        times = np.array(times)
        return {
            "per_second": len(times) / (times.sum() / 1e9), "p50_us": float(np.median(times)) / 1e3,
            "p99_us": float(np.quantile(times, 0.99)) / 1e3, "cpu_us": cpu * 1e6 / len(times),
            "ids": [[int(i) for i in answer] for answer in answers]}


def main() -> None:
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(*sys.argv[1:4])
    for line in sys.stdin:
        command = json.loads(line)
        operation = command.pop("op")
        try:
            answer = getattr(worker, operation)(**command)
        except Exception as error:  # noqa: BLE001: told to the one who asked
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)
    if worker.engine is not None:
        worker.engine.close()


if __name__ == "__main__":
    main()

"""What the comparison asks of an engine."""
from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

#: of every graph: links a point (the bottom layer has twice as many), and candidates of an insertion
M = 16
EF_CONSTRUCT = 100


class Engine:
    """One engine with one index in the folder `path`.

    `build` makes it and leaves it there. `open` loads it, in a process of its own. `prepare` turns queries into
    whatever the engine's call takes, which is not timed. `query` answers one; `query_parallel` answers all, on
    `clients` threads, in one call where the engine has such a call.
    """

    #: answers filters
    filters = True

    def __init__(self, path, threads: int):
        self.path, self.threads = Path(path), threads

    def build(self, ds) -> dict:
        """Returns at least {"ingest_s", "index_s"}."""
        raise NotImplementedError

    def open(self, meta: dict) -> None:
        raise NotImplementedError

    def prepare(self, queries, k: int, ef: int, flt) -> list:
        raise NotImplementedError

    def query(self, request):
        """The ids of the answers, best first."""
        raise NotImplementedError

    def query_parallel(self, requests, clients: int) -> None:
        def ask(part):
            for request in part:
                self.query(request)

        with ThreadPoolExecutor(clients) as pool:
            for done in [pool.submit(ask, requests[i::clients]) for i in range(clients)]:
                done.result()

    def close(self) -> None:
        pass


class Timer:
    """The seconds that a `with` block took."""

    seconds = 0.0

    def __enter__(self):
        self.begin = time.perf_counter()
        return self

    def __exit__(self, *_):
        self.seconds = time.perf_counter() - self.begin


def batches(count: int, size: int):
    """The row numbers 0..<count as ranges of at most `size`."""
    for first in range(0, count, size):
        yield range(first, min(first + size, count))


def sql(flt: dict, contains: str, lists) -> str:
    """A filter of `must` as an expression of the SQL kind; `contains` tests fields of `lists` for a value."""
    operators = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
    parts = []
    for condition in flt["must"]:
        key = condition["key"]
        if "range" in condition:
            parts += [f"{key} {operators[name]} {bound}" for name, bound in condition["range"].items()]
            continue
        value = condition["match"]["value"]
        text = "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value).lower()
        parts.append(contains.format(key=key, value=text) if key in lists else f"{key} = {text}")
    return " and ".join(parts)

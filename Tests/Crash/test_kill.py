"""kill -9 at a random moment under load: nothing acknowledged is lost, no request is half-applied.

QUIVER_CRASH_ROUNDS=N crashes N times (default 5) on the same directory. The seed decides what is written and when
the process dies; it is printed, and QUIVER_CRASH_SEED=S sets it (threads still interleave as they like).
"""

import os
import random
import time

import pytest

import chores
import seeds
from manifest import Verifier, leaks
from quiver_server import find_binary
from writers import COLLECTION, Connection, Writer, applied, create_collection, differences, of_request

ROUNDS = int(os.environ.get("QUIVER_CRASH_ROUNDS", "5"))
SEED = seeds.CRASH
WRITERS = 4


def test_kill_under_load(tmp_path, make_server):
    print(f"seed {SEED}: repeat with QUIVER_CRASH_SEED={SEED} QUIVER_CRASH_ROUNDS={ROUNDS}")
    trial = Trial(make_server(tmp_path / "storage"), random.Random(SEED))
    trial.begin()
    for round_number in range(ROUNDS):
        delay_seconds = trial.random.choice([0.05, 0.3, 1, 2]) * trial.random.random()
        # Segments are sealed and merged when writers pause.
        quiet_seconds = trial.random.uniform(0.8, 3) if trial.random.random() < 0.4 else 0
        trial.write_until(trial.server.kill, delay_seconds, quiet_seconds)
        seconds = trial.server.start()
        print(f"round {round_number}: {trial.acknowledged} acknowledged requests, killed after {delay_seconds:.2f} s and {quiet_seconds:.2f} quiet ones, "
              f"ready again after {seconds:.2f} s, {sum(map(len, trial.states))} points")
        trial.verify(f"seed {SEED}, round {round_number}")
    assert trial.acknowledged >= ROUNDS, "too little was written for this to say anything"
    trial.server.terminate()
    trial.server.start()
    trial.verify("after a clean restart")
    trial.server.terminate()
    trial.verify_directory()
    seeds.note(f"kill -9 under load: {ROUNDS} times, {trial.acknowledged} acknowledged requests, none lost")


def test_kill_while_opening(tmp_path, make_server):
    """A process that dies during recovery leaves a directory that opens the next time."""
    trial = Trial(make_server(tmp_path / "storage"), random.Random(SEED))
    trial.begin()
    trial.write_until(trial.server.kill, 1)
    for _ in range(5):
        trial.server.spawn()
        time.sleep(trial.random.random() * 0.2)
        trial.server.kill()
    trial.server.start()
    trial.verify("after dying five times while opening")
    trial.server.terminate()


def test_terminate_under_load(tmp_path, make_server):
    """SIGTERM drains: exit code 0, and every acknowledged request is there afterwards."""
    trial = Trial(make_server(tmp_path / "storage"), random.Random(SEED))
    trial.begin()
    trial.write_until(trial.server.terminate, 1, refusals_allowed=True)
    trial.server.start()
    trial.verify("after SIGTERM")
    trial.server.terminate()


class Trial:
    def __init__(self, server, random):
        self.server, self.random = server, random
        self.states = [{} for _ in range(WRITERS)]
        self.open_requests = [None] * WRITERS
        self.chores, self.kinds = {}, []
        self.acknowledged = 0

    def begin(self):
        self.server.start()
        connection = Connection(self.server.port)
        create_collection(connection)
        self.kinds = chores.prepare(connection)
        if chores.Restores in self.kinds:
            folder, = [path for path in self.server.storage.parent.rglob(chores.Restores.snapshot) if path.is_file()]
            chores.Restores.location = f"file://{folder}"

    def write_until(self, end, delay_seconds, quiet_seconds=0, refusals_allowed=False):
        """Lets all writers write for a while, then ends the server under them, or a while after them."""
        port = self.server.port
        writers = [Writer(number, random_of(self.random), state, port) for number, state in enumerate(self.states)]
        self.chores = {kind: kind(random_of(self.random), self.chores[kind].existing if kind in self.chores else (), port)
                       for kind in self.kinds}
        threads = [*writers, *self.chores.values()]
        for thread in threads:
            thread.start()
        time.sleep(delay_seconds)
        if not quiet_seconds:
            end()
        for thread in threads:
            thread.stopping.set()
        for thread in threads:
            thread.join(90)
            assert not thread.is_alive(), f"{thread.name} still waits for an answer of a dead server"
            assert refusals_allowed or not thread.refusals, f"{thread.name} was refused: {thread.refusals}"
        if quiet_seconds:
            time.sleep(quiet_seconds)
            end()
        self.states = [writer.state for writer in writers]
        self.open_requests = [writer.open_request for writer in writers]
        self.acknowledged += sum(thread.acknowledged for thread in threads)

    def verify(self, context):
        connection = Connection(self.server.port)
        self.verify_points(connection, context)
        self.verify_counts(connection, context)
        self.verify_search(connection, context)
        for chore in self.chores.values():
            chore.existing = chore.proposed = chore.verify(connection, context)

    def verify_points(self, connection, context):
        """Each writer's points are those before its open request or those after it; they become its state."""
        found = [{} for _ in range(WRITERS)]
        for point in scroll(connection):
            found[point["payload"]["writer"]][point["id"]] = [point["payload"], point["vector"]]
        for number, (actual, before) in enumerate(zip(found, self.states)):
            request = self.open_requests[number]
            if actual != before and (request is None or actual != applied(before, request)):
                account = f"{context}, writer {number}: compared with the acknowledged requests, {differences(actual, before)}"
                if request is not None:
                    account += f"\ncompared with the open request as well, {differences(actual, applied(before, request))}" \
                               f"\nthe open request: {str(request)[:1000]}"
                raise AssertionError(account)
            self.states[number], self.open_requests[number] = actual, None

    def verify_counts(self, connection, context):
        """The field indexes and the counters tell the same story as the points."""
        def count(filter=None):
            return connection.call("POST", f"/collections/{COLLECTION}/points/count",
                                   {"exact": True} | ({"filter": filter} if filter else {}))["count"]

        total = sum(map(len, self.states))
        assert count() == total, context
        assert connection.call("GET", f"/collections/{COLLECTION}")["points_count"] == total, context
        for number, state in enumerate(self.states):
            assert count({"must": [{"key": "writer", "match": {"value": number}}]}) == len(state), context
            requests = sorted({payload["request"] for payload, _ in state.values()})
            for request in self.random.sample(requests, min(10, len(requests))):
                expected = sum(payload["request"] == request for payload, _ in state.values())
                assert count(of_request(number, request)) == expected, f"{context}: request {request} of {number}"

    def verify_search(self, connection, context):
        vectors = {each: vector for state in self.states for each, (_, vector) in state.items()}
        if not vectors:
            return
        for exact in (True, False):
            query = [self.random.randint(-100, 100) / 4 for _ in range(8)]
            found = connection.call("POST", f"/collections/{COLLECTION}/points/query", {
                "query": query, "limit": 10, "params": {"exact": exact, "hnsw_ef": 256}})["points"]
            scores = {each: sum(a * b for a, b in zip(query, vector)) for each, vector in vectors.items()}
            assert len(found) == min(10, len(vectors)), f"{context}: search found {len(found)}"
            for point in found:
                assert point["score"] == pytest.approx(scores[point["id"]], abs=0.01), f"{context}: {point}"
            if exact:
                best = sorted(scores.values(), reverse=True)[:10]
                assert [point["score"] for point in found] == pytest.approx(best, abs=0.01), context

    def verify_directory(self):
        """After the server has ended."""
        there = sum(len(each.existing) for kind, each in self.chores.items()
                    if kind in (chores.Collections, chores.Restores))
        wrong = leaks(self.server.storage, 2 + there)
        assert not wrong, wrong
        complaint = Verifier(find_binary()).complaint(self.server.storage)
        assert complaint is None, complaint


def random_of(parent):
    return random.Random(parent.getrandbits(64))


def scroll(connection):
    """All points, page by page."""
    offset = None
    while True:
        page = connection.call("POST", f"/collections/{COLLECTION}/points/scroll", {
            "limit": 1000, "offset": offset, "with_payload": True, "with_vector": True})
        yield from page["points"]
        offset = page["next_page_offset"]
        if offset is None:
            return

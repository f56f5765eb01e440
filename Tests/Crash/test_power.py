"""Power cuts: whatever the disk kept of what was not synced, opening finds everything that was acknowledged.

A server works on a story and under concurrent writers while every call that changes a file is recorded. Then the record
is replayed up to a random call, and of all that was not synced by then the disk keeps any part that the model permits
(disk.py; docs/DURABILITY.md states it). The server is opened on what is left: the requests that were acknowledged by
then are there, one that was under way is there as a whole or not at all, and the directory is clean. After one cut in
eight the catalogue is damaged as well, and comes back from what lies beside the collections.

QUIVER_CUTS says how many cuts (default 240; 5000 with QUIVER_LONG=1), QUIVER_CUT_SEED repeats a draw, QUIVER_CUT_DAMAGED
is another share of damaged catalogues. A cut that fails
keeps its recording and names the command that repeats it alone.
"""

import os
import pickle
import random
import shutil
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import disk
import seeds
from story import Dead, Server, State, Story, check_collection, check_snapshots, explain, observe, run_step
from writers import COLLECTION, Connection, Refused, Writer, applied, create_collection, differences

LONG = bool(os.environ.get("QUIVER_LONG"))
CUTS = int(os.environ.get("QUIVER_CUTS", "5000" if LONG else "240"))
CUTS_OF_RECORDING = 250
SEED = seeds.CUT
WORKERS = int(os.environ.get("QUIVER_CUT_WORKERS", "3"))
WRITERS = 2
# The share of cuts after which the catalogue is damaged.
DAMAGED = float(os.environ.get("QUIVER_CUT_DAMAGED", "0.125"))


class Recording:
    """What was asked of the disk, and what should be found. Mark 0 and 1 are of the story, 2 and 3 of the first writer,
    and so on: how many requests were acknowledged, and how many were begun."""

    def __init__(self, log, histories):
        self.log, self.histories = log, histories

    def keep(self):
        directory = Path(tempfile.mkdtemp(prefix="quiver-cut-"))
        shutil.copy(self.log, directory / "log")
        (directory / "histories").write_bytes(pickle.dumps(self.histories))
        return directory

    @classmethod
    def kept(cls, directory):
        return cls(Path(directory) / "log", pickle.loads((Path(directory) / "histories").read_bytes()))

    def allowed(self, marks):
        """Of the story and of each writer: the state after what was acknowledged, and that after what was begun."""
        return [[history[number] for number in sorted({marks[2 * place], marks[2 * place + 1]})]
                for place, history in enumerate(self.histories)]


class MarkedWriter(Writer):
    """A writer whose every state is kept, and whose progress is marked in the log."""

    def __init__(self, number, random, state, port, switches, history):
        super().__init__(number, random, state, port)
        self.switches, self.history = switches, history

    def run(self):
        connection = Connection(self.port)
        mark = 2 + 2 * self.number
        while not self.stopping.wait(self.random.random() * 0.3):
            operations = self.make_request()
            self.history.append(applied(self.state, operations))
            self.switches.mark(mark + 1, len(self.history) - 1)
            try:
                self.send(connection, operations)
            except (Refused, OSError) as failure:
                self.refusals.append(str(failure))
                return
            self.switches.mark(mark, len(self.history) - 1)
            self.state = self.history[-1]


def record(workshop, seed):
    """A story, with writers beside it, killed and gone on with in between."""
    place = workshop.place()
    switches = disk.Disk(workshop.library, place / "storage", place / "control", place / "log")
    draw = random.Random(seed)
    server = Server(place / "storage", switches.environment)
    server.log = place / "server.log"
    histories = [[State()]] + [[{}] for _ in range(WRITERS)]
    steps = list(Story(seed).steps())
    pause = draw.randrange(6, len(steps) - 4)
    try:
        # A first start may not get far.
        for _ in range(draw.randrange(3)):
            server.spawn()
            time.sleep(draw.random() * 0.15)
            server.kill()
        for part in (steps[:pause], steps[pause:]):
            server.start()
            connection = server.connect()
            if part is steps[:pause] or not histories[0][1:]:
                create_collection(connection)
                switches.mark(MADE, 1)
            writers = [MarkedWriter(number, random.Random(draw.getrandbits(64)), histories[1 + number][-1], server.port,
                                    switches, histories[1 + number]) for number in range(WRITERS)]
            for writer in writers:
                writer.start()
            for step in part:
                histories[0].append(step.effect(histories[0][-1]))
                switches.mark(1, len(histories[0]) - 1)
                outcome = run_step(step, server, connection, patience_seconds=2.5)
                assert outcome is True, f"{step}: {outcome}"
                switches.mark(0, len(histories[0]) - 1)
            for writer in writers:
                writer.stopping.set()
                writer.join(60)
                assert not writer.refusals, writer.refusals
            server.kill()
    finally:
        server.kill()
    return Recording(place / "log", histories), place


MADE = 20  # the mark that says that the collection of the writers is there, with its indexes


def judge(allowed, is_made):
    """The story's collections are in one of its states, and the points of each writer in one of its own."""
    def judged(connection, context, draw):
        found = observe(connection)
        theirs = found.collections.get(COLLECTION)
        assert theirs is not None or not is_made, f"{context}: the collection of the writers is gone"
        mine = State({name: each for name, each in found.collections.items() if name != COLLECTION}, found.aliases,
                     found.snapshots)
        assert any(mine == state for state in allowed[0]), \
            f"{context}\n" + "\n".join(explain(mine, state) for state in allowed[0])
        points = [{} for _ in range(WRITERS)]
        for each, (payload, vector) in (theirs.points if theirs else {}).items():
            points[payload["writer"]][each] = [payload, vector]
        for number, own in enumerate(points):
            if not any(own == state for state in allowed[1 + number]):
                raise AssertionError(f"{context}: writer {number}: " + "\n or ".join(
                    differences(own, state) for state in allowed[1 + number]))
        if found.snapshots:
            check_snapshots(connection, context)
        for name, each in found.collections.items():
            check_collection(connection, name, each, context, draw, 2)
        if theirs and is_made:
            assert theirs.indexes == {"writer", "request"}, context
            for number, own in enumerate(points):
                told = connection.call("POST", f"/collections/{COLLECTION}/points/count", {
                    "exact": True, "filter": {"must": [{"key": "writer", "match": {"value": number}}]}})["count"]
                assert told == len(own), f"{context}: {told} points of writer {number}, not {len(own)}"
        return found
    return judged


def damage_catalogue(storage, draw):
    """Returns what was done to it, for the message; nothing where there is none yet."""
    path = storage / "catalog.mdb"
    data = path.read_bytes() if path.exists() else b""
    # A storage whose first opening did not end has nothing the catalogue could be made of.
    if len(data) < 8192 or not (storage / "catalog.json").exists():
        return ""
    how = draw.choice(["lost", "emptied", "cut off", "without roots", "with flipped bits"])
    if how == "lost":
        path.unlink()
    elif how == "emptied":
        path.write_bytes(b"")
    elif how == "cut off":
        path.write_bytes(data[:draw.randrange(1, len(data))])
    elif how == "without roots":
        path.write_bytes(bytes(8192) + data[8192:])
    else:
        data = bytearray(data)
        for _ in range(20):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        path.write_bytes(data)
    return f", and the catalogue {how}"


def cut(workshop, place, allowed, is_made, context, seed):
    """Judges what is left in `place`. Some are written to and cut again while they are opened."""
    draw = random.Random(seed)
    judgement = judge(allowed, is_made)
    try:
        damage = damage_catalogue(place / "storage", draw) if draw.random() < DAMAGED else ""
        context += damage
        if draw.random() < 0.25:
            switches = disk.Disk(workshop.library, place / "storage", place / "control", place / "again")
            model = disk.Model.of(place / "storage")
            server = Server(place / "storage", switches.environment)
            server.log = place / "recovering.log"
            try:
                server.start()
                time.sleep(draw.random() * 0.3)
            finally:
                server.kill()
            records = disk.read_log(place / "again")
            for each in records[:draw.randrange(len(records) + 1)]:
                model.step(each)
            shutil.rmtree(place / "storage")
            context += ", and cut again while it was opened: " + model.cut(str(place / "storage"), draw)
        workshop.judge_reopened(place, judgement, context, seed, bool(damage))
        shutil.rmtree(place)
        return None
    except (AssertionError, Dead, Refused, OSError) as failure:
        return f"{context}: {type(failure).__name__}: {failure}"


def cuts_of(workshop, recording, points, pool):
    """Cuts before the records of `points`, [(index, seed)] in order; yields what is wrong, or None, of each."""
    records = disk.read_log(recording.log)
    model = disk.Model()
    done = 0
    waiting = threading.Semaphore(2 * WORKERS)
    outcomes = []
    for index, seed in points:
        # Marks stand before the record they were seen at.
        while done < len(records) and (done < index or records[done][0] == disk.MARKS):
            model.step(records[done])
            done += 1
        waiting.acquire()
        place = workshop.place()
        kept = model.cut(str(place / "storage"), random.Random(seed))
        context = f"cut {index}:{seed} of {len(records)} records ({kept})"
        outcome = pool.submit(cut, workshop, place, recording.allowed(model.marks), model.marks[MADE], context, seed)
        outcome.add_done_callback(lambda _: waiting.release())
        outcomes.append(outcome)
    return [outcome.result() for outcome in outcomes]


def moment(records, draw):
    """Where the power goes: anywhere, near the rarer calls as often as among the writes, and often at the beginning."""
    choice = draw.random()
    if choice < 0.1:
        return draw.randrange(1, 60)
    if choice < 0.5:
        return draw.randrange(1, len(records) + 1)
    kind = draw.choice(sorted({each[0] for each in records}))
    places = [place for place, each in enumerate(records) if each[0] == kind]
    return min(draw.choice(places) + draw.randrange(4), len(records))


def test_the_record_is_whole(workshop):
    """Replaying everything gives the directory as it is: nothing that the server does escapes the library."""
    recording, place = record(workshop, SEED)
    model = disk.Model()
    for each in disk.read_log(recording.log):
        model.step(each)
    model.write_volatile(str(place / "replayed"))
    for path in sorted((place / "storage").rglob("*")):
        twin = place / "replayed" / path.relative_to(place / "storage")
        # Maps that are written to escape it; nothing that lasts is in them.
        if path.is_file() and not path.name.endswith(("-lock", ".stamp")):
            assert twin.read_bytes() == path.read_bytes(), f"{path.name} is not what was recorded of it"
    assert {each.relative_to(place / "storage") for each in (place / "storage").rglob("*")} \
        == {each.relative_to(place / "replayed") for each in (place / "replayed").rglob("*")}


def test_power_cuts(workshop):
    print(f"seed {SEED}: repeat with QUIVER_CUT_SEED={SEED} QUIVER_CUTS={CUTS}")
    draw = random.Random(SEED)
    problems, count = [], 0
    with ThreadPoolExecutor(WORKERS) as pool:
        if os.environ.get("QUIVER_CUT"):
            index, seed = map(int, os.environ["QUIVER_CUT"].split(":"))
            recording = Recording.kept(os.environ["QUIVER_CUT_RECORDING"])
            problems = [each for each in cuts_of(workshop, recording, [(index, seed)], pool) if each]
            assert not problems, problems[0]
            return
        while count < CUTS:
            recording, place = record(workshop, draw.randrange(2**32))
            records = disk.read_log(recording.log)
            length = len(records)
            points = sorted((moment(records, draw), draw.randrange(2**32))
                            for _ in range(min(CUTS_OF_RECORDING, CUTS - count)))
            wrong = [each for each in cuts_of(workshop, recording, points, pool) if each]
            count += len(points)
            print(f"{count} cuts in recordings of {length} calls, {len(problems) + len(wrong)} wrong", flush=True)
            if wrong:
                kept = recording.keep()
                for each in wrong:
                    cut_name = each.split()[1]
                    problems.append(f"{each}\n(repeat with QUIVER_CUT_RECORDING={kept} QUIVER_CUT={cut_name})")
                    print(f"WRONG {problems[-1]}\n", flush=True)
            shutil.rmtree(place)
            assert len(problems) < 20, "\n".join(problems)
    seeds.note(f"power cuts: {count}, {len(problems)} of them wrong")
    assert not problems, f"{len(problems)} of {count} cuts:\n" + "\n".join(problems[:5])


def test_a_disk_that_lies_is_found_out(workshop):
    """The test can fail: on a disk that keeps nothing of what it was asked to make durable, acknowledged requests are
    lost, and that is told."""
    recording, _ = record(workshop, SEED)
    records = disk.read_log(recording.log)
    draw = random.Random(SEED)
    places = sorted(draw.randrange(len(records) // 4, len(records)) for _ in range(12))
    liars = [each for each in records if each[0] == disk.SYNC]
    wrong = 0
    for index in places:
        model = disk.Model()
        for each in records[:index]:
            if each not in liars or draw.random() < 0.5:
                model.step(each)
        place = workshop.place()
        model.cut(str(place / "storage"), random.Random(index))
        wrong += cut(workshop, place, recording.allowed(model.marks), model.marks[MADE], f"lying disk {index}", index) is not None
    print(f"{wrong} of {len(places)} cuts found out")
    assert wrong > 0


@pytest.mark.parametrize("name", ["collection.old", "catalog.json"])
def test_a_record_that_stays_behind_is_found_out(workshop, name):
    """The test can fail: without the renaming of a deleted collection's record, or of the record of aliases, before the
    answer, a catalogue that is made anew is not what was acknowledged, and that is told."""
    recording, _ = record(workshop, SEED)
    records = disk.read_log(recording.log)
    left_out = [place for place, each in enumerate(records) if each[0] == disk.RENAME and each[5].endswith("/" + name)]
    # A storage without any record of aliases is one of before.
    left_out = left_out[name == "catalog.json":]
    assert left_out
    wrong = 0
    for index in left_out:
        # Until the next request has been acknowledged, after which it may be made good.
        for end in sorted({min(index + distance, len(records)) for distance in (20, 40, 80)}):
            model = disk.Model()
            for place, each in enumerate(records[:end]):
                if place not in left_out:
                    model.step(each)
            place = workshop.place()
            # What was not synchronised, as the removal of the files, is lost.
            model.write_names(str(place / "storage"), model.root, lambda each: each.durable, lambda each: each.durable)
            (place / "storage/catalog.mdb").unlink()
            allowed = recording.allowed(model.marks)
            outcome = cut(workshop, place, allowed, model.marks[MADE], f"{name} left out", index)
            wrong += outcome is not None
    print(f"{wrong} of {3 * len(left_out)} cuts found out")
    assert wrong > 0

"""A disk whose n-th call fails, for every n: what was refused left nothing, what was acknowledged is there.

Each case runs a story of requests on a server whose disk fails once, or from a moment on. While it lives it goes on
answering reads, and after ENOSPC it writes again by itself; killed and opened on a sound disk it holds exactly what it
acknowledged. At the same calls it is killed, too. QUIVER_LONG=1 walks every call of every kind; else QUIVER_FAULT_CASES (default 48) of them are drawn.
QUIVER_FAULT_SEED repeats a draw, QUIVER_FAULT_CASE one case, as it is printed.
"""

import os
import random
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import disk
import seeds
from story import Collection, Dead, Server, State, Step, Story, check, run_step
from workshop import one_of
from writers import Refused

LONG = bool(os.environ.get("QUIVER_LONG"))
SEED = seeds.FAULT
CASES = int(os.environ.get("QUIVER_FAULT_CASES", "1000000" if LONG else "48"))
WORKERS = int(os.environ.get("QUIVER_FAULT_WORKERS", "16" if LONG else "6"))
STORY_SEED = 7


class Case:
    """`kind:at:error:how`; see `Disk.arm`."""

    def __init__(self, text):
        self.text = text
        self.kind, at, self.error, self.how = text.split(":")
        self.at = int(at)

    def arm(self, switches):
        switches.arm([self.kind], self.at, disk.ERRORS[self.error], self.how)

    def __str__(self):
        return self.text


def run_case(workshop, case, background=True):
    """None, or what is wrong."""
    place = workshop.place()
    switches = disk.Disk(workshop.library, place / "storage", place / "control")
    server = Server(place / "storage", switches.environment)
    server.log = place / "server.log"
    context = f"case {case}"
    try:
        server.start()
        connection = server.connect()
        state, refusals = State(), []
        if case:
            case.arm(switches)
        else:
            switches.arm(disk.KINDS, 0)
        for step in Story(STORY_SEED, background, 1050 if background else 150).steps():
            try:
                outcome = run_step(step, server, connection)
            except Dead:
                if case is None or case.how != "kill" or server.process.wait(10) != -signal.SIGKILL:
                    raise
                context += f" at {switches.last}, killed during or before {step}"
                workshop.judge_reopened(place, one_of([state, step.effect(state)]), context, SEED)
                shutil.rmtree(place)
                return None, switches.injected, switches.last, switches.counts
            if outcome is True:
                state = step.effect(state)
            else:
                refusals.append(f"{step}: {outcome}")
                assert case, f"{context}: {refusals}"
                assert outcome.status in (400, 404, 500, 507), f"{context}: {refusals}"
                assert len(str(outcome)) > 20, f"{context}: {refusals}"
                if switches.injected and outcome.status in (500, 507) and not case.how == "on":
                    # Reads are answered while the disk is what it is.
                    connection.call("GET", "/collections")
        injected, last = switches.injected, switches.last
        context += f" at {last} ({injected} failures)"
        if refusals:
            context += f", refused: {refusals[:3]}"
        if case and case.how == "on" and case.kind not in ("open", "read"):
            # From here on the disk refuses everything of the kind; what needs no such call is answered; snapshots
            # are listed and read through calls.
            check(connection, [state], context + ": on the failing disk", random.Random(SEED))
        switches.disarm()
        check(connection, [state], context + ": while it runs", random.Random(SEED))
        if case and case.error == "ENOSPC" and injected:
            state = resume(server, connection, state, context)
        settle(connection, state, context)
        server.kill()
        workshop.judge_reopened(place, one_of([state]), context, SEED)
        shutil.rmtree(place)
        return None, injected, last, switches.counts
    except (AssertionError, Dead, Refused, OSError) as failure:
        return f"{context}: {type(failure).__name__}: {failure}\n{server.log_tail(15)}", switches.injected, switches.last, {}
    finally:
        server.kill()


def settle(connection, state, context):
    """What failed in the background is tried again, and succeeds; only a collection that takes no more writes stays so."""
    deadline = time.monotonic() + 80
    for name in state.collections:
        while True:
            info = connection.call("GET", f"/collections/{name}")
            if info["optimizer_status"] == "ok" or info["status"] == "red":
                break
            assert time.monotonic() < deadline, f"{context}: {name} still says {info['optimizer_status']}"
            time.sleep(0.1)


def resume(server, connection, state, context):
    """There is room again: writing goes on by itself."""
    body = {"points": [{"id": 10**6, "vector": [1.0] * 8, "payload": {"request": 0}}]}
    steps = [Step("make another collection", "PUT", "/collections/resumed", {"vectors": {"size": 8, "distance": "Dot"}},
                  lambda before: before.with_collection("resumed", Collection(vectors=[""])))]
    steps += [Story(0).points(name, f"write to {name}", "PUT", "", [{"upsert": body}], "true")
              for name in ["resumed", *(name for name, each in state.collections.items() if "" in each.vectors)]]
    for step in steps:
        deadline = time.monotonic() + 30
        while True:
            outcome = run_step(step, server, connection)
            if outcome is True:
                state = step.effect(state)
                break
            assert time.monotonic() < deadline, f"{context}: there is room again, but writing did not resume: {outcome}"
            time.sleep(0.2)
    return state


def drawn_cases(counts):
    """Every call of every kind, with each error, once or from then on; writes may be cut short, too."""
    cases = []
    for kind in disk.KINDS:
        for at in range(1, counts[kind] + 1):
            for error in ("EIO", "ENOSPC"):
                cases += [f"{kind}:{at}:{error}:once"]
                if kind in ("write", "sync", "truncate", "open", "create"):
                    cases += [f"{kind}:{at}:{error}:on"]
            cases += [f"{kind}:{at}:-:kill"]
            if kind == "write":
                cases += [f"{kind}:{at}:ENOSPC:short"]
    return cases


def sample(cases, count, draw):
    """The same number of each kind, as far as there are."""
    by_kind = {}
    for each in cases:
        by_kind.setdefault(each.split(":")[0], []).append(each)
    for each in by_kind.values():
        draw.shuffle(each)
    chosen = []
    while len(chosen) < count and any(by_kind.values()):
        for each in by_kind.values():
            if each and len(chosen) < count:
                chosen.append(each.pop())
    return chosen


def walk(what, chosen, run):
    problems, injected = [], 0
    with ThreadPoolExecutor(WORKERS) as pool:
        for number, (case, (problem, failures, last, _)) in enumerate(zip(chosen, pool.map(run, chosen))):
            injected += failures
            if problem:
                problems.append(problem)
                print(f"WRONG {problem}\n", flush=True)
            if (number + 1) % 100 == 0:
                print(f"{what}: {number + 1} of {len(chosen)} cases, {injected} failures, {len(problems)} wrong", flush=True)
    seeds.note(f"{what}: {len(chosen)} cases, {injected} failures, {len(problems)} of the cases wrong")
    assert not problems, f"{len(problems)} of {len(chosen)} cases: " + "\n\n".join(problems[:5])


def test_every_call_may_fail(workshop):
    print(f"seed {SEED}: repeat with QUIVER_FAULT_SEED={SEED}, one case with QUIVER_FAULT_CASE=kind:at:error:how")
    problem, _, _, counts = run_case(workshop, None)
    assert problem is None, problem
    print(f"calls of the story without failures: {counts}")
    named = os.environ.get("QUIVER_FAULT_CASE")
    cases = drawn_cases(counts)
    chosen = [named] if named else sample(cases, CASES, random.Random(SEED))
    walk("failing calls", chosen, lambda text: run_case(workshop, Case(text)))


def test_every_call_of_opening_may_fail(workshop):
    """A server that cannot open its directory says why and ends; it harms nothing. One that opens it all the same
    (what failed was not needed) answers as ever."""
    prepared = workshop.place()
    server = Server(prepared / "storage")
    state = State()
    server.start()
    connection = server.connect()
    for step in Story(STORY_SEED, bulk=300).steps():
        outcome = run_step(step, server, connection)
        assert outcome is True, outcome
        state = step.effect(state)
    server.kill()
    problem, _, _, counts = open_case(workshop, prepared, state, None)
    assert problem is None, problem
    print(f"calls of opening: {counts}; seed {SEED}")
    cases = drawn_cases(counts)
    walk("failing calls of opening", sample(cases, CASES, random.Random(SEED)),
         lambda text: open_case(workshop, prepared, state, Case(text)))


def open_case(workshop, prepared, state, case):
    place = workshop.place()
    shutil.copytree(prepared / "storage", place / "storage", dirs_exist_ok=True)
    switches = disk.Disk(workshop.library, place / "storage", place / "control")
    server = Server(place / "storage", switches.environment)
    server.log = place / "server.log"
    context = f"opening, case {case}"
    if case:
        case.arm(switches)
    try:
        try:
            server.start(30)
        except AssertionError:
            code = server.process.poll()
            if case is None or case.how != "kill" or code != -signal.SIGKILL:
                assert case and code is not None and 0 < code < 128, f"{context}: exit code {code}\n{server.log_tail(15)}"
                assert server.log.stat().st_size > 20, f"{context}: it does not say why"
        else:
            switches.disarm()
            try:
                check(server.connect(), [state], context, random.Random(SEED), searches=1)
            except Refused as refusal:
                # Of one that cannot be read the others are served, and its requests are told why.
                if case is None or "is unavailable: " not in str(refusal):
                    raise
            server.kill()
        workshop.judge_reopened(place, one_of([state]), context, SEED)
        shutil.rmtree(place)
        return None, switches.injected, switches.last, switches.counts
    except (AssertionError, Dead, Refused, OSError) as failure:
        return f"{context} at {switches.last}: {type(failure).__name__}: {failure}\n{server.log_tail(15)}", 1, switches.last, {}
    finally:
        server.kill()

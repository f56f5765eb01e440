"""Quiver beside engines from PyPI. See Benchmarks/README.md, "compare"."""
from __future__ import annotations

import argparse
import datetime
import hashlib
import importlib.metadata
import json
import os
import pickle
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

import corpus  # noqa: E402
import engines  # noqa: E402
import report  # noqa: E402
from engines.base import EF_CONSTRUCT, M  # noqa: E402

#: an ef that finds this much ends the list for an engine
ENOUGH = 0.9995


class Process:
    """An engine's worker."""

    def __init__(self, name: str, folder: Path, pickled: Path):
        self.messages = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "worker.py"), name, str(folder), str(pickled)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.messages, text=True,
            # OpenMP's idle threads would burn the processor that the next engine needs.
            env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"})

    def ask(self, op: str, **command):
        try:
            self.process.stdin.write(json.dumps({"op": op, **command}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            code = self.process.wait()
            raise Failed(self.last_words() or f"its process ended with {code}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def last_words(self) -> str:
        self.messages.seek(0)
        return next((line.strip() for line in reversed(self.messages.read().splitlines()) if line.strip()), "")

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Failed(Exception):
    pass


said = 0.0


def say(text: str) -> None:
    """One line that is written anew on a terminal, and a line every few seconds elsewhere."""
    global said
    if sys.stderr.isatty():
        print("\r\x1b[K" + text, end="", file=sys.stderr, flush=True)
    elif time.monotonic() - said > 5:
        said = time.monotonic()
        print(text, file=sys.stderr, flush=True)


def disk_bytes(folder: Path) -> int:
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())


def version_of(name: str) -> str:
    distribution = engines.ENGINES[name].distribution
    return importlib.metadata.version(distribution) if distribution else quiver_version()


def build_of(name: str) -> str:
    """As `version_of`; of Quiver the library itself, which changes between versions as well."""
    library = os.environ.get("QUIVER_LIBRARY")
    if engines.ENGINES[name].distribution or not library:
        return version_of(name)
    return hashlib.sha256(Path(library).read_bytes()).hexdigest()[:12]


def quiver_version() -> str:
    commit = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--tags", "--dirty", "--exclude", "*"],
        capture_output=True, text=True)
    return commit.stdout.strip() or "unknown"


def machine() -> dict:
    cpu = platform.processor() or platform.machine()
    memory = 0
    if Path("/proc/cpuinfo").exists():
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                cpu = line.partition(":")[2].strip()
                break
        memory = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    return {
        "cpu": cpu, "cores": os.cpu_count(), "memory_gb": memory / 2**30,
        "system": f"{platform.system()} {platform.release()}", "python": platform.python_version(),
        "load_before": os.getloadavg()[0]}


def command() -> str:
    """What was called, without what the figures do not depend on; files by their names."""
    words, shown = iter(sys.argv[1:]), []
    for word in words:
        if word in ("--cache", "--page", "--note"):
            next(words, None)
        elif word != "--rebuild":
            shown.append(Path(word).name if word.startswith("/") else word)
    return shlex.join(["Benchmarks/compare", *shown])


# MARK: Measuring

def build(name: str, ds, pickled: Path, cache: Path, arguments) -> dict:
    """Makes the index unless an earlier run did. Returns what it took."""
    folder = cache / f"{ds.key}-{name}-{build_of(name)}-m{M}-ef{EF_CONSTRUCT}".replace("/", "_")
    note = folder.with_name(folder.name + ".json")
    if note.exists() and not arguments.rebuild:
        return {"folder": folder, **json.loads(note.read_text())}
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    say(f"{ds.slug}: building {name}")
    process = Process(name, folder, pickled)
    try:
        built = process.ask("build", threads=arguments.build_threads)
    finally:
        process.close()
    found = {"built": built, "disk": disk_bytes(folder)}
    note.write_text(json.dumps(found))
    return {"folder": folder, **found}


def recall_of(answers: list, truth, k: int) -> float | None:
    """Of the best k rows of each query, the share that was answered."""
    shares = []
    for ids, best in zip(answers, truth):
        wanted = [int(row) for row in best[:k] if row >= 0]
        if wanted:
            shares.append(len(set(wanted) & set(ids)) / len(wanted))
    return sum(shares) / len(shares) if shares else None


def measure(ds, arguments, cache: Path, scratch: Path) -> dict:
    pickled = scratch / f"{ds.slug}.pickle"
    pickled.write_bytes(pickle.dumps(ds))
    truth = corpus.exact(ds)
    shares = {name: float(corpus.matching(ds.payload, flt).mean()) for name, flt in ds.filters.items()}
    found: dict[str, dict] = {}
    processes: dict[str, Process] = {}
    try:
        for name in arguments.engines:
            try:
                made = build(name, ds, pickled, cache, arguments)
                folder = made.pop("folder")
                found[name] = made
                processes[name] = Process(name, folder, pickled)
                made["opened"] = processes[name].ask("open")
            except Failed as failure:
                found[name] = {"error": str(failure)}
                if name in processes:
                    processes.pop(name).close()
        sweep(ds, arguments, truth, found, processes)
        for name, process in list(processes.items()):
            found[name]["memory"] = process.ask("memory")
    finally:
        for process in processes.values():
            process.close()
    return {
        "title": ds.title, "slug": ds.slug, "n": ds.n, "dim": ds.dim, "queries": len(ds.queries), "filters": shares,
        "engines": found}


def sweep(ds, arguments, truth: dict, found: dict, processes: dict) -> None:
    """Rounds over all settings; within one, the engines take turns, so that a slow minute falls on all alike."""
    cells: dict[tuple, dict] = {}
    settings = [(filter, 1) for filter in ["none", *ds.filters]]
    if arguments.threads > 1:
        settings.append(("none", arguments.threads))
    enough: set[tuple] = set()
    # The round 0 warms up, finds recalls, and which settings are worth asking.
    for round in range(arguments.rounds + 1):
        for filter, threads in settings:
            for ef in arguments.ef:
                say(f"{ds.slug}: round {round} of {arguments.rounds}, {filter}, {threads} threads, ef {ef}")
                for name, process in list(processes.items()):
                    if filter != "none" and not found[name]["opened"]["filters"]:
                        continue
                    key = (name, filter, threads, ef)
                    if round == 0 and (name, filter) in enough and key[2] == 1:
                        continue
                    if round == 0 and threads > 1:
                        one = cells.get((name, filter, 1, ef))
                        if one is None:
                            continue
                        cells[key] = {"filter": filter, "threads": threads, "ef": ef, "recall": one["recall"],
                                      "per_second": [], "cpu_us": []}
                        continue
                    if round > 0 and key not in cells:
                        continue
                    try:
                        answer = process.ask("ask", filter=filter, ef=ef, k=arguments.k, threads=threads)
                    except Failed as failure:
                        found[name] = {"error": f"{filter}, ef {ef}: {failure}"}
                        processes.pop(name).close()
                        continue
                    if round == 0:
                        recall = recall_of(answer["ids"], truth[filter], arguments.k)
                        if recall is None:
                            continue
                        if recall >= ENOUGH:
                            enough.add((name, filter))
                        cells[key] = {"filter": filter, "threads": 1, "ef": ef, "recall": recall, "per_second": [],
                                      "p50_us": [], "p99_us": [], "cpu_us": []}
                        continue
                    for figure in ("per_second", "p50_us", "p99_us", "cpu_us"):
                        if figure in answer:
                            cells[key][figure].append(answer[figure])
    if sys.stderr.isatty():
        print(file=sys.stderr)
    for (name, *_), cell in cells.items():
        if "error" not in found[name]:
            found[name].setdefault("cells", []).append(cell)


# MARK: Arguments

def read_arguments():
    parser = argparse.ArgumentParser(
        prog="Benchmarks/compare", description="Measures Quiver beside engines from PyPI, on the sample that ships "
        "with it and on one more data set, and writes docs/BENCHMARKS.md.")
    add = parser.add_argument
    standard = [name for name, entry in engines.ENGINES.items() if entry.standard]
    add("--engines", default=",".join(standard), metavar="A,B,…", help="of " + ", ".join(engines.ENGINES))
    add("--no-sample", action="store_true", help="leave the sample out")
    add("--vectors", metavar="F.npy", help="one more data set: rows × components")
    add("--queries", metavar="F.npy", help="its queries; every tenth row is held out unless given")
    add("--payloads", metavar="F.jsonl", help="its payloads, one JSON object a line; .gz is read as well")
    add("--filters", metavar="F.json", help="its filters: names and Qdrant filters (must with match and range)")
    add("--index", action="append", default=[], metavar="FIELD:TYPE", help="a field index of it; repeatable")
    add("--name", default="more vectors", help="its name for people")
    add("--slug", default="more", help="its name for files")
    add("--ef", default="10,16,24,32,48,64,96,128,192,256", metavar="N,N,…")
    add("--k", type=int, default=10)
    add("--rounds", type=int, default=5)
    add("--threads", type=int, default=2, help="of the second measurement, without filter")
    add("--build-threads", type=int, default=os.cpu_count())
    add("--cache", default=os.environ.get("QUIVER_BENCH_CACHE") or str(ROOT / ".build/compare"),
        help="where indexes are kept ($QUIVER_BENCH_CACHE)")
    add("--rebuild", action="store_true", help="build indexes that are there already")
    add("--clock", choices=["wall", "processor"], default="wall",
        help="what rates of one thread count: the time that passes, or processor time, for machines that others use")
    add("--note", action="append", default=[], help="a line for the page, about the machine or the run; repeatable")
    add("--page", default=str(ROOT / "docs/BENCHMARKS.md"))
    add("--render", metavar="results.json", help="write the page from earlier results, without measuring")
    arguments = parser.parse_args()
    arguments.engines = [name for name in arguments.engines.split(",") if name]
    unknown = [name for name in arguments.engines if name not in engines.ENGINES]
    if unknown:
        parser.error(f"there is no engine {', '.join(unknown)}")
    arguments.ef = sorted({max(arguments.k, int(ef)) for ef in arguments.ef.split(",")})
    if arguments.rounds < 1 or arguments.k < 1 or arguments.k > corpus.DEPTH:
        parser.error(f"--rounds: at least 1; --k: from 1 to {corpus.DEPTH}")
    return arguments


def chosen(arguments) -> list:
    data = ROOT / "Tests/Data"
    found = []
    if not arguments.no_sample:
        found.append(corpus.load(
            "the sample: 5,000 product descriptions x 384", "sample", data / "sample5k.f16.npy",
            payloads=data / "sample5k.jsonl", filters=HERE / "filters.json",
            indexes={"section": "keyword", "installed_size": "integer"}))
    if arguments.vectors:
        indexes = dict(pair.rsplit(":", 1) for pair in arguments.index)
        found.append(corpus.load(
            arguments.name, arguments.slug, arguments.vectors, arguments.queries, arguments.payloads,
            arguments.filters, indexes))
    return found


def main() -> None:
    arguments = read_arguments()
    page = Path(arguments.page)
    if arguments.render:
        report.write(json.loads(Path(arguments.render).read_text()), page)
        return
    results = {
        "date": datetime.date.today().isoformat(), "machine": machine(),
        "versions": {"quiver": quiver_version()} | {
            entry.distribution: version_of(name) for name, entry in engines.ENGINES.items()
            if entry.distribution and name in arguments.engines},
        "command": command(),
        "notes": arguments.note, "clock": arguments.clock, "k": arguments.k, "rounds": arguments.rounds,
        "threads": arguments.threads,
        "build_threads": arguments.build_threads, "m": M, "ef_construct": EF_CONSTRUCT, "datasets": []}
    with tempfile.TemporaryDirectory(prefix="quiver-compare-") as scratch:
        for ds in chosen(arguments):
            results["datasets"].append(measure(ds, arguments, Path(arguments.cache), Path(scratch)))
    results["machine"]["load_after"] = os.getloadavg()[0]
    kept = page.parent / "benchmarks/results.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(results, separators=(",", ":")) + "\n")
    report.write(results, page)
    print(f"wrote {page}", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

"""docs/BENCHMARKS.md between its markers, and the plots beside it."""
from __future__ import annotations

from pathlib import Path

import engines
import svg

BEGIN, END = "<!-- compare:begin -->", "<!-- compare:end -->"
#: recalls at which engines are put side by side
MARKS = (0.95, 0.99)


def median(values: list[float]) -> float:
    values = sorted(values)
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def number(value, places: int = 0) -> str:
    if value is None:
        return "–"
    return f"{value:,.{places}f}"


class Curve:
    """What one engine did for one filter and number of threads: medians of all rounds, by ef."""

    def __init__(self, cells: list[dict], clock: str):
        self.cells = sorted(cells, key=lambda cell: cell["ef"])
        self.clock = clock

    def rate(self, cell: dict) -> float:
        if self.clock == "processor" and cell["threads"] == 1:
            return 1e6 / median(cell["cpu_us"])
        return median(cell["per_second"])

    @property
    def points(self) -> list[tuple[float, float]]:
        return [(cell["recall"], self.rate(cell)) for cell in self.cells]

    def rate_at(self, recall: float) -> float | None:
        return svg.rate_at(self.points, recall)

    def cell_at(self, recall: float) -> dict | None:
        """The fastest setting that reaches this recall."""
        reaching = [cell for cell in self.cells if cell["recall"] >= recall]
        return max(reaching, key=self.rate) if reaching else None


def curves(results: dict, dataset: dict, filter: str, threads: int) -> dict[str, Curve]:
    found = {}
    for name, engine in dataset["engines"].items():
        cells = [c for c in engine.get("cells", []) if c["filter"] == filter and c["threads"] == threads]
        cells = [cell for cell in cells if cell["per_second"]]
        if cells:
            found[name] = Curve(cells, results["clock"])
    return found


def table(rows: list[list[str]]) -> list[str]:
    head, *body = rows
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return ["| " + " | ".join(row) + " |" for row in [head, rule, *body]]


def headline(dataset: dict) -> str:
    return dataset["title"][0].upper() + dataset["title"][1:]


def rate_rows(found: dict[str, Curve], mark: float) -> list[str]:
    return sorted(found, key=lambda name: -(found[name].rate_at(mark) or 0))


def dataset_section(results: dict, dataset: dict, plots: dict[str, str]) -> list[str]:
    out = [f"### {headline(dataset)}", ""]
    out.append(
        f"{dataset['n']:,} vectors indexed, {dataset['queries']} queries that are not among them, "
        f"{results['k']} answers asked for.")
    out.append("")
    one, many = curves(results, dataset, "none", 1), curves(results, dataset, "none", results["threads"])
    order = rate_rows(one, MARKS[0])
    head = ["engine"] + [f"queries/s at recall {mark}" for mark in MARKS]
    head += [f"p50 at {MARKS[0]}", f"p99 at {MARKS[0]}", f"processor at {MARKS[0]}"]
    head += [f"{results['threads']} threads, at {MARKS[0]}"]
    rows = [head]
    for name in order:
        cell = one[name].cell_at(MARKS[0])
        rows.append(
            [name] + [number(one[name].rate_at(mark)) for mark in MARKS]
            + [f"{median(cell[key]):,.0f} µs" if cell else "–" for key in ("p50_us", "p99_us", "cpu_us")]
            + [number(many[name].rate_at(MARKS[0])) if name in many else "–"])
    out += ["Without a filter, one thread unless said otherwise:", "", *table(rows), ""]
    if "none" in plots:
        out += [f"![{dataset['title']}: recall against queries a second]({plots['none']})", ""]
    for filter, share in dataset["filters"].items():
        found = curves(results, dataset, filter, 1)
        if not found:
            continue
        rows = [["engine"] + [f"queries/s at recall {mark}" for mark in MARKS] + [f"p99 at {MARKS[0]}"]]
        for name in rate_rows(found, MARKS[0]):
            cell = found[name].cell_at(MARKS[0])
            rows.append(
                [name] + [number(found[name].rate_at(mark)) for mark in MARKS]
                + [f"{median(cell['p99_us']):,.0f} µs" if cell else "–"])
        out += [f"With the filter \"{filter}\", which takes {share:.2%} of the vectors:", "", *table(rows), ""]
        if filter in plots:
            out += [f"![{dataset['title']}, filter {filter}]({plots[filter]})", ""]
    rows = [["engine", "build", "vectors/s", "processor time", "on disk", "memory", "mapped files", "open"]]
    for name in order:
        engine = dataset["engines"][name]
        built, opened = engine["built"], engine["opened"]
        seconds = built["ingest_s"] + built["index_s"]
        rows.append(
            [name, f"{seconds:,.1f} s", number(dataset["n"] / seconds if seconds else None),
             f"{built['build_cpu_s']:,.1f} s", f"{engine['disk'] / 1e6:,.0f} MB",
             f"{engine['memory']['rss_anon'] / 1e6:,.0f} MB",
             f"{engine['memory']['rss_file'] / 1e6:,.0f} MB", f"{opened['open_s'] * 1e3:,.0f} ms"])
    out += [f"Building with {results['build_threads']} threads, and what it takes:", "", *table(rows), ""]
    failed = {n: e["error"] for n, e in dataset["engines"].items() if "error" in e}
    out += [f"- `{name}` was not measured: {error}" for name, error in failed.items()]
    if failed:
        out.append("")
    return out


def section(results: dict, plots: dict[str, dict[str, str]]) -> str:
    machine = results["machine"]
    out = [BEGIN, ""]
    out.append(f"Measured on {results['date']} with Quiver `{results['versions']['quiver']}`.")
    out.append("")
    out += [
        f"- machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']:.0f} GB; {machine['system']}, "
        f"Python {machine['python']}",
        f"- load average when it began {machine['load_before']:.1f}, when it ended {machine['load_after']:.1f} "
        "(the comparison itself makes about 1)",
        "- versions: " + ", ".join(f"{n} {v}" for n, v in results["versions"].items() if n != "quiver"),
        f"- {results['rounds']} interleaved rounds, medians; HNSW with m {results['m']} and ef_construct "
        f"{results['ef_construct']}, Vamana with the degree of their bottom layer",
    ]
    if results["clock"] == "processor":
        out.append(
            "- rates of one thread count processor time, because the machine was not ours alone; latencies, builds and "
            f"the rates of {results['threads']} threads are of the clock on the wall and suffer from the others")
    out += [f"- {note}" for note in results["notes"]]
    out += ["", "```sh", results["command"], "```", ""]
    for dataset in results["datasets"]:
        out += dataset_section(results, dataset, plots[dataset["slug"]])
    measured = {name for dataset in results["datasets"] for name in dataset["engines"]}
    out += ["What the engines are:", ""]
    out += [f"- `{name}`: {entry.note}" for name, entry in engines.ENGINES.items() if name in measured]
    out += [""]
    out.append(END)
    return "\n".join(out)


def draw(results: dict, folder: Path, link: str) -> dict[str, dict[str, str]]:
    """Writes the plots; returns their places as the page links to them, by data set and filter."""
    folder.mkdir(parents=True, exist_ok=True)
    order = list(engines.ENGINES)
    clock = "processor time, " if results["clock"] == "processor" else ""
    plots: dict[str, dict[str, str]] = {}
    for dataset in results["datasets"]:
        mine = plots.setdefault(dataset["slug"], {})
        for place, filter in enumerate(["none", *dataset["filters"]]):
            series = {name: curve.points for name, curve in curves(results, dataset, filter, 1).items()}
            what = "no filter" if filter == "none" else f"filter \"{filter}\""
            text = svg.plot(
                headline(dataset), f"{what}, one thread, {clock}medians; up and right is better",
                series, order)
            if text:
                name = f"{dataset['slug']}.svg" if filter == "none" else f"{dataset['slug']}-filter{place}.svg"
                (folder / name).write_text(text)
                mine[filter] = f"{link}/{name}"
    return plots


def write(results: dict, page: Path) -> None:
    plots = draw(results, page.parent / "benchmarks", "benchmarks")
    text = page.read_text() if page.exists() else f"# Benchmarks\n\n{BEGIN}\n{END}\n"
    if BEGIN not in text or END not in text:
        raise SystemExit(f"{page} has no {BEGIN} … {END}")
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    page.write_text(before + section(results, plots) + after)

"""Recall against queries a second, as SVG that follows the reader's light or dark colours."""
from __future__ import annotations

import math
from html import escape

WIDTH, HEIGHT = 860, 500
LEFT, RIGHT, TOP, BOTTOM = 74, 176, 54, 62
#: light and dark, far enough apart for those who see few colours when shapes are looked at as well
COLOURS = [
    ("#d1242f", "#ff7b72"), ("#0969da", "#79c0ff"), ("#1a7f37", "#56d364"), ("#9a6700", "#e3b341"),
    ("#8250df", "#d2a8ff"), ("#bf3989", "#f778ba"), ("#0b7285", "#39c5cf"), ("#6e7781", "#b1bac4"),
    ("#953800", "#ffa657"), ("#4d2d00", "#c9a26b"), ("#2da44e", "#aff5b4"), ("#24292f", "#f0f6fc"),
    ("#57606a", "#8b949e"),
]
SHAPES = ["circle", "square", "triangle", "diamond", "cross"]
TICKS = [0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0]
#: what counts as all found when the axis is drawn
MOST = 0.9995


def stretched(recall: float) -> float:
    """Equal steps for halves of what is missing: 0.9, 0.95, 0.975 …"""
    return -math.log10(1 - min(recall, MOST))


def marker(shape: str, x: float, y: float, name: str) -> str:
    if shape == "circle":
        return f'<circle class="{name}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    if shape == "square":
        return f'<rect class="{name}" x="{x - 3.6:.1f}" y="{y - 3.6:.1f}" width="7.2" height="7.2"/>'
    if shape == "cross":
        return (
            f'<path class="{name} line" d="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8"/>')
    points = [(0, -5), (4.8, 4), (-4.8, 4)] if shape == "triangle" else [(0, -5.2), (5.2, 0), (0, 5.2), (-5.2, 0)]
    text = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in points)
    return f'<polygon class="{name}" points="{text}"/>'


def decades(least: float, most: float) -> list[float]:
    """1, 2, 5 … from a little below `least` to a little above `most`."""
    steps = [m * 10.0**e for e in range(-2, 9) for m in (1, 2, 5)]
    low = max((s for s in steps if s <= least), default=steps[0])
    high = min((s for s in steps if s >= most), default=steps[-1])
    return [s for s in steps if low <= s <= high]


def count(value: float) -> str:
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


def plot(title: str, subtitle: str, series: dict[str, list[tuple[float, float]]], order: list[str]) -> str:
    """`series`: points (recall, queries a second) by engine; colours go by place in `order`."""
    lines = {}
    for name, points in series.items():
        points = sorted(points)
        # Only points that no other one beats in both.
        front = [p for p in points if not any(q[0] >= p[0] and q[1] > p[1] for q in points)]
        if front:
            lines[name] = front
    if not lines:
        return ""
    recalls = [r for points in lines.values() for r, _ in points]
    rates = [q for points in lines.values() for _, q in points]
    floor = max((t for t in TICKS[:-2] if t <= min(recalls)), default=TICKS[0])
    ticks = [t for t in TICKS if t >= floor]
    rows = decades(min(rates), max(rates))
    low, high = math.log10(rows[0]), math.log10(rows[-1])
    first, last = stretched(floor), stretched(1.0)
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def x_of(recall):
        return LEFT + (stretched(max(recall, floor)) - first) / (last - first) * (right - LEFT)

    def y_of(rate):
        return bottom - (math.log10(rate) - low) / max(high - low, 1e-9) * (bottom - TOP)

    def style(index):
        light, dark = COLOURS[index % len(COLOURS)]
        return light, dark

    rules, dark_rules = [], []
    for name in lines:
        light, dark = style(order.index(name))
        rules.append(f".c{order.index(name)}{{fill:{light};stroke:{light}}}")
        dark_rules.append(f".c{order.index(name)}{{fill:{dark};stroke:{dark}}}")
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        f' role="img" aria-label="{escape(title)}: recall against queries a second">',
        "<style>",
        "text{font:13px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;fill:#1f2328;stroke:none}",
        ".title{font-size:17px;font-weight:600}.small{font-size:12px}.soft{fill:#59636e}",
        ".page{fill:#ffffff}.grid{stroke:#d8dee4;stroke-width:1}.axis{stroke:#59636e;stroke-width:1;fill:none}",
        ".line{fill:none!important;stroke-width:2;stroke-linejoin:round}.main{stroke-width:3.5}.bold{font-weight:700}",
        *rules,
        "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.soft{fill:#9198a1}.page{fill:#0d1117}",
        ".grid{stroke:#2f353d}.axis{stroke:#9198a1}", *dark_rules, "}",
        "</style>",
        f'<rect class="page" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
        f'<text class="title" x="{LEFT}" y="24">{escape(title)}</text>',
        f'<text class="small soft" x="{LEFT}" y="42">{escape(subtitle)}</text>',
    ]
    for tick in ticks:
        x = x_of(tick)
        label = "≥ 0.9995" if tick == 1.0 else f"{tick:g}"
        out.append(f'<line class="grid" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}"/>')
        out.append(f'<text class="small" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{label}</text>')
    for row in rows:
        y = y_of(row)
        out.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
        out.append(f'<text class="small" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{count(row)}</text>')
    out.append(f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>')
    middle = (LEFT + right) / 2
    out.append(f'<text class="soft" x="{middle:.0f}" y="{HEIGHT - 18}" text-anchor="middle">recall@10 →</text>')
    out.append(
        f'<text class="soft" x="20" y="{(TOP + bottom) / 2:.0f}" text-anchor="middle"'
        f' transform="rotate(-90 20 {(TOP + bottom) / 2:.0f})">queries a second →</text>')
    # Quiver last, so that it lies on top.
    for name in sorted(lines, key=lambda n: n == "quiver"):
        number = order.index(name)
        main = " main" if name == "quiver" else ""
        path = " ".join(f"{x_of(r):.1f},{y_of(q):.1f}" for r, q in lines[name])
        out.append(f'<polyline class="c{number} line{main}" points="{path}"/>')
        out += [marker(SHAPES[number % len(SHAPES)], x_of(r), y_of(q), f"c{number}") for r, q in lines[name]]
    # The legend stands in the order of the curves where most users are.
    at = sorted(lines, key=lambda n: -(rate_at(lines[n], 0.95) or max(q for _, q in lines[n]) / 1e6))
    for place, name in enumerate(at):
        y = TOP + 12 + 22 * place
        number = order.index(name)
        main = " main" if name == "quiver" else ""
        bold = ' class="bold"' if name == "quiver" else ""
        out.append(f'<line class="c{number} line{main}" x1="{right + 16}" y1="{y}" x2="{right + 44}" y2="{y}"/>')
        out.append(marker(SHAPES[number % len(SHAPES)], right + 30, y, f"c{number}"))
        out.append(f'<text{bold} x="{right + 52}" y="{y + 4.5}">{escape(name)}</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"


def rate_at(points: list[tuple[float, float]], recall: float) -> float | None:
    """Queries a second at this recall: between the two points around it, in proportion (of logarithms)."""
    points = sorted(points)
    reaching = [q for r, q in points if r >= recall]
    if not reaching:
        return None
    best = max(reaching)
    for (r0, q0), (r1, q1) in zip(points, points[1:]):
        if r0 < recall <= r1 and q0 > 0 and q1 > 0:
            share = (recall - r0) / (r1 - r0)
            best = max(best, math.exp(math.log(q0) + share * (math.log(q1) - math.log(q0))))
    return best

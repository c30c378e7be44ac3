"""The dashboard as an SVG: what Grafana would show, near enough for the documentation. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from html import escape

from .prometheus import Panel

#: Legend and values (epoch seconds, value), one for each series of a panel.
Series = tuple[str, list[tuple[float, float]]]

UNIT, ROW, GAP = 50, 26, 4  # pixels of one unit of the grid, and between panels
COLOURS = ("#3f6fb5", "#d9822b", "#2f9e5b", "#c23030", "#7a5bb0", "#8a6d3b", "#c2528b", "#666d75", "#9aa32c", "#2aa5b8")
MULTIPLES = {"s": ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms")), "bytes": ((1 << 20, "MiB"),)}


def draw(panels: list[Panel], series: Callable[[Panel], list[Series]]) -> str:
    """A self-contained picture; `series` gives what a panel shows."""
    width = max(panel.place[0] + panel.place[2] for panel in panels) * UNIT
    height = max(panel.place[1] + panel.place[3] for panel in panels) * ROW
    body = "\n".join(line for panel in panels for line in _panel(panel, series(panel)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif"'
        f' font-size="11" fill="#333"><rect width="100%" height="100%" fill="#eef0f2"/>\n{body}\n</svg>\n'
    )


def _panel(panel: Panel, shown: list[Series]) -> Iterator[str]:
    x, y, width, height = (size * unit for size, unit in zip(panel.place, (UNIT, ROW, UNIT, ROW), strict=True))
    yield f'<g transform="translate({x + GAP} {y + GAP})">'
    yield f'<rect width="{width - 2 * GAP}" height="{height - 2 * GAP}" rx="3" fill="#fff" stroke="#d5d9dd"/>'
    yield f'<text x="8" y="16" font-weight="bold">{escape(panel.title)}</text>'
    inner = width - 2 * GAP, height - 2 * GAP
    if panel.kind == "timeseries":
        yield from _lines(panel, shown, *inner)
    elif panel.kind == "stat":
        yield from _number(panel, shown, *inner)
    else:
        yield from (f'<text x="8" y="{36 + 14 * n}">{escape(name)}</text>' for n, (name, _) in enumerate(shown[:8]))
    yield "</g>"


def _number(panel: Panel, shown: list[Series], width: float, height: float) -> Iterator[str]:
    last = shown[0][1][-1][1] if shown and shown[0][1] else math.nan
    middle = f'x="{width / 2}" y="{height / 2 + 20}" text-anchor="middle"'
    yield f'<text {middle} font-size="30" fill="{COLOURS[0]}">{_worded(last, panel.unit)}</text>'


def _lines(panel: Panel, shown: list[Series], width: float, height: float) -> Iterator[str]:
    points = [point for _, values in shown for point in values]
    if not points:
        return
    begin, end = min(time for time, _ in points), max(time for time, _ in points)
    top = max(value for _, value in points) or 1.0
    left, upper, across, down = 60.0, 26.0, width - 70.0, height - 62.0
    for share in (0.0, 0.5, 1.0):
        at = upper + down * (1 - share)
        yield f'<path d="M{left} {at:.1f}h{across}" stroke="#e3e6e9"/>'
        yield f'<text x="{left - 5}" y="{at + 4:.1f}" text-anchor="end">{_worded(top * share, panel.unit)}</text>'
    for number, (_, values) in enumerate(shown):
        path = " ".join(
            f"{left + across * (time - begin) / ((end - begin) or 1):.1f},{upper + down * (1 - value / top):.1f}"
            for time, value in values
        )
        colour = COLOURS[number % len(COLOURS)]
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    yield from _legend([name for name, _ in shown], height - 12)


def _legend(names: list[str], y: float) -> Iterator[str]:
    x = 8.0
    for number, name in enumerate(names):
        if x + 6.2 * len(name) > 330:
            yield f'<text x="{x}" y="{y}">+ {len(names) - number}</text>'
            return
        yield f'<text x="{x}" y="{y}" fill="{COLOURS[number % len(COLOURS)]}">■ {escape(name)}</text>'
        x += 6.2 * len(name) + 24


def _worded(value: float, unit: str) -> str:
    if math.isnan(value):
        return "-"
    for size, name in MULTIPLES.get(unit, ()):
        if abs(value) >= size:
            return f"{value / size:.3g} {name}"
    return f"{value:.3g}"

"""Plots as SVG text: bars of medians with the range of the rounds, and lines over a logarithmic axis."""
import math
from html import escape

WIDTH, LEFT, BAR, GAP = 640, 190, 18, 8
COLOURS = ["#35618f", "#b5651d", "#4c7a34", "#8a3b5e", "#6b6b6b", "#1f8a8a"]


def text(x, y, words, anchor="start", size=12):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{escape(words)}</text>'


def start(height, title):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
            f'font-family="sans-serif" fill="#222"><title>{escape(title)}</title>' + text(0, 14, title, size=13))


def bars(table, column, shown):
    """One bar a case; `shown` writes a value. Empty where nothing was measured."""
    cases = [case for case in table.cases if table.values(case, column)]
    top = max((max(table.values(case, column)) for case in cases), default=0)
    if not cases or top <= 0:
        return ""
    height = 26 + len(cases) * (BAR + GAP)
    out = [start(height, f"{table.title}: {column}")]
    scale = (WIDTH - LEFT - 110) / top
    for at, case in enumerate(cases):
        y, values, median = 24 + at * (BAR + GAP), table.values(case, column), table.median(case, column)
        out.append(text(LEFT - 8, y + BAR - 5, case, "end"))
        out.append(f'<rect x="{LEFT}" y="{y}" width="{max(median * scale, 1):.1f}" height="{BAR}" fill="{COLOURS[0 if at == 0 else 1]}"/>')
        if len(values) > 1:
            middle = y + BAR / 2
            out.append(f'<path d="M{LEFT + min(values) * scale:.1f} {middle}H{LEFT + max(values) * scale:.1f}" stroke="#222"/>')
        out.append(text(LEFT + max(values) * scale + 6, y + BAR - 5, shown(median)))
    return "".join(out) + "</svg>"


def lines(title, series, xs, label):
    """A line for each of `series` (name: values, one for each of `xs`, which may be 0); y is a ratio, 1 marked."""
    height, bottom, top_edge, right = 280, 236, 28, 150
    flat = [value for values in series.values() for value in values if value]
    if not flat:
        return ""
    low, high = min(0.5, *flat), max(2.0, *flat)
    ticks = [value for value in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if low <= value <= high]

    def x_of(at):
        return 48 + at * (WIDTH - 48 - right) / max(len(xs) - 1, 1)

    def y_of(value):
        return bottom - (math.log(value) - math.log(low)) / (math.log(high) - math.log(low)) * (bottom - top_edge)

    out = [start(height, title)]
    for tick in ticks:
        y = y_of(tick)
        out.append(f'<path d="M48 {y:.1f}H{WIDTH - right}" stroke="{"#888" if tick == 1 else "#ddd"}"/>' + text(42, y + 4, f"{tick:g}", "end", 11))
    for at, x in enumerate(xs):
        out.append(text(x_of(at), bottom + 18, f"{x:,}", "middle", 11))
    out.append(text((48 + WIDTH - right) / 2, bottom + 36, label, "middle", 11))
    ends = []
    for at, (name, values) in enumerate(series.items()):
        points = [(x_of(i), y_of(value)) for i, value in enumerate(values) if value]
        if not points:
            continue
        colour = COLOURS[at % len(COLOURS)]
        out.append(f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        ends.append((points[-1][1], points[-1][0], colour, name))
    above = top_edge - 13
    for y, x, colour, name in sorted(ends):
        above = max(above + 13, y + 4)
        out.append(f'<g fill="{colour}">{text(x + 8, above, name, size=11)}</g>')
    return "".join(out) + "</svg>"

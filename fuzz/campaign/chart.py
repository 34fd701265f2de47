"""Growth of coverage over time, as an SVG that stands in the page."""
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 960, 300, 52, 150, 12, 32
COLOURS = ("#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#0891b2", "#be185d", "#65a30d", "#475569",
           "#b45309", "#4338ca", "#0f766e")


def _ticks(top, count=4):
    """Round numbers from 0 up to about top."""
    step = 1
    while step * count < top:
        step *= 2 if str(step)[0] != "2" else 2.5
    return [int(step * i) for i in range(count + 1) if step * i <= top or i == 1]


def _spread(ends, gap=15):
    """Moves labels apart that would lie on each other: a list of (y, ...) by y."""
    placed = []
    for end in sorted(ends):
        y = end[0] if not placed else max(end[0], placed[-1][0] + gap)
        placed.append((y, *end[1:]))
    over = placed[-1][0] - (HEIGHT - BOTTOM) if placed else 0
    if over > 0:
        for i in range(len(placed) - 1, -1, -1):
            limit = HEIGHT - BOTTOM if i == len(placed) - 1 else placed[i + 1][0] - gap
            placed[i] = (min(placed[i][0], limit), *placed[i][1:])
    return placed


def _time(seconds):
    if seconds >= 7200:
        return f"{seconds / 3600:g} h"
    return f"{seconds / 60:g} min" if seconds >= 120 else f"{seconds:g} s"


def _time_ticks(end):
    for step in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400, 604800):
        if end / step <= 7:
            return [step * i for i in range(int(end / step) + 1)]
    return [0, end]


def growth(series, end):
    """series: {name: [(seconds, edges)...]}, each never falling; end: seconds at the right edge."""
    top = max((edges for points in series.values() for _, edges in points), default=1)
    end = max(end, 1.0)

    def x(seconds):
        return LEFT + (WIDTH - LEFT - RIGHT) * seconds / end

    def y(edges):
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * edges / (top * 1.05)

    parts = [f'<svg class="growth" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="edges reached over time">']
    for tick in _ticks(top):
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
                     f'<text x="{LEFT - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:,}</text>')
    for tick in _time_ticks(end):
        parts.append(f'<text x="{x(tick):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{_time(tick)}</text>')
    ends = []
    for i, (name, points) in enumerate(sorted(series.items())):
        if not points:
            continue
        colour = COLOURS[i % len(COLOURS)]
        path, last = [], None
        for seconds, edges in points:
            path.append(f"M{x(seconds):.1f} {y(edges):.1f}" if last is None else f"H{x(seconds):.1f}V{y(edges):.1f}")
            last = edges
        path.append(f"H{x(end):.1f}")
        parts.append(f'<path d="{"".join(path)}" stroke="{colour}"><title>{escape(name)}: {last:,} edges</title></path>')
        ends.append((y(last), name, last, colour))
    for at, name, last, colour in _spread(ends):
        parts.append(f'<text class="label" x="{WIDTH - RIGHT + 8}" y="{at + 4:.1f}" fill="{colour}">'
                     f'{escape(name)} {last:,}</text>')
    return "".join(parts) + "</svg>"

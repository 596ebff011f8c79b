"""Small charts as SVG, without anything from elsewhere; light and dark by the reader's own setting."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 44, 52
STYLE = """
svg { background: #ffffff; font: 13px system-ui, sans-serif; }
text { fill: #3a3a3c; } .title { font-weight: 600; fill: #1d1d1f; }
.axis { stroke: #8e8e93; } .grid { stroke: #e3e3e8; }
.s0 { stroke: #0b62c4; fill: #0b62c4; } .s1 { stroke: #b3420b; fill: #b3420b; } .s2 { stroke: #2a7d3b; fill: #2a7d3b; }
polyline.line { fill: none; stroke-width: 2; } .whisker { stroke-width: 1.5; opacity: .6; } .key { stroke: none; }
@media (prefers-color-scheme: dark) {
  svg { background: #1c1c1e; } text { fill: #d1d1d6; } .title { fill: #f2f2f7; }
  .axis { stroke: #8e8e93; } .grid { stroke: #3a3a3c; }
  .s0 { stroke: #6cb2ff; fill: #6cb2ff; } .s1 { stroke: #ffa366; fill: #ffa366; } .s2 { stroke: #7fd492; fill: #7fd492; }
  .key { stroke: none; }
}
"""


def short(value):
    """A number as people say it."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= unit:
            return f"{value / unit:g}{name}"
    return f"{value:g}"


def step_of(most, count=5):
    rough = most / count
    power = 10 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough)


class Chart:
    """Lines over a scale of x that is even, or one step a value that is named."""

    def __init__(self, title, x_name, y_name, xs, series, names=None):
        self.title, self.x_name, self.y_name = title, x_name, y_name
        self.xs, self.names = xs, names
        self.series = series  # [(name, [value or [median, least, most]])]
        tops = [max(value) if isinstance(value, list) else value for _, values in series for value in values]
        step = step_of(max(tops) * 1.05)
        self.ticks = [step * i for i in range(math.ceil(max(tops) * 1.02 / step) + 1)]

    def x(self, i):
        if self.names:
            share = (i + 0.5) / len(self.xs)
        else:
            share = (self.xs[i] - self.xs[0]) / ((self.xs[-1] - self.xs[0]) or 1)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        return HEIGHT - BOTTOM - value / self.ticks[-1] * (HEIGHT - BOTTOM - TOP)

    def axes(self):
        out = []
        for tick in self.ticks:
            at = self.y(tick)
            out.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
            out.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{short(tick)}</text>')
        bottom = HEIGHT - BOTTOM
        out.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>')
        every = 1 if self.names else max(1, len(self.xs) // 8)
        for i in range(0, len(self.xs), every):
            name = self.names[i] if self.names else short(self.xs[i])
            out.append(f'<text x="{self.x(i):.1f}" y="{bottom + 18}" text-anchor="middle">{escape(name)}</text>')
        middle = (LEFT + WIDTH - RIGHT) / 2
        out.append(f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">{escape(self.x_name)}</text>')
        return out

    def draw(self, number, values):
        out, points = [], []
        for i, value in enumerate(values):
            middle = value[0] if isinstance(value, list) else value
            points.append(f"{self.x(i):.1f},{self.y(middle):.1f}")
            if isinstance(value, list):
                x = self.x(i) + (number - 1) * 3
                out.append(
                    f'<line class="whisker s{number}" x1="{x:.1f}" x2="{x:.1f}" '
                    f'y1="{self.y(value[1]):.1f}" y2="{self.y(value[2]):.1f}"/>'
                )
            if len(values) <= 20:
                out.append(f'<circle class="s{number}" cx="{self.x(i):.1f}" cy="{self.y(middle):.1f}" r="3.5"/>')
        out.append(f'<polyline class="line s{number}" points="{" ".join(points)}"/>')
        return out

    def svg(self):
        out = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">',
            f"<title>{escape(self.title)}</title><style>{STYLE}</style>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="none"/>',
            f'<text class="title" x="{LEFT}" y="18">{escape(self.title)}, {escape(self.y_name)}</text>',
            *self.axes(),
        ]
        at = WIDTH - RIGHT
        for number, (name, values) in reversed(list(enumerate(self.series))):
            out += self.draw(number, values)
            at -= 8 * len(name) + 26
            out.append(f'<rect class="key s{number}" x="{at}" y="27" width="10" height="10"/>')
            out.append(f'<text x="{at + 15}" y="36">{escape(name)}</text>')
        return "\n".join([*out, "</svg>"]) + "\n"

"""Small plots as SVG, to stand inside a page. They take their colours from the page and need no library.

Each is an image with a text in its place (``alt``); classes ``one``, ``two`` and ``three`` are the colours of
series, and shape or position tells them apart too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from math import ceil, log10
from typing import NamedTuple

Point = tuple[float, float]

WIDTH, HEIGHT = 280, 240  # of a square plot with its labels, in units of the image
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 10, 40
QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
LONG = 760  # of a plot with a row a name
ROW, NAMES, NUMBERS = 22, 200, 116  # height of a row, width of its name, and of the numbers at its end
DECADES = 4  # of a logarithmic axis that ends at 1


class Whisker(NamedTuple):
    """A dot with its interval; a series' number, from 0, is its colour and shape."""

    value: float
    low: float
    high: float
    series: int = 0


def curves(
    alt: str, axes: tuple[str, str], lines: Sequence[Sequence[Point]], mark: Point | None = None
) -> str:
    """Return lines in the unit square, with a dot where ``mark`` says."""
    parts = [_frame(axes, [(tick, f"{tick:g}") for tick in QUARTERS])]
    for number, line in enumerate(lines):
        points = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in line)
        parts.append(f'<polyline class="line {_colour(number)}" points="{points}"/>')
    if mark:
        parts.append(f'<circle class="dot two" cx="{_x(mark[0]):.1f}" cy="{_y(mark[1]):.1f}" r="4.5"/>')
    return _image(alt, WIDTH, HEIGHT, parts)


def reliability(alt: str, axes: tuple[str, str], dots: Iterable[tuple[float, Whisker]]) -> str:
    """Return dots with whiskers over a unit square's diagonal, on which a calibrated model lies."""
    parts = [_frame(axes, [(tick, f"{tick:g}") for tick in QUARTERS])]
    parts.append(_line("guide", _x(0), _y(0), _x(1), _y(1)))
    for x, dot in dots:
        parts.append(_line("whisker one", _x(x), _y(dot.low), _x(x), _y(dot.high)))
        parts.append(f'<circle class="dot one" cx="{_x(x):.1f}" cy="{_y(dot.value):.1f}" r="3.5"/>')
    return _image(alt, WIDTH, HEIGHT, parts)


def histogram(alt: str, axes: tuple[str, str], shares: Sequence[Sequence[float]], at: float) -> str:
    """Return the shares of two series in equal bins of [0, 1], on a logarithmic axis; a line at ``at``."""
    ticks = [(1 - step / DECADES, f"{100 / 10**step:g} %") for step in range(DECADES)]
    parts = [_frame(axes, ticks)]
    for number, series in enumerate(shares):
        width = 1 / len(series) / len(shares)
        for bin_, share in enumerate(series):
            height = _log(share)
            if height > 0:
                left = bin_ / len(series) + number * width
                parts.append(_bar(_colour(number), _x(left), _y(height), _x(left + width), _y(0)))
    parts.append(_line("limit", _x(at), _y(0), _x(at), _y(1)))
    return _image(alt, WIDTH, HEIGHT, parts)


def bars(
    alt: str,
    rows: Sequence[tuple[str, Sequence[float]]],
    most: float,
    unit: str = "",
    guide: float | None = None,
) -> str:
    """Return a bar a row, of parts from 0 to ``most``, and their numbers; a line stands at ``guide``."""
    scale = (LONG - NAMES - NUMBERS) / most
    parts, numbers = [], []
    for number, (name, values) in enumerate(rows):
        top, left = number * ROW + 4, float(NAMES)
        parts.append(_name(name, top))
        for series, value in enumerate(values):
            parts.append(_bar(_colour(series), left, top, left + value * scale, top + ROW - 8))
            left += value * scale
        said = " + ".join(f"{value:.1f}" for value in values) + unit
        numbers.append(_text(said, left + 6, top + 11, "start", "number"))
    if guide is not None:
        at = NAMES + guide * scale
        parts.append(_line("limit", at, 0, at, len(rows) * ROW))
    return _image(alt, LONG, len(rows) * ROW + 6, [*parts, *numbers])


def whiskers(alt: str, rows: Sequence[tuple[str, Sequence[Whisker]]], least: float, most: float = 1) -> str:
    """Return a row of dots with whiskers for each name, on an axis from ``least`` to ``most``."""
    scale, bottom = (LONG - NAMES - 20) / (most - least), len(rows) * ROW + 4

    def across(value: float) -> float:
        return NAMES + (min(max(value, least), most) - least) * scale

    parts = []
    for value in _ticks(least, most):
        parts.append(_line("grid", across(value), 0, across(value), bottom))
        parts.append(_text(f"{value:g}", across(value), bottom + 16, "middle"))
    for number, (name, dots) in enumerate(rows):
        top = number * ROW + 4
        parts.append(_name(name, top))
        for place, dot in enumerate(dots):
            y = top + 7 + (place - (len(dots) - 1) / 2) * 5
            if dot.high > dot.low:
                parts.append(_line(f"whisker {_colour(dot.series)}", across(dot.low), y, across(dot.high), y))
            parts.append(_dot(across(dot.value), y, dot.series))
    return _image(alt, LONG, bottom + 22, parts)


def legend(names: Sequence[str], shape: str = "square") -> str:
    """Return what the colours of a plot mean; shapes as ``whiskers`` draws them if ``shape`` is "dots"."""
    keys = []
    for series, name in enumerate(names):
        sign = _dot(7, 7, series) if shape == "dots" else _bar(_colour(series), 1, 1, 13, 13)
        sample = f'<svg class="key" viewBox="0 0 14 14" aria-hidden="true">{sign}</svg>'
        keys.append(f"<span>{sample} {escape(name)}</span>")
    return f'<p class="legend">{" ".join(keys)}</p>'


def _image(alt: str, width: float, height: float, parts: Iterable[str]) -> str:
    inside = "".join(parts)
    return f'<svg role="img" aria-label="{escape(alt)}" viewBox="0 0 {width:g} {height:g}">{inside}</svg>'


def _frame(axes: tuple[str, str], up: Sequence[tuple[float, str]]) -> str:
    """Return grid, ticks and the names of both axes of a square plot."""
    parts = [_line("grid", _x(tick), _y(0), _x(tick), _y(1)) for tick in QUARTERS]
    parts += [_text(f"{tick:g}", _x(tick), HEIGHT - BOTTOM + 14, "middle") for tick in QUARTERS]
    parts += [_line("grid", _x(0), _y(height), _x(1), _y(height)) for height, _ in up]
    parts += [_text(name, LEFT - 5, _y(height) + 4, "end") for height, name in up]
    parts.append(_text(axes[0], (_x(0) + _x(1)) / 2, HEIGHT - 6, "middle", "axis"))
    middle = (_y(0) + _y(1)) / 2
    turned = f'transform="rotate(-90 10 {middle:.1f})"'
    parts.append(
        f'<text x="10" y="{middle:.1f}" text-anchor="middle" class="axis" {turned}>{escape(axes[1])}</text>'
    )
    return "".join(parts)


def _ticks(least: float, most: float) -> list[float]:
    """Return the multiples of a tenth, or where that are few of a twentieth, on an axis.

    >>> _ticks(0.85, 1), _ticks(0.55, 1)
    ([0.85, 0.9, 0.95, 1.0], [0.6, 0.7, 0.8, 0.9, 1.0])
    """
    parts = 10 if most - least > 0.31 else 20
    return [step / parts for step in range(ceil(least * parts - 1e-9), int(most * parts) + 1)]


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _log(share: float) -> float:
    """Return a share's height on the logarithmic axis, in [0, 1].

    >>> _log(1.0), _log(0.01), _log(0.0)
    (1.0, 0.5, 0.0)
    """
    return max(1 + log10(share) / DECADES, 0.0) if share > 0 else 0.0


def _colour(series: int) -> str:
    return ("one", "two", "three")[series]


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _bar(colour: str, left: float, top: float, right: float, bottom: float) -> str:
    size = f'width="{max(right - left, 0):.1f}" height="{max(bottom - top, 0):.1f}"'
    return f'<rect class="bar {colour}" x="{left:.1f}" y="{top:.1f}" {size}/>'


def _dot(x: float, y: float, series: int) -> str:
    """Return a disc, a square or a diamond."""
    colour = _colour(series)
    if series == 0:
        return f'<circle class="dot {colour}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    turned = f' transform="rotate(45 {x:.1f} {y:.1f})"' if series == 2 else ""
    return f'<rect class="dot {colour}" x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7"{turned}/>'


def _name(name: str, top: float) -> str:
    return _text(name, NAMES - 8, top + 11, "end", "name")


def _text(text: str, x: float, y: float, anchor: str, kind: str = "tick") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'

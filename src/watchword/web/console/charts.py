"""Bars and lines over days, as shapes of an SVG that the server draws."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 480, 200
LEFT, RIGHT, TOP, BOTTOM = 52, 28, 12, 28
INNER_WIDTH, INNER_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
MOST_LABELS = 5


@dataclass(frozen=True)
class Tick:
    """A line across, or a word under a day."""

    at: float
    label: str


@dataclass(frozen=True)
class Bar:
    """One day's part of a pile."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True)
class Dot:
    """One day's value on a line."""

    x: float
    y: float
    title: str


@dataclass(frozen=True)
class Line:
    """One series; days without a value leave a gap."""

    kind: str
    path: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True)
class Chart:
    """What a template draws."""

    name: str
    levels: tuple[Tick, ...]
    days: tuple[Tick, ...]
    bars: tuple[Bar, ...] = ()
    lines: tuple[Line, ...] = ()
    kinds: tuple[str, ...] = ()
    """Series that are told apart; none where there is one."""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to see."""
        return not self.bars and not any(line.dots for line in self.lines)


@dataclass(frozen=True)
class Series:
    """Values by day; None where there is none."""

    kind: str
    values: Sequence[float | None]


def bars(
    name: str, labels: Sequence[str], piles: Sequence[Series], written: Callable[[float], str]
) -> Chart:
    """Return bars from zero, the series of *piles* one upon the other."""
    tops = [sum(series.values[n] or 0 for series in piles) for n in range(len(labels))]
    top = ceiling(max(tops, default=0))
    step = INNER_WIDTH / max(1, len(labels))
    width = round(min(step * 0.72, 40), 2)
    found = []
    for n, label in enumerate(labels):
        reached = 0.0
        for series in piles:
            value = series.values[n] or 0
            if value:
                reached += value
                found.append(
                    Bar(
                        round(_x(n, len(labels)) - width / 2, 2),
                        _y(reached, top),
                        width,
                        round(value / top * INNER_HEIGHT, 2),
                        series.kind,
                        f"{label}: {written(value)}",
                    )
                )
    kinds = tuple(series.kind for series in piles) if len(piles) > 1 else ()
    levels = _levels(top, written, is_counted=True)
    return Chart(name, levels, _days(labels), bars=tuple(found), kinds=kinds)


def lines(
    name: str,
    labels: Sequence[str],
    several: Sequence[Series],
    written: Callable[[float], str],
    top: float | None = None,
) -> Chart:
    """Return thin lines over a level that begins at zero."""
    known = [value for series in several for value in series.values if value is not None]
    top = top or ceiling(max(known, default=0))
    drawn = tuple(_line(series, labels, top, written) for series in several)
    kinds = tuple(series.kind for series in several) if len(several) > 1 else ()
    levels = _levels(top, written)
    return Chart(name, levels, _days(labels), lines=drawn, kinds=kinds)


def ceiling(value: float) -> float:
    """Return the next round number: 1, 2, or 5 and zeros."""
    if value <= 0:
        return 1
    power = 10.0 ** math.floor(math.log10(value))
    return next(float(step * power) for step in (1, 2, 5, 10) if value <= step * power * (1 + 1e-9))


def _line(
    series: Series, labels: Sequence[str], top: float, written: Callable[[float], str]
) -> Line:
    path, dots = [], []
    is_apart = True
    for n, value in enumerate(series.values):
        if value is None:
            is_apart = True
            continue
        x, y = _x(n, len(labels)), _y(value, top)
        path.append(f"{'M' if is_apart else 'L'}{x} {y}")
        dots.append(Dot(x, y, f"{labels[n]}: {written(value)}"))
        is_apart = False
    return Line(series.kind, " ".join(path), tuple(dots))


def _levels(
    top: float, written: Callable[[float], str], *, is_counted: bool = False
) -> tuple[Tick, ...]:
    # Nothing that is counted is there by halves.
    is_halved = not is_counted or top % 2 == 0
    parts = (0, top / 2, top) if is_halved else (0, top)
    return tuple(Tick(_y(part, top), written(part)) for part in parts)


def _days(labels: Sequence[str]) -> tuple[Tick, ...]:
    # Counted from the last day, which is today.
    every = -(-len(labels) // MOST_LABELS)
    last = len(labels) - 1
    return tuple(
        Tick(_x(n, len(labels)), label) for n, label in enumerate(labels) if (last - n) % every == 0
    )


def _x(n: int, count: int) -> float:
    return round(LEFT + INNER_WIDTH * (n + 0.5) / count, 2)


def _y(value: float, top: float) -> float:
    return round(TOP + INNER_HEIGHT * (1 - min(value, top) / top), 2)

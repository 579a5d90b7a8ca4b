"""Places in the drawings of the page: the area, scales from numbers to places, and ticks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

WIDTH, HEIGHT = 300, 240
LEFT, RIGHT, TOP, BOTTOM = 46, 294, 6, 208
"""Edges of the plotting area, in the units of the drawing."""

Scale = Callable[[Any], Any]
"""Maps a number, or an array of numbers, to positions in the drawing."""


def scale(low: float, high: float, start: float, end: float) -> Scale:
    """The linear map from [low, high] to [start, end]; to the middle if low equals high."""
    if high == low:
        return lambda value: 0 * value + (start + end) / 2
    return lambda value: start + (value - low) / (high - low) * (end - start)


def ticks(
    low: float, high: float, place: Scale, whole: bool = False
) -> tuple[tuple[float, str], ...]:
    """Places and texts of round numbers within [low, high]; ``whole`` takes integers alone."""
    from matplotlib.ticker import MaxNLocator

    values = [low] if low == high else MaxNLocator(4, integer=whole).tick_values(low, high)
    return tuple((round(place(v), 1), f"{v:.4g}") for v in values if low <= v <= high)


def places(x: Any, y: Any) -> list[str]:
    """Points as an SVG path has them."""
    return [f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True)]

"""One pass over a group's predictions: its scatter plot, its worst pictures, its failures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iqabench.report.evaluations import Group
from iqabench.report.leaderboard import row
from iqabench.report.tables import records
from iqabench.store.fingerprints import text_digest

if TYPE_CHECKING:
    import pandas as pd

    from iqabench.stats import LogisticFit

POINTS = 400
"""Pictures of a test set that scatter plots show: the same for all models."""
WORST = 5
"""Pictures shown of each model and test set."""
WIDTH, HEIGHT = 300, 240
LEFT, RIGHT, TOP, BOTTOM = 46, 294, 6, 208
"""Of the plotting area, in the units of the drawing."""
STEPS = 40
"""Points along a drawn curve."""
FAR = 5.0
"""Interquartile ranges beyond the quartiles at which a prediction is drawn at the plot's edge."""

Scale = Callable[[Any], Any]
"""Of numbers, or of arrays of them."""


@dataclass(frozen=True)
class Scatter:
    """A drawn plot: paths of SVG, and what its points are."""

    points: str
    curves: tuple[str, ...]
    images: tuple[int, ...]
    """Of each point, the place of its picture in the panel's sample."""
    predictions: tuple[str, ...]
    """Of each point."""
    beyond: int
    """Points drawn at the edge, since their predictions lie far outside."""
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Worst:
    """A picture far from the fitted curve; means over the repetitions that scored it."""

    image: str
    distortion: str
    quality: float
    prediction: float
    mapped: float
    """The prediction in the units of the labels."""


@dataclass(frozen=True)
class Panel:
    """What the page shows of one group."""

    group: Group
    row: dict[str, Any]
    """Of the leaderboard."""
    scatter: Scatter | None
    """None where nothing was scored."""
    worst: tuple[Worst, ...]
    sample: tuple[str, ...]
    """The pictures that the set's scatter plots show."""
    errors: tuple[tuple[str, int, str], ...]
    """What went wrong with single pictures of jobs that ended well, how often, and the first."""

    @property
    def key(self) -> tuple[str, str]:
        """Name and hash of the test set."""
        return self.group.keys["test"], self.group.keys["test_hash"]


def panel_of(group: Group) -> Panel:
    """Read a group's predictions and keep what is shown of them."""
    frames = [frame for frame in group.repetitions() if frame["prediction"].notna().any()]
    scored = [frame[frame["prediction"].notna()] for frame in frames]
    fits = [_fit(frame) for frame in scored]
    sample = _sample(group.table["image"])
    return Panel(
        group,
        row(group),
        _scatter(group, scored, fits, sample) if scored else None,
        _worst(group, scored, fits),
        sample,
        _errors(frames),
    )


def _sample(images: pd.Series) -> tuple[str, ...]:
    """The same few pictures whatever the model: those whose names have the lowest hashes."""
    return tuple(sorted(images, key=lambda name: text_digest([name]))[:POINTS])


def _fit(frame: pd.DataFrame) -> LogisticFit | None:
    from iqabench.stats.logistic import LogisticFitError, fit_logistic

    try:
        return fit_logistic(frame["prediction"].to_numpy(), frame["quality"].to_numpy())
    except LogisticFitError:
        return None


def _scatter(
    group: Group,
    scored: list[pd.DataFrame],
    fits: list[LogisticFit | None],
    sample: tuple[str, ...],
) -> Scatter:
    import numpy as np
    import pandas as pd

    every = pd.concat([frame[["image", "prediction", "quality"]] for frame in scored])
    drawn = every[every["image"].isin(sample)].drop_duplicates("image")
    low, high = _near(every["prediction"])
    bottom, top = group.table["quality"].min(), group.table["quality"].max()
    x = _scale(low, high, LEFT + 4, RIGHT - 4)
    y = _scale(bottom, top, BOTTOM - 4, TOP + 4)
    curves = []
    for frame, fitted in zip(scored, fits, strict=True):
        if fitted is not None:
            ends = frame["prediction"].clip(low, high)
            along = np.linspace(ends.min(), ends.max(), STEPS)
            curves.append("M" + "L".join(_places(x(along), y(fitted(along).clip(bottom, top)))))
    points = _places(x(drawn["prediction"].clip(low, high)), y(drawn["quality"]))
    return Scatter(
        "".join(f"M{place}h0" for place in points),
        tuple(curves),
        tuple(drawn["image"].map({name: place for place, name in enumerate(sample)})),
        tuple(f"{value:.4g}" for value in drawn["prediction"]),
        int((~drawn["prediction"].between(low, high)).sum()),
        _ticks(low, high, x),
        _ticks(bottom, top, y),
    )


def _near(values: pd.Series) -> tuple[float, float]:
    """The range of what is drawn to scale: a few wild predictions do not hide all others."""
    first, third = values.quantile([0.25, 0.75])
    reach = FAR * (third - first)
    near = values[values.between(first - reach, third + reach)]
    return near.min(), near.max()


def _places(x: Any, y: Any) -> list[str]:
    return [f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True)]


def _scale(low: float, high: float, start: float, end: float) -> Scale:
    """From [low, high] to [start, end]; to the middle where there is but one value."""
    if high == low:
        return lambda value: 0 * value + (start + end) / 2
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _ticks(low: float, high: float, scale: Scale) -> tuple[tuple[float, str], ...]:
    from matplotlib.ticker import MaxNLocator

    values = [low] if low == high else MaxNLocator(4).tick_values(low, high)
    return tuple((round(scale(v), 1), f"{v:.4g}") for v in values if low <= v <= high)


def _worst(
    group: Group, scored: list[pd.DataFrame], fits: list[LogisticFit | None]
) -> tuple[Worst, ...]:
    """The pictures with the largest mean error after the logistic mapping."""
    import pandas as pd

    mapped = [
        frame[["image", "quality", "prediction"]].assign(mapped=fit(frame["prediction"]))
        for frame, fit in zip(scored, fits, strict=True)
        if fit is not None
    ]
    if not mapped:
        return ()
    every = pd.concat(mapped)
    every["error"] = (every["mapped"] - every["quality"]).abs()
    means = every.groupby("image").mean().nlargest(WORST, "error").drop(columns="quality")
    found = means.join(group.table.set_index("image")).reset_index()
    return tuple(
        Worst(one["image"], distorted(one), one["quality"], one["prediction"], one["mapped"])
        for one in records(found)
    )


def distorted(labels: Mapping[Any, Any]) -> str:
    """A picture's distortion and level in words, as far as its labels tell."""
    level = labels.get("level", math.nan)
    words = [labels.get("distortion"), "" if level != level else f"level {level:g}"]
    return ", ".join(word for word in words if isinstance(word, str) and word)


def _errors(frames: list[pd.DataFrame]) -> tuple[tuple[str, int, str], ...]:
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for frame in frames:
        failed = frame.dropna(subset="error")
        for image, error in zip(failed["image"], failed["error"], strict=True):
            counts[error] += 1
            first.setdefault(error, image)
    return tuple((error, count, first[error]) for error, count in counts.most_common())

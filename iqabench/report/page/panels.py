"""Reads a group's predictions once, for its scatter plot, its worst pictures and its failures."""

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

    from iqabench.stats.mapping import Curve

POINTS = 400
"""A scatter plot shows at most this many pictures of a test set, the same ones for all models."""
WORST = 5
"""Number of the worst pictures that are shown of each model and test set."""
WIDTH, HEIGHT = 300, 240
LEFT, RIGHT, TOP, BOTTOM = 46, 294, 6, 208
"""Edges of the plotting area, in the units of the drawing."""
STEPS = 40
"""Number of points along a drawn curve."""
FAR = 5.0
"""A prediction further than this many interquartile ranges beyond the quartiles is drawn at the
plot's edge."""

Scale = Callable[[Any], Any]
"""Maps a number, or an array of numbers, to positions in the drawing."""


@dataclass(frozen=True)
class Scatter:
    """A drawn plot: SVG paths, and the picture and prediction of each point."""

    points: str
    curves: tuple[str, ...]
    images: tuple[int, ...]
    """For each point the index of its picture in the panel's sample."""
    predictions: tuple[str, ...]
    """For each point its prediction, as text."""
    beyond: int
    """Number of points that are drawn at the edge because their predictions lie far outside."""
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Worst:
    """A picture far from the fitted curve; its numbers are means over repetitions."""

    image: str
    distortion: str
    quality: float
    prediction: float
    mapped: float
    """The prediction in the units of the labels."""


@dataclass(frozen=True)
class Panel:
    """The part of the page about one group."""

    group: Group
    row: dict[str, Any]
    """The group's row of the leaderboard."""
    scatter: Scatter | None
    """None if no picture was scored."""
    worst: tuple[Worst, ...]
    sample: tuple[str, ...]
    """The pictures that all scatter plots of the test set show."""
    errors: tuple[tuple[str, int, str], ...]
    """Errors of single pictures in jobs that succeeded: the error, the number of pictures, and the
    first picture."""

    @property
    def key(self) -> tuple[str, str]:
        """Name and hash of the test set."""
        return self.group.record.test, self.group.record.test_hash


def panel_of(group: Group) -> Panel:
    """Read a group's predictions and make its panel."""
    frames = [frame for frame in group.repetitions() if frame["prediction"].notna().any()]
    scored = [frame[frame["prediction"].notna()] for frame in frames]
    fits = [_fit(frame, group) for frame in scored]
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
    """The same few pictures for every model: those whose names have the lowest hashes."""
    return tuple(sorted(images, key=lambda name: text_digest([name]))[:POINTS])


def _fit(frame: pd.DataFrame, group: Group) -> Curve | None:
    from iqabench.stats.logistic import LogisticFitError
    from iqabench.stats.mapping import fitted

    if group.mapping == "none" and not group.in_labels_unit:
        return None
    try:
        return fitted(frame["prediction"].to_numpy(), frame["quality"].to_numpy(), group.mapping)
    except LogisticFitError:
        return None


def _scatter(
    group: Group,
    scored: list[pd.DataFrame],
    fits: list[Curve | None],
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
    """The range of values on the axis, without outliers.

    A few extreme predictions would otherwise press all other points together.
    """
    first, third = values.quantile([0.25, 0.75])
    reach = FAR * (third - first)
    near = values[values.between(first - reach, third + reach)]
    return near.min(), near.max()


def _places(x: Any, y: Any) -> list[str]:
    return [f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True)]


def _scale(low: float, high: float, start: float, end: float) -> Scale:
    """The linear map from [low, high] to [start, end]; to the middle if low equals high."""
    if high == low:
        return lambda value: 0 * value + (start + end) / 2
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _ticks(low: float, high: float, scale: Scale) -> tuple[tuple[float, str], ...]:
    from matplotlib.ticker import MaxNLocator

    values = [low] if low == high else MaxNLocator(4).tick_values(low, high)
    return tuple((round(scale(v), 1), f"{v:.4g}") for v in values if low <= v <= high)


def _worst(group: Group, scored: list[pd.DataFrame], fits: list[Curve | None]) -> tuple[Worst, ...]:
    """The pictures with the largest mean error after the mapping."""
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
    means = every.groupby("image").mean().sort_values("error", ascending=False, kind="stable")
    found = means.drop(columns="quality").join(group.table.set_index("image")).reset_index()
    # Some sets have one picture under several names.
    found = found.drop_duplicates(["content", "quality", "prediction"]).head(WORST)
    return tuple(
        Worst(one["image"], distorted(one), one["quality"], one["prediction"], one["mapped"])
        for one in records(found)
    )


def distorted(labels: Mapping[Any, Any]) -> str:
    """A picture's distortion and level as text, if its labels have them."""
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

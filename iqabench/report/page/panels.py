"""Reads a group's predictions once, for its scatter plot, its worst pictures and its failures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iqabench.report import curves
from iqabench.report.evaluations import Group, with_predictions
from iqabench.report.leaderboard import row
from iqabench.report.page.axes import BOTTOM, LEFT, RIGHT, TOP, Scale, places, scale, ticks
from iqabench.report.tables import records
from iqabench.store.fingerprints import text_digest

if TYPE_CHECKING:
    import pandas as pd

    from iqabench.stats.mapping import Curve as Fitted

POINTS = 400
"""A scatter plot shows at most this many pictures of a test set, the same ones for all models."""
WORST = 5
"""Number of the worst pictures that are shown of each model and test set."""
STEPS = 40
"""Number of points along a drawn curve."""
FAR = 5.0
"""A prediction further than this many interquartile ranges beyond the quartiles is drawn at the
plot's edge."""


@dataclass(frozen=True)
class Curve:
    """The fitted curve of one repetition."""

    path: str
    name: str
    """Of the repetition; empty if there is only one."""
    style: curves.Style
    is_step: bool


@dataclass(frozen=True)
class Scatter:
    """A drawn plot: SVG paths, and the picture and prediction of each point."""

    points: str
    curves: tuple[Curve, ...]
    images: tuple[int, ...]
    """For each point the index of its picture in the panel's sample."""
    predictions: tuple[str, ...]
    """For each point its prediction, as text."""
    beyond: int
    """Number of points that are drawn at the edge because their predictions lie far outside."""
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]

    @property
    def steps(self) -> str:
        """What to say of curves that are steps."""
        found = [curve.name for curve in self.curves if curve.is_step]
        return curves.step_words(found, len(self.curves))


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


def panel_of(group: Group, hashes: Mapping[str, str] | None = None) -> Panel:
    """Read a group's predictions and make its panel.

    Args:
        group: the model on a test set.
        hashes: of the pictures' files by name, where they are known: the worst pictures have no
            two equal ones.
    """
    names = curves.names(group.evaluations)
    frames, scored = [], []
    for number, (name, frame) in enumerate(zip(names, group.repetitions(), strict=True)):
        known = with_predictions(frame)
        if len(known):
            frames.append(frame)
            scored.append(_Scored(known, _fit(known, group), name, curves.Style(number)))
    sample = _sample(group.table["image"])
    return Panel(
        group,
        row(group),
        _scatter(group, scored, sample) if scored else None,
        _worst(group, scored, hashes or {}),
        sample,
        _errors(frames),
    )


@dataclass(frozen=True)
class _Scored:
    """A repetition: its scored pictures, the fitted curve if there is one, its name and style."""

    frame: pd.DataFrame
    fit: Fitted | None
    name: str
    style: curves.Style


def _sample(images: pd.Series) -> tuple[str, ...]:
    """The same few pictures for every model: those whose names have the lowest hashes."""
    return tuple(sorted(images, key=lambda name: text_digest([name]))[:POINTS])


def _fit(frame: pd.DataFrame, group: Group) -> Fitted | None:
    from iqabench.stats.logistic import LogisticFitError
    from iqabench.stats.mapping import fitted

    if group.mapping == "none" and not group.in_labels_unit:
        return None
    try:
        return fitted(frame["prediction"].to_numpy(), frame["quality"].to_numpy(), group.mapping)
    except LogisticFitError:
        return None


def _scatter(group: Group, scored: list[_Scored], sample: tuple[str, ...]) -> Scatter:
    import pandas as pd

    every = pd.concat([one.frame[["image", "prediction", "quality"]] for one in scored])
    drawn = every[every["image"].isin(sample)].drop_duplicates("image")
    low, high = _near(every["prediction"])
    bottom, top = group.table["quality"].min(), group.table["quality"].max()
    x = scale(low, high, LEFT + 4, RIGHT - 4)
    y = scale(bottom, top, BOTTOM - 4, TOP + 4)
    points = places(x(drawn["prediction"].clip(low, high)), y(drawn["quality"]))
    return Scatter(
        "".join(f"M{place}h0" for place in points),
        tuple(
            Curve(
                _path(one, (low, high), (bottom, top), x, y),
                one.name,
                one.style,
                curves.is_step(one.fit(one.frame["prediction"])),
            )
            for one in scored
            if one.fit is not None
        ),
        tuple(drawn["image"].map({name: place for place, name in enumerate(sample)})),
        tuple(f"{value:.4g}" for value in drawn["prediction"]),
        int((~drawn["prediction"].between(low, high)).sum()),
        ticks(low, high, x),
        ticks(bottom, top, y),
    )


def _path(
    one: _Scored, x_ends: tuple[float, float], y_ends: tuple[float, float], x: Scale, y: Scale
) -> str:
    """A curve over the predictions of its repetition, within the limits of the axes."""
    import numpy as np

    assert one.fit is not None
    found = one.frame["prediction"].clip(*x_ends)
    along = np.linspace(found.min(), found.max(), STEPS)
    return "M" + "L".join(places(x(along), y(one.fit(along).clip(*y_ends))))


def _near(values: pd.Series) -> tuple[float, float]:
    """The range of values on the axis, without outliers.

    A few extreme predictions would otherwise press all other points together.
    """
    first, third = values.quantile([0.25, 0.75])
    reach = FAR * (third - first)
    near = values[values.between(first - reach, third + reach)]
    return near.min(), near.max()


def _worst(group: Group, scored: list[_Scored], hashes: Mapping[str, str]) -> tuple[Worst, ...]:
    """The pictures with the largest mean error after the mapping."""
    import pandas as pd

    mapped = [
        one.frame[["image", "quality", "prediction"]].assign(
            mapped=one.fit(one.frame["prediction"])
        )
        for one in scored
        if one.fit is not None
    ]
    if not mapped:
        return ()
    every = pd.concat(mapped)
    every["error"] = (every["mapped"] - every["quality"]).abs()
    means = every.groupby("image").mean().sort_values("error", ascending=False, kind="stable")
    found = means.drop(columns="quality").join(group.table.set_index("image")).reset_index()
    # Some sets have one picture under several names.
    found["file"] = [hashes.get(image, image) for image in found["image"]]
    found = found.drop_duplicates(["content", "quality", "prediction"])
    found = found.drop_duplicates("file").head(WORST)
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

"""The leaderboard: one row per model configuration x training set x test set."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iqabench.contract.progress import Tick
from iqabench.report import noise, raters, undefined
from iqabench.report.cache import cached
from iqabench.report.evaluations import (
    Group,
    counted_once,
    groups,
    mean_defined,
    tested_alike,
    where_tested,
)
from iqabench.report.resampled import Resampled, arrays, resample, resampled
from iqabench.store import Store
from iqabench.store.records import NONE, JobRecord

if TYPE_CHECKING:
    import pandas as pd

    from iqabench.stats.mapping import Mapping as MappingName

RESAMPLES = 2000
METRICS = ("srocc", "plcc", "plcc_mapped", "krocc", "rmse", "rmse_mapped")
SUMMARIES = ("median", "mean", "sd", "low", "high")
SEPARATOR = "; "
"""Separates the names in a cell with several names."""
PENDING = "pending"
"""Stands in the column ``shared`` until the pictures of the sets have been audited."""
COLUMNS = (
    "model",
    "name",
    "train",
    "test",
    "protocol",
    "labels",
    "selection",
    "init",
    "weights",
    "saliency",
    "recipe",
    "repetitions",
    "failed",
    "images",
    "contents",
    "shared",
    "shared_contents",
    "shared_excluded",
    "seen",
    "skipped",
    "n",
    "tested",
    "coverage",
    *(f"{metric}_{summary}" for metric in METRICS for summary in SUMMARIES),
    "srocc_error",
    "mapping",
    *raters.COLUMNS,
    "noise_band",
    "undefined",
    "parameters",
    "seconds_per_image",
    "timed_on",
    "config",
)
"""Names of the columns, in order; docs/leaderboard.md says what each means."""

DIFFERENCE = (
    "a",
    "b",
    "test",
    "protocol",
    "contents",
    "n",
    "tested",
    "difference",
    "low",
    "high",
)
"""Names of the columns of :func:`differences`, in order."""


def leaderboard(
    store: Store,
    only: Iterable[str] | None = None,
    exclude_shared: bool = False,
    tick: Tick = lambda done, total, what: None,
    mapping: MappingName = "logistic4",
) -> pd.DataFrame:
    """One row per group of evaluations, sorted by test set, protocol and mean SROCC (best first).

    Rows are kept in the store's cache, so that a second call on an unchanged store is fast.

    Args:
        store: results.
        only: IDs of evaluations; None takes all.
        exclude_shared: whether to leave out contents that a model has seen.
        tick: is called for each row.
        mapping: the mapping behind ``plcc_mapped`` and ``rmse_mapped``.

    Returns:
        The columns :data:`COLUMNS`. ``attrs["repeated"]`` has a line for each label that stands for
        the same jobs as another.
    """
    import pandas as pd

    found = ranked(store, only, exclude_shared, tick, mapping)
    rows = [row for _, row in found]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame.attrs["repeated"] = [
        line for same in tested_alike(group for group, _ in found) for line in counted_once(same)[1]
    ]
    for count in ("parameters", "shared"):
        # As objects: a missing count would turn the other counts into floats.
        frame[count] = pd.Series([one[count] for one in rows], dtype=object)
    return frame


def ranked(
    store: Store,
    only: Iterable[str] | None = None,
    exclude_shared: bool = False,
    tick: Tick = lambda done, total, what: None,
    mapping: MappingName = "logistic4",
) -> list[tuple[Group, dict[str, Any]]]:
    """Groups with their rows, in the order of :func:`leaderboard`; arguments as for it."""
    found, bands = groups(store, only, exclude_shared, mapping), noise.bands(store)
    made = []
    for done, group in enumerate(found, 1):
        made.append((group, {**row(group), "noise_band": noise.width(bands, group)}))
        tick(done, len(found), "rows")
    return sorted(made, key=lambda one: order(one[1]))


def order(row: Mapping[str, Any]) -> tuple[str, str, float]:
    """The key that sorts rows by test set, protocol and mean SROCC, the best first."""
    srocc = row["srocc_mean"]
    return row["test"], row["protocol"], -srocc if math.isfinite(srocc) else math.inf


def differences(
    store: Store,
    only: Iterable[str] | None = None,
    exclude_shared: bool = False,
    tick: Tick = lambda done, total, what: None,
) -> pd.DataFrame:
    """Paired SROCC differences between all models that were tested on the same parts of a set.

    Columns: ``a``, ``b``, ``test``, ``protocol``, ``contents`` (their number), ``n`` (pictures that
    both models scored, summed over repetitions; only these count), ``tested`` (pictures to be
    scored), ``difference`` (a minus b), ``low`` and ``high``: the 95% interval of a bootstrap that
    draws the same contents and repetitions for both models; ``undefined``: why there is no
    difference or no interval, else empty. If SROCC is not defined for one model in a repetition,
    that repetition is left out for both. Jobs under two labels count under one of them.
    """
    import pandas as pd

    pairs = [
        pair
        for same in tested_alike(groups(store, only, exclude_shared))
        for pair in itertools.combinations(counted_once(same)[0], 2)
    ]
    rows = []
    for done, pair in enumerate(pairs, 1):
        found = difference(*pair)
        whole = math.isfinite(found["low"])
        rows.append({**found, "undefined": "" if whole else undefined.of_pair(*map(row, pair))})
        tick(done, len(pairs), "pairs")
    return pd.DataFrame(rows, columns=[*DIFFERENCE, "undefined"])


def row(group: Group) -> dict[str, Any]:
    """The leaderboard row of a group; all but its name is kept in the store's cache."""
    kept = cached(group.store, "row", [group.identity], RESAMPLES, lambda: _row(group))
    return {**kept, "model": group.name}


def scored_images(group: Group) -> tuple[str, ...]:
    """For every repetition a hash of the names of its scored images."""
    return tuple(resampled(group, RESAMPLES).images)


def difference(first: Group, second: Group) -> dict[str, Any]:
    """The paired SROCC difference of two groups tested alike; kept in the store's cache."""
    kept = cached(
        first.store,
        "difference",
        [first.identity, second.identity],
        RESAMPLES,
        lambda: _difference(first, second),
    )
    return {**kept, "a": first.name, "b": second.name}


def _row(group: Group) -> dict[str, Any]:
    frames = group.repetitions()
    scored = [frame[frame["prediction"].notna()] for frame in frames]
    scored_images, total = (sum(map(len, each)) for each in (scored, frames))
    predicts, fits = group.predicts(), group.fits()
    record, shared = group.record, group.shared
    found = _statistics(
        [frame for frame in scored if len(frame)],
        resampled(group, RESAMPLES, frames),
        group,
    )
    return {
        "model": record.label,
        "name": record.model,
        **where_tested(group),
        "labels": record.labels,
        "selection": record.selection,
        "init": record.init,
        "weights": record.weights,
        "saliency": record.saliency,
        "config": record.config,
        "recipe": record.recipe,
        "repetitions": len(frames),
        "failed": sum(
            len(part) == 0 < len(frame) for part, frame in zip(scored, frames, strict=True)
        ),
        "images": len(group.table),
        "contents": len({content for frame in frames for content in frame["content"]}),
        "shared": PENDING if group.pending else None if shared is None else len(shared),
        "shared_contents": "" if group.pending else SEPARATOR.join(shared or ()),
        "shared_excluded": group.exclude_shared,
        "seen": SEPARATOR.join(group.seen) or "-",
        "skipped": SEPARATOR.join(group.skipped) or "-",
        "n": scored_images,
        "tested": total,
        "coverage": scored_images / total if total else math.nan,
        **found,
        "mapping": group.mapping,
        "srocc_error": _corrected_error(group, scored),
        **raters.columns(group),
        "undefined": undefined.reason(group, frames, found),
        "parameters": _first(one.parameters for one in (*predicts, *fits)),
        **_speed(predicts),
    }


def _speed(predicts: Iterable[JobRecord]) -> dict[str, Any]:
    """The time per image of the first job that measured it, and on what; else None and empty."""
    for job in predicts:
        on = job.timing
        if on is not None:
            words = [
                on.device,
                on.precision,
                f"{on.threads} thread{'s' if on.threads != 1 else ''}",
            ]
            told = ", ".join(words) + (f" ({on.hardware})" if on.hardware else "")
            return {"seconds_per_image": job.seconds_per_image, "timed_on": told}
    return {"seconds_per_image": None, "timed_on": ""}


def _first(values: Iterable[float | None]) -> float | None:
    return next((value for value in values if value is not None), None)


def _statistics(frames: list[pd.DataFrame], ranked: Resampled, group: Group) -> dict[str, float]:
    """Every metric's summaries over repetitions, and its bootstrap interval.

    RMSE without a mapping is given only for predictions in the units of the test set's labels.
    """
    import numpy as np

    from iqabench.stats import bootstrap

    if not frames:
        return {f"{metric}_{summary}": math.nan for metric in METRICS for summary in SUMMARIES}
    parts = [_repetition(frame, group.mapping) for frame in frames]
    raw = [part.raw for part in parts]
    curves = [part for part in parts if part.mapped is not None]

    def drawn(statistic: bootstrap.WeightedStatistic, repetitions: list[Any]) -> Any:
        return bootstrap.repeated_bootstrap(repetitions, statistic=statistic, resamples=RESAMPLES)

    samples: dict[str, Callable[[], Any]] = {
        "srocc": lambda: bootstrap.mean_of_drawn(ranked.samples),
        "plcc": lambda: drawn(bootstrap.weighted_plcc, raw),
        "plcc_mapped": lambda: drawn(bootstrap.weighted_plcc, [part.rising for part in curves]),
        "krocc": lambda: drawn(bootstrap.weighted_krocc, raw),
        "rmse": lambda: drawn(bootstrap.weighted_rmse, raw),
        "rmse_mapped": lambda: drawn(bootstrap.weighted_rmse, [part.mapped for part in curves]),
    }
    in_units = {"rmse", "rmse_mapped"} if group.mapping == "none" else {"rmse"}
    absent = set() if group.in_labels_unit else in_units
    found: dict[str, float] = {}
    for metric in METRICS:
        each = np.array([part.values[metric] for part in parts])
        usable = np.isfinite(each).any() and metric not in absent
        low, high = bootstrap.interval(samples[metric]()) if usable else (math.nan, math.nan)
        each = each[np.isfinite(each)] if usable else np.array([math.nan])
        sd = float(each.std(ddof=1)) if len(each) > 1 else math.nan
        summary = (float(np.median(each)), float(each.mean()), sd, low, high)
        found |= {f"{metric}_{name}": value for name, value in zip(SUMMARIES, summary, strict=True)}
    return found


def _corrected_error(group: Group, scored: list[pd.DataFrame]) -> float:
    """Standard error of the mean SROCC over random splits, corrected for their overlap.

    nan under other protocols, and for models that are not trained.
    """
    import numpy as np

    from iqabench.stats.agreement import srocc
    from iqabench.stats.splits import corrected_error

    if group.record.protocol.kind != "hold-out" or group.record.train == NONE:
        return math.nan
    each = np.array([srocc(frame["prediction"], frame["quality"]) for frame in scored])
    test = len(group.record.contents or ())
    return corrected_error(each[np.isfinite(each)], group.table["content"].nunique() - test, test)


@dataclass(frozen=True)
class _Repetition:
    """One repetition's predictions, raw and mapped, and its statistics."""

    raw: tuple[Any, Any, Any]
    mapped: tuple[Any, Any, Any] | None
    """None if no curve could be fitted."""
    rising: tuple[Any, Any, Any] | None
    """The mapped predictions, negated if the fitted curve falls, so that PLCC keeps its sign."""
    values: Mapping[str, float]


def _repetition(frame: pd.DataFrame, mapping: MappingName) -> _Repetition:
    from iqabench.stats.agreement import agreement
    from iqabench.stats.logistic import LogisticFitError
    from iqabench.stats.mapping import fitted

    prediction, quality, content = raw = arrays(frame, "prediction")
    try:
        curve = fitted(prediction, quality, mapping)
    except LogisticFitError:
        found = agreement(prediction, quality, mapping=mapping)
        return _Repetition(raw, None, None, vars(found))
    mapped = curve(prediction)
    found = agreement(prediction, quality, mapping=mapping, curve=curve)
    sign = -1.0 if found.mapping_rises is False else 1.0
    values = {**vars(found), "plcc_mapped": sign * found.plcc_mapped}
    return _Repetition(raw, (mapped, quality, content), (sign * mapped, quality, content), values)


def _difference(first: Group, second: Group) -> dict[str, Any]:
    from iqabench.stats import bootstrap

    a, b = resampled(first, RESAMPLES), resampled(second, RESAMPLES)
    tested = int(a.tested.sum())
    if list(a.images) != list(b.images):
        a, b = (resample(frames, RESAMPLES) for frames in _images_of_both(first, second))
    low, high = bootstrap.interval(bootstrap.mean_of_drawn(a.samples - b.samples))
    return {
        "a": first.record.label,
        "b": second.record.label,
        "test": first.record.test,
        "protocol": first.protocol,
        "contents": len(a.contents),
        "n": int(a.scored.sum()),
        "tested": tested,
        "difference": mean_defined((a.srocc - b.srocc).tolist()),
        "low": low,
        "high": high,
    }


def _images_of_both(first: Group, second: Group) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    """The repetitions of each group, with only the images that both groups have scored."""
    a = [frame.dropna(subset="prediction") for frame in first.repetitions()]
    b = [frame.dropna(subset="prediction") for frame in second.repetitions()]
    pairs = list(zip(a, b, strict=True))
    return (
        [one[one["image"].isin(other["image"])] for one, other in pairs],
        [other[other["image"].isin(one["image"])] for one, other in pairs],
    )

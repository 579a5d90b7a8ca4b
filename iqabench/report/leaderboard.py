"""The leaderboard: one row per model configuration x training set x test set."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from iqabench.contract.progress import Tick
from iqabench.report import group_parts, noise, raters, undefined
from iqabench.report.cache import cached
from iqabench.report.evaluations import (
    Group,
    counted_once,
    groups,
    mean_defined,
    tested_alike,
    where_tested,
    with_predictions,
)
from iqabench.report.metrics import METRICS, SUMMARIES, corrected_error, statistics
from iqabench.report.resampled import resample, resampled
from iqabench.store import Store
from iqabench.store.records import JobRecord

if TYPE_CHECKING:
    import pandas as pd

    from iqabench.stats.mapping import Mapping as MappingName

RESAMPLES = 2000
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
    "within",
    "groups",
    "groups_left_out",
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
    within: str = "",
) -> pd.DataFrame:
    """One row per group of evaluations, sorted by test set, protocol and mean SROCC (best first).

    Rows are kept in the store's cache, so that a second call on an unchanged store is fast.

    Args:
        store: results.
        only: IDs of evaluations; None takes all.
        exclude_shared: whether to leave out contents that a model has seen.
        tick: is called for each row.
        mapping: the mapping behind ``plcc_mapped`` and ``rmse_mapped``.
        within: a column of the test sets: every metric is the mean over its groups. If empty,
            metrics are those of all pictures.

    Returns:
        The columns :data:`COLUMNS`. ``attrs["repeated"]`` has a line for each label that stands for
        the same jobs as another.
    """
    import pandas as pd

    found = ranked(store, only, exclude_shared, tick, mapping, within)
    rows = [row for _, row in found]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    alike = tested_alike(group for group, _ in found)
    lines = (line for same in alike for line in counted_once(same)[1])
    frame.attrs["repeated"] = list(dict.fromkeys(lines))
    for count in ("parameters", "shared", "groups", "groups_left_out"):
        # As objects: a missing count would turn the other counts into floats.
        frame[count] = pd.Series([one[count] for one in rows], dtype=object)
    return frame


def ranked(
    store: Store,
    only: Iterable[str] | None = None,
    exclude_shared: bool = False,
    tick: Tick = lambda done, total, what: None,
    mapping: MappingName = "logistic4",
    within: str = "",
) -> list[tuple[Group, dict[str, Any]]]:
    """Groups with their rows, in the order of :func:`leaderboard`; arguments as for it."""
    found = groups(store, only, exclude_shared, mapping, within)
    bands = noise.bands(store)
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
    within: str = "",
) -> pd.DataFrame:
    """Paired SROCC differences between all models that were tested on the same parts of a set.

    Columns: ``a``, ``b``, ``test``, ``protocol``, ``contents`` (their number), ``n`` (pictures that
    both models scored, summed over repetitions; only these count), ``tested`` (pictures to be
    scored), ``difference`` (a minus b), ``low`` and ``high``: the 95% interval of a bootstrap that
    draws the same contents and repetitions for both models; ``undefined``: why there is no
    difference or no interval, else empty. If SROCC is not defined for one model in a repetition,
    that repetition is left out for both. Jobs under two labels count under one of them. With
    ``within``, differences are means over the groups of that column.
    """
    import pandas as pd

    pairs = [
        pair
        for same in tested_alike(groups(store, only, exclude_shared, within=within))
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
    scored = [with_predictions(frame) for frame in frames]
    scored_images, total = (sum(map(len, each)) for each in (scored, frames))
    predicts, fits = group.predicts(), group.fits()
    record, shared = group.record, group.shared
    ranked = resampled(group, RESAMPLES, frames)
    found = statistics(group, [frame for frame in scored if len(frame)], ranked)
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
        **group_parts.counts(group, frames, ranked.srocc),
        **found,
        "mapping": group.mapping,
        "srocc_error": corrected_error(group, ranked.srocc),
        **raters.columns(group),
        "undefined": undefined.reason(group, frames, scored, found),
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


def _difference(first: Group, second: Group) -> dict[str, Any]:
    from iqabench.stats import bootstrap
    from iqabench.stats.by_group import group_means

    a, b = resampled(first, RESAMPLES), resampled(second, RESAMPLES)
    tested = int(a.tested.sum())
    if list(a.images) != list(b.images):
        both = zip((first, second), _images_of_both(first, second), strict=True)
        a, b = (resample(group, frames, RESAMPLES) for group, frames in both)
    # A group of pictures in which one model has no SROCC is left out for both.
    drawn = bootstrap.mean_of_drawn(group_means(a.samples - b.samples))
    low, high = bootstrap.interval(drawn)
    return {
        "a": first.record.label,
        "b": second.record.label,
        "test": first.record.test,
        "protocol": first.protocol,
        "contents": len(a.contents),
        "n": int(a.scored.sum()),
        "tested": tested,
        "difference": mean_defined(group_means(a.srocc - b.srocc).tolist()),
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

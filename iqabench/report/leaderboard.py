"""The leaderboard: one row per model configuration x training set x test set."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iqabench.report.evaluations import Group, groups
from iqabench.store import Store
from iqabench.store.fingerprints import digest, harness
from iqabench.store.folder import write_json

if TYPE_CHECKING:
    import pandas as pd

RESAMPLES = 2000
METRICS = ("srocc", "plcc", "plcc_mapped", "krocc", "rmse", "rmse_mapped")
SUMMARIES = ("median", "mean", "sd", "low", "high")
SHARED = ("train", "test", "protocol", "labels", "selection", "init", "weights", "saliency")
"""Columns that repetitions share and that are named as in an evaluation."""
SEPARATOR = "; "
"""Between the names that one cell holds."""
COLUMNS = (
    "model",
    "name",
    *SHARED,
    "repetitions",
    "failed",
    "images",
    "contents",
    "shared",
    "shared_contents",
    "seen",
    "coverage",
    *(f"{metric}_{summary}" for metric in METRICS for summary in SUMMARIES),
    "parameters",
    "seconds_per_image",
    "config",
)
"""Names of the columns, in order; docs/leaderboard.md says what each means."""


def leaderboard(
    store: Store, only: Iterable[str] | None = None, exclude_shared: bool = False
) -> pd.DataFrame:
    """One row per group of evaluations, best mean SROCC first within each test set.

    ``exclude_shared`` leaves contents that a model has seen out of its statistics. Rows are kept in
    the store's cache, so that an unchanged store answers at once.
    """
    import pandas as pd

    rows = [row(group) for group in groups(store, only, exclude_shared)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for count in ("parameters", "shared"):
        # As objects: a missing count would turn the others into fractions.
        frame[count] = pd.Series([one[count] for one in rows], dtype=object)
    return frame.sort_values(
        ["test", "protocol", "srocc_mean"],
        ascending=[True, True, False],
        ignore_index=True,
        na_position="last",
    )


def differences(
    store: Store, only: Iterable[str] | None = None, exclude_shared: bool = False
) -> pd.DataFrame:
    """Paired SROCC differences between all models on the same test set and protocol.

    Columns: ``a``, ``b``, ``test``, ``protocol``, ``difference`` (a minus b), ``low``, ``high``:
    the 95% interval of a bootstrap that draws the same contents and repetitions for both.
    """
    import pandas as pd

    return pd.DataFrame(
        [_cached_difference(a, b) for a, b in _pairs(groups(store, only, exclude_shared))],
        columns=["a", "b", "test", "protocol", "contents", "difference", "low", "high"],
    )


def _pairs(found: list[Group]) -> Iterable[tuple[Group, Group]]:
    def part(group: Group) -> tuple[Any, ...]:
        return (
            group.keys["test_hash"],
            group.keys["protocol"],
            [(r["seed"], r["fold"], r["contents"]) for r in group.evaluations],
        )

    for i, first in enumerate(found):
        for second in found[i + 1 :]:
            if part(first) == part(second):
                yield first, second


def row(group: Group) -> dict[str, Any]:
    """The leaderboard row of a group, kept in the store's cache."""
    return _cached(group.store, "row", [group.identity], lambda: _row(group))


def _cached_difference(first: Group, second: Group) -> dict[str, Any]:
    return _cached(
        first.store,
        "difference",
        [first.identity, second.identity],
        lambda: _difference(first, second),
    )


def _cached(store: Store, kind: str, parts: list[str], make: Any) -> dict[str, Any]:
    """Statistics kept under what they were made from, the harness's version and source included."""
    key = digest(
        {"kind": kind, "parts": parts, "resamples": RESAMPLES, "code": harness(("stats", "report"))}
    )
    path = store.root / "cache" / f"{key}.json"
    if path.exists():
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return kept
    made: dict[str, Any] = make()
    write_json(path, made)
    return made


def _row(group: Group) -> dict[str, Any]:
    frames = group.repetitions()
    scored = [frame[frame["prediction"].notna()] for frame in frames]
    total = sum(len(frame) for frame in frames)
    predicts, fits = group.jobs("predict"), group.jobs("fit")
    keys, shared = group.keys, group.shared
    return {
        "model": keys["label"],
        "name": keys["model"],
        **{key: keys[key] for key in (*SHARED, "config")},
        "repetitions": len(frames),
        "failed": sum(
            len(part) == 0 < len(frame) for part, frame in zip(scored, frames, strict=True)
        ),
        "images": len(group.table),
        "contents": len({content for frame in frames for content in frame["content"]}),
        "shared": None if shared is None else len(shared),
        "shared_contents": SEPARATOR.join(shared or ()),
        "seen": SEPARATOR.join(group.seen) or "-",
        "coverage": sum(len(frame) for frame in scored) / total if total else math.nan,
        **_statistics([frame for frame in scored if len(frame)], keys["train"] == keys["test"]),
        "parameters": _first(predicts, "parameters") or _first(fits, "parameters"),
        "seconds_per_image": _first(predicts, "seconds_per_image"),
    }


def _first(records: list[Any], field: str) -> Any:
    return next((record[field] for record in records if record.get(field) is not None), None)


def _statistics(frames: list[pd.DataFrame], same_units: bool) -> dict[str, float]:
    """Every metric's summaries over repetitions, and its bootstrap interval.

    Raw RMSE means something only where predictions are in the test set's units.
    """
    import numpy as np

    from iqabench.stats import bootstrap

    if not frames:
        return {f"{metric}_{summary}": math.nan for metric in METRICS for summary in SUMMARIES}
    parts = [_repetition(frame) for frame in frames]
    raw = [part.raw for part in parts]
    curves = [part for part in parts if part.mapped is not None]
    statistics: dict[str, tuple[Any, Any]] = {
        "srocc": (bootstrap.weighted_srocc, raw),
        "plcc": (bootstrap.weighted_plcc, raw),
        "plcc_mapped": (bootstrap.weighted_plcc, [part.rising for part in curves]),
        "krocc": (bootstrap.weighted_krocc, raw),
        "rmse": (bootstrap.weighted_rmse, raw),
        "rmse_mapped": (bootstrap.weighted_rmse, [part.mapped for part in curves]),
    }
    found: dict[str, float] = {}
    for metric, (statistic, repetitions) in statistics.items():
        each = np.array([part.values[metric] for part in parts])
        usable = np.isfinite(each).any() and (metric != "rmse" or same_units)
        samples = (
            bootstrap.repeated_bootstrap(repetitions, statistic=statistic, resamples=RESAMPLES)
            if usable
            else np.array([math.nan])
        )
        low, high = bootstrap.interval(samples)
        each = each[np.isfinite(each)] if usable else np.array([math.nan])
        sd = float(each.std(ddof=1)) if len(each) > 1 else math.nan
        summary = (float(np.median(each)), float(each.mean()), sd, low, high)
        found |= {f"{metric}_{name}": value for name, value in zip(SUMMARIES, summary, strict=True)}
    return found


@dataclass(frozen=True)
class _Repetition:
    """One repetition's predictions, raw and mapped, and its statistics."""

    raw: tuple[Any, Any, Any]
    mapped: tuple[Any, Any, Any] | None
    """None where no curve could be fitted."""
    rising: tuple[Any, Any, Any] | None
    """The mapped predictions, turned round where the fitted curve falls: signs are not hidden."""
    values: Mapping[str, float]


def _repetition(frame: pd.DataFrame) -> _Repetition:
    from iqabench.stats.agreement import agreement
    from iqabench.stats.logistic import LogisticFitError, fit_logistic

    prediction, quality, content = raw = _arrays(frame, "prediction")
    found = agreement(prediction, quality)
    sign = -1.0 if found.mapping_rises is False else 1.0
    try:
        mapped = fit_logistic(prediction, quality, parameters=4)(prediction)
    except LogisticFitError:
        return _Repetition(raw, None, None, vars(found))
    values = {**vars(found), "plcc_mapped": sign * found.plcc_mapped}
    return _Repetition(raw, (mapped, quality, content), (sign * mapped, quality, content), values)


def _arrays(frame: pd.DataFrame, column: str) -> tuple[Any, Any, Any]:
    return (
        frame[column].to_numpy(),
        frame["quality"].to_numpy(),
        frame["content"].to_numpy(dtype=str),
    )


def _difference(first: Group, second: Group) -> dict[str, Any]:
    import numpy as np

    from iqabench.stats import bootstrap

    pairs = []
    for a, b in zip(first.repetitions(), second.repetitions(), strict=True):
        both = (
            a[["image", "content", "quality", "prediction"]]
            .merge(b[["image", "prediction"]], on="image", suffixes=("_a", "_b"))
            .dropna()
        )
        if len(both):
            pairs.append(both)
    keys = {
        "a": first.keys["label"],
        "b": second.keys["label"],
        "test": first.keys["test"],
        "protocol": first.keys["protocol"],
        "contents": len({content for pair in pairs for content in pair["content"]}),
    }
    if not pairs:
        return {**keys, "difference": math.nan, "low": math.nan, "high": math.nan}
    samples, means = [], []
    for side in ("prediction_a", "prediction_b"):
        repetitions = [_arrays(pair, side) for pair in pairs]
        samples.append(bootstrap.repeated_bootstrap(repetitions, resamples=RESAMPLES))
        means.append(_mean_srocc(repetitions))
    low, high = bootstrap.interval(np.asarray(samples[0]) - np.asarray(samples[1]))
    return {**keys, "difference": means[0] - means[1], "low": low, "high": high}


def _mean_srocc(repetitions: list[Any]) -> float:
    import numpy as np

    from iqabench.stats.agreement import srocc

    each = np.array([srocc(prediction, quality) for prediction, quality, _ in repetitions])
    defined = each[np.isfinite(each)]
    return float(defined.mean()) if len(defined) else math.nan

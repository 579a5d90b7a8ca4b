"""The noise band: how far a model's SROCC moves under changes that should not matter."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from iqabench.report.cache import cached
from iqabench.report.evaluations import Group, groups, mean_defined
from iqabench.report.tables import PROXY
from iqabench.store import Store
from iqabench.store.records import StressRecord, stress_id

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Band:
    """The range of a model's mean SROCC over changes that should not matter."""

    low: float
    high: float
    changes: int

    @property
    def width(self) -> float:
        """``high`` minus ``low``. Models are not ranked by SROCC differences up to this width."""
        return self.high - self.low


def table(store: Store, record: StressRecord) -> pd.DataFrame:
    """One row per change of a stress study; the first row is the unchanged model.

    Returns:
        ``change``; ``immaterial``, whether the change counts for the band; ``agreement``, the SROCC
        between the predictions of the changed and the unchanged model; ``srocc`` and ``plcc`` of
        the changed model with the labels; ``srocc_change``, that SROCC minus the unchanged model's;
        ``scored``, the share of the unchanged model's scored pictures that the changed model also
        scored. All numbers are means over the tested parts; correlations use the pictures that both
        models scored.
    """
    import pandas as pd

    rows = [
        {
            "change": change.name,
            "immaterial": change.immaterial,
            **_means(store, record, change.predict),
        }
        for change in record.changes
    ]
    return pd.DataFrame(rows)


def band(found: pd.DataFrame) -> Band:
    """The noise band of a stress study's `table`; nan if no immaterial change has scores."""
    counted = found[found["immaterial"]]["srocc"].dropna()
    if len(counted) < 2:  # nothing was changed, or every change failed
        return Band(math.nan, math.nan, 0)
    return Band(float(counted.min()), float(counted.max()), len(counted) - 1)


def names(store: Store, records: Sequence[StressRecord]) -> list[str]:
    """The model's name in each study: its label, with what differs where labels collide."""
    shown = [(record.label, record.train, record.test) for record in records]
    called = {(group.record.label, group.record.config): group.name for group in groups(store)}
    return [
        called.get((one.label, one.config), f"{one.label} config={one.config[:8]}")
        if shown.count(where) > 1
        else one.label
        for one, where in zip(records, shown, strict=True)
    ]


def bands(store: Store) -> dict[str, Band]:
    """ID of a stress study -> its band, for all studies in a store; bands are cached there."""
    return {record.id: _band(store, record) for record in studies(store)}


def studies(store: Store) -> list[StressRecord]:
    """The stress studies of a store, without those of which the labels are damaged."""
    return [one for one in store.stresses() if store.has_table(one.test, one.test_hash)]


def _band(store: Store, record: StressRecord) -> Band:
    jobs = [store.job(name) for change in record.changes for name in change.predict]
    # A failed job may be done again.
    ends = [str(job and (job.record.began, [f.sha256 for f in job.record.files])) for job in jobs]
    parts = [record.digest, *ends]
    return Band(**cached(store, "band", parts, 0, lambda: vars(band(table(store, record)))))


def width(bands: Mapping[str, Band], group: Group) -> float:
    """Width of the noise band of a group's model.

    nan if the store has no stress study of it, and for a mean over groups of pictures, since the
    band is one of all pictures.
    """
    if group.within:
        return math.nan
    record = group.record
    found = bands.get(stress_id(record.config, record.train, record.test, record.test_hash))
    return math.nan if found is None else found.width


def covering(better: Mapping[str, Any], worse: Mapping[str, Any]) -> float | None:
    """Width of the wider noise band of two rows if their SROCCs differ by no more, else None."""
    known = [row["noise_band"] for row in (better, worse) if math.isfinite(row["noise_band"])]
    apart = better["srocc_mean"] - worse["srocc_mean"]
    return max(known) if known and apart <= max(known) else None


def unranked(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each pair of neighbours on a leaderboard whose order may be noise.

    Args:
        rows: the rows of a leaderboard, best first within each test set and protocol.
    """
    lines = []
    for better, worse in pairwise(rows):
        same = all(better[key] == worse[key] for key in ("test", "protocol"))
        noise = covering(better, worse) if same else None
        if noise is not None:
            lines.append(
                f"inside the noise band: {better['model']} and {worse['model']} on "
                f"{better['test']} differ by {better['srocc_mean'] - worse['srocc_mean']:.3f}, "
                f"noise moves SROCC by {noise:.3f}: not ranked"
            )
    return lines


def _means(store: Store, record: StressRecord, predicts: Iterable[str]) -> dict[str, float]:
    base = record.changes[0].predict
    labels = store.table(record.test, record.test_hash)[["image", "quality"]]
    pairs = zip(base, predicts, strict=True)
    each = [_of_part(labels, store, record.direction, *pair) for pair in pairs]
    return {name: mean_defined(one[name] for one in each) for name in each[0]}


def _of_part(
    labels: pd.DataFrame, store: Store, direction: str, base: str, changed: str
) -> dict[str, float]:
    from iqabench.stats.agreement import plcc, srocc

    sign = -1.0 if direction == "lower" else 1.0
    plain, other = (_scores(store, name) for name in (base, changed))
    part = labels.merge(plain, on="image")
    both = part.merge(other, on="image", how="left", suffixes=("", "_changed"))
    scored = both.dropna()
    before = sign * scored["prediction"].to_numpy()
    after = sign * scored["prediction_changed"].to_numpy()
    quality = scored["quality"].to_numpy()
    return {
        "agreement": srocc(before, after),
        "srocc": srocc(after, quality),
        "srocc_change": srocc(after, quality) - srocc(before, quality),
        "plcc": plcc(after, quality),
        "scored": len(scored) / len(both) if len(both) else math.nan,
    }


def _scores(store: Store, predict: str) -> pd.DataFrame:
    """A job's predictions; an empty frame if the job failed."""
    import pandas as pd

    job = store.job(predict)
    if job is None or not job.done:
        return pd.DataFrame({"image": pd.Series(dtype=str), "prediction": pd.Series(dtype=float)})
    return store.predictions(predict)[["image", "prediction"]]


def notes(test: str, band: Band, labels: str) -> list[str]:
    """The necessary footnotes of a stress study of a model on a test set."""
    if math.isnan(band.width):
        return [f"no noise band on {test}: no change that should not matter was made"]
    line = (
        f"noise band on {test}: SROCC {band.low:.3f} to {band.high:.3f}, {band.width:.3f} wide, "
        f"over {band.changes} immaterial changes"
    )
    return [line, *([PROXY] if labels == "proxy" else [])]

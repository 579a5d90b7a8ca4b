"""How far a model's SROCC moves when nothing that matters is changed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from iqabench.report.cache import cached
from iqabench.report.evaluations import Group, mean_defined
from iqabench.store import Store
from iqabench.store.fingerprints import digest

if TYPE_CHECKING:
    import pandas as pd

KEY = ("config", "train", "test", "test_hash")
"""What a band belongs to: a model configuration, trained and tested on these."""


@dataclass(frozen=True)
class Band:
    """The range of a model's mean SROCC over changes that should not matter."""

    low: float
    high: float
    changes: int

    @property
    def width(self) -> float:
        """High minus low: SROCC differences below it are no order."""
        return self.high - self.low


def table(store: Store, record: Mapping[str, Any]) -> pd.DataFrame:
    """One row per change of a stress study, the model as it is first.

    Returns:
        ``change``; ``immaterial``, whether it counts for the band; ``agreement``, the SROCC between
        its predictions and those of the model as it is; ``srocc`` against the labels and
        ``srocc_change``; ``plcc``; ``scored``, the share of pictures with a prediction. All are
        means over the parts that were tested, of the pictures that both have scored.
    """
    import pandas as pd

    rows = [
        {
            "change": change["name"],
            "immaterial": change["immaterial"],
            **_means(store, record, change["predict"]),
        }
        for change in record["changes"]
    ]
    return pd.DataFrame(rows)


def band(found: pd.DataFrame) -> Band:
    """The noise band of one stress study's `table`; nan where nothing could be changed."""
    counted = found[found["immaterial"]]["srocc"].dropna()
    if len(counted) < 2:  # nothing was changed, or every change failed
        return Band(math.nan, math.nan, 0)
    return Band(float(counted.min()), float(counted.max()), len(counted) - 1)


def bands(store: Store) -> dict[tuple[Any, ...], Band]:
    """The bands of all stress studies in a store, by :data:`KEY`; each is kept in its cache."""
    return {tuple(record[key] for key in KEY): _band(store, record) for record in store.stresses()}


def _band(store: Store, record: Mapping[str, Any]) -> Band:
    jobs = [store.job(name) for change in record["changes"] for name in change["predict"]]
    ends = [str(job and job.record["began"]) for job in jobs]  # a failed job may be done again
    parts = [digest(record), *ends]
    return Band(**cached(store, "band", parts, 0, lambda: vars(band(table(store, record)))))


def width(bands: Mapping[tuple[Any, ...], Band], group: Group) -> float:
    """Width of the band of a group's model; nan where nobody studied it."""
    found = bands.get(tuple(group.keys[key] for key in KEY))
    return math.nan if found is None else found.width


def covering(better: Mapping[str, Any], worse: Mapping[str, Any]) -> float | None:
    """Width of the wider of two rows' noise bands where it covers their difference, else None."""
    known = [row["noise_band"] for row in (better, worse) if math.isfinite(row["noise_band"])]
    apart = better["srocc_mean"] - worse["srocc_mean"]
    return max(known) if known and apart <= max(known) else None


def unranked(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each pair of neighbours on a leaderboard that noise alone could exchange.

    Args:
        rows: of a leaderboard, best first within each test set and protocol.
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


def _means(store: Store, record: Mapping[str, Any], predicts: Iterable[str]) -> dict[str, float]:
    base = record["changes"][0]["predict"]
    labels = store.table(record["test"], record["test_hash"])[["image", "quality"]]
    pairs = zip(base, predicts, strict=True)
    each = [_of_part(labels, store, record["direction"], *pair) for pair in pairs]
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
    """A job's predictions; those of a job that failed are none."""
    import pandas as pd

    job = store.job(predict)
    if job is None or not job.done:
        return pd.DataFrame({"image": pd.Series(dtype=str), "prediction": pd.Series(dtype=float)})
    return store.predictions(predict)[["image", "prediction"]]

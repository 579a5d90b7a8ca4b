"""Says why a row of the leaderboard lacks a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from iqabench.report.evaluations import Group

if TYPE_CHECKING:
    import pandas as pd

ONE_CONTENT = "one content has no interval"
LONGEST = 160
"""Most letters of an error that are shown."""


def reason(
    group: Group,
    frames: Sequence[pd.DataFrame],
    scored: Sequence[pd.DataFrame],
    found: Mapping[str, float],
) -> str:
    """Why SROCC, the mapped numbers or the interval are undefined; empty if all are defined.

    Args:
        group: the row's group.
        frames: its repetitions.
        scored: their pictures that have a prediction.
        found: the row's statistics.
    """
    if not any(map(len, frames)):
        return "no picture is left to test"
    if not any(map(len, scored)):
        return _failure(group) or "no tested picture has a score"
    if _undefined(found["srocc_mean"]):
        why = _why_no_correlation(scored)
        return f"{why}, in each {group.within}" if group.within else why
    reasons = []
    if _undefined(found["srocc_low"]):
        contents = {content for frame in scored for content in frame["content"]}
        one = len(contents) == 1
        reasons.append(ONE_CONTENT if one else "no resample defines an interval")
    if _undefined(found["plcc_mapped_mean"]):
        reasons.append("no curve can be fitted to its few predictions, or only a flat one")
    return "; ".join(reasons)


def _undefined(value: float) -> bool:
    return value != value


def _failure(group: Group) -> str:
    """The first error of the group's failed jobs; the fit's, where a fit failed."""
    failed = [job for job in (*group.fits(), *group.predicts()) if not job.done]
    if not failed:
        return ""
    first = next(iter(failed[0].error.splitlines()), "")
    told = first if len(first) <= LONGEST else first[: LONGEST - 1] + "…"
    return f"every job failed: {told}" if told else "every job failed"


def _why_no_correlation(scored: Sequence[pd.DataFrame]) -> str:
    from iqabench.stats.agreement import MIN_SAMPLES

    whole = [frame for frame in scored if len(frame) >= MIN_SAMPLES]
    if not whole:
        most = max(map(len, scored))
        return f"a correlation needs {MIN_SAMPLES} scored pictures, there {_are(most)}"
    if all(frame["prediction"].nunique() == 1 for frame in whole):
        return "all predictions are equal"
    if all(frame["quality"].nunique() == 1 for frame in whole):
        return "all labels are equal"
    return "predictions or labels are equal in every repetition"


def _are(count: int) -> str:
    return f"{'is' if count == 1 else 'are'} {count}"


def footnotes(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each reason, with the models and test sets that it holds for."""
    who: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row["undefined"]:
            who.setdefault((row["undefined"], row["test"]), []).append(row["model"])
    return [
        f"-: {', '.join(dict.fromkeys(models))} on {test}: {why}"
        for (why, test), models in who.items()
    ]


def of_pair(a: Mapping[str, Any], b: Mapping[str, Any]) -> str:
    """Why two rows of the leaderboard have no difference in SROCC, or no interval of it."""
    reasons: dict[str, list[str]] = {}
    for row in (a, b):
        if _undefined(row["srocc_low"]):
            reasons.setdefault(row["undefined"], []).append(row["model"])
    told = [f"{' and '.join(models)}: {why}" for why, models in reasons.items()]
    return "; ".join(told) or "they share one content only, or no repetition that defines both"

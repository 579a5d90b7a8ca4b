"""What a score means to people: its scale, its band and its interval. Nothing imports torch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iqabench.contract.cards import Calibration
from iqabench.data.scored import PictureScore


def calibrated(
    row: PictureScore, error: float | None, calibration: Calibration, warning: str | None
) -> PictureScore:
    """A row with its score cut to the scale, its band, its 90% interval and a warning.

    The interval is cut to the scale, too. A row without a score stays as it is. ``error`` is the
    expected error of the score, which a calibration by expected error needs.
    """
    if row.score is None:
        return row
    score = _cut(row.score, calibration)
    points, widths = zip(*calibration.errors, strict=True)
    at = score if calibration.by == "score" else error
    assert at is not None, "such a calibration belongs to a model that tells its expected error"
    half = float(np.interp(at, points, widths))
    return replace(
        row,
        score=score,
        band=band(score, calibration),
        low=_cut(score - half, calibration),
        high=_cut(score + half, calibration),
        warning=warning,
    )


def band(score: float, calibration: Calibration) -> str:
    """The name of the highest band that begins at or below a score; else of the lowest band."""
    names = [name for name, lowest in calibration.bands if score >= lowest]
    return names[-1] if names else calibration.bands[0][0]


def _cut(score: float, calibration: Calibration) -> float:
    return min(max(score, calibration.lowest), calibration.highest)

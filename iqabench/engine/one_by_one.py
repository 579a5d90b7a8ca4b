"""Scores pictures one by one. A picture that fails keeps its row, with the error."""

from __future__ import annotations

import errno
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from iqabench.engine.time_limit import TookTooLong, picture_limit
from iqabench.engine.work_time import measured


@dataclass(frozen=True)
class Prediction:
    """One picture's score, or why it has none."""

    image: str
    prediction: float
    seconds: float | None
    """The time of the model's work; None if a cache served a part of it, or if it failed."""
    error: str | None = None


Score = Callable[[str], float]
"""A picture's score by its name."""
OF_THE_MACHINE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ENOMEM, errno.EMFILE, errno.ENFILE}
)
"""Numbers of system errors that say nothing of a model or a picture: a full disk and the like."""


def predictions(names: Sequence[str], score: Score) -> Iterator[Prediction]:
    """Score pictures one by one; an exception or a non-finite score fails that picture alone.

    Raises:
        TookTooLong: a picture takes longer than is allowed. The next pictures are not tried.
        MemoryError: there is not enough memory; like the next, no fault of the picture.
        OSError: the machine failed, by one of the numbers :data:`OF_THE_MACHINE`.
    """
    for name in names:
        try:
            with picture_limit(name), measured() as work:
                value = score(name)
            row = judged(name, value, work.seconds)
        except (TookTooLong, MemoryError):
            raise
        except (Exception, SystemExit) as problem:
            if isinstance(problem, OSError) and problem.errno in OF_THE_MACHINE:
                raise
            row = Prediction(name, math.nan, None, f"{type(problem).__name__}: {problem}")
        yield row


def judged(name: str, value: float, seconds: float | None) -> Prediction:
    """The row of a picture that the model has scored; a score that is not finite is an error."""
    finite = math.isfinite(value)
    error = None if finite else f"ScoreError: the score is {value}"
    return Prediction(name, value if finite else math.nan, seconds, error)

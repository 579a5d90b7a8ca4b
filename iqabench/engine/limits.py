"""A limit to the time one picture may take, so that a model that hangs fails alone."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from iqabench.contract.errors import ScoreError

PICTURE_SECONDS = 600.0
"""MANIQA's twenty crops take a tenth of it on two slow cores."""


class TookTooLong(ScoreError):
    """One picture took so long that the others are not tried."""


class _Late(BaseException):
    """Not an Exception, so that no handler in a model's own code swallows it."""


@contextmanager
def picture_limit(name: str) -> Iterator[None]:
    """End the work on a picture after ``PICTURE_SECONDS``.

    A signal does it, which only the main thread of a POSIX system receives, and only between two
    steps of the interpreter; elsewhere there is no limit.

    Raises:
        TookTooLong: the time is over.
    """
    alarm = getattr(signal, "SIGALRM", None)
    if alarm is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise _Late

    before = signal.signal(alarm, ring)
    signal.setitimer(signal.ITIMER_REAL, PICTURE_SECONDS)
    try:
        yield
    except _Late:
        raise TookTooLong(
            f"{name} took more than {PICTURE_SECONDS:g} s", "the model hangs, or is too slow here"
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(alarm, before)

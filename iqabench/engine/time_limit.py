"""Limits the time that one picture may take, so that a model that hangs fails only its own job."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from iqabench.contract.errors import ScoreError

PICTURE_SECONDS = 600.0
"""MANIQA's twenty crops take a tenth of this time on two slow cores."""
RINGS = 10
"""The time is counted in this many parts. A process that is suspended, as by Ctrl-Z or by a
cluster's scheduler, misses at most one of them, however long it rests."""


class TookTooLong(ScoreError):
    """One picture took so long that the others are not tried."""


class _Late(BaseException):
    """Ends the work on a picture. It is no Exception, so that no handler in a model catches it."""


@contextmanager
def picture_limit(name: str) -> Iterator[None]:
    """End the work on a picture after ``PICTURE_SECONDS`` in which the process was not suspended.

    A signal ends the work. Only the main thread of a POSIX system receives it; elsewhere there is
    no limit. Python handles a signal between two of its own steps, so compiled code runs on until
    it returns.

    Raises:
        TookTooLong: the time is over.
    """
    alarm = getattr(signal, "SIGALRM", None)
    if alarm is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    left = RINGS

    def ring(number: int, frame: FrameType | None) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            raise _Late

    part = PICTURE_SECONDS / RINGS
    before = signal.signal(alarm, ring)
    signal.siginterrupt(alarm, False)  # a system call goes on after a ring that ends nothing
    signal.setitimer(signal.ITIMER_REAL, part, part)
    try:
        yield
    except _Late:
        raise TookTooLong(
            f"{name} took more than {PICTURE_SECONDS:g} s", "the model hangs, or is too slow here"
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(alarm, before)

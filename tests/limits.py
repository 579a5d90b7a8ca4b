"""Limits on the time of a call, and on how much strange input tests try without being asked."""

import os
import signal
from contextlib import contextmanager

import pytest

ALL = "IQABENCH_TESTS_FUZZ_ALL"
"""The variable that `make fuzz` sets."""


whole_fuzz = (
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get(ALL), reason="`make fuzz` tries the rest of a fuzz"),
)
"""Marks of the rest of a fuzz, whose beginning has tried every kind of damage often."""


class HungError(BaseException):
    """No code under test may catch it."""


@contextmanager
def bounded(seconds, what=""):
    """Raises HungError where the code inside takes longer than ``seconds``."""

    def stop(*_):
        raise HungError(what)

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)

"""A limit on the time of a call, for tests of what strange input does."""

import signal
from contextlib import contextmanager


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

"""The interface through which long work reports its progress."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Tick = Callable[[int, int, str], None]
"""A function that long work calls with (done, total, what) while it goes on."""

ALL_JOBS = "all jobs"
"""Title of the work that has every job of a run in it."""


class Summary(str):
    """What a piece of work came to: the ``what`` of its last tick, which a watcher may keep."""


class Watcher(Protocol):
    """Shows progress. Every method may do nothing."""

    def task(self, title: str) -> AbstractContextManager[Tick]:
        """Begin a piece of work, which calls the context's value with (done, total, what)."""

    def say(self, line: str) -> None:
        """Show a line that stays."""

    def fail(self, line: str) -> None:
        """Show a line on work that failed, also where other lines are not wanted."""


class Silent:
    """Shows nothing."""

    def task(self, title: str) -> AbstractContextManager[Tick]:
        """Ignore every call."""
        return nullcontext(lambda done, total, what: None)

    def say(self, line: str) -> None:
        """Ignore the line."""

    def fail(self, line: str) -> None:
        """Ignore the line: what failed is in the results."""

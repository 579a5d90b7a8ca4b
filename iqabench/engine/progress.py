"""What long work tells whoever watches."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from iqabench.data.tables import Tick


class Watcher(Protocol):
    """Shows progress. Every method may do nothing."""

    def task(self, title: str) -> AbstractContextManager[Tick]:
        """A piece of work; the context's value is called with (done, total, what)."""

    def say(self, line: str) -> None:
        """One line that stays."""


class Silent:
    """Shows nothing."""

    def task(self, title: str) -> AbstractContextManager[Tick]:
        """A tick that goes nowhere."""
        return nullcontext(lambda done, total, what: None)

    def say(self, line: str) -> None:
        """Nothing."""

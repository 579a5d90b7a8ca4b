"""Shows progress: a bar per job on a terminal, a line per job elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from iqabench.contract.progress import Silent, Tick
from iqabench.report.tables import visible

EVERY = 15.0
"""Seconds between two lines of progress without a terminal."""


class Notices(Silent):
    """No progress, but lines that a user must see."""

    def say(self, line: str) -> None:
        """Print a line on standard error."""
        click.echo(visible(line, keep="\n"), err=True)


class RichWatcher:
    """Progress on standard error."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)

    @contextmanager
    def task(self, title: str) -> Iterator[Tick]:
        """Show a bar with the current item and the time left; without a terminal, lines.

        The last line has the title and the time taken. It is left out for work of less than 0.5 s.
        Before, a line says how far the work has come, at most every ``EVERY`` seconds.
        """
        if not self.console.is_terminal:
            start = time.perf_counter()
            yield self._lines(title)
            seconds = time.perf_counter() - start
            if seconds >= 0.5:
                self.say(f"{title}: {seconds:.1f} s")
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[what]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.console, transient=True) as progress:
            bar = progress.add_task(title, total=None, what="")
            yield lambda done, total, what: progress.update(
                bar, completed=done, total=total, what=f"{what} {done}/{total}"
            )

    def _lines(self, title: str) -> Tick:
        said = time.monotonic()

        def tick(done: int, total: int, what: str) -> None:
            nonlocal said
            if time.monotonic() - said >= EVERY:
                said = time.monotonic()
                self.say(f"{title}: {what} {done}/{total}")

        return tick

    def say(self, line: str) -> None:
        """Print a line that stays on the screen."""
        self.console.print(visible(line, keep="\n"), markup=False, soft_wrap=True)

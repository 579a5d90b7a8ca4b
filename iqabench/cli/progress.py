"""Shows progress: a bar per job on a terminal, lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from iqabench.contract.progress import Silent, Tick
from iqabench.report.tables import visible

FIRST_LINE, NEXT_LINES = 3.0, 30.0
"""Seconds after which work that still goes on gets a line, and between its further lines."""


class Failures(Silent):
    """No progress, but what failed."""

    def fail(self, line: str) -> None:
        """Print a line on standard error."""
        click.echo(visible(line), err=True)


class Notices(Failures):
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

        Work of more than a few seconds then has a line soon after its beginning and one every half
        minute. The last line has the title and the time taken. It is left out for work of less
        than 0.5 s.
        """
        if not self.console.is_terminal:
            start = time.perf_counter()
            with _lines(title, self.say) as tick:
                yield tick
            seconds = time.perf_counter() - start
            if seconds >= 0.5:
                self.say(f"{title}: {seconds:.1f} s")
            return
        bars = self._bars
        bar = bars.add_task(title, total=None, what="")
        bars.start()
        try:
            yield lambda done, total, what: bars.update(
                bar, completed=done, total=total, what=f"{what} {done}/{total}"
            )
        finally:
            bars.remove_task(bar)
            if not bars.tasks:
                bars.stop()

    @cached_property
    def _bars(self) -> Progress:
        """The bars of all work that goes on; the console can show one such group."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[what]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        return Progress(*columns, console=self.console, transient=True)

    def say(self, line: str) -> None:
        """Print a line that stays on the screen."""
        self.console.print(visible(line, keep="\n"), markup=False, soft_wrap=True)

    def fail(self, line: str) -> None:
        """Print a line that stays on the screen."""
        self.say(visible(line))


@contextmanager
def _lines(title: str, say: Callable[[str], None]) -> Iterator[Tick]:
    """Say now and then how far the work is; a thread does so, since work may tick rarely."""
    at = " ..."
    ended = threading.Event()

    def tick(done: int, total: int, what: str) -> None:
        nonlocal at
        at = f": {what} {done}/{total}"

    def speak() -> None:
        wait = FIRST_LINE
        while not ended.wait(wait):
            say(f"{title}{at}")
            wait = NEXT_LINES

    speaker = threading.Thread(target=speak, name=f"progress of {title}", daemon=True)
    speaker.start()
    try:
        yield tick
    finally:
        ended.set()
        speaker.join()

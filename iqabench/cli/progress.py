"""Shows progress: a bar per job on a terminal, lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from iqabench.contract.progress import Silent, Summary, Tick
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


class _Left(ProgressColumn):
    """The time left, if the rest goes as what has been done did; empty until something has."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        """A time as ``left 0:05:10``."""
        if not task.completed or task.total is None or task.elapsed is None:
            return Text("")
        done, at = task.fields.get("ticked", (None, 0.0))
        if done != task.completed:
            done, at = task.fields["ticked"] = (task.completed, task.elapsed)
        # Between two ticks the rest shrinks with the clock.
        left = at * (task.total - done) / done - (task.elapsed - at)
        return Text(f"left {timedelta(seconds=max(0, round(left)))}", style="progress.remaining")


class RichWatcher:
    """Progress on standard error."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)

    @contextmanager
    def task(self, title: str) -> Iterator[Tick]:
        """Show a bar with the current item and the time left; without a terminal, lines.

        Work of more than a few seconds then has a line soon after its beginning and one every half
        minute. The last line has the title, the time taken and what the work came to. Where that
        is not known, a terminal has no such line, and neither has work of less than 0.5 s.
        """
        start, came_to = time.perf_counter(), ""

        def noted(tick: Tick) -> Tick:
            def note(done: int, total: int, what: str) -> None:
                nonlocal came_to
                if isinstance(what, Summary):
                    came_to = what
                else:
                    tick(done, total, what)

            return note

        terminal = self.console.is_terminal
        with self._bar(title) if terminal else _lines(title, self.say) as tick:
            yield noted(tick)
        seconds = time.perf_counter() - start
        if came_to or (seconds >= 0.5 and not terminal):
            self.say(f"{title}: {seconds:.1f} s" + (f"; {came_to}" if came_to else ""))

    @contextmanager
    def _bar(self, title: str) -> Iterator[Tick]:
        """A bar for the length of some work."""
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
        """The bars of all work that goes on; the console can show one such group.

        Titles are cut where the terminal is narrow, times are not.
        """
        whole = Column(no_wrap=True)
        columns = (
            TextColumn(
                "{task.description}",
                table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
                markup=False,
            ),
            BarColumn(bar_width=12, table_column=whole),
            TextColumn("{task.fields[what]}", table_column=whole, markup=False),
            TimeElapsedColumn(table_column=whole),
            _Left(table_column=whole),
        )
        return Progress(*columns, console=self.console, transient=True, expand=True)

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

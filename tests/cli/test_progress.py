import io
import threading
import time

import pytest
from rich.console import Console

from iqabench.cli import progress
from iqabench.cli.progress import RichWatcher
from iqabench.contract.progress import Summary

TITLE = "[1/4] fit biosiqnet-lite on my-set, seed 0 (split 38db04)"


@pytest.fixture
def watch(monkeypatch, capsys):
    """A watcher without a terminal, with lines 300 times as often; and all lines so far."""
    monkeypatch.setattr(progress, "FIRST_LINE", 0.01)
    monkeypatch.setattr(progress, "NEXT_LINES", 0.1)
    found = []

    def lines():
        found.extend(capsys.readouterr().err.splitlines())
        return found

    return RichWatcher(), lines


def wait_for(lines, count):
    until = time.monotonic() + 20
    while len(lines()) < count and time.monotonic() < until:
        time.sleep(0.005)
    return lines()


def test_work_that_never_ticks_has_lines_off_a_terminal(watch):
    watcher, lines = watch
    with watcher.task("fit a"):
        assert wait_for(lines, 2)[:2] == ["fit a ...", "fit a ..."]


def test_a_line_says_how_far_the_work_is(watch):
    watcher, lines = watch
    with watcher.task("fit a") as tick:
        tick(3, 40, "epoch 1/5")
        assert wait_for(lines, 1)[0] == "fit a: epoch 1/5 3/40"


def test_short_work_has_no_line_and_leaves_no_thread(watch, monkeypatch):
    monkeypatch.setattr(progress, "FIRST_LINE", 3.0)
    watcher, lines = watch
    before = threading.active_count()
    with watcher.task("fit a") as tick:
        tick(1, 1, "x")
    assert lines() == []
    assert threading.active_count() == before


def test_a_failure_ends_the_lines(watch):
    watcher, lines = watch
    before = threading.active_count()
    with pytest.raises(ValueError, match="broken"), watcher.task("fit a"):
        raise ValueError("broken")
    assert threading.active_count() == before
    count = len(lines())
    time.sleep(0.3)
    assert len(lines()) == count


def test_the_first_line_comes_within_ten_seconds_and_the_next_within_thirty():
    assert progress.FIRST_LINE < 10 / 2  # the rest is for the program's start
    assert progress.NEXT_LINES <= 30


def test_work_says_what_it_came_to_however_short_it_was(watch):
    watcher, lines = watch
    with watcher.task("fit a") as tick:
        tick(1, 1, Summary("validation SROCC 0.812"))
    assert lines() == ["fit a: 0.0 s; validation SROCC 0.812"]


@pytest.fixture
def terminal():
    """A watcher on a terminal of so many columns, and what its bars look like now."""

    def made(columns):
        watcher = RichWatcher()
        watcher.console = Console(
            file=io.StringIO(), force_terminal=True, width=columns, color_system=None
        )

        def shown():
            # The watcher's own console would print its bars again below them.
            paper = Console(file=io.StringIO(), width=columns, color_system=None)
            paper.print(watcher._bars.get_renderable())
            return paper.file.getvalue().splitlines()

        return watcher, shown

    return made


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_a_bar_cuts_its_title_and_keeps_its_times(terminal, columns):
    watcher, shown = terminal(columns)
    with watcher.task("all jobs") as whole, watcher.task(TITLE) as tick:
        whole(1, 4, "jobs")
        tick(3, 14, "epoch 1/2")
        first, second = shown()
    assert first.startswith("all jobs ") and " jobs 1/4 " in first
    assert second.startswith("[1/4] fit ") and "… " in second and " epoch 1/2 3/14 " in second
    for line in (first, second):
        assert len(line) <= columns and line.count("0:00:00") == 2 and "left" in line


def test_the_time_left_is_that_of_the_rest(terminal):
    watcher, shown = terminal(80)
    with watcher.task("all jobs") as tick:
        (task,) = watcher._bars.tasks
        task.start_time = 0.0  # so that differences are exact
        watcher._bars.get_time = task._get_time = lambda: 100.0
        tick(2, 6, "jobs")
        assert "0:01:40 left 0:03:20" in shown()[0]
        watcher._bars.get_time = task._get_time = lambda: 150.0
        assert "0:02:30 left 0:02:30" in shown()[0]


def test_a_finished_job_leaves_a_line_on_a_terminal(terminal):
    watcher, _ = terminal(80)
    with watcher.task(TITLE) as tick:
        tick(1, 1, Summary("loss quality 0.081 after 2 epochs; validation SROCC 0.368"))
    with watcher.task("reading demo"):
        pass
    text = watcher.console.file.getvalue()
    assert f"{TITLE}: 0.0 s; loss quality 0.081 after 2 epochs; validation SROCC 0.368" in text
    assert "reading demo: " not in text

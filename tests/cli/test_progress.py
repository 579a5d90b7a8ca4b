import threading
import time

import pytest

from iqabench.cli import progress
from iqabench.cli.progress import RichWatcher


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

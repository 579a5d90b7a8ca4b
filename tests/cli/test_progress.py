"""Progress without a terminal."""

import pytest

from iqabench.cli import progress
from iqabench.cli.progress import RichWatcher


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""
    time = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: time[0])
    return time


def test_without_a_terminal_a_line_from_time_to_time_says_how_far_it_is(capsys, clock):
    with RichWatcher().task("comparing a and b") as tick:
        for second in range(0, 50, 5):
            clock[0] = second
            tick(second, 50, "features")
    assert capsys.readouterr().err.splitlines() == [
        "comparing a and b: features 15/50",
        "comparing a and b: features 30/50",
        "comparing a and b: features 45/50",
    ]


def test_short_work_says_nothing(capsys, clock):
    with RichWatcher().task("reading a") as tick:
        tick(1, 1, "files")
    assert capsys.readouterr().err == ""

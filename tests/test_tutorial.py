"""Every command of docs/tutorial.md, in order, without a network."""

import re
import socket

import pytest
import tutorial

PAGE = tutorial.PAGE.read_text(encoding="utf-8")
STEPS = [step for block in tutorial.BLOCK.findall(PAGE) for step in tutorial.steps(block)]


@pytest.mark.slow
def test_every_command_prints_what_the_page_shows(tmp_path, monkeypatch, one_thread):
    def refuse(*arguments):
        raise OSError("no network in the tutorial")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IQABENCH_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    tutorial.prepare(tmp_path)
    names = {}
    for step in STEPS:
        code, printed = tutorial.play(tutorial.with_jobs(step.command, names))
        shown = tutorial.shortened(printed, step.lines)
        assert code == 0, step.command
        expected, found = (
            [tutorial.masked(line) for line in lines] for lines in (step.lines, shown)
        )
        assert found == expected, f"{step.command}: the page is old; run `make tutorial`"
        names.update(tutorial.jobs(step.lines, shown))
    exec(re.search(r"(?<=^```python\n).*?(?=^```$)", PAGE, re.DOTALL | re.MULTILINE)[0], {})
    assert "<table" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_nothing_is_typed_outside_the_tested_blocks():
    kinds = re.findall(r"^```(\w+)$", PAGE, re.MULTILINE)
    assert set(kinds) == {"sh", "console", "python"}
    assert kinds.count("sh") == kinds.count("python") == 1
    assert len(STEPS) > 10


def test_the_conclusion_has_the_numbers_of_the_page():
    quoted = " ".join(line for line in PAGE.splitlines() if line.startswith(">"))
    printed = "\n".join(line for step in STEPS for line in step.lines)
    numbers = re.findall(r"(?<!\d)\.\d{3}\b", quoted)
    assert len(numbers) == 3
    assert [number for number in numbers if f"0{number}" not in printed] == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("p01.png   46.91  lower", "p0.png 0 lower"),
        ("-----  --", "-- --"),
        ("0.848 [0.772, 0.925]", "0 [0, 0]"),
        ("ΔSROCC +0.074 [-0.043, +0.182]; p < 0.001", "ΔSROCC 0 [0, 0]; p = 0"),
        ("92fd8cc5  fit brisque on mine, seed 0", "JOB fit brisque on mine, seed 0"),
    ],
)
def test_what_is_masked(line, expected):
    assert tutorial.masked(line) == expected

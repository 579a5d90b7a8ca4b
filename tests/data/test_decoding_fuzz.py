"""Damaged files are decoded or refused, whatever the damage: see ``fuzz_images.py``."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from limits import whole_fuzz

PROGRAM = Path(__file__).with_name("fuzz_images.py")


def outcomes(folder, first, last):
    """What became of each damaged file, by its kind."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(PROGRAM), str(folder), str(first), str(last)],
        capture_output=True,
        text=True,
        errors="replace",
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"ended at {lines[-1:]}: {done.stderr[-2000:]}"
    assert list(folder.iterdir()) == [folder / "picture"]
    found = {(n, kind): told for n, kind, told in (line for line in lines if len(line) == 3)}
    assert [n for n, _ in found] == list(range(first, last))
    return found


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (0, 360),
        pytest.param(360, 1800, marks=pytest.mark.slow),
        pytest.param(1800, 6000, marks=whole_fuzz),
    ],
)
def test_a_damaged_file_is_decoded_or_refused(tmp_path, first, last):
    found = outcomes(tmp_path, first, last)
    bad = {place: told for place, told in found.items() if told not in ("decoded", "refused")}
    assert bad == {}
    for outcome in ("decoded", "refused"):  # every kind of damage leads to both
        damages = {kind.split()[1] for (_, kind), told in found.items() if told == outcome}
        assert damages == {"flip", "cut", "splice", "header", "number", "size"}

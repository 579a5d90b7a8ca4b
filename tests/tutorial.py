"""Plays the commands of docs/tutorial.md; ``python tests/tutorial.py`` records what they print.

A block of the kind ``console`` holds commands behind ``$`` and what each prints to standard output.
A line ``...`` stands for lines that are left out.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from iqabench.cli import main
from iqabench.kit.distort import distort
from iqabench.kit.places import shipped_file

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)
JOB = re.compile(r"\b[0-9a-f]{8}\b")
NUMBER = re.compile(r"[+-]?\d+(?:[.:]\d+)*")
WIDTH, HEIGHT = 144, 108
COLUMNS, ROWS = 3, 2
PHOTOS, RATED = ((0, 0), (1, 1), (2, 0)), ((0, 1), (2, 1))
"""Columns and rows of the pieces of a photograph that are photos, and of those that are rated."""
SOURCES = (
    "skimage:data/astronaut.png",
    "skimage:data/chelsea.png",
    "sklearn:datasets/images/china.jpg",
    "skimage:data/coffee.png",
    "sklearn:datasets/images/flower.jpg",
    "matplotlib:mpl-data/sample_data/grace_hopper.jpg",
    "skimage:data/motorcycle_left.png",
    "skimage:data/rocket.jpg",
)
SCENES, KINDS, LEVELS = 12, ("jpeg", "motion-blur"), (1, 3, 5)
"""Of the rated pictures."""


@dataclass(frozen=True)
class Step:
    """A command, and the lines that it prints."""

    command: str
    lines: list[str]


def steps(block: str) -> list[Step]:
    """The commands of a block."""
    found: list[Step] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append(Step(line[2:], []))
        else:
            found[-1].lines.append(line)
    return found


def prepare(folder: Path) -> None:
    """What the reader of the tutorial has: photos, rated pictures and scores made elsewhere."""
    photos, rated = folder / "photos", folder / "rated"
    photos.mkdir()
    rated.mkdir()
    for number, piece in enumerate(_pieces(PHOTOS), 1):
        Image.fromarray(piece).save(photos / f"p{number:02}.png")
    scenes = _pieces(RATED)[:SCENES]
    random = np.random.default_rng(0)
    ratings, scores = ["file,score,scene"], ["image,score"]
    for scene, kind, level in product(range(SCENES), KINDS, LEVELS):
        name = f"s{scene + 1:02}-{kind}-{level}.png"
        Image.fromarray(distort(scenes[scene], kind, level)).save(rated / name)
        ratings.append(f"{name},{5.2 - 0.8 * level + random.normal(0, 0.3):.2f},s{scene + 1:02}")
        scores.append(f"{name},{100 - 15 * level + random.normal(0, 20):.1f}")
    (rated / "ratings.csv").write_text("\n".join(ratings) + "\n")
    (folder / "elsewhere.csv").write_text("\n".join(scores) + "\n")


def _pieces(places: tuple[tuple[int, int], ...]) -> list[np.ndarray]:
    """Pieces of all photographs; each is cut once into ``COLUMNS`` by ``ROWS``."""
    found = []
    for (column, row), source in product(places, SOURCES):
        with Image.open(shipped_file(source)) as picture:
            small = ImageOps.fit(picture.convert("RGB"), (COLUMNS * WIDTH, ROWS * HEIGHT))
        left, top = column * WIDTH, row * HEIGHT
        found.append(np.asarray(small.crop((left, top, left + WIDTH, top + HEIGHT))))
    return found


def play(command: str) -> tuple[int, list[str]]:
    """Run a command in the current folder; its exit code, and the lines that it printed."""
    words = shlex.split(command)
    if words[0] != "iqabench":
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
        return done.returncode, done.stdout.splitlines()
    printed, code = io.StringIO(), 0
    with contextlib.redirect_stdout(printed), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", words)
        try:
            main()
        except SystemExit as leave:
            code = int(leave.code or 0)
    lines = printed.getvalue().replace(str(Path.cwd()), "~").splitlines()
    return code, [line.rstrip() for line in lines]


def masked(line: str) -> str:
    """A line without what may differ from machine to machine: numbers, names of jobs, widths."""
    line = re.sub(r"^(ms/image: the model alone, on ).*", r"\1...", line)
    line = re.sub(r"\bp < ", "p = ", NUMBER.sub("0", JOB.sub("JOB", line)))
    return " ".join(re.sub(r"-{2,}", "--", line).split())


def shortened(lines: list[str], before: list[str]) -> list[str]:
    """The lines with as many left out as before, where a line ``...`` stood."""
    if "..." not in before:
        return lines
    head, tail = before.index("..."), len(before) - 1 - before.index("...")
    return [*lines[:head], "...", *lines[len(lines) - tail :]]


def with_jobs(command: str, names: dict[str, str]) -> str:
    """The command with the names of jobs that stand for those on the page."""
    return JOB.sub(lambda found: names.get(found[0], found[0]), command)


def jobs(page: list[str], printed: list[str]) -> dict[str, str]:
    """Names of jobs on the page, with those that were printed in their places."""
    found = (re.findall(JOB, "\n".join(lines)) for lines in (page, printed))
    return dict(zip(*found, strict=False))


def record() -> None:
    """Play the whole page in a new folder, and write what was printed into it."""
    names: dict[str, str] = {}

    def again(block: re.Match[str]) -> str:
        made = []
        for step in steps(block[0]):
            command = with_jobs(step.command, names)
            code, printed = play(command)
            if code:
                raise SystemExit(f"{command}: exit code {code}")
            shown = shortened(printed, step.lines)
            names.update(jobs(step.lines, shown))
            made += [f"$ {command}", *shown]
        return "\n".join([*made, ""])

    PAGE.write_text(BLOCK.sub(again, PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        here = Path(place).resolve()
        os.environ.update({f"IQABENCH_{name}": str(here / name) for name in ("CACHE", "CONFIG")})
        os.environ["IQABENCH_DATA"] = str(here / "data")
        os.environ.pop("IQABENCH_STORE", None)
        prepare(here)
        os.chdir(here)
        record()

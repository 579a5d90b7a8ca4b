"""Draws the pictures of docs/statistics-in-words.md: ``make drawings``."""

from __future__ import annotations

import sys
from pathlib import Path

import agreement
import certainty
import desk
import labels

from iqabench.report import canvas

DRAWINGS = {one.__name__: one for room in (agreement, certainty, labels) for one in room.DRAWINGS}


def draw(folder: Path) -> None:
    """Write every drawing into a folder, as NAME.svg."""
    with desk.style():
        for name, make in DRAWINGS.items():
            canvas.save(make(), folder / f"{name}.svg")


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else desk.HERE)

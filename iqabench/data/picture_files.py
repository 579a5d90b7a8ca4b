"""Finds pictures in folders: by what the files hold, not by how their names end."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from iqabench.contract.errors import UsageError
from iqabench.data.picture_kinds import is_picture

NAMED = 3
"""Number of files that a line names at most."""


class Found(NamedTuple):
    """The files at some paths."""

    pictures: list[Path]
    others: list[Path]
    """Files in folders that are no pictures."""

    @property
    def note(self) -> str:
        """A line about the other files; empty if there are none."""
        return others_text([path.name for path in self.others])


def find_pictures(paths: Sequence[Path]) -> Found:
    """The given files, and all files in the given folders and below, without duplicates.

    A given file counts as a picture, whatever it holds. Hidden files and linked folders are looked
    at as all others. The order is that of ``paths``; the files of one folder are sorted by path.

    Raises:
        UsageError: a path does not exist, or a folder holds no picture or cannot be listed.
    """
    found = Found([], [])
    for path in paths:
        inside = [(path, True)]
        if path.is_dir():
            inside = [(one, is_picture(one)) for one in sorted(_files(path))]
        pictures, others = (
            [one for one, is_one in inside if is_one is kind] for kind in (True, False)
        )
        if not path.exists() or not pictures:
            held = f"; it holds {others_text([one.name for one in others])}" if others else ""
            raise UsageError(
                f"no picture at {path}{held}", "name pictures, or folders that hold some"
            )
        found.pictures.extend(pictures)
        found.others.extend(others)
    return Found(*(list(dict.fromkeys(paths)) for paths in found))


def others_text(names: Sequence[str]) -> str:
    """Files that are no pictures, in one line; empty if there are none."""
    if not names:
        return ""
    count = f"{len(names)} files that are" if len(names) > 1 else "1 file that is"
    what = "pictures" if len(names) > 1 else "picture"
    more = f", and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{count} no {what}: {', '.join(names[:NAMED])}{more}"


def _files(folder: Path) -> Iterator[Path]:
    """Everything in a folder and below that is no folder; a folder is entered once."""

    def refuse(error: OSError) -> None:
        raise UsageError(
            f"cannot list {error.filename}: {error.strerror}", "is it yours to read?"
        ) from error

    entered = set()
    for here, below, names in os.walk(folder, onerror=refuse, followlinks=True):
        real = os.path.realpath(here)
        if real in entered:
            below.clear()
            continue
        entered.add(real)
        below.sort()
        yield from (Path(here, name) for name in names)

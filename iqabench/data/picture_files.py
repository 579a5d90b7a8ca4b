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
HINT = "name pictures, or folders that hold some"


class Found(NamedTuple):
    """The files at some paths."""

    pictures: list[Path]
    others: list[Path]
    """Files in folders that are no pictures."""
    below: list[Path]
    """Folders in the given folders that were not entered."""

    @property
    def note(self) -> str:
        """A line about the other files and folders; empty if there are none."""
        left = others_text([path.name for path in self.others])
        return "; ".join(part for part in (left, below_text(self.below)) if part)


def find_pictures(paths: Sequence[Path], recursive: bool = True) -> Found:
    """The given files, and all files in the given folders, without duplicates.

    If ``recursive`` is true, folders in the given folders are entered, too.

    A given file counts as a picture, whatever it holds. Hidden files and linked folders are looked
    at as all others. The order is that of ``paths``; the files of one folder are sorted by path.

    Raises:
        UsageError: a path does not exist, or a folder holds no picture or cannot be listed.
    """
    found = Found([], [], [])
    for path in paths:
        inside, below = [(path, True)], list[Path]()
        if path.is_dir():
            files = sorted(_files(path) if recursive else _beside(path, below))
            inside = [(one, is_picture(one)) for one in files]
        pictures, others = (
            [one for one, is_one in inside if is_one is kind] for kind in (True, False)
        )
        if not path.exists() or not pictures:
            held = f"; it holds {others_text([one.name for one in others])}" if others else ""
            hint = "--recursive enters the folders in it" if below else HINT
            raise UsageError(f"no picture at {path}{held}", hint)
        found.pictures.extend(pictures)
        found.others.extend(others)
        found.below.extend(below)
    return Found(*(list(dict.fromkeys(paths)) for paths in found))


def others_text(names: Sequence[str]) -> str:
    """Files that are no pictures, in one line; empty if there are none."""
    if not names:
        return ""
    count = f"{len(names)} files that are" if len(names) > 1 else "1 file that is"
    what = "pictures" if len(names) > 1 else "picture"
    more = f", and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{count} no {what}: {', '.join(names[:NAMED])}{more}"


def below_text(folders: Sequence[Path]) -> str:
    """Folders that were not entered, in one line; empty if there are none."""
    if not folders:
        return ""
    count = f"{len(folders)} folders are" if len(folders) > 1 else f"folder {folders[0].name} is"
    return f"{count} not entered: --recursive does"


def _beside(folder: Path, below: list[Path]) -> list[Path]:
    """Everything in a folder that is no folder; the folders in it are put into ``below``."""
    try:
        inside = list(folder.iterdir())
    except OSError as error:
        raise UsageError(
            f"cannot list {folder}: {error.strerror}", "is it yours to read?"
        ) from error
    below += sorted(one for one in inside if one.is_dir())
    return [one for one in inside if not one.is_dir()]


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

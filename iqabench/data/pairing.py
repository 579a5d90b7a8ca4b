"""Finds the reference of each loose picture, for measures that compare the two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from iqabench.contract.errors import UsageError
from iqabench.data.given import Given
from iqabench.data.picture_files import NAMED


def references(pictures: Sequence[Given], place: Path) -> list[Given]:
    """The reference of each picture.

    Args:
        pictures: files.
        place: a picture, the reference of all; or a folder. There the reference has the picture's
            path below the folder that was given, else its name, else its name but for the ending.

    Raises:
        UsageError: there is nothing at ``place``, or a picture has no reference or several.
    """
    if not place.exists():
        raise UsageError(f"no reference at {place}", "--reference FILE or FOLDER")
    if not place.is_dir():
        return [Given(str(place), place)] * len(pictures)
    found = [_candidates(one, place) for one in pictures]
    lost = [one.name for one, files in zip(pictures, found, strict=True) if len(files) != 1]
    if lost:
        more = f" and {len(lost) - NAMED} more" if len(lost) > NAMED else ""
        raise UsageError(
            f"not one reference in {place} for {', '.join(lost[:NAMED])}{more}",
            "references have the pictures' names; or name one file, the reference of all",
        )
    return [Given(str(file), file) for (file,) in found]


def _candidates(picture: Given, folder: Path) -> list[Path]:
    """The files that are a picture's reference by the first rule that finds any."""
    if picture.path is None:
        raise UsageError("pictures in memory have no names", "name one file as the reference")
    names = [Path(picture.path.name)]
    if picture.folder is not None:
        names.insert(0, picture.path.relative_to(picture.folder))
    for name in names:
        if (folder / name).is_file():
            return [folder / name]
    for name in names:
        inside = folder / name.parent
        like = inside.iterdir() if inside.is_dir() else ()
        if same := sorted(one for one in like if one.stem == name.stem and one.is_file()):
            return same
    return []

"""Finds the canonical columns in a user's label file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from iqabench.contract.datasets import OPTIONAL, REQUIRED
from iqabench.contract.errors import DataError

OBVIOUS: Mapping[str, tuple[str, ...]] = {
    "image": ("image", "image_name", "file", "filename", "file_name", "dist_img"),
    "mos": ("mos", "dmos", "score"),
    "reference": ("reference", "ref", "ref_img", "reference_image", "original"),
    "content": ("content", "scene"),
    "distortion": ("distortion", "dist_type", "distortion_type"),
    "level": ("level", "dist_level", "distortion_level"),
    "mos_std": ("mos_std", "dmos_std", "std", "sd"),
    "raters": ("raters",),
    "official_split": ("official_split", "split"),
}
"""Canonical column -> usual names for it in label files, in lower case."""


def header(path: Path) -> list[str]:
    """The names of the columns of a CSV or Parquet file.

    Raises:
        DataError: the file cannot be read.
    """
    import pandas as pd

    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet

            return list(pyarrow.parquet.read_schema(path).names)
        return list(map(str, pd.read_csv(path, nrows=0).columns))
    except (OSError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise DataError(f"cannot read {path}: {reason}", "CSV or Parquet is wanted") from error


def chosen(names: list[str], given: Mapping[str, str | None]) -> dict[str, str]:
    """Canonical column -> column of the file.

    A column is taken as given. Otherwise it is guessed, if exactly one column of the file has a
    usual name for it.

    Args:
        names: the columns of the file.
        given: canonical column -> column of the file; None to guess the column.

    Raises:
        DataError: the file lacks a given column, or no single column can be guessed for the images
            or for the scores.
    """
    found = {ours: theirs for ours, theirs in given.items() if theirs is not None}
    for ours, theirs in found.items():
        if theirs not in names:
            raise DataError(f"no column '{theirs}' for {ours}", f"there are {', '.join(names)}")
    for ours, obvious in OBVIOUS.items():
        if ours in found:
            continue
        fitting = [name for name in names if name.strip().lower() in obvious]
        fitting = [name for name in fitting if name not in found.values()]
        if len(fitting) == 1:
            found[ours] = fitting[0]
        elif ours in REQUIRED:
            could = f"{' and '.join(fitting)} could" if fitting else "no column is known to"
            raise DataError(
                f"{could} hold the {'images' if ours == 'image' else 'scores'}",
                f"say --{ours} COLUMN; there are {', '.join(names)}",
            )
    return {ours: found[ours] for ours in (*REQUIRED, *OPTIONAL) if ours in found}

"""Finds the canonical columns in a user's label file."""

from __future__ import annotations

import re
from collections.abc import Mapping

from iqabench.contract.datasets import OPTIONAL, REQUIRED
from iqabench.contract.errors import DataError
from iqabench.kit.label_files import Labels

OBVIOUS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "image": (
        ("image", "image_name", "file", "filename", "file_name", "dist_img"),
        (
            *("img", "img_name", "name", "picture", "image_path", "img_path", "path", "file_path"),
            *("distorted", "distorted_image", "distorted_img", "dist_image", "dist_name"),
            *("dis_img", "dis_img_path", "dst_img", "image_file", "image_id", "name_image"),
        ),
        ("dist", "dst", "dis"),
    ),
    "mos": (
        ("mos", "dmos", "score"),
        (
            *("gt_score", "gt_mos", "mos_score", "mean_opinion_score", "subjective_score"),
            *("mos_quality", "mos_image", "quality", "elo", "gt"),
        ),
    ),
    "reference": (
        ("reference", "ref", "ref_img", "reference_image", "original"),
        (
            *("orig", "orig_img", "original_image", "org", "ref_image", "ref_name", "ref_file"),
            *("ref_path", "ref_img_path", "reference_img", "reference_name", "pristine", "source"),
        ),
    ),
    "content": (("content", "scene"), ("content_id", "scene_id", "ref_id", "reference_id")),
    "distortion": (
        ("distortion", "dist_type", "distortion_type"),
        ("dis_type", "dst_type", "distortion_name", "dist"),
    ),
    "level": (
        ("level", "dist_level", "distortion_level"),
        ("dis_level", "dst_lev", "dist_lev", "severity"),
    ),
    "mos_std": (
        ("mos_std", "dmos_std", "std", "sd"),
        ("mos_sd", "stddev", "std_dev", "std_quality", "score_std", "standard_deviation"),
    ),
    "raters": (("raters",), ("n_raters", "num_raters", "c_total", "votes")),
    "official_split": (("official_split", "split"),),
}
"""Canonical column -> usual names for it in label files, in lower case; a later group counts only
if the file has no name of an earlier one."""


def chosen(labels: Labels, given: Mapping[str, str | int | None]) -> dict[str, str | int]:
    """Canonical column -> column of the file, by name or by number.

    A column is taken as given. Otherwise it is guessed, if exactly one column of the file has a
    usual name for it. Nothing is guessed in a file without a header.

    Args:
        labels: the label file.
        given: canonical column -> name or number of a column of the file; None to guess the column.

    Raises:
        DataError: the file lacks a given column, or no single column can be guessed for the images
            or for the scores.
    """
    found = {ours: theirs for ours, theirs in given.items() if theirs is not None}
    for ours, theirs in found.items():
        if isinstance(theirs, str) and theirs not in labels.columns:
            raise DataError(f"{labels.name} has no column '{theirs}' for {ours}", labels.shown())
    counted = {theirs for theirs in found.values() if isinstance(theirs, int)}
    names = [name for place, name in enumerate(labels.columns, 1) if place not in counted]
    for ours in OBVIOUS:
        if ours in found:
            continue
        fitting = [] if counted and labels.headless else _fitting(ours, names)
        fitting = [name for name in fitting if name not in found.values()]
        if len(set(fitting)) == 1:
            found[ours] = fitting[0]
        elif ours in REQUIRED:
            raise _unknown(ours, fitting, labels)
    return {ours: found[ours] for ours in (*REQUIRED, *OPTIONAL) if ours in found}


def _fitting(ours: str, names: list[str]) -> list[str]:
    """The names that are usual for a column, of the first group that has any."""
    for group in OBVIOUS.get(ours, ()):
        there = [name for name in names if re.sub(r"[\W_]+", "_", name.strip().lower()) in group]
        if there:
            return there
    return []


def _unknown(ours: str, fitting: list[str], labels: Labels) -> DataError:
    could = f"{' and '.join(fitting)} could" if fitting else "no column is known to"
    what = "images" if ours == "image" else "scores"
    hint = labels.shown()
    if not labels.headless:
        hint = f"say --{ours} COLUMN; {hint}"
    return DataError(f"{labels.name}: {could} hold the {what}", hint)

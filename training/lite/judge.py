"""Judges the shipped biosiqnet-lite, and others, on pictures that no training and no choice saw.

    python training/lite/judge.py --biq2021 DIR --photographs DIR --kadid FILE.csv.gz

Four parts: people's scores of BIQ2021's official test part without shared scenes; the 25 known
types of damage on held-out photographs; what should change nothing; intervals and warnings.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from material import part_of, reduced, relative_scores
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import spearmanr

import iqabench
from iqabench.kit.distort import DISTORTIONS, distort
from iqabench.stats.bootstrap import content_counts, interval, weighted_srocc
from iqabench_datasets.biq2021 import SUBSETS, read

Picture = NDArray[np.uint8]
STRENGTHS = (1.0, 1.57, 2.0, 2.71, 3.0, 3.86, 4.0, 5.0)
"""Levels at which damage is ranked; the whole ones have scores in KADID-10k."""
RESAMPLES = 1000


@click.command()
@click.option("--biq2021", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--photographs", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--kadid", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--models", default="biosiqnet-lite,brisque,niqe,piqe", show_default=True)
@click.option("--contents", default=20, show_default=True, help="Held-out photographs to damage.")
@click.option("--rated", default=0, help="Only so many pictures of BIQ2021's test part; 0 for all.")
def main(
    biq2021: Path, photographs: Path, kadid: Path, models: str, contents: int, rated: int
) -> None:
    """Print a line for each thing measured."""
    names = models.split(",")
    held = [p for n, p in enumerate(sorted(photographs.iterdir())) if part_of(n) == "held-out"]
    rows = _held_out(biq2021)
    rows = rows.sample(rated, random_state=0) if rated else rows
    paths = [str(biq2021 / name) for name in rows["image"]]
    people(names, rows, paths)
    pictures = [reduced(path) for path in held[:contents]]
    known_damage(names, pictures, relative_scores(kadid))
    nothing_changes(names, [reduced(Path(path)) for path in paths[:60]])


def _held_out(root: Path) -> pd.DataFrame:
    """BIQ2021's test part without pictures of a scene that is also in its training part."""
    table = read(root, {})
    return table[(table["official_split"] == "test") & ~table["content"].str.endswith(" (test)")]


def scores(names: Sequence[str], pictures: Sequence[Any]) -> pd.DataFrame:
    """Scores, one column for each model, higher is better; further columns of calibrated ones."""
    frame = iqabench.score(list(names), list(pictures))
    frame["better"] = np.where(frame["direction"] == "higher", frame["score"], -frame["score"])
    return frame


def people(names: Sequence[str], rows: pd.DataFrame, paths: list[str]) -> None:
    """SROCC with people's scores, for each subset, as their mean and pooled, with intervals."""
    found = scores(names, paths)
    truth, kind = rows["mos"].to_numpy(), rows["distortion"].to_numpy()
    for name in names:
        own = found[found["model"] == name]
        agreement = _agreement(own["better"].to_numpy(), truth, kind, list(rows["content"]))
        for what, (value, *resampled) in agreement.items():
            low, high = interval(resampled)
            click.echo(f"people  {name:15s} {what:16s} {value:.3f} [{low:.3f}, {high:.3f}]")
        if "low" in own and own["low"].notna().any():
            inside = (own["low"] <= 100 * truth) & (100 * truth <= own["high"])
            for one in SUBSETS:
                click.echo(
                    f"people  {name:15s} in 90% interval  {one} {inside[kind == one].mean():.3f}"
                )
            click.echo(f"people  {name:15s} warnings         {own['warning'].notna().mean():.3f}")


def _agreement(
    predicted: NDArray[Any], truth: NDArray[Any], kind: NDArray[Any], contents: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    """SROCC within each subset, their mean, and pooled: first as it is, then of each resample."""
    counts, column = content_counts(contents, RESAMPLES, seed=0)
    taken = np.vstack([np.ones_like(column), counts[:, column]])
    each = {
        one: weighted_srocc(predicted[kind == one], truth[kind == one], taken[:, kind == one])
        for one in SUBSETS
    }
    return {
        **each,
        "mean of subsets": np.mean(list(each.values()), axis=0),
        "pooled": weighted_srocc(predicted, truth, taken),
    }


def known_damage(names: Sequence[str], pictures: list[Picture], kadid: NDArray[np.float64]) -> None:
    """How scores rank the strengths of each type, and KADID-10k's means over types and levels."""
    ranked: dict[str, dict[str, float]] = {name: {} for name in names}
    means = {name: np.full(kadid.shape, np.nan) for name in names}
    for number, kind in enumerate(DISTORTIONS):
        damaged = [
            distort(picture, kind.id, level, seed=content)
            for content, picture in enumerate(pictures)
            for level in STRENGTHS
        ]
        found = scores(names, damaged)
        for name in names:
            own = found.loc[found["model"] == name, "better"].to_numpy()
            table = own.reshape(len(pictures), len(STRENGTHS))
            each = [-spearmanr(row, STRENGTHS)[0] for row in table]
            ranked[name][kind.slug] = float(np.nanmedian(each))
            whole = [STRENGTHS.index(level) for level in (1.0, 2.0, 3.0, 4.0, 5.0)]
            means[name][number] = np.nanmean(table[:, whole], axis=0)
    for kind in DISTORTIONS:
        line = "  ".join(f"{name} {ranked[name][kind.slug]:+.2f}" for name in names)
        click.echo(f"damage  {kind.slug:30s} {line}")
    ordered = [kind.slug for kind in DISTORTIONS if kind.monotone]
    for name in names:
        good = sum(ranked[name][slug] >= 0.9 for slug in ordered)
        agreement = spearmanr(means[name].ravel(), kadid.ravel())[0]
        click.echo(
            f"damage  {name:15s} at .9 or above: {good} of {len(ordered)} ordered types; "
            f"KADID-10k's means over type and level: {agreement:.3f}"
        )


def nothing_changes(names: Sequence[str], pictures: list[Picture]) -> None:
    """Changes of the score, in its standard deviation, where people would see no difference."""
    plain = scores(names, pictures)
    for what, change in {"flip": _flipped, "resize by .9": _smaller}.items():
        changed = scores(names, [change(picture) for picture in pictures])
        for name in names:
            one = plain.loc[plain["model"] == name, "better"].to_numpy()
            two = changed.loc[changed["model"] == name, "better"].to_numpy()
            moved = np.abs(two - one) / np.nanstd(one)
            click.echo(
                f"same    {name:15s} {what:16s} median {np.nanmedian(moved):.3f}, "
                f"95th percentile {np.nanpercentile(moved, 95):.3f}"
            )


def _flipped(picture: Picture) -> Picture:
    return np.ascontiguousarray(picture[:, ::-1])


def _smaller(picture: Picture) -> Picture:
    image = Image.fromarray(picture)
    size = tuple(round(0.9 * side) for side in image.size)
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))


if __name__ == "__main__":
    main()

"""Judges the shipped biosiqnet-lite, and others, on pictures that no training and no choice saw.

    python training/lite/judge.py --biq2021 DIR --photographs DIR --kadid FILE.csv.gz

Five parts: people's scores of BIQ2021's official test part without shared scenes, and whether they
lie in the intervals; the 25 known types of damage on held-out photographs; damage at other sizes;
what should change nothing; warnings.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from calibrate import interval_score
from known_damage import Picture, at_other_sizes, judge, shown
from material import part_of, reduced, relative_scores
from numpy.typing import NDArray
from PIL import Image, ImageDraw

import iqabench
from iqabench.stats import content_counts, interval, weighted_srocc
from iqabench_datasets.biq2021 import SUBSETS, read

RESAMPLES = 1000
SIZED, UNCHANGED, MADE = 8, 300, 60
"""Photographs that are damaged at other sizes; that are changed; pictures that are none."""


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
    judge(names, pictures, relative_scores(kadid), scores)
    at_other_sizes(names[0], pictures[:SIZED], scores)
    nothing_changes(names[0], [reduced(Path(path)) for path in paths[:UNCHANGED]])
    warnings(names[0])


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
            own_width = interval_score(own["low"], own["high"], 100 * truth)
            click.echo(f"people  {name:15s} interval score   {own_width:.1f}")
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


def nothing_changes(name: str, pictures: list[Picture]) -> None:
    """Changes of the score, in its standard deviation, where people would see no difference."""
    plain = scores([name], pictures)["better"].to_numpy()
    for what, change in {"PNG": _stored, "flip": _flipped, "resize by .9": _smaller}.items():
        changed = scores([name], [change(picture) for picture in pictures])["better"].to_numpy()
        moved = np.abs(changed - plain) / np.nanstd(plain)
        click.echo(
            f"same    {name:15s} {what:16s} median {np.nanmedian(moved):.3f}, "
            f"95th percentile {np.nanpercentile(moved, 95):.3f}"
        )


def _flipped(picture: Picture) -> Picture:
    return np.ascontiguousarray(picture[:, ::-1])


def _smaller(picture: Picture) -> Picture:
    return shown(picture, 0.9)


def _stored(picture: Picture) -> Picture:
    """Written without loss and read again."""
    file = BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return np.asarray(Image.open(file))


def warnings(name: str) -> None:
    """The share of pictures that are no photographs of which scores warn."""
    random = np.random.default_rng(0)
    for what, made in {"text": _text, "flat": _flat, "icon": _icon}.items():
        found = scores([name], [made(random) for _ in range(MADE)])
        click.echo(f"warned  {name:15s} {what:16s} {found['warning'].notna().mean():.3f}")


def _text(random: np.random.Generator) -> Picture:
    image = Image.new("RGB", (512, 384), (255, 255, 255))
    letters = random.choice(list("abcdefghij klmno pqrstu vwxyz"), (20, 60))
    lines = "\n".join("".join(line) for line in letters)
    ImageDraw.Draw(image).multiline_text((10, 10), lines, fill=(0, 0, 0))
    return np.asarray(image)


def _flat(random: np.random.Generator) -> Picture:
    return np.full((384, 512, 3), random.integers(0, 256, 3), np.uint8)


def _icon(random: np.random.Generator) -> Picture:
    """Shapes of a few colours on one colour."""
    back, *colours = (tuple(map(int, one)) for one in random.integers(0, 256, (4, 3)))
    image = Image.new("RGB", (256, 256), back)
    for colour in colours:
        x, y = (int(one) for one in random.integers(20, 120, 2))
        side = int(random.integers(40, 130))
        ImageDraw.Draw(image).ellipse((x, y, x + side, y + side), fill=colour)
    return np.asarray(image)


if __name__ == "__main__":
    main()

"""Makes the pictures and labels from which the shipped biosiqnet-lite learns.

Two kinds of material are put into one folder. *People's scores*: the official training part of
BIQ2021 without the scenes of its test part. *Known damage*: photographs with the distortions of
KADID-10k at continuous strength, alone or two after each other, labelled by KADID-10k's mean score
at that type and level. A content is in one part only: training, validation, or held out.

    python training/lite/material.py --biq2021 DIR --photographs DIR --kadid FILE.csv.gz -o DIR
"""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import pandas as pd
from known_damage import shown
from numpy.typing import NDArray
from PIL import Image

from iqabench.kit.distort import DISTORTIONS, distort
from iqabench.kit.proxy import ProxyQuality
from iqabench_datasets.biq2021 import read

SIDE = 512
"""Photographs are reduced to this longer side, which is that of BIQ2021's pictures."""
EACH = {"photograph": 16, "biq2021": 8}
"""Damaged pictures of one content, by where the content comes from."""
CLEAN, CLEAN_CONTENTS = 0.82, 250
"""Score in [0, 1] from which a picture of BIQ2021 counts as clean, and how many are damaged."""
START = 0.82
"""Label of an undamaged photograph without a score of its own, on BIQ2021's scale."""
WORST = 0.08
"""Label of a picture that KADID-10k's observers would give their worst score."""
BEST_MEAN = 4.93
"""KADID-10k's mean score of what cannot be seen; its scale begins at 1."""
TWICE = 0.2
"""Share of pictures that get a second distortion."""
SHIFT = 0.3
"""How far the proxy of one picture moves the label of its type and level."""
RESIZED = 0.25
"""Share of damaged pictures that are shown at another size, from half to twice their own. Their
labels stay: damage of a large file is damage after it is enlarged or reduced."""
BY_PROXY_ALONE = {18}
"""KADID-10k's generator stretches a mean shift away; ours clips, so its scores do not fit."""


class Content(NamedTuple):
    """A photograph to be damaged."""

    name: str
    path: Path
    quality: float
    count: int


@click.command()
@click.option("--biq2021", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--photographs", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--kadid", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
def main(biq2021: Path, photographs: Path, kadid: Path, output: Path) -> None:
    """Write OUTPUT/images and OUTPUT/table.csv. What is there already is not made again."""
    (output / "images").mkdir(parents=True, exist_ok=True)
    rated = people(biq2021)
    for row in rated.itertuples():
        _place(biq2021 / row.source, output / row.image)
    contents = [*_photographs(photographs), *_clean(rated, biq2021)]
    damaged = pd.DataFrame([row for rows in _all(contents, output) for row in rows])
    damaged["mos"] = labels(damaged, relative_scores(kadid))
    table = pd.concat([rated.drop(columns="source"), damaged], ignore_index=True)
    table.round(4).to_csv(output / "table.csv", index=False)
    click.echo(table.groupby(["part", "kind"]).size().to_string())


def people(root: Path) -> pd.DataFrame:
    """BIQ2021's training part without scenes of its test part; a tenth of scenes validates."""

    table = read(root, {})
    test = table["official_split"] == "test"
    scenes = table["content"].str.removesuffix(" (test)")
    kept = table[~test & ~scenes.isin(scenes[test])]
    part = np.where(kept["content"].map(_tenth) == 0, "validation", "training")
    names = [f"images/{_plain(Path(name).stem)}.jpg" for name in kept["image"]]
    return pd.DataFrame(
        {
            "image": names,
            "source": kept["image"],
            "content": kept["content"],
            "mos": kept["mos"],
            "kind": kept["distortion"],
            "level": np.nan,
            "part": part,
        }
    )


def part_of(number: int) -> str:
    """The part of the photograph with this number in the order of names."""
    return {0: "held-out", 5: "held-out", 7: "validation"}.get(number % 10, "training")


def relative_scores(kadid: Path) -> NDArray[np.float64]:
    """(25, 5) KADID-10k's mean score of each type and level, 0 for the worst and 1 for the best."""
    scores = pd.read_csv(kadid)
    numbers = scores["dis_img_path"].str.extract(r"I\d+_(\d+)_(\d+)\.").astype(int)
    means = scores["score"].groupby([numbers[0], numbers[1]]).mean().unstack().to_numpy()
    return (means - 1) / (BEST_MEAN - 1)


def labels(damaged: pd.DataFrame, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The label of each damaged picture, on BIQ2021's scale of 0 to 1.

    The score of its type and level is moved by how the proxy of this picture differs from what
    pictures of that score have. A second distortion multiplies what the first one left.
    """
    one, two = (
        _relative(damaged, "type", "level", scores),
        _relative(damaged, "type2", "level2", scores),
    )
    known = one * two
    alone = damaged["type"].isin(BY_PROXY_ALONE) | damaged["type2"].isin(BY_PROXY_ALONE)
    order = np.argsort(damaged["proxy"][~alone].to_numpy())
    from sklearn.isotonic import IsotonicRegression

    proxies, knowns = damaged["proxy"][~alone].to_numpy()[order], known[~alone.to_numpy()][order]
    seen = IsotonicRegression(out_of_bounds="clip").fit(proxies, knowns)
    by_proxy = seen.predict(damaged["proxy"])
    relative = np.where(alone, by_proxy, known + SHIFT * (by_proxy - known))
    start = damaged["start"].to_numpy()
    return WORST + (start - WORST) * relative.clip(0, 1)


def _relative(
    damaged: pd.DataFrame, kind: str, level: str, scores: NDArray[np.float64]
) -> NDArray[np.float64]:
    levels = range(1, scores.shape[1] + 1)
    return np.array(
        [
            np.interp(row_level, levels, scores[int(row_kind) - 1]) if row_kind else 1.0
            for row_kind, row_level in zip(damaged[kind], damaged[level], strict=True)
        ]
    )


def _photographs(folder: Path) -> Iterator[Content]:
    for number, path in enumerate(sorted(folder.iterdir())):
        if part_of(number) != "held-out":
            yield Content(f"{part_of(number)}/{path.stem}", path, START, EACH["photograph"])


def _clean(rated: pd.DataFrame, root: Path) -> Iterator[Content]:
    clean = rated[(rated["part"] == "training") & (rated["mos"] >= CLEAN)]
    for row in clean.drop_duplicates("content").head(CLEAN_CONTENTS).itertuples():
        name = f"training/{Path(row.image).stem}"
        yield Content(name, root / row.source, row.mos, EACH["biq2021"])


def _all(contents: list[Content], output: Path) -> Iterator[list[dict[str, Any]]]:
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        made = pool.map(damage, contents, [output] * len(contents), chunksize=4)
        for done, rows in enumerate(made, 1):
            if done % 20 == 0:
                click.echo(f"damaged {done} of {len(contents)} photographs", err=True)
            yield rows


def damage(content: Content, output: Path) -> list[dict[str, Any]]:
    """The damaged pictures of a content: files, and a row for each."""
    import torch

    torch.set_num_threads(1)
    picture = reduced(content.path)
    proxy = ProxyQuality(picture)
    seed = zlib.crc32(content.name.encode())
    random = np.random.default_rng([seed, 1])
    sizes = np.random.default_rng([seed, 2])
    types = [int(one) + 1 for one in random.permutation(len(DISTORTIONS))]
    part, stem = content.name.split("/")
    rows = []
    for number in range(content.count):
        first, level = types[number % len(types)], round(float(random.uniform(1, 5)), 2)
        second, second_level = 0, 0.0
        if random.random() < TWICE:
            second = int(random.integers(len(DISTORTIONS))) + 1
            second_level = round(float(random.uniform(1, 4)), 2)
        found = distort(picture, first, level, seed=seed + number)
        if second:
            found = distort(found, second, second_level, seed=seed + number + 1)
        name = f"images/damaged_{stem}_{number:02d}.png"
        factor = 2 ** sizes.uniform(-1, 1) if sizes.random() < RESIZED else 1.0
        Image.fromarray(shown(found, factor)).save(output / name, compress_level=1)
        rows.append(
            {
                "image": name,
                "content": f"damaged {stem}",
                "kind": DISTORTIONS[first - 1].slug,
                "level": level,
                "type": first,
                "type2": second,
                "level2": second_level,
                "proxy": proxy(found),
                "start": content.quality,
                "part": part,
            }
        )
    return rows


def reduced(path: Path) -> NDArray[np.uint8]:
    """A photograph as uint8 RGB, (H, W, 3), its longer side at most :data:`SIDE` pixels."""
    with Image.open(path) as file:
        picture = file.convert("RGB")
    scale = SIDE / max(picture.size)
    if scale < 1:
        size = tuple(round(side * scale) for side in picture.size)
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    return np.asarray(picture)


def _tenth(content: str) -> int:
    return zlib.crc32(content.encode()) % 10


def _plain(stem: str) -> str:
    return stem.replace(" ", "").replace("(", "_").replace(")", "")


def _place(source: Path, target: Path) -> None:
    """A file under another name, without a second copy where the file system allows it."""
    if not target.exists():
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)


if __name__ == "__main__":
    main()

"""Trains the shipped biosiqnet-lite on what material.py made.

    python training/lite/train.py MATERIAL --photographs DIR -o DIR

Quality comes first, in rounds: the head is fitted to whole pictures as the trunk sees them, then
all but the first blocks of the trunk move, with batch normalisation frozen. At the end the head is
fitted once more. Saliency comes second: the decoders alone learn where people look, so that the
predicted maps cost the quality nothing. An interrupted training goes on from its last epoch.
``DIR/biosiqnet-lite.safetensors`` is what ships, in half precision.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import torch
from beside import learn_beside
from calibrate import half_widths
from gaze import learn_gaze
from safetensors.torch import save_file
from scipy.stats import spearmanr
from start import Values, fit, moved, statistics

from biosiqnet_plugin.model import BioSIQNet
from biosiqnet_plugin.options import Options
from iqabench import Session
from iqabench.contract import Recipe, Stage
from iqabench.engine.checkpoints import plain_state, save_state
from iqabench.engine.crops import TrainingCrops
from iqabench.engine.label_scale import LabelScale
from iqabench.engine.network_score import NetworkScore
from iqabench.engine.one_by_one import predictions
from iqabench.engine.predictions import dataset_planes
from iqabench.engine.training import fit_network
from iqabench.engine.training_module import Course
from iqabench.kit.recipes import HALF
from iqabench.store.folder import PREPARED
from iqabench_datasets.biq2021 import SUBSETS

OPTIONS = {
    "encoder": "efficientnet-lite0",
    "head": "statistics",
    "fusion_start": 0.0,
    "map_start": 0.0,
    "dropout": 0.5,
}
FROZEN = ("trunk.net.conv_stem", "trunk.net.bn1", "trunk.net.blocks.0", "trunk.net.blocks.1")
"""The first blocks serve pictures of any kind; leaving them as they are saves half of a step."""
VALIDATED = 500
"""Pictures that are scored after every epoch."""
EPOCHS, RATE, CROP = 2, 1e-4, 224
"""Of each round."""


@dataclass(frozen=True)
class Round:
    """A fit of the head, and the epochs in which the trunk moves after it."""

    weight: float
    """Of a damaged picture in the ridge regression; a picture that people scored has 1."""
    beside: bool
    """Whether the hidden layer beside the regression is trained, too."""
    share: float
    """Of the training pictures, on which the trunk moves."""


ROUNDS = (Round(weight=1.0, beside=False, share=0.75), Round(weight=0.3, beside=True, share=1.0))
LAST = Round(weight=0.3, beside=True, share=0.0)


def recipe() -> Recipe:
    """The recipe of a round, and of scoring."""
    stage = Stage(
        epochs=EPOCHS,
        optimizer="adamw",
        lr=RATE,
        weight_decay=0.01,
        schedule="cosine",
        freeze=FROZEN,
        freeze_statistics=True,
        average=0.3,
    )
    return Recipe(
        stages=(stage,),
        batch_size=8,
        crop=(CROP, CROP),
        test_crop_kind="whole",
        max_pixels=512 * 512,
        select="last",
        **HALF,
    )


@click.command()
@click.argument("material", type=click.Path(path_type=Path, exists=True))
@click.option("--photographs", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
@click.option("--threads", default=1, show_default=True)
@click.option("--device", default="cpu", show_default=True)
def main(material: Path, photographs: Path, output: Path, threads: int, device: str) -> None:
    """Train on MATERIAL; write OUTPUT/biosiqnet-lite.safetensors and OUTPUT/trials.jsonl."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    output.mkdir(parents=True, exist_ok=True)
    table = pd.read_csv(material / "table.csv")
    dataset = _dataset(material, output)
    network = BioSIQNet(Options(**OPTIONS))
    for number, one in enumerate(ROUNDS):
        folder = output / f"round-{number}"
        labels = learn_head(network, dataset, table, one, folder)
        move_trunk(network, dataset, table.assign(label=labels), one, folder, device)
    learn_head(network, dataset, table, LAST, output)
    calibrate(network, table, output)
    told(network, dataset, table, output, device)
    learn_gaze(network, photographs, recipe())
    state = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in plain_state(network).items()
    }
    # The scale of scores: what the network calls 1 is called 100.
    save_file(state, output / "biosiqnet-lite.safetensors", LabelScale(0, 100).metadata())


def learn_head(network: Any, dataset: Any, table: pd.DataFrame, one: Round, folder: Path) -> Values:
    """Fit the head to whole pictures; returns all labels, (N,), on the regression's scale."""
    folder.mkdir(exist_ok=True)
    rows = statistics(network, dataset, recipe(), list(table["image"]), folder / "statistics.npy")
    fitted = fit(rows, table, one.weight)
    labels = moved(rows, table, fitted)
    network.head.start(fitted)
    if one.beside:
        training = (table["part"] == "training").to_numpy()
        rated = table["kind"].isin(SUBSETS).to_numpy()
        learn_beside(network.head, rows[training], labels[training], rated[training])
    return labels


@torch.inference_mode()
def calibrate(network: Any, table: pd.DataFrame, folder: Path) -> None:
    """Write calibration.json: the widths of intervals, on the scale from 0 to 100."""
    chosen = ((table["part"] == "validation") & table["kind"].isin(SUBSETS)).to_numpy()
    rows = torch.from_numpy(np.load(folder / "statistics.npy")[chosen]).float()
    scores = 100 * network.eval().head(rows).double().numpy()
    found = half_widths(scores, 100 * table.loc[chosen, "mos"].to_numpy())
    (folder / "calibration.json").write_text(json.dumps(found))


def move_trunk(
    network: Any, dataset: Any, table: pd.DataFrame, one: Round, folder: Path, device: str
) -> None:
    """Train the trunk, and the hidden layer beside the regression, in place."""
    if not (folder / PREPARED).exists():
        save_state(folder / PREPARED, plain_state(network))
    rows = table[table["part"] == "training"].sample(frac=one.share, random_state=0)
    labels = rows["label"].to_numpy(np.float32)
    crops = TrainingCrops(dataset, list(rows["image"]), labels, recipe(), None, 0)

    def validate(candidate: Any) -> float:
        return told(candidate, dataset, table, folder, device)["mean of subsets"]

    course = Course(network, recipe(), crops, validate, folder, device, "fp32", _Progress())
    fit_network(course)


def told(
    network: Any, dataset: Any, table: pd.DataFrame, folder: Path, device: str
) -> dict[str, float]:
    """Print and keep the SROCC on some validation pictures."""
    found = validated(network, recipe(), dataset, _validation(table), device)
    with (folder / "trials.jsonl").open("a") as file:
        file.write(json.dumps(found) + "\n")
    click.echo(json.dumps(found))
    return found


class _Progress:
    """Prints a line every hundred steps."""

    def __call__(self, done: int, total: int, unit: str = "") -> None:
        if done % 100 == 0:
            click.echo(f"{unit} {done} of {total}", err=True)


def _validation(table: pd.DataFrame) -> pd.DataFrame:
    held = table[table["part"] == "validation"]
    return held.sample(min(VALIDATED, len(held)), random_state=0)


def validated(
    network: Any, chosen: Recipe, dataset: Any, held: pd.DataFrame, device: str
) -> dict[str, float]:
    """SROCC on validation pictures: of each subset of BIQ2021, their mean, and known damage."""
    score = NetworkScore(
        network.eval(),
        chosen,
        dataset_planes(dataset),
        dataset.image_hashes.__getitem__,
        device,
        "fp32",
        0,
    )
    scores = np.array([row.prediction for row in predictions(list(held["image"]), score)])
    truth, kind = held["mos"].to_numpy(), held["kind"].to_numpy()
    rated = np.isin(kind, SUBSETS)
    found = {one: spearmanr(scores[kind == one], truth[kind == one])[0] for one in SUBSETS}
    found["mean of subsets"] = float(np.mean(list(found.values())))
    found["pooled"] = spearmanr(scores[rated], truth[rated])[0]
    found["known damage"] = spearmanr(scores[~rated], truth[~rated])[0]
    return {name: round(float(value), 4) for name, value in found.items()}


def _dataset(material: Path, output: Path) -> Any:
    catalogue = output / "datasets.yaml"
    catalogue.write_text(
        "datasets:\n  lite-material:\n    reader: csv\n"
        f"    root: {material.resolve()}\n    labels: table.csv\n"
        "    columns: {image: image, mos: mos, content: content, distortion: kind}\n"
        "    direction: higher\n"
    )
    return Session(catalog=catalogue).dataset("lite-material")


if __name__ == "__main__":
    main()

"""Trains the shipped biosiqnet-lite on what material.py made.

    python training/lite/train.py MATERIAL --photographs DIR -o DIR

Quality comes first: the head starts from a ridge regression, then all but the first blocks of the
trunk move, with batch normalisation frozen, and then the head is fitted again, to whole pictures as
the trunk now sees them. Saliency comes second: the decoders alone learn where people look, so that
the predicted maps cost the quality nothing. An interrupted training goes on
from its last epoch. ``DIR/biosiqnet-lite.safetensors`` is what ships, in half precision.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import torch
from beside import learn_beside
from gaze import learn_gaze
from safetensors.torch import save_file
from scipy.stats import spearmanr
from start import fit, moved, statistics

from biosiqnet_plugin.model import BioSIQNet
from biosiqnet_plugin.options import Options
from iqabench import Session
from iqabench.contract import Recipe, Stage
from iqabench.engine.checkpoints import plain_state, save_state
from iqabench.engine.crops import TrainingCrops
from iqabench.engine.label_scale import LabelScale
from iqabench.engine.one_by_one import predictions
from iqabench.engine.predictions import dataset_planes, network_score
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


def recipe(epochs: int, rate: float, crop: int) -> Recipe:
    """The recipe of the quality stage."""
    stage = Stage(
        epochs=epochs,
        optimizer="adamw",
        lr=rate,
        weight_decay=0.01,
        schedule="cosine",
        freeze=FROZEN,
        freeze_statistics=True,
        average=0.3,
    )
    return Recipe(
        stages=(stage,),
        batch_size=8,
        crop=(crop, crop),
        test_crop_kind="whole",
        max_pixels=512 * 512,
        select="last",
        **HALF,
    )


@click.command()
@click.argument("material", type=click.Path(path_type=Path, exists=True))
@click.option("--photographs", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
@click.option("--epochs", default=2, show_default=True)
@click.option("--rate", default=1e-4, show_default=True)
@click.option("--crop", default=224, show_default=True)
@click.option("--share", default=1.0, show_default=True, help="Of the training pictures.")
@click.option("--threads", default=1, show_default=True)
@click.option("--device", default="cpu", show_default=True)
def main(
    material: Path,
    photographs: Path,
    output: Path,
    epochs: int,
    rate: float,
    crop: int,
    share: float,
    threads: int,
    device: str,
) -> None:
    """Train on MATERIAL; write OUTPUT/biosiqnet-lite.safetensors and OUTPUT/trials.jsonl."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    output.mkdir(parents=True, exist_ok=True)
    table = pd.read_csv(material / "table.csv")
    dataset = _dataset(material, output)
    chosen = recipe(epochs, rate, crop)
    network = BioSIQNet(Options(**OPTIONS))
    held = _validation(table)
    began = statistics(network, dataset, chosen, list(table["image"]), output / "statistics.npy")
    fitted = fit(began, table)
    table["label"] = moved(began, table, fitted)
    network.head.start(fitted)
    if not (output / PREPARED).exists():
        save_state(output / PREPARED, plain_state(network))
    rows = table[table["part"] == "training"].sample(frac=share, random_state=0)

    def validate(candidate: Any) -> float:
        found = validated(candidate, chosen, dataset, held, device)
        with (output / "trials.jsonl").open("a") as file:
            file.write(
                json.dumps({"epochs": epochs, "rate": rate, "crop": crop, "share": share, **found})
                + "\n"
            )
        click.echo(json.dumps(found))
        return found["mean of subsets"]

    crops = TrainingCrops(
        dataset, list(rows["image"]), rows["label"].to_numpy(np.float32), chosen, None, 0
    )
    progress = _Progress()
    validate(network)
    fit_network(Course(network, chosen, crops, validate, output, device, "fp32", progress))
    after = statistics(
        network, dataset, chosen, list(table["image"]), output / "statistics-after.npy"
    )
    fitted = fit(after, table)
    network.head.start(fitted)
    training = (table["part"] == "training").to_numpy()
    learn_beside(network.head, after[training], moved(after, table, fitted)[training])
    validate(network)
    learn_gaze(network, photographs, chosen)
    state = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in plain_state(network).items()
    }
    # The scale of scores: what the network calls 1 is called 100.
    save_file(state, output / "biosiqnet-lite.safetensors", LabelScale(0, 100).metadata())


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
    score = network_score(
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

"""Trains the shipped biosiqnet-lite on what material.py made.

    python training/lite/train.py MATERIAL --photographs DIR -o DIR

The trunk stays as ImageNet made it. First the statistics of its layers are computed for every
picture, which takes most of the time; an interrupted run goes on where it was. Then quality is
learnt from them: a ridge regression, and a hidden layer beside it; then how far off the scores are
expected to be. Last the decoders alone learn
where people look, so that the predicted maps cost the quality nothing.
``DIR/biosiqnet-lite.safetensors`` is what ships, in half precision; ``DIR/calibration.json`` has
the widths of intervals, and ``DIR/trials.jsonl`` the figures on validation pictures.
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
from calibrate import interval_score
from expected_error import learn_errors
from gaze import learn_gaze
from numpy.typing import NDArray
from safetensors.torch import save_file
from scipy.stats import spearmanr
from seen import seen
from start import fit, moved

from biosiqnet_plugin.model import BioSIQNet
from biosiqnet_plugin.options import Options
from biosiqnet_plugin.shipped import SHIPPED
from iqabench.engine.checkpoints import plain_state
from iqabench.engine.label_scale import LabelScale
from iqabench.kit.recipes import LITE_RECIPE
from iqabench_datasets.biq2021 import SUBSETS

RECIPE = LITE_RECIPE.model_copy(update=SHIPPED.recipe)
"""With which the network scores."""


@click.command()
@click.argument("material", type=click.Path(path_type=Path, exists=True))
@click.option("--photographs", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
@click.option("--device", default="cpu", show_default=True)
def main(material: Path, photographs: Path, output: Path, device: str) -> None:
    """Train on MATERIAL; write OUTPUT/biosiqnet-lite.safetensors."""
    output.mkdir(parents=True, exist_ok=True)
    table = pd.read_csv(material / "table.csv")
    pictures = [material / name for name in table["image"]]
    rows = seen(pictures, SHIPPED.options, RECIPE, output / "statistics", device)
    torch.manual_seed(0)
    network = BioSIQNet(Options(**SHIPPED.options))
    learn_head(network, rows, table, output)
    measure(network, rows, table, output)
    learn_gaze(network, photographs, RECIPE)
    state = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in plain_state(network).items()
    }
    # The scale of scores: what the network calls 1 is called 100.
    save_file(state, output / "biosiqnet-lite.safetensors", LabelScale(0, 100).metadata())


def learn_head(
    network: BioSIQNet, rows: NDArray[np.float32], table: pd.DataFrame, output: Path
) -> None:
    """Fit the head to the training part."""
    fitted = fit(rows, table)
    network.head.start(fitted)
    told(network, rows, table, output, "ridge alone")
    training = (table["part"] == "training").to_numpy()
    labels = moved(rows, table, fitted)
    learn_beside(network.head, rows[training], labels[training])
    told(network, rows, table, output, "ridge and hidden layer")


@torch.inference_mode()
def measure(
    network: BioSIQNet, rows: NDArray[np.float32], table: pd.DataFrame, output: Path
) -> None:
    """Learn expected errors; write calibration.json, the widths of intervals from 0 to 100.

    Prints how many of people's scores of validation pictures are inside, and the interval score
    beside that of intervals of one width, which holds 90% of them.
    """
    widths = learn_errors(network.head, rows, table)
    (output / "calibration.json").write_text(json.dumps([[100 * n for n in one] for one in widths]))
    chosen = ((table["part"] == "validation") & table["kind"].isin(SUBSETS)).to_numpy()
    own, truth = torch.from_numpy(rows[chosen]), table.loc[chosen, "mos"].to_numpy()
    scores, errors = network.head(own).double().numpy(), network.head.errors(own).numpy()
    half, missed = np.interp(errors, *zip(*widths, strict=True)), np.abs(scores - truth)
    kind, constant = table.loc[chosen, "kind"].to_numpy(), np.quantile(missed, 0.9)
    found = {one: round(float((missed <= half)[kind == one].mean()), 3) for one in SUBSETS}
    for name, width in (("interval score", half), ("of one width", constant)):
        found[name] = round(100 * interval_score(scores - width, scores + width, truth), 1)
    _keep({"intervals hold": "expected error", **found}, output)


@torch.inference_mode()
def told(
    network: BioSIQNet, rows: NDArray[np.float32], table: pd.DataFrame, output: Path, what: str
) -> None:
    """Print and keep the SROCC on validation pictures."""
    scores = network.eval().head(torch.from_numpy(rows)).double().numpy()
    held = (table["part"] == "validation").to_numpy()
    _keep({"head": what, **agreement(scores[held], table[held])}, output)


def _keep(found: dict[str, Any], output: Path) -> None:
    with (output / "trials.jsonl").open("a") as file:
        file.write(json.dumps(found) + "\n")
    click.echo(json.dumps(found))


def agreement(scores: NDArray[np.float64], held: pd.DataFrame) -> dict[str, float]:
    """SROCC of each subset of BIQ2021, their mean, pooled; of damage, over all and by content."""
    truth, kind = held["mos"].to_numpy(), held["kind"].to_numpy()
    rated = np.isin(kind, SUBSETS)
    found: dict[str, Any] = {
        one: spearmanr(scores[kind == one], truth[kind == one])[0] for one in SUBSETS
    }
    found["mean of subsets"] = np.mean(list(found.values()))
    found["pooled"] = spearmanr(scores[rated], truth[rated])[0]
    found["known damage"] = spearmanr(scores[~rated], truth[~rated])[0]
    places = held[~rated].groupby("content").indices.values()
    damaged, labels = scores[~rated], truth[~rated]
    found["within a content"] = np.median([spearmanr(damaged[i], labels[i])[0] for i in places])
    return {name: round(float(value), 4) for name, value in found.items()}


if __name__ == "__main__":
    main()

"""Train the saliency readout on the fixations of scene200, and test it on pictures it never saw.

    python benchmarks/saliency_readout.py [--folds 0 1 2 3 4] [--sheet FILE.png]
    python benchmarks/saliency_readout.py --ship

The first is a cross-validation: fold k tests the pictures whose place in the sorted file names is k
modulo 5, and inner folds of all others choose how to train. The second chooses likewise by folds
of all pictures, trains on all, and writes the weights that ship with the provider.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from tabulate import tabulate
from torch import Tensor
from torch.nn import functional

from iqabench.data.decoding import decode
from iqabench.kit.download import sha256
from iqabench.kit.fixations import blurred, pixels, read_fixations
from iqabench.stats import content_counts, information_gain, interval, nss, shuffled_auc
from iqabench.stats.centre_prior import centre_prior
from iqabench_saliency import readout as plugin
from iqabench_saliency.readout import Features, Readout
from iqabench_saliency.spectral import SpectralResidual

SCENES = Path(__file__).parents[2] / "shared" / "scene200"
WEIGHTS = Path(plugin.__file__).with_name("readout.safetensors")
OUTER, INNER = 5, 3
RATE = 0.01
DECAY = 0.1
WARM = 0.1
BATCH = 16
LEAST_SPREAD = 1e-3
"""Standard deviation by which a feature is divided at least."""
OBSERVER_SIGMA, OBSERVER_PRIOR = 0.04, 0.1
"""Gaussians of other people's fixations, and how much centre prior is mixed in."""
RESAMPLES = 10_000


class Recipe(NamedTuple):
    """What inner folds choose."""

    keep: float
    epochs: int


RECIPES = (Recipe(0.5, 24), Recipe(0.7, 16))


class Scores(NamedTuple):
    """How well a map predicts the fixations on a picture."""

    nss: float
    information_gain: float
    shuffled_auc: float


Places = NDArray[np.float64]
"""(N, 2) fixations, (y, x) as shares of the picture's sides."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture, where people looked, and what the encoder says of it."""

    path: Path
    size: tuple[int, int]
    places: Places
    observers: NDArray[np.int64]
    """(N,) whose fixations those are."""
    features: tuple[list[Tensor], list[Tensor]]
    """Of the picture and of its mirror image, (C, h, w) float16 each."""

    @property
    def grid(self) -> tuple[int, int]:
        """The size of its maps before they are enlarged."""
        return self.features[0][0].shape[-2:]

    def counts(self, mirrored: bool) -> Tensor:
        """Fixations in the cells of the grid, (h, w)."""
        cells = pixels(self.places * self.grid, self.grid)
        found = np.bincount(np.ravel_multi_index(cells.T, self.grid), minlength=np.prod(self.grid))
        counts = torch.from_numpy(found).view(self.grid).float()
        return counts.flip(-1) if mirrored else counts


def picture(path: Path) -> Tensor:
    """(1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(decode(path).pixels).permute(2, 0, 1)[None].float() / 255


@torch.inference_mode()
def read(root: Path) -> list[Scene]:
    """All pictures of the set, in the order of their file names, with their features."""
    encoder = Features()
    observers = pd.read_csv(root / "fixations.csv").groupby("image")["observer"]
    found = []
    for path in sorted((root / "images").iterdir()):
        image = picture(path)
        size = image.shape[-2:]
        places = read_fixations(root / "fixations.csv", path.name) / size
        plain, mirrored = (
            [feature[0].half() for feature in encoder(view)] for view in (image, image.flip(-1))
        )
        who = observers.get_group(path.name).to_numpy()
        found.append(Scene(path, size, places, who, (plain, mirrored)))
    return found


def log_prior(scenes: Sequence[Scene]) -> Tensor:
    """Log-density of all their fixations over any picture, left and right made equal."""
    places = np.concatenate([scene.places for scene in scenes])
    density = centre_prior(places, (plugin.PRIOR_SIDE,) * 2)
    return torch.from_numpy((density + density[:, ::-1]) / 2).float().log()


def batches(scenes: Sequence[Scene], rng: np.random.Generator) -> list[list[list[Scene]]]:
    """Steps of about BATCH pictures, in each of which pictures of one shape stand together."""
    shapes: dict[tuple[int, int], list[Scene]] = {}
    for scene in rng.permutation(np.array(scenes, dtype=object)):
        shapes.setdefault(scene.grid, []).append(scene)
    parts = [
        group[start : start + BATCH]
        for group in shapes.values()
        for start in range(0, len(group), BATCH)
    ]
    steps: list[list[list[Scene]]] = [[]]
    for place in rng.permutation(len(parts)):
        if sum(map(len, steps[-1])) >= BATCH:
            steps.append([])
        steps[-1].append(parts[place])
    return steps


def loss(readout: Readout, scenes: Sequence[Scene], keep: float, mirrored: Sequence[int]) -> Tensor:
    """Negative log-likelihood of a fixation in nats, the members' mean, summed over pictures."""
    views = [scene.features[side] for scene, side in zip(scenes, mirrored, strict=True)]
    features = [torch.stack(layer).float() for layer in zip(*views, strict=True)]
    maps = readout(features, keep).flatten(2).log_softmax(2)
    counts = [scene.counts(bool(side)) for scene, side in zip(scenes, mirrored, strict=True)]
    looked = torch.stack(counts).flatten(1)
    return -(maps * (looked / looked.sum(1, keepdim=True))[:, None]).sum(2).mean(1).sum()


def train(scenes: Sequence[Scene], recipe: Recipe, seed: int) -> Readout:
    """A readout that has seen these pictures."""
    torch.manual_seed(seed)
    readout = Readout()
    readout.prior.copy_(log_prior(scenes))
    layers = zip(*(scene.features[0] for scene in scenes), strict=True)
    spread = [
        torch.std_mean(torch.cat([one.flatten(1) for one in layer], 1).float(), 1)
        for layer in layers
    ]
    readout.scale.copy_(
        torch.cat([scale for scale, _ in spread]).clamp_min(LEAST_SPREAD).view_as(readout.scale)
    )
    readout.mean.copy_(torch.cat([mean for _, mean in spread]).view_as(readout.mean))
    rng = np.random.default_rng(seed)
    steps = [step for _ in range(recipe.epochs) for step in batches(scenes, rng)]
    optimizer = torch.optim.AdamW(readout.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, RATE, total_steps=len(steps), pct_start=WARM, cycle_momentum=False
    )
    for step in steps:
        optimizer.zero_grad()
        for part in step:
            mirrored = rng.integers(2, size=len(part))
            (loss(readout, part, recipe.keep, mirrored) / sum(map(len, step))).backward()
        optimizer.step()
        schedule.step()
    return readout.eval().requires_grad_(False)


@torch.inference_mode()
def likelihood(readout: Readout, scenes: Sequence[Scene]) -> float:
    """Log-likelihood of a fixation in bits above an even spread, mean over pictures."""
    found = []
    for scene in scenes:
        maps = readout([feature[None].float() for feature in scene.features[0]]).mean(1)
        counts = scene.counts(False).flatten()
        each = maps.flatten().log_softmax(0) + np.log(counts.numel())
        found.append(float((each * counts).sum() / counts.sum()) / np.log(2))
    return float(np.mean(found))


def split(scenes: Sequence[Scene], fold: int, folds: int) -> tuple[list[Scene], list[Scene]]:
    """What is left for training, and the fold: every scene whose place is ``fold`` modulo that."""
    rest = [scene for place, scene in enumerate(scenes) if place % folds != fold]
    return rest, list(scenes[fold::folds])


def chosen(scenes: Sequence[Scene], seed: int) -> Recipe:
    """The recipe whose readouts predict the fixations of inner folds best."""
    gains = {}
    for recipe in RECIPES:
        each = []
        for fold in range(INNER):
            rest, held = split(scenes, fold, INNER)
            each.append(likelihood(train(rest, recipe, seed), held))
        gains[recipe] = float(np.mean(each))
        print(f"  {recipe}: {gains[recipe]:.3f} bit on inner folds", flush=True)
    return max(gains, key=gains.__getitem__)


def enlarged(log_maps: Tensor, size: tuple[int, int]) -> NDArray[np.float64]:
    """The density, (H, W), of one log-density (h, w) that may lack a constant."""
    found = functional.interpolate(log_maps[None, None], size=size, mode="bilinear")
    density: NDArray[np.float64] = found.double().flatten().softmax(0).view(size).numpy()
    return density


def observed(scene: Scene, prior: Tensor) -> Iterator[tuple[NDArray[np.float64], Places]]:
    """For each observer, the density of all others' fixations, and where the observer looked."""
    side = plugin.PRIOR_SIDE
    for observer in np.unique(scene.observers):
        own = scene.observers == observer
        seen = blurred(scene.places[~own] * side, (side, side), OBSERVER_SIGMA * side)
        mixed = (1 - OBSERVER_PRIOR) * seen / seen.sum() + OBSERVER_PRIOR * prior.exp().numpy()
        yield enlarged(torch.from_numpy(mixed).log(), scene.size), scene.places[own]


def scored(scene: Scene, scenes: Sequence[Scene], readout: Readout) -> dict[str, Scores]:
    """How well the fixations on a picture are predicted, and by what."""
    others = np.concatenate([other.places for other in scenes if other is not scene])
    negatives = pixels(others * scene.size, scene.size)
    prior = enlarged(readout.prior, scene.size)

    def score(density: NDArray[np.float64], places: Places) -> Scores:
        looked = pixels(places * scene.size, scene.size)
        return Scores(
            nss(density, looked),
            information_gain(density, prior, looked),
            shuffled_auc(density, looked, negatives),
        )

    features = [feature[None].float() for feature in scene.features[0]]
    residual = SpectralResidual().saliency(picture(scene.path))[0, 0].numpy()
    people = [score(*left_out) for left_out in observed(scene, readout.prior)]
    return {
        "readout": score(enlarged(readout(features).mean(1)[0], scene.size), scene.places),
        "centre prior": score(prior, scene.places),
        "spectral-residual": score(residual, scene.places),
        "other observers": Scores(*np.mean(people, axis=0)),
    }


@torch.inference_mode()
def tested(scenes: Sequence[Scene], fold: int, readout: Readout) -> dict[str, list[Scores]]:
    """Scores of the pictures of a fold, by what predicts."""
    found: dict[str, list[Scores]] = {}
    for scene in split(scenes, fold, OUTER)[1]:
        for name, scores in scored(scene, scenes, readout).items():
            found.setdefault(name, []).append(scores)
    return found


def table(found: dict[str, list[Scores]]) -> str:
    """Means over pictures with 95% bootstrap intervals."""

    def cell(values: NDArray[np.float64]) -> str:
        counts, _ = content_counts(np.arange(len(values)), RESAMPLES, seed=0)
        low, high = interval(counts @ values / len(values))
        return f"{values.mean():.3f} [{low:.3f}, {high:.3f}]"

    rows = [[name, *map(cell, np.transpose(scores))] for name, scores in found.items()]
    return tabulate(rows, ["", "NSS", "bit/fixation over the prior", "shuffled AUC"], "pipe")


def ship(readout: Readout) -> None:
    """Write the weights into the plugin."""
    part = WEIGHTS.with_suffix(".part")
    # Half precision halves the file; what it loses is far below what a seed changes.
    save_file(readout.state_dict() | {"read": readout.read.half()}, part)
    part.replace(WEIGHTS)
    print(f"{WEIGHTS}: {WEIGHTS.stat().st_size} bytes, sha256 {sha256(WEIGHTS)}")


@torch.inference_mode()
def draw(scenes: Sequence[Scene], readout: Readout, path: Path) -> None:
    """A sheet of pictures, the fixations on each, and beside it the map."""
    figure, axes = plt.subplots(4, 6, figsize=(18, 12), layout="constrained")
    for scene, (left, right) in zip(scenes, axes.reshape(-1, 2), strict=False):
        image = picture(scene.path)
        left.imshow(image[0].permute(1, 2, 0))
        left.plot(*(scene.places * scene.size).T[::-1], ".", color="red", markersize=3)
        features = [feature[None].float() for feature in scene.features[0]]
        right.imshow(enlarged(readout(features).mean(1)[0], scene.size), cmap="magma")
        for axis in (left, right):
            axis.axis("off")
    figure.savefig(path, dpi=60)


def main() -> None:
    """Print the tables, or write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folds", type=int, nargs="+", default=[*range(OUTER)])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sheet", type=Path, help="12 pictures of the first of the folds")
    parser.add_argument("--ship", action="store_true", help="train on all and write the weights")
    asked = parser.parse_args()
    torch.set_num_threads(1)  # sums in another order are other sums
    scenes = read(SCENES)
    if asked.ship:
        ship(train(scenes, chosen(scenes, asked.seed), asked.seed))
        return
    found: dict[str, list[Scores]] = {}
    for fold in asked.folds:
        rest, held = split(scenes, fold, OUTER)
        recipe = chosen(rest, asked.seed)
        readout = train(rest, recipe, asked.seed)
        if asked.sheet and fold == asked.folds[0]:
            draw(held, readout, asked.sheet)
        of_fold = tested(scenes, fold, readout)
        print(f"fold {fold}, {recipe}\n{table(of_fold)}\n", flush=True)
        for name, scores in of_fold.items():
            found.setdefault(name, []).extend(scores)
    print(f"{len(found['readout'])} pictures\n{table(found)}")


if __name__ == "__main__":
    main()

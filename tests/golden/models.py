"""What one model of each family computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from golden import inputs
from golden.filling import fill, no_random_start, settings, still

from iqabench.contract import Batch
from iqabench.contract.models import network
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import ModelRequest, resolve
from iqabench.registry import registry

Numbers = dict[str, np.ndarray]
CROPS = 3
GRADIENTS = 8
"""Parameters of a network whose gradients are held, evenly picked."""
SHAPES = [place for place in range(36) if place % 18 == 0 or place % 18 % 4 == 2]
MOMENTS = [place for place in range(36) if place not in SHAPES]
"""Which of BRISQUE's and NIQE's features are shapes of distributions, and which are not."""


def request_of(name: str) -> ModelRequest:
    """A model at the size of toys, from random weights."""
    (found,) = resolve(registry(), [name], [], Choices(init="random", tiny=True))
    return found


def network_part(name: str, gain: float = 2.0, exact: bool = False) -> Callable[[Path], Numbers]:
    """The part of a network: scores, losses and gradients with weights drawn by name.

    Args:
        name: of the model.
        gain: as of :func:`golden.filling.weights`.
        exact: take losses and gradients in double precision, where statistics of small batches,
            or attention, make rounding errors large.
    """

    def compute(folder: Path) -> Numbers:
        request = request_of(name)
        with no_random_start():
            model = network(request.build())
        found = settings(model)
        given = batch(request.recipe.crop or (64, 64))
        extra = () if request.card.saliency != "input" else (given.saliency,)
        with torch.inference_mode():
            found["scores"] = fill(model, gain).eval()(given.images, *extra).numpy()
        if exact:
            model, given = model.double(), doubled(given)
        # Without random numbers, but with the statistics of the batch.
        losses = still(model).losses(given)
        sum(losses.values()).backward()
        found |= {f"loss {key}": loss.detach().reshape(1).numpy() for key, loss in losses.items()}
        reached = [one.grad for one in model.parameters() if one.grad is not None]
        picked = [reached[round(place)] for place in np.linspace(0, len(reached) - 1, GRADIENTS)]
        found["gradients"] = np.array([float(one.double().norm()) for one in picked])
        return found

    return compute


def doubled(given: Batch) -> Batch:
    """A batch whose crops and maps are float64."""
    return replace(given, images=given.images.double(), saliency=given.saliency.double())


def batch(crop: tuple[int, int]) -> Batch:
    """Crops, normalised to [-1, 1], their qualities and maps."""
    looks = [{"seed": seed, "grain": 1 + 2 * seed, "blur": seed} for seed in range(CROPS)]
    return Batch(
        torch.stack([inputs.image(*crop, **look) for look in looks]) * 2 - 1,
        torch.tensor([0.75, 0.25, 0.5]),
        torch.stack([inputs.saliency(*crop, seed=seed) for seed in range(CROPS)]),
        torch.arange(CROPS),
    )


def brisque(folder: Path) -> Numbers:
    """Features of one picture, and what is learnt of ten."""
    model = request_of("brisque").build()
    pictures = [inputs.image(48, 56, seed=n, blur=n % 3, grain=1 + n % 5) for n in range(10)]
    features = np.concatenate([model.features(one[None]) for one in pictures])
    model.fit(features, (np.arange(10) * 7 % 10) / 9)
    return {
        "shapes": features[0, SHAPES],
        "moments": features[0, MOMENTS],
        "coefficients": np.sort(model.state()["dual_coefficients"]),
        "scores": model.predict(features[::3] * 1.01),
    }


def niqe(folder: Path) -> Numbers:
    """Features of one picture, and distances from what is learnt of three."""
    model = request_of("niqe").build()
    pictures = [inputs.image(256, 288, seed=n, blur=2, grain=2) for n in range(3)]
    others = [inputs.image(256, 256, seed=n, blur=n, grain=1 + n) for n in range(3)]
    learnt, asked = (
        np.concatenate([model.features(one[None]) for one in some]) for some in (pictures, others)
    )
    model.fit(learnt, np.full(len(learnt), np.nan))
    state = model.state()
    deviations = np.sqrt(state["cov_prisparam"].diagonal())
    return {
        "shapes": asked[0][SHAPES],
        "moments": asked[0][MOMENTS],
        "sharp blocks": learnt[:, 36 + 36 * 37 // 2],
        "deviations of shapes": deviations[SHAPES],
        "deviations of moments": deviations[MOMENTS],
        "scores": model.predict(asked),
    }


def piqe(folder: Path) -> Numbers:
    """Scores of pictures that are noisy, blurred, and neither."""
    model = request_of("piqe").build()
    looks = [{"seed": n, "blur": n % 4, "grain": 1 + n % 5} for n in range(8)]
    scores = [model.score(inputs.image(150, 168, **look)[None]) for look in looks]
    return {"scores": torch.cat(scores).numpy()}


def ridge(folder: Path) -> Numbers:
    """Features of one picture, block by block, and what is learnt of eight."""
    model = request_of("lite0-ridge").build()
    pictures = [inputs.image(64, 72, seed=n, blur=n % 3, grain=1 + n % 4) for n in range(8)]
    features = np.concatenate([model.features(one[None]) for one in pictures])
    model.fit(features, (np.arange(8) * 3 % 8) / 7)
    return {
        "features": features[0, ::64],
        "alpha": model.state()["alpha"],
        "scores": model.predict(features * 1.01),
    }


def metric(folder: Path) -> Numbers:
    """Scores by metrics of pyiqa that need no weights, with and without a reference."""
    entropy, psnr = (request_of(name).build() for name in ("entropy", "psnr"))
    pictures = [inputs.image(64, 72, seed=n, blur=n, grain=2 + n)[None] for n in range(3)]
    references = [inputs.image(64, 72, seed=n, blur=1)[None] for n in range(3)]
    with torch.inference_mode():
        alone = [entropy.score(one) for one in pictures]
        beside = [psnr.score(*pair) for pair in zip(pictures, references, strict=True)]
    return {"entropy": torch.cat(alone).numpy(), "psnr": torch.cat(beside).numpy()}

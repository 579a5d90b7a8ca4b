"""For each part, changes of about 1% of one constant that its golden test must notice.

A change replaces what stands at ``package.module:name`` (or ``:Class.name``) by what a function
makes of it. Where a part has no constant that can change by 1%, the smallest change there is stands
in its place, and a comment says which.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np

PERCENT = 1.01


@dataclass(frozen=True)
class Change:
    """One constant, and what becomes of it."""

    target: str
    change: Callable[[Any], Any]


def more(value: Any) -> Any:
    """A number or several, 1% larger."""
    if isinstance(value, dict):
        return {key: more(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return tuple(more(one) for one in value)
    return value * PERCENT


def stronger(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose result is 1% larger."""
    return lambda *given, **named: more(function(*given, **named))


def asked_more(place: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Makes a function that is given 1% more at that place of its arguments."""

    def changed(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            return function(*given[:place], more(given[place]), *given[place + 1 :], **named)

        return call

    return changed


def larger(fitted_size: Callable[..., tuple[int, int]]) -> Callable[..., tuple[int, int]]:
    """Sides that are 1% longer, and at least by a pixel, since they are whole."""

    def call(*given: Any) -> tuple[int, int]:
        height, width = fitted_size(*given)
        return max(height + 1, round(height * PERCENT)), max(width + 1, round(width * PERCENT))

    return call


def wider_deviations(normalise: Callable[..., Any]) -> Callable[..., Any]:
    """Normalisation whose standard deviations are 1% larger."""

    def call(images: Any, recipe: Any) -> Any:
        return normalise(images, recipe.model_copy(update={"std": more(recipe.std)}))

    return call


def rounded(rgb: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """More than 8 bits are rounded to 8, not cut: half of the pixels change by one level."""

    def call(picture: Any, bits: int, notes: list[str]) -> np.ndarray:
        found = rgb(picture, bits, notes)
        if bits > 8:
            levels = np.asarray(picture).astype(int) + (1 << (bits - 9))
            found = np.repeat((levels >> (bits - 8)).clip(0, 255)[..., None], 3, axis=2)
        return found

    return call


def brighter(rgb: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """What is no RGB is converted to levels 1% larger."""

    def call(picture: Any, bits: int, notes: list[str]) -> np.ndarray:
        found, same = rgb(picture, bits, notes), picture.mode == "RGB"
        return found if same else (found * PERCENT).round().clip(0, 255).astype(np.uint8)

    return call


def stage_with(field: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Makes a function of network or optimiser and stage see a stage with 1% more of a field."""

    def changed(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(first: Any, stage: Any) -> Any:
            return function(first, stage.model_copy(update={field: more(getattr(stage, field))}))

        return call

    return changed


def next_seed(shuffled: Callable[..., list[str]]) -> Callable[..., list[str]]:
    """Contents in the order of the next seed's hash."""
    return lambda contents, seed: shuffled(contents, seed + 1)


def wider_window(weights: tuple[np.float32, ...]) -> tuple[np.float32, ...]:
    """The window's tails where the standard deviation of 7/6 is 1% larger."""
    offsets = np.arange(-len(weights), len(weights) + 1)
    window = np.exp(-(offsets**2) / (2 * (7 / 6 * PERCENT) ** 2))
    tails = window[::-1].cumsum()[::-1] / window.sum()
    return tuple(np.float32(one) for one in tails[len(weights) + 1 :])


def with_more_black(read: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Maps whose every value is 1% of the maximum larger, since their scale is taken out."""

    def call(path: Any) -> np.ndarray:
        found = np.asarray(read(path))
        return found + (PERCENT - 1) * float(found.max())

    return call


def heavier_quality(recipes: dict[str, Any]) -> dict[str, Any]:
    """Recipes where the loss of quality weighs 1% more; that of light weighs as it did."""
    return {
        name: recipe.model_copy(
            update={
                "loss_weights": {
                    **recipe.loss_weights,
                    "quality": more(recipe.loss_weights.get("quality", 1.0)),
                }
            }
        )
        for name, recipe in recipes.items()
    }


def to_the_power(bell: Callable[..., Any]) -> Callable[..., Any]:
    """A bell that is narrower, since its logarithm is 1% larger."""
    return lambda *given: bell(*given) ** PERCENT


def duller(ones: Callable[..., Any]) -> Callable[..., Any]:
    """Maps as far below a maximum of 1 as the harness lets pass, which is 0.02%."""
    return lambda *given: ones(*given) * (1 - 2.0**-12)


CROPS, TRAIN = "iqabench.engine.crops", "iqabench.engine"
NSS, PYIQA, SALIENCY = "iqabench_nss", "iqabench_pyiqa", "iqabench_saliency"
SENSITIVE: dict[str, tuple[Change, ...]] = {
    "decoding": (
        # Decoding has no constant: bits are counted, and weights of colours are Pillow's.
        Change("iqabench.data.decoding:_rgb", rounded),
        Change("iqabench.data.decoding:_rgb", brighter),
    ),
    "crops": (
        Change(f"{CROPS}:fitted_size", larger),
        Change(f"{CROPS}:normalise", wider_deviations),
        Change("iqabench.data.tensors:resized", stronger),
        # Whole numbers: an eighth of a side becomes a seventh, and keys of generators change.
        Change(f"{CROPS}:SHIFT_SHARE", lambda share: share - 1),
        Change(f"{CROPS}:ORDER", lambda word: word + 2),
        Change(f"{CROPS}:CROP", lambda word: word + 2),
    ),
    "training": (
        Change(f"{TRAIN}.label_scale:LabelScale.down", stronger),
        Change(f"{TRAIN}.label_scale:LabelScale.up", stronger),
        *(
            Change(f"{TRAIN}.training_module:make_optimizer", stage_with(field))
            for field in ("lr", "weight_decay", "momentum", "lr_groups")
        ),
        Change(f"{TRAIN}.training_module:make_schedule", stage_with("gamma")),
        Change("golden.harness:RECIPES", heavier_quality),
        # A whole number that is part of every seed.
        Change(f"{TRAIN}.training_module:EPOCHS_PER_STAGE", lambda count: count + 100),
    ),
    "pooling": (
        Change("torch:Tensor.quantile", asked_more(1)),
        Change("torch:Tensor.mean", stronger),
    ),
    # A key is right or wrong, so there is no 1%: the hash is keyed by another seed.
    "permutation": (Change("iqabench.saliency.permutation:shuffled", next_seed),),
    "kit": (
        Change("iqabench.kit.heads:MIDDLE", more),
        Change("iqabench.kit.saliency:FULL", more),
        Change("iqabench.kit.saliency:sum_to_one", stronger),
        Change("iqabench.kit.fixations:TRUTH_SIGMA", more),
        Change("iqabench.kit.encoders:Encoder._hook", stronger),
        Change("iqabench.kit.distortions.sharpness:smooth", asked_more(1)),
        Change("iqabench.kit.distort:from_uint8", stronger),
    ),
    "biosiqnet": (Change("biosiqnet_plugin.transformer:RESIDUAL", more),),
    "biosiqnet-vgg19": (
        Change("biosiqnet_plugin.branches:Fusion.forward", stronger),
        Change("biosiqnet_plugin.model:decompose", asked_more(1)),
    ),
    "biosiqnet-lite": (Change("biosiqnet_plugin.branches:Adapter.forward", stronger),),
    "sds-iqa": (Change("iqabench_saliency_models.attention:SpatialAttention.forward", stronger),),
    "sgdnet": (Change("iqabench_saliency_models.attention:ChannelGate.forward", stronger),),
    "tiqa": (Change("iqabench_transformers.tokens:Attention.forward", stronger),),
    "dor-iqa": (Change("iqabench_transformers.tokens:Attention.forward", stronger),),
    "maniqa": (Change(f"{PYIQA}.maniqa:as_it_is", stronger),),
    "dbcnn": (Change(f"{PYIQA}.dbcnn:_bilinear_pooling", stronger),),
    "hyperiqa": (Change(f"{PYIQA}.hyperiqa:Hyperiqa.forward", stronger),),
    "tres": (Change(f"{PYIQA}.tres:_ranking", stronger),),
    "cnniqa": (Change(f"{PYIQA}.network:Wrapped.forward", stronger),),
    "wadiqam": (Change(f"{PYIQA}.patches:Wadiqam._patches", stronger),),
    "entropy": (Change(f"{PYIQA}.metric:Metric.score", asked_more(1)),),
    "brisque": (
        Change(f"{NSS}.nss:_SLOPE_WEIGHTS", wider_window),
        Change(f"{NSS}.brisque:Brisque._GAMMA", more),
    ),
    "niqe": (
        Change(f"{NSS}.nss:_SLOPE_WEIGHTS", wider_window),
        Change(f"{NSS}.niqe:_SHARP", more),
    ),
    "lite0-ridge": (Change("iqabench.kit.ridge:ALPHAS", more),),
    "piqe": (
        Change(f"{NSS}.nss:_SLOPE_WEIGHTS", wider_window),
        Change(f"{NSS}.piqe:_IMPAIRED", more),
    ),
    "center": (Change(f"{SALIENCY}.priors:Center._profile", to_the_power),),
    # It has no constant but one.
    "uniform": (Change(f"{SALIENCY}.priors:Uniform.saliency", duller),),
    "spectral-residual": (
        Change(f"{SALIENCY}.spectral:BLUR_SIGMA", more),
        Change(f"{SALIENCY}.spectral:FLOOR", more),
    ),
    "itti-koch": (
        Change(f"{SALIENCY}.itti:GABOR_PERIOD", more),
        Change(f"{SALIENCY}.itti:SHORT_SIDE", lambda side: round(more(side))),
    ),
    "groundtruth": (
        Change(f"{SALIENCY}.groundtruth:blurred", asked_more(2)),
        Change(f"{SALIENCY}.files:_picture", with_more_black),
    ),
    "folder": (
        Change(f"{SALIENCY}.files:_picture", with_more_black),
        Change(f"{SALIENCY}.files:_npy", with_more_black),
    ),
    "readout": (Change(f"{SALIENCY}.readout:log_density", stronger),),
    "transalnet": (Change(f"{SALIENCY}.transalnet:_doubled", stronger),),
    "onnx": (Change(f"{SALIENCY}.onnx:Onnx._shown", stronger),),
}
"""Part -> changes, each of which alone must show."""


@contextmanager
def made(change: Change) -> Iterator[None]:
    """The change, as long as the context lasts."""
    module, _, path = change.target.partition(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for part in owners:
        owner = getattr(owner, part)
    with mock.patch.object(owner, name, change.change(getattr(owner, name))):
        yield

"""Shows where a network looks: Grad-CAM, and its predicted saliency beside the true maps.

The grad-cam package computes Grad-CAM (Selvaraju et al., ICCV 2017). Its target is the score
itself, so warm places raise the predicted quality. :mod:`iqabench.report.sheets` draws the
explanations.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from iqabench.contract.errors import DataError, IqabenchError, MissingDependencyError, UsageError
from iqabench.data.decoding import decode
from iqabench.data.tensors import planes_of
from iqabench.engine.crops import fitted, normalise, test_views
from iqabench.engine.kinds.trainable import loaded_network
from iqabench.engine.model_weights import chosen_weights
from iqabench.protocols.requests import ModelRequest
from iqabench.saliency.picture_maps import MapOf
from iqabench.store import Store

Plane = NDArray[np.float32]
STRIDE = 32
"""The sides of whole pictures are cut to multiples of this. So a decoder that doubles sizes step by
step ends at the same size."""


@dataclass(frozen=True)
class Explanation:
    """The content of one picture's sheet; all arrays have the same height and width."""

    path: Path
    score: float
    image: NDArray[np.float32]
    """(H, W, 3) in [0, 1]: the part of the picture that the network saw."""
    cam: Plane
    """(H, W) in [0, 1]: Grad-CAM."""
    maps: dict[str, Plane]
    """Maps by title, each (H, W) in [0, 1] with maximum 1: the provider's, then each predicted map,
    followed by the provider's part that it was to be."""


def explain(
    request: ModelRequest,
    map_of: MapOf | None,
    paths: Sequence[Path],
    store: Store,
    title: str = "provider",
) -> Iterator[Explanation | IqabenchError]:
    """One explanation per picture, or the error that prevented it.

    Args:
        request: the model and where its weights come from.
        map_of: gives a picture's saliency map; None shows none.
        paths: the pictures.
        store: holds the job that ``job:ID`` names.
        title: what to call the maps of ``map_of``.

    Raises:
        UsageError: the model is no network or names no layers for Grad-CAM.
        MissingDependencyError: the grad-cam package is missing.
        WeightsError: the model's weights cannot be obtained.
    """
    if importlib.util.find_spec("pytorch_grad_cam") is None:
        raise MissingDependencyError(
            "explain needs grad-cam, which is not installed", "pip install 'iqabench[explain]'"
        )
    weights = chosen_weights(request, store) if request.kind.has_recipe else None
    if weights is None:
        raise UsageError(f"'{request.label}' is no network", "explain a trainable model")
    model, scale = loaded_network(request, weights)
    if not hasattr(model, "cam_layers"):
        raise UsageError(
            f"'{request.label}' names no layers for Grad-CAM", "give it a cam_layers() method"
        )
    model.to(request.device)
    for path in paths:
        try:
            planes = _planes(path, decode(path, request.allow_truncated).pixels, map_of)
        except IqabenchError as error:
            yield error
            continue
        try:
            seen = _seen(planes, request, getattr(model, "takes_any_size", False))
        except DataError as error:
            yield DataError(f"{path.name}: {error.message}", error.hint)
            continue
        yield _explain(model, request, scale.up, path, seen, title)


def _planes(path: Path, pixels: NDArray[np.uint8], map_of: MapOf | None) -> Tensor:
    """A picture and, with a provider, its saliency map, (3 or 4, H, W) in [0, 1]."""
    image = planes_of(torch.from_numpy(pixels).permute(2, 0, 1))
    return image if map_of is None else torch.cat([image, map_of(path, image)])


def _seen(image: Tensor, request: ModelRequest, any_size: bool) -> Tensor:
    """The part of the picture that the network gets: the central crop.

    If the network takes any size or the recipe does not crop, it is the whole picture, cut at the
    right and at the bottom to sides that are multiples of ``STRIDE``.

    Raises:
        DataError: the picture is too narrow.
    """
    recipe = request.recipe
    if recipe.crop is not None and not any_size:
        return test_views(
            image, recipe.model_copy(update={"test_crops": 1, "test_crop_kind": "grid"})
        )[0]
    image = fitted(image, recipe)
    height, width = (side // STRIDE * STRIDE for side in image.shape[-2:])
    if not height or not width:
        raise DataError(
            f"a side is shorter than {STRIDE} pixels", f"--set {request.label}.recipe.crop=H,W"
        )
    return image[:, :height, :width]


def _explain(
    model: Any, request: ModelRequest, up: Any, path: Path, planes: Tensor, title: str
) -> Explanation:
    from pytorch_grad_cam import GradCAM

    image, provided = planes[:3], planes[None, 3:]
    as_input = request.card.saliency == "input"
    inputs = normalise(image, request.recipe)[None].to(request.device)
    extra = (provided.to(request.device),) if as_input else ()
    with GradCAM(_TwoDimensional(model, *extra), target_layers=model.cam_layers()) as cam:
        heat = cam(inputs, targets=[lambda scores: scores.sum()])[0]
    with torch.inference_mode():
        score = up(float(model(inputs, *extra)))
        maps = model.maps(inputs, *extra) if hasattr(model, "maps") else {}
    prefix = "" if as_input else "predicted "
    true = _provided(provided, request.options) if provided.shape[1] else {}
    found = {title: _plane(provided)} if provided.shape[1] else {}
    for name, one in maps.items():
        found[f"{prefix}{name}"] = _plane(one)
        if name in true:
            found[f"{title} {name}"] = _plane(true[name])
    shown = image.permute(1, 2, 0).numpy()
    return Explanation(path, score, shown, heat, found)


class _TwoDimensional(nn.Module):
    """A model as Grad-CAM needs it: it takes images only, and returns (B, 1)."""

    def __init__(self, model: nn.Module, *extra: Tensor) -> None:
        super().__init__()
        self.model = model
        self.extra = extra

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.model(images, *self.extra)
        return scores[:, None]


def _provided(saliency: Tensor, options: Any) -> dict[str, Tensor]:
    """What predicted low and high saliency was to be, for a model whose options say so."""
    from iqabench.kit.saliency import decompose

    threshold = getattr(options, "threshold", None)
    if threshold is None:
        return {}
    low, high = decompose(saliency, threshold, getattr(options, "binary", False))
    entire = getattr(options, "high_target", "high") == "entire"
    return {"low": low, "high": saliency if entire else high}


def _plane(found: Tensor) -> Plane:
    plane: Plane = found[0, 0].float().cpu().numpy()
    return plane / max(float(plane.max()), 1e-12)

"""What a network looks at: Grad-CAM overlays, and predicted saliency beside the provider's.

One sheet per picture, and a montage of all. Grad-CAM is the grad-cam package's (Selvaraju et al.,
ICCV 2017); the score itself is its target, so warm places raise the predicted quality.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from iqabench.contract.errors import IqabenchError, MissingDependencyError, UsageError
from iqabench.contract.models import network
from iqabench.data.images import decode
from iqabench.data.providers import computing
from iqabench.data.views import fitted, normalise, planes_of, test_views
from iqabench.engine.scoring import chosen_weights, load_weights
from iqabench.protocols.requests import ModelRequest
from iqabench.registry import Provider
from iqabench.store import Store

Plane = NDArray[np.float32]
STRIDE = 32
"""Whole pictures are cut to multiples of this, which every decoder can double up to."""


@dataclass(frozen=True)
class Explanation:
    """What one picture's sheet shows, all of one size."""

    path: Path
    score: float
    image: NDArray[np.float32]
    """(H, W, 3) in [0, 1]: the part of the picture that the network saw."""
    cam: Plane
    """(H, W) in [0, 1]."""
    maps: dict[str, Plane]
    """Predicted and provided maps by title, each (H, W) in [0, 1] with maximum 1."""


def explain(
    request: ModelRequest, provider: Provider | None, paths: Sequence[Path], store: Store
) -> Iterator[Explanation | IqabenchError]:
    """One explanation per picture, or the error that prevented it.

    Raises:
        UsageError: the model is no network or names no layers to look at, or the provider needs a
            data set.
        MissingDependencyError: the grad-cam package is missing.
        WeightsError: the model's weights cannot be had.
    """
    if importlib.util.find_spec("pytorch_grad_cam") is None:
        raise MissingDependencyError(
            "explain needs grad-cam, which is not installed", "pip install 'iqabench[explain]'"
        )
    if request.card.kind != "trainable":
        raise UsageError(f"'{request.label}' is no network", "explain a trainable model")
    weights = chosen_weights(request, store)
    model = network(request.build(loaded=True))
    scale = load_weights(model, weights)
    if not hasattr(model, "cam_layers"):
        raise UsageError(
            f"'{request.label}' names no layers for Grad-CAM", "give it a cam_layers() method"
        )
    model.eval().to(request.device)
    map_of = computing(provider) if provider is not None else None
    for path in paths:
        try:
            planes = _planes(decode(path, request.allow_truncated).pixels, map_of)
        except IqabenchError as error:
            yield error
            continue
        seen = _seen(planes, request, getattr(model, "takes_any_size", False))
        yield _explain(model, request, scale.up, path, seen)


def _planes(pixels: NDArray[np.uint8], map_of: Callable[[Tensor], Tensor] | None) -> Tensor:
    """A picture and, with a provider, the map of all of it, (3 or 4, H, W) in [0, 1]."""
    image = planes_of(torch.from_numpy(pixels).permute(2, 0, 1))
    return image if map_of is None else torch.cat([image, map_of(image)])


def _seen(image: Tensor, request: ModelRequest, any_size: bool) -> Tensor:
    """The part that is shown to the network: the central crop, or all but the rim."""
    recipe = request.recipe
    if recipe.crop is not None and not any_size:
        return test_views(
            image, recipe.model_copy(update={"test_crops": 1, "test_crop_kind": "grid"})
        )[0]
    image = fitted(image, recipe)
    height, width = (side // STRIDE * STRIDE for side in image.shape[-2:])
    return image[:, :height, :width]


def _explain(model: Any, request: ModelRequest, up: Any, path: Path, planes: Tensor) -> Explanation:
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
    found = {f"{prefix}{name}": _plane(one) for name, one in maps.items()}
    if provided.shape[1]:
        found |= _provided(provided, getattr(request.options, "threshold", None))
    return Explanation(path, score, image.permute(1, 2, 0).numpy(), heat, found)


class _TwoDimensional(nn.Module):
    """Grad-CAM wants one row of outputs per image, and gives images alone."""

    def __init__(self, model: nn.Module, *extra: Tensor) -> None:
        super().__init__()
        self.model = model
        self.extra = extra

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.model(images, *self.extra)
        return scores[:, None]


def _provided(saliency: Tensor, threshold: float | None) -> dict[str, Plane]:
    from iqabench.kit.saliency import decompose

    if threshold is None:
        return {"provider": _plane(saliency)}
    low, high = decompose(saliency, threshold)
    return {"provider low": _plane(low), "provider high": _plane(high)}


def _plane(found: Tensor) -> Plane:
    plane: Plane = found[0, 0].float().cpu().numpy()
    return plane / max(float(plane.max()), 1e-12)


def sheet(found: Explanation, path: Path, title: str) -> None:
    """One picture's panels side by side, as a PNG."""
    _draw([found], path, title)


def montage(found: Sequence[Explanation], path: Path, title: str) -> None:
    """All pictures' panels, a row each, as a PNG."""
    _draw(found, path, title)


def _draw(rows: Sequence[Explanation], path: Path, title: str) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = [_panels(row) for row in rows]
    columns = max(len(row) for row in panels)
    shape = rows[0].image.shape
    height = 2.6 * shape[0] / shape[1]
    figure = Figure(
        figsize=(2.6 * columns, (height + 0.35) * len(rows) + 0.4), layout="constrained"
    )
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=10)
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for axes_row, row in zip(grid, panels, strict=True):
        for axes in axes_row:
            axes.set_axis_off()
        for axes, (name, picture) in zip(axes_row, row, strict=False):
            axes.imshow(picture, cmap="inferno", vmin=0, vmax=1)
            axes.set_title(name, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _panels(found: Explanation) -> list[tuple[str, Any]]:
    from pytorch_grad_cam.utils.image import show_cam_on_image

    score = "no score" if math.isnan(found.score) else f"{found.score:.3g}"
    overlay = show_cam_on_image(found.image, found.cam, use_rgb=True)
    return [
        (f"{found.path.name}: {score}", found.image),
        ("Grad-CAM", overlay),
        *found.maps.items(),
    ]
